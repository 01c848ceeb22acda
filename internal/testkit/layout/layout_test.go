// Package layout tests the structure of the repository: which package may
// import which.
package layout

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/meada-cpu/meada-cpu"

// root is the folder of the module.
const root = "../../.."

// storeys lists the rooms of the repository from the ground up. A package
// imports packages of its own room and of lower storeys, never of another room
// of its storey.
var storeys = [][]string{
	{"internal/portable"},
	{"internal/atomicfile", "internal/collective", "internal/mapped", "internal/rng", "internal/system", "internal/testkit", "internal/timing"},
	{"internal/fetch", "internal/format", "internal/resample"},
	{"simd"},
	{"tensor"},
	{"conv"},
	{"augment"},
	{"train"},
	{"internal/benchmark", "internal/cli"},
	{"internal/catalog"},
	{"internal/runfolder"},
	{"internal/export", "internal/imageset", "internal/predict", "internal/report", "internal/sweep"},
	{"internal/run"},
	{"cmd", "internal/digest", "tools"},
}

// outside lists the modules that every package may import beside the standard
// library, outsideTests those that tests may import as well.
var (
	outside      = []string{"github.com/klauspost/cpuid/v2", "golang.org/x/sys"}
	outsideTests = []string{"github.com/rogpeppe/go-internal", "github.com/stretchr/testify"}
)

// outsideOf lists the further modules of single rooms and packages.
var outsideOf = map[string][]string{
	"cmd":             {"github.com/spf13/cobra", "github.com/spf13/pflag"},
	"internal/cli":    {"github.com/spf13/cobra", "github.com/spf13/pflag"},
	"internal/system": {"github.com/gofrs/flock", "golang.org/x/term"},
	"train/dataset":   {"golang.org/x/image"},
}

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath                string
	Imports                   []string // direct
	TestImports, XTestImports []string
}

// targets are builds whose files differ: assembly, its absence, and the
// operating systems.
var targets = [][2]string{
	{"linux", "amd64"}, {"linux", "arm64"}, {"linux", "riscv64"},
	{"windows", "amd64"}, {"darwin", "arm64"}, {"js", "wasm"},
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range everyPackage(t) {
		room, height := place(within(p.ImportPath))
		require.NotEmpty(t, room, "%s lies in no room of the repository: give it one in storeys", p.ImportPath)
		for _, d := range p.Imports {
			other, below := place(within(d))
			require.True(t, other == room || below < height, "%s imports %s", p.ImportPath, d)
		}
	}
}

func TestImportsFromOutside(t *testing.T) {
	for _, p := range everyPackage(t) {
		room, _ := place(within(p.ImportPath))
		modules := slices.Concat(outside, outsideOf[room], outsideOf[within(p.ImportPath)])
		for _, i := range p.Imports {
			require.True(t, allowed(i, modules), "%s imports %s", p.ImportPath, i)
		}
		modules = append(modules, outsideTests...)
		for _, i := range append(p.TestImports, p.XTestImports...) {
			require.True(t, allowed(i, modules), "the tests of %s import %s", p.ImportPath, i)
		}
	}
}

// place returns the room that a path inside the module lies in, and its storey.
// The room is "" for paths in none, and the storey -1.
func place(path string) (room string, height int) {
	for height, rooms := range storeys {
		for _, room := range rooms {
			if strings.HasPrefix(path+"/", room+"/") {
				return room, height
			}
		}
	}
	return "", -1
}

// everyPackage lists the packages of the module, once for each target.
func everyPackage(t *testing.T) []pkg {
	t.Helper()
	lookAround(t)
	var all []pkg
	for _, target := range targets {
		cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
		cmd.Env = append(os.Environ(), "GOOS="+target[0], "GOARCH="+target[1], "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err, "go list for %s/%s", target[0], target[1])
		for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
			var p pkg
			err := dec.Decode(&p)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			all = append(all, p)
		}
	}
	for _, room := range slices.Concat(storeys...) {
		require.True(t, holds(all, room), "no package in %s", room)
	}
	return all
}

// lookAround opens every folder of the repository: Go's test cache sees what a
// test opens, but not what `go list` does, and would repeat an old answer.
func lookAround(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" { // a file in a worktree
			return filepath.SkipDir
		}
		return err
	}))
}

func holds(all []pkg, room string) bool {
	for _, p := range all {
		if strings.HasPrefix(within(p.ImportPath)+"/", room+"/") {
			return true
		}
	}
	return false
}

// within returns the path of a package inside the module, or "".
func within(path string) string {
	rest, _ := strings.CutPrefix(path, module+"/")
	if rest == path {
		return ""
	}
	return rest
}

// allowed reports whether a package is part of the standard library (whose paths
// have no dot in their first element), of this module, or of one of modules.
func allowed(path string, modules []string) bool {
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") || within(path) != "" {
		return true
	}
	for _, m := range modules {
		if path == m || strings.HasPrefix(path, m+"/") {
			return true
		}
	}
	return false
}

// The command is wiring: a file of it holds 150 lines at the most, all of them fewer
// than 2,500, without tests.
func TestCommandIsWiring(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "cmd", "meada-cpu", "*.go"))
	require.NoError(t, err)
	total := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := strings.Count(string(text), "\n")
		require.LessOrEqual(t, lines, 150, path)
		total += lines
	}
	require.Positive(t, total)
	require.Less(t, total, 2500)
}
