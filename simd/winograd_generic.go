package simd

import "unsafe"

// Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016) on the points 0, 1, -1, 2, -2 and
// infinity: tiles of 6x6 inputs give 4x4 outputs of a 3x3 filter or 2x2 outputs
// of a 5x5 filter,
//
//	Y = A^T [ (G g G^T) . (B^T d B) ] A
//
// with the same B in both cases. The kernels here are the transforms of the
// data, channels-last, 16 channels (lanes) at a time; the product in the middle
// is 36 matrix products, one for each point of the tile. The backward passes use
// the transposed transforms.
//
// Every one-dimensional transform is a fixed sequence of operations, written out
// in winogradInput1 and its siblings, applied first down the columns and then
// along the rows. In these sequences a product that an expression adds to
// something is fused with that addition (of two products, the left one is rounded
// first); what has a name of its own is rounded.

// WinogradLanes is the number of channels that a transform handles at once.
const WinogradLanes = 16

type lanes = [WinogradLanes]float32

func lanesAt(p *float32, i int) *lanes {
	return (*lanes)(unsafe.Add(unsafe.Pointer(p), i*4))
}

// winogradInputGeneric transforms a row of tiles of inputs, B^T d B:
//
//	dst[(6i+j)*dstPoint + t*dstTile + l]   i, j < 6, from
//	src[t*srcTile + i*srcRow + j*16 + l]   i, j < 6
//
// for t < tiles and every lane l < 16.
func winogradInputGeneric(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int) {
	for t := range tiles {
		for l := range WinogradLanes {
			var d, e [6][6]float32
			for i := range 6 {
				for j := range 6 {
					d[i][j] = lanesAt(src, t*srcTile+i*srcRow+j*WinogradLanes)[l]
				}
			}
			for j := range 6 {
				column := winogradInput1([6]float32{d[0][j], d[1][j], d[2][j], d[3][j], d[4][j], d[5][j]})
				for i, v := range column {
					e[i][j] = v
				}
			}
			for i := range 6 {
				for j, v := range winogradInput1(e[i]) {
					lanesAt(dst, (6*i+j)*dstPoint+t*dstTile)[l] = v
				}
			}
		}
	}
}

// winogradInput1 multiplies by B^T.
func winogradInput1(d [6]float32) [6]float32 {
	a, b := d[4]-4*d[2], d[3]-4*d[1]
	c, e := d[4]-d[2], 2*(d[3]-d[1])
	return [6]float32{
		4*d[0] + (d[4] - 5*d[2]),
		a + b,
		a - b,
		c + e,
		c - e,
		4*d[1] + (d[5] - 5*d[3]),
	}
}

// winogradInputAdjointGeneric is the transpose of winogradInputGeneric, B t B^T,
// added to the gradient of the inputs tile after tile (tiles overlap):
//
//	dst[t*dstTile + i*dstRow + j*16 + l] +=   i, j < 6, from
//	src[(6i+j)*srcPoint + t*srcTile + l]      i, j < 6
func winogradInputAdjointGeneric(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int) {
	for t := range tiles {
		for l := range WinogradLanes {
			var d, e [6][6]float32
			for i := range 6 {
				for j := range 6 {
					d[i][j] = lanesAt(src, (6*i+j)*srcPoint+t*srcTile)[l]
				}
			}
			for j := range 6 {
				column := winogradInputAdjoint1([6]float32{d[0][j], d[1][j], d[2][j], d[3][j], d[4][j], d[5][j]})
				for i, v := range column {
					e[i][j] = v
				}
			}
			for i := range 6 {
				for j, v := range winogradInputAdjoint1(e[i]) {
					lanesAt(dst, t*dstTile+i*dstRow+j*WinogradLanes)[l] += v
				}
			}
		}
	}
}

// winogradInputAdjoint1 multiplies by B.
func winogradInputAdjoint1(t [6]float32) [6]float32 {
	p, q := t[1]+t[2], t[1]-t[2]
	r, s := t[3]+t[4], t[3]-t[4]
	return [6]float32{
		4 * t[0],
		4*t[5] - 2*(2*q+s),
		-5*t[0] - (4*p + r),
		-5*t[5] + (q + 2*s),
		(t[0] + p) + r,
		t[5],
	}
}

// WinogradOutputs is one call of WinogradOutput: a row of tiles of products, and
// where their outputs go.
type WinogradOutputs struct {
	Dst, Src, Bias *float32 // Bias is 16 elements or nil

	M, Tiles          int // M is 4 (3x3 filters) or 2 (5x5 filters)
	DstRow, DstTile   int
	SrcPoint, SrcTile int

	ReLU bool // negative results become 0
}

// winogradOutputGeneric transforms a row of tiles of products, A^T m A, and adds the
// bias:
//
//	Dst[t*DstTile + i*DstRow + j*16 + l]   i, j < M, from
//	Src[(6i+j)*SrcPoint + t*SrcTile + l]   i, j < 6
func winogradOutputGeneric(o *WinogradOutputs) {
	for t := range o.Tiles {
		for l := range WinogradLanes {
			var d, e [6][6]float32
			for i := range 6 {
				for j := range 6 {
					d[i][j] = lanesAt(o.Src, (6*i+j)*o.SrcPoint+t*o.SrcTile)[l]
				}
			}
			for j := range 6 {
				column := winogradOutput1([6]float32{d[0][j], d[1][j], d[2][j], d[3][j], d[4][j], d[5][j]}, o.M)
				for i, v := range column[:o.M] {
					e[i][j] = v
				}
			}
			for i := range o.M {
				row := winogradOutput1(e[i], o.M)
				for j, v := range row[:o.M] {
					if o.Bias != nil {
						v += lanesAt(o.Bias, 0)[l]
					}
					if o.ReLU && v < 0 {
						v = 0
					}
					lanesAt(o.Dst, t*o.DstTile+i*o.DstRow+j*WinogradLanes)[l] = v
				}
			}
		}
	}
}

// winogradOutput1 multiplies by A^T.
func winogradOutput1(t [6]float32, m int) (y [4]float32) {
	p, q := t[1]+t[2], t[1]-t[2]
	r, s := t[3]+t[4], 2*(t[3]-t[4])
	y[0] = (t[0] + p) + r
	if m == 2 {
		y[1] = (q + s) + t[5]
		return y
	}
	y[1] = q + s
	y[2] = p + 4*r
	y[3] = (q + 4*s) + t[5]
	return y
}

// winogradOutputAdjointGeneric is the transpose of winogradOutputGeneric without
// its bias and ReLU, A y A^T:
//
//	dst[(6i+j)*dstPoint + t*dstTile + l]   i, j < 6, from
//	src[t*srcTile + i*srcRow + j*16 + l]   i, j < m
func winogradOutputAdjointGeneric(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int) {
	for t := range tiles {
		for l := range WinogradLanes {
			var d [4][4]float32
			var e [6][4]float32
			for i := range m {
				for j := range m {
					d[i][j] = lanesAt(src, t*srcTile+i*srcRow+j*WinogradLanes)[l]
				}
			}
			for j := range m {
				for i, v := range winogradOutputAdjoint1([4]float32{d[0][j], d[1][j], d[2][j], d[3][j]}, m) {
					e[i][j] = v
				}
			}
			for i := range 6 {
				for j, v := range winogradOutputAdjoint1(e[i], m) {
					lanesAt(dst, (6*i+j)*dstPoint+t*dstTile)[l] = v
				}
			}
		}
	}
}

// winogradOutputAdjoint1 multiplies by A.
func winogradOutputAdjoint1(y [4]float32, m int) [6]float32 {
	if m == 2 {
		s := 2 * y[1]
		return [6]float32{y[0], y[0] + y[1], y[0] - y[1], y[0] + s, y[0] - s, y[1]}
	}
	p, q := y[0]+y[2], y[1]+y[3]
	r, s := y[0]+4*y[2], 2*(y[1]+4*y[3])
	return [6]float32{y[0], p + q, p - q, r + s, r - s, y[3]}
}

// winogradFilterGeneric transforms filters of side r (3 or 5), G g G^T, 16 lanes
// at a time:
//
//	dst[(6i+j)*dstPoint + t*dstTile + l]   i, j < 6, from
//	src[(r*i+j)*srcPoint + t*srcTile + l]  i, j < r
func winogradFilterGeneric(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) {
	for t := range tiles {
		for l := range WinogradLanes {
			var g [5][5]float32
			var e [6][5]float32
			for i := range r {
				for j := range r {
					g[i][j] = lanesAt(src, (r*i+j)*srcPoint+t*srcTile)[l]
				}
			}
			for j := range r {
				for i, v := range winogradFilter1([5]float32{g[0][j], g[1][j], g[2][j], g[3][j], g[4][j]}, r) {
					e[i][j] = v
				}
			}
			for i := range 6 {
				for j, v := range winogradFilter1(e[i], r) {
					lanesAt(dst, (6*i+j)*dstPoint+t*dstTile)[l] = v
				}
			}
		}
	}
}

// The factors of G: at the points 1 and -1, and at 2 and -2.
const (
	winogradSixth      = float32(-1.0 / 6)
	winogradTwentyFour = float32(1.0 / 24)
)

// winogradFilter1 multiplies by G.
func winogradFilter1(g [5]float32, r int) [6]float32 {
	var p, q, u, v, last float32 // even and odd terms at 1, at 2; the highest
	if r == 3 {
		p, q = g[0]+g[2], g[1]
		u, v = g[0]+4*g[2], 2*g[1]
		last = g[2]
	} else {
		p, q = (g[0]+g[2])+g[4], g[1]+g[3]
		u, v = (g[0]+4*g[2])+16*g[4], 2*g[1]+8*g[3]
		last = g[4]
	}
	return [6]float32{
		0.25 * g[0],
		winogradSixth * (p + q),
		winogradSixth * (p - q),
		winogradTwentyFour * (u + v),
		winogradTwentyFour * (u - v),
		last,
	}
}

// winogradFilterAdjointGeneric is the transpose of winogradFilterGeneric, G^T u G:
//
//	dst[(r*i+j)*dstPoint + t*dstTile + l]  i, j < r, from
//	src[(6i+j)*srcPoint + t*srcTile + l]   i, j < 6
func winogradFilterAdjointGeneric(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) {
	for t := range tiles {
		for l := range WinogradLanes {
			var u [6][6]float32
			var e [5][6]float32
			for i := range 6 {
				for j := range 6 {
					u[i][j] = lanesAt(src, (6*i+j)*srcPoint+t*srcTile)[l]
				}
			}
			for j := range 6 {
				column := winogradFilterAdjoint1([6]float32{u[0][j], u[1][j], u[2][j], u[3][j], u[4][j], u[5][j]}, r)
				for i, v := range column[:r] {
					e[i][j] = v
				}
			}
			for i := range r {
				row := winogradFilterAdjoint1(e[i], r)
				for j, v := range row[:r] {
					lanesAt(dst, (r*i+j)*dstPoint+t*dstTile)[l] = v
				}
			}
		}
	}
}

// winogradFilterAdjoint1 multiplies by G^T.
func winogradFilterAdjoint1(t [6]float32, r int) (g [5]float32) {
	p, q := winogradSixth*(t[1]+t[2]), winogradSixth*(t[1]-t[2])
	u, v := winogradTwentyFour*(t[3]+t[4]), winogradTwentyFour*(t[3]-t[4])
	g[0] = (0.25*t[0] + p) + u
	g[1] = q + 2*v
	if r == 3 {
		g[2] = (p + 4*u) + t[5]
		return g
	}
	g[2] = p + 4*u
	g[3] = q + 8*v
	g[4] = (p + 16*u) + t[5]
	return g
}
