package tensor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A product refuses operands with one element too few, before a kernel sees them.
func TestShortMatrices(t *testing.T) {
	e := NewEngineOn(2, nil)
	defer e.Close()
	const m, n, k = 5, 20, 7
	for _, trans := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
		g := NewGemm(e, m, n, k, trans[0], trans[1])
		lda, ldb := k, n
		if trans[0] {
			lda = m
		}
		if trans[1] {
			ldb = k
		}
		for short := -1; short < 5; short++ {
			vector := func(i, n int) []float32 {
				if i == short {
					n--
				}
				return make([]float32, n)
			}
			check := require.Panics
			if short < 0 {
				check = require.NotPanics
			}
			run := func(ep Epilogue) {
				check(t, func() { g.Run(vector(0, m*n), vector(1, m*k), vector(2, k*n), n, lda, ldb, ep) }, "%v, operand %d", trans, short)
			}
			if short != 4 {
				run(Epilogue{RowBias: vector(3, m)})
			}
			if short != 3 {
				run(Epilogue{ColumnBias: vector(4, n)})
			}
		}
		require.Panics(t, func() {
			g.Run(make([]float32, m*n), make([]float32, m*k), make([]float32, k*n), n-1, lda, ldb, Epilogue{})
		}, "rows that overlap")
	}
}

func TestImpossibleShapes(t *testing.T) {
	const large = 1 << 40
	require.Panics(t, func() { New(large, large, 1, 1) })
	require.Panics(t, func() { New(1, -1, 1, 1) })
	require.Panics(t, func() { View(make([]float32, 4), -1, -1, 1, 1) })
	e := NewEngineOn(1, nil)
	defer e.Close()
	require.Panics(t, func() { NewGemm(e, large, large, 1, false, false) })
	require.Panics(t, func() { NewGemm(e, -1, 1, 1, false, false) })
}

// taskFunc is a task that calls a function.
type taskFunc func()

func (f taskFunc) Do(int, int) { f() }

func TestMisuseOfAnEngine(t *testing.T) {
	for _, threads := range []int{1, 2} {
		e := NewEngineOn(threads, nil)
		e.Run(1, taskFunc(func() {
			require.Panics(t, func() { e.Run(1, taskFunc(func() {})) }, "an operation within an operation")
		}))
		e.Run(1, taskFunc(func() {}))
		e.Close()
		e.Close()
		require.Panics(t, func() { e.Run(1, taskFunc(func() {})) }, "closed")
	}
}
