package run

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// The digests are Python's hashlib's, of the bytes named beside them.
func TestChecksumsOfNarrowAndWideLabels(t *testing.T) {
	t.Parallel()
	images := dataset.Images{Data: []uint8{1, 2, 3, 4}, Labels: []uint16{0, 255}, N: 2, C: 1, H: 1, W: 2}
	sum := func() string { return checksums(&dataset.Task{Source: images})["train"].SHA256 }
	require.Equal(t, "efb00b1fcac19bb4a4ef0b6136a4ddba335e6649ad41b0eae0ccf359a06b06ec", sum()) // 1 2 3 4 0 255
	images.Labels[1] = 256
	require.Equal(t, "366dcb38806a930d052d8b7bac72a4e59bbe8a78792b4d975ed944dc0f64f6e5", sum()) // 1 2 3 4 0 0 0 1
}

// What is held out changes with the seed, the checksum of all does not.
func TestSourceChecksum(t *testing.T) {
	t.Parallel()
	images := func(labels []uint16, pixels ...uint8) dataset.Images {
		return dataset.Images{Data: pixels, Labels: labels, N: len(labels), C: 1, H: 1, W: 1}
	}
	a := dataset.Task{Source: images([]uint16{0, 1, 1}, 7, 8, 9), Held: images([]uint16{0}, 6)}
	b := dataset.Task{Source: images([]uint16{1, 0, 1}, 9, 6, 8), Held: images([]uint16{0}, 7)}
	other := dataset.Task{Source: images([]uint16{1, 0, 1}, 9, 6, 8), Held: images([]uint16{1}, 7)}
	require.Equal(t, sourceChecksum(&a), sourceChecksum(&b))
	require.NotEqual(t, sourceChecksum(&a), sourceChecksum(&other))
	require.Equal(t, sourceChecksum(&a), sourceChecksum(&dataset.Task{Source: images([]uint16{0, 1, 0, 1}, 6, 9, 7, 8)}), "none held out")
}

// Phases maximise all batches but the last, and so nothing of images that fit into one.
func TestNothingToMaximise(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "r"))
	log := new(bytes.Buffer)
	o.LoopsTrain, o.LoopsMin, o.K, o.Log = 2, 1, 1, log
	complete(t, o)
	require.NotContains(t, log.String(), "no phase will add anything")
	config, err := runfolder.ReadConfig(o.Out)
	require.NoError(t, err)
	images := config.Checksums[runfolder.TrainingSet].Images
	o.Out, o.BatchSize = o.Out+"-2", images
	complete(t, o)
	o.Out, o.BatchSize, o.LoopsMin = o.Out+"-3", 8, 5
	complete(t, o)
	require.Contains(t, log.String(), "warning: the run is too short for a maximisation phase: the first would come after 4 steps, earlier with a smaller --loops-min than 5\n")
	require.NotContains(t, log.String(), "maximisation  ")
	require.Contains(t, log.String(), fmt.Sprintf("warning: no phase will add anything: all batches but the last are maximised, and %d training images fit into one of --batch-size %[1]d\n", images))
}

// A run begins with where its ascents in a ball begin.
func TestDescribeRandomStart(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		method catalog.Algorithm
		start  *bool
		random bool
	}{{catalog.PGD, nil, true}, {catalog.PGD, &no, false}, {catalog.MEADA, nil, false}, {catalog.MEADA, &yes, true}} {
		s := &runfolder.Settings{Settings: catalog.Digits(c.method)}
		s.Ball, s.Radius, s.RandomStart = catalog.BallL2, 2, c.start
		text := describeAscent(s)
		require.Contains(t, text, "in a ball l2 of radius 2")
		require.Equal(t, c.random, strings.Contains(text, "from a random start"), text)
	}
}

// A run begins with all that it was asked to do otherwise than by default.
func TestDescribeWhatIsNotDefault(t *testing.T) {
	t.Parallel()
	s := &runfolder.Settings{Settings: catalog.CIFAR(catalog.ERM)}
	s.TestEvery = 2
	for _, text := range []string{describeDescent(s, 7), describeTests(s, "epoch"), describeArithmetic(s)} {
		for _, word := range []string{"shards", "classes", "ends after", "Winograd", "products"} {
			require.NotContains(t, text, word)
		}
	}
	s.Shards, s.ClassWeights, s.Patience, s.Direct, s.Precision = 4, catalog.Balanced, 3, true, catalog.BFloat16
	require.Contains(t, describeDescent(s, 7), "7 steps of 128 images in 4 shards, SGD, ")
	require.Contains(t, describeDescent(s, 7), ", classes balanced")
	require.Equal(t, "every 2 epochs, ends after 3 without a better one on the source", describeTests(s, "epoch"))
	require.Equal(t, ", no Winograd convolutions, products in bf16", describeArithmetic(s))
}
