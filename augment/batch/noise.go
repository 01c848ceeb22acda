package batch

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Noise multiplies every value by 1 + a*U(-1,1) and adds b*N(0,1), where a and b
// are Multiplicative and Additive times a number from Beta(2,5) for the batch,
// and each is left out of a value with probability Sparsity, to a 1024th below: the noise of
// NoisyMix (Erichson et al., "NoisyMix: Boosting Model Robustness to Common
// Corruptions", AISTATS 2024).
type Noise struct {
	Additive, Multiplicative float64
	Sparsity                 float64
}

// A word of 32 random bits decides what a value takes: 10 for whether it is multiplied, 10
// for whether it is added to, and the other 12 by how much it is multiplied.
const (
	coinBits      = 10
	sparsitySteps = 1 << coinBits // how finely a probability is drawn
	factorBits    = 32 - 2*coinBits
)

// Make returns the operation for images of c x h x w.
func (o Noise) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	forward, _, err := o.MakeHidden(e, n, c, h, w)
	return forward, err
}

// Bytes returns about how much memory that takes: next to none.
func (Noise) Bytes(_, _, _, _, _ int) int64 { return 0 }

// noiseChunk is for how many values numbers are drawn together.
const noiseChunk = 512

// noiseNumbers are those of a worker's chunk, of the normal ones one for each value that
// is added to.
type noiseNumbers struct {
	wordSource, normalSource rng.Source
	words                    [noiseChunk]uint32
	normal                   [noiseChunk + 1]float64 // the last is read and not used
}

// MakeHidden returns the operation for images of any shape, and its gradient's.
func (o Noise) MakeHidden(e *tensor.Engine, _, _, _, _ int) (forward, backward augment.BatchFunc, err error) {
	switch {
	case !(o.Additive >= 0 && o.Additive <= 1e3 && o.Multiplicative >= 0 && o.Multiplicative <= 1e3):
		return nil, nil, fmt.Errorf("batch: Noise of Additive %v and Multiplicative %v, expected 0 to 1000", o.Additive, o.Multiplicative)
	case !(o.Sparsity >= 0 && o.Sparsity <= 1):
		return nil, nil, fmt.Errorf("batch: Noise.Sparsity is %v, expected a probability", o.Sparsity)
	}
	e.Reserve(0, 0)
	n := &noise{Noise: o, engine: e, numbers: make([]tensor.PerWorker[noiseNumbers], e.Threads()), threshold: uint32(o.Sparsity * sparsitySteps)}
	return n.run, n.back, nil
}

// noise is the memory of Noise, and the task that changes an image.
type noise struct {
	Noise
	engine    *tensor.Engine
	draw      rng.Source
	numbers   []tensor.PerWorker[noiseNumbers]
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
	numbers := &o.numbers[worker].Value
	numbers.wordSource = *rng.New(d.Seed, rng.NoiseValues.Sub(d.Index()))
	numbers.normalSource = *rng.New(d.Seed, rng.NoiseNormals.Sub(d.Index()))
	for x := o.batch.X.Image(n); len(x) > 0; x = x[min(noiseChunk, len(x)):] {
		o.changeSome(numbers, x[:min(noiseChunk, len(x))])
	}
}

// changeSome changes values, of which it draws first which take what, then how much. It
// has no branch that depends on the draws, which no CPU would foresee.
func (o *noise) changeSome(d *noiseNumbers, x []float32) {
	words := d.words[:len(x)]
	d.wordSource.Uint32s(words)
	if !o.gradient {
		added := uint32(0)
		for _, word := range words {
			added += o.takes(word >> coinBits)
		}
		d.normalSource.FastNormals(d.normal[:added])
	}
	added := uint32(0)
	for i, word := range words {
		factor := o.multiply * (float32(word>>(2*coinBits))*(2.0/(1<<factorBits)) - 1)
		v := x[i] * (1 + masked(factor, o.takes(word)))
		if !o.gradient {
			takes := o.takes(word >> coinBits)
			v = float32(v) + masked(float32(o.add*d.normal[added]), takes)
			added += takes
		}
		x[i] = v
	}
}

// takes returns 1 or 0 for whether a value is changed, by the low bits of a word.
func (o *noise) takes(word uint32) uint32 {
	return (o.threshold - 1 - word%sparsitySteps) >> 31
}

// masked returns x times 1 or 0.
func masked(x float32, one uint32) float32 {
	return math.Float32frombits(math.Float32bits(x) & -one)
}
