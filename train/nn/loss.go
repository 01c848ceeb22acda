package nn

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// CrossEntropy returns the mean cross-entropy of a batch, in nats, and sets
// grad to its gradient by the logits (N x classes). A zero grad is left alone. A
// label that is not below the number of classes panics.
func CrossEntropy(e *tensor.Engine, grad, logits tensor.Tensor, labels []uint16) float64 {
	logits.Check("nn: the logits", logits.N, logits.C, 1, 1)
	if grad.Data != nil {
		grad.Check("nn: the gradient by the logits", logits.N, logits.C, 1, 1)
	}
	tensor.CheckVector("nn: the labels", labels, logits.N)
	weight := 1 / float32(logits.N)
	sum := 0.0
	for n := range logits.N {
		if int(labels[n]) >= logits.C {
			panic(fmt.Sprintf("nn: label %d of image %d, for logits of %v", labels[n], n, logits))
		}
		var g []float32
		if grad.Data != nil {
			g = grad.Image(n)
		}
		ce, _ := e.Kernels.SoftmaxLoss(g, logits.Image(n), int(labels[n]), weight, 0)
		sum += float64(ce)
	}
	return sum / float64(logits.N)
}
