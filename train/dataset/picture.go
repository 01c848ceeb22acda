package dataset

import (
	"fmt"
	"image"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

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
	Side int // height and width of the images

	// SkipBad leaves out pictures that cannot be read, see Task.Bad.
	SkipBad bool
}

// pictureSet is picture files to read, and where to.
type pictureSet struct {
	images *Images
	files  []pictureFile
}

// pictureSets are read together, so that whatever is wrong with them is known at
// once.
type pictureSets []pictureSet

// readPictures reads picture files as one set, see pictureSets.read.
func readPictures(files []pictureFile, o PictureOptions) (Images, error) {
	var images Images
	_, err := pictureSets{{&images, files}}.read(&o)
	return images, err
}

// read reads picture files as 3 x side x side images, as ReadPicture does, on all
// processors. The error is a *PicturesError: every file is looked at before it is
// returned. With SkipBad it is returned as bad, unless nothing is left of a set.
func (sets pictureSets) read(o *PictureOptions) (bad *PicturesError, err error) {
	found := &PicturesError{}
	empty := false
	for _, set := range sets {
		found.Total += len(set.files)
		errs := set.readInto(o.Side)
		found.Files = append(found.Files, errs...)
		empty = empty || len(errs) == len(set.files)
	}
	switch {
	case len(found.Files) == 0:
		return nil, nil
	case empty || !o.SkipBad:
		return nil, found
	}
	return found, nil
}

// readInto reads the files of a set but for those that cannot be read, and returns
// their errors.
func (set pictureSet) readInto(side int) []error {
	images := newImages(len(set.files), 3, side, side)
	failures := make([]error, len(set.files))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(set.files)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(set.files); i = int(next.Add(1)) - 1 {
				failures[i] = ReadPicture(images.Image(i), side, set.files[i].path)
			}
		})
	}
	workers.Wait()
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

// ReadPicture reads a picture file to dst, see [DecodePicture]. Errors are
// *Error.
func ReadPicture(dst []uint8, side int, path string) error {
	content, err := readPictureFile(path)
	if err != nil {
		return err
	}
	if err := decodePicture(dst, side, content); err != nil {
		return &Error{path, err}
	}
	return nil
}

// DecodePicture reads a PNG, JPEG, GIF, WebP, BMP or TIFF picture to dst,
// 3 x side x side bytes of red, green and blue. A picture of another size is
// resized with Pillow's bilinear filter, without regard to its proportions.
//
// The result is what Pillow's ImageOps.exif_transpose and convert("RGB") give:
// turned upright, without transparency, from 16 bits to 8, of an animation the
// first frame on its canvas. (A GIF's frame that reaches beyond its canvas is
// cut, where Pillow extends the canvas.) The colours of JPEG and lossy WebP
// files are interpolated more simply than by libjpeg and libwebp: they differ by
// less than a grey level on average over photographs, by tens along sharp
// coloured edges.
func DecodePicture(dst []uint8, side int, r io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	if err != nil {
		return err
	}
	if len(content) > maxPictureBytes {
		return fmt.Errorf("a picture file of more than %d bytes", maxPictureBytes)
	}
	return decodePicture(dst, side, content)
}

// FromImage sets dst, 3 x side x side bytes, to a picture, resized as
// [DecodePicture] does. A picture without pixels is an error.
func FromImage(dst []uint8, side int, picture image.Image) error {
	b := picture.Bounds()
	if b.Empty() {
		return fmt.Errorf("a picture of %dx%d pixels", b.Dy(), b.Dx())
	}
	p := planes{make([]uint8, 3*b.Dx()*b.Dy()), b.Dy(), b.Dx()}
	toPlanes(p.data, picture)
	p.resize(dst, side)
	return nil
}

func decodePicture(dst []uint8, side int, content []byte) error {
	p, err := decode(content)
	if err != nil {
		return err
	}
	p.resize(dst, side)
	return nil
}

// resize sets dst to the planes, resized to side x side.
func (p planes) resize(dst []uint8, side int) {
	if p.w == side && p.h == side {
		copy(dst, p.data)
		return
	}
	resample.NewResizer(resample.Bilinear, p.h, p.w, side, side).Planes(dst, p.data)
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
