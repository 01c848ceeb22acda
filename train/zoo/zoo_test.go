package zoo

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// published are the networks at their published sizes.
var published = []struct {
	name, fullName             string
	classes, params, embedding int
}{
	{"lenet5", "lenet5", 10, 4547466, 1024},
	{"allconv", "allconv", 10, 1409674, 192},
	{"wrn", "wrn-40-2", 10, 2243546, 128},
	{"densenet", "densenet-40-12", 10, 1059298, 456},
	{"resnext", "resnext29-4x32", 10, 6807882, 1024},
	{"alexnet", "alexnet", 7, 57032519, 9216},
	{"efficientnet-lite0", "efficientnet-lite0", 1000, 4652008, 1280},
	{"resnet18", "resnet18", 1000, 11689512, 512},
	{"resnet34", "resnet34", 1000, 21797672, 512},
	{"resnet50", "resnet50", 1000, 25557032, 2048},
}

func TestStateDicts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "state_dicts.json"))
	require.NoError(t, err)
	var want map[string]map[string][]int
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, Names, len(published))
	for _, p := range published {
		require.Contains(t, Names, p.name)
		n := network(t, p.name, p.classes)
		require.Equal(t, p.fullName, n.Name)
		require.Equal(t, p.params, n.NumParams(), p.name)
		require.Equal(t, p.embedding, n.Embedding, p.name)
		got := map[string][]int{}
		for _, e := range n.State() {
			got[e.Name] = append([]int{}, e.Shape...)
			require.Equal(t, e.Int64 != nil, len(e.Shape) == 0, e.Name)
		}
		require.Equal(t, want[p.fullName], got, p.name)
	}
}

func network(t testing.TB, name string, classes int) *nn.Network {
	t.Helper()
	n, err := New(name, classes)
	require.NoError(t, err)
	return n
}

// The figures of the package comment.
func TestMemory(t *testing.T) {
	for name, want := range map[string][2]int64{
		"allconv": {417, 128}, "wrn": {688, 180}, "densenet": {1328, 126}, "resnext": {3328, 802},
	} {
		n := network(t, name, 10)
		got := [2]int64{nn.PlanBytes(n, 128, nn.Train) >> 20, nn.PlanBytes(n, 64, nn.Maximise) >> 20}
		require.Equal(t, want, got, name)
	}
}

func TestUnknownNetwork(t *testing.T) {
	_, err := New("lenet6", 10)
	require.EqualError(t, err, `unknown network "lenet6", expected one of lenet5, allconv, wrn, densenet, resnext, alexnet, efficientnet-lite0, resnet18, resnet34, resnet50`)
}

// LeNet5's second layer is one of Winograd's.
func TestMultiplyAdds(t *testing.T) {
	t.Parallel()
	n := network(t, "lenet5", 10)
	const first, second, linear = 28 * 28 * 64 * 3 * 25, 10 * 10 * 128 * 64 * 25, 3200*1024 + 1024*1024 + 1024*10
	const winograd = second * 36 / 100
	require.Equal(t, first+winograd+linear, n.MultiplyAdds(nn.Eval))
	require.Equal(t, 2*first+3*(winograd+linear), n.MultiplyAdds(nn.Train))
	require.Equal(t, 2*(first+winograd+linear), n.MultiplyAdds(nn.Maximise))
	n.Conv.NoWinograd = true
	require.Equal(t, first+second+linear, n.MultiplyAdds(nn.Eval))
}

// The head is the last layer, but for AlexNet, whose embedding has three behind it.
func TestHead(t *testing.T) {
	t.Parallel()
	for _, p := range published {
		n := network(t, p.name, p.classes)
		want := p.params - p.classes*(p.embedding+1)
		if p.name == "alexnet" {
			want = 2469696 // of the convolutions
		}
		backbone := 0
		for _, q := range n.Params {
			if &q.Data[0] == &n.Values[n.Head()] {
				break
			}
			backbone += len(q.Data)
		}
		require.Equal(t, want, backbone, p.name)
	}
}

// Networks for several sizes have the same parameters at each.
func TestNewSized(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, entry := range Networks {
		if entry.Sized == nil {
			_, err := NewSized(entry.Name, entry.Side+32, 3)
			require.ErrorContains(t, err, entry.Name+" takes images of")
			continue
		}
		whole := entry.New(3)
		for _, side := range []int{MinSide, 57} {
			n, err := NewSized(entry.Name, side, 3)
			require.NoError(t, err)
			require.Equal(t, [2]int{side, side}, [2]int{n.H, n.W})
			require.NoError(t, n.SetState(whole.State()))
			require.Equal(t, whole.Normalisation, n.Normalisation)
			if side == 57 {
				logits, _ := nn.Compile(e, n, 1, nn.Eval).Forward(tensor.New(1, 3, side, side))
				require.True(t, logits.Is(1, 3, 1, 1))
			}
		}
		for _, side := range []int{1, MinSide - 1, MaxSide + 1} {
			_, err := NewSized(entry.Name, side, 3)
			require.EqualError(t, err, entry.Name+" takes images of 32 to 1024 pixels")
		}
	}
	_, err := NewSized("nobody", 32, 3)
	require.ErrorContains(t, err, "unknown network")
}

// The head as a network makes the whole network's logits of its embeddings, and shares
// its parameters.
func TestHeadNetwork(t *testing.T) {
	for _, build := range miniatures {
		e := tensor.NewEngineOn(2, nil)
		n := build()
		n.Init(1)
		x, _ := randomImages(n, 5)
		logits, embedding := nn.Compile(e, n, x.N, nn.Eval).Forward(x)
		head := n.HeadNetwork()
		require.Equal(t, &n.Values[n.Head()], &head.Values[0])
		images := tensor.New(x.N, n.Embedding, 1, 1)
		copy(images.Data, dense(embedding))
		got, _ := nn.Compile(e, head, x.N, nn.Eval).Forward(images)
		require.Equal(t, dense(logits), dense(got), n.Name)
		for _, a := range head.State() {
			require.Contains(t, n.State(), a, n.Name)
		}
		e.Close()
	}
}

// Every name of the Python package leads to a tensor of ours, and none is left out.
func TestLite0Names(t *testing.T) {
	names := Lite0Names()
	var ours []string
	for _, name := range names {
		ours = append(ours, name)
	}
	var want []string
	for _, s := range EfficientNetLite0(10).State() {
		want = append(want, s.Name)
	}
	require.ElementsMatch(t, want, ours)
	require.Equal(t, "blocks.0.0.conv_pw.weight", names["_blocks.0._project_conv.weight"])
	require.Equal(t, "blocks.5.3.bn3.running_var", names["_blocks.14._bn2.running_var"])
}

// The bounds and deviations listed in the published code.
func TestInitialValues(t *testing.T) {
	t.Parallel()
	uniform := func(fanIn int) float64 { return 1 / math.Sqrt(float64(fanIn)) }
	normal := func(fanOut int) float64 { return math.Sqrt(2 / float64(fanOut)) }
	networks := map[string]*nn.Network{}
	for _, c := range []struct {
		network, param   string
		bound, deviation float64
	}{
		{"lenet5", "conv1.weight", uniform(75), 0},
		{"lenet5", "conv2.bias", uniform(1600), 0},
		{"lenet5", "fc1.weight", uniform(3200), 0},
		{"allconv", "features.3.weight", 0, normal(9 * 96)},
		{"allconv", "features.3.bias", uniform(9 * 96), 0},
		{"allconv", "classifier.weight", uniform(192), 0},
		{"wrn", "block2.layer.0.conv_shortcut.weight", 0, normal(64)},
		{"densenet", "dense1.3.conv1.weight", 0, normal(9 * 12)},
		{"resnext", "stage_2.1.conv_conv.weight", 0, normal(9 * 256)},
		{"resnext", "classifier.weight", 0, normal(1024)},
	} {
		n := networks[c.network]
		if n == nil {
			n = network(t, c.network, 10)
			n.Init(1)
			networks[c.network] = n
		}
		values := find(t, n, c.param)
		sum, squares, most := 0.0, 0.0, 0.0
		for _, v := range values {
			sum += float64(v)
			squares += float64(v) * float64(v)
			most = max(most, math.Abs(float64(v)))
		}
		deviation := c.deviation
		if c.bound > 0 {
			deviation = c.bound / math.Sqrt(3)
			require.LessOrEqual(t, most, c.bound*(1+1e-6), "%s %s", n.Name, c.param)
			require.Greater(t, most, c.bound*0.9, "%s %s", n.Name, c.param)
		}
		count := float64(len(values))
		require.InDelta(t, 0, sum/count, 5*deviation/math.Sqrt(count), "%s %s", n.Name, c.param)
		require.InDelta(t, 1, math.Sqrt(squares/count)/deviation, 5/math.Sqrt(count), "%s %s", n.Name, c.param)
	}
	w := WideResNet(10, 1, 10)
	w.Init(1)
	require.Equal(t, []float32{1, 1, 1}, find(t, w, "bn1.weight")[:3])
	require.Equal(t, []float32{0, 0, 0}, find(t, w, "bn1.bias")[:3])
	require.Equal(t, make([]float32, 10), find(t, w, "fc.bias"))
}

func find(t *testing.T, n *nn.Network, name string) []float32 {
	t.Helper()
	i := slices.IndexFunc(n.Params, func(p *nn.Param) bool { return p.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return n.Params[i].Data
}

// miniatures are networks of every kind, with dropout, on random images.
var miniatures = []func() *nn.Network{
	func() *nn.Network { return lenet5(8, 16, 64, 10) },
	func() *nn.Network { return allConvNet(6, 10, 0.5, 10) },
	func() *nn.Network { return WideResNet(10, 1, 10) },
	func() *nn.Network { return DenseNet(10, 4, 10) },
	func() *nn.Network { return resNeXt("resnext", 8, []int{4, 8}, 2, 2, 64, 10) },
	func() *nn.Network { return alexNet(79, [5]int{6, 8, 12, 8, 8}, 16, 0.5, 7) },
	func() *nn.Network {
		return efficientNet("efficientnet", 40, []mbStage{{1, 3, 1, 1, 4}, {2, 3, 2, 4, 6}, {2, 5, 2, 4, 8}}, 6, 24, 0.2, 7)
	},
	func() *nn.Network { return resNet("resnet", 40, 4, []int{1, 2}, false, 7) },
	func() *nn.Network {
		n := resNet("bottleneck", 40, 3, []int{1, 2}, true, 7)
		n.FreezeBN = true
		return n
	},
}

func randomImages(n *nn.Network, count int) (tensor.Tensor, []uint16) {
	source := rng.New(3, rng.Synthetic)
	x := tensor.New(count, n.C, n.H, n.W)
	for i := range x.Data {
		x.Data[i] = source.Float32()
	}
	labels := make([]uint16, count)
	for i := range labels {
		labels[i] = uint16(source.IntN(n.Classes))
	}
	return x, labels
}

// exercise makes two training steps and two evaluations and returns everything
// that came of them.
func exercise(e *tensor.Engine, n *nn.Network, x tensor.Tensor, labels []uint16) []float32 {
	n.Init(1)
	var all []float32
	train := nn.Compile(e, n, x.N, nn.Train)
	maximise := nn.Compile(e, n, x.N, nn.Maximise)
	grad := tensor.New(x.N, n.Classes, 1, 1)
	distance := tensor.New(x.N, n.Embedding, 1, 1)
	for range 2 {
		logits, _ := train.Forward(x)
		all = append(all, float32(nn.CrossEntropy(e, grad, logits, labels)))
		train.Backward(grad, tensor.Tensor{})
		all = append(all, n.Grads...)
		for i, g := range n.Grads {
			n.Values[i] -= float32(0.01 * g)
		}
		logits, embedding := maximise.Forward(x)
		all = append(all, dense(logits)...)
		all = append(all, dense(embedding)...)
		nn.CrossEntropy(e, grad, logits, labels)
		copy(distance.Data, dense(embedding))
		all = append(all, dense(maximise.Backward(grad, distance))...)
	}
	return all
}

// A gradient by the embedding goes back like that by the logits which the layers
// behind it make of it.
func TestGradientByTheEmbedding(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	for _, build := range miniatures {
		n := build()
		n.Init(1)
		x, labels := randomImages(n, 3)
		grad := tensor.New(x.N, n.Classes, 1, 1)
		train := nn.Compile(e, n, x.N, nn.Train)
		logits, _ := train.Forward(x)
		nn.CrossEntropy(e, grad, logits, labels)
		train.Backward(grad, tensor.Tensor{})
		want := slices.Clone(n.Grads)
		n.Init(1)
		both := nn.Compile(e, n, x.N, nn.TrainEmbedding)
		_, embedding := both.Forward(x)
		both.Backward(grad, tensor.Tensor{})
		require.Equal(t, want, n.Grads, n.Name)
		if n.DropoutCounter() > 0 { // the layers behind the embedding alone drop others
			continue
		}

		n.Init(1)
		both.Forward(x)
		head := nn.Compile(e, n.HeadNetwork(), x.N, nn.Maximise)
		images := tensor.New(x.N, n.Embedding, 1, 1)
		copy(images.Data, dense(embedding))
		head.Forward(images)
		dEmbedding := head.Backward(grad, tensor.Tensor{})
		both.Backward(tensor.New(x.N, n.Classes, 1, 1), dEmbedding)
		requireClose(t, n.Name, want[:n.Head()], n.Grads[:n.Head()], 1e-4*largest(want))
		require.Zero(t, largest(n.Grads[n.Head():]), n.Name)
	}
}

func TestThreadsGiveTheSameBits(t *testing.T) {
	t.Parallel()
	for _, build := range miniatures {
		n := build()
		x, labels := randomImages(n, 5)
		var want []float32
		for _, threads := range []int{1, 2, 3} {
			e := tensor.NewEngineOn(threads, nil)
			got := exercise(e, n, x, labels)
			e.Close()
			if want == nil {
				want = got
			}
			requireSameBits(t, want, got, n.Name)
		}
	}
}

// The kernel sets in assembly differ in speed alone. The generic one may round otherwise.
func TestInstructionSetsGiveTheSameBits(t *testing.T) {
	t.Parallel()
	for _, build := range miniatures {
		n := build()
		x, labels := randomImages(n, 3)
		var want []float32
		for _, kernels := range kernelSets() {
			e := tensor.NewEngineOn(2, kernels)
			got := exercise(e, n, x, labels)
			e.Close()
			if want == nil {
				want = got
			}
			requireSameBits(t, want, got, n.Name+" on "+kernels.Name)
		}
	}
}

func requireSameBits(t *testing.T, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			require.Fail(t, "other bits", "%s: element %d is %g, not %g", what, i, got[i], want[i])
		}
	}
}

// A batch that is shorter than planned gives what a plan of its size gives, up
// to the order in which a convolution that was planned for more images adds.
func TestShortBatches(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, build := range miniatures {
		n := build()
		n.Init(1)
		x, labels := randomImages(n, 7)
		for _, mode := range []nn.Mode{nn.Train, nn.Maximise, nn.Eval, nn.TrainEmbedding} {
			whole := nn.Compile(e, n, 7, mode)
			whole.Forward(x)
			for _, size := range []int{3, 7, 1} {
				part := x.Images(0, size)
				var results [2][]float32
				for i, plan := range []*nn.Plan{whole, nn.Compile(e, n, size, mode)} {
					n.Init(1)
					logits, embedding := plan.Forward(part)
					results[i] = append(dense(logits), dense(embedding)...)
					if mode == nn.Eval {
						continue
					}
					grad := tensor.New(size, n.Classes, 1, 1)
					nn.CrossEntropy(e, grad, logits, labels[:size])
					dx := plan.Backward(grad, tensor.New(size, n.Embedding, 1, 1))
					if mode == nn.Maximise {
						results[i] = append(results[i], dense(dx)...)
					} else {
						results[i] = append(results[i], n.Grads...)
					}
				}
				requireClose(t, n.Name, results[1], results[0], 1e-6*largest(results[1]))
			}
		}
	}
}

// One thread, since AllocsPerRun leaves the workers only one processor.
func TestStepsDoNotAllocate(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	for _, build := range miniatures {
		n := build()
		n.Init(1)
		x, labels := randomImages(n, 4)
		grad := tensor.New(x.N, n.Classes, 1, 1)
		distance := tensor.New(x.N, n.Embedding, 1, 1)
		for _, mode := range []nn.Mode{nn.Train, nn.Maximise, nn.Eval, nn.TrainEmbedding} {
			plan := nn.Compile(e, n, x.N, mode)
			require.Zero(t, testing.AllocsPerRun(3, func() {
				logits, _ := plan.Forward(x)
				if mode != nn.Eval {
					nn.CrossEntropy(e, grad, logits, labels)
					plan.Backward(grad, distance)
				}
			}), "%s, mode %d", n.Name, mode)
		}
		for _, c := range []augment.Config{
			{Steps: 2, LR: 1, Gamma: 1, Eta: 10},
			{Steps: 2, LR: 0.1, Ball: augment.Ball{Norm: augment.L2, Radius: 1, RandomStart: true}},
			{Steps: 2, LR: 0.1, Gamma: 1, Eta: 10, Transforms: transform.Chains{Longest: 3}, Tolerance: 1e-9},
			{Steps: 2, LR: 0.1, Transforms: image.AugMax{Severity: 3, Width: 3}},
		} {
			m := augment.NewMaximiser(e, nn.Compile(e, n, x.N, nn.Maximise), x.N, n.Classes, n.Embedding, c)
			m.Mean, m.Std = n.Normalisation.Mean, n.Normalisation.Std
			if c.Transforms != nil {
				var err error
				m.Transformer, err = c.Transforms.Make(e, x.N, n.C, n.H, n.W)
				require.NoError(t, err)
			}
			m.Start.Numbers = make([]int32, x.N)
			require.Zero(t, testing.AllocsPerRun(3, func() {
				m.Start.Draw.Round++
				m.Maximise(x, labels, 2)
			}), "%s, %+v", n.Name, c)
		}
	}
}
