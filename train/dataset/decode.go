package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"sync"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp" // a format that image.Decode knows, as the others here are
)

// Bounds of a picture: far above a photograph, far below what would fill the
// memory.
const (
	maxPicturePixels = 1 << 26

	// PNG, JPEG, GIF and BMP pack no more pixels into a byte, black and white PNG comes
	// closest; TIFF and WebP may take a few bytes for a blank page.
	maxPixelsOfByte = 1 << 14
)

// planes is a picture's planes of red, green and blue, h x w each.
type planes struct {
	data    []uint8
	h, w    int
	clipped bool // grey of 16 bits had values above 255
}

// decoding is the memory of the pictures that are being decoded: too many large ones at a
// time would fill it.
var decoding = budget{left: 1 << 30, changed: sync.NewCond(new(sync.Mutex))}

// bytesOfPixel returns how many bytes decoding takes for a pixel at most.
func bytesOfPixel(content []byte, format string, colours color.Model) int {
	progressive := []byte{0xff, 0xc2}
	switch {
	case format != "jpeg":
		return 15 // of four values of 16 bits
	case colours == color.YCbCrModel && !bytes.Contains(content, progressive):
		return 9
	}
	return 24
}

// budget is what is shared by those who take some of it and wait until there is enough.
type budget struct {
	left    int // negative while one has more than there is
	taken   int // by how many
	changed *sync.Cond
}

// take waits until there is so much left, or nobody else has any.
func (b *budget) take(n int) {
	b.changed.L.Lock()
	defer b.changed.L.Unlock()
	for b.taken > 0 && n > b.left {
		b.changed.Wait()
	}
	b.left -= n
	b.taken++
}

func (b *budget) give(n int) {
	b.changed.L.Lock()
	defer b.changed.L.Unlock()
	b.left += n
	b.taken--
	b.changed.Broadcast()
}

// decode decodes a picture and turns it upright. Its size is looked at before
// any pixel is decoded.
func decode(content []byte) (planes, error) {
	if len(content) == 0 {
		return planes{}, errors.New("an empty file")
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if errors.Is(err, image.ErrFormat) {
		return planes{}, errors.New(unknownFormat(content))
	}
	if err != nil {
		return planes{}, unreadKind(err)
	}
	if format == "webp" && len(content) > 20 && string(content[12:16]) == "VP8X" && content[20]&2 != 0 {
		return planes{}, errors.New("an animated WebP picture, which is not read: convert it to PNG")
	}
	h, w := config.Height, config.Width
	if w < 1 || h < 1 || w > maxPicturePixels/h {
		return planes{}, fmt.Errorf("a picture of %dx%d pixels (at most %d)", h, w, maxPicturePixels)
	}
	if h*w > maxPixelsOfByte*len(content) && format != "tiff" && format != "webp" {
		return planes{}, fmt.Errorf("a picture of %dx%d pixels in a file of %d bytes", h, w, len(content))
	}
	takes := bytesOfPixel(content, format, config.ColorModel) * h * w
	decoding.take(takes)
	defer decoding.give(takes)
	var picture image.Image
	switch format {
	case "gif":
		picture, err = decodeGIF(content, w, h)
	case "tiff":
		picture, err = decodeTIFF(content)
	default:
		picture, _, err = image.Decode(bytes.NewReader(content))
	}
	if err != nil {
		return planes{}, unreadKind(err)
	}
	if grey := transparentGrey16(picture, format, content); grey != nil {
		picture = grey
	}
	p := planes{make([]uint8, 3*h*w), h, w, isClipped(picture)}
	if yuv := lossyWebP(picture, format); yuv != nil {
		videoToPlanes(p.data, yuv)
	} else {
		toPlanes(p.data, picture)
	}
	return p.upright(orientation(content, format)), nil
}

// unknownFormat tells what a file is that no decoder knows. Phones' pictures often
// have the extension of another format, and pages that tell of an error that of the
// picture they stand for.
func unknownFormat(content []byte) string {
	if len(content) >= 12 && string(content[4:8]) == "ftyp" {
		switch string(content[8:12]) {
		case "heic", "heix", "heim", "heis", "mif1", "msf1", "avif":
			return "a HEIC or AVIF picture, which is not read: convert it to JPEG or PNG"
		}
		return "a video"
	}
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("<")) {
		return "a text file with markup, not a picture"
	}
	return "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture"
}

// unreadKind adds what to do about a whole file of a kind that is not read.
func unreadKind(err error) error {
	if errors.Is(err, bmp.ErrUnsupported) || errors.As(err, new(tiff.UnsupportedError)) || errors.As(err, new(jpeg.UnsupportedError)) || errors.As(err, new(png.UnsupportedError)) {
		return fmt.Errorf("%w: convert it to a PNG of 8 bits", err)
	}
	return err
}

// decodeGIF returns the first frame on its canvas of w x h. What the frame does
// not cover is transparent, or else the first colour, as in Pillow.
func decodeGIF(content []byte, w, h int) (image.Image, error) {
	content = bytes.Clone(content)
	transparent, pixels, ok := patchGIF(content)
	if !ok {
		return nil, errors.New("gif: no frame")
	}
	if pixels > min(maxPicturePixels, maxPixelsOfByte*len(content)) {
		return nil, fmt.Errorf("gif: a frame of %d pixels in a file of %d bytes (at most %d)", pixels, len(content), maxPicturePixels)
	}
	picture, err := gif.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	frame, isPaletted := picture.(*image.Paletted)
	if !isPaletted {
		return nil, errors.New("gif: no frame")
	}
	canvas := image.NewPaletted(image.Rect(0, 0, w, h), frame.Palette)
	if transparent < len(frame.Palette) {
		for i := range canvas.Pix {
			canvas.Pix[i] = uint8(transparent)
		}
	}
	for y := max(0, frame.Rect.Min.Y); y < min(h, frame.Rect.Max.Y); y++ {
		if from := frame.Rect.Min.X; from < w {
			copy(canvas.Pix[y*w+from:(y+1)*w], frame.Pix[(y-frame.Rect.Min.Y)*frame.Stride:][:frame.Rect.Dx()])
		}
	}
	return canvas, nil
}

// patchGIF makes package image/gif decode a frame that reaches beyond the
// canvas, and keep the colour of the transparent index, which it returns, 0 if
// there is none. It returns how many pixels the first frame has, and reports whether it
// found one.
func patchGIF(content []byte) (transparent, pixels int, ok bool) {
	const header, extension, control, frame, descriptor = 13, 0x21, 0xf9, 0x2c, 10
	if len(content) < header {
		return 0, 0, false
	}
	for i := 6; i < 10; i++ {
		content[i] = 0xff // width and height of the canvas
	}
	at := header
	if flags := content[10]; flags&0x80 != 0 {
		at += 3 << (flags&7 + 1)
	}
	for at+2 < len(content) {
		switch {
		case content[at] == frame:
			if len(content)-at < descriptor {
				return 0, 0, false
			}
			size := content[at+5:]
			return transparent, int(binary.LittleEndian.Uint16(size)) * int(binary.LittleEndian.Uint16(size[2:])), true
		case content[at] != extension:
			return 0, 0, false
		}
		if content[at+1] == control && at+7 < len(content) && content[at+2] == 4 && content[at+3]&1 != 0 {
			transparent = int(content[at+6])
			content[at+3] &^= 1
		}
		at += 2
		for at < len(content) && content[at] != 0 { // blocks of data
			at += 1 + int(content[at])
		}
		at++
	}
	return 0, 0, false
}

// decodeTIFF makes up for what package tiff passes over: data packed by fax are of
// white, not of zeros, and the order of bits may be other than usual without fax too.
func decodeTIFF(content []byte) (image.Image, error) {
	const (
		compression, fax3, fax4     = 259, 3, 4
		interpretation, blackIsZero = 262, 1
		fillOrder, lowestBitIsFirst = 266, 2
	)
	packing := tiffTag(content, compression)
	isFax := packing == fax3 || packing == fax4
	if !isFax && tiffTag(content, fillOrder) == lowestBitIsFirst {
		return nil, tiff.UnsupportedError("bytes with the lowest bit first")
	}
	picture, err := tiff.Decode(bytes.NewReader(content))
	if grey, ok := picture.(*image.Gray); ok && isFax && tiffTag(content, interpretation) == blackIsZero {
		for i := range grey.Pix {
			grey.Pix[i] = ^grey.Pix[i]
		}
	}
	return picture, err
}

// toPlanes writes the red, green and blue planes of a picture, dropping
// transparency as Pillow's convert("RGB") does.
func toPlanes(dst []uint8, picture image.Image) {
	bounds := picture.Bounds()
	plane := bounds.Dx() * bounds.Dy()
	set := func(at int, r, g, b uint8) {
		dst[at], dst[plane+at], dst[2*plane+at] = r, g, b
	}
	switch p := picture.(type) {
	case *image.Gray16: // Pillow clips these
		each(bounds, func(at, x, y int) {
			v := uint8(min(p.Gray16At(x, y).Y, 255))
			set(at, v, v, v)
		})
		return
	case *image.NRGBA64:
		each(bounds, func(at, x, y int) {
			c := p.NRGBA64At(x, y)
			set(at, uint8(c.R>>8), uint8(c.G>>8), uint8(c.B>>8))
		})
		return
	case *image.YCbCr:
		jpegToPlanes(dst, p)
		return
	}
	if opaque, ok := picture.(interface{ Opaque() bool }); ok && opaque.Opaque() {
		rgba := image.NewRGBA(bounds)
		draw.Draw(rgba, bounds, picture, bounds.Min, draw.Src)
		for i := range plane {
			set(i, rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2])
		}
		return
	}
	each(bounds, func(at, x, y int) {
		c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
		set(at, c.R, c.G, c.B)
	})
}

// isClipped reports whether toPlanes cuts values of a picture off.
func isClipped(picture image.Image) bool {
	grey, ok := picture.(*image.Gray16)
	if !ok {
		return false
	}
	for at := 0; at < len(grey.Pix); at += 2 {
		if grey.Pix[at] != 0 { // the high byte
			return true
		}
	}
	return false
}

// jpegToPlanes is toPlanes for the colours of JPEG, with the bits of package
// image/draw:
//
//	R = Y + 1.402 (Cr-128)
//	G = Y - 0.344 (Cb-128) - 0.714 (Cr-128)
//	B = Y + 1.772 (Cb-128)
func jpegToPlanes(dst []uint8, p *image.YCbCr) {
	clip := func(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }
	w, plane := p.Rect.Dx(), p.Rect.Dx()*p.Rect.Dy()
	shift := 0 // 1<<shift columns have one sample of chroma
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422:
		shift = 1
	case image.YCbCrSubsampleRatio410, image.YCbCrSubsampleRatio411:
		shift = 2
	}
	for y := range p.Rect.Dy() {
		luma := p.Y[p.YOffset(p.Rect.Min.X, p.Rect.Min.Y+y):][:w]
		chroma := p.COffset(p.Rect.Min.X, p.Rect.Min.Y+y)
		cb, cr := p.Cb[chroma:], p.Cr[chroma:]
		r, g, b := dst[y*w:][:w], dst[plane+y*w:][:w], dst[2*plane+y*w:][:w]
		first := p.Rect.Min.X & (1<<shift - 1) // columns of the first sample that are not there
		for x, v := range luma {
			i := (x + first) >> shift
			level, blue, red := int32(v)*0x10101, int32(cb[i])-128, int32(cr[i])-128
			r[x] = clip(level + 91881*red)
			g[x] = clip(level - 22554*blue - 46802*red)
			b[x] = clip(level + 116130*blue)
		}
	}
}

// transparentGrey16 returns a PNG picture of 16 bits of grey, one of them transparent, as
// what it is without that, nil for other pictures.
func transparentGrey16(picture image.Image, format string, content []byte) *image.Gray16 {
	const colourType, grey = 25, 0
	p, ok := picture.(*image.NRGBA64)
	if !ok || format != "png" || content[colourType] != grey {
		return nil
	}
	opaque := image.NewGray16(p.Rect)
	each(p.Rect, func(_, x, y int) { opaque.SetGray16(x, y, color.Gray16{Y: p.NRGBA64At(x, y).R}) })
	return opaque
}

// lossyWebP returns the colours of a lossy WebP picture, nil if it is none.
func lossyWebP(picture image.Image, format string) *image.YCbCr {
	if format != "webp" {
		return nil
	}
	switch p := picture.(type) {
	case *image.YCbCr:
		return p
	case *image.NYCbCrA:
		return &p.YCbCr
	}
	return nil
}

// videoToPlanes is toPlanes for the colours of WebP, which unlike JPEG's are those
// of video (ITU-R BT.601): luma from 16 to 235, chroma from 16 to 240. As
// libwebp does, it computes with factors of 2^14, a 256th of each product cut:
//
//	R = 1.164 (Y-16)                   + 1.596 (Cr-128)
//	G = 1.164 (Y-16) - 0.392 (Cb-128)  - 0.813 (Cr-128)
//	B = 1.164 (Y-16) + 2.017 (Cb-128)
func videoToPlanes(dst []uint8, p *image.YCbCr) {
	clip := func(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }
	plane := p.Rect.Dx() * p.Rect.Dy()
	each(p.Rect, func(at, x, y int) {
		c := p.YCbCrAt(x, y)
		luma, cb, cr := int(c.Y)*19077>>8, int(c.Cb), int(c.Cr)
		dst[at] = clip(luma + cr*26149>>8 - 14234)
		dst[plane+at] = clip(luma - cb*6419>>8 - cr*13320>>8 + 8708)
		dst[2*plane+at] = clip(luma + cb*33050>>8 - 17685)
	})
}

// each calls f for every pixel, numbered row by row.
func each(bounds image.Rectangle, f func(at, x, y int)) {
	at := 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			f(at, x, y)
			at++
		}
	}
}

// upright returns the picture as the EXIF orientation says it is to be seen.
func (p planes) upright(orientation int) planes {
	if orientation < 2 || orientation > 8 {
		return p
	}
	// An orientation is a transposition (5 to 8), then mirrorings.
	o := planes{make([]uint8, len(p.data)), p.h, p.w, p.clipped}
	transposed := orientation >= 5
	if transposed {
		o.h, o.w = p.w, p.h
	}
	mirrorX := orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7
	mirrorY := orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8
	for c := range 3 {
		from, to := p.data[c*p.h*p.w:], o.data[c*p.h*p.w:]
		for y := range p.h {
			for x := range p.w {
				v, u := y, x
				if transposed {
					v, u = x, y
				}
				if mirrorY {
					v = o.h - 1 - v
				}
				if mirrorX {
					u = o.w - 1 - u
				}
				to[v*o.w+u] = from[y*p.w+x]
			}
		}
	}
	return o
}

// orientation returns that of a file's EXIF data, 1 to 8, or 0 if it has none.
func orientation(content []byte, format string) int {
	switch format {
	case "jpeg":
		return tiffOrientation(jpegEXIF(content))
	case "png":
		return tiffOrientation(chunk(content, 8, 4, "eXIf", binary.BigEndian))
	case "webp":
		return tiffOrientation(bytes.TrimPrefix(chunk(content, 12, 0, "EXIF", binary.LittleEndian), []byte("Exif\x00\x00")))
	case "tiff":
		return tiffOrientation(content)
	}
	return 0
}

// jpegEXIF returns the EXIF data of a JPEG file, nil if it has none.
func jpegEXIF(content []byte) []byte {
	const app1, scan = 0xe1, 0xda
	for at := 2; at+4 <= len(content) && content[at] == 0xff; {
		kind := content[at+1]
		if kind == 0xff { // a fill byte
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(content[at+2:]))
		end := at + 2 + size
		if kind == scan || size < 2 || end > len(content) {
			return nil
		}
		if data, ok := bytes.CutPrefix(content[at+4:end], []byte("Exif\x00\x00")); ok && kind == app1 {
			return data
		}
		at = end
	}
	return nil
}

// chunk returns the data of the first chunk of a name in a PNG or RIFF file, nil
// if it has none. The first chunk begins at the given place; after its data each
// has so many bytes of a checksum. RIFF has the name first and even sizes.
func chunk(content []byte, at, checksum int, name string, order binary.ByteOrder) []byte {
	isRIFF := checksum == 0
	for at+8 <= len(content) {
		size, kind := content[at:at+4], string(content[at+4:at+8])
		if isRIFF {
			size, kind = content[at+4:at+8], string(content[at:at+4])
		}
		n := int64(order.Uint32(size))
		if n > int64(len(content)-at-8) {
			return nil
		}
		data := content[at+8:][:n]
		if kind == name {
			return data
		}
		at += 8 + int(n) + checksum
		if isRIFF {
			at += int(n & 1)
		}
	}
	return nil
}

// tiffOrientation returns the orientation of a TIFF file, as which EXIF data are stored,
// or 0.
func tiffOrientation(content []byte) int {
	const tag = 274
	return tiffTag(content, tag)
}

// tiffTag returns the number that a tag has in the first directory of a TIFF file, the
// first of several, or 0.
func tiffTag(content []byte, tag uint16) int {
	const short, long = 3, 4
	if len(content) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if content[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(content[4:]))
	if at+2 > int64(len(content)) {
		return 0
	}
	entries := content[at+2:]
	for range order.Uint16(content[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tag {
			switch order.Uint16(entries[2:]) {
			case short:
				return int(order.Uint16(entries[8:]))
			case long:
				return int(order.Uint32(entries[8:]))
			}
		}
		entries = entries[12:]
	}
	return 0
}
