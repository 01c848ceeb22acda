package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meada-cpu/meada-cpu/internal/system"
)

const (
	redrawEvery = 100 * time.Millisecond // of the live line
	lineEvery   = 10 * time.Second       // between progress lines that are kept
)

// Status tells a person how a run goes: one line redrawn in place on a
// terminal, whole lines at a slow rate and at round counts elsewhere, nothing if quiet.
type Status struct {
	out    io.Writer
	quiet  bool
	width  int // of the terminal, 0 for none
	colour bool
	drawn  bool      // the live line is on the screen
	next   time.Time // when to show the next progress line
	paces  map[string]*pace

	// Where the run stands, from the last update.
	what   string
	detail func() string
}

// NewStatus returns a status that is written to out.
func NewStatus(out io.Writer, quiet bool) *Status {
	s := &Status{out: out, quiet: quiet, width: widthOf(out)}
	if os.Getenv("TERM") == "dumb" {
		s.width = 0
	}
	s.colour = s.width > 0 && os.Getenv("NO_COLOR") == ""
	s.next = time.Now().Add(s.interval())
	return s
}

// widthOf returns the columns of the terminal that w writes to, 0 if it is none.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		return system.TerminalWidth(f)
	}
	return 0
}

func (s *Status) interval() time.Duration {
	if s.width > 0 {
		return redrawEvery
	}
	return lineEvery
}

// Line prints a line that stays.
func (s *Status) Line(format string, args ...any) {
	if s.quiet {
		return
	}
	s.Clear()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// Columns prints columns that stay, two blanks between them: in a line, or in more where
// they are too many.
func (s *Status) Columns(what string, columns ...string) {
	line := fmt.Sprintf("%-9s", what)
	for i, column := range columns {
		gap := "  "
		if i == 0 {
			gap = " "
		} else if utf8.RuneCountInString(line)+len(gap)+utf8.RuneCountInString(column) > tableWidth {
			s.Line("%s", line)
			line, gap = fmt.Sprintf("%-9s", ""), " "
		}
		line += gap + column
	}
	s.Line("%s", line)
}

// Clear takes the live line away.
func (s *Status) Clear() {
	if s.drawn {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.drawn = false
	}
}

// pace chooses the counts at which a kind of work is shown on lines that are kept: the
// multiples of a stride of 1, 2, 5, 10, 20, ...
type pace struct{ seen, shown, stride int }

// due reports whether a count is to be shown, given that it is time to.
func (p *pace) due(done int, time bool) bool {
	before := p.seen
	p.seen = done
	if done < before { // the work has begun anew
		before, p.shown = 0, 0
	}
	if !time {
		return false
	}
	p.stride = max(p.stride, 1)
	for factors := []int{2, 5, 10}; p.stride < before-p.shown; {
		unit := 1
		for 10*unit <= p.stride {
			unit *= 10
		}
		p.stride = unit * factors[slices.IndexFunc(factors, func(f int) bool { return f*unit > p.stride })]
	}
	if done/p.stride == before/p.stride {
		return false
	}
	p.shown = done
	return true
}

// due reports whether to show where the run stands.
func (s *Status) due(now time.Time, what string, done int) bool {
	time := !now.Before(s.next)
	if s.width > 0 {
		return time
	}
	p := s.paces[what]
	if p == nil {
		if s.paces == nil {
			s.paces = map[string]*pace{}
		}
		p = new(pace)
		s.paces[what] = p
	}
	return p.due(done, time)
}

// Update notes where the run stands, with done of the work behind it, and shows it, if it
// is time to. Two blanks separate the columns of the detail.
func (s *Status) Update(now time.Time, what string, done int, detail func() string) {
	s.what, s.detail = what, detail
	if s.quiet || !s.due(now, what, done) {
		return
	}
	s.next = now.Add(s.interval())
	if s.width == 0 {
		s.Show()
		return
	}
	if width := widthOf(s.out); width > 0 { // it may have been resized
		s.width = width
	}
	what = fmt.Sprintf("%-10s", what)
	text := fit(detail(), s.width-1-len(what))
	if s.colour {
		what = "\x1b[36m" + what + "\x1b[0m"
	}
	fmt.Fprintf(s.out, "\r\x1b[K%s%s", what, text)
	s.drawn = true
}

// Show prints where the run stands as a line that stays, even if quiet.
func (s *Status) Show() {
	s.Clear()
	fmt.Fprintf(s.out, "%-9s %s\n", s.what, s.detail())
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
