package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wallClock lists the methods whose results leave out the monotonic clock: times
// between such readings jump when the machine's clock is set.
var wallClock = []string{"Unix", "UnixMilli", "UnixMicro", "UnixNano", "UTC", "ModTime"}

// stamps lists the packages that write the time of day down for others: event
// files, archives.
var stamps = []string{"internal/format/tfevents", "tools/dist"}

// Nothing is computed from the time of day, so a clock that jumps does no harm.
func TestTimesAreMonotonic(t *testing.T) {
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	files := 0
	require.NoError(t, filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(top, path)
		require.NoError(t, err)
		if slices.Contains(stamps, filepath.ToSlash(filepath.Dir(name))) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"time"` }) {
			return nil
		}
		files++
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				require.NotContains(t, wallClock, s.Sel.Name, "%s reads the wall clock", name)
			}
			return true
		})
		return nil
	}))
	require.Greater(t, files, 5)
}
