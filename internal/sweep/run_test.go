package sweep

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// A sweep that is interrupted says so, whatever runs have failed before.
func TestRunsThatFail(t *testing.T) {
	t.Parallel()
	members := Members(t.TempDir(), nil, nil, nil)
	for seed := range uint64(3) {
		members = append(members, Member{Algorithm: "erm", Seed: seed})
	}
	sweep := func(endure func(cancel func(), n int) bool) (error, []string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failures := 0
		var said []string
		r := Runner{
			Program: "no such program", Jobs: 1, Err: io.Discard,
			Say:    func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
			Endure: func(error) bool { failures++; return endure(cancel, failures) },
		}
		return r.run(ctx, members), said
	}
	err, said := sweep(func(_ func(), _ int) bool { return true })
	require.Len(t, said, 3)
	require.ErrorContains(t, err, "3 of 3 runs failed, the first: erm s0: ")

	err, said = sweep(func(_ func(), _ int) bool { return false })
	require.Len(t, said, 1)
	require.ErrorContains(t, err, "1 of 3 runs failed, the first: erm s0: ")

	err, _ = sweep(func(cancel func(), n int) bool {
		if n == 2 {
			cancel()
		}
		return true
	})
	require.ErrorIs(t, err, cli.ErrInterrupted)
	require.ErrorContains(t, err, "after 2 of 3 runs, the same command continues; 2 of 3 runs failed, the first: erm s0: ")
}
