package dataset

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	"image/draw"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Pictures of every format are what Pillow reads, see testdata/make_pictures.py.
func TestPicturesAsPillowReadsThem(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("testdata", "pictures")
	list, err := os.ReadFile(filepath.Join(folder, "pictures.txt"))
	require.NoError(t, err)
	count := 0
	for line := range strings.Lines(string(list)) {
		var name, values string
		var h, w int
		_, err := fmt.Sscan(line, &name, &h, &w, &values)
		require.NoError(t, err)
		interleaved, err := hex.DecodeString(values)
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		p, err := decode(content)
		require.NoError(t, err, name)
		require.Equal(t, [2]int{h, w}, [2]int{p.h, p.w}, name)
		room := 0.0
		if strings.HasSuffix(name, ".jpg") || strings.HasPrefix(name, "plain") {
			room = 3 // lossy
		}
		for i, want := range interleaved {
			got := p.data[i%3*h*w+i/3]
			require.LessOrEqual(t, math.Abs(float64(want)-float64(got)), room, "%s: value %d is %d, not %d", name, i, got, want)
		}
		count++
	}
	require.Equal(t, 44, count)
}

// What a file is whose name promises a picture.
func TestUnknownFormats(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"":                                  "an empty file",
		"\x00\x00\x00\x18ftypheic\x00\x00":  "a HEIC or AVIF picture, which is not read: convert it to JPEG or PNG",
		"\x00\x00\x00\x1cftypavif\x00\x00":  "a HEIC or AVIF picture, which is not read: convert it to JPEG or PNG",
		"\x00\x00\x00\x14ftypqt  \x00\x00":  "a video",
		"\n<!DOCTYPE html><html>404</html>": "a text file with markup, not a picture",
		"\xff\xd8\xff\xc0\x00\x0b\x0c\x00\x01\x00\x01\x01\x01\x11\x00": "unsupported JPEG feature: precision: convert it to a PNG of 8 bits",
		"\x00\x00\x00\x18ftyp": "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture",
		"no picture":           "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture",
	} {
		require.EqualError(t, DecodePicture(make([]uint8, 3*8*8), &PictureOptions{Side: 8}, strings.NewReader(content)), want)
	}
}

func TestFrameBeyondItsCanvasIsCut(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "pictures", "whole.gif"))
	require.NoError(t, err)
	whole, err := decode(content)
	require.NoError(t, err)
	content[6], content[8] = 3, 2 // of 5 x 3
	cut, err := decode(content)
	require.NoError(t, err)
	require.Equal(t, [2]int{2, 3}, [2]int{cut.h, cut.w})
	for c := range 3 {
		for y := range 2 {
			require.Equal(t, whole.data[c*15+y*5:][:3], cut.data[c*6+y*3:][:3])
		}
	}
}

func TestPicturesFromReadersAndImages(t *testing.T) {
	t.Parallel()
	file, planes := picture(t, 16, 3)
	got := make([]uint8, 3*16*16)
	require.NoError(t, DecodePicture(got, &PictureOptions{Side: 16}, bytes.NewReader(file)))
	require.Equal(t, planes, got)
	m, _, err := image.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	clear(got)
	require.NoError(t, FromImage(got, &PictureOptions{Side: 16}, m))
	require.Equal(t, planes, got)

	smaller, same := make([]uint8, 3*9*9), make([]uint8, 3*9*9)
	require.NoError(t, DecodePicture(smaller, &PictureOptions{Side: 9}, bytes.NewReader(file)))
	require.NoError(t, FromImage(same, &PictureOptions{Side: 9}, m))
	require.Equal(t, smaller, same)

	require.ErrorContains(t, FromImage(got, &PictureOptions{Side: 16}, image.NewGray(image.Rect(0, 0, 0, 3))), "3x0 pixels")
	require.EqualError(t, DecodePicture(got, &PictureOptions{Side: 16}, bytes.NewReader(nil)), "an empty file")
}

// The colours of JPEG become those of package image/draw, whatever part of a
// picture is there and however its chroma is sampled.
func TestJPEGColours(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		whole := image.NewYCbCr(image.Rect(0, 0, 41, 23), ratio)
		for _, plane := range [][]uint8{whole.Y, whole.Cb, whole.Cr} {
			for i := range plane {
				plane[i] = uint8(random.Uint32())
			}
		}
		for _, part := range []image.Rectangle{whole.Rect, image.Rect(1, 0, 40, 23), image.Rect(3, 5, 18, 6), image.Rect(6, 2, 9, 23)} {
			p := whole.SubImage(part).(*image.YCbCr)
			rgba := image.NewRGBA(part)
			draw.Draw(rgba, part, p, part.Min, draw.Src)
			n := part.Dx() * part.Dy()
			got := make([]uint8, 3*n)
			toPlanes(got, p)
			for i := range n {
				require.Equal(t, rgba.Pix[4*i:4*i+3], []uint8{got[i], got[n+i], got[2*n+i]}, "%v, %v, pixel %d", ratio, part, i)
			}
		}
	}
}

// A picture is scaled across before it is scaled down: one that is tall beyond reason
// would take gigabytes in between.
func TestTallPictures(t *testing.T) {
	t.Parallel()
	tall := image.NewGray(image.Rect(0, 0, 1, 1<<19))
	for _, resize := range []Resize{Squash, Crop} {
		err := FromImage(make([]uint8, 3*224*224), &PictureOptions{Side: 224, Resize: resize}, tall)
		require.ErrorContains(t, err, "a picture of 524288x1 pixels is too ")
	}
	require.NoError(t, FromImage(make([]uint8, 3*32*32), &PictureOptions{Side: 32}, tall))
	require.NoError(t, FromImage(make([]uint8, 3*224*224), &PictureOptions{Side: 224, Resize: Pad}, tall))
}

func TestAnimatedWebP(t *testing.T) {
	t.Parallel()
	animated := []byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00")
	err := DecodePicture(make([]uint8, 3*8*8), &PictureOptions{Side: 8}, bytes.NewReader(animated))
	require.EqualError(t, err, "an animated WebP picture, which is not read: convert it to PNG")
}

// Pictures decoded at the same time take no more memory together than there is, but for
// one alone.
func TestBudget(t *testing.T) {
	t.Parallel()
	b := budget{left: 10, changed: sync.NewCond(new(sync.Mutex))}
	b.take(25)
	var lock sync.Mutex
	var most, sum, done int
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			n := 1 + i%7
			b.take(n)
			lock.Lock()
			sum += n
			most = max(most, sum)
			lock.Unlock()
			runtime.Gosched()
			lock.Lock()
			sum -= n
			done++
			lock.Unlock()
			b.give(n)
		})
	}
	for range 100 {
		runtime.Gosched()
	}
	lock.Lock()
	require.Zero(t, done+sum, "all wait for the one that has too much")
	lock.Unlock()
	b.give(25)
	all.Wait()
	require.Equal(t, 10, b.left)
	require.Zero(t, b.taken)
	require.LessOrEqual(t, most, 10)
	require.Equal(t, 50, done)
}
