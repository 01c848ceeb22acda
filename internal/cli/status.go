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
// terminal, whole lines at a slow rate elsewhere, nothing if quiet.
type Status struct {
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

// Clear takes the live line away.
func (s *Status) Clear() {
	if s.drawn {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.drawn = false
	}
}

// Update notes where the run stands and shows it, if it is time to. Two blanks
// separate the columns of the detail.
func (s *Status) Update(now time.Time, what string, detail func() string) {
	s.what, s.detail = what, detail
	if s.quiet || now.Before(s.next) {
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
