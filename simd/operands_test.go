package simd

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// Elementwise kernels run over these lengths, at every place of a guardedBuf.
const (
	longest = 130
	places  = 6
)

// guardedBuf holds an operand where a kernel that leaves it is noticed: at the end or
// the beginning of a guarded page (places 0 and 1), or 0 to 3 elements behind an
// aligned address (places 2 to 5), among canaries each time.
type guardedBuf[T guard.Element] struct {
	bufs [3][]T
	buf  []T
	lo   int
	hi   int
}

const canary = 77

func newGuardedBuf[T guard.Element](t *testing.T, most int) *guardedBuf[T] {
	return &guardedBuf[T]{bufs: [3][]T{
		guard.Make[T](t, most, guard.Tail),
		guard.Make[T](t, most, guard.Head),
		guard.Make[T](t, most+16, guard.Head),
	}}
}

// put returns a copy of values at that place.
func (s *guardedBuf[T]) put(values []T, place int) []T {
	s.buf = s.bufs[min(place, 2)]
	for i := range s.buf {
		s.buf[i] = canary
	}
	switch place {
	case 0:
		s.lo = len(s.buf) - len(values)
	case 1:
		s.lo = 0
	default:
		s.lo = place - 2
	}
	s.hi = s.lo + len(values)
	copy(s.buf[s.lo:], values)
	return s.buf[s.lo:s.hi:s.hi]
}

// requireCanaries fails if anything around the operand has changed.
func (s *guardedBuf[T]) requireCanaries(t *testing.T) {
	t.Helper()
	for i, v := range s.buf {
		if (i < s.lo || i >= s.hi) && v != canary {
			require.Failf(t, "written outside the operand", "element %d of %d", i-s.lo, s.hi-s.lo)
		}
	}
}

// requireSameNumbers compares bits, except that NaN equals NaN: the payload is
// the one thing in which architectures differ.
func requireSameNumbers(t *testing.T, want, got []float32, format string, args ...any) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		if math.Float32bits(w) != math.Float32bits(g) && (w == w || g == g) {
			require.Failf(t, "different numbers", "element %d: want %g (%#x), got %g (%#x); "+format,
				append([]any{i, w, math.Float32bits(w), g, math.Float32bits(g)}, args...)...)
		}
	}
}

// requireClose allows a difference of tolerance times the largest finite |want|,
// at least 1.
func requireClose(t *testing.T, want, got []float32, tolerance float64, format string, args ...any) {
	t.Helper()
	require.Len(t, got, len(want))
	most := 1.0
	for _, w := range want {
		if a := math.Abs(float64(w)); a < math.MaxFloat32 {
			most = max(most, a)
		}
	}
	for i, w := range want {
		g := got[i]
		if w == g || w != w && g != g {
			continue
		}
		if d := math.Abs(float64(w) - float64(g)); !(d <= tolerance*most) {
			require.Failf(t, "too far", "element %d: want %g, got %g; "+format, append([]any{i, w, g}, args...)...)
		}
	}
}

// requireMatch is requireSameNumbers for the kernel sets whose bits are fixed, and
// requireClose for generic, whose multiply-adds may or may not be fused.
func requireMatch(t *testing.T, k *Kernels, want, got []float32, tolerance float64, format string, args ...any) {
	t.Helper()
	if k.Name == "generic" {
		requireClose(t, want, got, tolerance, format, args...)
		return
	}
	requireSameNumbers(t, want, got, format, args...)
}

// wave fills s with ordinary numbers of both signs, the same for equal seeds.
func wave(s []float32, seed int) []float32 {
	state := uint32(seed)*2654435761 + 1
	for i := range s {
		state = state*1664525 + 1013904223
		s[i] = float32(int32(state)) / (1 << 30)
	}
	return s
}

// edgeValues are the numbers that kernels get wrong first.
var edgeValues = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-127, -0x1p-127, 0x1p-126,
	math.MaxFloat32, -math.MaxFloat32, 0.5, -0.5, 3.25, -88.7, 1e-20, 12345.678,
}

// edgy is wave with every third number an edge value.
func edgy(s []float32, seed int) []float32 {
	wave(s, seed)
	for i := range s {
		if (i+seed)%3 == 0 {
			s[i] = edgeValues[(i/3+seed)%len(edgeValues)]
		}
	}
	return s
}

// requireNoAllocs runs f once to warm up, then holds that it allocates nothing.
func requireNoAllocs(t *testing.T, f func()) {
	t.Helper()
	require.Zero(t, testing.AllocsPerRun(10, f))
}
