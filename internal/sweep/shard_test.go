package sweep

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShardSet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Shard{"1/1": {0, 1}, "2/10": {1, 10}, "10/10": {9, 10}, "10": {unnumbered, 10}} {
		var s Shard
		require.NoError(t, s.Set(text), text)
		require.Equal(t, want, s, text)
	}
	for _, text := range []string{"", "0/3", "4/3", "1/0", "x/3", "1/x", "0", "-1", "1/2/3"} {
		require.Error(t, new(Shard).Set(text), text)
	}
}

// array is the environment of a task of a Slurm array.
func array(id, low, high, step, count int) map[string]string {
	return map[string]string{slurmID: fmt.Sprint(id), slurmMin: fmt.Sprint(low), slurmMax: fmt.Sprint(high),
		slurmStep: fmt.Sprint(step), slurmCount: fmt.Sprint(count)}
}

func TestShardOfTheEnvironment(t *testing.T) {
	t.Parallel()
	ten, both := Shard{unnumbered, 10}, array(3, 0, 9, 1, 10)
	both[kubernetesIndex] = "3"
	for name, c := range map[string]struct {
		given Shard
		env   map[string]string
		begun int
		want  Shard
		err   string
	}{
		"alone":                    {want: Shard{0, 1}},
		"given":                    {given: Shard{2, 4}, env: array(7, 3, 7, 1, 2), want: Shard{2, 4}},
		"slurm":                    {env: array(3, 0, 9, 1, 10), want: Shard{3, 10}},
		"slurm from 1":             {env: array(10, 1, 10, 1, 10), want: Shard{9, 10}},
		"slurm, as many as parts":  {given: ten, env: array(3, 0, 9, 1, 10), want: Shard{3, 10}},
		"slurm with an offset":     {given: ten, env: array(14, 5, 14, 1, 10), want: Shard{9, 10}},
		"slurm in steps":           {given: Shard{unnumbered, 4}, env: array(14, 2, 14, 4, 4), want: Shard{3, 4}},
		"without a step":           {env: map[string]string{slurmID: "1", slurmMin: "0", slurmMax: "2", slurmCount: "3"}, want: Shard{1, 3}},
		"tasks 3 and 7 of ten":     {given: ten, env: array(7, 3, 7, 1, 2), err: "2 tasks from 3 to 7 in steps of 1"},
		"tasks 3 and 4 of ten":     {given: ten, env: array(4, 3, 4, 1, 2), err: "10: the Slurm array has 2 tasks, expected as many"},
		"task 7 of ten":            {given: ten, env: array(7, 7, 7, 1, 1), err: "expected as many"},
		"every other of ten":       {given: ten, env: array(4, 0, 8, 2, 5), err: "expected as many"},
		"with holes":               {env: array(5, 0, 5, 1, 3), err: "give its part as I/N"},
		"some again":               {env: array(4, 3, 4, 1, 2), err: "may be a part of another"},
		"one again":                {env: array(0, 0, 0, 1, 1), err: "may be a part of another"},
		"requeued":                 {env: array(3, 0, 9, 1, 10), begun: 10, want: Shard{3, 10}},
		"the first ones again":     {env: array(1, 0, 1, 1, 2), begun: 10, err: "was begun in 10 parts, and the Slurm array has 2 tasks"},
		"in other parts, as told":  {given: Shard{unnumbered, 2}, env: array(1, 0, 1, 1, 2), begun: 10, want: Shard{1, 2}},
		"given, in other parts":    {given: Shard{2, 4}, begun: 10, want: Shard{2, 4}},
		"in steps, of how many":    {env: array(4, 0, 8, 2, 5), err: "may be a part of another"},
		"outside its array":        {env: array(10, 0, 9, 1, 10), err: "which part is that of task 10 is not known"},
		"no bounds":                {given: ten, env: map[string]string{slurmID: "3"}, err: `SLURM_ARRAY_TASK_MIN is "", expected a number`},
		"no number":                {given: ten, env: map[string]string{slurmID: "x"}, err: `SLURM_ARRAY_TASK_ID is "x", expected a number`},
		"kubernetes":               {given: Shard{unnumbered, 5}, env: map[string]string{kubernetesIndex: "4"}, want: Shard{4, 5}},
		"kubernetes, unknown size": {env: map[string]string{kubernetesIndex: "4"}, err: "give the number of parts"},
		"kubernetes, beyond":       {given: Shard{unnumbered, 3}, env: map[string]string{kubernetesIndex: "3"}, err: "expected one below 3"},
		"kubernetes, no number":    {given: ten, env: map[string]string{kubernetesIndex: "-1"}, err: "expected a number"},
		"slurm and kubernetes":     {given: ten, env: both, err: "both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set"},
		"both, and the part given": {given: Shard{2, 4}, env: both, want: Shard{2, 4}},
		"no array":                 {given: ten, err: "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"},
	} {
		s := c.given
		err := s.Resolve(func(name string) string { return c.env[name] }, c.begun)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, name)
			require.Equal(t, c.given, s, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, s, name)
	}
}

// What the first task leaves in the folder tells the others, and those of a later array.
func TestParts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "[v2]*")
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.Zero(t, Parts(filepath.Join(dir, "nowhere")))
	require.NoError(t, Shard{0, 1}.note(dir))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "parts-of-dog"), 0o777))
	require.Zero(t, Parts(dir))
	for _, s := range []Shard{{3, 10}, {0, 10}, {1, 2}} {
		require.NoError(t, s.note(dir))
		require.Equal(t, 10, Parts(dir))
	}
}

func TestEveryRunBelongsToOnePart(t *testing.T) {
	t.Parallel()
	for runs := range 40 {
		for count := 1; count < 12; count++ {
			next := 0
			for i := range count {
				lo, hi := Shard{i, count}.Of(runs)
				require.Equal(t, next, lo)
				require.LessOrEqual(t, hi-lo, runs/count+1)
				next = hi
			}
			require.Equal(t, runs, next)
		}
	}
}
