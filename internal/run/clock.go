package run

import (
	"fmt"
	"math"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// clock adds up what a run spent where, and from that guesses what is left.
type clock struct {
	work  train.Work // images to be worked through
	adv   int        // ascent steps of an image
	early bool       // ascents may end with fewer
	flops byKind     // for one image, of an ascent for one step of it
	peak  float64    // multiply-add peak of all ranks, FLOP/s, the best measured so far
	spent
	before spent // by earlier processes, on whatever machine
}

// spent is what a run has done so far, and how long it took.
type spent struct {
	Images  train.Work // worked through
	Passes  train.Work // the same, in phases once for each ascent step
	Seconds byKind

	LapPasses  train.Work // at the last lap of each kind
	LapSeconds byKind
}

// byKind is a figure for each kind of work.
type byKind [len(train.Work{})]float64

// usualShare is the share of the peak that work is taken to reach before it has
// begun: on Zen 4 LeNet5 reaches 0.4 to 0.5 in training, the others up to 0.7.
const usualShare = 0.5

// newClock returns a clock for the whole work of a trainer by a plan, whose
// phases have adv ascent steps.
func newClock(t *train.Trainer, network *nn.Network, plan *train.Config, adv int, peak float64) clock {
	flops := func(network *nn.Network, m nn.Mode) float64 { return 2 * float64(network.MultiplyAdds(m)) }
	first, end := plan.Attacked()
	views, attacks := float64(max(1, len(plan.Views))), float64((end-first)*plan.Attack.Steps)
	c := clock{
		work:  t.Work(),
		adv:   adv,
		early: plan.Growth.Ascent.Tolerance > 0,
		flops: byKind{
			train.Minimise: views*flops(network, nn.Train) + attacks*flops(network, nn.Maximise),
			train.Maximise: flops(network, nn.Maximise),
			train.Evaluate: flops(network, nn.Eval),
		},
		peak: peak,
	}
	if plan.Backbone.Frozen { // it sees each image once, the head each time
		head, once, o := network.HeadNetwork(), flops(network, nn.Eval), t.Outline()
		images := o.TrainingSet[len(o.TrainingSet)-1]
		c.flops[train.Minimise] = flops(head, nn.Train) + once*float64(images)/float64(max(images, c.work[train.Minimise]))
		c.flops[train.Evaluate] = flops(head, nn.Eval) + once/float64(max(1, o.Tests))
	}
	return c
}

// peakEvery is the time after which a run measures the peak again: while other
// programs are busy a first short look sees a part of the CPUs alone.
const peakEvery = time.Second

// peak returns the multiply-add peak of all ranks, each taken to have that of this one.
func (r *run) peak(samples int) float64 {
	return measurePeak(r.engine, samples) * float64(r.Group.Size())
}

// measurePeak returns the multiply-add peak of the engine in FLOP/s, the best of
// that many samples of about a millisecond.
func measurePeak(e *tensor.Engine, samples int) float64 {
	work, peak := benchmark.Peak(e), 0.0
	for range samples {
		begin, flops, elapsed := time.Now(), 0.0, time.Duration(0)
		for elapsed < time.Millisecond {
			work.Run()
			flops += work.FLOPs
			elapsed = time.Since(begin)
		}
		peak = max(peak, flops/elapsed.Seconds())
	}
	return peak
}

// begin goes on from what a run has spent. Checkpoints of earlier versions did not count
// passes: their ascents took all steps.
func (c *clock) begin(spent spent) {
	c.spent = spent
	if spent.Passes == (train.Work{}) {
		c.Passes = c.Images
		c.Passes[train.Maximise] *= c.adv
		c.LapPasses, c.LapSeconds = c.Passes, c.Seconds
	}
	c.before = c.spent
}

func (c *clock) add(e train.Event, elapsed time.Duration) {
	c.Images[e.Kind] += e.Images
	c.Passes[e.Kind] += e.Passes
	c.Seconds[e.Kind] += elapsed.Seconds()
}

// rate returns images a second; an image of a maximisation phase counts once
// for each ascent step that it took, so that the rates of all kinds compare.
func (c *clock) rate(k train.Kind) float64 { return per(c.Passes[k], c.Seconds[k]) }

// pace is rate in this process, of earlier ones where it has not come to that kind of
// work, and the seconds of an image.
func (c *clock) pace(k train.Kind) (rate, each float64) {
	images, passes, seconds := c.Images[k]-c.before.Images[k], c.Passes[k]-c.before.Passes[k], c.Seconds[k]-c.before.Seconds[k]
	if images == 0 || seconds == 0 {
		images, passes, seconds = c.Images[k], c.Passes[k], c.Seconds[k]
	}
	if images == 0 {
		return 0, 0
	}
	return per(passes, seconds), seconds / float64(images)
}

// lap returns the rate since the last lap of that kind of work.
func (c *clock) lap(k train.Kind) float64 {
	rate := per(c.Passes[k]-c.LapPasses[k], c.Seconds[k]-c.LapSeconds[k])
	c.LapPasses[k], c.LapSeconds[k] = c.Passes[k], c.Seconds[k]
	return rate
}

func per(passes int, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(passes) / seconds
}

// share returns the share of the peak that a kind of work reaches by the products of
// its layers.
func (c *clock) share(k train.Kind) float64 {
	rate, _ := c.pace(k)
	return rate * c.flops[k] / c.peak
}

// left guesses the seconds still needed. A kind of work that has not begun is
// taken to reach its usual share of the peak, in all the steps that ascents may take.
func (c *clock) left() float64 {
	seconds := 0.0
	for k, images := range c.work {
		each := c.flops[k] / (usualShare * c.peak)
		if train.Kind(k) == train.Maximise {
			each *= float64(c.adv)
		}
		if c.timed(train.Kind(k)) {
			_, each = c.pace(train.Kind(k))
		}
		seconds += float64(images-c.Images[k]) * each
	}
	return seconds
}

// timed reports whether that kind of work has begun, so that its rate is known.
func (c *clock) timed(k train.Kind) bool { return c.Images[k] > 0 && c.Seconds[k] > 0 }

// expected tells before the run how long it will take, and what that assumes: a resumed
// run knows the rates of what it had begun.
func (c *clock) expected() string {
	timed, guessed := false, false
	for k, images := range c.work {
		if images > c.Images[k] {
			timed = timed || c.timed(train.Kind(k))
			guessed = guessed || !c.timed(train.Kind(k))
		}
	}
	text := about(c.left())
	share := fmt.Sprintf("at %.0f%% of the peak measured now, %.0f GFLOP/s", 100*usualShare, c.peak/1e9)
	switch {
	case timed && guessed:
		text += ", at the rates so far and for the rest " + share
	case timed:
		text += ", at the rates so far"
	case guessed:
		text += ", " + share
	}
	if c.early && c.work[train.Maximise] > c.Images[train.Maximise] && !c.timed(train.Maximise) {
		text += ", less where ascents end early"
	}
	return text
}

// about formats seconds that are a guess.
func about(seconds float64) string {
	switch {
	case seconds < 10:
		return "a few seconds"
	case seconds < 90:
		return fmt.Sprintf("about %.0f seconds", 10*math.Round(seconds/10))
	case seconds < 90*60:
		return fmt.Sprintf("about %.0f minutes", seconds/60)
	case seconds < 36*3600:
		return fmt.Sprintf("about %.0f hours", seconds/3600)
	}
	return fmt.Sprintf("about %.0f days", seconds/86400)
}
