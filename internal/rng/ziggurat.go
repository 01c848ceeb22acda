package rng

import (
	"math"

	"github.com/meada-cpu/meada-cpu/internal/portable"
)

// The normal density lies under layers of one area each, of which the lowest goes on as
// the density's tail from zigguratEnd on.
const (
	zigguratLayers = 256
	zigguratEnd    = 3.6541528853610088
	zigguratArea   = 0.00492867323399
)

// zigguratWidth is how far the layers reach, the lowest first and as wide as it would be
// without the tail, and zigguratHeight the density there.
var zigguratWidth, zigguratHeight = layers()

func layers() (width, height [zigguratLayers + 1]float64) {
	density := func(x float64) float64 { return portable.Exp(-x * x / 2) }
	width[0], width[1] = zigguratArea/density(zigguratEnd), zigguratEnd
	height[0], height[1] = density(width[0]), density(zigguratEnd)
	for i := 2; i < zigguratLayers; i++ {
		height[i] = height[i-1] + zigguratArea/width[i-1]
		width[i] = math.Sqrt(-2 * portable.Log(height[i]))
	}
	height[zigguratLayers] = 1
	return width, height
}

// FastNormal draws from the standard normal distribution as Normal does, by the
// ziggurat method (Marsaglia and Tsang, "The Ziggurat Method for Generating Random
// Variables", 2000), 98.8 % of the time from 32 bits, 8 for the layer and 24 for the
// place in it: for fields and noise by the image.
func (s *Source) FastNormal() float64 {
	for {
		bits := s.Uint32()
		layer := bits & (zigguratLayers - 1)
		x := (float64(bits>>8) - (1<<23 - 0.5)) * 0x1p-23 * zigguratWidth[layer]
		switch {
		case math.Abs(x) < zigguratWidth[layer+1]:
			return x
		case layer == 0:
			return math.Copysign(s.normalTail(), x)
		}
		low, high := zigguratHeight[layer], zigguratHeight[layer+1]
		if low+float64((high-low)*s.Float64()) < portable.Exp(-x*x/2) {
			return x
		}
	}
}

// FastNormals draws the numbers that FastNormal would, in less time for many of them.
func (s *Source) FastNormals(y []float64) {
	for len(y) >= 8 {
		n, whole := s.someNormals((*[8]float64)(y))
		y = y[n:]
		s.SetCounter(s.drawn + uint64(n))
		if !whole {
			y[0] = s.FastNormal()
			y = y[1:]
		}
	}
	for i := range y {
		y[i] = s.FastNormal()
	}
}

// someNormals draws what the words left of this block and those of the next one decide
// alone, up to the first that takes more than its word, if there is one: then they are not
// whole. It leaves the source where it is.
func (s *Source) someNormals(y *[8]float64) (n int, whole bool) {
	var words [8]uint32
	twoBlocks(&words, s.seed, s.stream, s.drawn/4)
	for i, bits := range words[s.drawn%4:] {
		layer := bits & (zigguratLayers - 1)
		x := (float64(bits>>8) - (1<<23 - 0.5)) * 0x1p-23 * zigguratWidth[layer]
		if !(math.Abs(x) < zigguratWidth[layer+1]) {
			return i, false
		}
		y[i&7] = x
		n = i + 1
	}
	return n, true
}

// normalTail draws from the normal distribution beyond zigguratEnd (Marsaglia,
// "Generating a Variable from the Tail of the Normal Distribution", 1964).
func (s *Source) normalTail() float64 {
	for {
		x := -portable.Log(1-s.Float64()) / zigguratEnd
		if y := -portable.Log(1 - s.Float64()); 2*y >= float64(x*x) {
			return zigguratEnd + x
		}
	}
}
