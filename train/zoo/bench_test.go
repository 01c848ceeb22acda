package zoo

import (
	"fmt"
	"testing"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// BenchmarkStep measures whole steps at the published batch sizes: one of
// training with its optimiser, one of the ascent, and the forward pass of an
// evaluation.
func BenchmarkStep(b *testing.B) {
	for _, p := range published {
		b.Run("model="+p.name, func(b *testing.B) {
			batch := 128
			n := network(b, p.name, p.classes)
			if p.name == "lenet5" || n.H > 32 {
				batch = 32
			}
			n.Init(1)
			x, labels := randomImages(n, batch)
			for _, mode := range []string{"train", "maximise", "eval"} {
				for _, threads := range []int{1, 2} {
					b.Run(fmt.Sprintf("mode=%s/batch=%d/threads=%d", mode, batch, threads), func(b *testing.B) {
						e := tensor.NewEngineOn(threads, nil)
						defer e.Close()
						plan, step := prepareStep(e, n, mode, x, labels)
						step()
						b.ReportAllocs()
						for b.Loop() {
							step()
						}
						b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
						b.ReportMetric(float64(plan.Bytes())/(1<<20), "MiB")
					})
				}
			}
		})
	}
}

// prepareStep returns a plan and the step to measure.
func prepareStep(e *tensor.Engine, n *nn.Network, mode string, x tensor.Tensor, labels []uint16) (*nn.Plan, func()) {
	switch mode {
	case "train":
		plan := nn.Compile(e, n, x.N, nn.Train)
		grad := tensor.New(x.N, n.Classes, 1, 1)
		adam := optim.NewAdam(e, n.Values, n.Grads, 1e-4)
		return plan, func() {
			logits, _ := plan.Forward(x)
			nn.CrossEntropy(e, grad, logits, labels)
			plan.Backward(grad, tensor.Tensor{})
			adam.Step()
		}
	case "maximise":
		plan := nn.Compile(e, n, x.N, nn.Maximise)
		m := augment.NewMaximiser(e, plan, x.N, n.Classes, n.Embedding,
			augment.Config{Steps: 1, LR: 1e-3, Gamma: 1, Eta: 10})
		return plan, func() { m.Maximise(x, labels, x.N) }
	}
	plan := nn.Compile(e, n, x.N, nn.Eval)
	return plan, func() { plan.Forward(x) }
}
