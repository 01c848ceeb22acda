package tensor

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/race"
	"github.com/meada-cpu/meada-cpu/simd"
)

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// rounded returns x rounded to bfloat16, to nearest and ties to even.
func rounded(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		bits := math.Float32bits(v)
		y[i] = math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
	}
	return y
}

// product is a matrix product with its result in float64.
type product struct {
	m, n, k        int
	transA, transB bool
	bfloat16       bool
	a, b, c        []float32 // c is what it accumulates on
	lda, ldb, ldc  int
	epilogue       Epilogue
	want           []float64
}

// newProduct makes up a product; variant numbers the transpositions (2 bits),
// the beginnings (2 bits), the ReLU, whether the rows of all matrices alias, and
// whether the operands are bfloat16 numbers.
func newProduct(r *rand.Rand, m, n, k, variant int) product {
	p := product{m: m, n: n, k: k, transA: variant&1 != 0, transB: variant&2 != 0, lda: k + 3, ldb: n + 2, ldc: n + 5}
	rowsA, rowsB := m, k
	if p.transA {
		p.lda, rowsA = m+3, k
	}
	if p.transB {
		p.ldb, rowsB = k+1, n
	}
	if variant&32 != 0 {
		for _, ld := range []*int{&p.lda, &p.ldb, &p.ldc} {
			*ld = (*ld + 1023) / 1024 * 1024
		}
	}
	p.a, p.b, p.c = random(r, rowsA*p.lda), random(r, rowsB*p.ldb), random(r, m*p.ldc)
	if p.bfloat16 = variant&64 != 0; p.bfloat16 {
		p.a, p.b = rounded(p.a), rounded(p.b)
	}
	switch variant >> 2 & 3 {
	case 1:
		p.epilogue.Accumulate = true
	case 2:
		p.epilogue.RowBias = random(r, m)
	case 3:
		p.epilogue.ColumnBias = random(r, n)
	}
	p.epilogue.ReLU = variant&16 != 0
	p.want = make([]float64, m*n)
	for i := range m {
		for j := range n {
			var sum float64
			switch {
			case p.epilogue.Accumulate:
				sum = float64(p.c[i*p.ldc+j])
			case p.epilogue.RowBias != nil:
				sum = float64(p.epilogue.RowBias[i])
			case p.epilogue.ColumnBias != nil:
				sum = float64(p.epilogue.ColumnBias[j])
			}
			for q := range k {
				x, y := i*p.lda+q, q*p.ldb+j
				if p.transA {
					x = q*p.lda + i
				}
				if p.transB {
					y = j*p.ldb + q
				}
				sum += float64(p.a[x]) * float64(p.b[y])
			}
			if p.epilogue.ReLU {
				sum = max(sum, 0)
			}
			p.want[i*n+j] = sum
		}
	}
	return p
}

// TestGemm compares every kernel set and thread count with float64, on
// shapes around the block sizes, all transpositions and epilogues, and demands
// the same bits of every thread count and every assembly kernel set.
func TestGemm(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	small := [][3]int{{1, 1, 1}, {1, 10, 65}, {3, 5, 7}, {14, 32, 25}, {15, 33, 257}, {32, 10, 100}, {10, 32, 33}, {64, 49, 75}}
	large := [][3]int{{100, 130, 300}, {300, 600, 40}, {257, 513, 129}, {32, 1024, 530}, {1030, 1030, 3}}
	sets, every := simd.Available(), 1
	switch {
	case race.Enabled:
		every, large = 5, large[1:2] // the reference is Go code
	case testing.Short():
		sets = sets[:1]
	}
	var products []product
	for _, s := range small {
		for variant := 0; variant < 32; variant += every {
			products = append(products, newProduct(r, s[0], s[1], s[2], variant))
		}
	}
	for i, s := range large {
		for trans := range 4 {
			products = append(products, newProduct(r, s[0], s[1], s[2], trans+4*((i+trans)%8)))
		}
	}
	for trans := range 4 {
		products = append(products, newProduct(r, 150, 130, 1040, trans+32+4*trans), newProduct(r, 30, 600, 20, trans+32),
			newProduct(r, 24, 200, 530, trans+32+4*trans+16*(trans%2))) // B in place, in stretches of its depth
	}
	requireProducts(t, sets, products)
}

// TestBFloat16Gemm does so for operands of bfloat16, where the generic kernels give the
// same bits too.
func TestBFloat16Gemm(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	shapes := [][3]int{{1, 1, 1}, {1, 10, 65}, {3, 5, 7}, {15, 33, 257}, {32, 10, 100}, {64, 49, 75}, {100, 130, 301}, {32, 70, 1100}, {70, 200, 1030}}
	if race.Enabled || testing.Short() {
		shapes = shapes[:6]
	}
	var products []product
	for i, s := range shapes {
		for trans := range 4 {
			for beginning := range 2 {
				products = append(products, newProduct(r, s[0], s[1], s[2], 64+trans+4*(2*beginning+i%2)+16*(i/2%2)+32*((i+trans)%2)))
			}
		}
	}
	requireProducts(t, simd.Available(), products)
}

// TestBFloat16GemmRounds checks that a product rounds its operands, and nothing else.
func TestBFloat16GemmRounds(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	const m, n, k = 37, 45, 67
	a, b, c := random(r, m*k), random(r, k*n), random(r, m*n)
	for trans := range 4 {
		e := NewEngineOn(1, nil)
		g := NewBFloat16Gemm(e, m, n, k, trans&1 != 0, trans&2 != 0)
		lda, ldb := k, n
		if g.TransA {
			lda = m
		}
		if g.TransB {
			ldb = k
		}
		want, got := slices.Clone(c), slices.Clone(c)
		g.Run(want, rounded(a), rounded(b), n, lda, ldb, Epilogue{Accumulate: true})
		g.Run(got, a, b, n, lda, ldb, Epilogue{Accumulate: true})
		require.Equal(t, want, got)
		e.Close()
	}
}

// requireProducts holds products against float64, and every kernel set and thread count
// against the first.
func requireProducts(t *testing.T, sets []*simd.Kernels, products []product) {
	for _, p := range products {
		bits := map[string][]float32{}
		for _, kernels := range sets {
			for _, threads := range []int{1, 3} {
				e := NewEngineOn(threads, kernels)
				g := newGemm(e, p.m, p.n, p.k, p.transA, p.transB, p.bfloat16)
				for i := range e.shared {
					e.shared[i] = float32(math.NaN())
				}
				c := append([]float32(nil), p.c...)
				g.Run(c, p.a, p.b, p.ldc, p.lda, p.ldb, p.epilogue)
				e.Close()
				name := fmt.Sprintf("%s, %dx%dx%d, transposed %v %v, %d threads", kernels.Name, p.m, p.n, p.k, p.transA, p.transB, threads)
				tolerance := 1e-7*float64(p.k) + 1e-6
				for i := range p.m {
					for j := range p.ldc {
						got := c[i*p.ldc+j]
						if beyond := j >= p.n; beyond && got != p.c[i*p.ldc+j] {
							t.Fatalf("%s: wrote beyond the last column", name)
						} else if !beyond && !(math.Abs(float64(got)-p.want[i*p.n+j]) <= tolerance) {
							t.Fatalf("%s: C[%d][%d] = %v, expected %v", name, i, j, got, p.want[i*p.n+j])
						}
					}
				}
				kind := "assembly"
				if kernels.Name == "generic" && !p.bfloat16 {
					kind = kernels.Name
				}
				if bits[kind] == nil {
					bits[kind] = c
				}
				require.True(t, slices.Equal(bits[kind], c), "%s: other bits than the first kernel set or thread count", name)
			}
		}
	}
}

// A B in place whose rows alias goes in stretches, which newProduct's with 24 rows and a
// depth of 530 has on every kernel set.
func TestStretchesOfAliasingRows(t *testing.T) {
	for _, kernels := range simd.Available() {
		e := NewEngineOn(1, kernels)
		g := NewGemm(e, 24, 200, 530, false, false)
		g.Run(make([]float32, 24*1024), make([]float32, 24*1024), make([]float32, 530*1024), 1024, 1024, 1024, Epilogue{})
		require.Equal(t, aliasDepth, g.stretchDepth, kernels.Name)
		e.Close()
	}
}

// A product that is computed transposed has large blocks, which are transposed in parts, as
// assembly can't be preempted.
func TestTransposesAreShort(t *testing.T) {
	const m, n, k = 2048, 2200, 3
	r := rand.New(rand.NewSource(1))
	a, b, begin := random(r, m*k), random(r, n*k), random(r, m*n)
	kernels := *simd.Available()[0]
	transpose, most := kernels.Transpose, 0
	kernels.Transpose = func(dst, src *float32, rows, cols, dstRow, srcRow int) {
		most = max(most, rows*cols)
		transpose(dst, src, rows, cols, dstRow, srcRow)
	}
	e := NewEngineOn(1, &kernels)
	defer e.Close()
	c := slices.Clone(begin)
	NewGemm(e, m, n, k, false, true).Run(c, a, b, n, k, k, Epilogue{Accumulate: true})
	require.LessOrEqual(t, most, simd.MaxTranspose)
	require.Greater(t, most, simd.MaxTranspose/2, "a block of more than one part")
	for i := 0; i < m*n; i += 101 {
		want := float64(begin[i])
		for q := range k {
			want += float64(a[i/n*k+q]) * float64(b[i%n*k+q])
		}
		require.InDelta(t, want, c[i], 1e-5)
	}
}

func TestGemmAllocatesNothing(t *testing.T) {
	e := NewEngineOn(2, nil)
	defer e.Close()
	r := rand.New(rand.NewSource(1))
	a, b, c := random(r, 100*300), random(r, 200*300), random(r, 100*200)
	for _, g := range []*Gemm{NewGemm(e, 100, 200, 300, false, true), NewBFloat16Gemm(e, 100, 200, 300, false, true)} {
		require.Zero(t, testing.AllocsPerRun(10, func() { g.Run(c, a, b, 200, 300, 300, Epilogue{}) }))
	}
}
