package corrupt

// jpegCompression is what is left of an image that Pillow wrote to a JPEG file
// and read back.
func (w *worker) jpegCompression(severity int) {
	w.jpeg.pass(w.dst, w.src, [...]int{80, 65, 58, 50, 40}[severity])
}

// jpeg does to images what libjpeg does with its defaults, to the bit: colours
// to luma and chroma, chroma at half the resolution, 8x8 cosine transforms in
// integers, quantisation, and all of it back. The entropy coding, which loses
// nothing, is left out. The standard library's codec would do as well in
// quality, but its bytes differ from one version of Go to another.
type jpeg struct {
	width, height int
	luma          blocks
	chroma        blocks   // at half the resolution, one channel after the other
	cb, cr        []uint8  // height x width
	sums          []uint16 // a row of chroma, interpolated vertically
}

func newJPEG(width, height int) *jpeg {
	half := (width + 1) / 2
	return &jpeg{
		width: width, height: height,
		luma:   newBlocks(width, height),
		chroma: newBlocks(half, (height+1)/2),
		cb:     make([]uint8, width*height),
		cr:     make([]uint8, width*height),
		sums:   make([]uint16, half),
	}
}

// pass compresses and decompresses an image of three planes.
func (j *jpeg) pass(dst, src []uint8, quality int) {
	size := j.width * j.height
	j.toYCC(src[:size], src[size:2*size], src[2*size:])
	j.luma.quantise(lumaSteps.at(quality))
	for _, plane := range [...][]uint8{j.cb, j.cr} {
		j.shrink(plane)
		j.chroma.quantise(chromaSteps.at(quality))
		j.enlarge(plane)
	}
	j.toRGB(dst[:size], dst[size:2*size], dst[2*size:])
}

// fixed converts a coefficient of the colour conversions to 16 fractional bits.
func fixed(v float64) int { return int(v*(1<<16) + 0.5) }

var (
	yR, yG, yB    = fixed(0.299), fixed(0.587), fixed(0.114)
	cbR, cbG      = fixed(0.16874), fixed(0.33126)
	crG, crB      = fixed(0.41869), fixed(0.08131)
	rCr, gCb, gCr = fixed(1.402), fixed(0.34414), fixed(0.71414)
	bCb           = fixed(1.772)
)

const half = 1 << 15 // of the 16 fractional bits

func (j *jpeg) toYCC(red, green, blue []uint8) {
	const offset = 128<<16 + half - 1
	for y := range j.height {
		luma := j.luma.row(y)
		for x := range j.width {
			i := y*j.width + x
			r, g, b := int(red[i]), int(green[i]), int(blue[i])
			luma[x] = uint8((yR*r + yG*g + yB*b + half) >> 16)
			j.cb[i] = uint8((b<<15 - cbR*r - cbG*g + offset) >> 16)
			j.cr[i] = uint8((r<<15 - crG*g - crB*b + offset) >> 16)
		}
		repeatLast(luma, j.width)
	}
	j.luma.repeatLastRow(j.height)
}

func (j *jpeg) toRGB(red, green, blue []uint8) {
	for y := range j.height {
		luma := j.luma.row(y)
		for x := range j.width {
			i := y*j.width + x
			l, cb, cr := int(luma[x]), int(j.cb[i])-128, int(j.cr[i])-128
			red[i] = clampByte(l + (rCr*cr+half)>>16)
			green[i] = clampByte(l + (half-gCb*cb-gCr*cr)>>16)
			blue[i] = clampByte(l + (bCb*cb+half)>>16)
		}
	}
}

func clampByte(v int) uint8 { return uint8(min(max(v, 0), 255)) }

// shrink averages 2x2 pixels of a plane of chroma. Halves and quarters are
// rounded down and up by turns.
func (j *jpeg) shrink(plane []uint8) {
	rows := (j.height + 1) / 2
	for y := range rows {
		above := plane[2*y*j.width:][:j.width]
		below := plane[min(2*y+1, j.height-1)*j.width:][:j.width]
		for x := range j.chroma.row(y) {
			left, right := min(2*x, j.width-1), min(2*x+1, j.width-1)
			sum := int(above[left]) + int(above[right]) + int(below[left]) + int(below[right])
			j.chroma.row(y)[x] = uint8((sum + 1 + x&1) >> 2)
		}
	}
	j.chroma.repeatLastRow(rows)
}

// enlarge interpolates chroma to the full resolution, with weights of 3/4 and
// 1/4 in each direction: libjpeg's "fancy upsampling".
func (j *jpeg) enlarge(plane []uint8) {
	rows, last := (j.height+1)/2, len(j.sums)-1
	for y := range j.height {
		near, far := j.chroma.row(y/2), j.chroma.row(nearest(y/2+2*(y&1)-1, rows))
		for x := range j.sums {
			j.sums[x] = 3*uint16(near[x]) + uint16(far[x])
		}
		to := plane[y*j.width:][:j.width]
		for x := range to {
			neighbour := min(max(x/2+2*(x&1)-1, 0), last)
			to[x] = uint8((3*j.sums[x/2] + j.sums[neighbour] + 8 - uint16(x&1)) >> 4)
		}
	}
}

// blocks is a plane of bytes in whole blocks of 8x8.
type blocks struct {
	stride int
	pixels []uint8
}

func newBlocks(width, height int) blocks {
	stride := (width + 7) &^ 7
	return blocks{stride, make([]uint8, stride*((height+7)&^7))}
}

func (b *blocks) row(y int) []uint8 { return b.pixels[y*b.stride:][:b.stride] }

// repeatLastRow fills the rows from height on with the one before.
func (b *blocks) repeatLastRow(height int) {
	for y := height; y < len(b.pixels)/b.stride; y++ {
		copy(b.row(y), b.row(height-1))
	}
}

// repeatLast fills a row from width on with the pixel before.
func repeatLast(row []uint8, width int) {
	for x := width; x < len(row); x++ {
		row[x] = row[width-1]
	}
}

// quantise transforms each block, rounds its coefficients to multiples of the
// steps, and transforms it back.
func (b *blocks) quantise(steps steps) {
	var block [64]int32
	for first := 0; first < len(b.pixels); first += 8 * b.stride {
		for x := 0; x < b.stride; x += 8 {
			for y := range 8 {
				for i, v := range b.pixels[first+y*b.stride+x:][:8] {
					block[8*y+i] = int32(v) - 128
				}
			}
			transform(&block)
			for i, v := range block {
				step := 8 * steps[i] // the coefficients are 8 times too large
				rounded := (max(v, -v) + step/2) / step * steps[i]
				if v < 0 {
					rounded = -rounded
				}
				block[i] = rounded
			}
			invert(&block)
			for y := range 8 {
				for i := range 8 {
					b.pixels[first+y*b.stride+x+i] = clampByte(int(block[8*y+i]) + 128)
				}
			}
		}
	}
}

// cosines[k][n] is sqrt(2) cos((2n+1) k pi/16) (1 for k = 0) in 13 fractional
// bits, for the first half of n; the other half mirrors it, with the opposite
// sign for odd k. These are the sums of the 13-bit constants that libjpeg's
// factored transform (Loeffler, Ligtenberg and Moschytz, ICASSP 1989) multiplies
// by, so some are off by one in the last digit.
var cosines = [8][4]int32{
	{8192, 8192, 8192, 8192},
	{11363, 9633, 6437, 2260},
	{10703, 4433, -4433, -10703},
	{9633, -2259, -11362, -6436},
	{8192, -8192, -8192, 8192},
	{6437, -11362, 2261, 9633},
	{4433, -10704, 10704, -4433},
	{2260, -6436, 9633, -11363},
}

// The rows pass leaves 2 fractional bits to the columns pass; the inverse takes
// the other way.
const (
	cosineBits = 13
	extraBits  = 2
)

// transform takes a block to 8 times its cosine coefficients.
func transform(b *[64]int32) {
	for i := range 8 {
		forward(b, 8*i, 1, cosineBits-extraBits)
	}
	for i := range 8 {
		forward(b, i, 8, cosineBits+extraBits)
	}
}

// invert takes cosine coefficients to a block.
func invert(b *[64]int32) {
	for i := range 8 {
		backward(b, i, 8, cosineBits-extraBits)
	}
	for i := range 8 {
		backward(b, 8*i, 1, cosineBits+extraBits+3)
	}
}

// forward transforms the 8 values from first on, stride apart.
func forward(b *[64]int32, first, stride, shift int) {
	var sum, difference [4]int32
	for n := range 4 {
		u, v := b[first+n*stride], b[first+(7-n)*stride]
		sum[n], difference[n] = u+v, u-v
	}
	round := int32(1) << (shift - 1)
	for k := 0; k < 8; k += 2 {
		c, d := &cosines[k], &cosines[k+1]
		even := c[0]*sum[0] + c[1]*sum[1] + c[2]*sum[2] + c[3]*sum[3]
		odd := d[0]*difference[0] + d[1]*difference[1] + d[2]*difference[2] + d[3]*difference[3]
		b[first+k*stride], b[first+(k+1)*stride] = (even+round)>>shift, (odd+round)>>shift
	}
}

// backward is the transpose of forward.
func backward(b *[64]int32, first, stride, shift int) {
	var v [8]int32
	for k := range v {
		v[k] = b[first+k*stride]
	}
	round := int32(1) << (shift - 1)
	for n := range 4 {
		even := cosines[0][n]*v[0] + cosines[2][n]*v[2] + cosines[4][n]*v[4] + cosines[6][n]*v[6]
		odd := cosines[1][n]*v[1] + cosines[3][n]*v[3] + cosines[5][n]*v[5] + cosines[7][n]*v[7]
		b[first+n*stride], b[first+(7-n)*stride] = (even+odd+round)>>shift, (even-odd+round)>>shift
	}
}

// steps are the quantisation steps of a block at quality 50.
type steps [64]int32

// The examples of ITU-T T.81, annex K.1, which everybody uses.
var (
	lumaSteps = steps{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	}
	chromaSteps = steps{
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	}
)

// at returns the steps at a quality from 1 to 100.
func (s *steps) at(quality int) steps {
	percent := int32(200 - 2*quality)
	if quality < 50 {
		percent = int32(5000 / quality)
	}
	scaled := *s
	for i, v := range s {
		scaled[i] = min(max((v*percent+50)/100, 1), 255)
	}
	return scaled
}
