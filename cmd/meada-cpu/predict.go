package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// predictSettings are what the flags of predict decide.
type predictSettings struct {
	weights, format string
	threads         int
	direct          bool
	paths           []string
}

// The formats of predictions.
const (
	asTable = "table"
	asCSV   = "csv"
	asJSONL = "jsonl"
)

func newPredict(std streams) *cobra.Command {
	s := predictSettings{format: asTable}
	c := &cobra.Command{
		Use:   "predict --weights FILE PICTURE|FOLDER ...",
		Short: "classify pictures",
		Long: `Classifies pictures: PNG, JPEG or GIF files of any size, and those in folders and
their subfolders. The network, the size and normalisation of its images and the
names of its classes come from the file of weights.`,
		Example: "meada-cpu predict --weights runs/first/last.safetensors digit.png\n" +
			"meada-cpu predict --weights last.safetensors --format csv pictures more/cat.jpg",
		RunE: func(_ *cobra.Command, paths []string) error {
			s.paths = paths
			return runPredict(std, s)
		},
	}
	cli.SetNotes(c, `The probability is that of the class; the entropy, in nats, tells how undecided
the network is, from 0 to the logarithm of the number of classes.`)
	f := cli.NewFlags(c.Flags())
	f.Text(&s.weights, "weights", "FILE", "weights as train writes them")
	cli.Choice(f, &s.format, "format", "table, csv or jsonl, one JSON object a line", asTable, asCSV, asJSONL)
	f.Integer(&s.threads, "threads", 1, "workers; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	return c
}

// prediction is what a network says about a picture.
type prediction struct {
	File        string  `json:"file"`
	Class       string  `json:"class"`
	Label       int     `json:"label"`
	Probability float64 `json:"probability"`
	Entropy     float64 `json:"entropy"` // of all the probabilities, in nats
}

// predictionBatch is how many pictures are read before the network sees them.
const predictionBatch = 256

func runPredict(std streams, s predictSettings) error {
	if s.weights == "" {
		return cli.UsageError("predict needs --weights FILE")
	}
	if len(s.paths) == 0 {
		return cli.UsageError("predict needs pictures, or folders of them")
	}
	w, err := zoo.ReadWeights(s.weights)
	if err != nil {
		return err
	}
	network, err := w.Network()
	if err != nil {
		return err
	}
	classes, err := w.ClassNames()
	if err != nil {
		return err
	}
	files, err := pictureFiles(s.paths)
	if err != nil {
		return err
	}
	print, flush := printer(std.out, s.format)
	engine, err := tensor.NewEngine(s.threads)
	if err != nil {
		return err
	}
	defer engine.Close()
	network.Conv.NoWinograd = s.direct
	evaluator := train.NewEvaluator(engine, network)
	bad := 0
	for some := range slices.Chunk(files, predictionBatch) {
		images, read, failures := readBatch(some, network)
		for _, err := range failures {
			complain(std.err, err)
		}
		bad += len(failures)
		for first := 0; first < images.N; {
			logits := evaluator.Logits(&images, first)
			for n := range logits.N {
				p := prediction{File: read[first+n]}
				p.Label, p.Probability, p.Entropy = nn.Classify(logits.Image(n))
				p.Class = classes[p.Label]
				if err := print(p); err != nil {
					return err
				}
			}
			first += logits.N
		}
		if err := flush(); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d pictures", dataset.ErrData, bad, len(files))
	}
	return nil
}

// pictureFiles lists the files that paths name: a folder stands for the pictures
// in it, see [dataset.PictureFiles].
func pictureFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &dataset.Error{Path: path, Err: errors.Unwrap(err)}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		below, err := dataset.PictureFiles(path)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// readBatch reads pictures in the network's size, on all processors. It returns
// those that could be read, their files, and what was wrong with the others.
func readBatch(files []string, network *nn.Network) (images dataset.Images, read []string, failures []error) {
	images = dataset.Images{C: network.C, H: network.H, W: network.W, N: len(files)}
	images.Data = make([]uint8, images.N*images.C*images.H*images.W)
	results := make([]error, len(files))
	var workers sync.WaitGroup
	count := runtime.GOMAXPROCS(0)
	for w := range count {
		workers.Go(func() {
			for i := w; i < len(files); i += count {
				results[i] = dataset.ReadPicture(images.Image(i), network.H, files[i])
			}
		})
	}
	workers.Wait()
	for i, err := range results {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		copy(images.Image(len(read)), images.Image(i))
		read = append(read, files[i])
	}
	images.N = len(read)
	return images, read, failures
}

// printer returns what prints predictions in a format, and what ends a batch of
// them.
func printer(out io.Writer, format string) (print func(prediction) error, flush func() error) {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	flush = func() error { return nil }
	switch format {
	case asCSV:
		w := csv.NewWriter(out)
		print = func(p prediction) error {
			return w.Write([]string{p.File, p.Class, strconv.Itoa(p.Label), number(p.Probability), number(p.Entropy)})
		}
		flush = func() error { w.Flush(); return w.Error() }
		_ = w.Write([]string{"file", "class", "label", "probability", "entropy"}) // an error stays for flush
	case asJSONL:
		encoder := json.NewEncoder(out)
		print = func(p prediction) error { return encoder.Encode(p) }
	default:
		row := func(class, probability, entropy, file string) error {
			_, err := fmt.Fprintf(out, "%-16s %11s %9s  %s\n", class, probability, entropy, file)
			return err
		}
		_ = row("class", "probability", "entropy", "file") // if it fails so will the next
		print = func(p prediction) error {
			return row(p.Class, fmt.Sprintf("%.4f", p.Probability), fmt.Sprintf("%.4f", p.Entropy), p.File)
		}
	}
	return print, flush
}
