package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/internal/sweep"
)

// onEveryRank runs a function as one of the ranks that a launcher has started. An error
// that the other ranks do not know of ends them too.
func onEveryRank(stderr io.Writer, do func(*mpi.Ranks) error) error {
	ranks, err := join(patience)
	if err != nil {
		// None knows of the others: each tells, unless one before it does and the launcher
		// ends them all.
		time.Sleep(time.Duration(min(mpi.LaunchedAs(os.Getenv), 3)) * 2 * time.Second)
		complain(stderr, err)
		if !mpi.Built {
			err = cli.UsageError("%v", err)
		}
		return said{err}
	}
	if ranks.Size() == 1 {
		return do(ranks)
	}
	err = do(ranks)
	shared := errors.As(err, new(*run.SharedError))
	if err != nil && (!shared || ranks.Rank() == 0) {
		complain(stderr, err) // before this rank leaves: launchers end the others with the first that fails
		err = said{err}
	}
	if err != nil && !shared {
		ranks.Abort(exitCode(err))
	}
	ranks.Leave()
	return err
}

// join is [mpi.Join]; tests let a rank receive what the others have not sent.
var join = mpi.Join

// patience is how long a rank may be silent.
const patience = 20 * time.Second

// said is an error that the user knows of.
type said struct{ error }

func (s said) Unwrap() error { return s.error }

// rankCommands are those whose processes are ranks of one run.
var rankCommands = []string{"train", "cpu"}

// known reports whether this process, or rank 0, has told the user of an error of a
// command. Flags are wrong on all ranks.
func known(command string, err error) bool {
	ofAll := mpi.Built && slices.Contains(rankCommands, command) && cli.IsUsage(err) || errors.As(err, new(*run.SharedError))
	return mpi.LaunchedAs(os.Getenv) > 0 && ofAll || errors.As(err, new(said))
}

// resolveShard finds out which part of the sweep in a folder is that of this process.
// Ranks are none, unless each was given its part.
func resolveShard(shard *sweep.Shard, dir string) error {
	if err := refuseRanks("sweep", ", or parts of it with --shard I/N"); err != nil && !shard.Numbered() {
		return err
	}
	if err := shard.Resolve(os.Getenv, sweep.Parts(dir)); err != nil {
		return cli.UsageError("--shard: %v", err)
	}
	return nil
}

// refuseRanks refuses to be several ranks, for a command that trains run by run.
func refuseRanks(name, instead string) error {
	if ranks, variable := mpi.Launched(os.Getenv); ranks > 1 {
		return cli.UsageError("%s: started as %d ranks (%s), but it trains run by run: start it once%s; or unset %s",
			name, ranks, variable, instead, variable)
	}
	return nil
}

// withMPI tells of a build with MPI.
func withMPI() string {
	if !mpi.Built {
		return ""
	}
	return ", " + mpi.Library()
}

// resolveFor is resolve for a number of ranks, which a new run has as many shards as
// unless it is told otherwise.
func (s *settings) resolveFor(ranks int, set *pflag.FlagSet) error {
	if err := s.resolve(set); err != nil {
		return err
	}
	s.nameChoices(cli.Given(set))
	if _, given := cli.Given(set)["shards"]; given || s.Resume != "" || s.config != "" {
		return nil
	}
	s.Shards = ranks
	if ranks > 1 { // with which one process does the same
		s.Command += fmt.Sprintf(" --shards=%d", ranks)
	}
	return s.Settings.Check()
}
