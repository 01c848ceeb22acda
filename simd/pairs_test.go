package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// tiny has what VDPBF16PS gives where results are about to become denormal, as a CPU that
// has it (Zen 4) computed it: x*y + z.
var tiny = []struct{ z, x, y, want float32 }{
	{0x1p-126, -0x1p-75, 0x1p-75, 0},
	{0x1p-126, -0x1.8p-76, 0x1p-75, 0},
	{0x1p-126, -0x1.8p-75, 0x1p-75, 0},
	{0x1p-126, -0x1p-75, 0x1p-76, 0x1p-126},
	{0x1p-126, -0x1.02p-75, 0x1p-75, 0},
	{0x1p-126, -0x1p-75, 0x1p-100, 0x1p-126},
	{0x1.000002p-126, -0x1.8p-75, 0x1p-74, 0},
	{0x1.fffffcp-127, 1, 0x1p-126, 0x1p-126},
	{0x1p-126, 0x1p-127, 1, 0x1p-126},
	{0x1p-126, 0x1p-76, 0x1p-75, 0x1p-126},
	{0x1p-126, 0x1.8p-75, 0x1p-75, 0x1.000002p-126},
}

// TestFMAFlushIsVDPBF16PS holds fmaFlush, and the tile of every set, against it: denormal
// results, rounded as if there were none, are zero.
func TestFMAFlushIsVDPBF16PS(t *testing.T) {
	for _, c := range tiny {
		require.Equal(t, c.want, fmaFlush(c.x, c.y, c.z), "%x * %x + %x", c.x, c.y, c.z)
		require.Equal(t, -c.want, fmaFlush(-c.x, c.y, -c.z), "%x * %x + %x", -c.x, c.y, -c.z)
	}
	forEachISA(t, testFlush)
}

// testFlush holds the tile of a set against tiny.
func testFlush(t *testing.T, k *Kernels) {
	for _, c := range tiny {
		for shift := range 2 { // as the even number of a pair, as the odd one
			half := func(x float32) float32 { return math.Float32frombits(math.Float32bits(x) >> 16 << (16 * shift)) }
			x, y, z := half(c.x), half(c.y), c.z
			k.GemmPairs(&GemmTile{C: &z, A: &x, B: &y, CRow: 1, ARow: 1, ACol: 1, BRow: 1, M: 1, N: 1, K: 1, KOuter: 1, Mode: FromC})
			require.Equal(t, c.want, z, "%x * %x + %x", c.x, c.y, c.z)
		}
	}
}

// pairsNumber returns a float32 with any of the exponents around 2^exponent.
func pairsNumber(random *rand.Rand, exponent int) float32 {
	return float32(math.Ldexp(2*random.Float64()-1, exponent+random.IntN(12)-6))
}

func TestGemmPairs(t *testing.T) {
	forEachISA(t, testGemmPairs)
}

// testGemmPairs runs every size of tile in every mode beside the generic twin. Some
// sums are of ordinary size, others become denormal on the way.
func testGemmPairs(t *testing.T, k *Kernels) {
	const buf = 8192
	nan := float32(math.NaN())
	random := rand.New(rand.NewPCG(5, 6))
	for _, side := range guard.Sides {
		var bufs [4][]float32
		for i := range bufs {
			bufs[i] = guard.Make[float32](t, buf, side)
		}
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
					exponent := []int{0, 3, -63}[random.IntN(3)]
					depth, outer := 1+random.IntN(9), 1+random.IntN(2)
					number := func() float32 {
						switch random.IntN(40) {
						case 0:
							return 0
						case 1:
							return float32(math.Ldexp(1, -140)) // of which the upper half is denormal
						case 2:
							return float32(math.Inf(1))
						}
						return pairsNumber(random, exponent)
					}
					pair := func() float32 {
						return math.Float32frombits(toBFloat16(number()) | toBFloat16(number())<<16)
					}
					tile := GemmTile{
						M: m, N: n, K: depth, KOuter: outer, Mode: mode,
						CRow: n + random.IntN(3), ARow: 1, ACol: m + random.IntN(3), BRow: n + random.IntN(3),
					}
					if !k.PackedA && random.IntN(2) == 0 {
						tile.ARow, tile.ACol = depth*outer, 1
					}
					tile.AJump, tile.BJump = depth*tile.ACol, depth*tile.BRow
					if random.IntN(2) == 0 {
						tile.Prefetch, tile.PrefetchRow, tile.Sparse = &bufs[2][0], tile.BRow, k.SparseLines && random.IntN(2) == 0
					}
					c := take(0, (m-1)*tile.CRow+n)
					if mode&^ThenReLU6 == FromC {
						for i := range m {
							for j := range n {
								c[i*tile.CRow+j] = pairsNumber(random, 2*exponent)
							}
						}
					}
					a := take(1, (m-1)*tile.ARow+(depth*outer-1)*tile.ACol+1)
					for i := range m {
						for q := range depth * outer {
							a[i*tile.ARow+q*tile.ACol] = pair()
						}
					}
					b := take(2, (depth*outer-1)*tile.BRow+n)
					for q := range depth * outer {
						for j := range n {
							b[q*tile.BRow+j] = pair()
						}
					}
					switch mode &^ ThenReLU6 {
					case FromRowBias, FromColumnBias:
						bias := take(3, map[TileMode]int{FromRowBias: m, FromColumnBias: n}[mode&^ThenReLU6])
						for i := range bias {
							bias[i] = pairsNumber(random, 2*exponent)
						}
						tile.Bias = &bias[0]
					}
					want := append([]float32(nil), c...)
					tile.A, tile.B, tile.C = &a[0], &b[0], &want[0]
					gemmPairsGeneric(&tile)
					tile.C = &c[0]
					k.GemmPairs(&tile)
					requireSameNumbers(t, want, c, "%d x %d, k %d x %d, mode %d, guard at the %v", m, n, outer, depth, mode, side)
				}
			}
		}
	}
}

// TestGemmPairsLeavesDenormals checks that a tile of pairs leaves the arithmetic as it was.
func TestGemmPairsLeavesDenormals(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		var a, b, c [1]float32
		k.GemmPairs(&GemmTile{C: &c[0], A: &a[0], B: &b[0], CRow: 1, ARow: 1, ACol: 1, BRow: 1, M: 1, N: 1, K: 1, KOuter: 1})
		x := []float32{0x1p-130}
		k.Scale(0.5, x)
		require.Equal(t, float32(0x1p-131), x[0])
	})
}

func TestPackPairs(t *testing.T) {
	forEachISA(t, testPackPairs)
}

// testPackPairs holds what makes pairs against the generic twins.
func testPackPairs(t *testing.T, k *Kernels) {
	special := []uint32{0, 1 << 31, 0x007fffff, 0x807fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
		0x7fc00000, 0x7f800001, 0xffbfffff, 0x7fffffff, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7f7fff, 0x7f7f8000}
	random := rand.New(rand.NewPCG(7, 8))
	fill := func(x []float32) {
		for i := range x {
			x[i] = math.Float32frombits(random.Uint32())
			if random.IntN(3) == 0 {
				x[i] = math.Float32frombits(special[random.IntN(len(special))])
			}
		}
	}
	bits := func(x []float32) (b []uint32) {
		for _, v := range x {
			b = append(b, math.Float32bits(v))
		}
		return b
	}
	for _, side := range guard.Sides {
		from, to := guard.Make[float32](t, 1<<14, side), guard.Make[float32](t, 1<<14, side)
		for range 400 {
			rows, cols := 1+random.IntN(70), 1+random.IntN(70)
			if random.IntN(4) == 0 {
				rows = 1 + random.IntN(3)
			}
			srcRow, dstRow := cols+random.IntN(3), rows+random.IntN(3)
			src := beside(from, (rows-1)*srcRow+cols, side)
			fill(src)
			dst := beside(to, (cols-1)/2*dstRow+rows, side)
			fill(dst)
			want := append([]float32(nil), dst...)
			transposePairsGeneric(&want[0], &src[0], rows, cols, dstRow, srcRow)
			k.TransposePairs(&dst[0], &src[0], rows, cols, dstRow, srcRow)
			require.Equal(t, bits(want), bits(dst), "transposed %d x %d", rows, cols)

			offsets := make([]int32, rows)
			for i := range offsets {
				offsets[i] = int32(srcRow * random.IntN(rows))
			}
			dstRow = cols + random.IntN(3)
			dst = beside(to, (rows-1)/2*dstRow+cols, side)
			fill(dst)
			want = append(want[:0], dst...)
			gatherPairsGeneric(&want[0], &src[0], &offsets[0], rows, dstRow, cols)
			k.GatherPairs(&dst[0], &src[0], &offsets[0], rows, dstRow, cols)
			require.Equal(t, bits(want), bits(dst), "gathered %d x %d", rows, cols)
		}
	}
}

func BenchmarkGemmPairsTile(b *testing.B) {
	const depth = 256
	for _, k := range Available() {
		b.Run("isa="+k.Name, func(b *testing.B) {
			x, y, c := make([]float32, k.MR*depth), make([]float32, depth*k.NR), make([]float32, k.MR*k.NR)
			tile := GemmTile{C: &c[0], A: &x[0], B: &y[0], CRow: k.NR, ARow: 1, ACol: k.MR, BRow: k.NR, M: k.MR, N: k.NR, K: depth, KOuter: 1}
			for b.Loop() {
				k.GemmPairs(&tile)
			}
			b.ReportMetric(4*float64(k.MR*k.NR*depth)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
