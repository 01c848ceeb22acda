// Package dataset reads labelled images in the formats they are published in:
// bytes in one block or one mapped file, never one allocation an image.
//
// Sizes that a file declares are checked against what is there before memory
// is taken, and decompression is bounded. Whatever is wrong with a file is an
// *Error, which names it.
package dataset

import (
	"errors"
	"fmt"

	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Images is N labelled images of C x H x W bytes.
type Images struct {
	Data       []uint8  // N*C*H*W: image by image, plane by plane, row by row; nil if they are in a Cache
	Labels     []uint16 // N: classes from 0
	N, C, H, W int

	Files []string // N paths, of images that are a file each; nil of others

	cached *mapped.File // what holds the images instead of Data, nil for none
	places []int32      // N numbers of the images in it
}

func newImages(n, c, h, w int) Images {
	return Images{Data: make([]uint8, n*c*h*w), Labels: make([]uint16, n), N: n, C: c, H: h, W: w}
}

// Image returns the C*H*W bytes of image n.
func (s *Images) Image(n int) []uint8 {
	size := s.C * s.H * s.W
	if s.cached != nil {
		s.cached.Use(size)
		return s.cached.Data[int(s.places[n])*size:][:size]
	}
	return s.Data[n*size:][:size]
}

// Block returns images lo to hi-1 as one block of bytes: a part of Data or, where the
// images are in a Cache, buffer, which must have room for them.
func (s *Images) Block(buffer []uint8, lo, hi int) []uint8 {
	size := s.C * s.H * s.W
	if s.cached == nil {
		return s.Data[lo*size : hi*size]
	}
	buffer = buffer[:(hi-lo)*size]
	for n := lo; n < hi; n++ {
		copy(buffer[(n-lo)*size:], s.Image(n))
	}
	return buffer
}

// Cached reports whether the images are in the mapped file of a [Cache], and take no
// memory of their own.
func (s *Images) Cached() bool { return s.cached != nil }

// ResidentBytes returns what images in a Cache take of the process's memory at most, 0 for
// others.
func (s *Images) ResidentBytes() int64 {
	if s.cached == nil {
		return 0
	}
	return min(int64(len(s.cached.Data)), mapped.Resident)
}

// Complete reports whether the bytes of all N images are there.
func (s *Images) Complete() bool {
	size := s.C * s.H * s.W
	if s.cached != nil {
		return len(s.places) == s.N
	}
	return len(s.Data) >= s.N*size
}

// Domain is the test set of one kind of images.
type Domain struct {
	Name string
	Images

	// Source marks images of the kind that was trained on. Their accuracy is
	// shown beside the other domains', never averaged with it.
	Source bool

	// Held marks images of the source that are held out of its training images,
	// for validation. They are marked Source as well.
	Held bool

	// Severities, if not nil, is what a corrupted domain consists of: each reads
	// the images of one severity, from the mildest on, when their turn comes.
	// Images has their shape and N, the number of all of them, but no data.
	Severities []func(Blocks) (Images, error)
}

// Blocks are the images that a reader of a part looks at: Size of them from First on, as
// many from First+Step on, and so on to the end. Zero stands for all. The others need not
// be there.
type Blocks struct{ First, Size, Step int }

// Parts returns the number of parts to read the domain in: its severities, or
// one.
func (d *Domain) Parts() int { return max(1, len(d.Severities)) }

// Part returns one part of the domain, with some of its images at least.
func (d *Domain) Part(i int, some Blocks) (Images, error) {
	if d.Severities == nil {
		return d.Images, nil
	}
	return d.Severities[i](some)
}

// Subsample returns the images that Spread names: a copy, or the set itself if it has
// no more.
func (s *Images) Subsample(n int) Images {
	if n >= s.N {
		return *s
	}
	return s.Pick(s.Spread(n))
}

// Spread returns the numbers of n images, or of all if there are no more: one drawn
// from each of n equal stretches of the set and always the same ones, so that none of
// the classes is left out, be the set sorted by class or its classes in turn.
func (s *Images) Spread(n int) []int {
	numbers := make([]int, min(n, s.N))
	random := rng.New(0, rng.Subsample)
	for i := range numbers {
		numbers[i] = i
		if n < s.N {
			low, high := i*s.N/n, (i+1)*s.N/n
			numbers[i] = low + random.IntN(high-low)
		}
	}
	return numbers
}

// Pick returns a copy of the images with some numbers, in their order. Those in a Cache
// stay there.
func (s *Images) Pick(numbers []int) Images {
	var some Images
	if s.cached != nil {
		some = Images{N: len(numbers), C: s.C, H: s.H, W: s.W, cached: s.cached,
			Labels: make([]uint16, len(numbers)), places: make([]int32, len(numbers))}
	} else {
		some = newImages(len(numbers), s.C, s.H, s.W)
	}
	if s.Files != nil {
		some.Files = make([]string, len(numbers))
	}
	for i, from := range numbers {
		if s.cached != nil {
			some.places[i] = s.places[from]
		} else {
			copy(some.Image(i), s.Image(from))
		}
		some.Labels[i] = s.Labels[from]
		if s.Files != nil {
			some.Files[i] = s.Files[from]
		}
	}
	return some
}

// keep leaves the images with some numbers, in ascending order, where they were.
func (s *Images) keep(numbers []int) {
	for i, from := range numbers {
		if s.cached != nil {
			s.places[i] = s.places[from]
		} else if i != from {
			copy(s.Image(i), s.Image(from))
		}
		s.Labels[i] = s.Labels[from]
		if s.Files != nil {
			s.Files[i] = s.Files[from]
		}
	}
	s.N, s.Labels = len(numbers), s.Labels[:len(numbers)]
	if s.cached != nil {
		s.places = s.places[:s.N]
	} else {
		s.Data = s.Data[:s.N*s.C*s.H*s.W]
	}
	if s.Files != nil {
		s.Files = s.Files[:s.N]
	}
}

// MaxClasses is how many classes labels tell apart.
const MaxClasses = 1<<16 - 1

// Task is what a network is trained and tested on.
type Task struct {
	Classes []string // names, by label
	Source  Images   // the training images
	Held    Images   // images of the source held out for validation; N = 0: none
	Domains []Domain // the test sets found
	Absent  []string // what of it was not found, with the files looked for

	// Of pictures in folders, else zero: how they lie there, the domains trained on
	// where they have names, and what is not read.
	Layout   string
	Sources  []string
	LeftOut  []LeftOut
	Bad      *PicturesError // the pictures left out because they cannot be read, nil for none
	Clipped  int            // the pictures whose grey of 16 bits is cut at 255
	Beside   string         // a picture for which folders that look like domains are taken for classes, "" for none
	NoDomain int            // pictures to train on that a manifest gives no domain, where it gives others one
	Alike    []string       // two of the classes that have folders of the same names in them, as domains have, nil for none

	Holdout float64 // the share of the source's images that Held was drawn with
}

// ErrData is what every *Error is, for errors.Is.
var ErrData = errors.New("data missing or malformed")

// Error says what is wrong with a file or folder of images.
type Error struct {
	Path string
	Err  error
}

// Error names the file or folder first.
func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is ErrData.
func (e *Error) Is(target error) bool { return target == ErrData }

func errorf(path, format string, args ...any) error {
	return &Error{path, fmt.Errorf(format, args...)}
}
