package collective

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// together runs a function on each of n ranks.
func together(t *testing.T, n int, f func(g *Group) error) {
	t.Helper()
	links, cut := Local(n)
	var all sync.WaitGroup
	errs := make([]error, n)
	for rank, link := range links {
		g, err := New(link)
		require.NoError(t, err)
		all.Go(func() {
			if errs[rank] = f(g); errs[rank] != nil {
				cut()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

func add(dst, src []float32) {
	for i, v := range src {
		dst[i] += v
	}
}

// The sum is that of the tree, to the bit: other orders give other bits.
func TestSum(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, ranks := range []int{1, 2, 4, 8} {
		for _, n := range []int{0, 1, 3, 8, 1000, 1003} {
			all := make([][]float32, ranks)
			for rank := range all {
				for range n {
					all[rank] = append(all[rank], float32(r.NormFloat64()))
				}
			}
			want := make([][]float32, ranks)
			for rank := range all {
				want[rank] = append([]float32{}, all[rank]...)
			}
			for len(want) > 1 {
				var pairs [][]float32
				for i := 0; i < len(want); i += 2 {
					add(want[i], want[i+1])
					pairs = append(pairs, want[i])
				}
				want = pairs
			}
			together(t, ranks, func(g *Group) error {
				own := append([]float32{}, all[g.Rank()]...)
				if err := g.Sum(own, add); err != nil {
					return err
				}
				for i := range own {
					if own[i] != want[0][i] {
						return fmt.Errorf("rank %d of %d: value %d of %d is %v, expected %v", g.Rank(), ranks, i, n, own[i], want[0][i])
					}
				}
				return nil
			})
		}
	}
}

// Sums that go on beside other work are those of Sum, in the order of their beginning.
func TestBegin(t *testing.T) {
	t.Parallel()
	together(t, 4, func(g *Group) error {
		for step := range 3 {
			values := make([]float32, 1000)
			for i := range values {
				values[i] = float32(g.Rank()*i + step)
			}
			for lo := 0; lo < len(values); lo += 10 { // more than wait at a time
				g.Begin(values[lo:lo+10], add)
			}
			if err := g.Finish(); err != nil {
				return err
			}
			for i, v := range values {
				if v != float32((0+1+2+3)*i+4*step) {
					return fmt.Errorf("rank %d, step %d: value %d is %v", g.Rank(), step, i, v)
				}
			}
		}
		return nil
	})
	links, cut := Local(2)
	g, err := New(links[0])
	require.NoError(t, err)
	cut()
	for range 100 {
		g.Begin(make([]float32, 4), add)
	}
	require.ErrorIs(t, g.Finish(), ErrLost)
	require.NoError(t, g.Finish())
}

func TestCuts(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{60, 20, 0}, Cuts([]int{95, 60, 50, 20, 10, 0}, 100, 30))
	require.Equal(t, []int{95, 60, 0}, Cuts([]int{95, 60, 0}, 100, 1))
	require.Equal(t, []int{0}, Cuts([]int{50, 0}, 100, 200))
}

func TestGather(t *testing.T) {
	t.Parallel()
	for _, ranks := range []int{1, 2, 4, 8} {
		for _, size := range []int{3 * ranks, 3*ranks - 2, 3, 1, 0} {
			together(t, ranks, func(g *Group) error {
				buffer := make([]byte, size)
				for i := range buffer {
					if i/3 == g.Rank() {
						buffer[i] = byte(i + 1)
					}
				}
				if err := g.Gather(buffer, 3); err != nil {
					return err
				}
				for i, b := range buffer {
					if b != byte(i+1) {
						return fmt.Errorf("rank %d of %d has %v", g.Rank(), ranks, buffer)
					}
				}
				return nil
			})
		}
	}
}

func TestTextsAndLargest(t *testing.T) {
	t.Parallel()
	for _, ranks := range []int{1, 2, 4} {
		together(t, ranks, func(g *Group) error {
			texts, err := g.Texts(strings.Repeat("x", g.Rank()))
			if err != nil {
				return err
			}
			for rank, text := range texts {
				if text != strings.Repeat("x", rank) {
					return fmt.Errorf("rank %d said %q", rank, text)
				}
			}
			for who := range ranks {
				own := byte(0)
				if g.Rank() == who {
					own = byte(who + 1)
				}
				if n, err := g.Largest(own); err != nil || n != byte(who+1) {
					return fmt.Errorf("%d, %v, expected %d", n, err, who+1)
				}
			}
			return nil
		})
	}
}

func TestNoGroup(t *testing.T) {
	t.Parallel()
	var alone *Group
	require.Zero(t, alone.Rank())
	require.Equal(t, 1, alone.Size())
	values := []float32{1, 2}
	require.NoError(t, alone.Sum(values, nil))
	require.NoError(t, GatherOf(alone, values, 2))
	require.Equal(t, []float32{1, 2}, values)
	texts, err := alone.Texts("own")
	require.NoError(t, err)
	require.Equal(t, []string{"own"}, texts)
	n, err := alone.Largest(3)
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
}

func TestRanksArePowersOfTwo(t *testing.T) {
	t.Parallel()
	links, _ := Local(3)
	_, err := New(links[0])
	require.EqualError(t, err, "3 ranks, expected a power of two")
}

// A rank that is gone is an error for the others, not the end of all time.
func TestLostRank(t *testing.T) {
	t.Parallel()
	links, cut := Local(2)
	g, err := New(links[0])
	require.NoError(t, err)
	cut()
	require.ErrorIs(t, g.Sum(make([]float32, 4), add), ErrLost)
}
