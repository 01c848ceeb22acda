// Package predict classifies pictures.
package predict

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Prediction is what a network says about a picture.
type Prediction struct {
	File        string  `json:"file"`
	Class       string  `json:"class"`
	Label       int     `json:"label"`
	Probability float64 `json:"probability"`
	Entropy     float64 `json:"entropy"` // of all the probabilities, in nats
}

// batch is how many pictures are read before the network sees them.
const batch = 256

// Predict classifies pictures and prints what the network says about each. It
// calls warn with what is wrong with those that cannot be read; their number is
// then its error.
func Predict(engine *tensor.Engine, network *nn.Network, classes, files []string, out *Printer, warn func(error)) error {
	evaluator := train.NewEvaluator(engine, network)
	bad := 0
	for some := range slices.Chunk(files, batch) {
		images, read, failures := readBatch(some, network)
		for _, err := range failures {
			warn(err)
		}
		bad += len(failures)
		for first := 0; first < images.N; {
			logits := evaluator.Logits(&images, first)
			for n := range logits.N {
				p := Prediction{File: read[first+n]}
				p.Label, p.Probability, p.Entropy = nn.Classify(logits.Image(n))
				p.Class = classes[p.Label]
				if err := out.print(p); err != nil {
					return err
				}
			}
			first += logits.N
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d pictures", dataset.ErrData, bad, len(files))
	}
	return nil
}
