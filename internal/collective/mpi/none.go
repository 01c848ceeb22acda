//go:build !mpi

package mpi

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// Built reports whether this is a build with MPI.
const Built = false

// Library returns the name and version of the MPI library.
func Library() string { return "" }

// Join returns a process alone, or an error if a launcher has started several
// that this build cannot join.
func Join(time.Duration) (*Ranks, error) {
	if ranks, variable := Launched(os.Getenv); ranks > 1 {
		return nil, fmt.Errorf("started as %d ranks (%s), but this build has no MPI: it would train %d times; "+
			"use meada-cpu-mpi (make mpi), or unset %s", ranks, variable, ranks, variable)
	}
	return &Ranks{Processors: runtime.NumCPU()}, nil
}

// Leave ends MPI.
func (*Ranks) Leave() {}

// Abort ends all ranks.
func (*Ranks) Abort(int) {}

// link joins the ranks.
type link struct{}
