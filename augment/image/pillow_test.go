package image

import (
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/resample"
)

// picture is one of the pictures of testdata/pictures.json.
type picture struct {
	Shape [3]int // C, H, W
	Bytes []byte
}

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, to))
}

func pictures(t *testing.T) map[string]picture {
	t.Helper()
	all := map[string]picture{}
	readJSON(t, "testdata/pictures.json", &all)
	require.NotEmpty(t, all)
	return all
}

// parseOperation is the inverse of Operation.String.
func parseOperation(t *testing.T, name string) Operation {
	t.Helper()
	o := slices.Index(operationNames[:], name)
	require.GreaterOrEqual(t, o, 0, name)
	return Operation(o)
}

// Every operation gives the bytes that Pillow gives. With -v the test lists how
// many levels and pictures of each it compares.
func TestPillow(t *testing.T) {
	t.Parallel()
	var want struct {
		Operations []struct {
			Picture, Operation string
			Level              float64
			Nearest            bool
			CRC32              uint32
		}
		Parts []struct {
			Picture string
			Box     [4]int // top, left, height, width
			CRC32   uint32
		}
	}
	readJSON(t, "testdata/pillow.json", &want)
	all := pictures(t)
	equal, compared := map[string]int{}, map[string]int{}
	for _, c := range want.Operations {
		p := all[c.Picture]
		op := Fixed{parseOperation(t, c.Operation), c.Level, c.Nearest}
		compared[c.Operation]++
		if crc32.ChecksumIEEE(apply(t, op, p.Bytes, p.Shape[0], p.Shape[1], p.Shape[2], augment.Draw{})) == c.CRC32 {
			equal[c.Operation]++
		} else {
			t.Errorf("%s at %v, nearest %t, of %s differs", c.Operation, c.Level, c.Nearest, c.Picture)
		}
	}
	const parts = "resized crop"
	for _, c := range want.Parts {
		p := all[c.Picture]
		h, w := p.Shape[1], p.Shape[2]
		out := make([]uint8, len(p.Bytes))
		r := resample.NewResizer(resample.Bilinear, h, w, h, w)
		r.Part(c.Box[0], c.Box[1], c.Box[2], c.Box[3])
		r.Planes(out, p.Bytes)
		compared[parts]++
		if crc32.ChecksumIEEE(out) == c.CRC32 {
			equal[parts]++
		} else {
			t.Errorf("the part %v of %s differs", c.Box, c.Picture)
		}
	}
	for _, name := range append(operationNames[:], parts) {
		require.NotZero(t, compared[name], name)
		t.Logf("%-12s %3d of %3d results equal Pillow's", name, equal[name], compared[name])
	}
}
