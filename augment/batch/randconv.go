package batch

import (
	"errors"
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// RandConv convolves a batch with random weights, drawn anew for each batch from
// N(0, 1/(C k^2)), which keeps shapes and changes textures (Xu et al., "Robust
// and Generalizable Visual Representation Learning via Random Convolutions",
// ICLR 2021).
type RandConv struct {
	Sides    []int   // of the kernel, odd, one of which is drawn
	Identity float64 // probability that a batch stays as it is
	Mix      bool    // a*conv(x) + (1-a)*x with a from U(0,1), and not conv(x)
	Range    Range
}

// Make returns the operation for images of c x h x w.
func (o RandConv) Make(e *tensor.Engine, _, c, h, w int) (augment.BatchFunc, error) {
	if len(o.Sides) == 0 {
		return nil, errors.New("batch: RandConv.Sides is empty, expected odd numbers of pixels")
	}
	most := 1
	for _, side := range o.Sides {
		if side < 1 || side%2 == 0 {
			return nil, fmt.Errorf("batch: RandConv.Sides has %d pixels, expected odd numbers", side)
		}
		most = max(most, side)
	}
	if !(o.Identity >= 0 && o.Identity <= 1) {
		return nil, fmt.Errorf("batch: RandConv.Identity is %v, expected a probability", o.Identity)
	}
	r := &randConv{RandConv: o, engine: e, filter: newFilter(e, most, c, h, w)}
	r.to, r.back = o.Range.lines()
	return r.run, nil
}

// Bytes returns about how much memory that takes: a padded image for each worker.
func (o RandConv) Bytes(threads, _, c, h, w int) int64 {
	most := 1
	for _, side := range o.Sides {
		most = max(most, side)
	}
	return 4 * int64(threads) * int64(c*(h+most-1)*(w+most-1))
}

// randConv is the memory of RandConv, and the task that convolves an image.
type randConv struct {
	RandConv
	engine   *tensor.Engine
	filter   *filter
	draw     rng.Source
	to, back line
	share    float32 // of the convolution in the result
	x        tensor.Tensor
}

func (r *randConv) run(b *augment.Batch) {
	r.draw = source(b, rng.RandConv)
	if r.draw.Float64() < r.Identity {
		return
	}
	side := r.Sides[r.draw.IntN(len(r.Sides))]
	r.share = 1
	if r.Mix {
		r.share = r.draw.Float32()
	}
	r.filter.resize(side)
	r.filter.draw(&r.draw, 1/math.Sqrt(float64(b.X.C*side*side)))
	r.convolve(b.X)
}

// convolve applies the filter to every image.
func (r *randConv) convolve(x tensor.Tensor) {
	x.Check("batch: the images", x.N, r.filter.c, r.filter.h, r.filter.w)
	r.x = x
	r.engine.Run(x.N, r)
}

// Do convolves one image.
func (r *randConv) Do(n, worker int) {
	image := r.x.Image(n)
	r.filter.load(worker, image, &r.to)
	r.filter.run(worker, image, r.filter.current())
	if r.share != 1 {
		r.filter.mix(worker, image, r.share)
	}
	if r.back != (line{1, 0}) {
		r.back.apply(r.engine, image, image)
	}
}
