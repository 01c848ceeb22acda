package report

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// sampleLine is a line of Prometheus' text format.
var sampleLine = regexp.MustCompile(`^(# (HELP|TYPE) meada_\w+ .+|meada_\w+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? [-+.einfINF\d]+)$`)

// FuzzRun feeds every file of a run folder that a page is made from; an empty one
// is left out.
func FuzzRun(f *testing.F) {
	names := []string{"config.json", "metrics.jsonl", "summary.json", runfolder.ConfusionFile,
		filepath.Join(runfolder.SampleFolder, "phase-1.json"), filepath.Join(runfolder.SampleFolder, "phase-1.png")}
	dir := exampleRun(f, "run")
	var seed [6][]byte
	for i, name := range names {
		var err error
		seed[i], err = os.ReadFile(filepath.Join(dir, name))
		require.NoError(f, err)
	}
	add := func(at int, content string) {
		changed := seed
		if at >= 0 {
			changed[at] = []byte(content)
		}
		f.Add(changed[0], changed[1], changed[2], changed[3], changed[4], changed[5])
	}
	add(-1, "")
	add(0, `{"class_names": ["<script>a</script>", "b"], "domains": [{"name": "\"><script>", "source": true}], "data_checksums": {"<script>": {}}}`)
	add(0, `null`)
	add(0, `{"algorithm": "advst", "k": -5}`)
	add(0, `{"algorithm": "me-advst", "k": 9223372036854775807}`)
	add(1, `{"type": "evaluate", "accuracy": {"average": 1.0000000000000002}}`+"\n") // ticks closer than numbers
	add(1, `{"type": "evaluate", "step": -9223372036854775808, "accuracy": null, "corruptions": {"fog": [1, 2, 3], "snow": null}}`+"\n")
	add(1, `{"type": "train", "loss": 1.7e308}`+"\n"+`{"type": "train", "loss": -1.7e308}`+"\n"+`{"type": "train", "loss": 5e-324}`+"\n")
	add(1, `{"type": "maximise", "step": 9223372036854775807, "images": 9223372036854775807}`+"\n"+`{"type": "`)
	add(2, `{"seconds": {"total": 1e300}}`)
	add(3, `{"domains": [{"name": "own", "counts": [9223372036854775807, 1]}, {"name": "far", "counts": [-1, 1, 1, 1, 1, 1, 1, 1, 1]}]}`)
	add(4, `{"width": 1, "labels": [7, -9], "source": {"classes": [0, 0], "entropy": [1e300, -1e300]}, "adversarial": {"classes": [0, 0], "entropy": [0, 0]}}`)
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g []byte) {
		for i, content := range [][]byte{a, b, c, d, e, g} {
			path := filepath.Join(dir, names[i])
			if len(content) > 0 {
				require.NoError(t, os.WriteFile(path, content, 0o600))
			} else if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				require.NoError(t, err)
			}
		}
		run, err := Load(dir)
		if err != nil {
			require.Contains(t, err.Error(), dir, "the file is named")
			return
		}
		var page, comparison, metrics bytes.Buffer
		require.NoError(t, run.Page(&page, time.Second))
		require.NotContains(t, page.String(), "<script")
		require.NoError(t, Compare(&comparison, []*Run{run, run}))
		require.NotContains(t, comparison.String(), "<script")
		require.NoError(t, run.Metrics(&metrics))
		for line := range strings.Lines(metrics.String()) {
			require.Regexp(t, sampleLine, strings.TrimSuffix(line, "\n"))
		}
	})
}
