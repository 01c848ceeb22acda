package image

import (
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/portable"
)

// shift moves an image to the left and up.
func (p *canvas) shift(dst, src []uint8, left, up int) {
	h, w := p.h, p.w
	clear(dst)
	lo, hi := max(0, -left), min(w, w-left) // columns of dst that stem from src
	if lo >= hi {
		return
	}
	for row := range len(src) / w {
		if y := row%h + up; y >= 0 && y < h {
			copy(dst[row*w+lo:row*w+hi], src[(row+up)*w+left+lo:])
		}
	}
}

func (p *canvas) rotate(dst, src []uint8, degrees float64, nearest bool) {
	degrees = math.Mod(degrees, 360)
	if degrees < 0 {
		degrees += 360
	}
	size := p.h * p.w
	switch {
	case degrees == 0:
		copy(dst, src)
		return
	case degrees == 180:
		copy(dst, src)
		for lo := 0; lo < len(dst); lo += size {
			slices.Reverse(dst[lo : lo+size])
		}
		return
	case (degrees == 90 || degrees == 270) && p.h == p.w:
		for lo := 0; lo < len(dst); lo += size {
			quarter(dst[lo:lo+size], src[lo:lo+size], p.w, degrees == 90)
		}
		return
	}
	sin, cos := portable.SinCos(-float64(degrees * (math.Pi / 180)))
	a := [6]float64{roundTo15(cos), roundTo15(sin), 0, roundTo15(-sin), roundTo15(cos), 0}
	x, y := float64(p.w)/2, float64(p.h)/2
	a[2] = float64(a[0]*-x) + float64(a[1]*-y) + x
	a[5] = float64(a[3]*-x) + float64(a[4]*-y) + y
	p.affine(dst, src, &a, nearest)
}

// roundTo15 rounds to 15 decimals, as Python does: by the exact value, halves to
// even.
func roundTo15(x float64) float64 {
	scaled := float64(x * 1e15)
	whole := math.Floor(scaled)
	above := scaled - whole - 0.5 + math.FMA(x, 1e15, -scaled)
	if above > 0 || above == 0 && math.Mod(whole, 2) != 0 {
		whole++
	}
	return whole / 1e15
}

// quarter turns a square plane of side n by 90 degrees, counter-clockwise or
// clockwise.
func quarter(dst, src []uint8, n int, counter bool) {
	for y := range n {
		for x := range n {
			if counter {
				dst[y*n+x] = src[x*n+n-1-y]
			} else {
				dst[y*n+x] = src[(n-1-x)*n+y]
			}
		}
	}
}

// affine sets what lies at x, y in dst to what lies at a[0]*x + a[1]*y + a[2],
// a[3]*x + a[4]*y + a[5] in src, both counted from the image's corner.
func (p *canvas) affine(dst, src []uint8, a *[6]float64, nearest bool) {
	clear(dst)
	if nearest {
		p.nearest(dst, src, a)
	} else {
		p.bilinear(dst, src, a)
	}
}

// nearest takes the pixel that a place lies in. Places have 16 fractional bits.
func (p *canvas) nearest(dst, src []uint8, a *[6]float64) {
	fix := func(v float64) int { return int(math.Floor(v*65536 + 0.5)) }
	h, w := p.h, p.w
	dx, dy := fix(a[0]), fix(a[3])
	x0, y0 := fix(a[2]+a[0]*0.5+a[1]*0.5), fix(a[5]+a[3]*0.5+a[4]*0.5)
	for row := range h {
		x, y := x0, y0
		for i := row * w; i < (row+1)*w; i++ {
			if col, line := x>>16, y>>16; col >= 0 && col < w && line >= 0 && line < h {
				for at, to := line*w+col, i; to < len(dst); at, to = at+h*w, to+h*w {
					dst[to] = src[at]
				}
			}
			x, y = x+dx, y+dy
		}
		x0, y0 = x0+fix(a[1]), y0+fix(a[4])
	}
}

// bilinear interpolates between the four pixels whose centres are around a
// place, and truncates.
func (p *canvas) bilinear(dst, src []uint8, a *[6]float64) {
	n := p.h * p.w
	if p.c == 3 {
		p.bilinear3([3][]uint8{dst[:n], dst[n:][:n], dst[2*n:][:n]}, [3][]uint8{src[:n], src[n:][:n], src[2*n:][:n]}, a)
		return
	}
	for lo := 0; lo < len(dst); lo += n {
		to, from := dst[lo:][:n], src[lo:][:n]
		p.bilinear3([3][]uint8{to, to, to}, [3][]uint8{from, from, from}, a)
	}
}

// bilinear3 interpolates in three planes at once: most of the time goes into the
// places.
func (p *canvas) bilinear3(dst, src [3][]uint8, a *[6]float64) {
	h, w := p.h, p.w
	r, g, b := src[0], src[1], src[2]
	outR, outG, outB := dst[0], dst[1], dst[2]
	for row := range h {
		yOut := float64(row) + 0.5
		xOfRow, yOfRow := float64(a[1]*yOut), float64(a[4]*yOut)
		for col := range w {
			xOut := float64(col) + 0.5
			x := float64(a[0]*xOut) + xOfRow + a[2]
			y := float64(a[3]*xOut) + yOfRow + a[5]
			if x < 0 || x >= float64(w) || y < 0 || y >= float64(h) {
				continue
			}
			left, right, dx := neighbours(x-0.5, w)
			top, bottom, dy := neighbours(y-0.5, h)
			i, j := top*w+left, top*w+right
			vR, vG, vB := between(r[i], r[j], dx), between(g[i], g[j], dx), between(b[i], b[j], dx)
			if bottom != top && dy != 0 {
				i, j = bottom*w+left, bottom*w+right
				vR += float64((between(r[i], r[j], dx) - vR) * dy)
				vG += float64((between(g[i], g[j], dx) - vG) * dy)
				vB += float64((between(b[i], b[j], dx) - vB) * dy)
			}
			to := row*w + col
			outR[to], outG[to], outB[to] = uint8(int32(vR)), uint8(int32(vG)), uint8(int32(vB))
		}
	}
}

// neighbours returns the pixels before and behind a place from -0.5 on among n,
// and how far behind the first it is. Beyond the edges lies the nearest pixel.
func neighbours(place float64, n int) (before, behind int, distance float64) {
	if place < 0 {
		return 0, 0, place + 1
	}
	before = int(place)
	return before, min(before+1, n-1), place - float64(before)
}

// between returns what lies between two values at a distance of 0 to 1 from the
// first.
func between(a, b uint8, distance float64) float64 {
	return values[a] + float64((values[b]-values[a])*distance)
}

// values are the bytes as float64: a look-up takes less time than a conversion.
var values = func() (all [256]float64) {
	for v := range all {
		all[v] = float64(v)
	}
	return all
}()
