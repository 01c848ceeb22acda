package batch

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Noise multiplies every value by 1 + a*U(-1,1) and adds b*N(0,1), where a and b
// are Multiplicative and Additive times a number from Beta(2,5) for the batch,
// and each is left out of a value with probability Sparsity: the noise of
// NoisyMix (Erichson et al., "NoisyMix: Boosting Model Robustness to Common
// Corruptions", AISTATS 2024).
type Noise struct {
	Additive, Multiplicative float64
	Sparsity                 float64
}

// sparsitySteps is how finely a probability is drawn.
const sparsitySteps = 1 << 16

// Make returns the operation for images of c x h x w.
func (o Noise) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	forward, _, err := o.MakeHidden(e, n, c, h, w)
	return forward, err
}

// Bytes returns about how much memory that takes: next to none.
func (Noise) Bytes(_, _, _, _, _ int) int64 { return 0 }

// MakeHidden returns the operation for images of any shape, and its gradient's.
func (o Noise) MakeHidden(e *tensor.Engine, _, _, _, _ int) (forward, backward augment.BatchFunc, err error) {
	switch {
	case !(o.Additive >= 0 && o.Additive <= 1e3 && o.Multiplicative >= 0 && o.Multiplicative <= 1e3):
		return nil, nil, fmt.Errorf("batch: Noise of Additive %v and Multiplicative %v, expected 0 to 1000", o.Additive, o.Multiplicative)
	case !(o.Sparsity >= 0 && o.Sparsity <= 1):
		return nil, nil, fmt.Errorf("batch: Noise.Sparsity is %v, expected a probability", o.Sparsity)
	}
	e.Reserve(0, 0)
	n := &noise{Noise: o, engine: e, sources: make([]tensor.PerWorker[rng.Source], e.Threads()), threshold: uint32(o.Sparsity * sparsitySteps)}
	return n.run, n.back, nil
}

// noise is the memory of Noise, and the task that changes an image.
type noise struct {
	Noise
	engine    *tensor.Engine
	draw      rng.Source
	sources   []tensor.PerWorker[rng.Source]
	threshold uint32

	batch    *augment.Batch
	add      float64
	multiply float32
	gradient bool // multiply as before, and add nothing
}

func (o *noise) run(b *augment.Batch) {
	o.draw = source(b, rng.Noise)
	o.add = o.Additive * o.draw.Beta(2, 5)
	o.multiply = float32(o.Multiplicative * o.draw.Beta(2, 5))
	o.change(b)
}

// back multiplies the gradient by what the values were multiplied by.
func (o *noise) back(b *augment.Batch) {
	o.gradient = true
	o.change(b)
	o.gradient = false
}

func (o *noise) change(b *augment.Batch) {
	o.batch = b
	b.X.Check("batch: the images", b.X.N, b.X.C, b.X.H, b.X.W)
	tensor.CheckVector("batch: the images' numbers", b.Numbers, b.X.N)
	o.engine.Run(b.X.N, o)
	o.batch = nil
}

// Do changes an image.
func (o *noise) Do(n, worker int) {
	d := o.batch.Draw
	d.Image = int(o.batch.Numbers[n])
	draw := &o.sources[worker].Value
	*draw = *rng.New(d.Seed, rng.NoiseValues.Sub(d.Index()))
	x := o.batch.X.Image(n)
	for i, v := range x {
		coins := draw.Uint32()
		if coins%sparsitySteps >= o.threshold {
			v *= 1 + float32(o.multiply*(2*draw.Float32()-1))
		}
		if coins/sparsitySteps >= o.threshold {
			if added := draw.FastNormal(); !o.gradient {
				v = float32(v) + float32(o.add*added)
			}
		}
		x[i] = v
	}
}
