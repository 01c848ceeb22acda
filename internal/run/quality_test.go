package run

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// What is recorded of a test agrees with its accuracies, in every file.
func TestTestsAreRecorded(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "run"))
	sum := complete(t, o).Summary
	c, err := runfolder.ReadConfusion(o.Out)
	require.NoError(t, err)
	require.Equal(t, sum.Tests, c.Tests)
	require.Equal(t, sum.Accuracy.Last.Step, c.Step)
	require.Equal(t, len(c.Domains), len(c.Tests))
	var last runfolder.Evaluate
	for line, err := range runfolder.ReadMetrics(o.Out) {
		require.NoError(t, err)
		switch l := line.(type) {
		case runfolder.Evaluate:
			last = l
		case runfolder.Minimise:
			require.Equal(t, o.LR, l.LR)
		}
	}
	most := 0
	for i, d := range c.Tests {
		require.Equal(t, c.Domains[i].Name, d.Name)
		require.Equal(t, d.NLL, last.NLL[d.Name])
		require.Positive(t, d.NLL)
		accuracy, ok := sum.Accuracy.Last.Of(d.Name)
		require.True(t, ok)
		images, correct, recalled := 0, 0.0, 0.0
		require.Len(t, d.Reliability, train.ConfidenceBins)
		for _, b := range d.Reliability {
			images += b.Images
			correct += b.Accuracy * float64(b.Images)
		}
		require.Equal(t, d.Images, images)
		require.InDelta(t, accuracy*float64(images), correct, 1e-9)
		require.Len(t, d.Classes, 10)
		for _, s := range d.Classes {
			recalled += s.Recall * float64(s.Images)
		}
		require.InDelta(t, correct, recalled, 1e-9)
		require.NotEmpty(t, d.Mistakes, "the pictures are noise")
		for _, m := range d.Mistakes {
			require.NotEqual(t, m.Label, m.Predicted)
			require.Less(t, m.Image, d.Images)
		}
		most = max(most, len(d.Mistakes))
	}
	f, err := os.Open(filepath.Join(o.Out, runfolder.MistakesPicture))
	require.NoError(t, err)
	defer f.Close()
	picture, err := png.DecodeConfig(f)
	require.NoError(t, err)
	require.Equal(t, [3]int{32, 32 * most, 32 * len(c.Tests)}, [3]int{c.Width, picture.Width, picture.Height})
}

// Mistakes on pictures that are files name them.
func TestMistakesNameFiles(t *testing.T) {
	t.Parallel()
	d := &dataset.Domain{Name: "far", Images: dataset.Images{N: 3, Files: []string{"a.png", "b.png", "c.png"}}}
	q := &train.Quality{Images: 3, Mistakes: []train.Mistake{{Image: 2, Label: 0, Predicted: 1, Confidence: .75}}}
	test := domainTest([]string{"cat", "dog"}, d, q)
	require.Equal(t, []runfolder.Mistake{{Image: 2, File: "c.png", Label: "cat", Predicted: "dog", Confidence: .75}}, test.Mistakes)
}

// However many domains there are, their mistakes are a picture that a report reads.
func TestMistakesOfManyDomains(t *testing.T) {
	t.Parallel()
	shape := dataset.Images{C: 3, H: 224, W: 224}
	domains := func(n int) []dataset.Domain {
		all := make([]dataset.Domain, n, n+1)
		for i := range all {
			all[i].Images = shape
		}
		return append(all, dataset.Domain{Images: shape, Severities: make([]func(dataset.Blocks) (dataset.Images, error), 5)}) // not drawn
	}
	for n, columns := range map[int]int{1: 12, 151: 12, 152: 11, 1000: 1, 2000: 0} {
		require.Equal(t, columns, mistakesShown(domains(n)), n)
	}
}
