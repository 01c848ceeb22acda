package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Logits are written into their folder and nowhere else, and replace nothing: the names
// of domains in manifests may be any text.
func TestLogitsStayInTheirFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logits")
	domain := func(name string) []dataset.Domain { return []dataset.Domain{{Name: "far"}, {Name: name}} }
	for _, name := range []string{filepath.Join("..", "..", "far"), filepath.Join("near", "far")} {
		require.ErrorContains(t, makeLogits(dir, domain(name)), "cannot be the name of a file")
		require.NoDirExists(t, dir)
	}
	require.NoError(t, makeLogits(dir, domain("..")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "near.npy"), nil, 0o666))
	require.ErrorContains(t, makeLogits(dir, domain("near")), "near.npy is there already and is not overwritten")
}
