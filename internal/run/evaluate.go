package run

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Evaluation is the result of a network's test on every domain of a task.
type Evaluation struct {
	Accuracy  *runfolder.Accuracy
	Corrupted train.Robustness       // nil without corruptions
	Tests     []runfolder.DomainTest // of every domain, corruptions apart

	domains []dataset.Domain
}

// Evaluate tests a network on every domain of a task. Unless the folder logits is
// "", it writes the logits of each domain there as <domain>.npy, float32, images x
// classes, and replaces no file. With adapt, batch normalisation first takes the statistics of the images
// at hand, those of a domain or of a corruption and severity. Logits that are not
// finite are a *zoo.WeightsError, which does not name the file.
func Evaluate(engine *tensor.Engine, network *nn.Network, task *dataset.Task, logits string, adapt bool) (*Evaluation, error) {
	domains := train.Domains(task)
	if logits != "" {
		if err := makeLogits(logits, domains); err != nil {
			return nil, err
		}
	}
	e := evaluator{train.NewEvaluator(engine, network), engine, network.Classes, logits, nil}
	if adapt {
		var err error
		if e.adaptation, err = train.NewAdaptation(engine, network); err != nil {
			return nil, err
		}
	}
	classes := task.Classes
	var tests []runfolder.DomainTest
	accuracy := make([]float64, len(domains))
	severities := make([][]float64, len(domains))
	for i := range domains {
		var err error
		d := &domains[i]
		var q train.Quality
		pairs := map[int]int{}
		if accuracy[i], severities[i], err = e.test(d, &q, pairs); err != nil {
			return nil, err
		}
		if d.Severities == nil {
			test := domainTest(classes, d, &q)
			test.Classes = runfolder.PairScores(classes, triples(pairs, len(classes)))
			tests = append(tests, test)
		}
	}
	return &Evaluation{accuracies(domains, accuracy), robustness(domains, severities), tests, domains}, nil
}

// makeLogits makes the folder of the logits of domains. It refuses to replace a file, and
// domains whose names, as manifests may have them, are not those of files in it.
func makeLogits(dir string, domains []dataset.Domain) error {
	for i := range domains {
		name := domains[i].Name
		if name != filepath.Base(name) {
			return fmt.Errorf("domain %q cannot be the name of a file of logits, expected no %q in it", name, filepath.Separator)
		}
		path := logitsFile(dir, name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already and is not overwritten", path)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i := range domains { // not after hours of tests
		if err := atomicfile.Probe(logitsFile(dir, domains[i].Name)); err != nil {
			return err
		}
	}
	return nil
}

func logitsFile(dir, domain string) string { return filepath.Join(dir, domain+".npy") }

// WarnTrained tells where images that are tested are those that the run in whose folder
// the weights are trained on, and what measures those that it held out.
func WarnTrained(w io.Writer, weights string, task *dataset.Task) {
	c, err := runfolder.ConfigBeside(weights)
	if err != nil || c == nil { // weights that lie elsewhere
		return
	}
	among := sourceAmong(task, c)
	if among == nil {
		return
	}
	var flags string
	if c.Source != "" {
		flags += " --source " + cli.ShellWord(c.Source)
	}
	if c.Target != "" {
		flags += " --target " + cli.ShellWord(c.Target)
	}
	if c.HeldOut == 0 {
		fmt.Fprintf(w, "warning: the run trained on %s\n", cli.Join(among))
		return
	}
	fmt.Fprintf(w, "warning: the run trained on most of %s:%s --holdout %v --seed %d measures what it held out\n", cli.Join(among), flags, c.HeldOut, c.Seed)
}

// sourceAmong returns which domains of a task are together the whole source of a run, what
// it trained on and what it held out, nil if none are.
func sourceAmong(task *dataset.Task, c *runfolder.Config) []string {
	if c.SourceSum == "" {
		return nil
	}
	var names []string
	var sets []*dataset.Images
	for i := range task.Domains {
		if d := &task.Domains[i]; d.Severities == nil && c.Images.TrainsOn(d.Name) {
			names, sets = append(names, d.Name), append(sets, &d.Images)
		}
	}
	if checksumOf(sets...) != c.SourceSum {
		return nil
	}
	return names
}

// Corruptions names the accuracies on corrupted images, by severity.
func (e *Evaluation) Corruptions() map[string][]float64 { return bySeverity(e.Corrupted) }

// Print prints the accuracies.
func (e *Evaluation) Print(out io.Writer) error {
	w := bufio.NewWriter(out)
	printAccuracies(w, e.domains, column{"accuracy, %", e.Accuracy})
	if e.Corrupted != nil {
		fmt.Fprintln(w)
		printRobustness(w, e.Corrupted)
	}
	return w.Flush()
}

// evaluator measures a network on domains.
type evaluator struct {
	*train.Evaluator
	engine  *tensor.Engine
	classes int
	logits  string // folder to write logits to, "" for none

	adaptation *train.Adaptation // nil for none
}

// test returns the accuracy on a domain, and on each of its parts. It adds the images to
// q, and counts them by label and predicted class: pairs[label*classes+predicted].
func (e *evaluator) test(d *dataset.Domain, q *train.Quality, pairs map[int]int) (accuracy float64, parts []float64, err error) {
	var logits []float32
	total := 0
	for part := range d.Parts() {
		images, err := d.Part(part, dataset.Blocks{})
		if err != nil {
			return 0, nil, err
		}
		if e.adaptation != nil {
			if err := e.adaptation.Adapt(&images); err != nil {
				return 0, nil, fmt.Errorf("domain %s: %w", d.Name, err)
			}
		}
		correct := 0
		for first := 0; first < images.N; {
			batch := e.Logits(&images, first)
			if !batch.Finite(e.engine) {
				return 0, nil, &zoo.WeightsError{Err: fmt.Errorf("it makes logits of domain %s NaN or infinite", d.Name)}
			}
			labels := images.Labels[first:][:batch.N]
			correct += train.Correct(batch, labels)
			q.Add(batch, labels, first)
			for n, label := range labels {
				pairs[int(label)*e.classes+nn.Argmax(batch.Image(n))]++
				if e.logits != "" {
					logits = append(logits, batch.Image(n)...)
				}
			}
			first += batch.N
		}
		total += correct
		parts = append(parts, float64(correct)/float64(images.N))
	}
	if e.logits != "" {
		array := npy.Array{Shape: []int{d.N, e.classes}, Float32: logits}
		err = npy.Write(logitsFile(e.logits, d.Name), array)
	}
	return float64(total) / float64(d.N), parts, err
}
