package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

func TestTimeLeft(t *testing.T) {
	c := &clock{
		work:  train.Work{train.Minimise: 1000, train.Maximise: 50, train.Evaluate: 100},
		adv:   15,
		flops: byKind{train.Minimise: 3e6, train.Maximise: 2e6, train.Evaluate: 1e6},
		peak:  1e9,
	}
	require.InDelta(t, (3+50*15*2e-3+0.1)/usualShare, c.left(), 1e-9)
	require.Equal(t, "a few seconds, at 50% of the peak measured now, 1 GFLOP/s", c.expected())
	c.add(train.Event{Kind: train.Minimise, Images: 100, Passes: 100}, time.Second)
	require.InDelta(t, 9+(50*15*2e-3+0.1)/usualShare, c.left(), 1e-9)
	require.InDelta(t, 0.3, c.share(train.Minimise), 1e-9)
	require.Equal(t, "about 10 seconds, at the rates so far and for the rest at 50% of the peak measured now, 1 GFLOP/s", c.expected())
	c.add(train.Event{Kind: train.Maximise, Images: 10, Passes: 150}, time.Second)
	require.InDelta(t, 150, c.rate(train.Maximise), 1e-9)
	require.InDelta(t, 0.3, c.share(train.Maximise), 1e-9)
	require.InDelta(t, 9+4+0.1/usualShare, c.left(), 1e-9)
	c.add(train.Event{Kind: train.Evaluate, Images: 100, Passes: 100}, time.Second)
	require.Equal(t, "about 10 seconds, at the rates so far", c.expected())
}

// Ascents that end early count by the steps that they took.
func TestAscentsThatEndEarly(t *testing.T) {
	c := &clock{
		work:  train.Work{train.Maximise: 50},
		adv:   20,
		early: true,
		flops: byKind{train.Maximise: 2e6},
		peak:  1e9,
	}
	require.Equal(t, "a few seconds, at 50% of the peak measured now, 1 GFLOP/s, less where ascents end early", c.expected())
	c.add(train.Event{Kind: train.Maximise, Images: 10, Passes: 30}, 100*time.Millisecond)
	require.InDelta(t, 300, c.rate(train.Maximise), 1e-9)
	require.InDelta(t, 0.6, c.share(train.Maximise), 1e-9)
	require.InDelta(t, 0.4, c.left(), 1e-9)
	require.Equal(t, "a few seconds, at the rates so far", c.expected())

	// What earlier processes took counts until there is work of this one.
	d := &clock{work: train.Work{train.Minimise: 1000}, flops: byKind{train.Minimise: 3e6}, peak: 1e9}
	d.begin(spent{Images: train.Work{train.Minimise: 100}, Passes: train.Work{train.Minimise: 100}, Seconds: byKind{train.Minimise: 100}})
	require.InDelta(t, 900, d.left(), 1e-9)
	d.add(train.Event{Kind: train.Minimise, Images: 100, Passes: 100}, time.Second)
	require.InDelta(t, 8, d.left(), 1e-9)
	require.InDelta(t, 0.3, d.share(train.Minimise), 1e-9)
	require.InDelta(t, 200.0/101, d.rate(train.Minimise), 1e-9, "of all processes, for the summary")

	before := spent{Images: train.Work{train.Minimise: 10, train.Maximise: 10}, Seconds: byKind{train.Minimise: 1, train.Maximise: 2}}
	c.begin(before)
	require.InDelta(t, 10, c.rate(train.Minimise), 1e-9)
	require.InDelta(t, 100, c.rate(train.Maximise), 1e-9)
	before.Passes = train.Work{train.Minimise: 10, train.Maximise: 40}
	c.begin(before)
	require.InDelta(t, 20, c.rate(train.Maximise), 1e-9)
}

// Of three views an attack by the parameters of transforms moves one, by pixels all.
func TestAttackedViewsAreCounted(t *testing.T) {
	network, err := zoo.New("lenet5", 10)
	require.NoError(t, err)
	minimise := func(attack augment.Config) float64 {
		plan := &train.Config{Views: make([]train.View, 3), Attack: attack}
		return newClock(new(train.Trainer), network, plan, 0, 1).flops[train.Minimise]
	}
	step, ascent := 2*float64(network.MultiplyAdds(nn.Train)), 2*float64(network.MultiplyAdds(nn.Maximise))
	require.Equal(t, 3*step, minimise(augment.Config{}))
	require.Equal(t, 3*step+5*ascent, minimise(augment.Config{Steps: 5, Transforms: image.AugMax{}}))
	require.Equal(t, 3*(step+7*ascent), minimise(augment.Config{Steps: 7}))
}

func TestFormats(t *testing.T) {
	require.Equal(t, "a few seconds", about(9.9))
	require.Equal(t, "about 40 seconds", about(42))
	require.Equal(t, "about 2 minutes", about(91))
	require.Equal(t, "about 8 minutes", about(8*60+20))
	require.Equal(t, "about 4 hours", about(4.2*3600))
	require.Equal(t, "about 3 days", about(70*3600))
}
