package run

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

func restore(t *testing.T, dir string, content map[string][]byte) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	for name, text := range content {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, text, 0o666))
	}
}

// The result of a run: all but what tells times, and the checkpoint, which goes.
func lasting(content map[string][]byte) map[string][]byte {
	content = maps.Clone(content)
	maps.DeleteFunc(content, func(name string, _ []byte) bool {
		return !strings.HasSuffix(name, ".safetensors") && !strings.HasPrefix(name, runfolder.SampleFolder)
	})
	return content
}

// A run that lost one of its files, at whatever moment it was interrupted, or
// in which one byte is another, ends as the whole run does or refuses: then it
// names the file and writes nothing. Each file is damaged in one way, in turn, and
// in all of them in continuous integration (CI=true). MEADA_ATTACK=1 interrupts the
// run after every step.
func TestDamagedRunFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "whole"))
	o.CheckpointEvery = 1
	complete(t, o)
	want := lasting(runtest.Files(t, o.Out))
	every, ways, least := 16, 1, 2
	if os.Getenv("CI") != "" && !testing.Short() {
		every, ways, least = 9, 3, 10
	}
	if os.Getenv("MEADA_ATTACK") != "" {
		every, ways, least = 1, 3, 10
	}
	outcomes := map[string]int{}
	for steps := 2; ; steps += every {
		o.Out, o.Resume = filepath.Join(dir, "r"), ""
		require.NoError(t, os.RemoveAll(o.Out))
		_, err := Train(&countdown{t.Context(), 1 + steps}, o)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, cli.ErrInterrupted)
		left := runtest.Files(t, o.Out)
		o.Resume = o.Out
		for i, name := range slices.Sorted(maps.Keys(left)) {
			for way := range ways {
				damage := [...]string{"removed", "changed", "emptied"}[(i+steps+way)%3]
				restore(t, o.Out, left)
				path := filepath.Join(o.Out, name)
				text := slices.Clone(left[name])
				switch damage {
				case "removed":
					require.NoError(t, os.Remove(path))
				case "changed":
					if len(text) > 0 {
						text[len(text)/2] ^= 1
					}
					require.NoError(t, os.WriteFile(path, text, 0o666))
				case "emptied":
					require.NoError(t, os.WriteFile(path, nil, 0o666))
				}
				before := runtest.Files(t, o.Out)
				_, err := Train(t.Context(), o)
				if err == nil {
					got := lasting(runtest.Files(t, o.Out))
					require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)), "%s %s after %d", name, damage, steps)
					for file := range want {
						if file == name && damage == "changed" {
							continue // a picture or a tensor with another value: it is the user's
						}
						require.True(t, bytes.Equal(want[file], got[file]), "%s %s after %d: %s", name, damage, steps, file)
					}
					outcomes["ended the same"]++
					continue
				}
				require.ErrorContains(t, err, filepath.Base(name), "%s %s after %d", name, damage, steps)
				require.True(t, errors.As(err, new(*dataset.Error)) || errors.As(err, new(*zoo.WeightsError)), "%s %s after %d: %T %v", name, damage, steps, err, err)
				require.Equal(t, before, runtest.Files(t, o.Out), "%s %s after %d", name, damage, steps)
				outcomes["refused"]++
			}
		}
	}
	t.Log(outcomes)
	require.Greater(t, outcomes["ended the same"], least)
	require.Greater(t, outcomes["refused"], least)
}
