package layout

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

// Links between the texts and to files of the repository lead somewhere.
func TestLinksResolve(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	links := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			_, err := os.Stat(filepath.Join(filepath.Dir(path), m[1]))
			require.NoError(t, err, "%s links to %s", path, m[1])
		}
		return nil
	}))
	require.Greater(t, links, 10)
}

// The drawing of the rooms names every room that there is, and no other.
func TestDrawingNamesEveryRoom(t *testing.T) {
	text, err := os.ReadFile("../../../docs/architecture.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```\n")
	drawing, _, _ := strings.Cut(rest, "```\n")
	for _, storey := range storeys {
		for _, room := range storey {
			require.Contains(t, drawing, filepath.Base(room)+"/", "docs/architecture.md lacks %s", room)
		}
	}
}
