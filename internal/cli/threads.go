package cli

import (
	"fmt"
	"io"
	"runtime"
)

// Threads returns how many workers to start where n are asked for, 0 for as many as
// there are CPUs: no more than this process may use, by its affinity and its control
// group's quota (runtime.GOMAXPROCS), since more take memory and wait for each other. It
// says so on w.
func Threads(n int, w io.Writer) int {
	most := runtime.GOMAXPROCS(0)
	if n > most {
		fmt.Fprintf(w, "note: --threads %d is more than the %s that this process may use: as many workers are started\n", n, Number(most, "CPU"))
		return most
	}
	return n
}
