package nn

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// tiny is a network with every kind of state.
func tiny() *Network {
	g, x := NewGraph(2, 6, 6)
	x = g.ReLU(g.BatchNorm("bn", g.Conv("conv", x, Conv{Out: 3, Kernel: 3, Bias: true})))
	embedding := g.Flatten(x)
	return g.Network("tiny", g.Linear("fc", embedding, Linear{Out: 4}), embedding)
}

func TestSaveAndLoad(t *testing.T) {
	a, b := tiny(), tiny()
	a.Init(1)
	b.Init(2)
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	Compile(e, a, 2, Train).Forward(tensor.New(2, 2, 6, 6))
	require.NotEqual(t, a.Values, b.Values)

	path := filepath.Join(t.TempDir(), "tiny.safetensors")
	require.NoError(t, a.Save(path, map[string]string{"model": "tiny"}))
	metadata, err := b.Load(path)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"model": "tiny"}, metadata)
	require.Equal(t, a.State(), b.State())
	require.Equal(t, int64(1), b.nodes[2].norm.batches.count)

	b.Init(2)
	c := tiny()
	c.Init(2)
	require.Equal(t, c.State(), b.State(), "Init forgets everything")
}

func TestMultiplyAdds(t *testing.T) {
	n := tiny()
	const first, last = 3 * 4 * 4 * 2 * 3 * 3, 4 * 48
	require.Equal(t, first+last, n.MultiplyAdds(Eval))
	require.Equal(t, 2*(first+last), n.MultiplyAdds(Maximise))
	require.Equal(t, 2*first+3*last, n.MultiplyAdds(Train), "nobody needs the gradient of the images")
}

func TestLoadRefusesOtherNetworks(t *testing.T) {
	good := tiny().State()
	change := func(f func(s []Array) []Array) []Array {
		return f(slices.Clone(good))
	}
	for _, c := range []struct {
		says  string
		state []Array
	}{
		{`tensor "fc.bias" is missing, but tiny needs it`,
			change(func(s []Array) []Array { return s[:len(s)-1] })},
		{`tensor "extra" does not belong to tiny`,
			change(func(s []Array) []Array {
				return append(s, Array{Name: "extra", Shape: []int{1}, Data: []float32{0}})
			})},
		{`tensor "conv.bias" has shape [2], but tiny needs [3]`,
			change(func(s []Array) []Array {
				s[1] = Array{Name: "conv.bias", Shape: []int{2}, Data: []float32{0, 0}}
				return s
			})},
		{`tensor "conv.bias" has a data type other than the one tiny needs`,
			change(func(s []Array) []Array {
				s[1] = Array{Name: "conv.bias", Shape: []int{3}, Int64: []int64{0, 0, 0}}
				return s
			})},
	} {
		path := filepath.Join(t.TempDir(), "other.safetensors")
		require.NoError(t, writeState(path, c.state, nil))
		n := tiny()
		n.Init(1)
		before := slices.Clone(n.Values)
		_, err := n.Load(path)
		require.EqualError(t, err, path+": "+c.says)
		require.Equal(t, before, n.Values)
	}
}

func TestImpossibleGraphs(t *testing.T) {
	g, x := NewGraph(2, 6, 6)
	other := g.Conv("conv", x, Conv{Out: 3, Kernel: 1})
	require.PanicsWithValue(t, "nn: sum of 2x6x6 and 3x6x6", func() { g.Add(x, other) })
	require.PanicsWithValue(t, "nn: linear layer fc on 2x6x6", func() { g.Linear("fc", x, Linear{Out: 2}) })
	require.PanicsWithValue(t, "nn: concatenation of 2x6x6 and 2x3x3", func() { g.Concat(x, g.MaxPool(x, 2, 2)) })
	require.PanicsWithValue(t, "nn: concatenation of the images themselves", func() { g.Concat(other, x) })
	require.PanicsWithValue(t, "nn: outputs of 2x6x6 and 2x6x6, not flat", func() { g.Network("n", x, x) })

	p := Compile(tensor.NewEngineOn(1, nil), tiny(), 2, Maximise)
	require.Panics(t, func() { p.Forward(tensor.New(3, 2, 6, 6)) })
	require.Panics(t, func() { p.Forward(tensor.New(1, 2, 5, 6)) })
	p.Forward(tensor.New(1, 2, 6, 6))
	require.Panics(t, func() { p.Backward(tensor.New(2, 4, 1, 1), tensor.New(1, 48, 1, 1)) })
	require.Panics(t, func() { p.Backward(tensor.New(1, 4, 1, 1), tensor.New(2, 48, 1, 1)) })
}

// A missing gradient of the embedding is one of zeros.
func TestNoEmbeddingGradient(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	n := tiny()
	n.Init(1)
	p := Compile(e, n, 2, Maximise)
	x, grad := tensor.New(2, 2, 6, 6), tensor.New(2, 4, 1, 1)
	fill(x.Data, 1)
	fill(grad.Data, 1)
	var gradients [3][]float32
	for i, dEmbedding := range []tensor.Tensor{tensor.New(2, 48, 1, 1), {}, tensor.New(2, 48, 1, 1)} {
		if i == 2 {
			fill(dEmbedding.Data, 1)
		}
		p.Forward(x)
		gradients[i] = dense(p.Backward(grad, dEmbedding))
	}
	require.Equal(t, gradients[0], gradients[1])
	require.NotEqual(t, gradients[0], gradients[2])
}

// Storages that are in use at the same time never overlap.
func TestArrange(t *testing.T) {
	var list []*storage
	for i := range 40 {
		list = append(list, &storage{size: 16 * (1 + i*7%11), first: i * 13 % 29, last: i*13%29 + i*5%17})
	}
	total := arrange(slices.Clone(list))
	sum := 0
	for i, a := range list {
		sum += a.size
		require.LessOrEqual(t, a.offset+a.size, total)
		for _, b := range list[:i] {
			together := a.first <= b.last && b.first <= a.last
			overlap := a.offset < b.offset+b.size && b.offset < a.offset+a.size
			require.False(t, together && overlap, "%+v and %+v", a, b)
		}
	}
	require.Less(t, total, sum)
}

// Plans in the same memory that take turns return what plans in their own do, whatever
// the others have left there.
func TestCompileIn(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	modes := []Mode{Train, TrainEmbedding, Maximise, Eval}
	// run returns the outputs and gradients of two rounds of all modes.
	run := func(memory []float32) (all [][]float32) {
		net := tiny()
		net.Init(1)
		var plans []*Plan
		for i, mode := range modes {
			if memory == nil {
				plans = append(plans, Compile(e, net, 2+i, mode))
			} else {
				plans = append(plans, CompileIn(memory, e, net, 2+i, mode))
			}
		}
		for round := range 2 {
			for _, p := range plans {
				fill(memory, float32(math.NaN()))
				n := p.Batch - round
				x, dLogits, dEmbedding := tensor.New(n, 2, 6, 6), tensor.New(n, 4, 1, 1), tensor.New(n, 48, 1, 1)
				for i := range x.Data {
					x.Data[i] = float32(i*i%17) - 8
				}
				fill(dLogits.Data, 0.5)
				fill(dEmbedding.Data, 0.25)
				logits, embedding := p.Forward(x)
				all = append(all, dense(logits), dense(embedding))
				if p.Mode == Eval {
					continue
				}
				dx := p.Backward(dLogits, dEmbedding)
				all = append(all, slices.Clone(net.Grads))
				if p.Mode == Maximise {
					all = append(all, dense(dx))
				}
			}
		}
		return all
	}
	var most int64
	for i, mode := range modes {
		most = max(most, PlanBytes(tiny(), 2+i, mode))
	}
	require.Equal(t, run(nil), run(tensor.Aligned(int(most/4))))
	require.PanicsWithValue(t, "nn: a plan of tiny for up to 2 images in memory of 7 elements, expected 320 or more",
		func() { CompileIn(tensor.Aligned(7), e, tiny(), 2, Train) })
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// Backward tells truly from where on the gradients are there, also where parameters were
// made in another order than the backward pass meets them.
func TestProgressOfBackward(t *testing.T) {
	t.Parallel()
	g, x := NewGraph(3, 8, 8)
	shortcut := g.Conv("shortcut", x, Conv{Out: 4, Kernel: 1, Stride: 1})
	x = g.ReLU(g.BatchNorm("bn1", g.Conv("conv1", x, Conv{Out: 4, Kernel: 3, Stride: 1, Padding: 1})))
	x = g.Add(g.Conv("conv2", x, Conv{Out: 4, Kernel: 3, Stride: 1, Padding: 1}), shortcut)
	x = g.ReLU(g.BatchNorm("bn2", x))
	embedding := g.Flatten(g.AvgPool(x, 8))
	net := g.Network("net", g.Linear("fc", embedding, Linear{Out: 5}), embedding)
	net.Init(1)
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	plan := Compile(e, net, 2, Train)
	images, dLogits := tensor.New(2, 3, 8, 8), tensor.New(2, 5, 1, 1)
	for i := range images.Data {
		images.Data[i] = float32(i*i%17) - 8
	}
	for i := range dLogits.Data {
		dLogits.Data[i] = float32(i%3) - 1
	}
	plan.Forward(images)
	plan.Backward(dLogits, tensor.Tensor{})
	want := slices.Clone(net.Grads)
	fill(net.Grads, float32(math.NaN()))
	var stages []int
	plan.Progress = func(from int) {
		stages = append(stages, from)
		at := 0
		for _, p := range net.Params {
			if at >= from {
				require.Equal(t, want[at:][:len(p.Grad)], p.Grad, "%s, from %d on", p.Name, from)
			}
			at += padded(len(p.Data))
		}
	}
	plan.Forward(images)
	plan.Backward(dLogits, tensor.Tensor{})
	require.Equal(t, plan.Stages(), stages)
	require.Greater(t, len(stages), 3)
	require.Zero(t, stages[len(stages)-1])
}

// Reserve asks for what a plan does.
func TestReserve(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, mode := range []Mode{Train, Maximise, Eval} {
		engine, planner := tensor.NewEngineOn(2, nil), e.Planner()
		Compile(engine, tiny(), 5, mode)
		Reserve(planner, tiny(), 5, mode)
		require.Equal(t, engine.ReservedBytes(), planner.ReservedBytes())
		require.NotZero(t, planner.ReservedBytes())
		engine.Close()
	}
}

// What lies in a concatenation keeps its values for the backward pass where something is
// added to the concatenation: gradients are those of one layer of as many channels.
func TestSumOfConcatenation(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	build := func(parts bool) *Network {
		g, x := NewGraph(4, 5, 5)
		conv := Conv{Out: 2, Kernel: 3, Padding: 1, Bias: true}
		var y Value
		if parts {
			y = g.Concat(g.ReLU(g.Conv("a", x, conv)), g.ReLU(g.Conv("b", x, conv)))
		} else {
			conv.Out = 4
			y = g.ReLU(g.Conv("ab", x, conv))
		}
		embedding := g.Flatten(g.Add(y, x))
		n := g.Network("sum", g.Linear("fc", embedding, Linear{Out: 3}), embedding)
		n.Init(4)
		return n
	}
	two, one := build(true), build(false)
	weights := func(n *Network, name string) []float32 {
		for _, p := range n.Params {
			if p.Name == name {
				return p.Data
			}
		}
		t.Fatal(name)
		return nil
	}
	for _, kind := range []string{".weight", ".bias"} {
		copy(weights(one, "ab"+kind), slices.Concat(weights(two, "a"+kind), weights(two, "b"+kind)))
		copy(weights(one, "fc"+kind), weights(two, "fc"+kind))
	}
	images, gradient := tensor.New(2, 4, 5, 5), tensor.New(2, 3, 1, 1)
	for i := range images.Data {
		images.Data[i] = float32(i*37%19)/9 - 1
	}
	for i := range gradient.Data {
		gradient.Data[i] = float32(i) - 2.5
	}
	gradients := func(n *Network) (logits []float32, grads map[string][]float32) {
		p := Compile(e, n, 2, Train)
		y, _ := p.Forward(images)
		logits = dense(y)
		p.Backward(gradient, tensor.Tensor{})
		grads = map[string][]float32{}
		for _, q := range n.Params {
			grads[q.Name] = slices.Clone(q.Grad)
		}
		return logits, grads
	}
	logitsOfTwo, of := gradients(two)
	logitsOfOne, want := gradients(one)
	require.InDeltaSlice(t, logitsOfOne, logitsOfTwo, 1e-5)
	for _, kind := range []string{".weight", ".bias"} {
		require.InDeltaSlice(t, want["ab"+kind], slices.Concat(of["a"+kind], of["b"+kind]), 1e-4, kind)
		require.InDeltaSlice(t, want["fc"+kind], of["fc"+kind], 1e-4, kind)
	}
}
