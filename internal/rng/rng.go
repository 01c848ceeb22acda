// Package rng is the project's only source of randomness: a counter-based
// generator, Philox4x32-10, in which the n-th number of a stream is a pure
// function of (seed, stream, n).
//
// Nothing is global. Whatever needs random numbers opens its own [Stream], so
// that drawing more of one kind never shifts another, and a checkpoint needs to
// keep no more than each stream's [Source.Counter].
//
// Every method gives the same bits on every architecture: floating-point
// results are built from integer draws by single rounded operations, with no
// product left for the compiler to fuse into an addition.
package rng

import (
	"math"
	"math/bits"

	"github.com/meada-cpu/meada-cpu/internal/portable"
)

// A Stream names one purpose of random numbers; different streams of a seed are
// independent.
type Stream uint64

// The streams in use. Their numbers fix the results of a seed, so new ones are
// added at the end.
const (
	Init           Stream = iota + 1 // initial parameters
	Shuffle                          // order of the training images
	Crop                             // random crops
	Flip                             // horizontal flips
	Dropout                          // dropped activations
	Synthetic                        // the synthetic digits
	Corrupt                          // the corruption suite
	Augment                          // stochastic augmentation policies
	Bootstrap                        // resampled results of sweeps
	Subsample                        // some images of a test set
	Cutout                           // squares cut out of images
	ResizedCrop                      // parts of images, resized
	Jitter                           // brightness, contrast, saturation and hue
	RandomGrey                       // images made grey
	AugMix                           // AugMix's chains and weights
	RandConv                         // weights of random convolutions
	ProRandConv                      // blocks of progressive random convolutions
	Mixup                            // pairs of images that are mixed, and their shares
	CutMix                           // pairs of images, and the parts that are exchanged
	Noise                            // strengths of noise
	NoiseValues                      // which values have noise, and what they are multiplied by
	HoldOut                          // images held out for validation
	Ascent                           // where ascents in balls begin
	Prime                            // PRIME's chains and weights
	TransformChain                   // operations of differentiable transformations, by batch
	Transform                        // their parameters, by image
	AugMax                           // the weights that ascents of AugMax begin with
	PixMix                           // PixMix's mixtures and fractals
	Fractals                         // that values become
	OneOf                            // which of several operations is applied
	Depth                            // where in a network images are mixed
	Leaves                           // that values become
	NoiseNormals                     // the noise that is added to values
)

// indexShift leaves a Stream's low 8 bits to its purpose; the others hold the
// number of a sub-stream.
const indexShift = 8

// Sub returns the sub-stream with the given index (an image's number, say),
// independent of s and of its other sub-streams. The index must be below
// 2^56-1, and s must not be a sub-stream itself.
func (s Stream) Sub(index uint64) Stream {
	if s >= 1<<indexShift || index >= 1<<(64-indexShift)-1 {
		panic("rng: Sub of a sub-stream, or an index of 2^56-1 and more")
	}
	return s | Stream(index+1)<<indexShift
}

// A Source draws the numbers of one stream in order. It is not safe for
// concurrent use.
type Source struct {
	seed   uint64
	stream Stream
	drawn  uint64    // 32-bit words drawn so far
	block  [4]uint32 // the block that holds word number drawn, unless drawn%4 == 0
}

// New returns a source at the start of a stream.
func New(seed uint64, stream Stream) *Source {
	return &Source{seed: seed, stream: stream}
}

// Key returns what the source was made of.
func (s *Source) Key() (seed uint64, stream Stream) { return s.seed, s.stream }

// Counter returns how many 32-bit words have been drawn. With the seed and the
// stream it is the whole state.
func (s *Source) Counter() uint64 { return s.drawn }

// SetCounter moves the source to where it stands after that many words.
func (s *Source) SetCounter(words uint64) {
	s.drawn = words
	if words%4 != 0 {
		s.generate()
	}
}

// Uint32 draws 32 random bits.
func (s *Source) Uint32() uint32 {
	i := s.drawn % 4
	if i == 0 {
		s.generate()
	}
	s.drawn++
	return s.block[i]
}

// Uint32s draws the words that Uint32 would, in less time for many of them.
func (s *Source) Uint32s(y []uint32) {
	for len(y) > 0 && s.drawn%4 != 0 {
		y[0] = s.Uint32()
		y = y[1:]
	}
	for len(y) >= 8 {
		twoBlocks((*[8]uint32)(y), s.seed, s.stream, s.drawn/4)
		s.drawn += 8
		y = y[8:]
	}
	for i := range y {
		y[i] = s.Uint32()
	}
}

// Uint64 draws 64 random bits, the low word first.
func (s *Source) Uint64() uint64 {
	low := s.Uint32()
	return uint64(s.Uint32())<<32 | uint64(low)
}

// Float32 draws a multiple of 2^-24, uniform in [0, 1).
func (s *Source) Float32() float32 {
	return float32(s.Uint32()>>8) * 0x1p-24
}

// Float64 draws a multiple of 2^-53, uniform in [0, 1).
func (s *Source) Float64() float64 {
	return float64(s.Uint64()>>11) * 0x1p-53
}

// Uniform draws from between low (included) and high (reached only by rounding).
func (s *Source) Uniform(low, high float64) float64 {
	return low + float64((high-low)*s.Float64())
}

// Normal draws from the standard normal distribution, by Marsaglia's polar
// method (Marsaglia and Bray, 1964). The method's second number is not kept:
// the counter stays the whole state.
func (s *Source) Normal() float64 {
	for {
		u := 2*s.Float64() - 1
		v := 2*s.Float64() - 1
		q := float64(u*u) + float64(v*v)
		if q > 0 && q < 1 {
			return u * math.Sqrt(-2*portable.Log(q)/q)
		}
	}
}

// Gamma draws from the gamma distribution of a positive shape and scale 1, by
// Marsaglia and Tsang's method ("A Simple Method for Generating Gamma
// Variables", 2000).
func (s *Source) Gamma(shape float64) float64 {
	boost := 1.0
	if shape < 1 {
		boost = portable.Exp(portable.Log(1-s.Float64()) / shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.Normal()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if portable.Log(1-s.Float64()) < float64(0.5*x*x)+d-float64(d*v)+float64(d*portable.Log(v)) {
			return float64(d*v) * boost
		}
	}
}

// Beta draws from the beta distribution of two positive parameters.
func (s *Source) Beta(a, b float64) float64 {
	for {
		x, y := s.Gamma(a), s.Gamma(b)
		if sum := x + y; sum > 0 {
			return x / sum
		}
	}
}

// IntN draws uniformly from [0, n), without bias, by Lemire's multiplication
// method (arXiv 1805.10941). n must be positive.
func (s *Source) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a number below 1")
	}
	bound := uint64(n)
	high, low := bits.Mul64(s.Uint64(), bound)
	if low < bound {
		for reject := -bound % bound; low < reject; {
			high, low = bits.Mul64(s.Uint64(), bound)
		}
	}
	return int(high)
}

// Perm returns a random permutation of 0..n-1.
func (s *Source) Perm(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	s.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// Shuffle puts n elements into random order (Fisher-Yates, from the last
// element down).
func (s *Source) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, s.IntN(i+1))
	}
}

// generate sets the block to that which holds word number s.drawn.
func (s *Source) generate() { s.block = Block(s.seed, s.stream, s.drawn/4) }

// Block returns four words of a stream, of which number 4*block is the first.
func Block(seed uint64, stream Stream, block uint64) (words [4]uint32) {
	words[0], words[1], words[2], words[3] = philox(uint32(block), uint32(block>>32), uint32(stream), uint32(stream>>32),
		uint32(seed), uint32(seed>>32))
	return words
}

// philox is Philox4x32-10 of a counter and a key: Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3. (Its words are
// by themselves because those of an array would go through memory.)
func philox(c0, c1, c2, c3, k0, k1 uint32) (uint32, uint32, uint32, uint32) {
	const rounds = 10
	for range rounds {
		high0, low0 := bits.Mul32(0xD2511F53, c0)
		high1, low1 := bits.Mul32(0xCD9E8D57, c2)
		c0, c1, c2, c3 = high1^c1^k0, low1, high0^c3^k1, low0
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return c0, c1, c2, c3
}

// twoBlocks sets words to those of a block and of the next one, computed side by side, as
// each multiplication of a block waits for the one before.
func twoBlocks(words *[8]uint32, seed uint64, stream Stream, block uint64) {
	const rounds = 10
	next := block + 1
	k0, k1 := uint32(seed), uint32(seed>>32)
	a0, a1, a2, a3 := uint32(block), uint32(block>>32), uint32(stream), uint32(stream>>32)
	b0, b1, b2, b3 := uint32(next), uint32(next>>32), a2, a3
	for range rounds {
		high0, low0 := bits.Mul32(0xD2511F53, a0)
		high1, low1 := bits.Mul32(0xCD9E8D57, a2)
		high2, low2 := bits.Mul32(0xD2511F53, b0)
		high3, low3 := bits.Mul32(0xCD9E8D57, b2)
		a0, a1, a2, a3 = high1^a1^k0, low1, high0^a3^k1, low0
		b0, b1, b2, b3 = high3^b1^k0, low3, high2^b3^k1, low2
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	*words = [8]uint32{a0, a1, a2, a3, b0, b1, b2, b3}
}
