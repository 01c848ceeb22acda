// Package synthetic draws labelled digits, so that the project can be tried
// without a download: a source domain like handwriting on black, and target
// domains that show the same digits in other ways.
//
// Nothing is stored but the shapes of the strokes. A picture is a pure function
// of (seed, domain, index), with the same bytes on every architecture.
package synthetic

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

const (
	side     = 32 // pixels of a row and of a column
	channels = 3
	classes  = 10
)

// A domain is one way to show digits.
type domain struct {
	name   string
	source bool // the domain that is trained on
	paint  func(e *easel, digit int)
}

// Each domain's number here is part of its pictures' random streams.
var domains = []domain{
	{"handwritten", true, (*easel).handwritten},
	{"textured", false, (*easel).textured},
	{"street", false, (*easel).street},
	{"printed", false, (*easel).printed},
	{"lowres", false, (*easel).lowres},
}

// training numbers the training images' streams, apart from every domain's.
const training = 1 << 16

// Digits draws train training images of the source domain, and for every
// domain, the source's own included, a test set of test images. Images are
// 3 x 32 x 32; image i shows the digit i mod 10, and is the same however many
// are drawn.
func Digits(seed uint64, train, test int) dataset.Task {
	b := dataset.Task{
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Source:  drawSet(seed, training, train, domains[0]),
	}
	for i, d := range domains {
		b.Domains = append(b.Domains, dataset.Domain{Name: d.name, Source: d.source, Images: drawSet(seed, uint64(i), test, d)})
	}
	return b
}

// DigitsTest draws one test set of Digits, the source's own for "". It reports
// whether there is such a domain.
func DigitsTest(seed uint64, domain string, test int) (images dataset.Images, ok bool) {
	for i, d := range domains {
		if d.name == domain || domain == "" && d.source {
			return drawSet(seed, uint64(i), test, d), true
		}
	}
	return dataset.Images{}, false
}

// DigitsDomains names the domains of Digits, the source first.
func DigitsDomains() []string {
	var names []string
	for _, d := range domains {
		names = append(names, d.name)
	}
	return names
}

// drawSet draws the images 0..n-1 of one domain on all processors.
func drawSet(seed, number uint64, n int, d domain) dataset.Images {
	const size = channels * side * side
	images := dataset.Images{
		Data: make([]uint8, n*size), Labels: make([]uint16, n),
		N: n, C: channels, H: side, W: side,
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			e := newEasel()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				digit := i % classes
				images.Labels[i] = uint16(digit)
				e.rng = rng.New(seed, rng.Synthetic.Sub(number<<32|uint64(i)))
				d.paint(e, digit)
				e.develop(images.Data[i*size:][:size])
			}
		})
	}
	done.Wait()
	return images
}
