package simd

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// isaVariable is the environment variable that forces a kernel set by name.
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

// Default returns the kernel set of this process: the one that the environment
// variable MEADA_ISA names, or else the best this CPU can run. The variable is
// read at the first call. An error wraps an *UnavailableError: a fallback would
// make every figure and every test of the process untrue.
func Default() (*Kernels, error) { return defaultSet() }

var defaultSet = sync.OnceValues(func() (*Kernels, error) {
	set, err := Select(os.Getenv(isaVariable))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", isaVariable, err)
	}
	return set, nil
})

// Active is Default for callers that can't go on without kernels: it panics where
// Default returns an error.
func Active() *Kernels {
	set, err := Default()
	if err != nil {
		panic(err)
	}
	return set
}

// Available returns the kernel sets that this CPU can run, best first; the last is generic.
func Available() []*Kernels {
	var sets []*Kernels
	for _, c := range candidates {
		if c.missing() == "" {
			sets = append(sets, c.set)
		}
	}
	return sets
}

// Unavailable returns, for every kernel set that this build has or another build
// would have and that this CPU can't run, the reason.
func Unavailable() map[string]string {
	why := make(map[string]string)
	for _, name := range names {
		why[name] = "not built for this architecture"
	}
	for _, c := range candidates {
		if m := c.missing(); m != "" {
			why[c.set.Name] = m
		} else {
			delete(why, c.set.Name)
		}
	}
	return why
}

// Select returns the kernel set with that name, or the best one for the empty name.
// The error is an *UnavailableError.
func Select(name string) (*Kernels, error) {
	sets := Available()
	if name == "" {
		return sets[0], nil
	}
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, &UnavailableError{name, Unavailable()[name]}
}

// names lists the kernel sets of all builds.
var names = []string{"generic", "avx2", "avx512", "neon"}

// candidate is a kernel set of this build; missing says what the CPU or the
// operating system lacks for it, "" when it can run.
type candidate struct {
	set     *Kernels
	missing func() string
}

func nothingMissing() string { return "" }
