package main

import (
	"errors"
	"os"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/internal/sweep"
)

// onEveryRank runs a function as one of the ranks that a launcher has started. An error
// that the other ranks do not know of ends them too.
func onEveryRank(do func(*collective.Group) error) error {
	ranks, err := mpi.Join()
	if err != nil {
		return cli.UsageError("%v", err)
	}
	if ranks == nil {
		return do(nil)
	}
	err = do(ranks.Group)
	if err != nil && !errors.As(err, new(*run.SharedError)) {
		complain(os.Stderr, err)
		ranks.Abort(exitCode(err))
	}
	ranks.Leave()
	return err
}

// saidElsewhere reports whether rank 0 tells of an error, which is not this one.
func saidElsewhere(err error) bool {
	return mpi.LaunchedAs(os.Getenv) > 0 && (cli.IsUsage(err) || errors.As(err, new(*run.SharedError)))
}

// resolveShard finds out which part of a sweep is that of this process. Ranks are none.
func resolveShard(shard *sweep.Shard) error {
	if ranks, variable := mpi.Launched(os.Getenv); mpi.Built && ranks > 1 {
		return cli.UsageError("sweep: started as %d ranks (%s), but it trains run by run: start it once, or parts of it with --shard; or unset %s",
			ranks, variable, variable)
	}
	if err := shard.Resolve(os.Getenv); err != nil {
		return cli.UsageError("--shard: %v", err)
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
	if _, given := cli.Given(set)["shards"]; given || s.Resume != "" || s.config != "" {
		return nil
	}
	s.Shards = ranks
	return s.Settings.Check()
}
