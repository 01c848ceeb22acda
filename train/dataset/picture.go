package dataset

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/internal/resample"
)

// maxPictureBytes bounds a picture file, far above a photograph's size.
const maxPictureBytes = 1 << 26

// pictureFile is a picture file to read and its class.
type pictureFile struct {
	path  string
	label uint16
}

// PicturesError lists the picture files of a set that cannot be read.
type PicturesError struct {
	Files []error // an *Error each
	Total int     // files looked at
}

// Error names every file, one a line.
func (e *PicturesError) Error() string {
	if len(e.Files) == 1 {
		return e.Files[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d pictures cannot be read", len(e.Files), e.Total)
	for _, err := range e.Files {
		b.WriteString("\n  " + err.Error())
	}
	return b.String()
}

// Unwrap returns the errors of the files.
func (e *PicturesError) Unwrap() []error { return e.Files }

// PictureOptions say how pictures are read.
type PictureOptions struct {
	Side   int // height and width of the images
	Resize Resize

	// SkipBad leaves out pictures that cannot be read, see Task.Bad.
	SkipBad bool

	// MaxBytes bounds the images of all sets together, 0 for no bound: if they would
	// take more, a *SizeError says so before any is read.
	MaxBytes int64

	// Cache, if not nil, keeps the images on the disk. Where files can be mapped into
	// memory MaxBytes is no bound then.
	Cache *Cache

	// Progress, if not nil, is called while pictures are decoded that no Cache keeps, now
	// and then and at the end.
	Progress func(done, total int)

	// Done, once it is closed, ends decoding with ErrStopped; nil for never.
	Done <-chan struct{}

	decoded func() // counts one

	// Clipped, if not nil, counts the pictures read whose grey of 16 bits has values
	// above 255, which become white.
	Clipped *atomic.Int64
}

// ErrStopped is the error of reading pictures that was told to end.
var ErrStopped = errors.New("stopped while pictures were decoded")

func (o *PictureOptions) stopped() bool {
	select {
	case <-o.Done:
		return true
	default:
		return false
	}
}

// SizeError is about images that would take more memory than they may.
type SizeError struct{ Images, Side, Bytes, Most int64 }

// Error tells the sizes.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%d images of 3x%dx%d take %.1f MB of memory, more than the %.1f MB", e.Images, e.Side, e.Side,
		float64(e.Bytes)/1e6, float64(e.Most)/1e6)
}

// Resize is how a picture of another shape becomes a square image.
type Resize string

// The ways to resize, all with Pillow's bilinear filter.
const (
	Squash Resize = "squash" // to the square, without regard to proportions; "" is the same
	Crop   Resize = "crop"   // the shorter side to the square's, then its centre, as torchvision's Resize and CenterCrop
	Pad    Resize = "pad"    // the longer side to the square's, black beside it, as Pillow's ImageOps.pad
)

// Resizes lists them.
var Resizes = []Resize{Squash, Crop, Pad}

// pictureSet is picture files to read, and where to.
type pictureSet struct {
	images *Images
	files  []pictureFile
}

// pictureSets are read together, so that whatever is wrong with them is known at
// once.
type pictureSets []pictureSet

// read reads picture files as 3 x side x side images, as ReadPicture does, on all
// processors. The error is a *PicturesError: every file is looked at before it is
// returned. With SkipBad it is returned as bad, unless nothing is left of a set.
// what names the pictures for o.Cache: others have another name. clipped is what
// o.Clipped counts.
func (sets pictureSets) read(o PictureOptions, what string) (bad *PicturesError, clipped int, err error) {
	if err := sets.fit(&o); err != nil {
		return nil, 0, err
	}
	o.Clipped = new(atomic.Int64)
	o.count(sets.files())
	read := func(set pictureSet) []error { return set.readInto(&o) }
	if o.Cache != nil && len(sets.paths()) > 0 {
		file, err := o.Cache.file(sets, &o, what)
		if err != nil {
			return nil, 0, err
		}
		read = file.readInto
	}
	found := &PicturesError{}
	empty := false
	for _, set := range sets {
		found.Total += len(set.files)
		errs := read(set)
		if o.stopped() {
			return nil, 0, ErrStopped
		}
		found.Files = append(found.Files, errs...)
		empty = empty || len(errs) == len(set.files)
	}
	clipped = int(o.Clipped.Load())
	switch {
	case len(found.Files) == 0:
		return nil, clipped, nil
	case empty || !o.SkipBad:
		return nil, clipped, found
	}
	return found, clipped, nil
}

// count lets decoded call Progress, of so many pictures in all.
func (o *PictureOptions) count(total int) {
	o.decoded = func() {}
	if o.Progress == nil {
		return
	}
	const every = 16
	var mutex sync.Mutex
	done := 0
	o.decoded = func() {
		mutex.Lock()
		defer mutex.Unlock()
		if done++; done%every == 0 || done == total {
			o.Progress(done, total)
		}
	}
}

// files counts the files of all sets.
func (sets pictureSets) files() int {
	n := 0
	for _, set := range sets {
		n += len(set.files)
	}
	return n
}

// fit returns an error if the images would not fit into memory.
func (sets pictureSets) fit(o *PictureOptions) error {
	if o.Cache != nil && mapped.Supported {
		return nil
	}
	n, side := int64(sets.files()), int64(o.Side)
	if size := n * 3 * side * side; o.MaxBytes > 0 && size > o.MaxBytes {
		return &SizeError{n, side, size, o.MaxBytes}
	}
	return nil
}

// readInto reads the files of a set but for those that cannot be read, and returns
// their errors.
func (set pictureSet) readInto(o *PictureOptions) []error {
	side := o.Side
	images := newImages(len(set.files), 3, side, side)
	failures := make([]error, len(set.files))
	inParallel(len(set.files), func(i int) {
		if o.stopped() {
			return
		}
		failures[i] = ReadPicture(images.Image(i), o, set.files[i].path)
		o.decoded()
	})
	var errs []error
	n := 0
	for i, err := range failures {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if n < i {
			copy(images.Image(n), images.Image(i))
		}
		images.Labels[n] = set.files[i].label
		images.Files = append(images.Files, set.files[i].path)
		n++
	}
	images.N, images.Labels, images.Data = n, images.Labels[:n], images.Data[:n*3*side*side]
	*set.images = images
	return errs
}

// inParallel calls f with 0 to n-1 on all processors.
func inParallel(n int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
}

// ReadPicture reads a picture file to dst, see [DecodePicture]. Errors are
// *Error.
func ReadPicture(dst []uint8, o *PictureOptions, path string) error {
	content, err := readPictureFile(path)
	if err != nil {
		return err
	}
	if err := decodePicture(dst, o, content); err != nil {
		return &Error{path, err}
	}
	return nil
}

// DecodePicture reads a PNG, JPEG, GIF, WebP, BMP or TIFF picture to dst,
// 3 x side x side bytes of red, green and blue. A picture of another size is
// resized as the options say.
//
// The result is what Pillow's ImageOps.exif_transpose and convert("RGB") give:
// turned upright, without transparency, from 16 bits to 8, of an animated GIF the
// first frame on its canvas. (A frame that reaches beyond its canvas is
// cut, where Pillow extends the canvas.) The colours of JPEG and lossy WebP
// files are interpolated more simply than by libjpeg and libwebp: they differ by
// less than a grey level on average over photographs, by tens along sharp
// coloured edges.
func DecodePicture(dst []uint8, o *PictureOptions, r io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	if err != nil {
		return err
	}
	if len(content) > maxPictureBytes {
		return fmt.Errorf("a picture file of more than %d bytes", maxPictureBytes)
	}
	return decodePicture(dst, o, content)
}

// FromImage sets dst, 3 x side x side bytes, to a picture, resized as
// [DecodePicture] does. A picture without pixels is an error.
func FromImage(dst []uint8, o *PictureOptions, picture image.Image) error {
	b := picture.Bounds()
	if b.Empty() {
		return fmt.Errorf("a picture of %dx%d pixels", b.Dy(), b.Dx())
	}
	p := planes{data: make([]uint8, 3*b.Dx()*b.Dy()), h: b.Dy(), w: b.Dx()}
	toPlanes(p.data, picture)
	return p.resize(dst, o)
}

func decodePicture(dst []uint8, o *PictureOptions, content []byte) error {
	p, err := decode(content)
	if err != nil {
		return err
	}
	if p.clipped && o.Clipped != nil {
		o.Clipped.Add(1)
	}
	return p.resize(dst, o)
}

// mostLength is how many times the length of its shorter side a picture may have to
// be cropped: all of it is scaled.
const mostLength = 100

// resize sets dst to the planes, resized to a square.
func (p planes) resize(dst []uint8, o *PictureOptions) error {
	side := o.Side
	if o.Resize == Crop && max(p.h, p.w) > mostLength*min(p.h, p.w) {
		return fmt.Errorf("a picture of %dx%d pixels is too long to be cropped, expected at most %d:1", p.h, p.w, mostLength)
	}
	h, w := o.scaled(p.h, p.w)
	if p.h > maxPicturePixels/w { // what is scaled across before it is scaled down
		return fmt.Errorf("a picture of %dx%d pixels is too tall to be resized to %d pixels across, expected at most %d pixels of height", p.h, p.w, w, maxPicturePixels/w)
	}
	if h == side && w == side && (p.h != side || p.w != side) {
		resample.NewResizer(resample.Bilinear, p.h, p.w, side, side).Planes(dst[:3*side*side], p.data)
		return nil
	}
	top, left := centred(side, h), centred(side, w)
	scaled := p.scale(h, w)
	for c := range 3 {
		from, to := scaled.data[c*h*w:][:h*w], dst[c*side*side:][:side*side]
		for y := max(0, top); y < min(side, top+h); y++ {
			row := from[(y-top)*w:][:w]
			copy(to[y*side+max(0, left):(y+1)*side], row[max(0, -left):])
		}
	}
	if h < side || w < side {
		clearAround(dst, side, top, left, h, w)
	}
	return nil
}

// scaled returns the size to which a picture of h x w pixels is scaled.
func (o *PictureOptions) scaled(h, w int) (int, int) {
	side := o.Side
	// As Python computes it: a quotient rounded, half to even.
	rounded := func(a, b int) int { return max(1, int(math.RoundToEven(float64(a)/float64(b)*float64(side)))) }
	switch {
	case o.Resize == Crop && h <= w:
		return side, side * w / h
	case o.Resize == Crop:
		return side * h / w, side
	case o.Resize == Pad && h <= w:
		return rounded(h, w), side
	case o.Resize == Pad:
		return side, rounded(w, h)
	}
	return side, side
}

// centred returns where an extent of n begins in the middle of one of side pixels,
// below 0 if it is longer.
func centred(side, n int) int {
	if n > side {
		return -int(math.RoundToEven(float64(n-side) / 2))
	}
	return int(math.RoundToEven(float64(side-n) / 2))
}

// scale returns the planes in another size.
func (p planes) scale(h, w int) planes {
	if p.h == h && p.w == w {
		return p
	}
	s := planes{data: make([]uint8, 3*h*w), h: h, w: w}
	resample.NewResizer(resample.Bilinear, p.h, p.w, h, w).Planes(s.data, p.data)
	return s
}

// clearAround makes black what lies outside of h x w pixels in 3 x side x side.
func clearAround(dst []uint8, side, top, left, h, w int) {
	for i := range dst {
		y, x := i/side%side, i%side
		if y < top || y >= top+h || x < left || x >= left+w {
			dst[i] = 0
		}
	}
}

func readPictureFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Error{path, pathCause(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, errorf(path, "not a regular file") // opening a pipe would wait for ever
	}
	if info.Size() > maxPictureBytes {
		return nil, errorf(path, "a picture file of %d bytes (at most %d)", info.Size(), maxPictureBytes)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{path, pathCause(err)}
	}
	return content, nil
}
