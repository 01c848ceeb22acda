package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/predict"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// trained returns the weights of a short run on a digits dataset.
func trained(t *testing.T, data string) string {
	t.Helper()
	dir := t.TempDir()
	succeed(t, dir, short(data, "--out", "r", "--quiet")...)
	return filepath.Join(dir, "r", "last.safetensors")
}

// writePicture encodes a picture by the extension of the path.
func writePicture(t *testing.T, path string, m image.Image) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	var b bytes.Buffer
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jpg", ".jpeg":
		require.NoError(t, jpeg.Encode(&b, m, nil))
	case ".gif":
		require.NoError(t, gif.Encode(&b, m, nil))
	default:
		require.NoError(t, png.Encode(&b, m))
	}
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
}

// predictions runs predict and reads its JSON lines.
func predictions(t *testing.T, dir string, args ...string) []predict.Prediction {
	t.Helper()
	out := succeed(t, dir, append([]string{"predict", "--format", "json"}, args...)...).out
	var all []predict.Prediction
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var p predict.Prediction
		require.NoError(t, decoder.Decode(&p))
		all = append(all, p)
	}
	return all
}

func TestPredictAgreesWithEval(t *testing.T) {
	t.Parallel()
	data, dir := tinyDigits(t), t.TempDir()
	weights := trained(t, data)
	succeed(t, dir, "eval", "--weights", weights, "--data", data, "--logits", "logits")
	logits, err := npy.Read(filepath.Join(dir, "logits", "usps.npy"))
	require.NoError(t, err)
	b, err := dataset.Digits(data)
	require.NoError(t, err)
	for n := range 15 {
		writePicture(t, filepath.Join(dir, "usps", strconv.Itoa(100+n)+".png"), b.Domains[1].Picture(n))
	}
	found := predictions(t, dir, "--weights", weights, "usps")
	require.Len(t, found, 15)
	for n, p := range found {
		require.Equal(t, filepath.Join("usps", strconv.Itoa(100+n)+".png"), p.File)
		row := logits.Float32[10*n:][:10]
		sum, entropy, best := 0.0, 0.0, 0
		for c, x := range row {
			sum += math.Exp(float64(x))
			if x > row[best] {
				best = c
			}
		}
		for _, x := range row {
			q := math.Exp(float64(x)) / sum
			entropy -= q * math.Log(q)
		}
		require.Equal(t, best, p.Label)
		require.Equal(t, strconv.Itoa(best), p.Class)
		require.InDelta(t, math.Exp(float64(row[best]))/sum, p.Probability, 1e-9)
		require.InDelta(t, entropy, p.Entropy, 1e-9)
	}

	table := succeed(t, dir, "predict", "--weights", weights, "usps").out
	require.Len(t, strings.Split(strings.TrimSpace(table), "\n"), 16)
	text := succeed(t, dir, "predict", "--weights", weights, "--format", "csv", filepath.Join("usps", "103.png"), "--threads", "1").out
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"file", "class", "label", "probability", "entropy", "true"}, rows[0])
	require.Len(t, rows, 2)
	require.Equal(t, found[3].Class, rows[1][1])
}

// Formats, sizes and grey pictures; files in folders; names that look like flags.
func TestPredictReadsWhatPeopleHave(t *testing.T) {
	t.Parallel()
	dir, weights := t.TempDir(), trained(t, tinyDigits(t))
	small := image.NewPaletted(image.Rect(0, 0, 50, 20), color.Palette{color.Gray{Y: 20}, color.Gray{Y: 200}, color.RGBA{90, 0, 0, 255}})
	for i := range small.Pix {
		small.Pix[i] = byte(i * i % 3)
	}
	for _, name := range []string{"a.png", "sub/deep/b.PNG", "c.gif", "d.jpg", "-e.jpeg"} {
		writePicture(t, filepath.Join(dir, "in", filepath.FromSlash(name)), small)
	}
	writePicture(t, filepath.Join(dir, "in", ".hidden", "f.png"), small)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in", "notes.txt"), nil, 0o666))
	found := predictions(t, dir, "--weights", weights, "in")
	require.Len(t, found, 5)
	require.Equal(t, found[1].Probability, found[2].Probability, "GIF is as lossless as PNG")

	in := filepath.Join(dir, "in")
	require.Len(t, predictions(t, in, "--weights", weights, "--", "-e.jpeg", "a.png"), 2)
}

// A run folder, a picture on standard input, true classes, weights that do not name their
// network.
func TestPredictWaysIn(t *testing.T) {
	t.Parallel()
	weights, dir := trained(t, tinyDigits(t)), t.TempDir()
	folder := filepath.Dir(weights)
	picture := image.NewGray(image.Rect(0, 0, 20, 20))
	writePicture(t, filepath.Join(dir, "in", "7", "a.png"), picture)
	writePicture(t, filepath.Join(dir, "in", "b.png"), picture)
	validated := filepath.Join(folder, runfolder.ValidatedFile)

	want := predictions(t, dir, "--weights", validated, "in")
	require.Equal(t, []string{"", "7"}, []string{want[0].True, want[1].True})
	require.Equal(t, want, predictions(t, dir, "--weights", folder, "in"), "a run folder's")

	piped := exec.Command(command, "predict", "--weights", folder, "--format", "json", "-", filepath.Join("in", "b.png"))
	content, err := os.ReadFile(filepath.Join(dir, "in", "b.png"))
	require.NoError(t, err)
	piped.Dir, piped.Stdin = dir, bytes.NewReader(content)
	out, err := piped.Output()
	require.NoError(t, err)
	lines := strings.Split(string(out), "\n")
	require.Equal(t, strings.Replace(lines[1], filepath.Join("in", "b.png"), "-", 1), lines[0])
	r := invoke(t, dir, "predict", "--weights", folder, "-")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "standard input: ", "of nothing")
	r = invoke(t, dir, "predict", "--weights", folder, "-", "in", "-")
	require.Equal(t, exitUsage, r.code)

	r = succeed(t, dir, "predict", "--weights", folder, "--top", "2", "in")
	require.Contains(t, r.out, "true class        pictures")
	require.Empty(t, r.err)
	if runtime.GOOS != "windows" { // whose names have none of these
		writePicture(t, filepath.Join(dir, "odd", "\x1b[2J.png"), picture)
		require.Contains(t, succeed(t, dir, "predict", "--weights", folder, "odd").out, `  odd/\x1b[2J.png`)
	}
	r = succeed(t, dir, "predict", "--weights", folder, "--format", "csv", "in")
	require.NotContains(t, r.out, "pictures", "the summary is no part of the table")
	require.Contains(t, r.err, "true class        pictures")

	tensors, _, err := safetensors.Read(validated)
	require.NoError(t, err)
	bare := filepath.Join(dir, "bare.safetensors")
	require.NoError(t, safetensors.Write(bare, tensors, nil))
	require.Equal(t, want, predictions(t, dir, "--weights", bare, "--model", small, "in"))
}

func TestPredictBadInput(t *testing.T) {
	t.Parallel()
	data, dir := tinyDigits(t), t.TempDir()
	weights := trained(t, data)
	writePicture(t, filepath.Join(dir, "mixed", "good.png"), image.NewGray(image.Rect(0, 0, 9, 9)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mixed", "bad.png"), []byte("no picture"), 0o666))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o777))
	r := invoke(t, dir, "predict", "--weights", weights, "mixed", "--format", "csv")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, filepath.Join("mixed", "bad.png"))
	require.Contains(t, r.err, "1 of 2")
	require.Contains(t, r.out, filepath.Join("mixed", "good.png"), "the others are predicted all the same")

	tensors, metadata, err := safetensors.Read(weights)
	require.NoError(t, err)
	altered := func(key, value string) string {
		path := filepath.Join(t.TempDir(), "altered.safetensors")
		changed := maps.Clone(metadata)
		if changed[key] = value; value == "" {
			delete(changed, key)
		}
		require.NoError(t, safetensors.Write(path, tensors, changed))
		return path
	}
	for name, c := range map[string]struct {
		args    []string
		code    int
		message string
	}{
		"no weights":       {[]string{"mixed"}, exitUsage, "--weights"},
		"no pictures":      {[]string{"--weights", weights}, exitUsage, "pictures"},
		"unknown format":   {[]string{"--format", "xml"}, exitUsage, "table, csv, json"},
		"missing":          {[]string{"--weights", weights, "gone.png"}, exitData, "gone.png"},
		"empty folder":     {[]string{"--weights", weights, "empty"}, exitData, "empty"},
		"unnamed model":    {[]string{"--weights", altered(zoo.MetaModel, ""), "mixed"}, exitData, "do not name the model"},
		"unknown model":    {[]string{"--weights", altered(zoo.MetaModel, "vgg"), "mixed"}, exitData, `unknown network "vgg"`},
		"another model":    {[]string{"--weights", altered(zoo.MetaModel, "allconv"), "mixed"}, exitData, "allconv"},
		"no number":        {[]string{"--weights", altered(zoo.MetaClasses, "ten"), "mixed"}, exitData, `"ten" classes`},
		"too many classes": {[]string{"--weights", altered(zoo.MetaClasses, "11"), "mixed"}, exitData, "none of its tensors is for 11"},
		"names missing":    {[]string{"--weights", altered(zoo.MetaClassNames, `["a"]`), "mixed"}, exitData, "JSON array of 10"},
	} {
		r := invoke(t, dir, append([]string{"predict"}, c.args...)...)
		require.Equal(t, c.code, r.code, "%s: %s", name, r.err)
		require.Contains(t, r.err, c.message, name)
		require.Empty(t, r.out, name)
		require.Equal(t, 1, strings.Count(r.err, "\n"), r.err)
	}
	unnamed := predictions(t, dir, "--weights", altered(zoo.MetaClassNames, ""), filepath.Join("mixed", "good.png"))
	require.Equal(t, strconv.Itoa(unnamed[0].Label), unnamed[0].Class)
}

// Weights that are finite may make logits that are not: no prediction, no accuracy.
func TestLogitsThatOverflow(t *testing.T) {
	t.Parallel()
	network, err := zoo.New(runtest.Tiny, 10)
	require.NoError(t, err)
	for _, p := range network.Params {
		for i := range p.Data {
			p.Data[i] = 1e30
		}
	}
	dir, data := t.TempDir(), tinyDigits(t)
	weights, picture := filepath.Join(dir, "w.safetensors"), filepath.Join(dir, "white.png")
	require.NoError(t, network.Save(weights, map[string]string{zoo.MetaModel: runtest.Tiny, zoo.MetaClasses: "10", zoo.MetaNormalisation: "mean=0,0,0 std=1,1,1"}))
	white := image.NewGray(image.Rect(0, 0, 9, 9))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	writePicture(t, picture, white)
	for what, args := range map[string][]string{
		"domain mnist": {"eval", "--weights", weights, "--dataset", "digits", "--data", data},
		picture:        {"predict", "--weights", weights, picture},
	} {
		var out, errors bytes.Buffer
		require.Equal(t, exitData, meada(args, &out, &errors), errors.String())
		require.Contains(t, errors.String(), fmt.Sprintf("meada-cpu: %s: it makes logits of %s NaN or infinite\n", weights, what))
		require.NotContains(t, out.String(), "NaN")
	}
}
