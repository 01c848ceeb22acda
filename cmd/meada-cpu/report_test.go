package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

func TestReport(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--out", "a", "--seed", "1")...)
	succeed(t, dir, short(data, "--out", "b", "--seed", "2", "--algorithm", "erm")...)
	page := filepath.Join(dir, "a", runfolder.ReportFile)
	written, err := os.ReadFile(page)
	require.NoError(t, err, "train writes it")
	require.Contains(t, string(written), "meada-cpu train --dataset digits --model lenet-small --data "+data)
	require.Contains(t, string(written), "data:image/png;base64,")

	// The page's figures, which it computes from metrics.jsonl, are those of
	// summary.json.
	accuracy := readJSON(t, filepath.Join(dir, "a", "summary.json"))["accuracy"].(map[string]any)
	for _, which := range []string{"best", "source_validation", "last"} {
		require.Contains(t, string(written), `<p class="figure">`+cli.Percent(accuracy[which].(map[string]any)["average"].(float64)), which)
	}

	require.NoError(t, os.Remove(page))
	require.Equal(t, filepath.Join("a", "report.html")+"\n", succeed(t, dir, "report", "a").out)
	again, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(written), string(again))

	require.Equal(t, "comparison.html\n", succeed(t, dir, "report", "a", "b").out)
	require.Equal(t, "x.html\n", succeed(t, dir, "report", "a", "--out", "x.html", "b").out)
	for _, name := range []string{"comparison.html", "x.html"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, string(text), "2 runs compared")
	}

	// A folder of runs stands for them.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "both"), 0o777))
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, "both", name)))
	}
	succeed(t, dir, "report", "both", "--out", "y.html")
	text, err := os.ReadFile(filepath.Join(dir, "y.html"))
	require.NoError(t, err)
	require.Contains(t, string(text), "2 runs compared")
}
