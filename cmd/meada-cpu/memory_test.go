package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/system"
)

func TestRunsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	data, work := tinyDigits(t), t.TempDir()
	r := invoke(t, work, short(data, "--max-memory", "1MiB", "--out", "r")...)
	require.Equal(t, exitUsage, r.code, r.err)
	require.Regexp(t, `^meada-cpu: the run needs about \d+ MiB of memory, more than the 1 MiB allowed by --max-memory; `+
		`--batch-size 16 takes \d+ MiB of it, --k 2 takes \d+ [KM]iB; --max-memory none starts it all the same\n$`, r.err)
	require.NoFileExists(t, filepath.Join(work, "r"))

	r = invoke(t, work, short(data, "--max-memory", "1TB", "--max-steps", "1", "--out", "r")...)
	require.Zero(t, r.code, r.err)
	require.Regexp(t, `(?m)^memory +about \d+ MiB of 931.32 GiB allowed by --max-memory$`, r.err)

	if system.AvailableMemory() > 0 { // petabytes are refused without being asked
		r = invoke(t, work, short(data, "--batch-size", "2000000000", "--out", "r")...)
		require.Equal(t, exitUsage, r.code, r.err)
		require.Contains(t, r.err, "available; --batch-size 2000000000 takes")
	}
}
