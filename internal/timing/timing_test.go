package timing

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// scripted returns a sampler that gives these durations in turn, then the last
// for ever, and notes its name in order.
func scripted(name string, order *[]string, pause time.Duration, give ...time.Duration) Sampler {
	return func() time.Duration {
		*order = append(*order, name)
		time.Sleep(pause)
		d := give[0]
		if len(give) > 1 {
			give = give[1:]
		}
		return d
	}
}

func TestAlternateTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		got := Alternate(100*time.Millisecond,
			scripted("a", &order, time.Millisecond, 5, 1, 9),
			scripted("b", &order, time.Millisecond, 7))
		require.Equal(t, []Timing{{Best: 1, Median: 9, Samples: 50}, {Best: 7, Median: 7, Samples: 50}}, got)
		require.Len(t, order, 100)
		for i, name := range order {
			require.Equal(t, string("ab"[i%2]), name)
		}
	})
}

func TestAlternateTakesOneRoundAtLeast(t *testing.T) {
	var order []string
	got := Alternate(0, scripted("a", &order, 0, 3))
	require.Equal(t, []Timing{{Best: 3, Median: 3, Samples: 1}}, got)
}

func TestOfCountsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		sample := Of(func() { calls++; time.Sleep(10 * time.Microsecond) })
		require.Equal(t, 10*time.Microsecond, sample())
		before := calls
		sample()
		require.InDelta(t, sampleTime/(10*time.Microsecond), calls-before, 2, "a short function is called many times a sample")

		calls = 0
		sample = Of(func() {
			calls++
			time.Sleep(time.Second)
			if calls == 1 {
				time.Sleep(time.Second)
			}
		})
		require.Equal(t, time.Second, sample(), "a cold call does not count")
		require.Equal(t, 2, calls)
		require.Equal(t, time.Second, sample())
		require.Equal(t, 3, calls)
	})
}
