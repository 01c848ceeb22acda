package zoo

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// torchvisionAlexNet lists the parameters of torchvision.models.alexnet in the
// order of its state_dict, which ImageNet's 1,000 classes end.
var torchvisionAlexNet = []struct {
	name  string
	shape []int
}{
	{"features.0.weight", []int{64, 3, 11, 11}}, {"features.0.bias", []int{64}},
	{"features.3.weight", []int{192, 64, 5, 5}}, {"features.3.bias", []int{192}},
	{"features.6.weight", []int{384, 192, 3, 3}}, {"features.6.bias", []int{384}},
	{"features.8.weight", []int{256, 384, 3, 3}}, {"features.8.bias", []int{256}},
	{"features.10.weight", []int{256, 256, 3, 3}}, {"features.10.bias", []int{256}},
	{"classifier.1.weight", []int{4096, 9216}}, {"classifier.1.bias", []int{4096}},
	{"classifier.4.weight", []int{4096, 4096}}, {"classifier.4.bias", []int{4096}},
	{"classifier.6.weight", []int{1000, 4096}}, {"classifier.6.bias", []int{1000}},
}

// A file as of torchvision's AlexNet, which says nothing but names and shapes,
// serves a network for the 7 classes of PACS except for its last layer.
func TestTorchvisionWeights(t *testing.T) {
	if os.Getenv("CI") == "" || testing.Short() {
		t.Skip("a file of 244 MB")
	}
	var tensors []safetensors.Tensor
	for i, p := range torchvisionAlexNet {
		size := 1
		for _, n := range p.shape {
			size *= n
		}
		data := make([]float32, size)
		data[0], data[size/2], data[size-1] = float32(i)+0.25, float32(i)+0.5, float32(i)+0.75
		tensors = append(tensors, safetensors.Tensor{Name: p.name, Shape: p.shape, Data: data})
	}
	path := filepath.Join(t.TempDir(), "alexnet.safetensors")
	require.NoError(t, safetensors.Write(path, tensors, map[string]string{"format": "pt"}))
	w, err := ReadWeights(path)
	require.NoError(t, err)

	network := AlexNet(7)
	normalisation := network.Normalisation
	newClasses, err := w.Begin(network, nil)
	require.NoError(t, err)
	require.True(t, newClasses)
	require.Equal(t, normalisation, network.Normalisation, "a file without constants leaves ImageNet's")
	require.Len(t, network.Params, len(tensors))
	for i, p := range network.Params {
		require.Equal(t, tensors[i].Name, p.Name)
		if i < len(tensors)-2 {
			require.Equal(t, tensors[i].Shape, p.Shape)
			require.True(t, slices.Equal(tensors[i].Data, p.Data), p.Name)
		} else {
			require.NotContains(t, p.Data, tensors[i].Data[0], p.Name)
		}
	}

	// The network of the original paper has other widths.
	w.State[2] = nn.Array{Name: "features.3.weight", Shape: []int{256, 48, 5, 5}, Data: make([]float32, 256*48*5*5)}
	_, err = w.Begin(network, nil)
	require.EqualError(t, err, path+`: tensor "features.3.weight" has shape [256 48 5 5], but alexnet needs [192 64 5 5]`)
	require.ErrorIs(t, err, ErrWeights)
}

func TestEntriesAreNetworks(t *testing.T) {
	t.Parallel()
	for _, n := range Networks {
		if testing.Short() && n.Side > 32 {
			continue
		}
		network := n.New(3)
		require.Equal(t, n.Model, network.Name, n.Name)
		require.Equal(t, [3]int{3, n.Side, n.Side}, [3]int{network.C, network.H, network.W}, n.Name)
	}
}

func saved(t *testing.T, change func(*nn.Network), metadata func(map[string]string)) string {
	network := lenet5(2, 3, 8, 3)
	network.Init(1)
	if change != nil {
		change(network)
	}
	m := Metadata(network, "digits", []string{"a", "b", "c"}, 7)
	if metadata != nil {
		metadata(m)
	}
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, network.Save(path, m))
	return path
}

func TestImageSizeOfWeights(t *testing.T) {
	path := saved(t, nil, nil)
	w, err := ReadWeights(path)
	require.NoError(t, err)
	side, err := w.ImageSize()
	require.NoError(t, err)
	require.Equal(t, 32, side)
	for text, want := range map[string]string{
		"huge": `image_size is "huge" in its metadata, expected a number of pixels`,
		"0":    `image_size is "0" in its metadata, expected a number of pixels`,
		"64":   "image_size is 64 in its metadata: lenet5 takes images of 32 pixels alone",
	} {
		path := saved(t, nil, func(m map[string]string) { m[MetaImageSize] = text })
		_, _, err := Open(path)
		require.ErrorIs(t, err, ErrWeights)
		require.ErrorContains(t, err, path+": "+want)
	}
}

func TestWeightsThatAreNotFiniteAreRefused(t *testing.T) {
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		path := saved(t, func(n *nn.Network) { n.Params[2].Data[1] = float32(value) }, nil)
		for _, read := range []func() error{
			func() error { _, err := ReadWeights(path); return err },
			func() error { _, _, err := Open(path); return err },
			func() error { _, err := lenet5(2, 3, 8, 3).Load(path); return err },
		} {
			err := read()
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, `tensor "conv2.weight" has the value `+fmt.Sprint(float32(value)))
		}
		_, _, err := Open(path)
		var typed *WeightsError
		require.ErrorAs(t, err, &typed)
		require.ErrorIs(t, err, ErrWeights)
	}
}

func TestUnusableNormalisationsAreRefused(t *testing.T) {
	for _, text := range []string{"mean=0,0,0 std=1,0,1", "mean=0,0,0 std=1e-45,1,1", "mean=0,0,0 std=1,1,NaN", "mean=1e30,0,0 std=1,1,1", "mean=0,0,0 std=1,1,-1", ""} {
		w, err := ReadWeights(saved(t, nil, func(m map[string]string) { m[MetaNormalisation] = text }))
		require.NoError(t, err)
		network := lenet5(2, 3, 8, 3)
		before := network.Normalisation
		err = w.Apply(network)
		require.ErrorIs(t, err, ErrWeights)
		require.ErrorContains(t, err, w.Path)
		require.ErrorContains(t, err, "normalisation")
		require.Equal(t, before, network.Normalisation)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	network := WideResNet(40, 2, 3)
	network.Init(2)
	network.Normalisation = nn.Normalisation{Mean: []float32{0.25, 0.5, 0.75}, Std: []float32{0.125, 1, 2}}
	path := filepath.Join(t.TempDir(), "wrn.safetensors")
	require.NoError(t, network.Save(path, Metadata(network, "digits", []string{"ant", "bee", "cat"}, 9)))
	opened, classes, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, "wrn-40-2", opened.Name)
	require.Equal(t, []string{"ant", "bee", "cat"}, classes)
	require.Equal(t, network.Normalisation, opened.Normalisation)
	require.Equal(t, network.Values, opened.Values)

	_, _, err = Open(filepath.Join(t.TempDir(), "none.safetensors"))
	require.ErrorIs(t, err, ErrWeights)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// The last layer follows the names of the classes.
func TestBeginByClassNames(t *testing.T) {
	t.Parallel()
	trained := LeNet5(3)
	trained.Init(1)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	n := len(trained.Params)
	weight, bias := trained.Params[n-2].Data, trained.Params[n-1].Data
	for i := range bias {
		bias[i] = float32(i)
	}
	require.NoError(t, trained.Save(path, Metadata(trained, "folder", []string{"ant", "bee", "cat"}, 1)))
	w, err := ReadWeights(path)
	require.NoError(t, err)
	fresh := LeNet5(3)
	fresh.Init(2)
	begun := LeNet5(3)
	for _, c := range []struct {
		classes []string
		want    []float32 // nil for a new layer
	}{
		{[]string{"ant", "bee", "cat"}, []float32{0, 1, 2}},
		{[]string{"cat", "ant", "bee"}, []float32{2, 0, 1}},
		{[]string{"ant", "bee", "dog"}, nil},
		{[]string{"ant", "ant", "bee"}, nil},
	} {
		require.NoError(t, begun.SetState(fresh.State()))
		newClasses, err := w.Begin(begun, c.classes)
		require.NoError(t, err)
		require.Equal(t, c.want == nil, newClasses, c.classes)
		require.Equal(t, trained.Params[0].Data, begun.Params[0].Data)
		if c.want == nil {
			require.Equal(t, fresh.Params[n-2].Data, begun.Params[n-2].Data)
			continue
		}
		require.Equal(t, c.want, begun.Params[n-1].Data)
		row := len(weight) / 3
		for k, from := range c.want {
			require.Equal(t, weight[int(from)*row:][:row], begun.Params[n-2].Data[k*row:][:row])
		}
	}
}
