package batch

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Mixup mixes every image with another of its batch, share*x + (1-share)*x' with
// a share from Beta(Alpha, Alpha) for the batch, and weighs their classes alike
// (Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018). Where
// several views have it, as [AsView] of one, the same images are mixed in each.
type Mixup struct{ Alpha float64 }

// Make returns the operation for up to n images of c x h x w.
func (o Mixup) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	forward, _, err := o.MakeHidden(e, n, c, h, w)
	return forward, err
}

// Bytes returns about how much memory that takes: a copy of the images.
func (Mixup) Bytes(_, n, c, h, w int) int64 { return 4 * int64(n) * int64(c*h*w) }

// MakeHidden returns the operation for up to n images of c x h x w, and its gradient's.
func (o Mixup) MakeHidden(e *tensor.Engine, n, c, h, w int) (forward, backward augment.BatchFunc, err error) {
	if err := checkAlpha("Mixup", o.Alpha); err != nil {
		return nil, nil, err
	}
	p := newPairs(e, n, c, h, w)
	forward = func(b *augment.Batch) {
		p.draw = source(b, rng.Mixup)
		share := float32(p.draw.Beta(o.Alpha, o.Alpha))
		p.pair(b)
		p.blend(share)
		p.label(b, share)
	}
	// An image is the other of one image, which the pairs turned around name.
	backward = func(b *augment.Batch) {
		p.turn()
		p.keepImages(b)
		p.blend(p.share)
	}
	return forward, backward, nil
}

// CutMix replaces a rectangle of every image by that of another of its batch,
// and weighs their classes by the areas (Yun et al., "CutMix: Regularization
// Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019).
// The rectangle has the image's proportions and an area from Beta(Alpha, Alpha)
// about a random place; what of it lies beyond the image is lost.
type CutMix struct {
	Alpha       float64
	Probability float64 // that a batch is mixed
}

// Make returns the operation for up to n images of c x h x w.
func (o CutMix) Make(e *tensor.Engine, n, c, h, w int) (augment.BatchFunc, error) {
	if err := checkAlpha("CutMix", o.Alpha); err != nil {
		return nil, err
	}
	if !(o.Probability >= 0 && o.Probability <= 1) {
		return nil, fmt.Errorf("batch: CutMix.Probability is %v, expected a probability", o.Probability)
	}
	p := newPairs(e, n, c, h, w)
	return func(b *augment.Batch) {
		p.draw = source(b, rng.CutMix)
		if p.draw.Float64() >= o.Probability {
			return
		}
		side := math.Sqrt(1 - p.draw.Beta(o.Alpha, o.Alpha))
		height, width := int(float64(h)*side), int(float64(w)*side)
		y, x := p.draw.IntN(h), p.draw.IntN(w)
		top, bottom := max(0, y-height/2), min(h, y+height/2)
		left, right := max(0, x-width/2), min(w, x+width/2)
		p.pair(b)
		p.paste(top, bottom, left, right)
		p.label(b, 1-float32((bottom-top)*(right-left))/float32(h*w))
	}, nil
}

// Bytes returns about how much memory that takes: a copy of the images.
func (CutMix) Bytes(_, n, c, h, w int) int64 { return 4 * int64(n) * int64(c*h*w) }

func checkAlpha(name string, alpha float64) error {
	if !(alpha >= 1e-3 && alpha <= 1e3) {
		return fmt.Errorf("batch: %s.Alpha is %v, expected 0.001 to 1000", name, alpha)
	}
	return nil
}

// pairs is a batch whose images are paired at random.
type pairs struct {
	engine  *tensor.Engine
	draw    rng.Source
	order   []int32 // image n's other is image order[n]
	turned  []int32 // memory for another order
	swap    func(i, j int)
	x, copy tensor.Tensor // the batch, and what it was

	share                    float32 // of an image itself
	top, bottom, left, right int     // or the part that is the other's
	keep                     keepImage
	blending                 blendImage
	pasting                  pasteImage
}

func newPairs(e *tensor.Engine, n, c, h, w int) *pairs {
	e.Reserve(0, 0)
	tensor.Elements(n, c, h, w)
	p := &pairs{engine: e, order: make([]int32, n), turned: make([]int32, n), copy: tensor.New(n, c, h, w)}
	p.swap = func(i, j int) { p.order[i], p.order[j] = p.order[j], p.order[i] }
	p.keep.pairs, p.blending.pairs, p.pasting.pairs = p, p, p
	return p
}

// pair draws the pairs of a batch, and copies the images.
func (p *pairs) pair(b *augment.Batch) {
	p.keepImages(b)
	tensor.CheckVector("batch: the classes", b.Targets.First, b.X.N)
	p.order = p.order[:b.X.N]
	for i := range p.order {
		p.order[i] = int32(i)
	}
	p.draw.Shuffle(len(p.order), p.swap)
}

// turn makes image n the other of its other.
func (p *pairs) turn() {
	p.turned = p.turned[:len(p.order)]
	for i, other := range p.order {
		p.turned[other] = int32(i)
	}
	p.order, p.turned = p.turned, p.order
}

// keepImages copies the images of a batch.
func (p *pairs) keepImages(b *augment.Batch) {
	if b.X.N > p.copy.N {
		panic(fmt.Sprintf("batch: %d images, for batches of up to %d", b.X.N, p.copy.N))
	}
	b.X.Check("batch: the images", b.X.N, p.copy.C, p.copy.H, p.copy.W)
	p.x = b.X
	p.engine.Run(p.x.N, &p.keep)
}

// label gives every image the classes of both, with the share of its own.
func (p *pairs) label(b *augment.Batch, share float32) {
	t := b.Targets
	t.Second, t.Weight = t.Second[:0], t.Weight[:0]
	for _, other := range p.order {
		t.Second, t.Weight = append(t.Second, t.First[other]), append(t.Weight, share)
	}
}

func (p *pairs) blend(share float32) {
	p.share = share
	p.engine.Run(p.x.N, &p.blending)
}

func (p *pairs) paste(top, bottom, left, right int) {
	p.top, p.bottom, p.left, p.right = top, bottom, left, right
	p.engine.Run(p.x.N, &p.pasting)
}

// keepImage copies an image.
type keepImage struct{ *pairs }

func (p *keepImage) Do(n, _ int) { copy(p.copy.Image(n), p.x.Image(n)) }

// blendImage mixes an image with its other.
type blendImage struct{ *pairs }

func (p *blendImage) Do(n, _ int) {
	k, x, other := p.engine.Kernels, p.x.Image(n), p.copy.Image(int(p.order[n]))
	for lo := 0; lo < len(x); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(x))
		k.Scale(p.share, x[lo:hi])
		k.Axpy(1-p.share, other[lo:hi], x[lo:hi])
	}
}

// pasteImage replaces a part of an image by its other's.
type pasteImage struct{ *pairs }

func (p *pasteImage) Do(n, _ int) {
	x, other := p.x.Image(n), p.copy.Image(int(p.order[n]))
	h, w := p.x.H, p.x.W
	for plane := 0; plane < len(x); plane += h * w {
		for y := p.top; y < p.bottom; y++ {
			lo, hi := plane+y*w+p.left, plane+y*w+p.right
			copy(x[lo:hi], other[lo:hi])
		}
	}
}
