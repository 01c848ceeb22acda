package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/train/zoo"
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
	w, err := readWeights(path)
	require.NoError(t, err)

	network := zoo.AlexNet(7)
	normalisation := network.Normalisation
	newClasses, err := w.begin(network)
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
	w.tensors[2] = safetensors.Tensor{Name: "features.3.weight", Shape: []int{256, 48, 5, 5}, Data: make([]float32, 256*48*5*5)}
	_, err = w.begin(network)
	require.EqualError(t, err, path+`: tensor "features.3.weight" has shape [256 48 5 5], but alexnet needs [192 64 5 5]`)
	require.ErrorIs(t, err, errWeights)
}
