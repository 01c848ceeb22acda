package main

import (
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// ownPictures writes pictures of three classes in two kinds and several sizes
// and formats.
func ownPictures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	write := func(set string, n int, dim uint8) {
		for c, class := range []string{"cat & dog", "owl", "zebra"} {
			for i := range n {
				m := image.NewRGBA(image.Rect(0, 0, 20+i, 40))
				for p := range m.Pix {
					m.Pix[p] = uint8(random.IntN(100))
					if p%4 == c || p%4 == 3 {
						m.Pix[p] = 255 - dim
					}
				}
				writePicture(t, filepath.Join(dir, set, class, fmt.Sprintf("%d.%s", i, []string{"png", "jpg"}[i%2])), m)
			}
		}
	}
	write("train", 20, 0)
	write("test", 5, 0)
	write("test-dim", 6, 80)
	return dir
}

// A folder of one's own pictures: trained on, evaluated, predicted, augmented.
func TestOwnPictures(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), ownPictures(t)
	succeed(t, dir, "train", "--dataset", "folder", "--data", data, "--model", small, "--loops-train", "40", "--loops-min", "10", "--loops-adv", "2", "--k", "1",
		"--lr", "1e-3", "--test-every", "20", "--out", "r", "--quiet")
	o, err := readOutcome(filepath.Join(dir, "r"))
	require.NoError(t, err)
	require.Equal(t, small, o.summary.Model)
	require.Equal(t, []string{"cat & dog", "owl", "zebra"}, o.config.ClassNames)
	onTest, _ := o.summary.Accuracy.Last.Of("test")
	require.Greater(t, onTest, 0.9, "the classes differ in colour alone")

	weights := filepath.Join("r", "last.safetensors")
	var printed struct{ Accuracy map[string]float64 }
	out := succeed(t, dir, "eval", "--weights", weights, "--data", data, "--json").out
	require.NoError(t, json.Unmarshal([]byte(out), &printed))
	dim, _ := o.summary.Accuracy.Last.Of("dim")
	require.Equal(t, dim, printed.Accuracy["dim"])

	for _, set := range []string{"test", "dim"} {
		folder := map[string]string{"test": "test", "dim": "test-dim"}[set]
		found := predictions(t, dir, "--weights", weights, filepath.Join(data, folder))
		right := 0
		for _, p := range found {
			if filepath.Base(filepath.Dir(p.File)) == p.Class {
				right++
			}
		}
		require.Equal(t, printed.Accuracy[set], float64(right)/float64(len(found)), set)
	}

	// What augment writes is a training set of folders.
	own := filepath.Join(dir, "own")
	succeed(t, dir, "augment", "--weights", weights, "--data", data, "--out", filepath.Join(own, "train"))
	writePicture(t, filepath.Join(own, "test-red", "owl", "1.png"), image.NewRGBA(image.Rect(0, 0, 9, 9)))
	r := succeed(t, dir, "train", "--dataset", "folder", "--data", own, "--model", small, "--algorithm", "erm", "--max-steps", "2", "--out", "again")
	require.Contains(t, r.err, "for photographs: meada-cpu data fetch efficientnet-lite0")
	again, err := readOutcome(filepath.Join(dir, "again"))
	require.NoError(t, err)
	require.Equal(t, 48, again.config.Checksums["train"].Images)
	require.Equal(t, 12, again.config.Checksums["held-out"].Images, "a fifth of a source that has no test set")
	require.Equal(t, 0.2, again.config.HeldOut)
	require.Contains(t, again.config.Domains, runfolder.Domain{Name: "held-out", Images: 12, Source: true, Held: true})
	require.Equal(t, o.config.ClassNames, again.config.ClassNames)
}
