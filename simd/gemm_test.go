package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// tile is one call of Gemm.
type tile struct {
	c, a, b, bias                        []float32
	cRow, aRow, aCol, aJump, bRow, bJump int
	m, n, k, kOuter                      int
	mode                                 TileMode
	prefetch                             *float32
	sparse                               bool
}

func (g *tile) run(k *Kernels) {
	var bias *float32
	if len(g.bias) > 0 {
		bias = &g.bias[0]
	}
	k.Gemm(&GemmTile{
		C: &g.c[0], A: &g.a[0], B: &g.b[0], Bias: bias,
		CRow: g.cRow, ARow: g.aRow, ACol: g.aCol, AJump: g.aJump, BRow: g.bRow, BJump: g.bJump,
		M: g.m, N: g.n, K: g.k, KOuter: g.kOuter, Mode: g.mode, Prefetch: g.prefetch, PrefetchRow: g.bRow, Sparse: g.sparse,
	})
}

// element returns element (i, j) of the result, and the sum of the magnitudes of
// its terms.
func (g *tile) element(i, j int) (value float32, magnitude float64) {
	switch g.mode &^ ThenReLU6 {
	case FromC:
		value = g.c[i*g.cRow+j]
	case FromRowBias:
		value = g.bias[i]
	case FromColumnBias:
		value = g.bias[j]
	}
	magnitude = math.Abs(float64(value))
	for o := range g.kOuter {
		for q := range g.k {
			x, y := g.a[o*g.aJump+q*g.aCol+i*g.aRow], g.b[o*g.bJump+q*g.bRow+j]
			value = fma32(x, y, value)
			magnitude += math.Abs(float64(x) * float64(y))
		}
	}
	if g.mode&ThenReLU != 0 && value < 0 {
		value = 0
	}
	if g.mode&ThenReLU6 == ThenReLU6 && value > 6 {
		value = 6
	}
	return value, magnitude
}

func (g *tile) String() string {
	return fmt.Sprintf("%d x %d, k %d x %d, mode %d, rows of c %d, a %d, %d and %d, b %d and %d",
		g.m, g.n, g.kOuter, g.k, g.mode, g.cRow, g.aRow, g.aCol, g.aJump, g.bRow, g.bJump)
}

// tileModes is every mode.
var tileModes = func() (modes []TileMode) {
	for begin := FromZero; begin <= FromColumnBias; begin++ {
		modes = append(modes, begin, begin|ThenReLU, begin|ThenReLU6)
	}
	return modes
}()

// TestGemm runs every size of tile in every mode, with changing depths and
// distances. Whatever lies between the elements of a tile is NaN: it must neither
// be used nor change. Memory beyond the first and the last element faults.
func TestGemm(t *testing.T) {
	const buf = 8192
	depths := []int{1, 2, 3, 4, 5, 7, 8, 9, 13}
	// 2^-63 makes the products denormal numbers or nearly so.
	scales := []float32{1, 8, 0x1p-63}
	nan := float32(math.NaN())

	forEachISA(t, func(t *testing.T, k *Kernels) {
		random := rand.New(rand.NewPCG(3, 4))
		for _, side := range guard.Sides {
			var bufs [4][]float32
			for i := range bufs {
				bufs[i] = guard.Make[float32](t, buf, side)
			}
			want := make([]float32, buf)
			take := func(which, n int) []float32 {
				s := beside(bufs[which], n, side)
				for i := range s {
					s[i] = nan
				}
				return s
			}
			for m := 1; m <= k.MR; m++ {
				for n := 1; n <= k.NR; n++ {
					for _, mode := range tileModes {
						g := tile{m: m, n: n, mode: mode, kOuter: 1 + random.IntN(3), k: depths[random.IntN(len(depths))]}
						scale := scales[random.IntN(len(scales))]
						number := func() float32 { return scale * (2*random.Float32() - 1) }
						depth := g.kOuter * g.k

						g.cRow = n + 5*random.IntN(2)
						g.c = take(0, (m-1)*g.cRow+n)
						if mode&^ThenReLU6 == FromC {
							for i := range m {
								for j := range n {
									g.c[i*g.cRow+j] = scale * number()
								}
							}
						}

						g.aRow, g.aCol = 1, m+3*random.IntN(2)
						if !k.PackedA && random.IntN(2) == 0 {
							g.aRow, g.aCol = depth+3*random.IntN(2), 1
						}
						// Rows may overlap, as those of an image do.
						g.aJump = []int{g.k * g.aCol, g.k*g.aCol + 3, 2}[random.IntN(3)]
						g.a = take(1, (m-1)*g.aRow+(g.kOuter-1)*g.aJump+(g.k-1)*g.aCol+1)
						for o := range g.kOuter {
							for q := range g.k {
								for i := range m {
									g.a[o*g.aJump+q*g.aCol+i*g.aRow] = number()
								}
							}
						}

						g.bRow = []int{n, n + 3, 1}[random.IntN(3)]
						g.bJump = []int{g.k * g.bRow, g.k*g.bRow + 7, 2}[random.IntN(3)]
						g.b = take(2, (g.kOuter-1)*g.bJump+(g.k-1)*g.bRow+n)
						for o := range g.kOuter {
							for q := range g.k {
								for j := range n {
									g.b[o*g.bJump+q*g.bRow+j] = number()
								}
							}
						}

						if random.IntN(2) == 0 {
							g.prefetch = &g.b[0]
							g.sparse = k.SparseLines && random.IntN(2) == 0
						}

						switch mode &^ ThenReLU6 {
						case FromRowBias:
							g.bias = take(3, m)
						case FromColumnBias:
							g.bias = take(3, n)
						}
						for i := range g.bias {
							g.bias[i] = scale * number()
						}

						want := want[:len(g.c)]
						copy(want, g.c)
						var largest float64
						for i := range m {
							for j := range n {
								var magnitude float64
								want[i*g.cRow+j], magnitude = g.element(i, j)
								largest = max(largest, magnitude)
							}
						}
						g.run(k)
						if k.Name != "generic" {
							requireSameBits(t, want, g.c, "%v, guard at the %v", &g, side)
							continue
						}
						// Each of depth additions, and each product unless fused,
						// is off by half an ulp of the sum so far, 2^-149 at least.
						tolerance := float64(2*depth) * max(largest*0x1p-24, 0x1p-149)
						for i := range m {
							for j := range n {
								require.InDelta(t, want[i*g.cRow+j], g.c[i*g.cRow+j], tolerance, "%v", &g)
							}
							for j := i*g.cRow + n; j < min((i+1)*g.cRow, len(g.c)); j++ {
								require.True(t, math.IsNaN(float64(g.c[j])), "%v: wrote outside", &g)
							}
						}
					}
				}
			}
		}
	})
}

// TestGemmTiles holds GemmTiles to one Gemm after the other, beside memory that faults.
// What lies between the rows of C must not change.
func TestGemmTiles(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		random := rand.New(rand.NewPCG(7, 8))
		const deepest = 20
		most := MaxTiles * k.MR
		rowOffsets := make([]int32, k.MR)
		for _, side := range guard.Sides {
			aRoom := guard.Make[float32](t, most*(deepest+3), side)
			bRoom := guard.Make[float32](t, deepest*(k.NR+3), side)
			cRoom := guard.Make[float32](t, most*(k.NR+3), side)
			biasRoom := guard.Make[float32](t, max(most, k.NR), side)
			fill := func(s []float32) []float32 {
				for i := range s {
					s[i] = 2*random.Float32() - 1
				}
				return s
			}
			for range 3000 {
				count, m, n, depth := 1+random.IntN(MaxTiles), 1+random.IntN(k.MR), 1+random.IntN(k.NR), 1+random.IntN(deepest)
				call := GemmTiles{Count: count}
				call.M, call.N, call.K, call.KOuter = m, n, depth, 1
				call.Mode = tileModes[random.IntN(len(tileModes))]
				call.BRow, call.CRow = n+random.IntN(4), n+random.IntN(4)
				// A packed tile by tile, or its rows one below the other.
				call.ARow, call.ACol, call.ATile = 1, m, m*depth
				a := fill(beside(aRoom, count*m*depth, side))
				if !k.PackedA && random.IntN(2) == 0 {
					call.ARow, call.ACol = depth+random.IntN(4), 1
					call.ATile = m * call.ARow
					a = fill(beside(aRoom, (count*m-1)*call.ARow+depth, side))
				}
				if depth > 1 && random.IntN(3) == 0 { // the same in rows
					call.K, call.KOuter = 1, depth
					call.AJump, call.BJump = call.ACol, call.BRow
				}
				b := fill(beside(bRoom, (depth-1)*call.BRow+n, side))
				c := fill(beside(cRoom, (count*m-1)*call.CRow+n, side))
				call.A, call.B, call.C = &a[0], &b[0], &c[0]
				var bias []float32
				switch call.Mode &^ ThenReLU6 {
				case FromRowBias:
					bias, call.BiasTile = fill(beside(biasRoom, count*m, side)), m
					call.Bias = &bias[0]
				case FromColumnBias:
					bias = fill(beside(biasRoom, n, side))
					call.Bias = &bias[0]
				}
				for i := range count {
					if random.IntN(2) == 0 {
						call.Lines[i] = Line{At: &b[0], Row: call.BRow, Sparse: k.SparseLines && random.IntN(2) == 0}
					}
				}
				call.Below = random.IntN(count*m + 1)
				for i := range rowOffsets {
					rowOffsets[i] = int32(i * call.CRow)
				}
				call.CRows = &rowOffsets[0]

				want := slices.Clone(c)
				for i := range count {
					tile := call.GemmTile
					tile.C, tile.A = &want[i*m*call.CRow], &a[i*call.ATile]
					if call.Mode&^ThenReLU6 == FromRowBias {
						tile.Bias = &bias[i*m]
					}
					k.Gemm(&tile)
				}
				k.GemmTiles(&call)
				requireSameBits(t, want, c, "%d tiles of %dx%d, depth %d, mode %d, guard at the %v", count, m, n, depth, call.Mode, side)
			}
		}
	})
}

// TestGemmGather holds GemmGather to Gather and Gemm: rows of one to four runs, of any
// lengths, beside memory that faults.
func TestGemmGather(t *testing.T) {
	const width, deepest = 32, 9
	forEachISA(t, func(t *testing.T, k *Kernels) {
		if !k.GemmGathers && k.Name != "generic" {
			t.Skip("GemmGather is the generic one")
		}
		random := rand.New(rand.NewPCG(5, 6))
		for _, side := range guard.Sides {
			src := guard.Make[float32](t, 100, side)
			offsetRoom := guard.Make[int32](t, deepest, side)
			packed := guard.Make[float32](t, deepest*width, side)
			c := guard.Make[float32](t, 14*width, side)
			for i := range src {
				src[i] = 2*random.Float32() - 1
			}
			for range 2000 {
				m, n, depth := 1+random.IntN(k.MR), 1+random.IntN(width), 1+random.IntN(deepest)
				packed, c := beside(packed, depth*width, side), beside(c, m*width, side)
				offsets := offsetRoom[:depth]
				if side == guard.Tail {
					offsets = offsetRoom[deepest-depth:]
				}
				most := random.IntN(len(src) / 2)
				for q := range offsets {
					offsets[q] = int32(random.IntN(most+1) - most/2)
				}
				offsets[0], offsets[depth-1] = int32(-most/2), int32(most-most/2)
				var rows GatherRows
				rows.Offsets = &offsets[0]
				for h := range 2 {
					columns := min(max(n-16*h, 0), 16)
					first := random.IntN(columns + 1)
					for i, length := range []int{first, columns - first} {
						// At the first and the last place that all offsets allow, or between.
						lo, hi := most/2, len(src)-(most-most/2)-max(length, 1)
						at := []int{lo, hi, lo + random.IntN(hi-lo+1)}[random.IntN(3)]
						rows.Runs[2*h+i] = GatherRun{&src[at], 16*h + i*first, length}
					}
				}
				for i := range c {
					c[i] = 2*random.Float32() - 1
				}
				for i := range packed {
					packed[i] = float32(math.NaN())
				}
				a := make([]float32, m*depth)
				for i := range a {
					a[i] = 2*random.Float32() - 1
				}
				call := GemmTile{C: &c[0], A: &a[0], B: &packed[0], Bias: &a[0], CRow: width, ARow: 1, ACol: m, BRow: width,
					M: m, N: n, K: depth, KOuter: 1, Mode: []TileMode{FromZero, FromC, FromRowBias, FromC | ThenReLU, FromZero | ThenReLU6}[random.IntN(5)]}
				if random.IntN(2) == 0 {
					call.Prefetch, call.PrefetchRow = &src[0], width
				}
				want, wantPacked := slices.Clone(c), slices.Clone(packed)
				for _, r := range rows.Runs {
					if r.N > 0 {
						k.Gather(&wantPacked[r.Lane], r.Src, rows.Offsets, depth, width, r.N)
					}
				}
				reference := call
				reference.C, reference.B = &want[0], &wantPacked[0]
				for j := 0; j < n; j += k.NR {
					reference.C, reference.B, reference.N = &want[j], &wantPacked[j], min(k.NR, n-j)
					k.Gemm(&reference)
				}
				k.GemmGather(&call, &rows)
				requireSameBits(t, want, c, "%dx%d, depth %d, runs %v, guard at the %v", m, n, depth, rows.Runs, side)
				for q := range depth {
					requireSameBits(t, wantPacked[q*width:][:n], packed[q*width:][:n], "row %d as packed", q)
				}
			}
		}
	})
}

// TestGemmReLUKeepsNaN checks the rule of ReLU and of ReLU6 where they are fused: below
// zero goes to zero, above six to six, everything else stays.
func TestGemmReLUKeepsNaN(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	in := []float32{nan, negativeZero, 0, -inf, inf, -1, 1, -0x1p-149, 0x1p-149, 6, 6.5}
	out := map[TileMode][]float32{
		ThenReLU:  {nan, negativeZero, 0, 0, inf, 0, 1, 0, 0x1p-149, 6, 6.5},
		ThenReLU6: {nan, negativeZero, 0, 0, 6, 0, 1, 0, 0x1p-149, 6, 6},
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for mode, out := range out {
			for at := range min(k.NR, len(in)) * len(in) {
				n, first := 1+at/len(in), at%len(in)
				c, want := make([]float32, n), make([]float32, n)
				for j := range c {
					c[j], want[j] = in[(first+j)%len(in)], out[(first+j)%len(in)]
				}
				// -0 is what adds nothing to any number, -0 among them.
				b := slices.Repeat([]float32{1}, n)
				g := tile{c: c, a: []float32{negativeZero}, b: b, cRow: n, aRow: 1, aCol: 1, bRow: n,
					m: 1, n: n, k: 1, kOuter: 1, mode: FromC | mode}
				g.run(k)
				for j := range c {
					if math.IsNaN(float64(want[j])) {
						require.True(t, math.IsNaN(float64(c[j])), "mode %d: %v became %v", mode, in[(first+j)%len(in)], c[j])
						continue
					}
					require.Equal(t, math.Float32bits(want[j]), math.Float32bits(c[j]), "mode %d: %v became %v", mode, in[(first+j)%len(in)], c[j])
				}
			}
		}
	})
}

func BenchmarkGemmTile(b *testing.B) {
	const depth = 256
	for _, k := range Available() {
		for _, m := range []int{k.MR, k.MR / 2} {
			b.Run(fmt.Sprintf("isa=%s/m=%d/n=%d", k.Name, m, k.NR), func(b *testing.B) {
				g := tile{
					c: make([]float32, m*k.NR), a: make([]float32, m*depth), b: make([]float32, depth*k.NR),
					cRow: k.NR, aRow: 1, aCol: m, bRow: k.NR,
					m: m, n: k.NR, k: depth, kOuter: 1, mode: FromC,
				}
				for b.Loop() {
					g.run(k)
				}
				b.ReportMetric(2*float64(m*k.NR*depth)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
