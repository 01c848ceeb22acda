package nn

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// exchange is a Mixer that makes each image three halves of the other end's one, plus
// a constant, at one place.
type exchange struct{ at int }

func (m exchange) Mix(place int, x tensor.Tensor) { m.change(place, x, 0.25) }

func (m exchange) MixBackward(place int, dx tensor.Tensor) { m.change(place, dx, 0) }

func (m exchange) change(place int, x tensor.Tensor, constant float32) {
	if place != m.at {
		return
	}
	for n := range (x.N + 1) / 2 {
		a, b := x.Image(n), x.Image(x.N-1-n)
		for i := range a {
			a[i], b[i] = 1.5*b[i]+constant, 1.5*a[i]+constant
		}
	}
}

// A Mixer changes what its place has, on the way forward and back, in the modes that
// train of a network that lets it; nowhere else do places change a bit.
func TestMixer(t *testing.T) {
	network := func(mixing bool) *Network {
		g, x := NewGraph(2, 6, 6)
		x = g.Mixable(g.Conv("conv1", x, Conv{Out: 4, Kernel: 3, Padding: 1}))
		y := g.Conv("conv2", x, Conv{Out: 4, Kernel: 3, Padding: 1})
		x = g.Mixable(g.Add(x, y)) // both operands lie behind the first place
		embedding := g.Flatten(g.AvgPool(x, 2))
		n := g.Network("mixed", g.Linear("fc", embedding, Linear{Out: 3}), embedding)
		n.Mixing = mixing
		n.Init(1)
		return n
	}
	require.Equal(t, [][3]int{{4, 6, 6}, {4, 6, 6}}, network(false).Places())
	forEachSet(t, func(t *testing.T, e *tensor.Engine) {
		x, dLogits := tensor.New(3, 2, 6, 6), tensor.New(3, 3, 1, 1)
		for i := range x.Data {
			x.Data[i] = float32(i%11)/11 - 0.4
		}
		for i := range dLogits.Data {
			dLogits.Data[i] = float32(i%5)/5 - 0.3
		}
		logits := func(net *Network, mode Mode, m Mixer) []float32 {
			p := Compile(e, net, 3, mode)
			p.Mixer = m
			y, _ := p.Forward(x)
			return slices.Clone(y.Data[:9])
		}
		plain := logits(network(false), Train, nil)
		require.Equal(t, plain, logits(network(false), Train, exchange{0}))
		require.Equal(t, plain, logits(network(true), Train, nil))
		require.Equal(t, plain, logits(network(true), Train, exchange{2}))
		require.Equal(t, logits(network(false), Eval, nil), logits(network(true), Eval, exchange{0}))
		for _, mode := range []Mode{Train, TrainEmbedding} {
			for place := range 2 {
				net := network(true)
				require.NotEqual(t, plain, logits(net, mode, exchange{place}))
				p := Compile(e, net, 3, mode)
				p.Mixer = exchange{place}
				p.Forward(x)
				p.Backward(dLogits, tensor.Tensor{})
				gradient := slices.Clone(net.Grads)
				for i := 0; i < len(net.Values); i += 13 {
					objective := func(by float32) (sum float64) {
						was := net.Values[i]
						net.Values[i] += by
						y, _ := p.Forward(x)
						net.Values[i] = was
						for j, d := range dLogits.Data[:9] {
							sum += float64(d) * float64(y.Data[j])
						}
						return sum
					}
					const by = 1. / 16 // the objective is linear in every parameter
					require.InDelta(t, (objective(by)-objective(-by))/(2*by), gradient[i], 2e-4, "place %d, element %d", place, i)
				}
			}
		}
	})
}
