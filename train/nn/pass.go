package nn

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// pass is an element-wise or channel-wise sweep over the images of a tensor,
// cut into parts by the shape alone.
type pass struct {
	engine   *tensor.Engine
	images   int
	channels int
	perPart  int // images of a part, if it has more than one
	cuts     int // parts of an image, if it has more than one
	do       func(n, lo, hi, worker int)
}

// newPass returns the pass over N images of C channels with do, which handles
// channels lo <= c < hi of image n on a worker.
func newPass(e *tensor.Engine, t *tensor.Tensor, do func(n, lo, hi, worker int)) *pass {
	size := t.C * t.H * t.W
	return &pass{
		engine: e, images: t.N, channels: t.C,
		perPart: max(1, simd.MaxCall/size),
		cuts:    min(t.C, (size+simd.MaxCall-1)/simd.MaxCall),
		do:      do,
	}
}

func (p *pass) run() {
	p.engine.Run((p.images+p.perPart-1)/p.perPart*p.cuts, p)
}

// Do runs one part.
func (p *pass) Do(part, worker int) {
	cut := part % p.cuts
	lo, hi := cut*p.channels/p.cuts, (cut+1)*p.channels/p.cuts
	first := part / p.cuts * p.perPart
	for n := first; n < min(first+p.perPart, p.images); n++ {
		p.do(n, lo, hi, worker)
	}
}

// channels returns channels lo <= c < hi of image n.
func channels(t *tensor.Tensor, n, lo, hi int) []float32 {
	plane := t.H * t.W
	return t.Data[n*t.Stride+lo*plane : n*t.Stride+hi*plane]
}
