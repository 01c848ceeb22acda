package dataset

import (
	"image"
	"image/color"
	"image/draw"
)

// Picture returns image n, which has one channel or three.
func (s *Images) Picture(n int) image.Image { return view{s, n} }

// view is one image of a set, grey or in colour.
type view struct {
	set *Images
	n   int
}

func (v view) ColorModel() color.Model { return color.RGBAModel }
func (v view) Bounds() image.Rectangle { return image.Rect(0, 0, v.set.W, v.set.H) }

func (v view) At(x, y int) color.Color {
	plane := v.set.H * v.set.W
	pixels, at := v.set.Image(v.n), y*v.set.W+x
	if v.set.C == 1 {
		return color.Gray{Y: pixels[at]}
	}
	return color.RGBA{R: pixels[at], G: pixels[plane+at], B: pixels[2*plane+at], A: 255}
}

// ContactSheet draws rows of pictures, all of the size of the first, with gap
// white pixels between them.
func ContactSheet(gap int, rows ...[]image.Image) image.Image {
	return sheet(rows[0][0].Bounds().Size(), gap, rows)
}

// Sheet draws rows of pictures of one size, of which some may be empty.
func Sheet(size image.Point, rows ...[]image.Image) image.Image { return sheet(size, 0, rows) }

func sheet(size image.Point, gap int, rows [][]image.Image) image.Image {
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	w, h := size.X+gap, size.Y+gap
	sheet := image.NewRGBA(image.Rect(0, 0, columns*w-gap, len(rows)*h-gap))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for y, row := range rows {
		for x, p := range row {
			draw.Draw(sheet, image.Rect(x*w, y*h, x*w+size.X, y*h+size.Y), p, p.Bounds().Min, draw.Src)
		}
	}
	return sheet
}

// Interleave sets dst, H x W x C, to a planar image, C x H x W.
func Interleave(dst, planar []uint8, channels int) {
	plane := len(planar) / channels
	for c := range channels {
		for i, v := range planar[c*plane:][:plane] {
			dst[i*channels+c] = v
		}
	}
}

// deinterleave sets dst, C x H x W, to an image of H x W x C.
func deinterleave(dst, interleaved []uint8, channels int) {
	plane := len(interleaved) / channels
	for c := range channels {
		for i := range plane {
			dst[c*plane+i] = interleaved[i*channels+c]
		}
	}
}
