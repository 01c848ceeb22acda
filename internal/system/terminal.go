package system

import (
	"os"

	"golang.org/x/term"
)

// usualWidth is that of a terminal that does not know its own, such as a serial
// line.
const usualWidth = 80

// TerminalWidth returns the columns of the terminal that f is, 0 if it is none
// or can't redraw a line.
func TerminalWidth(f *os.File) int {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) || !enableEscapes(f) {
		return 0
	}
	width, _, err := term.GetSize(fd)
	if err != nil || width == 0 {
		return usualWidth
	}
	return width
}
