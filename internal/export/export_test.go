package export

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Every node of every network comes after what it takes, every name is given once, and
// no constant is left over.
func TestGraphsAreWhole(t *testing.T) {
	t.Parallel()
	for _, entry := range zoo.Networks {
		network := entry.New(7)
		for _, o := range []Options{{}, {Fold: true, Preprocess: true, Softmax: true}} {
			g, err := Graph(network, o)
			require.NoError(t, err)
			known := map[string]bool{}
			define := func(name string) {
				require.False(t, known[name], "%s: two values named %s", entry.Name, name)
				known[name] = true
			}
			used := map[string]bool{}
			values := map[string]int{}
			for _, c := range g.Initialisers {
				define(c.Name)
				values[c.Name] = len(c.Data)
			}
			define(g.Inputs[0].Name)
			nodes := map[string]bool{}
			for _, n := range g.Nodes {
				require.False(t, nodes[n.Name], "%s: two nodes named %s", entry.Name, n.Name)
				nodes[n.Name] = true
				for _, x := range n.Inputs {
					require.True(t, known[x], "%s: %s takes %s, which comes later", entry.Name, n.Name, x)
					used[x] = true
				}
				for _, y := range n.Outputs {
					define(y)
				}
			}
			for _, v := range g.Outputs {
				used[v.Name] = true
				require.Equal(t, []int{7}, v.Shape)
			}
			for name := range known {
				require.True(t, used[name], "%s: nothing takes %s", entry.Name, name)
			}
			for _, p := range network.Params {
				if !o.Fold {
					require.Equal(t, len(p.Data), values[p.Name], p.Name)
				}
			}
			require.Equal(t, []int{network.C, network.H, network.W}, g.Inputs[0].Shape)
		}
	}
}

// operators counts the nodes of a graph by their operators.
func operators(t *testing.T, network *nn.Network, o Options) map[string]int {
	t.Helper()
	g, err := Graph(network, o)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, n := range g.Nodes {
		counts[n.Operator]++
	}
	return counts
}

func TestFold(t *testing.T) {
	t.Parallel()
	require.Equal(t, 20, operators(t, zoo.ResNet(18, 10), Options{})["BatchNormalization"])
	require.Zero(t, operators(t, zoo.ResNet(18, 10), Options{Fold: true})["BatchNormalization"])
	// Of the two in a block of a wide network, one follows a convolution that nothing
	// else reads; the other follows a sum (but for the first block's, behind the first
	// convolution), as does the last of all.
	require.Equal(t, 37, operators(t, zoo.WideResNet(40, 2, 10), Options{})["BatchNormalization"])
	require.Equal(t, 18, operators(t, zoo.WideResNet(40, 2, 10), Options{Fold: true})["BatchNormalization"])
}

// Values of one pixel are vectors where a linear layer or the output needs them so.
func TestVectors(t *testing.T) {
	t.Parallel()
	g, x := nn.NewGraph(2, 4, 4)
	pooled := g.GlobalAvgPool(x)
	embedding := g.ReLU(g.Linear("fc", pooled, nn.Linear{Out: 2}))
	logits := g.Add(pooled, embedding)
	n := g.Network("mixed", logits, embedding)
	graph, err := Graph(n, Options{})
	require.NoError(t, err)
	var names []string
	for _, node := range graph.Nodes {
		names = append(names, node.Operator)
	}
	require.Equal(t, []string{"GlobalAveragePool", "Flatten", "Gemm", "Relu", "Add"}, names)
	last := graph.Nodes[len(graph.Nodes)-1]
	require.Equal(t, []string{Logits}, last.Outputs)
	require.Equal(t, []string{graph.Nodes[1].Outputs[0], graph.Nodes[3].Outputs[0]}, last.Inputs)

	g, x = nn.NewGraph(2, 4, 4)
	pooled = g.GlobalAvgPool(x)
	graph, err = Graph(g.Network("pooled", pooled, pooled), Options{})
	require.NoError(t, err)
	require.Equal(t, []string{Logits}, graph.Nodes[1].Outputs, "of a Flatten behind the pooling")
}

// saved returns a file of a small network's weights in a run folder, and the network.
func saved(t *testing.T) (string, *nn.Network) {
	t.Helper()
	network := zoo.LeNet5(3)
	network.Init(1)
	path := filepath.Join(t.TempDir(), runfolder.LastFile)
	require.NoError(t, network.Save(path, zoo.Metadata(network, "folder", []string{"a", "<b>", "ü"}, 5)))
	return path, network
}

func TestOpen(t *testing.T) {
	t.Parallel()
	path, network := saved(t)
	dir := filepath.Dir(path)
	s, err := Open(dir, "")
	require.NoError(t, err)
	require.Equal(t, path, s.Weights.Path)
	require.Equal(t, network.Values, s.Network.Values)
	require.Equal(t, `["a","\u003cb\u003e","ü"]`, s.Metadata[zoo.MetaClassNames])
	require.Equal(t, "5", s.Metadata[zoo.MetaStep])
	require.NotContains(t, s.Metadata, MetaSettings)
	require.Equal(t, filepath.Join(dir, "last.onnx"), s.Path(ONNX))

	// Other programs have a config.json beside weights, too.
	for _, theirs := range []string{`{"architectures": ["LeNet"], "model_type": "lenet"}`, `{"model": {"name": "lenet"}, "steps": "many"}`, `[]`, `null`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.ConfigFile), []byte(theirs), 0o666))
		s, err = Open(path, "lenet5")
		require.NoError(t, err, theirs)
		require.NotContains(t, s.Metadata, MetaSettings)
	}
	for _, damaged := range []string{`{"model": "len`, `{"model": 5, "config_sha256": ""}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.ConfigFile), []byte(damaged), 0o666))
		_, err = Open(path, "lenet5")
		require.ErrorContains(t, err, runfolder.ConfigFile+": ")
	}

	config := runfolder.Config{Command: "secret"}
	config.Seed, config.Data, config.Weights, config.Model = 1<<63+1, "/home/me/data", "/home/me/lite0.pth", "lenet5"
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.ConfigFile), text, 0o666))
	s, err = Open(path, "lenet5")
	require.NoError(t, err)
	settings := s.Metadata[MetaSettings]
	require.Contains(t, settings, `"seed":9223372036854775809`)
	require.Contains(t, settings, `"weights":"lite0.pth"`)
	require.NotContains(t, settings, "me")
	require.NotContains(t, settings, "secret")

	// The one chosen without a look at the targets comes first.
	validated := filepath.Join(dir, runfolder.ValidatedFile)
	require.NoError(t, network.Save(validated, zoo.Metadata(network, "folder", []string{"a", "b", "c"}, 3)))
	s, err = Open(dir, "")
	require.NoError(t, err)
	require.Equal(t, validated, s.Weights.Path)

	_, err = Open(t.TempDir(), "")
	require.ErrorContains(t, err, "a folder without weights, expected one of source-validation.safetensors, last.safetensors, best.safetensors")
	_, err = Open(filepath.Join(dir, "gone"), "")
	require.ErrorIs(t, err, zoo.ErrWeights)
	_, err = Open(path, "wrn")
	require.ErrorContains(t, err, `model is "lenet5", expected "wrn-40-2"`)
}

// Weights of others do not name their network; the classes are counted.
func TestOpenNamed(t *testing.T) {
	t.Parallel()
	path, network := saved(t)
	tensors, _, err := safetensors.Read(path)
	require.NoError(t, err)
	bare := filepath.Join(t.TempDir(), "bare.safetensors")
	require.NoError(t, safetensors.Write(bare, tensors, nil))
	_, err = Open(bare, "")
	require.ErrorContains(t, err, "bare.safetensors: its metadata do not name the model, as those of train do: --model NAME does")
	s, err := Open(bare, "lenet5")
	require.NoError(t, err)
	require.Equal(t, network.Values, s.Network.Values)
	require.Equal(t, "3", s.Metadata[zoo.MetaClasses])
	require.Equal(t, `["0","1","2"]`, s.Metadata[zoo.MetaClassNames])
	require.NotContains(t, s.Metadata, zoo.MetaDataset)
	require.NotContains(t, s.Metadata, zoo.MetaStep)
	_, err = Open(bare, "alexnet")
	require.ErrorContains(t, err, `tensor "classifier.6.bias" is missing`)

	again := filepath.Join(t.TempDir(), "again.safetensors")
	require.NoError(t, s.WriteSafetensors(again))
	s, err = Open(again, "")
	require.NoError(t, err, "what is written names its network")
	names, err := s.Weights.NamedClasses()
	require.NoError(t, err)
	require.Nil(t, names, "classes that had no names have none")
	require.Equal(t, network.Values, s.Network.Values)
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path, _ := saved(t)
	s, err := Open(path, "")
	require.NoError(t, err)
	dir := t.TempDir()
	var models [][]byte
	for _, name := range []string{"a.onnx", "b.onnx"} {
		require.NoError(t, s.WriteONNX(filepath.Join(dir, name), "v1", Options{Fold: true, Preprocess: true}))
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		models = append(models, b)
	}
	require.True(t, slices.Equal(models[0], models[1]), "the same bytes every time")
	for _, text := range []string{"images", "logits", "\x0bclass_names", "meada-cpu", "\x05input\x12\x05bytes", "batch_norm\x12\x06folded"} {
		require.True(t, bytes.Contains(models[0], []byte(text)), text)
	}
	require.False(t, bytes.Contains(models[0], []byte("\x06format")), "that of safetensors")
	require.ErrorIs(t, s.WriteONNX(filepath.Join(dir, "a.onnx"), "v1", Options{}), ErrExists)
	require.ErrorIs(t, s.WriteSafetensors(path), ErrExists)
	after, err := os.ReadFile(filepath.Join(dir, "a.onnx"))
	require.NoError(t, err)
	require.True(t, slices.Equal(models[0], after))
}
