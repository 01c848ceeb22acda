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
	drawn := map[string]bool{}
	parent := ""
	for line := range strings.Lines(drawing) {
		indented := strings.HasPrefix(line, "  ") && parent != ""
		for _, name := range strings.Fields(line) {
			if !strings.HasSuffix(name, "/") {
				break // what the room is for
			}
			if indented {
				name = parent + name
			} else if name == "internal/" {
				parent = name
				continue
			} else {
				parent = ""
			}
			drawn[strings.TrimSuffix(name, "/")] = true
		}
	}
	for room := range drawn {
		info, err := os.Stat(filepath.Join("../../..", room))
		require.NoError(t, err, "docs/architecture.md draws %s", room)
		require.True(t, info.IsDir(), room)
	}
	for _, storey := range storeys {
		for _, room := range storey {
			found := drawn[room]
			for d := range drawn {
				found = found || strings.HasPrefix(d, room+"/")
			}
			require.True(t, found, "docs/architecture.md lacks %s", room)
		}
	}
}
