package nn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestNonFiniteIsNamed(t *testing.T) {
	g, x := NewGraph(1, 4, 4)
	x = g.Conv("conv", x, Conv{Out: 2, Kernel: 3, Bias: true})
	x = g.Flatten(g.BatchNorm("bn", x))
	net := g.Network("toy", g.Linear("fc", x, Linear{Out: 3}), x)
	net.Init(1)
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	require.Empty(t, net.NonFinite(engine))
	require.Empty(t, net.NonFiniteGradient(engine))

	for _, s := range net.State() {
		if s.Data == nil {
			continue // a counter
		}
		last := &s.Data[len(s.Data)-1]
		was := *last
		*last = float32(math.Inf(-1))
		require.Equal(t, s.Name, net.NonFinite(engine))
		*last = was
	}
	for _, p := range net.Params { // each is nearer to the loss than those before
		p.Grad[0] = float32(math.NaN())
		require.Equal(t, p.Name, net.NonFiniteGradient(engine))
	}
	require.Empty(t, net.NonFinite(engine))
}
