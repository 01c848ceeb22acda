package nn

import "github.com/meada-cpu/meada-cpu/internal/portable"

// Argmax returns the class of the largest logit, the first of equal ones.
func Argmax(logits []float32) int {
	class := 0
	for c, x := range logits {
		if x > logits[class] {
			class = c
		}
	}
	return class
}

// Softmax sets p, as long as logits, to their probabilities
//
//	p[c] = e^logits[c] / (sum of all e^logits)
//
// It is computed in float64 from the distances to the largest logit, so that no
// finite logits overflow.
func Softmax(p []float64, logits []float32) {
	most := float64(logits[Argmax(logits)])
	sum := 0.0
	for c, x := range logits {
		p[c] = portable.Exp(float64(x) - most)
		sum += p[c]
	}
	for c := range logits {
		p[c] /= sum
	}
}

// Classify returns the class of the largest logit, the first of equal ones, its
// probability by [Softmax], and the entropy of all probabilities in nats.
func Classify(logits []float32) (class int, probability, entropy float64) {
	class = Argmax(logits)
	sum, weighted := 0.0, 0.0
	for _, x := range logits {
		d := float64(x) - float64(logits[class])
		e := portable.Exp(d)
		sum += e
		weighted += float64(e * d)
	}
	return class, 1 / sum, portable.Log(sum) - weighted/sum
}
