package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// engine are the rooms that other modules may import.
var engine = []string{"simd", "tensor", "conv", "augment", "train"}

// What other modules can import names no type that they cannot: none of package
// internal in an exported signature, field, variable or type.
func TestSignaturesNameNoInternalType(t *testing.T) {
	checked := 0
	for _, room := range engine {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, room), func(file string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, 0)
			require.NoError(t, err)
			checked++
			for _, at := range internalTypes(parsed) {
				t.Errorf("%v: a type of package internal in what is exported", set.Position(at))
			}
			return nil
		}))
	}
	require.Greater(t, checked, 100)

	leaking, err := parser.ParseFile(token.NewFileSet(), "", `package p
		import ("`+module+`/internal/rng"; other "`+module+`/internal/timing")
		type T struct { A rng.Source; b rng.Source }
		type u struct { A rng.Source }
		func F(*rng.Source) {}
		func (T) M() []other.Clock { return rng.New() }
		func (u) M() []other.Clock { return nil }
		func f(rng.Source) { rng.New() }
		var V map[string]rng.Source`, 0)
	require.NoError(t, err)
	require.Len(t, internalTypes(leaking), 4, "A, F, T.M and V")
}

// internalTypes returns where the exported declarations of a file name a type of a
// package below internal.
func internalTypes(file *ast.File) (found []token.Pos) {
	internal := map[string]bool{} // by the name in this file
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value) // which the parser has checked
		name := path.Base(from)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		internal[name] = strings.HasPrefix(within(from), "internal/")
	}
	search := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.StructType:
				n.Fields.List = slices.DeleteFunc(n.Fields.List, func(f *ast.Field) bool { return len(f.Names) > 0 && !f.Names[0].IsExported() })
			case *ast.InterfaceType:
				n.Methods.List = slices.DeleteFunc(n.Methods.List, func(f *ast.Field) bool { return len(f.Names) > 0 && !f.Names[0].IsExported() })
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && internal[x.Name] {
					found = append(found, n.Pos())
				}
			}
			return true
		})
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedType(d.Recv.List[0].Type)) {
				search(d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						search(s.Type)
					}
				case *ast.ValueSpec:
					if s.Type != nil && s.Names[0].IsExported() {
						search(s.Type)
					}
				}
			}
		}
	}
	return found
}

// exportedType reports whether a receiver is of an exported type.
func exportedType(receiver ast.Expr) bool {
	exported := false
	ast.Inspect(receiver, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if ok && !exported {
			exported = name.IsExported()
		}
		return !ok
	})
	return exported
}
