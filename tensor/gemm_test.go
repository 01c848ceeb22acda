package tensor

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
)

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// reference computes the product in float64.
func reference(g *Gemm, c, a, b []float32, ldc, lda, ldb int, ep Epilogue) []float64 {
	out := make([]float64, g.M*g.N)
	for i := range g.M {
		for j := range g.N {
			var sum float64
			switch {
			case ep.Accumulate:
				sum = float64(c[i*ldc+j])
			case ep.RowBias != nil:
				sum = float64(ep.RowBias[i])
			case ep.ColumnBias != nil:
				sum = float64(ep.ColumnBias[j])
			}
			for k := range g.K {
				x, y := i*lda+k, k*ldb+j
				if g.TransA {
					x = k*lda + i
				}
				if g.TransB {
					y = j*ldb + k
				}
				sum += float64(a[x]) * float64(b[y])
			}
			if ep.ReLU {
				sum = math.Max(sum, 0)
			}
			out[i*g.N+j] = sum
		}
	}
	return out
}

// TestGemm compares every row of kernels, transposition, epilogue and thread
// count with float64, on shapes around the block sizes, and demands the same
// bits of every thread count.
func TestGemm(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	shapes := [][3]int{{1, 1, 1}, {1, 10, 1024}, {3, 5, 7}, {14, 32, 256}, {15, 33, 257}, {32, 10, 100}, {10, 32, 33},
		{64, 49, 75}, {100, 130, 300}, {300, 600, 40}, {257, 513, 129}, {32, 1024, 530}}
	for _, row := range simd.Rows() {
		for _, s := range shapes {
			for trans := range 4 {
				for epilogue := range 8 {
					transA, transB := trans&1 != 0, trans&2 != 0
					lda, ldb, ldc := s[2]+3, s[1]+2, s[1]+5
					aLen, bLen := s[0]*lda, s[2]*ldb
					if transA {
						lda = s[0] + 3
						aLen = s[2] * lda
					}
					if transB {
						ldb = s[2] + 1
						bLen = s[1] * ldb
					}
					a, b, c0 := random(r, aLen), random(r, bLen), random(r, s[0]*ldc)
					ep := Epilogue{ReLU: epilogue&4 != 0}
					switch epilogue & 3 {
					case 1:
						ep.Accumulate = true
					case 2:
						ep.RowBias = random(r, s[0])
					case 3:
						ep.ColumnBias = random(r, s[1])
					}
					var first []float32
					for _, threads := range []int{1, 3} {
						e := NewEngine(threads, row)
						g := NewGemm(e, s[0], s[1], s[2], transA, transB)
						for i := range e.shared {
							e.shared[i] = float32(math.NaN())
						}
						c := append([]float32(nil), c0...)
						want := reference(g, c, a, b, ldc, lda, ldb, ep)
						g.Run(c, a, b, ldc, lda, ldb, ep)
						name := fmt.Sprintf("%s %v trans %d epilogue %d threads %d", row.Name, s, trans, epilogue, threads)
						tolerance := 1e-7*float64(s[2]) + 1e-6
						for i := range s[0] {
							for j := range ldc {
								got := c[i*ldc+j]
								if j >= s[1] {
									require.Equal(t, c0[i*ldc+j], got, "%s: wrote beyond column %d", name, s[1])
								} else if d := math.Abs(float64(got) - want[i*s[1]+j]); !(d <= tolerance) {
									t.Fatalf("%s: C[%d][%d] = %v, expected %v", name, i, j, got, want[i*s[1]+j])
								}
							}
						}
						if first == nil {
							first = c
						}
						require.Equal(t, first, c, name)
						e.Close()
					}
				}
			}
		}
	}
}

func TestGemmAllocatesNothing(t *testing.T) {
	e := NewEngine(2, nil)
	defer e.Close()
	r := rand.New(rand.NewSource(1))
	g := NewGemm(e, 100, 200, 300, false, true)
	a, b, c := random(r, 100*300), random(r, 200*300), random(r, 100*200)
	require.Zero(t, testing.AllocsPerRun(10, func() { g.Run(c, a, b, 200, 300, 300, Epilogue{}) }))
}
