package main

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/timing"
)

// gonum is the usual way to do this work in Go: its Sgemm, and a convolution
// as im2col and Sgemm, image by image. It uses GOMAXPROCS threads.
type gonum struct{}

func (gonum) name() string { return "gonum" }

func (gonum) gemm(p *benchmark.Product) (timing.Sampler, error) {
	return timing.Of(func() {
		for i := range p.Images {
			blas32.Gemm(blas.NoTrans, blas.NoTrans,
				1, matrix(p.M, p.K, p.A), matrix(p.K, p.N, p.B[i*p.K*p.N:]),
				0, matrix(p.M, p.N, p.C[i*p.M*p.N:]))
		}
	}), nil
}

func (gonum) conv(c *benchmark.Convolution, pass benchmark.Pass) (timing.Sampler, error) {
	// In each group: rows = taps, columns = pixels of the output.
	s := c.Shape
	taps, pixels, filters := s.C/s.Groups*s.R*s.S, s.OutH()*s.OutW(), s.K/s.Groups
	buffer := make([]float32, taps*pixels)
	columns := matrix(taps, pixels, buffer)
	eachGroup := func(do func(x, dx []float32, w, dw, y, dy blas32.General)) {
		for n := range s.N {
			for g := range s.Groups {
				plane := g * (s.C / s.Groups) * s.H * s.W
				x, dx := c.X.Image(n)[plane:], c.DX.Image(n)[plane:]
				y, dy := c.Y.Image(n)[g*filters*pixels:], c.DY.Image(n)[g*filters*pixels:]
				w, dw := c.W[g*filters*taps:], c.DW[g*filters*taps:]
				do(x, dx, matrix(filters, taps, w), matrix(filters, taps, dw), matrix(filters, pixels, y), matrix(filters, pixels, dy))
			}
		}
	}
	var run func()
	switch pass {
	case benchmark.Forward:
		run = func() {
			eachGroup(func(x, _ []float32, w, _, y, _ blas32.General) {
				im2col(s, buffer, x)
				blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, w, columns, 0, y)
			})
		}
	case benchmark.BackwardData:
		run = func() {
			clear(c.DX.Data)
			eachGroup(func(_, dx []float32, w, _, _, dy blas32.General) {
				blas32.Gemm(blas.Trans, blas.NoTrans, 1, w, dy, 0, columns)
				col2im(s, dx, buffer)
			})
		}
	case benchmark.BackwardWeights:
		run = func() {
			clear(c.DW)
			eachGroup(func(x, _ []float32, _, dw, _, dy blas32.General) {
				im2col(s, buffer, x)
				blas32.Gemm(blas.NoTrans, blas.Trans, 1, dy, columns, 1, dw)
			})
		}
	}
	return timing.Of(run), nil
}

// step and operator are what gonum has no counterpart of.
func (gonum) step(step, string) (timing.Sampler, error)           { return nil, nil }
func (gonum) operator(benchmark.Operator) (timing.Sampler, error) { return nil, nil }

func (gonum) close() error { return nil }

func matrix(rows, cols int, data []float32) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: data[:rows*cols]}
}

// im2col writes the pixels that each tap of a filter sees of one group's
// planes: columns[tap][y*OutW+x].
func im2col(s conv.Shape, columns, planes []float32) {
	eachTapRow(s, func(at, from, lo, hi int) {
		row := columns[at : at+s.OutW()]
		clear(row[:lo])
		clear(row[hi:])
		if lo >= hi {
			return
		}
		if s.Stride == 1 {
			copy(row[lo:hi], planes[from+lo:])
			return
		}
		for x := lo; x < hi; x++ {
			row[x] = planes[from+x*s.Stride]
		}
	})
}

// col2im adds what im2col would have read from each pixel back to it.
func col2im(s conv.Shape, planes, columns []float32) {
	eachTapRow(s, func(at, from, lo, hi int) {
		for x := lo; x < hi; x++ {
			planes[from+x*s.Stride] += columns[at+x]
		}
	})
}

// eachTapRow visits the rows of the output under each tap: columns[at+x] is the
// pixel planes[from+x*stride] for lo <= x < hi and padding for the other x.
func eachTapRow(s conv.Shape, visit func(at, from, lo, hi int)) {
	outW := s.OutW()
	at := 0
	for ch := range s.C / s.Groups {
		for r := range s.R {
			for q := range s.S {
				// 0 <= x*stride + q - padding < W
				first := max(0, (s.PadW-q+s.Stride-1)/s.Stride)
				last := min(outW, (s.W-1+s.PadW-q)/s.Stride+1)
				for y := range s.OutH() {
					lo, hi := first, last
					iy := y*s.Stride + r - s.PadH
					if iy < 0 || iy >= s.H {
						lo, hi = 0, 0
					}
					visit(at, (ch*s.H+iy)*s.W+q-s.PadW, lo, hi)
					at += outW
				}
			}
		}
	}
}
