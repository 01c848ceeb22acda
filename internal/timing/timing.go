// Package timing measures how long functions take on a machine whose speed
// wanders: it samples rivals in turn, so that a slow minute is everybody's, and
// keeps the best sample beside the median.
package timing

import (
	"slices"
	"time"
)

// Timing is the time of one call.
type Timing struct {
	Best, Median time.Duration
	Samples      int
}

// Sampler takes one sample: it returns the time of one call, as a mean over as
// many calls as it takes to measure it well.
type Sampler func() time.Duration

// sampleTime is how long a sample should last: much longer than the clock's
// resolution and an interrupt, much shorter than the wandering.
const sampleTime = 4 * time.Millisecond

// Of returns a sampler of f. The first sample also warms up, with a call that
// does not count, and finds out how many calls a sample takes.
func Of(f func()) Sampler {
	calls := 0
	return func() time.Duration {
		if calls == 0 {
			f()
			once := measure(f, 1)
			calls = 1 + int(sampleTime/max(once, 1))
			if calls == 1 {
				return once
			}
		}
		if calls > 1 {
			f() // brings back into the caches what the rivals threw out
		}
		return measure(f, calls)
	}
}

func measure(f func(), calls int) time.Duration {
	begin := time.Now()
	for range calls {
		f()
	}
	return time.Since(begin) / time.Duration(calls)
}

// Alternate takes samples of each in turn, whole rounds of them, until the
// budget is used up; one round at least.
func Alternate(budget time.Duration, samplers ...Sampler) []Timing {
	samples := make([][]time.Duration, len(samplers))
	for begin := time.Now(); samples[0] == nil || time.Since(begin) < budget; {
		for i, sample := range samplers {
			samples[i] = append(samples[i], sample())
		}
	}
	timings := make([]Timing, len(samplers))
	for i, s := range samples {
		slices.Sort(s)
		timings[i] = Timing{Best: s[0], Median: s[len(s)/2], Samples: len(s)}
	}
	return timings
}
