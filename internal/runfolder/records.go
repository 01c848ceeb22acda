package runfolder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/train"
)

// Settings are the resolved settings of a run.
type Settings struct {
	catalog.Images
	Model     string `json:"model"`
	ImageSize int    `json:"image_size,omitempty"` // 0 for that of the model
	Weights   string `json:"weights,omitempty"`
	Preset    string `json:"preset"`
	Threads   int    `json:"threads"`
	Direct    bool   `json:"direct"`
	// Precision of the products of training, tests included.
	Precision catalog.Precision `json:"precision,omitempty"`
	catalog.Settings

	// Patience ends a run early: after so many tests without a better one on the
	// source's own test sets. 0 for never.
	Patience int `json:"patience,omitempty"`

	CheckpointEvery int `json:"checkpoint_every,omitempty"` // steps; 0 for by time
}

// Machine is what a run computes with.
type Machine struct {
	Version string `json:"version"` // of this program
	Go      string `json:"go"`
	System  string `json:"system"` // GOOS/GOARCH
	CPU     string `json:"cpu"`
	SIMD    string `json:"simd"` // the kernel set
}

// Config is config.json: the settings of a run, its data and its machine.
type Config struct {
	Settings
	Steps   int `json:"steps"` // of descent
	Classes int `json:"classes"`
	Machine
	Command    string              `json:"command"` // as a POSIX shell takes it
	Started    string              `json:"started"` // RFC 3339
	ClassNames []string            `json:"class_names"`
	Domains    []Domain            `json:"domains"`
	Checksums  map[string]Checksum `json:"data_checksums"` // of TrainingSet and of every domain
	Absent     []string            `json:"absent_domains,omitempty"`
	HeldOut    float64             `json:"held_out,omitempty"`       // share of the training images, see catalog.Images.Holdout
	SourceSum  string              `json:"source_sha256,omitempty"`  // of the source's images, held out or not, whatever was drawn
	WeightsSum string              `json:"weights_sha256,omitempty"` // of the file Weights
	Sum        string              `json:"config_sha256"`            // of all the others, see configSum
}

// TrainingSet is the name of the training set among Config.Checksums.
const TrainingSet = "train"

// Domain is a domain that a run is tested on. Corruptions are none.
type Domain struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Source bool   `json:"source"` // a test set of the source
	Held   bool   `json:"held,omitempty"`
}

// Checksum identifies a set of images as decoded, however it was packed.
type Checksum struct {
	Images int    `json:"images"`
	SHA256 string `json:"sha256"` // of the pixels, then the labels: bytes if all fit
}

// The lines of metrics.jsonl. Steps count from 0, as in the official code.
type (
	// Line is a Minimise, a Maximise or an Evaluate.
	Line interface{ kind() string }

	// Minimise holds the means over the descent steps since the line before.
	Minimise struct {
		Step     int     `json:"step"`
		Loss     float64 `json:"loss"`
		Accuracy float64 `json:"accuracy"`
		LR       float64 `json:"lr,omitempty"` // of the last of these steps
		Rate     float64 `json:"images_per_second"`
	}

	// Maximise holds the means of a finished phase over its images at the last
	// ascent step.
	Maximise struct {
		Step         int     `json:"step"` // of descent, before which the phase was
		Phase        int     `json:"phase"`
		Images       int     `json:"images"`
		CrossEntropy float64 `json:"cross_entropy"`
		Entropy      float64 `json:"entropy"`
		Distance     float64 `json:"distance"`
		Rate         float64 `json:"images_per_second"` // an image counts once for each ascent step
		Seconds      float64 `json:"seconds"`           // since the run began
	}

	// Evaluate holds the results of a test.
	Evaluate struct {
		Step        int                  `json:"step"`
		Accuracy    Accuracy             `json:"accuracy"`              // without a step
		NLL         map[string]float64   `json:"nll,omitempty"`         // by domain, see DomainTest
		Corruptions map[string][]float64 `json:"corruptions,omitempty"` // accuracies by severity
		Best        bool                 `json:"best"`                  // the best average so far
		Rate        float64              `json:"images_per_second"`
		PeakRSS     int64                `json:"peak_rss_bytes"`
		Seconds     float64              `json:"seconds"` // since the run began
	}
)

func (Minimise) kind() string { return "train" }
func (Maximise) kind() string { return "maximise" }
func (Evaluate) kind() string { return "evaluate" }

// encodeLine returns a line of metrics.jsonl with its end.
func encodeLine(line Line) ([]byte, error) {
	body, err := json.Marshal(line)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`{"type":%q,`, line.kind())
	return append(append([]byte(head), body[1:]...), '\n'), nil
}

// decodeLine reads a line of metrics.jsonl. It is nil for a type that only
// later versions know.
func decodeLine(text []byte) (Line, error) {
	var head struct{ Type string }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	switch head.Type {
	case Minimise{}.kind():
		return decodeAs[Minimise](text)
	case Maximise{}.kind():
		return decodeAs[Maximise](text)
	case Evaluate{}.kind():
		return decodeAs[Evaluate](text)
	}
	return nil, nil
}

func decodeAs[L Line](text []byte) (Line, error) {
	var line L
	err := json.Unmarshal(text, &line)
	return line, err
}

// Accuracy is the result of a test, in fractions.
type Accuracy struct {
	Domains []DomainAccuracy
	Average float64 // over the target domains
	Step    int     // of the test, NoStep where the record around it has it

	// Alone says that nothing but the source is tested: there are no targets and no
	// corruptions, and Average is that of the source, see [train.Average].
	Alone bool
}

// DomainAccuracy is the accuracy on one domain.
type DomainAccuracy struct {
	Name  string
	Value float64
}

// NoStep stands for a step that is not recorded.
const NoStep = -1

// The names in the JSON of an Accuracy that are no domain's.
const (
	averageKey = "average"
	stepKey    = "step"
)

// MarshalJSON writes an object with the accuracy of every domain by its name,
// "average" unless the source is alone, and "step".
func (a Accuracy) MarshalJSON() ([]byte, error) {
	named := map[string]float64{}
	if !a.Alone {
		named[averageKey] = a.Average
	}
	if a.Step != NoStep {
		named[stepKey] = float64(a.Step)
	}
	for _, d := range a.Domains {
		if _, taken := named[d.Name]; taken || d.Name == stepKey {
			return nil, fmt.Errorf("domain %q: the name is taken", d.Name)
		}
		named[d.Name] = d.Value
	}
	return json.Marshal(named)
}

// UnmarshalJSON reads what MarshalJSON writes, the domains in the order of their
// names.
func (a *Accuracy) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	var named map[string]float64
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	*a = Accuracy{Step: NoStep}
	if step, ok := named[stepKey]; ok {
		if a.Step = int(step); float64(a.Step) != step || step < 0 {
			return fmt.Errorf("%s %v, expected the number of a step", stepKey, step)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if name != averageKey && name != stepKey {
			a.Domains = append(a.Domains, DomainAccuracy{name, named[name]})
		}
	}
	if average, ok := named[averageKey]; ok {
		a.Average = average
		return nil
	}
	if len(a.Domains) == 0 {
		return errors.New("accuracies of no domain")
	}
	a.Alone, a.Average = true, a.ofSource()
	return nil
}

// ofSource is the mean over the source's own test sets, or the accuracy on its held-out
// images where there are none.
func (a *Accuracy) ofSource() float64 {
	sum, n := 0.0, 0
	for _, d := range a.Domains {
		if d.Name != train.HeldOut || len(a.Domains) == 1 {
			sum, n = sum+d.Value, n+1
		}
	}
	return sum / float64(n)
}

// Of returns the accuracy on a domain, and whether there is one.
func (a *Accuracy) Of(domain string) (float64, bool) {
	for _, d := range a.Domains {
		if d.Name == domain {
			return d.Value, true
		}
	}
	return 0, false
}

// OnSource returns the mean accuracy over what validates among domains, the part of
// the source that is held out or else its test sets, and whether there is any.
func (a *Accuracy) OnSource(domains []Domain) (float64, bool) {
	held := slices.ContainsFunc(domains, func(d Domain) bool { return d.Held })
	sum, n := 0.0, 0
	for _, d := range domains {
		if value, ok := a.Of(d.Name); ok && d.Source && d.Held == held {
			sum, n = sum+value, n+1
		}
	}
	return sum / float64(max(n, 1)), n > 0
}

// Validates reports whether a test is chosen by its mean accuracy on the
// source's own test sets over the best one before it: of equal ones it is the
// later, which has trained longer, since the source is soon learnt.
func Validates(accuracy, best float64) bool { return accuracy >= best }

// Summary is summary.json, the result of a complete run.
type Summary struct {
	Algorithm string `json:"algorithm"`
	Dataset   string `json:"dataset"`
	Model     string `json:"model"`
	Seed      uint64 `json:"seed"`
	Steps     int    `json:"steps"`                   // done
	Stopped   bool   `json:"stopped_early,omitempty"` // by Settings.Patience
	Accuracy  struct {
		Best             *Accuracy `json:"best"`
		SourceValidation *Accuracy `json:"source_validation,omitempty"` // nil without a test set of the source
		Last             *Accuracy `json:"last"`
	} `json:"accuracy"`
	Corruptions map[string][]float64 `json:"corruptions,omitempty"` // accuracies by severity at the last test
	Tests       []DomainTest         `json:"tests,omitempty"`       // by domain at the last test
	Seconds     struct {
		Total    float64 `json:"total"`
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"`
		Evaluate float64 `json:"evaluate"`
	} `json:"seconds"`
	ImagesPerSecond struct {
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"` // an image counts once for each ascent step
	} `json:"images_per_second"`
	SIMD     string `json:"simd"`
	Threads  int    `json:"threads"`
	PeakRSS  int64  `json:"peak_rss_bytes"`
	Complete bool   `json:"complete"`

	Skipped *Skipped `json:"skipped,omitempty"`
}

// Skipped is the pictures that a run went on without.
type Skipped struct {
	Count    int      `json:"count"`
	Pictures []string `json:"pictures"` // each with what is wrong with it
}

// Sample describes some images of the source and what a maximisation phase made
// of them. Its picture shows the first of them: source images above,
// adversarial ones below.
type Sample struct {
	Phase  int   `json:"phase"` // from 1
	Step   int   `json:"step"`  // the descent step that the phase precedes
	Width  int   `json:"width"` // of one image in the picture, in pixels
	Labels []int `json:"labels"`

	// Outputs of the network whose objective the phase ascended.
	Source      Predictions `json:"source"`
	Adversarial Predictions `json:"adversarial"`
}

// Predictions are a network's outputs for some images.
type Predictions struct {
	Classes []int     `json:"classes"` // of the largest logit
	Entropy []float64 `json:"entropy"` // of the softmax, in nats
}

// Confusion is confusion.json, the results of a test in detail.
type Confusion struct {
	Step    int               `json:"step"`
	Domains []DomainConfusion `json:"domains"`
	Tests   []DomainTest      `json:"tests,omitempty"` // of the same domains
	Width   int               `json:"width,omitempty"` // of an image in MistakesPicture, in pixels
}

// DomainConfusion counts the images of a domain: Counts[label*classes+predicted], or
// for more classes than train.DenseClasses Pairs of label, predicted class and count.
type DomainConfusion struct {
	Name   string   `json:"name"`
	Counts []int    `json:"counts,omitempty"`
	Pairs  [][3]int `json:"pairs,omitempty"`
}

// DomainTest is what a test tells of a domain beside its accuracy. A prediction's
// confidence is the probability that the network gives the predicted class.
type DomainTest struct {
	Name        string       `json:"name"`
	Images      int          `json:"images"`
	NLL         float64      `json:"nll"` // mean negative log-likelihood of the labels, nats
	ECE         float64      `json:"ece"` // expected calibration error over the bins of Reliability, a fraction
	Classes     []ClassScore `json:"classes"`
	Reliability []Bin        `json:"reliability"` // by confidence: bins of equal width from 0 to 1
	Mistakes    []Mistake    `json:"mistakes"`    // the most confident ones, from the most confident on
}

// ClassScore is the result for a class. Of precision and recall, one that has no
// images to be over is 0, and F1 with it.
type ClassScore struct {
	Class     string  `json:"class"`
	Images    int     `json:"n"` // of this class
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Bin is the images whose confidences lie in a range. The means of one without
// images are 0.
type Bin struct {
	Images     int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Accuracy   float64 `json:"accuracy"`
}

// Mistake is an image that was classified wrongly.
type Mistake struct {
	Image      int     `json:"image"`          // its number in the domain, from 0
	File       string  `json:"file,omitempty"` // of pictures in files
	Label      string  `json:"label"`
	Predicted  string  `json:"predicted"`
	Confidence float64 `json:"confidence"`
}

// ClassScores returns the results by class of a confusion matrix,
// counts[label*len(classes)+predicted].
func ClassScores(classes []string, counts []int) []ClassScore {
	n := len(classes)
	return classScores(classes, func(add func(label, predicted, count int)) {
		for i, count := range counts {
			add(i/n, i%n, count)
		}
	})
}

// PairScores is ClassScores of pairs of label, predicted class and count.
func PairScores(classes []string, pairs [][3]int) []ClassScore {
	return classScores(classes, func(add func(label, predicted, count int)) {
		for _, p := range pairs {
			add(p[0], p[1], p[2])
		}
	})
}

// classScores returns the results by class of the counts that each adds.
func classScores(classes []string, each func(add func(label, predicted, count int))) []ClassScore {
	scores := make([]ClassScore, len(classes))
	predictions, correct := make([]int, len(classes)), make([]int, len(classes))
	each(func(label, predicted, count int) {
		scores[label].Images += count
		predictions[predicted] += count
		if label == predicted {
			correct[label] += count
		}
	})
	for c := range scores {
		s := &scores[c]
		s.Class = classes[c]
		s.Precision = float64(correct[c]) / float64(max(predictions[c], 1))
		s.Recall = float64(correct[c]) / float64(max(s.Images, 1))
		if correct[c] > 0 {
			s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
		}
	}
	return scores
}
