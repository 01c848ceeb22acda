package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mostOperands is how many parameters a kernel may have; one that needs more takes a
// struct.
const mostOperands = 8

// No kernel of simd has a long parameter list: neither the fields of Kernels, nor the
// assembly, nor the generic twins.
func TestKernelsHaveFewOperands(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(root, "simd")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	fields, functions := 0, 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, f.Name()), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok && n.Name.Name == "Kernels" {
					for _, field := range s.Fields.List {
						if kernel, ok := field.Type.(*ast.FuncType); ok {
							fields++
							require.LessOrEqual(t, kernel.Params.NumFields(), mostOperands, "Kernels.%s", field.Names[0])
						}
					}
				}
			case *ast.FuncDecl:
				functions++
				require.LessOrEqual(t, n.Type.Params.NumFields(), mostOperands, "%s in %s", n.Name, f.Name())
			}
			return true
		})
	}
	require.Greater(t, fields, 30, "kernels of a set")
	require.Greater(t, functions, 100, "functions of simd")
}

// Above conv nobody takes a kernel set or asks for one: the engine has it. (Tests
// compare all sets.)
func TestKernelSetsStayBelow(t *testing.T) {
	t.Parallel()
	below := []string{"simd", "tensor", "conv"}
	taken := []string{"Kernels", "Active", "Available", "Default", "Select"}
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		if first, _, _ := strings.Cut(filepath.ToSlash(name), "/"); slices.Contains(below, first) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		files++
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "simd" {
					require.NotContains(t, taken, s.Sel.Name, "%s", name)
				}
			}
			return true
		})
		return nil
	}))
	require.Greater(t, files, 100)
}
