// Package image holds random operations on the bytes of images, which lie plane
// by plane. Each is an [augment.ImageOp].
package image

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Flip mirrors an image from left to right with probability 1/2.
type Flip struct{}

// Make returns the operation for images of width w.
func (Flip) Make(_, _, w int) (augment.ImageFunc, error) {
	return func(dst, src []uint8, d augment.Draw) { flip(dst, src, w, d) }, nil
}

func flip(dst, src []uint8, w int, d augment.Draw) {
	copy(dst, src)
	if rng.New(d.Seed, rng.Flip.Sub(d.Index())).Uint32()&1 == 0 {
		return
	}
	for lo := 0; lo < len(dst); lo += w {
		slices.Reverse(dst[lo : lo+w])
	}
}

// Crop pads an image with black by Padding pixels on each side and takes a part
// of the image's size from a random place.
type Crop struct{ Padding int }

// Make returns the operation for images of h x w.
func (c Crop) Make(_, h, w int) (augment.ImageFunc, error) {
	if c.Padding < 0 {
		return nil, fmt.Errorf("image: Crop.Padding is %d pixels, expected 0 or more", c.Padding)
	}
	return func(dst, src []uint8, d augment.Draw) { crop(dst, src, h, w, c.Padding, d) }, nil
}

func crop(dst, src []uint8, h, w, padding int, d augment.Draw) {
	place := rng.New(d.Seed, rng.Crop.Sub(d.Index()))
	// The part's corner, in the image's coordinates.
	top, left := place.IntN(2*padding+1)-padding, place.IntN(2*padding+1)-padding
	clear(dst)
	lo, hi := max(0, -left), min(w, w-left) // columns that are not padding
	for row := range len(src) / w {
		if y := row%h + top; y >= 0 && y < h && lo < hi {
			copy(dst[row*w+lo:row*w+hi], src[(row+top)*w+left+lo:(row+top)*w+left+hi])
		}
	}
}
