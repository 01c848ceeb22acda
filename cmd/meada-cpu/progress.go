package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/train"
)

const (
	redrawEvery = 100 * time.Millisecond // of the live line
	lineEvery   = 10 * time.Second       // between progress lines that are kept
)

// progress tells a person how a run goes: one line redrawn in place on a
// terminal, whole lines at a slow rate elsewhere, nothing if quiet.
type progress struct {
	out    *os.File
	quiet  bool
	width  int // of the terminal, 0 for none
	colour bool
	drawn  bool      // the live line is on the screen
	next   time.Time // when to show the next progress line
}

func newProgress(out *os.File, quiet bool) *progress {
	p := &progress{out: out, quiet: quiet, width: terminalWidth(out)}
	if os.Getenv("TERM") == "dumb" {
		p.width = 0
	}
	p.colour = p.width > 0 && os.Getenv("NO_COLOR") == ""
	p.next = time.Now().Add(p.interval())
	return p
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

// update shows where the run stands, if it is time to.
func (p *progress) update(now time.Time, what string, detail func() string) {
	if p.quiet || now.Before(p.next) {
		return
	}
	p.next = now.Add(p.interval())
	what = fmt.Sprintf("%-9s", what)
	text := " " + detail()
	if p.width == 0 {
		fmt.Fprintf(p.out, "%s%s\n", what, text)
		return
	}
	if room := p.width - 1 - len(what); len(text) > room {
		text = text[:max(room, 0)]
	}
	if p.colour {
		what = "\x1b[36m" + what + "\x1b[0m"
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s%s", what, text)
	p.drawn = true
}

// clock adds up what a run spent where, and from that guesses what is left.
type clock struct {
	work    train.Work // images to be worked through
	adv     int        // ascent steps of an image
	images  train.Work // images worked through so far
	seconds spent

	lapImages  train.Work // at the last lap of each kind
	lapSeconds spent
}

// spent is seconds by kind of work.
type spent [len(train.Work{})]float64

func (c *clock) add(e train.Event, elapsed time.Duration) {
	c.images[e.Kind] += e.Images
	c.seconds[e.Kind] += elapsed.Seconds()
}

// rate returns images a second; an image of a maximisation phase counts once
// for each ascent step, so that the rates of all kinds compare.
func (c *clock) rate(k train.Kind) float64 { return c.per(k, c.images[k], c.seconds[k]) }

// lap returns the rate since the last lap of that kind of work.
func (c *clock) lap(k train.Kind) float64 {
	rate := c.per(k, c.images[k]-c.lapImages[k], c.seconds[k]-c.lapSeconds[k])
	c.lapImages[k], c.lapSeconds[k] = c.images[k], c.seconds[k]
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

// left guesses the seconds still needed. A kind of work that has not begun is
// taken to run at the rate of descent.
func (c *clock) left() float64 {
	seconds := 0.0
	for k := range c.work {
		kind := train.Kind(k)
		rate := c.rate(kind)
		if rate == 0 {
			rate = c.rate(train.Minimise)
		}
		if rest := c.work[k] - c.images[k]; rest > 0 && rate > 0 {
			seconds += float64(rest*c.passes(kind)) / rate
		}
	}
	return seconds
}

// brief formats seconds for people: 42s, 3m07s, 2h05m.
func brief(seconds float64) string {
	s := int(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
}

// percent formats a fraction as the paper's tables do.
func percent(x float64) string { return fmt.Sprintf("%.2f", 100*x) }

// grouped formats a count with thousands separated.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
