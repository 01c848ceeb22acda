package atomicfile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// rename moves a file to a name that may be taken. Windows refuses while
// somebody has either file open, which virus scanners and readers of a run do
// for moments, so it is tried again for a second.
func rename(from, to string) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := os.Rename(from, to)
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
		if !busy || wait > time.Second/2 {
			return err
		}
		time.Sleep(wait)
	}
}

// hold has nothing to do: Windows removes no open file.
func hold(string) (release func(), ok bool) { return func() {}, true }

// removeUnheld removes a file that no process has open.
func removeUnheld(path string) { os.Remove(path) }
