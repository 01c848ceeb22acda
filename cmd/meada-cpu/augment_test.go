package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

func TestAugment(t *testing.T) {
	t.Parallel()
	data, dir := tinyDigits(t), t.TempDir()
	weights := trained(t, data)
	args := func(out string, more ...string) []string {
		return append([]string{"augment", "--weights", weights, "--data", data, "--batch-size", "16", "--loops-adv", "3", "--lr-max", "1000", "--out", out}, more...)
	}
	r := succeed(t, dir, args("all", "--format", "npy")...)
	require.Contains(t, r.out, "70 images of digits")
	images, err := npy.Read(filepath.Join(dir, "all", "images.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{70, 32, 32, 3}, images.Shape)
	labels, err := npy.Read(filepath.Join(dir, "all", "labels.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{70}, labels.Shape)

	// PNG files hold the same images, some of every class, and say which they were.
	succeed(t, dir, args("some", "--images", "32", "--threads", "1")...)
	f, err := os.Open(filepath.Join(dir, "some", "sources.csv"))
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+32)
	require.Equal(t, []string{"path", "label", "source_number", "source_file"}, lines[0])
	classes := map[string]bool{}
	for _, line := range lines[1:] {
		n, err := strconv.Atoi(line[2])
		require.NoError(t, err)
		require.Equal(t, []string{fmt.Sprintf("%d/%05d.png", n%10, n), fmt.Sprint(n % 10), fmt.Sprint(n), ""}, line)
		classes[line[1]] = true
		if n >= 64 {
			continue // in a smaller batch of all, whose mean has other weights
		}
		picture, err := os.Open(filepath.Join(dir, "some", filepath.FromSlash(line[0])))
		require.NoError(t, err)
		defer picture.Close()
		m, err := png.Decode(picture)
		require.NoError(t, err)
		for p := range 32 * 32 {
			red, green, blue, _ := m.At(p%32, p/32).RGBA()
			require.Equal(t, images.Bytes[(n*1024+p)*3:][:3], []uint8{uint8(red >> 8), uint8(green >> 8), uint8(blue >> 8)})
		}
	}
	require.Greater(t, len(classes), 6)

	// A step of no size leaves the images as they are.
	succeed(t, dir, args("same", "--format", "npy", "--lr-max", "0")...)
	same, err := npy.Read(filepath.Join(dir, "same", "images.npy"))
	require.NoError(t, err)
	b, err := dataset.Digits(data)
	require.NoError(t, err)
	for n := range 70 {
		image := b.Source.Image(n)
		for p := range 1024 {
			require.Equal(t, []uint8{image[p], image[1024+p], image[2048+p]}, same.Bytes[(n*1024+p)*3:][:3])
		}
	}
	require.False(t, bytes.Equal(same.Bytes, images.Bytes))

	succeed(t, dir, args("ada", "--format", "npy", "--algorithm", "ada")...)
	ada, err := npy.Read(filepath.Join(dir, "ada", "images.npy"))
	require.NoError(t, err)
	require.False(t, bytes.Equal(images.Bytes, ada.Bytes))

	// A run of ada or me-ada has the settings, the flags of augment come before them.
	succeed(t, dir, short(data, "--loops-adv", "2", "--lr-max", "900", "--gamma", "0.5", "--eta", "3", "--batch-size", "16", "--quiet", "--out", "run")...)
	bare := filepath.Join(dir, "bare.safetensors")
	last, err := os.ReadFile(filepath.Join(dir, "run", "last.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(bare, last, 0o600))
	var moved [3][]uint8
	for i, flags := range [][]string{
		{"--weights", filepath.Join("run", "last.safetensors"), "--gamma", "0.25"},
		{"--weights", bare, "--loops-adv", "2", "--lr-max", "900", "--gamma", "0.25", "--eta", "3", "--batch-size", "16"},
		{"--weights", bare},
	} {
		out := fmt.Sprint("moved", i)
		succeed(t, dir, append([]string{"augment", "--data", data, "--format", "npy", "--out", out}, flags...)...)
		made, err := npy.Read(filepath.Join(dir, out, "images.npy"))
		require.NoError(t, err)
		moved[i] = made.Bytes
	}
	require.True(t, bytes.Equal(moved[0], moved[1]))
	require.False(t, bytes.Equal(moved[0], moved[2]))

	tensors, metadata, err := safetensors.Read(weights)
	require.NoError(t, err)
	delete(metadata, zoo.MetaDataset)
	unnamed := filepath.Join(dir, "unnamed.safetensors")
	require.NoError(t, safetensors.Write(unnamed, tensors, metadata))
	for message, c := range map[string]struct {
		args []string
		code int
	}{
		"nothing is overwritten":       {args("all"), exitFailed},
		"--weights FILE and --out DIR": {[]string{"augment", "--out", "x"}, exitUsage},
		"expected ada, me-ada":         {args("x", "--algorithm", "erm"), exitUsage},
		"expected png, npy":            {args("x", "--format", "jpg"), exitUsage},
		"gone.safetensors":             {[]string{"augment", "--weights", "gone.safetensors", "--out", "x"}, exitData},
		"use --dataset":                {[]string{"augment", "--weights", unnamed, "--out", "x"}, exitUsage},
		"nowhere":                      {[]string{"augment", "--weights", weights, "--data", "nowhere", "--out", "x"}, exitData},
	} {
		r := invoke(t, dir, c.args...)
		require.Equal(t, c.code, r.code, "%s: %s", message, r.err)
		require.Contains(t, r.err, message)
	}
	require.NoDirExists(t, filepath.Join(dir, "x"))
}
