package dataset

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestDomainsOfAFolder(t *testing.T) {
	dir, _ := corruptionFolder(t)
	c, err := OpenCorruptions(dir, 10)
	require.NoError(t, err)
	of := Images{N: len(c.labels) / 5, Labels: slices.Clone(c.labels[:len(c.labels)/5])}
	other := Images{N: of.N, Labels: slices.Clone(of.Labels)}
	other.Labels[0]++
	require.NoError(t, c.CheckLabels([]*Images{&of}))
	requireDataError(t, c.CheckLabels([]*Images{&other}), "labels.npy: its labels are not those of the test set")
	require.NoError(t, c.CheckLabels([]*Images{&other, &of}), "of one of two source domains")
	whole := Images{N: len(c.labels), Labels: c.labels}
	requireDataError(t, c.CheckLabels([]*Images{&whole}), "the test set at 1 severities where 5 were expected")
	other.N++
	require.NoError(t, c.CheckLabels([]*Images{&other}), "of a part of the test set")
	for n, want := range map[int]int{1: 1, 2: 2, 9: 2} {
		domains, err := c.Domains(2, 3, n)
		require.NoError(t, err)
		require.Len(t, domains, 1, "saturate is not the paper's")
		d := &domains[0]
		require.Equal(t, "fog", d.Name)
		require.False(t, d.Source)
		require.Equal(t, 5*want, d.N)
		require.Equal(t, 5, d.Parts())
		for part := range d.Parts() {
			got, err := d.Part(part, Blocks{})
			require.NoError(t, err)
			all, err := c.Read("fog", part+1)
			require.NoError(t, err)
			require.Equal(t, all.Subsample(n), got)
			require.Equal(t, want, got.N)
			require.Len(t, got.Labels, want)
		}
	}
	_, err = c.Domains(32, 32, 2)
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, filepath.Join(dir, "fog.npy")+": images of size [10 2 3 3]")
	require.NoError(t, npy.Write(filepath.Join(dir, "fog.npy"), npy.Array{Shape: []int{5, 2, 3, 3}, Bytes: make([]uint8, 90)}))
	_, err = c.Domains(2, 3, 2)
	require.ErrorContains(t, err, "as many as labels.npy has labels")
}

func TestDomainsOnTheFly(t *testing.T) {
	images := newImages(2, 3, 32, 32)
	for i := range images.Data {
		images.Data[i] = uint8(i * 7)
	}
	images.Labels = []uint16{4, 5}
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	suite := corrupt.NewSuite(engine, 32, 32, 1, nil)
	domains := Corrupt(images, suite)
	require.Len(t, domains, 15)
	want := make([]uint8, len(images.Data))
	for _, i := range []int{0, 11} {
		d := &domains[i]
		require.Equal(t, corrupt.Paper()[i], d.Name)
		require.Equal(t, 10, d.N)
		for part := range d.Parts() {
			got, err := d.Part(part, Blocks{})
			require.NoError(t, err)
			suite.Apply(want, images.Data, d.Name, part+1, 0)
			require.Equal(t, want, got.Data)
			require.Equal(t, images.Labels, got.Labels)

			clear(got.Data)
			got, err = d.Part(part, Blocks{First: 1, Size: 1, Step: 2})
			require.NoError(t, err)
			require.Equal(t, want[len(want)/2:], got.Image(1))
			require.Equal(t, make([]uint8, len(want)/2), got.Image(0), "nobody looks at it")
		}
	}
}

func TestSubsample(t *testing.T) {
	const n, classes = 2000, 10
	for name, class := range map[string]func(i int) int{
		"sorted":  func(i int) int { return i * classes / n },
		"in turn": func(i int) int { return i % classes },
	} {
		images := newImages(n, 1, 1, 2)
		for i := range n {
			images.Labels[i] = uint16(class(i))
			copy(images.Image(i), []uint8{uint8(class(i)), uint8(i * 256 / n)})
		}
		some := images.Subsample(100)
		require.Equal(t, 100, some.N, name)
		require.Equal(t, some, images.Subsample(100), name)
		count := make([]int, classes)
		for i, label := range some.Labels {
			count[label]++
			require.EqualValues(t, label, some.Image(i)[0], name)
			require.InDelta(t, float64(i)*2.56, some.Image(i)[1], 3, name)
		}
		for _, of := range count {
			require.InDelta(t, 10, of, 7, name)
		}
		require.Equal(t, images, images.Subsample(n), name)
		require.Equal(t, images, images.Subsample(n+1), name)
	}
}
