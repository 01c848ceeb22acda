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
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/meada-cpu/meada-cpu"

// height orders the rooms of the repository: a package sees only its own room
// and lower ones. internal has no height, its packages are checked through
// everyone who imports them.
var height = map[string]int{"simd": 1, "tensor": 2, "conv": 3, "augment": 4, "train": 5, "cmd": 6}

// outside lists the modules that may be imported beside the standard library.
var outside = []string{"github.com/klauspost/cpuid/v2", "golang.org/x/sys"}

// outsideTests lists those that tests may import as well.
var outsideTests = append([]string{"github.com/stretchr/testify"}, outside...)

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath                string
	Imports                   []string // direct
	Deps                      []string // direct and indirect
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
		room, _, _ := strings.Cut(within(p.ImportPath), "/")
		if room == "internal" {
			continue
		}
		require.Contains(t, height, room, "%s lies in no room of the repository", p.ImportPath)
		for _, d := range p.Deps {
			other, _, _ := strings.Cut(within(d), "/")
			if h, ok := height[other]; ok {
				require.LessOrEqual(t, h, height[room], "%s depends on %s", p.ImportPath, d)
			}
		}
	}
}

func TestImportsFromOutside(t *testing.T) {
	for _, p := range everyPackage(t) {
		for _, i := range p.Imports {
			require.True(t, allowed(i, outside), "%s imports %s", p.ImportPath, i)
		}
		for _, i := range append(p.TestImports, p.XTestImports...) {
			require.True(t, allowed(i, outsideTests), "the tests of %s import %s", p.ImportPath, i)
		}
	}
}

// everyPackage lists the packages of the module, once for each target.
func everyPackage(t *testing.T) []pkg {
	t.Helper()
	lookAround(t)
	var all []pkg
	for _, target := range targets {
		cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", module+"/...")
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
	for room := range height {
		require.True(t, holds(all, room), "no package in %s", room)
	}
	return all
}

// lookAround opens every folder of the repository: Go's test cache sees what a
// test opens, but not what `go list` does, and would repeat an old answer.
func lookAround(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
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

// allowed says whether a package is part of the standard library (whose paths
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
