// Package corrupt is the corruption suite of CIFAR-10-C: the 15 common
// corruptions that the paper averages over and the 4 extra ones, each at five
// severities, with the published constants (Hendrycks and Dietterich,
// "Benchmarking neural network robustness to common corruptions and
// perturbations", ICLR 2019).
//
// A corrupted image is a pure function of (image, corruption, severity, seed,
// the image's number): the same bytes at every number of threads and on every
// architecture. That is why no product here feeds an addition without a
// conversion between them, which keeps the compiler from fusing the two, and
// why exponentials and sines are computed here. The published set drew its
// random numbers from a generator that was never recorded, so this one equals
// it in distribution; what needs no random number agrees to a grey level.
//
// # Larger images
//
// The constants belong to images of 32 x 32. A larger image is corrupted so
// that it would look the same beside a small one: lengths in pixels (the widths
// of blurs, the reach of motion and glass, flakes, drops, displacements) grow
// with the shorter side. What is relative already (zoom, pixelate, fog, colours,
// contrast, JPEG's quality) stays, and noise stays independent from pixel to
// pixel.
package corrupt

import (
	"fmt"
	"slices"
	"sync"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Severities is the number of severities, which count from 1.
const Severities = 5

// MinSide is the smallest width and height of an image.
const MinSide = 32

// A corruption corrupts a worker's image; the severity counts from 0.
type corruption struct {
	name  string
	apply func(w *worker, severity int)
}

// corruptions are in their published order. The position of each decides the
// random numbers it draws, so new ones are added at the end.
var corruptions = [...]corruption{
	{"gaussian_noise", (*worker).gaussianNoise},
	{"shot_noise", (*worker).shotNoise},
	{"impulse_noise", (*worker).impulseNoise},
	{"defocus_blur", (*worker).defocusBlur},
	{"glass_blur", (*worker).glassBlur},
	{"motion_blur", (*worker).motionBlur},
	{"zoom_blur", (*worker).zoomBlur},
	{"snow", (*worker).snow},
	{"frost", (*worker).frost},
	{"fog", (*worker).fog},
	{"brightness", (*worker).brightness},
	{"contrast", (*worker).contrast},
	{"elastic_transform", (*worker).elasticTransform},
	{"pixelate", (*worker).pixelate},
	{"jpeg_compression", (*worker).jpegCompression},
	{"speckle_noise", (*worker).speckleNoise},
	{"gaussian_blur", (*worker).gaussianBlur},
	{"spatter", (*worker).spatter},
	{"saturate", (*worker).saturate},
}

// paper is how many of the corruptions the paper averages over.
const paper = 15

// Names returns the names of all corruptions, which are also those of the
// published files, in their published order.
func Names() []string {
	names := make([]string, len(corruptions))
	for i, c := range corruptions {
		names[i] = c.name
	}
	return names
}

// Paper returns the 15 names that the paper averages over, the first of Names.
func Paper() []string { return Names()[:paper] }

// A Suite corrupts images of one size. It is not safe for concurrent use.
type Suite struct {
	engine        *tensor.Engine
	width, height int
	seed          uint64
	scale         float64 // the shorter side over that of a CIFAR image

	poisson  func() *[Severities][256]quantiles
	textures func() []Texture
	workers  []*worker

	// The call at hand.
	dst, src         []uint8
	number, severity int
	first            int
}

// NewSuite prepares the corruption of images of that size, each side at least
// MinSide, by the engine's workers. Frost is cut from the given pictures, or
// from generated ones if there are none.
func NewSuite(engine *tensor.Engine, width, height int, seed uint64, frost []Texture) *Suite {
	if min(width, height) < MinSide {
		panic(fmt.Sprintf("corrupt: images of %dx%d", height, width))
	}
	engine.Reserve(0, 0)
	tensor.Elements(3, width, height)
	s := &Suite{
		engine: engine,
		width:  width, height: height,
		seed:    seed,
		scale:   float64(min(width, height)) / 32,
		poisson: sync.OnceValue(shotQuantiles),
	}
	s.textures = sync.OnceValue(func() []Texture {
		if len(frost) > 0 {
			return shrinkTextures(frost, width, height, s.scale)
		}
		drawn := frostTextures(s.scale)
		if max(width, height) > drawn[0].Width { // of elongated images
			return shrinkTextures(drawn, width, height, s.scale)
		}
		return drawn
	})
	s.workers = make([]*worker, engine.Threads())
	for i := range s.workers {
		s.workers[i] = newWorker(s)
	}
	return s
}

// Apply corrupts the images of src into dst, both N x 3 x height x width bytes,
// which may be the same. first is the number of the first image in its set; the
// others follow.
//
// It panics for an unknown name, a severity that is not from 1 to Severities,
// and sizes that do not fit.
func (s *Suite) Apply(dst, src []uint8, name string, severity, first int) {
	number := slices.IndexFunc(corruptions[:], func(c corruption) bool { return c.name == name })
	size := 3 * s.width * s.height
	if number < 0 || severity < 1 || severity > Severities || len(dst) != len(src) || len(src)%size != 0 || first < 0 {
		panic(fmt.Sprintf("corrupt: %d bytes to %d of %dx%d images from %d on, %q of severity %d",
			len(src), len(dst), s.height, s.width, first, name, severity))
	}
	s.dst, s.src, s.number, s.severity, s.first = dst, src, number, severity-1, first
	s.engine.Run(len(src)/size, s)
	s.dst, s.src = nil, nil
}

// Do corrupts one image. It makes a Suite a tensor.Task; callers use Apply.
func (s *Suite) Do(image, thread int) {
	w := s.workers[thread]
	size := 3 * s.width * s.height
	w.src, w.dst = s.src[image*size:][:size], s.dst[image*size:][:size]
	index := (uint64(s.first+image)*uint64(len(corruptions))+uint64(s.number))*Severities + uint64(s.severity)
	w.random = *rng.New(s.seed, rng.Corrupt.Sub(index))
	corruptions[s.number].apply(w, s.severity)
}

// A worker corrupts one image at a time. Its memory is reused.
type worker struct {
	*Suite
	random   rng.Source
	src, dst []uint8 // 3 x height x width

	x       []float64    // 3 x height x width, the image in [0, 1]
	planes  [4][]float64 // height x width
	bytes   [3][]uint8   // height x width
	kernel  []float64
	line    []float64
	heights []float64 // of the fog
	columns []int
	places  []place // width
	sums    []int
	stack   []int // pixels of edges whose neighbours are to be seen
	resized [Severities]*pixelation
	jpeg    *jpeg
}

func newWorker(s *Suite) *worker {
	w := &worker{Suite: s}
	size := s.width * s.height
	w.x = make([]float64, 3*size)
	for i := range w.planes {
		w.planes[i] = make([]float64, size)
	}
	for i := range w.bytes {
		w.bytes[i] = make([]uint8, size)
	}
	w.line = make([]float64, max(s.width, s.height))
	w.columns = make([]int, s.width)
	w.places = make([]place, s.width)
	w.jpeg = newJPEG(s.width, s.height)
	return w
}

// channel returns one plane of x.
func (w *worker) channel(c int) []float64 {
	size := w.width * w.height
	return w.x[c*size:][:size]
}

// load sets x to the image.
func (w *worker) load() {
	for i, b := range w.src {
		w.x[i] = float64(b) / 255
	}
}

// store sets the result to x.
func (w *worker) store() {
	for i, v := range w.x {
		w.dst[i] = toByte(v)
	}
}

// toByte converts from [0, 1] as the reference does: it clips, then truncates.
func toByte(v float64) uint8 { return uint8(min(max(v, 0), 1) * 255) }
