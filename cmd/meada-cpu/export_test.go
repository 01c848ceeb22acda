package main

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

func TestExport(t *testing.T) {
	t.Parallel()
	weights := trained(t, tinyDigits(t))
	folder, dir := filepath.Dir(weights), t.TempDir()

	r := succeed(t, dir, "export", "--weights", folder, "--preprocess", "--fold", "--softmax")
	model := filepath.Join(folder, "source-validation.onnx")
	require.FileExists(t, model)
	require.Contains(t, r.out, model)
	require.Contains(t, r.out, "10 classes, images of 3 x 32 x 32")
	before, err := os.ReadFile(model)
	require.NoError(t, err)
	require.Contains(t, string(before), `"algorithm":"me-ada"`, "the settings of the run")

	succeed(t, dir, "export", "--weights", weights, "--out", "last.onnx")
	require.FileExists(t, filepath.Join(dir, "last.onnx"))

	// Nothing that is there is replaced.
	for _, args := range [][]string{
		{"export", "--weights", folder},
		{"export", "--weights", weights, "--format", "safetensors"},
		{"export", "--weights", weights, "--out", model},
	} {
		r := invoke(t, dir, args...)
		require.Equal(t, exitUsage, r.code, r.err)
		require.Contains(t, r.err, "there is a file of that name already, use --out")
	}
	after, err := os.ReadFile(model)
	require.NoError(t, err)
	require.Equal(t, before, after)

	// Weights without metadata get ours.
	tensors, metadata, err := safetensors.Read(weights)
	require.NoError(t, err)
	require.NoError(t, safetensors.Write(filepath.Join(dir, "bare.safetensors"), append(tensors,
		safetensors.Tensor{Name: "more", Shape: []int{1}, Data: []float32{1}}), nil))
	r = succeed(t, dir, "export", "--weights", "bare.safetensors", "--model", small, "--format", "safetensors", "--out", "ours.safetensors")
	require.Contains(t, r.err, "the network had no use for 1 tensor, such as")
	again, ours, err := safetensors.Read(filepath.Join(dir, "ours.safetensors"))
	require.NoError(t, err)
	require.Equal(t, tensors, again)
	require.Equal(t, metadata["model"], ours["model"])
	require.Equal(t, "10", ours["classes"])

	for message, c := range map[string]struct {
		code int
		args []string
	}{
		"export needs --weights":           {exitUsage, nil},
		"are for --format onnx":            {exitUsage, []string{"--weights", weights, "--format", "safetensors", "--fold"}},
		"do not name the model":            {exitData, []string{"--weights", "bare.safetensors"}},
		"a folder without weights":         {exitData, []string{"--weights", "."}},
		"gone":                             {exitData, []string{"--weights", "gone"}},
		"expected onnx, safetensors":       {exitUsage, []string{"--format", "tflite"}},
		filepath.Join("missing", "m.onnx"): {exitFailed, []string{"--weights", weights, "--out", filepath.Join("missing", "m.onnx")}},
	} {
		r := invoke(t, dir, append([]string{"export"}, c.args...)...)
		require.Equal(t, c.code, r.code, "%s: %s", message, r.err)
		require.Contains(t, r.err, message)
		require.Empty(t, r.out)
	}
}

// The Python of docs/formats.md prints what predict does. MEADA_PYTHON names a Python that
// has onnxruntime and Pillow.
func TestSnippetOfFormatsClassifiesWithONNX(t *testing.T) {
	t.Parallel()
	python := os.Getenv("MEADA_PYTHON")
	if python == "" {
		t.Skip("needs MEADA_PYTHON, a Python interpreter with onnxruntime")
	}
	if exec.Command(python, "-c", "import onnxruntime, PIL").Run() != nil {
		t.Skip("MEADA_PYTHON has no onnxruntime or no Pillow")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "## ONNX models")
	_, snippet, _ := strings.Cut(section, "```python\n")
	snippet, _, found := strings.Cut(snippet, "```")
	require.True(t, found)

	weights, dir := trained(t, tinyDigits(t)), t.TempDir()
	var files []string
	for n := range 5 {
		picture := image.NewRGBA(image.Rect(0, 0, 40+n, 30))
		for i := range picture.Pix {
			picture.Pix[i] = uint8(i*(n+3)/50) | uint8(i%4/3*255) // opaque
		}
		files = append(files, strconv.Itoa(n)+".png")
		writePicture(t, filepath.Join(dir, files[n]), picture)
	}
	succeed(t, dir, "export", "--weights", weights, "--preprocess", "--softmax", "--out", "classifier.onnx")
	c := exec.Command(python, append([]string{"-c", snippet}, files...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	ours := predictions(t, dir, append([]string{"--weights", weights}, files...)...)
	require.Len(t, lines, len(ours))
	for n, p := range ours {
		var class, file string
		var probability float64
		_, err := fmt.Sscan(lines[n], &class, &probability, &file)
		require.NoError(t, err, lines[n])
		require.Equal(t, p.Class, class)
		require.Equal(t, p.File, file)
		require.InDelta(t, p.Probability, probability, 1e-5)
	}
}
