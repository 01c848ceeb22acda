package simd

import (
	"fmt"
	"os"
	"strings"
)

// Environment variable that forces a row by name.
const isaVariable = "MEADA_ISA"

// exitISA is the exit status for a forced instruction set that this CPU lacks.
const exitISA = 4

var active *Kernels

func init() {
	row, err := Select(os.Getenv(isaVariable))
	if err != nil {
		// Nothing can run as asked, and a silent fallback would make every
		// figure and every test of this process a lie.
		fmt.Fprintf(os.Stderr, "meada-cpu: %s: %v\n", isaVariable, err)
		os.Exit(exitISA)
	}
	active = row
}

// Active returns the row chosen at start-up: the best this CPU can run, or the
// one that MEADA_ISA names.
func Active() *Kernels { return active }

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
// The error says why a known row can't run here.
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
	if why, ok := Refused()[name]; ok {
		return nil, fmt.Errorf("instruction set %q is unavailable: %s", name, why)
	}
	return nil, fmt.Errorf("unknown instruction set %q, expected one of %s", name, strings.Join(names, ", "))
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
