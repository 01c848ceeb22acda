package imageset

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

var classes = []string{"ant", "bee", "cat"}

// source returns n images of 3 x 8 x 8 bytes of three classes.
func source(n int) *dataset.Images {
	s := &dataset.Images{N: n, C: 3, H: 8, W: 8}
	for i := range n {
		s.Labels = append(s.Labels, uint16(i%3))
		for p := range 3 * 8 * 8 {
			s.Data = append(s.Data, uint8(100+i+p/4))
		}
	}
	return s
}

// adversarial returns what moves them by one step of a linear network.
func adversarial(t *testing.T, n int) *Adversarial {
	t.Helper()
	g, x := nn.NewGraph(3, 8, 8)
	embedding := g.Flatten(x)
	network := g.Network("linear", g.Linear("fc", embedding, nn.Linear{Out: 3}), embedding)
	network.Init(1)
	engine := tensor.NewEngineOn(1, nil)
	t.Cleanup(engine.Close)
	ascent, err := train.NewAscent(engine, network, augment.Config{Steps: 2, LR: 2, Gamma: 1, Eta: 10, Max: 1}, 4, 1)
	require.NoError(t, err)
	return &Adversarial{Source: source(n), Classes: classes, Network: network, Ascent: ascent, Status: cli.NewStatus(io.Discard, true)}
}

// Both formats hold the same images: those that the ascent ends with, rounded.
func TestAdversarialFormats(t *testing.T) {
	t.Parallel()
	dir, n := t.TempDir(), 70 // more than one call of Ascend takes
	a := adversarial(t, n)
	require.NoError(t, a.Check())
	require.NoError(t, a.Write(t.Context(), filepath.Join(dir, "npy"), NPY))
	require.Greater(t, a.last.CrossEntropy, a.first.CrossEntropy)
	require.NoError(t, a.Write(t.Context(), filepath.Join(dir, "png"), PNG))
	images, err := npy.Read(filepath.Join(dir, "npy", "images.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{n, 8, 8, 3}, images.Shape)
	labels, err := npy.Read(filepath.Join(dir, "npy", "labels.npy"))
	require.NoError(t, err)
	require.Equal(t, npy.Labels(a.Source.Labels).Bytes, labels.Bytes)

	same := source(n)
	moved := 0
	for first := 0; first < n; {
		x, _, err := a.Ascent.Ascend(same, first)
		require.NoError(t, err)
		for i := range x.N {
			at := first + i
			f, err := os.Open(filepath.Join(dir, "png", classes[at%3], fmt.Sprintf("%05d.png", at)))
			require.NoError(t, err)
			picture, err := png.Decode(f)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			for p := range 64 {
				r, g, b, _ := picture.At(p%8, p/8).RGBA()
				for c, v := range []uint32{r, g, b} {
					want := uint8(min(max(x.Image(i)[c*64+p], 0), 1)*255 + 0.5)
					require.Equal(t, want, images.Bytes[(at*64+p)*3+c])
					require.Equal(t, want, uint8(v>>8))
					if want != same.Image(at)[c*64+p] {
						moved++
					}
				}
			}
		}
		first += x.N
	}
	require.Greater(t, moved, n)
}

func TestAdversarialRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := adversarial(t, 4)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o666))
	require.ErrorContains(t, a.Write(t.Context(), dir, PNG), "nothing is overwritten")

	a.Classes = []string{"ant", "bee"}
	require.EqualError(t, a.Check(), "linear takes 3x8x8 images of 3 classes, those of the dataset are 3x8x8 of 2")
	for _, name := range []string{"", "a/b", "..", ".hidden"} {
		a.Classes = []string{"ant", "bee", name}
		require.ErrorContains(t, a.Write(t.Context(), filepath.Join(t.TempDir(), "out"), PNG), "cannot be the name of a folder")
	}

	a.Classes = classes
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	out := filepath.Join(dir, "npy")
	err := a.Write(ended, out, NPY)
	require.ErrorIs(t, err, cli.ErrInterrupted)
	require.ErrorContains(t, err, "after 0 of 4 images")
	require.NoFileExists(t, filepath.Join(out, "images.npy"), "nothing half")
	out = filepath.Join(dir, "png")
	require.ErrorIs(t, a.Write(ended, out, PNG), cli.ErrInterrupted)
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// Corrupted writes the images at each severity in turn, in CIFAR-10-C's layout, and
// adds to a folder of the same images alone.
func TestCorrupted(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "c")
	images := &dataset.Images{N: 2, C: 3, H: 32, W: 32, Labels: []uint16{7, 3}}
	for i := range 2 * 3 * 32 * 32 {
		images.Data = append(images.Data, uint8(i*i/7))
	}
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	suite := corrupt.NewSuite(engine, 32, 32, 5, nil)
	c := &Corrupted{Images: images, Suite: suite, Names: []string{"contrast", "brightness"}, Severities: []int{2, 4}, Status: cli.NewStatus(io.Discard, true)}
	require.NoError(t, c.Write(t.Context(), out))
	for _, name := range c.Names {
		got, err := npy.Read(filepath.Join(out, name+".npy"))
		require.NoError(t, err)
		require.Equal(t, []int{4, 32, 32, 3}, got.Shape)
		for s, severity := range c.Severities {
			want := make([]uint8, len(images.Data))
			suite.Apply(want, images.Data, name, severity, 0)
			for i := range 2 {
				interleaved := make([]uint8, 3*32*32)
				dataset.Interleave(interleaved, want[i*3*32*32:][:3*32*32], 3)
				require.Equal(t, interleaved, got.Bytes[(2*s+i)*3*32*32:][:3*32*32], "%s, severity %d, image %d", name, severity, i)
			}
		}
	}
	labels, err := npy.Read(filepath.Join(out, "labels.npy"))
	require.NoError(t, err)
	require.Equal(t, []uint8{7, 3, 7, 3}, labels.Bytes)

	require.NoError(t, npy.Write(filepath.Join(out, "labels.npy"), npy.Array{Shape: []int{4}, Int64: []int64{7, 3, 7, 3}}))
	c.Names = []string{"fog"}
	require.NoError(t, c.Write(t.Context(), out), "more of the same images, whose labels NumPy has written")
	c.Severities = c.Severities[:1]
	require.ErrorContains(t, c.Write(t.Context(), out), "the folder has 2 severities, --severities names 1")
	c.Severities = c.Severities[:2]
	images.Labels = []uint16{7, 4}
	require.ErrorContains(t, c.Write(t.Context(), out), "corruptions of other images")
	images.Labels = []uint16{7, 3}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c.Names = []string{"snow"}
	require.ErrorIs(t, c.Write(ended, out), cli.ErrInterrupted)
	require.NoFileExists(t, filepath.Join(out, "snow.npy"), "nothing half")
}

func TestParse(t *testing.T) {
	t.Parallel()
	names, err := ParseCorruptions("snow,fog,snow")
	require.NoError(t, err)
	require.Equal(t, []string{"snow", "fog"}, names, "in the published order, once each")
	names, err = ParseCorruptions("paper")
	require.NoError(t, err)
	require.Equal(t, corrupt.Paper(), names)
	_, err = ParseCorruptions("fog,")
	require.ErrorContains(t, err, `no corruption ""`)
	severities, err := ParseSeverities("2-4")
	require.NoError(t, err)
	require.Equal(t, []int{2, 3, 4}, severities)
	severities, err = ParseSeverities("5")
	require.NoError(t, err)
	require.Equal(t, []int{5}, severities)
	for _, text := range []string{"", "0", "6", "4-2", "1-6", "1-", "a"} {
		_, err = ParseSeverities(text)
		require.ErrorContains(t, err, "from 1 to 5", text)
	}
}
