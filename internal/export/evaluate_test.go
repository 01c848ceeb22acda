package export

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/onnx"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// value is a value of a graph, row-major.
type value struct {
	shape []int
	data  []float64
}

func newValue(shape ...int) value {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return value{shape, make([]float64, n)}
}

// evaluate computes a graph as ONNX defines its operators, in float64 and plainly: what
// onnxruntime should make of it, where there is none. It knows the attributes that the
// exporter writes and fails on others.
func evaluate(t *testing.T, g *onnx.Graph, images value) map[string]value {
	t.Helper()
	values := map[string]value{g.Inputs[0].Name: images}
	for _, c := range g.Initialisers {
		v := newValue(c.Shape...)
		for i, x := range c.Data {
			v.data[i] = float64(x)
		}
		values[c.Name] = v
	}
	for _, n := range g.Nodes {
		var in []value
		for _, name := range n.Inputs {
			in = append(in, values[name])
		}
		attributes := map[string]any{}
		for _, a := range n.Attributes {
			attributes[a.Name] = a.Value
		}
		values[n.Outputs[0]] = operator(t, n.Operator, in, attributes)
	}
	return values
}

func operator(t *testing.T, name string, in []value, a map[string]any) value {
	x := in[0]
	switch name {
	case "Conv":
		return conv2d(x, in[1], in[2:], a)
	case "MaxPool", "AveragePool":
		return pool(x, a, name == "MaxPool")
	case "GlobalAveragePool":
		return pool(x, map[string]any{"kernel_shape": x.shape[2:], "strides": []int{1, 1}, "pads": make([]int, 4)}, false)
	case "BatchNormalization":
		y, plane := newValue(x.shape...), len(x.data)/x.shape[0]/x.shape[1]
		for i, v := range x.data {
			c := i / plane % x.shape[1]
			y.data[i] = (v-in[3].data[c])/math.Sqrt(in[4].data[c]+float64(a["epsilon"].(float32)))*in[1].data[c] + in[2].data[c]
		}
		return y
	case "Gemm":
		require.Equal(t, 1, a["transB"])
		require.Len(t, x.shape, 2)
		y := newValue(x.shape[0], in[1].shape[0])
		for i := range y.data {
			n, k := i/y.shape[1], i%y.shape[1]
			y.data[i] = in[2].data[k]
			for j := range x.shape[1] {
				y.data[i] += x.data[n*x.shape[1]+j] * in[1].data[k*x.shape[1]+j]
			}
		}
		return y
	case "Flatten":
		require.Equal(t, 1, a["axis"])
		return value{[]int{x.shape[0], len(x.data) / x.shape[0]}, x.data}
	case "Concat":
		require.Equal(t, 1, a["axis"])
		y := newValue(slices.Concat(x.shape[:1], []int{x.shape[1] + in[1].shape[1]}, x.shape[2:])...)
		first, second, both := len(x.data)/x.shape[0], len(in[1].data)/x.shape[0], len(y.data)/x.shape[0]
		for n := range x.shape[0] {
			copy(y.data[n*both:], x.data[n*first:][:first])
			copy(y.data[n*both+first:], in[1].data[n*second:][:second])
		}
		return y
	case "Cast":
		return x
	case "Relu":
		return each(x, func(v float64) float64 { return max(v, 0) })
	case "Sigmoid":
		return each(x, func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })
	case "Clip":
		return each(x, func(v float64) float64 { return min(max(v, in[1].data[0]), in[2].data[0]) })
	case "Add":
		require.Equal(t, x.shape, in[1].shape)
		return binary(x, in[1], func(v, w float64) float64 { return v + w })
	case "Mul":
		return binary(x, in[1], func(v, w float64) float64 { return v * w })
	case "Sub":
		return binary(x, in[1], func(v, w float64) float64 { return v - w })
	case "Div":
		return binary(x, in[1], func(v, w float64) float64 { return v / w })
	}
	t.Fatalf("unknown operator %s", name)
	return value{}
}

func each(x value, f func(float64) float64) value {
	y := newValue(x.shape...)
	for i, v := range x.data {
		y.data[i] = f(v)
	}
	return y
}

// binary broadcasts a scalar, or 1 x C x 1 x 1.
func binary(x, other value, f func(v, w float64) float64) value {
	y := newValue(x.shape...)
	for i, v := range x.data {
		at := i
		switch {
		case len(other.shape) == 0:
			at = 0
		case len(other.data) < len(x.data):
			at = i / (x.shape[2] * x.shape[3]) % x.shape[1]
		}
		y.data[i] = f(v, other.data[at])
	}
	return y
}

// windows calls do for every pixel under every window, with the places of both in a
// plane of the output and of the input.
func windows(h, w int, a map[string]any, do func(out, in, element int)) (oh, ow int) {
	kernel, stride, pads := a["kernel_shape"].([]int), a["strides"].([]int), a["pads"].([]int)
	oh = (h+pads[0]+pads[2]-kernel[0])/stride[0] + 1
	ow = (w+pads[1]+pads[3]-kernel[1])/stride[1] + 1
	for out := range oh * ow {
		for e := range kernel[0] * kernel[1] {
			y, x := out/ow*stride[0]-pads[0]+e/kernel[1], out%ow*stride[1]-pads[1]+e%kernel[1]
			if y >= 0 && y < h && x >= 0 && x < w {
				do(out, y*w+x, e)
			}
		}
	}
	return oh, ow
}

func conv2d(x, w value, bias []value, a map[string]any) value {
	groups, height, width := a["group"].(int), x.shape[2], x.shape[3]
	oh, ow := windows(height, width, a, func(int, int, int) {})
	y := newValue(x.shape[0], w.shape[0], oh, ow)
	window, perGroup := w.shape[2]*w.shape[3], w.shape[0]/groups
	for plane := range x.shape[0] * w.shape[0] {
		n, k := plane/w.shape[0], plane%w.shape[0]
		to := y.data[plane*oh*ow:][:oh*ow]
		for i := range to {
			if len(bias) > 0 {
				to[i] = bias[0].data[k]
			}
		}
		for c := range w.shape[1] {
			from := x.data[(n*x.shape[1]+k/perGroup*w.shape[1]+c)*height*width:][:height*width]
			filter := w.data[(k*w.shape[1]+c)*window:][:window]
			windows(height, width, a, func(out, in, e int) { to[out] += from[in] * filter[e] })
		}
	}
	return y
}

func pool(x value, a map[string]any, largest bool) value {
	height, width := x.shape[2], x.shape[3]
	kernel := a["kernel_shape"].([]int)
	oh, ow := windows(height, width, a, func(int, int, int) {})
	y := newValue(x.shape[0], x.shape[1], oh, ow)
	for plane := range x.shape[0] * x.shape[1] {
		from, to := x.data[plane*height*width:], y.data[plane*oh*ow:][:oh*ow]
		if largest {
			for i := range to {
				to[i] = math.Inf(-1)
			}
			windows(height, width, a, func(out, in, _ int) { to[out] = max(to[out], from[in]) })
			continue
		}
		windows(height, width, a, func(out, in, _ int) { to[out] += from[in] / float64(kernel[0]*kernel[1]) })
	}
	return y
}

// requireOurLogits requires that a network's graphs, evaluated, give our logits, up to
// 1e-5 of the largest.
func requireOurLogits(t *testing.T, network *nn.Network, count int, name string) {
	t.Helper()
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	images := patches(network, count, 2)
	ours := train.NewEvaluatorOf(engine, network, count).Logits(images, 0)
	asBytes := newValue(count, network.C, network.H, network.W)
	normalised := newValue(count, network.C, network.H, network.W)
	x := make([]float32, len(images.Image(0)))
	for n := range count {
		network.Normalisation.FromBytes(engine, x, images.Image(n))
		for i, v := range x {
			normalised.data[n*len(x)+i], asBytes.data[n*len(x)+i] = float64(v), float64(images.Image(n)[i])
		}
	}
	for _, o := range []Options{{}, {Fold: true, Preprocess: true}} {
		g, err := Graph(network, o)
		require.NoError(t, err, name)
		input := normalised
		if o.Preprocess {
			input = asBytes
		}
		logits := evaluate(t, g, input)[Logits]
		require.Equal(t, []int{count, network.Classes}, logits.shape, name)
		apart, scale := 0.0, 0.0
		for i, v := range logits.data {
			apart = max(apart, math.Abs(v-float64(ours.Data[i])))
			scale = max(scale, math.Abs(v))
		}
		require.LessOrEqual(t, apart, 1e-5*scale, "%s %+v", name, o)
	}
}

// The networks that take least. Continuous integration (CI=true) adds those that take
// seconds, until all operators of the others have been there.
func TestNetworksEvaluated(t *testing.T) {
	t.Parallel()
	for _, entry := range zoo.Networks {
		network := entry.New(7)
		if work := network.MultiplyAdds(nn.Eval); work > 450e6 || os.Getenv("CI") == "" && work > 50e6 {
			continue
		}
		randomise(network, 1)
		requireOurLogits(t, network, 1, entry.Name)
	}
}

// seed returns MEADA_SEED, or one by the clock.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("MEADA_SEED"); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("MEADA_SEED=%d", s)
	return s
}

// Networks put together at random from all that a graph can have.
func TestRandomNetworksEvaluated(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(seed(t), 1))
	for i := range 60 {
		network := randomNetwork(random)
		randomise(network, uint64(i))
		requireOurLogits(t, network, 1+i%3, fmt.Sprint("network ", i))
	}
}

func randomNetwork(random *rand.Rand) *nn.Network {
	between := func(lo, hi int) int { return lo + random.IntN(hi-lo+1) }
	side := between(7, 14)
	g, x := nn.NewGraph(3, side, side)
	g.Epsilon = []float64{1e-5, 1e-3}[between(0, 1)]
	layers := 0
	name := func() string { layers++; return fmt.Sprint("layer", layers) }
	activated := func(x nn.Value) nn.Value {
		switch between(0, 3) {
		case 0:
			return g.ReLU(x)
		case 1:
			return g.ReLU6(x)
		case 2:
			return g.GELU(x)
		}
		return x
	}
	normed := func(x nn.Value) nn.Value {
		if between(0, 2) > 0 {
			x = g.BatchNorm(name(), x)
		}
		return x
	}
	conv := func(x nn.Value, out int, keep bool) nn.Value {
		c, h, _ := g.Shape(x)
		s := nn.Conv{Out: out, Kernel: min(h, 2*between(0, 2)+1), Stride: between(1, 2), Bias: between(0, 1) == 1}
		if keep {
			s.Stride = 1
		}
		s.Padding, s.Same = between(0, s.Kernel/2), keep || between(0, 1) == 1
		if out%c == 0 && between(0, 2) == 0 {
			s.Groups = c // depthwise
		} else if c%2 == 0 && out%2 == 0 {
			s.Groups = between(1, 2)
		}
		return g.Conv(name(), x, s)
	}
	x = conv(x, 8, true)
	for range between(1, 4) {
		c, h, _ := g.Shape(x)
		switch between(0, 4) {
		case 0:
			x = activated(normed(conv(x, between(1, 2)*c, false)))
		case 1:
			x = activated(g.Add(x, normed(conv(activated(g.BatchNorm(name(), x)), c, true))))
		case 2:
			x = g.Concat(x, conv(g.ReLU(g.BatchNorm(name(), x)), 4, true))
		case 3:
			if h > 3 {
				x = g.PaddedMaxPool(g.ReLU(x), between(2, 3), between(1, 2), between(0, 1))
			}
		case 4:
			if h > 3 {
				x = g.Dropout(g.AvgPool(x, 2), 0.5)
			}
		}
	}
	if between(0, 1) == 1 {
		x = g.GlobalAvgPool(x)
	} else {
		x = g.Flatten(x)
	}
	if _, h, _ := g.Shape(x); h == 1 && between(0, 1) == 1 {
		x = g.Flatten(x)
	}
	embedding := g.ReLU(g.Linear(name(), x, nn.Linear{Out: 6}))
	network := g.Network("random", g.Linear(name(), g.Dropout(embedding, 0.5), nn.Linear{Out: 5}), embedding)
	// Values so large that ReLU6 cuts some.
	network.Normalisation = nn.Normalisation{Mean: []float32{0.5, 0.4, 0.45}, Std: []float32{0.02, 0.03, 0.025}}
	return network
}
