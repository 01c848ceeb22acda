package optim

import (
	"math"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Clipper bounds the norm of gradients (Pascanu et al., "On the difficulty of training
// recurrent neural networks", ICML 2013), as PyTorch's clip_grad_norm_ does.
type Clipper struct {
	engine *tensor.Engine
	g      []float32
	span
	sums  []float64 // of the squares, by part
	scale float32
	add   addSquares
	apply applyScale
}

// NewClipper returns what clips gradients g.
func NewClipper(e *tensor.Engine, g []float32) *Clipper {
	e.Reserve(0, 0)
	c := &Clipper{engine: e, g: g, span: span{0, len(g)}}
	c.sums = make([]float64, c.parts())
	c.add.Clipper, c.apply.Clipper = c, c
	return c
}

// Clip scales the gradients to a Euclidean norm of most if they have a larger one, and
// returns what they had. Those whose norm is not finite stay as they are. The sum has the
// same bits on any kernel set and any number of threads.
func (c *Clipper) Clip(most float64) (norm float64) {
	c.engine.Run(len(c.sums), &c.add)
	sum := 0.0
	for _, s := range c.sums {
		sum += s
	}
	norm = math.Sqrt(sum)
	if share := most / (norm + 1e-6); share < 1 && !math.IsInf(norm, 0) {
		c.scale = float32(share)
		c.engine.Run(len(c.sums), &c.apply)
	}
	return norm
}

// addSquares adds the squares of a part.
type addSquares struct{ *Clipper }

func (t *addSquares) Do(part, _ int) {
	lo, hi := t.bounds(part)
	sum := 0.0
	for _, v := range t.g[lo:hi] {
		sum += float64(float64(v) * float64(v))
	}
	t.sums[part] = sum
}

// applyScale scales a part.
type applyScale struct{ *Clipper }

func (t *applyScale) Do(part, _ int) {
	lo, hi := t.bounds(part)
	t.engine.Kernels.Scale(t.scale, t.g[lo:hi])
}
