package synthetic

import (
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// The README shows the domains on a contact sheet, which this draws anew:
//
//	go test ./train/dataset/synthetic -run ContactSheet -update
var update = flag.Bool("update", false, "write the contact sheet instead of comparing with it")

const sheetFile = "../../../docs/synthetic-digits.png"

func TestContactSheetShowsWhatIsDrawn(t *testing.T) {
	want := contactSheet(Digits(1, 0, classes))
	if *update {
		f, err := os.Create(sheetFile)
		require.NoError(t, err)
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		require.NoError(t, encoder.Encode(f, want))
		require.NoError(t, f.Close())
		return
	}
	f, err := os.Open(sheetFile)
	require.NoError(t, err)
	defer f.Close()
	stored, err := png.Decode(f)
	require.NoError(t, err)
	got := image.NewRGBA(stored.Bounds())
	draw.Draw(got, got.Rect, stored, stored.Bounds().Min, draw.Src)
	require.Equal(t, want.Rect, got.Rect)
	require.True(t, string(want.Pix) == string(got.Pix),
		"%s shows other pictures; go test ./train/dataset/synthetic -run ContactSheet -update", sheetFile)
}

// contactSheet shows the first image of each digit, a row for each domain.
func contactSheet(b dataset.Task) *image.RGBA {
	const (
		zoom   = 2
		gap    = 6
		margin = 16
		title  = 132 // width of the names
		step   = zoom*side + gap
	)
	sheet := image.NewRGBA(image.Rect(0, 0, 2*margin+title+classes*step-gap, 2*margin+len(b.Domains)*step-gap))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for row, d := range b.Domains {
		top := margin + row*step
		label(sheet, d.Name, margin, top+zoom*side/2)
		for digit := range classes {
			left := margin + title + digit*step
			p := d.Image(digit)
			for y := range zoom * side {
				for x := range zoom * side {
					i := y/zoom*side + x/zoom
					sheet.SetRGBA(left+x, top+y, color.RGBA{p[i], p[side*side+i], p[2*side*side+i], 255})
				}
			}
		}
	}
	return sheet
}

// label writes a name in our own hand from x on, centred on y.
func label(sheet *image.RGBA, name string, x, y int) {
	const height = 19 // pixels of an ascender
	ink := newField(sheet.Rect.Dx())
	ink.fill(far)
	p := pen{
		place:      affine{xx: height / 100.0, yy: height / 100.0, x0: float64(x), y0: float64(y) - 0.6*height},
		vertical:   0.9,
		horizontal: 0.9,
	}
	for _, c := range name {
		l := letters[c]
		p.draw(ink, l.strokes)
		p.place.x0 += l.advance * height / 100
	}
	for i, d := range ink.at {
		if v := coverage(d); v > 0 {
			grey := uint8(255 - float64(215*v))
			sheet.SetRGBA(i%ink.side, i/ink.side, color.RGBA{grey, grey, grey, 255})
		}
	}
}

// letters are those of the domains' names, drawn like the digits; they stand on
// y = 100.
var letters = map[rune]struct {
	advance float64
	strokes glyph
}{
	'a': {64, glyph{bowl, line(46, 38, 46, 100)}},
	'd': {64, glyph{bowl, line(46, 0, 46, 100)}},
	'e': {62, glyph{line(2, 67, 46, 67), curve(46, 67, 40, 45, 24, 38, 8, 46, 2, 68, 8, 92, 26, 100, 43, 92)}},
	'h': {60, glyph{line(4, 0, 4, 100), arch, line(42, 64, 42, 100)}},
	'i': {22, glyph{line(4, 38, 4, 100), line(4, 14, 4, 17)}},
	'l': {22, glyph{line(4, 0, 4, 100)}},
	'n': {60, glyph{line(4, 38, 4, 100), arch, line(42, 64, 42, 100)}},
	'o': {62, glyph{bowl}},
	'p': {62, glyph{bowl, line(2, 38, 2, 130)}},
	'r': {42, glyph{line(4, 38, 4, 100), curve(4, 64, 11, 46, 30, 39)}},
	's': {54, glyph{curve(38, 46, 22, 38, 6, 46, 10, 62, 32, 74, 39, 88, 22, 100, 2, 92)}},
	't': {46, glyph{line(2, 38, 32, 38), line(16, 14, 16, 84), curve(16, 84, 21, 98, 33, 98)}},
	'u': {60, glyph{line(4, 38, 4, 76), curve(4, 76, 9, 95, 21, 100, 36, 92, 42, 74), line(42, 38, 42, 100)}},
	'w': {74, glyph{line(2, 38, 16, 100, 30, 44, 44, 100, 58, 38)}},
	'x': {54, glyph{line(2, 38, 40, 100), line(40, 38, 2, 100)}},
}

var (
	bowl = loop(24, 38, 8, 46, 2, 69, 8, 92, 24, 100, 40, 92, 46, 69, 40, 46)
	arch = curve(4, 62, 10, 45, 26, 38, 40, 46, 42, 64)
)
