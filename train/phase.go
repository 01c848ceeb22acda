package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// phase is what takes the ascent steps of the maximisation phases.
type phase struct {
	maximiser *augment.Maximiser // nil if the run has no phase
	growth    block              // the images of the phase in progress
	from      []int32            // the numbers of those that they are made from
}

// beginGrowth sets out for a phase that adds n images, made from the first in
// reading order.
func (t *Trainer) beginGrowth(n int) (err error) {
	t.phase.from = t.set.first(n, t.config.Growth.Sets > 0)
	t.phase.growth, err = t.newBlock(n)
	return err
}

// made returns how many images a phase of the run makes.
func (t *Trainer) made(phase int) int {
	n := t.outline.TrainingSet
	return t.config.Schedule.added(t.config.Growth.moved(n[0], n[phase]), t.config.BatchSize)
}

// newBlock returns room for n images that a phase adds.
func (t *Trainer) newBlock(n int) (block, error) {
	c := &t.config
	b, size := block{n: n}, n*t.x.C*t.x.H*t.x.W
	if c.Overflow != "" {
		bytes := int64(size)
		if !c.Growth.Bytes {
			bytes *= 4
		}
		var err error
		if b.file, err = mapped.Temporary(c.Overflow, bytes); err != nil {
			return block{}, fmt.Errorf("%d images that a phase adds: %w", n, err)
		}
	}
	switch {
	case c.Growth.Bytes && b.file != nil:
		b.bytes = b.file.Data
	case c.Growth.Bytes:
		b.bytes = make([]uint8, size)
	case b.file != nil:
		b.values = tensor.View(b.file.Floats(), n, t.x.C, t.x.H, t.x.W)
	default:
		b.values = tensor.New(n, t.x.C, t.x.H, t.x.W)
	}
	return b, nil
}

// maximise ascends from the next images of the phase.
func (t *Trainer) maximise() (Event, error) {
	p := &t.phase
	lo, hi := t.at.Done, min(t.at.Done+len(t.labels), p.growth.n)
	x := t.x.Images(0, hi-lo)
	labels := t.read(x, p.from[lo:hi], nil)
	p.maximiser.Start = augment.Start{
		Draw:    augment.Draw{Seed: t.config.Seed, Round: t.at.Round},
		Numbers: p.from[lo:hi],
	}
	means := p.maximiser.Maximise(x, labels, t.config.BatchSize)
	e := Event{
		Kind: Maximise, Step: t.at.Step, Round: t.at.Round, Phase: t.at.Phase + 1,
		Images: hi - lo, Done: hi, Total: p.growth.n,
		Ascent: means[len(means)-1],
	}
	if !finite(e.Ascent.Objective) {
		return e, t.diverged(e, "the objective")
	}
	if n := p.maximiser.NonFinite(); n >= 0 {
		return e, t.diverged(e, fmt.Sprintf("image %d", lo+n))
	}
	t.keep(x, lo)
	t.at.Done = hi
	if hi == p.growth.n {
		t.set.grow(p.growth, p.from, t.config.Growth.Sets)
		t.frozen.forget(t.set.source.N)
		t.at.Kind, t.at.Phase, p.growth, p.from = Minimise, t.at.Phase+1, block{}, nil
		t.beginRound()
	}
	return e, nil
}

// keep stores what an ascent ended with as images lo, lo+1, ... of the phase.
func (t *Trainer) keep(x tensor.Tensor, lo int) {
	size, growth := x.C*x.H*x.W, &t.phase.growth
	growth.use(x.N)
	for n := range x.N {
		if growth.bytes != nil {
			t.gather.normalisation.ToBytes(t.engine, growth.bytes[(lo+n)*size:][:size], x.Image(n))
		} else {
			copy(growth.values.Image(lo+n), x.Image(n))
		}
	}
}
