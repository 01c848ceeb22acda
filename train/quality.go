package train

import (
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

const (
	// ConfidenceBins is the number of bins, of equal width from 0 to 1, that a
	// Quality sorts confidences into.
	ConfidenceBins = 15

	// MostMistakes is the number of mistakes that a Quality keeps.
	MostMistakes = 12
)

// Quality is what a test tells of a domain beside its accuracy and its confusion.
// A prediction's confidence is the probability of the predicted class by
// [nn.Softmax].
type Quality struct {
	Images   int
	Loss     float64 // sum over the images of the cross-entropy with their labels, nats
	Bins     [ConfidenceBins]ConfidenceBin
	Mistakes []Mistake // the most confident ones, the first of equal ones, from the most confident on
}

// ConfidenceBin is the predictions whose confidences lie in a bin.
type ConfidenceBin struct {
	Images     int
	Correct    int
	Confidence float64 // sum
}

// Mistake is an image classified wrongly.
type Mistake struct {
	Image            int // its number in the domain
	Label, Predicted int
	Confidence       float64
}

// reset forgets all images, and keeps the memory.
func (q *Quality) reset() { *q = Quality{Mistakes: q.Mistakes[:0]} }

// Add adds images first, first+1, ... by their logits. It allocates nothing if
// Mistakes has room for one more than MostMistakes.
func (q *Quality) Add(logits tensor.Tensor, labels []uint16, first int) {
	for i, label := range labels {
		row := logits.Image(i)
		class, confidence, _ := nn.Classify(row)
		q.Images++
		// The logarithm of a probability as a difference: it does not vanish.
		q.Loss += float64(row[class]) - float64(row[label]) - portable.Log(confidence)
		if !finite(confidence) {
			continue // neither is the loss
		}
		b := &q.Bins[min(int(confidence*ConfidenceBins), ConfidenceBins-1)]
		b.Images++
		b.Confidence += confidence
		if class == int(label) {
			b.Correct++
		} else {
			q.note(Mistake{first + i, int(label), class, confidence})
		}
	}
}

// note keeps a mistake if it is among the most confident ones.
func (q *Quality) note(m Mistake) {
	at := len(q.Mistakes)
	for at > 0 && q.Mistakes[at-1].Confidence < m.Confidence {
		at--
	}
	if at == MostMistakes {
		return
	}
	q.Mistakes = slices.Insert(q.Mistakes, at, m)
	q.Mistakes = q.Mistakes[:min(len(q.Mistakes), MostMistakes)]
}

// NLL returns the mean negative log-likelihood of the labels, in nats.
func (q *Quality) NLL() float64 { return q.Loss / float64(max(q.Images, 1)) }

// ECE returns the expected calibration error (Guo et al., ICML 2017): the mean
// over the images of the distance between the accuracy and the mean confidence
// of their bin, a fraction.
func (q *Quality) ECE() float64 {
	sum := 0.0
	for _, b := range q.Bins {
		sum += math.Abs(float64(b.Correct) - b.Confidence)
	}
	return sum / float64(max(q.Images, 1))
}
