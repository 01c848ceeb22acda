package objective

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// contrasted are embeddings of three images in two views, multiples of 1/4.
func contrasted() (tensor.Tensor, []uint16) {
	x := tensor.New(6, 4, 1, 1)
	for i := range x.N {
		for j := range x.Image(i) {
			x.Image(i)[j] = float32((7*i*i+3*i*j+5*j)%11)/4 - 1
		}
	}
	return x, []uint16{0, 1, 0}
}

// Value and gradient as PyTorch computes them in float64, with normalize, logsumexp
// and autograd.
func TestContrastIsPyTorchs(t *testing.T) {
	t.Parallel()
	x, labels := contrasted()
	want := []float32{
		-0.9058267, 0.2585697, -0.6469794, 0.0023863, 1.9149097, -2.7609973, 0.2195951, -1.0171887,
		-0.2511162, 1.8111468, -0.2531507, -1.30688, -0.9093038, 0.2229186, -2.6186357, 0.955127,
		-0.8916371, 0.6217017, 1.1797161, -0.618073, -0.3439721, 0.5555709, -0.0792253, 0.5689567,
	}
	var results []tensor.Tensor
	for _, threads := range []int{1, 3} {
		e := tensor.NewEngineOn(threads, nil)
		defer e.Close()
		c, gradient := NewContrast(e, 3, 2, 4), tensor.New(6, 4, 1, 1)
		require.InEpsilon(t, 5.480877733341308, c.Compute(gradient, x, labels, 1), 1e-6)
		require.InDeltaSlice(t, want, gradient.Data[:24], 1e-5)
		results = append(results, gradient)
	}
	require.Equal(t, results[0], results[1])
}

func TestContrastByFiniteDifferences(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	x, labels := contrasted()
	for i := range x.Data {
		x.Data[i] += 2 // so that the embeddings are nearer to each other
	}
	c, gradient, ignored := NewContrast(e, 3, 2, 4), tensor.New(6, 4, 1, 1), tensor.New(6, 4, 1, 1)
	c.Compute(gradient, x, labels, 3)
	for i := range x.Data {
		slope := func(h float32) float64 {
			was := x.Data[i]
			x.Data[i] = was + h
			above := c.Compute(ignored, x, labels, 1)
			x.Data[i] = was - h
			below := c.Compute(ignored, x, labels, 1)
			x.Data[i] = was
			return (above - below) / float64(2*h)
		}
		require.InDelta(t, 3*(4*slope(1.0/64)-slope(1.0/32))/3, gradient.Data[i], 2e-3, "element %d", i)
	}
}

// What has no other of its class, or no length, counts nothing.
func TestContrastWithoutPositives(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	x, _ := contrasted()
	c, gradient := NewContrast(e, 6, 1, 4), tensor.New(6, 4, 1, 1)
	require.Zero(t, c.Compute(gradient, x, []uint16{0, 1, 2, 3, 4, 5}, 1))
	require.Equal(t, make([]float32, 24), gradient.Data[:24])
	clear(x.Image(1))
	labels := []uint16{0, 0, 1, 1, 2, 3}
	value := c.Compute(gradient, x, labels, 1)
	require.Positive(t, value)
	require.Equal(t, make([]float32, 4), gradient.Image(1))
	require.Zero(t, testing.AllocsPerRun(10, func() { c.Compute(gradient, x, labels, 1) }))
}
