package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

func TestCorruptWritesThePublishedLayout(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	r := succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "c", "--corruptions", "pixelate,fog",
		"--sheet", "sheet.png", "--threads", "2")
	require.Contains(t, r.out, "2 corruptions at 5 severities of 20 images")

	clean, err := dataset.Digits(data)
	require.NoError(t, err)
	c, err := dataset.OpenCorruptions(filepath.Join(dir, "c"), 10)
	require.NoError(t, err)
	require.Equal(t, []string{"fog", "pixelate"}, c.Names)
	for _, name := range c.Names {
		var before []uint8
		for severity := 1; severity <= 5; severity++ {
			images, err := c.Read(name, severity)
			require.NoError(t, err)
			require.Equal(t, clean.Domains[0].Labels, images.Labels)
			require.Equal(t, []int{20, 3, 32, 32}, []int{images.N, images.C, images.H, images.W})
			require.NotEqual(t, clean.Domains[0].Data, images.Data)
			require.NotEqual(t, before, images.Data)
			before = images.Data
		}
	}
	f, err := os.Open(filepath.Join(dir, "sheet.png"))
	require.NoError(t, err)
	defer f.Close()
	sheet, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, 6*34-2, sheet.Bounds().Dx())
	require.Equal(t, 2*34-2, sheet.Bounds().Dy())

	// The same bytes with other threads, other neighbours and from another run.
	succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "d", "--corruptions", "fog", "--threads", "1", "--quiet")
	require.Equal(t, readFile(t, dir, "c", "fog.npy"), readFile(t, dir, "d", "fog.npy"))
	succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "e", "--corruptions", "fog", "--seed", "2")
	require.NotEqual(t, readFile(t, dir, "c", "fog.npy"), readFile(t, dir, "e", "fog.npy"))

	// A folder can be added to, but what is there stays.
	succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "d", "--corruptions", "snow")
	before := readFile(t, dir, "d", "fog.npy")
	for _, args := range [][]string{{"--corruptions", "spatter,fog"}, {"--corruptions", "spatter", "--sheet", "sheet.png"}} {
		r = invoke(t, dir, append([]string{"corrupt", "--dataset", "digits", "--data", data, "--out", "d"}, args...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.err, "is there already")
	}
	r = invoke(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--domain", "usps", "--out", "d", "--corruptions", "spatter")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "labels.npy is there already with other labels")
	require.Equal(t, before, readFile(t, dir, "d", "fog.npy"))
	require.NoFileExists(t, filepath.Join(dir, "d", "spatter.npy"))

	// A sheet that cannot be written is found out first.
	r = invoke(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "f", "--corruptions", "fog", "--sheet", filepath.Join("none", "sheet.png"))
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, filepath.Join("none", "sheet.png"))
	require.NoFileExists(t, filepath.Join(dir, "f", "fog.npy"))
	succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--out", "f", "--corruptions", "fog", "--sheet", filepath.Join("f", "sheet.png"))
	require.FileExists(t, filepath.Join(dir, "f", "sheet.png"))
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return content
}

func TestCorruptOfChosenSeveritiesAndDomains(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, "corrupt", "--dataset", "digits", "--data", data, "--domain", "usps", "--out", "c",
		"--corruptions", "contrast", "--severities", "4-5")
	images, err := npy.Read(filepath.Join(dir, "c", "contrast.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{2 * 15, 32, 32, 3}, images.Shape)
	labels, err := npy.Read(filepath.Join(dir, "c", "labels.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{30}, labels.Shape)
	require.Equal(t, labels.Bytes[:15], labels.Bytes[15:])
}
