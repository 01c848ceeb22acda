// Package predict classifies pictures.
package predict

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Ranked is a class and its probability.
type Ranked struct {
	Class       string  `json:"class"`
	Label       int     `json:"label"`
	Probability float64 `json:"probability"`
}

// Prediction is what a network says about a picture.
type Prediction struct {
	File string `json:"file"`
	Ranked
	Entropy float64  `json:"entropy"`        // of all the probabilities, in nats
	True    string   `json:"true,omitempty"` // the class in whose folder the picture lies
	Top     []Ranked `json:"top,omitempty"`  // the likeliest classes, if more than one was asked for
}

// Predictor classifies pictures.
type Predictor struct {
	Engine  *tensor.Engine
	Network *nn.Network
	Classes []string
	Resize  dataset.Resize
	Top     int         // how many classes to name for a picture
	Stdin   io.Reader   // what the picture named Stdin is read from
	Warn    func(error) // is told what is wrong with a picture that cannot be read

	Clipped atomic.Int64 // see dataset.PictureOptions
}

// pass is how many pictures the network sees at once: of 224 x 224 they keep it as busy
// as more would, in less memory.
const pass = 16

// Run classifies pictures and prints what the network says about each. The error is
// about the number of those that cannot be read, if there are some. The next pictures
// are decoded while the network sees those before. Logits that are not finite end it with
// a *zoo.WeightsError, which does not name the file.
func (p *Predictor) Run(pictures []Picture, out *Printer) (Summary, error) {
	evaluator := train.NewEvaluatorOf(p.Engine, p.Network, pass)
	summary := newSummary(p.Classes)
	bad := 0
	stop := make(chan struct{})
	defer close(stop)
	for b := range p.read(pictures, stop) {
		for _, err := range b.failures {
			p.Warn(err)
		}
		bad += len(b.failures)
		for first := 0; first < b.images.N; {
			logits := evaluator.Logits(&b.images, first)
			for n := range logits.N {
				picture := b.read[first+n]
				if !tensor.Finite(p.Engine, logits.Image(n)) {
					return summary, &zoo.WeightsError{Err: fmt.Errorf("it makes logits of %s NaN or infinite", picture.File)}
				}
				one := p.predict(picture, logits.Image(n))
				summary.add(one)
				if err := out.print(one); err != nil {
					return summary, err
				}
			}
			first += logits.N
		}
		if err := out.flush(); err != nil {
			return summary, err
		}
	}
	if bad > 0 {
		return summary, &unreadable{bad, len(pictures)}
	}
	return summary, nil
}

// unreadable tells how many pictures cannot be read. It is a dataset.ErrData.
type unreadable struct{ bad, total int }

func (e *unreadable) Error() string {
	return fmt.Sprintf("%d of %s cannot be read", e.bad, cli.Number(e.total, "picture"))
}

func (e *unreadable) Is(target error) bool { return target == dataset.ErrData }

// predict returns what logits say about a picture.
func (p *Predictor) predict(picture Picture, logits []float32) Prediction {
	one := Prediction{File: picture.File, True: picture.True}
	one.Label, one.Probability, one.Entropy = nn.Classify(logits)
	one.Class = p.Classes[one.Label]
	if p.Top > 1 {
		one.Top = p.rank(logits)
	}
	return one
}

// rank returns the likeliest classes, of equal ones the first.
func (p *Predictor) rank(logits []float32) []Ranked {
	probabilities := make([]float64, len(logits))
	nn.Softmax(probabilities, logits)
	all := make([]Ranked, len(logits))
	for c, q := range probabilities {
		all[c] = Ranked{p.Classes[c], c, q}
	}
	slices.SortStableFunc(all, func(a, b Ranked) int { return cmp.Compare(logits[b.Label], logits[a.Label]) })
	return slices.Clone(all[:min(p.Top, len(all))])
}
