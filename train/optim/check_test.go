package optim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// A step refuses gradients and state with one element too few or too many, in
// the caller's goroutine.
func TestSizesOfSteps(t *testing.T) {
	const n = 40000 // some parts
	for _, threads := range []int{1, 2} {
		e := tensor.NewEngineOn(threads, nil)
		defer e.Close()
		vector := func(n int) []float32 { return make([]float32, n, n+1) }
		require.NotPanics(t, func() { NewAdam(e, vector(n), vector(n), 1).Step() })
		require.NotPanics(t, func() { NewSGD(e, vector(n), vector(n), 1).Step() })
		for _, other := range []int{n - 1, n + 1} {
			require.Panics(t, func() { NewAdam(e, vector(n), vector(other), 1).Step() })
			require.Panics(t, func() { NewSGD(e, vector(n), vector(other), 1).Step() })
			for _, state := range []func(a *Adam) *[]float32{
				func(a *Adam) *[]float32 { return &a.M }, func(a *Adam) *[]float32 { return &a.V },
			} {
				a := NewAdam(e, vector(n), vector(n), 1)
				*state(a) = vector(other)
				require.Panics(t, a.Step)
			}
			grouped := NewAdam(e, vector(n), vector(n), 1)
			grouped.Groups = []Group{{n / 2, 1}, {other, 1}}
			require.Panics(t, grouped.Step)
			s := NewSGD(e, vector(n), vector(n), 1)
			s.Buffer = vector(other)
			require.Panics(t, s.Step)
		}
	}
}
