package train

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// phase is what takes the ascent steps of the maximisation phases.
type phase struct {
	maximiser *augment.Maximiser // nil if the run has no phase
	growth    block              // the images of the phase in progress
	from      []int32            // the numbers of those that they are made from

	// The chunks that the ranks have ascended from together, one each, from image first on.
	first int
	ahead []ascended
}

// beginGrowth sets out for a phase that adds n images, made from the first in
// reading order.
func (t *Trainer) beginGrowth(n int) (err error) {
	t.phase.ahead = t.phase.ahead[:0]
	if t.config.Growth.Sets > 0 {
		t.phase.from = t.set.firstOfSource(n, t.phaseOrder())
	} else {
		t.phase.from = t.set.order[:n]
	}
	t.phase.growth, err = t.newBlock(n)
	return err
}

// phaseOrder returns the order of the images of the next phase where that is not the order
// of the moment: that of their numbers, as in the official code, or a mixed one where sets
// replace each other. A batch of these shares what is drawn for it, and the images of a
// folder follow each other class by class.
func (t *Trainer) phaseOrder() func([]int32) {
	if t.config.Growth.Sets > 0 {
		return epochShuffler(t.config.Seed, t.at.Round)
	}
	return inOrder
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

// ascended is what the ascent of a chunk of images tells beside them.
type ascended struct {
	means  augment.Means
	steps  int64
	broken int64 // the first image that is not finite, -1 if all are
}

// maximise ascends from the next images of the phase.
func (t *Trainer) maximise() (Event, error) {
	p := &t.phase
	lo, chunk := t.at.Done, len(t.labels)
	if lo < p.first || lo >= p.first+chunk*len(p.ahead) {
		if err := t.ascendAhead(); err != nil {
			return Event{}, err
		}
	}
	c, hi := p.ahead[(lo-p.first)/chunk], min(lo+chunk, p.growth.n)
	e := Event{
		Kind: Maximise, Step: t.at.Step, Round: t.at.Round, Phase: t.at.Phase + 1,
		Images: hi - lo, Passes: (hi - lo) * int(c.steps), Done: hi, Total: p.growth.n,
		Ascent: c.means,
	}
	if !finite(e.Ascent.Objective) {
		return e, t.diverged(e, "the objective")
	}
	if c.broken >= 0 {
		return e, t.diverged(e, fmt.Sprintf("image %d", c.broken))
	}
	t.at.Done = hi
	if hi == p.growth.n {
		t.set.grow(p.growth, p.from, &t.config.Growth)
		t.frozen.forget(t.set.source.N)
		t.at.Kind, t.at.Phase, p.growth, p.from = Minimise, t.at.Phase+1, block{}, nil
		p.ahead = p.ahead[:0]
		t.beginRound()
	}
	return e, nil
}

// ascendAhead ascends from a chunk of images on each rank, from the next one of the phase on.
func (t *Trainer) ascendAhead() error {
	p, chunk, ranks := &t.phase, len(t.labels), t.group.Size()
	p.first, p.ahead = t.at.Done, slices.Grow(p.ahead[:0], ranks)[:ranks]
	rank := t.group.Rank()
	if lo := p.first + rank*chunk; lo < p.growth.n {
		p.ahead[rank] = t.ascend(lo, min(lo+chunk, p.growth.n))
	}
	if ranks == 1 {
		return nil
	}
	if err := collective.GatherOf(t.group, p.ahead, 1); err != nil {
		return err
	}
	size, end := t.x.C*t.x.H*t.x.W, min(p.first+ranks*chunk, p.growth.n)
	if bytes := p.growth.bytes; bytes != nil {
		return t.group.Gather(bytes[p.first*size:end*size], chunk*size)
	}
	return collective.GatherOf(t.group, p.growth.values.Data[p.first*size:end*size], chunk*size)
}

// ascend ascends from images lo <= i < hi of the phase and keeps the result.
func (t *Trainer) ascend(lo, hi int) ascended {
	p := &t.phase
	x := t.x.Images(0, hi-lo)
	labels := t.read(x, p.from[lo:hi], nil)
	p.maximiser.Start = augment.Start{
		Draw:    augment.Draw{Seed: t.config.Seed, Round: t.at.Round},
		Numbers: p.from[lo:hi],
	}
	means := p.maximiser.Maximise(x, labels, t.config.BatchSize)
	c := ascended{means: means[len(means)-1], steps: int64(len(means)), broken: -1}
	if n := p.maximiser.NonFinite(); n >= 0 {
		c.broken = int64(lo + n)
	}
	t.keep(x, lo)
	return c
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
