package nn

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// recording is one operation as PyTorch computed it in float64: inputs x, w, b,
// result y, its gradient gy, and the gradients g_x, g_w, g_b.
type recording map[string]safetensors.Tensor

func load(t *testing.T, name string) recording {
	t.Helper()
	tensors, _, err := safetensors.Read(filepath.Join("testdata", name+".safetensors"))
	require.NoError(t, err)
	r := recording{}
	for _, x := range tensors {
		r[x.Name] = x
	}
	return r
}

// tensor returns an entry as images, whatever its number of dimensions.
func (r recording) tensor(name string) tensor.Tensor {
	shape := append([]int{}, r[name].Shape...)
	for len(shape) < 4 {
		shape = append(shape, 1)
	}
	return tensor.View(r[name].Data, shape[0], shape[1], shape[2], shape[3])
}

// vectors returns an entry with each image as one vector.
func (r recording) vectors(name string) tensor.Tensor {
	x := r.tensor(name)
	return tensor.View(x.Data, x.N, x.C*x.H*x.W, 1, 1)
}

// matches compares with an entry, by the tolerance for single operations.
func (r recording) matches(t *testing.T, name string, got []float32) {
	t.Helper()
	want := r[name].Data
	require.Len(t, got, len(want), name)
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(float64(w)))
	}
	for i, w := range want {
		require.InDelta(t, w, got[i], 5e-6*largest+1e-6, "%s, element %d", name, i)
	}
}

// forEachSet runs a test on an engine of every kernel set.
func forEachSet(t *testing.T, f func(t *testing.T, e *tensor.Engine)) {
	for _, kernels := range simd.Available() {
		t.Run(kernels.Name, func(t *testing.T) {
			e := tensor.NewEngineOn(2, kernels)
			defer e.Close()
			f(t, e)
		})
	}
}

// The operations without parameters, and those that keep them while maximising.
func TestOperations(t *testing.T) {
	pool := func(window, stride int) func(*Graph, Value) Value {
		return func(g *Graph, x Value) Value { return g.MaxPool(x, window, stride) }
	}
	average := func(window int) func(*Graph, Value) Value {
		return func(g *Graph, x Value) Value { return g.AvgPool(x, window) }
	}
	norm := func(g *Graph, x Value) Value { return g.BatchNorm("op", x) }
	linear := func(g *Graph, x Value) Value { return g.Linear("op", x, Linear{Out: 4}) }
	for _, c := range []struct {
		name string
		op   func(g *Graph, x Value) Value
	}{
		{"relu", func(g *Graph, x Value) Value { return g.ReLU(x) }},
		{"gelu1702", func(g *Graph, x Value) Value { return g.GELU(x) }},
		{"maxpool_k2s2_even", pool(2, 2)},
		{"maxpool_k2s2_odd", pool(2, 2)},
		{"maxpool_k3s2", pool(3, 2)},
		{"maxpool_k3s2_even", pool(3, 2)},
		{"maxpool_ties", pool(3, 2)},
		{"avgpool_k2", average(2)},
		{"avgpool_k2_odd", average(2)},
		{"avgpool_k8", average(8)},
		{"avgpool_k8_10x10", average(8)},
		{"bn_eval", norm},
		{"bn_1x1_eval", norm},
		{"linear", linear},
		{"linear_n1", linear},
	} {
		r := load(t, c.name)
		x := r.tensor("x")
		g, in := NewGraph(x.C, x.H, x.W)
		out := g.Flatten(c.op(g, in))
		n := g.Network(c.name, out, out)
		r.setParams(t, n)
		t.Run(c.name, func(t *testing.T) {
			forEachSet(t, func(t *testing.T, e *tensor.Engine) {
				p := Compile(e, n, x.N, Maximise)
				y, _ := p.Forward(x)
				r.matches(t, "y", dense(y))
				r.matches(t, "g_x", dense(p.Backward(r.vectors("gy"), tensor.Tensor{})))
			})
		})
	}
}

// setParams copies what a recording has of parameters and buffers.
func (r recording) setParams(t *testing.T, n *Network) {
	names := map[string]string{
		"op.weight": "w", "op.bias": "b",
		"op.running_mean": "running_mean", "op.running_var": "running_var",
	}
	state := n.State()
	for _, s := range state {
		if from, ok := r[names[s.Name]]; ok {
			copy(s.Data, from.Data)
		}
	}
	require.NoError(t, n.SetState(state))
}

func dense(t tensor.Tensor) []float32 {
	var all []float32
	for n := range t.N {
		all = append(all, t.Image(n)...)
	}
	return all
}

// Batch normalisation behind a convolution that changes nothing, so that its
// input has a gradient.
func TestBatchNormTraining(t *testing.T) {
	for _, name := range []string{"bn_train", "bn_1x1_train"} {
		r := load(t, name)
		x := r.tensor("x")
		g, in := NewGraph(x.C, x.H, x.W)
		out := g.Flatten(g.BatchNorm("op", g.Conv("same", in, Conv{Out: x.C, Kernel: 1})))
		n := g.Network(name, out, out)
		t.Run(name, func(t *testing.T) {
			forEachSet(t, func(t *testing.T, e *tensor.Engine) {
				r.setParams(t, n)
				for c := range x.C {
					n.Params[0].Data[c*x.C+c] = 1
				}
				p := Compile(e, n, x.N, Train)
				y, _ := p.Forward(x)
				r.matches(t, "y", dense(y))
				p.Backward(r.vectors("gy"), tensor.Tensor{})
				norm := p.current.backward[0].(*batchNorm)
				r.matches(t, "g_x", dense(norm.dx))
				r.matches(t, "g_w", norm.weight.Grad)
				r.matches(t, "g_b", norm.bias.Grad)
				r.matches(t, "running_mean_after", norm.norm.mean.data)
				r.matches(t, "running_var_after", norm.norm.variance.data)

				half := tensor.New(x.N, x.C, x.H, x.W)
				e.Kernels.Axpy(0.5, x.Data, half.Data)
				p.Forward(half)
				r.matches(t, "running_mean_after2", norm.norm.mean.data)
				r.matches(t, "running_var_after2", norm.norm.variance.data)
			})
		})
	}
}

func TestLinearTraining(t *testing.T) {
	for _, name := range []string{"linear", "linear_n1"} {
		r := load(t, name)
		x := r.tensor("x")
		g, in := NewGraph(x.C, 1, 1)
		out := g.Linear("op", in, Linear{Out: 4})
		n := g.Network(name, out, out)
		r.setParams(t, n)
		forEachSet(t, func(t *testing.T, e *tensor.Engine) {
			p := Compile(e, n, x.N, Train)
			p.Forward(x)
			p.Backward(r.vectors("gy"), tensor.Tensor{})
			r.matches(t, "g_w", n.Params[0].Grad)
			r.matches(t, "g_b", n.Params[1].Grad)
		})
	}
}

func TestCrossEntropy(t *testing.T) {
	r := load(t, "cross_entropy")
	var labels []uint16
	for _, l := range r["labels"].Int64 {
		labels = append(labels, uint16(l))
	}
	forEachSet(t, func(t *testing.T, e *tensor.Engine) {
		x := r.tensor("x")
		grad := tensor.New(x.N, x.C, 1, 1)
		loss := CrossEntropy(e, grad, x, labels)
		r.matches(t, "y", []float32{float32(loss)})
		require.Equal(t, loss, CrossEntropy(e, tensor.Tensor{}, x, labels))
		e.Kernels.Scale(r["gy"].Data[0], grad.Data)
		r.matches(t, "g_x", grad.Data)
	})
}

// What is dropped differs from step to step, about rate of it, and the backward
// pass drops the same.
func TestDropout(t *testing.T) {
	const rate = 0.3
	g, in := NewGraph(6, 5, 5)
	x := g.Conv("same", in, Conv{Out: 6, Kernel: 1})
	out := g.Flatten(g.Dropout(x, rate))
	n := g.Network("dropout", out, out)
	n.Init(1)
	clear(n.Values)
	for c := range 6 {
		n.Params[0].Data[c*6+c] = 1
	}
	ones := tensor.New(40, 6, 5, 5)
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	fill(ones.Data, 1)
	gradient := tensor.View(ones.Data, 40, 150, 1, 1)

	p := Compile(e, n, ones.N, Train)
	y, _ := p.Forward(ones)
	first := dense(y)
	p.Backward(gradient, tensor.Tensor{})
	require.Equal(t, first, dense(p.current.backward[0].(*dropout).dx))
	kept := 0.0
	for _, v := range first {
		if v != 0 {
			require.InDelta(t, 1/(1-rate), v, 1e-6)
			kept++
		}
	}
	// 150 elements of an image take 75 draws, so images begin amid a block.
	seed, stream := n.dropout.Key()
	draws := rng.New(seed, stream)
	for i := 0; i < len(first); i += 2 {
		word := draws.Uint32()
		require.Equal(t, word&0xffff < 19661, first[i] == 0, "element %d", i)
		require.Equal(t, word>>16 < 19661, first[i+1] == 0, "element %d", i+1)
	}
	count := float64(len(first))
	require.InDelta(t, 1-rate, kept/count, 5*math.Sqrt(rate*(1-rate)/count))

	y, _ = p.Forward(ones)
	require.NotEqual(t, first, dense(y))
	n.dropout.SetCounter(0)
	y, _ = p.Forward(ones)
	require.Equal(t, first, dense(y), "the counter restores the draws")

	y, _ = Compile(e, n, ones.N, Eval).Forward(ones)
	require.Equal(t, ones.Data, dense(y), "no dropout outside training")
}
