package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// exampleConfig is the config.json of a run with the flags' defaults.
func exampleConfig(f *testing.F, a catalog.Algorithm) []byte {
	var s settings
	require.NoError(f, s.parse([]string{"--algorithm=" + string(a), "--seed=18446744073709551615"}))
	text, err := json.Marshal(runfolder.Config{Settings: s.Settings, Domains: []runfolder.Domain{{Name: "far", Images: 10}, {Name: "own", Images: 10, Source: true}}})
	require.NoError(f, err)
	return text
}

// FuzzConfig feeds train --config. The settings that a file is taken for come
// back from the file that a run with them writes.
func FuzzConfig(f *testing.F) {
	f.Add(exampleConfig(f, catalog.MEADA))
	f.Add([]byte(`{"lr": 1e-400, "seed": 1e3}`))
	f.Add([]byte(`{"dataset": "folder", "data": "--out", "size": 32, "k": -0}`))
	f.Add([]byte(`{"batch_size": [], "k": {"k": 1}, "direct": null}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{} {}`))
	path := filepath.Join(f.TempDir(), "config.json")
	parse := func(t *testing.T, content []byte) (settings, error) {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		var s settings
		err := s.parse([]string{"--config", path})
		return s, err
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := parse(t, content)
		if err != nil {
			require.Equal(t, exitUsage, exitCode(err), "%v", err)
			return
		}
		s.Threads = 3 // a run writes how many there were, which another one does not follow
		text, err := json.Marshal(runfolder.Config{Settings: s.Settings})
		require.NoError(t, err)
		s.Threads = 0
		again, err := parse(t, text)
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

// FuzzMetadata feeds what a file of weights says of its network.
func FuzzMetadata(f *testing.F) {
	network, err := zoo.New("lenet5", 3)
	require.NoError(f, err)
	tensors := network.State()
	f.Add("lenet5", "3", `["a", "b", "c"]`, "mean=0,0,0 std=1,1,1")
	f.Add("lenet5", "4096", `[]`, "mean=0,0,0 std=1,1,1")
	f.Add("wrn-40-2", "10", `null`, "mean=0 std=0")
	f.Add("lenet", "-1", `[null, 1]`, "mean=1e39,0,0 std=NaN,1,1")
	f.Fuzz(func(t *testing.T, model, classes, names, normalisation string) {
		w := zoo.Weights{Path: "weights", State: tensors, Metadata: map[string]string{
			zoo.MetaModel: model, zoo.MetaClasses: classes, zoo.MetaClassNames: names, zoo.MetaNormalisation: normalisation,
		}}
		network, err := w.Network()
		if err != nil {
			require.ErrorIs(t, err, zoo.ErrWeights)
			return
		}
		require.Equal(t, classes, fmt.Sprint(network.Classes))
		require.Equal(t, 3, network.Classes, "what the tensors are for")
		list, err := w.ClassNames()
		if err != nil {
			require.ErrorIs(t, err, zoo.ErrWeights)
			return
		}
		require.Len(t, list, network.Classes)
	})
}
