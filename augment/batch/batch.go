// Package batch holds random operations on the normalised values of a batch, and
// on its labels. Each is an [augment.BatchOp]: settings, from which the training
// loop makes a function with memory of its own.
//
// What an operation draws is a function of the run's seed, the round, the view
// and the first image of the batch, and its arithmetic goes through kernels with
// one order of operations, so that a run has the same bits on every instruction
// set and with any number of threads.
package batch

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// AsView is an operation that draws the numbers of another view: two views have
// the same operation, or one goes on from the other.
type AsView struct {
	View int
	Op   augment.BatchOp
}

// Make returns the operation for up to n images of c x h x w.
func (o AsView) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	f, err := o.Op.Make(e, n, c, h, w)
	if err != nil {
		return nil, err
	}
	return o.drawing(f), nil
}

// Bytes returns about how much memory that takes.
func (o AsView) Bytes(threads, n, c, h, w int) int64 { return o.Op.Bytes(threads, n, c, h, w) }

// drawing returns f drawing the numbers of the view.
func (o AsView) drawing(f augment.BatchFunc) augment.BatchFunc {
	return func(b *augment.Batch) {
		view := b.Draw.View
		b.Draw.View = o.View
		f(b)
		b.Draw.View = view
	}
}

// MakeHidden returns the operation for up to n images of c x h x w, and its gradient's.
func (o AsView) MakeHidden(e *tensor.Engine, n, c, h, w int) (forward, backward augment.BatchFunc, err error) {
	op, able := o.Op.(augment.HiddenOp)
	if !able {
		return nil, nil, fmt.Errorf("batch: AsView.Op is %T, which cannot act within a network", o.Op)
	}
	if forward, backward, err = op.MakeHidden(e, n, c, h, w); err != nil {
		return nil, nil, err
	}
	return o.drawing(forward), o.drawing(backward), nil
}

// Anew is an operation with random numbers of its own where one before it draws from the
// same stream, the first time that this happens or another, up to 3.
type Anew struct {
	Op   augment.BatchOp
	Time int
}

// Make returns the operation for up to n images of c x h x w.
func (o Anew) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	f, err := o.Op.Make(e, n, c, h, w)
	if err != nil {
		return nil, err
	}
	if o.Time < 1 || o.Time > 3 {
		return nil, fmt.Errorf("batch: Anew.Time is %d, expected 1 to 3", o.Time)
	}
	return func(b *augment.Batch) {
		draw := b.Draw
		b.Draw = draw.Anew(o.Time)
		f(b)
		b.Draw = draw
	}, nil
}

// Bytes returns about how much memory that takes.
func (o Anew) Bytes(threads, n, c, h, w int) int64 { return o.Op.Bytes(threads, n, c, h, w) }

// source returns what an operation draws from for a batch.
func source(b *augment.Batch, s rng.Stream) rng.Source {
	return *rng.New(b.Draw.Seed, s.Sub(b.Draw.Index()))
}

// Range says which values a convolution works on, (x - Mean)/Std of a network's
// own. The zero value leaves them as they are. Random convolutions are published
// for values from -1 to 1; for a network whose images lie in [0,1] these are
// Range{0.5, 0.5}.
type Range struct{ Mean, Std float32 }

// lines returns slope and offset of the lines to the values and back.
func (r Range) lines() (to, back line) {
	if r.Std == 0 {
		return line{1, 0}, line{1, 0}
	}
	return line{1 / r.Std, -r.Mean / r.Std}, line{r.Std, r.Mean}
}

// line is y = slope*x + offset.
type line [2]float32

// apply sets y to the line at each of x.
func (l *line) apply(e *tensor.Engine, y, x []float32) {
	for lo := 0; lo < len(x); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(x))
		e.Kernels.ScaleShift(y[lo:hi], x[lo:hi], l[:1], l[1:], hi-lo, simd.Identity)
	}
}
