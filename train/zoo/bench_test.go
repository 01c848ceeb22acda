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
		batch := 128
		if p.name == "lenet5" || p.name == "alexnet" {
			batch = 32
		}
		for _, threads := range []int{1, 2} {
			n := p.build()
			n.Init(1)
			x, labels := randomImages(n, batch)
			run := func(mode string, plan nn.Mode, prepare func(e *tensor.Engine, p *nn.Plan) func()) {
				b.Run(fmt.Sprintf("model=%s/mode=%s/batch=%d/threads=%d", p.name, mode, batch, threads), func(b *testing.B) {
					e := tensor.NewEngine(threads, nil)
					defer e.Close()
					compiled := nn.Compile(e, n, batch, plan)
					step := prepare(e, compiled)
					step()
					b.ReportAllocs()
					for b.Loop() {
						step()
					}
					b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
					b.ReportMetric(float64(compiled.Bytes())/(1<<20), "MiB")
				})
			}
			run("train", nn.Train, func(e *tensor.Engine, p *nn.Plan) func() {
				grad := tensor.New(batch, n.Classes, 1, 1)
				adam := optim.NewAdam(e, n.Values, n.Grads, 1e-4)
				return func() {
					logits, _ := p.Forward(x)
					nn.CrossEntropy(e, grad, logits, labels)
					p.Backward(grad, tensor.Tensor{})
					adam.Step()
				}
			})
			run("maximise", nn.Maximise, func(e *tensor.Engine, p *nn.Plan) func() {
				m := augment.NewMaximiser(e, p, batch, n.Classes, n.Embedding,
					augment.Config{Steps: 1, LR: 1e-3, Gamma: 1, Eta: 10})
				return func() { m.Maximise(x, labels, batch) }
			})
			run("eval", nn.Eval, func(e *tensor.Engine, p *nn.Plan) func() {
				return func() { p.Forward(x) }
			})
		}
	}
}
