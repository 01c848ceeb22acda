package nn

import "github.com/meada-cpu/meada-cpu/tensor"

// CrossEntropy returns the mean cross-entropy of a batch, in nats, and sets
// grad to its gradient by the logits (N x classes). A zero grad is left alone.
func CrossEntropy(e *tensor.Engine, grad, logits tensor.Tensor, labels []uint16) float64 {
	weight := 1 / float32(logits.N)
	sum := 0.0
	for n := range logits.N {
		var g []float32
		if grad.Data != nil {
			g = grad.Image(n)
		}
		ce, _ := e.Kernels.SoftmaxLoss(g, logits.Image(n), int(labels[n]), weight, 0)
		sum += float64(ce)
	}
	return sum / float64(logits.N)
}
