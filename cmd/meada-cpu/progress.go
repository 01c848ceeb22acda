package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

const (
	redrawEvery = 100 * time.Millisecond // of the live line
	lineEvery   = 10 * time.Second       // between progress lines that are kept
)

// progress tells a person how a run goes: one line redrawn in place on a
// terminal, whole lines at a slow rate elsewhere, nothing if quiet.
type progress struct {
	out    io.Writer
	quiet  bool
	width  int // of the terminal, 0 for none
	colour bool
	drawn  bool      // the live line is on the screen
	next   time.Time // when to show the next progress line

	// Where the run stands, from the last update.
	what   string
	detail func() string
}

func newProgress(out io.Writer, quiet bool) *progress {
	p := &progress{out: out, quiet: quiet, width: widthOf(out)}
	if os.Getenv("TERM") == "dumb" {
		p.width = 0
	}
	p.colour = p.width > 0 && os.Getenv("NO_COLOR") == ""
	p.next = time.Now().Add(p.interval())
	return p
}

// widthOf returns the columns of the terminal that w writes to, 0 if it is none.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		return system.TerminalWidth(f)
	}
	return 0
}

func (p *progress) interval() time.Duration {
	if p.width > 0 {
		return redrawEvery
	}
	return lineEvery
}

// line prints a line that stays.
func (p *progress) line(format string, args ...any) {
	if p.quiet {
		return
	}
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// clear takes the live line away.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// update notes where the run stands and shows it, if it is time to. Two blanks
// separate the columns of the detail.
func (p *progress) update(now time.Time, what string, detail func() string) {
	p.what, p.detail = what, detail
	if p.quiet || now.Before(p.next) {
		return
	}
	p.next = now.Add(p.interval())
	if p.width == 0 {
		p.status()
		return
	}
	if width := widthOf(p.out); width > 0 { // it may have been resized
		p.width = width
	}
	what = fmt.Sprintf("%-10s", what)
	text := fit(detail(), p.width-1-len(what))
	if p.colour {
		what = "\x1b[36m" + what + "\x1b[0m"
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s%s", what, text)
	p.drawn = true
}

// status prints where the run stands as a line that stays, even if quiet.
func (p *progress) status() {
	p.clear()
	fmt.Fprintf(p.out, "%-9s %s\n", p.what, p.detail())
}

// fit leaves out columns of a detail until it is at most so wide. The last one,
// the time left, is what people look for: those before it go first.
func fit(detail string, width int) string {
	columns := strings.Split(detail, "  ")
	for len(columns) > 2 && utf8.RuneCountInString(detail) > width {
		columns = slices.Delete(columns, len(columns)-2, len(columns)-1)
		detail = strings.Join(columns, "  ")
	}
	runes := []rune(detail)
	return string(runes[:max(min(len(runes), width), 0)])
}

// clock adds up what a run spent where, and from that guesses what is left.
type clock struct {
	work  train.Work // images to be worked through
	adv   int        // ascent steps of an image
	flops byKind     // for one image, of an ascent for one step of it
	peak  float64    // multiply-add peak, FLOP/s, the best measured so far
	spent
}

// spent is what a run has done so far, and how long it took.
type spent struct {
	Images  train.Work // worked through
	Seconds byKind

	LapImages  train.Work // at the last lap of each kind
	LapSeconds byKind
}

// byKind is a figure for each kind of work.
type byKind [len(train.Work{})]float64

// usualShare is the share of the peak that work is taken to reach before it has
// begun: about what LeNet5 and the CIFAR networks do.
const usualShare = 0.5

// newClock returns a clock for the whole work of a trainer.
func newClock(t *train.Trainer, network *nn.Network, adv int, peak float64) clock {
	flops := func(m nn.Mode) float64 { return 2 * float64(network.MultiplyAdds(m)) }
	return clock{
		work: t.Work(),
		adv:  adv,
		flops: byKind{
			train.Minimise: flops(nn.Train),
			train.Maximise: flops(nn.Maximise),
			train.Evaluate: flops(nn.Eval),
		},
		peak: peak,
	}
}

// peakEvery is the time after which a run measures the peak again: while other
// programs are busy a first short look sees a part of the CPUs alone.
const peakEvery = time.Second

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

func (c *clock) add(e train.Event, elapsed time.Duration) {
	c.Images[e.Kind] += e.Images
	c.Seconds[e.Kind] += elapsed.Seconds()
}

// rate returns images a second; an image of a maximisation phase counts once
// for each ascent step, so that the rates of all kinds compare.
func (c *clock) rate(k train.Kind) float64 { return c.per(k, c.Images[k], c.Seconds[k]) }

// lap returns the rate since the last lap of that kind of work.
func (c *clock) lap(k train.Kind) float64 {
	rate := c.per(k, c.Images[k]-c.LapImages[k], c.Seconds[k]-c.LapSeconds[k])
	c.LapImages[k], c.LapSeconds[k] = c.Images[k], c.Seconds[k]
	return rate
}

func (c *clock) per(k train.Kind, images int, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(images*c.passes(k)) / seconds
}

func (c *clock) passes(k train.Kind) int {
	if k == train.Maximise {
		return c.adv
	}
	return 1
}

// share returns the share of the peak that a kind of work reached. It counts
// the operations of direct convolutions, so Winograd's may pass 1.
func (c *clock) share(k train.Kind) float64 { return c.rate(k) * c.flops[k] / c.peak }

// left guesses the seconds still needed. A kind of work that has not begun is
// taken to reach its usual share of the peak.
func (c *clock) left() float64 {
	seconds := 0.0
	for k := range c.work {
		kind := train.Kind(k)
		rate := c.rate(kind)
		if rate == 0 {
			rate = usualShare * c.peak / c.flops[k]
		}
		seconds += float64((c.work[k]-c.Images[k])*c.passes(kind)) / rate
	}
	return seconds
}

// expected tells before the run how long it will take, and what that assumes.
func (c *clock) expected() string {
	return fmt.Sprintf("%s, at %.0f%% of the peak measured now, %.0f GFLOP/s", about(c.left()), 100*usualShare, c.peak/1e9)
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
