package torch

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wanted is a tensor as PyTorch prints it.
type wanted struct {
	Shape  []int    `json:"shape"`
	Type   Type     `json:"type"`
	Values []string `json:"values"`
}

func requireTensors(t *testing.T, file, prefix, wantFile string) []Tensor {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", wantFile))
	require.NoError(t, err)
	var want map[string]wanted
	require.NoError(t, json.Unmarshal(text, &want))
	tensors, err := Read(filepath.Join("testdata", file))
	require.NoError(t, err)
	found := 0
	for i := range tensors {
		name, ok := strings.CutPrefix(strings.Join(tensors[i].Path, "/"), prefix)
		if !ok {
			continue
		}
		found++
		requireTensor(t, &tensors[i], want[name], name)
	}
	require.Equal(t, len(want), found)
	return tensors
}

func requireTensor(t *testing.T, got *Tensor, want wanted, name string) {
	t.Helper()
	require.Equal(t, want.Type, got.Type, name)
	require.True(t, slices.Equal(want.Shape, got.Shape), "%s: %v", name, got.Shape)
	if floats[want.Type] == nil {
		values, err := got.Int64()
		require.NoError(t, err, name)
		for i, v := range values {
			require.Equal(t, want.Values[i], strconv.FormatInt(v, 10), name)
		}
		return
	}
	values, err := got.Float32()
	require.NoError(t, err, name)
	require.Len(t, values, len(want.Values), name)
	for i, v := range values {
		w, err := strconv.ParseFloat(want.Values[i], 64)
		require.NoError(t, err)
		require.Equal(t, math.Float32bits(float32(w)), math.Float32bits(v), "%s %d", name, i)
	}
}

func TestReadsEveryContainer(t *testing.T) {
	t.Parallel()
	requireTensors(t, "state.zip.pth", "", "state.json")
	requireTensors(t, "state.legacy.pth", "", "state.json")
	requireTensors(t, "tar.pth", "", "tar.json")
}

func TestReadsACheckpointAroundTheState(t *testing.T) {
	t.Parallel()
	tensors := requireTensors(t, "checkpoint.zip.pth", "state_dict/", "state.json")
	last := tensors[len(tensors)-1]
	require.Equal(t, []string{"optimizer", "state", "0", "momentum_buffer"}, last.Path)
}

// What training scripts keep beside the weights is passed over.
func TestPassesOverWhatIsNoTensor(t *testing.T) {
	t.Parallel()
	tensors, err := Read(filepath.Join("testdata", "carried.zip.pth"))
	require.NoError(t, err)
	require.Len(t, tensors, 1)
	require.Equal(t, []string{"net", "weight"}, tensors[0].Path)
	values, err := tensors[0].Float32()
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 2}, values)
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"evil.zip.pth":      `"__builtin__.print", which is refused`,
		"module.legacy.pth": "which is refused; save the weights alone: torch.save(model.state_dict(), FILE)",
		"script.pth":        "a TorchScript archive holds a program; save the state_dict instead",
		"make.py":           "expected a zip archive, a stream of pickles or a tar archive",
	} {
		_, err := Read(filepath.Join("testdata", file))
		require.ErrorIs(t, err, ErrFormat, file)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, file)
	}
	_, err := Read("testdata")
	require.ErrorContains(t, err, "expected a file")
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"state.zip.pth", "state.legacy.pth", "tar.pth"} {
		content, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		require.True(t, Sniff(content[:262]), file)
	}
	require.False(t, Sniff(bytes.Repeat([]byte{0}, 262)))
}

// Whatever changes in what a zip archive stores, its checksum tells.
func TestDamagedStorage(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "state.zip.pth"))
	require.NoError(t, err)
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	storages := 0
	for _, f := range archive.File {
		if path.Base(path.Dir(f.Name)) != "data" || f.UncompressedSize64 == 0 {
			continue
		}
		storages++
		at, err := f.DataOffset()
		require.NoError(t, err)
		content[at] ^= 1
		_, err = decode(content)
		require.ErrorIs(t, err, ErrFormat, f.Name)
		require.ErrorContains(t, err, f.Name+`" is damaged, it does not have its checksum`)
		content[at] ^= 1
	}
	require.Greater(t, storages, 5)
	dropChecksums(content)
	_, err = decode(content)
	require.NoError(t, err, "as with torch.serialization.set_crc32_options(False)")
}

// dropChecksums sets the checksums in the directory of a zip archive to 0, which stands
// for none: the fuzzer could not guess them.
func dropChecksums(content []byte) {
	const signature, at, size = "PK\x01\x02", 16, 46
	for rest := content; ; rest = rest[size:] {
		i := bytes.Index(rest, []byte(signature))
		if i < 0 || len(rest) < i+size {
			return
		}
		rest = rest[i:]
		clear(rest[at:][:4])
	}
}

// A file that is cut short anywhere is refused, or read where nothing that
// counts is missing.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"state.zip.pth", "state.legacy.pth", "tar.pth"} {
		content, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		whole, err := decode(content)
		require.NoError(t, err)
		for n := range content {
			if tensors, err := decode(content[:n]); err != nil {
				require.ErrorIs(t, err, ErrFormat, "%s cut to %d", file, n)
			} else {
				require.Len(t, tensors, len(whole), "%s cut to %d", file, n)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pth")
	require.NoError(f, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		dropChecksums(content)
		tensors, err := decode(content)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		for i := range tensors {
			if tensors[i].Len() > len(content)*1100 {
				t.Fatalf("%d elements from %d bytes", tensors[i].Len(), len(content))
			}
			if floats[tensors[i].Type] != nil {
				_, err := tensors[i].Float32()
				require.NoError(t, err)
			}
		}
	})
}
