package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // formats that image.Decode knows
	_ "image/jpeg"
	_ "image/png"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/meada-cpu/meada-cpu/internal/resample"
)

// Bounds of a picture file: far above a photograph, far below what would fill
// the memory.
const (
	maxPictureBytes  = 1 << 26
	maxPicturePixels = 1 << 26
	largePixels      = 1 << 24

	// No format packs more pixels into a byte; black and white PNG comes closest.
	maxPixelsOfByte = 1 << 14
)

// pictureFile is a PNG or JPEG file to read and its class.
type pictureFile struct {
	path  string
	label uint16
}

// readPictures reads picture files as 3 x side x side images, on all processors.
// A picture of another size is resized with Pillow's bilinear filter, without
// regard to its proportions.
//
// PNG files give the bytes that Pillow gives. The standard library's JPEG
// decoder interpolates colours more simply than libjpeg does, so JPEG files
// differ from Pillow's: by less than a grey level on average over photographs,
// by tens along sharp coloured edges.
func readPictures(files []pictureFile, side int) (Images, error) {
	images := newImages(len(files), 3, side, side)
	failures := make([]error, len(files))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				images.Labels[i] = files[i].label
				if err := ReadPicture(images.Image(i), side, files[i].path); err != nil {
					failures[i] = err
					next.Store(int64(len(files)))
				}
			}
		})
	}
	workers.Wait()
	for _, err := range failures {
		if err != nil {
			return Images{}, err
		}
	}
	return images, nil
}

// ReadPicture reads a PNG, JPEG or GIF file (of which it takes the first frame) to
// dst, 3 x side x side, resized with Pillow's bilinear filter.
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

// decodePicture decodes a PNG, JPEG or GIF file to dst, 3 x side x side.
func decodePicture(dst []uint8, side int, content []byte) error {
	planes, h, w, err := decode(content)
	if err != nil {
		return err
	}
	if w == side && h == side {
		copy(dst, planes)
		return nil
	}
	resizer := resample.NewResizer(resample.Bilinear, h, w, side, side)
	for c := range 3 {
		resizer.Plane(dst[c*side*side:][:side*side], planes[c*h*w:][:h*w])
	}
	return nil
}

// large is held while a large picture is decoded. That takes up to 15 bytes a
// pixel, too many for every processor to have one at a time.
var large sync.Mutex

// decode decodes a picture to its red, green and blue planes of h x w. Its size
// is looked at before any pixel is decoded.
func decode(content []byte) (planes []uint8, h, w int, err error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, 0, 0, err
	}
	h, w = config.Height, config.Width
	if w < 1 || h < 1 || w > maxPicturePixels/h {
		return nil, 0, 0, fmt.Errorf("a picture of %dx%d pixels (at most %d)", h, w, maxPicturePixels)
	}
	if h*w > maxPixelsOfByte*len(content) {
		return nil, 0, 0, fmt.Errorf("a picture of %dx%d pixels in a file of %d bytes", h, w, len(content))
	}
	if h*w > largePixels {
		large.Lock()
		defer large.Unlock()
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, 0, 0, err
	}
	if frame := picture.Bounds(); frame.Dx() != w || frame.Dy() != h { // possible in a GIF file
		return nil, 0, 0, fmt.Errorf("a frame of %dx%d pixels in a picture of %dx%d", frame.Dy(), frame.Dx(), h, w)
	}
	planes = make([]uint8, 3*h*w)
	toPlanes(planes, picture)
	return planes, h, w, nil
}

// toPlanes writes the red, green and blue planes of a picture, dropping
// transparency as Pillow's convert("RGB") does.
func toPlanes(dst []uint8, picture image.Image) {
	bounds := picture.Bounds()
	plane := bounds.Dx() * bounds.Dy()
	if opaque, ok := picture.(interface{ Opaque() bool }); ok && opaque.Opaque() {
		rgba := image.NewRGBA(bounds)
		draw.Draw(rgba, bounds, picture, bounds.Min, draw.Src)
		for i := range plane {
			dst[i], dst[plane+i], dst[2*plane+i] = rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2]
		}
		return
	}
	at := 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
			dst[at], dst[plane+at], dst[2*plane+at] = c.R, c.G, c.B
			at++
		}
	}
}
