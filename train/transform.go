package train

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// transform is the random augmentation of the CIFAR script: an image is mirrored
// with probability 1/2, then padded with black and cropped to its size at a
// random place. What happens to an image is a function of the seed, the epoch
// and the image's number.
type transform struct {
	h, w    int
	flip    bool
	padding int // pixels on each side
	seed    uint64
	epoch   int

	images [][]uint8 // a worker's result
}

func newTransform(c Config, workers, h, w, channels int) *transform {
	t := &transform{h: h, w: w, flip: c.Flip, padding: c.Crop, seed: c.Seed, images: make([][]uint8, workers)}
	for i := range t.images {
		t.images[i] = make([]uint8, channels*h*w)
	}
	return t
}

// apply returns the transformed image, valid until the worker's next call.
func (t *transform) apply(image []uint8, number int32, worker int) []uint8 {
	index := uint64(t.epoch)<<32 | uint64(number)
	mirrored := t.flip && rng.New(t.seed, rng.Flip.Sub(index)).Uint32()&1 == 1
	place := rng.New(t.seed, rng.Crop.Sub(index))
	// The crop's corner, in the image's coordinates.
	top, left := place.IntN(2*t.padding+1)-t.padding, place.IntN(2*t.padding+1)-t.padding

	out := t.images[worker]
	clear(out)
	lo, hi := max(0, -left), min(t.w, t.w-left) // columns that are not padding
	for row := range len(image) / t.w {
		y := row%t.h + top
		if y < 0 || y >= t.h {
			continue
		}
		from, to := image[(row+top)*t.w:][:t.w], out[row*t.w:][:t.w]
		if !mirrored {
			copy(to[lo:hi], from[left+lo:left+hi])
			continue
		}
		// Column x of the mirrored image is column w-1-x of the image.
		copy(to[lo:hi], from[t.w-left-hi:t.w-left-lo])
		slices.Reverse(to[lo:hi])
	}
	return out
}
