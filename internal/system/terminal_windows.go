package system

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes makes a console obey escape sequences, and reports whether it
// is new enough to.
func enableEscapes(f *os.File) bool {
	console := windows.Handle(f.Fd())
	var mode uint32
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
