package simd

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// isaVariable is the environment variable that forces a row by name.
const isaVariable = "MEADA_ISA"

// UnavailableError reports an instruction set that was asked for by name and
// can't be had.
type UnavailableError struct {
	Name   string // what was asked for
	Reason string // what the CPU or the system lacks; empty if no such set is known
}

func (e *UnavailableError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("unknown instruction set %q, expected one of %s", e.Name, strings.Join(names, ", "))
	}
	return fmt.Sprintf("instruction set %q is unavailable: %s", e.Name, e.Reason)
}

// Default returns the row of this process: the one that the environment
// variable MEADA_ISA names, or else the best this CPU can run. The variable is
// read at the first call. An error wraps an *UnavailableError: a fallback would
// make every figure and every test of the process untrue.
func Default() (*Kernels, error) { return defaultRow() }

var defaultRow = sync.OnceValues(func() (*Kernels, error) {
	row, err := Select(os.Getenv(isaVariable))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", isaVariable, err)
	}
	return row, nil
})

// Active is Default for callers that can't go on without a row: it panics where
// Default returns an error.
func Active() *Kernels {
	row, err := Default()
	if err != nil {
		panic(err)
	}
	return row
}

// Rows returns the rows that this CPU can run, best first; the last is generic.
func Rows() []*Kernels {
	var rows []*Kernels
	for _, c := range candidates {
		if c.missing() == "" {
			rows = append(rows, c.row)
		}
	}
	return rows
}

// Refused returns, for every row that this build has or another build would
// have and that this CPU can't run, the reason.
func Refused() map[string]string {
	why := make(map[string]string)
	for _, name := range names {
		why[name] = "not built for this architecture"
	}
	for _, c := range candidates {
		if m := c.missing(); m != "" {
			why[c.row.Name] = m
		} else {
			delete(why, c.row.Name)
		}
	}
	return why
}

// Select returns the row with that name, or the best row for the empty name.
// The error is an *UnavailableError.
func Select(name string) (*Kernels, error) {
	rows := Rows()
	if name == "" {
		return rows[0], nil
	}
	for _, r := range rows {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, &UnavailableError{name, Refused()[name]}
}

// names lists every row of every build.
var names = []string{"generic", "avx2", "avx512", "neon"}

// candidate is a row of this build; missing says what the CPU or the
// operating system lacks for it, "" when it can run.
type candidate struct {
	row     *Kernels
	missing func() string
}

func nothingMissing() string { return "" }
