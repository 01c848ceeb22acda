package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Running statistics become the means over batches that are spread over the images.
func TestAdaptation(t *testing.T) {
	t.Parallel()
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	g, x := nn.NewGraph(1, 2, 2)
	embedding := g.Flatten(g.BatchNorm("bn", x))
	network := g.Network("flat", g.Linear("fc", embedding, nn.Linear{Out: 3}), embedding)
	network.Init(1)
	const n, batches, size = 131, 3, 43 // two are left out
	images := dataset.Images{N: n, C: 1, H: 2, W: 2, Labels: make([]uint16, n), Data: make([]uint8, 4*n)}
	for i := range images.Data {
		images.Data[i] = uint8(i * i * 7)
	}
	a, err := NewAdaptation(engine, network)
	require.NoError(t, err)
	require.NoError(t, a.Adapt(&images))

	mean, variance := 0.0, 0.0
	for b := range batches {
		sum, squares := 0.0, 0.0
		for i := range size {
			for _, v := range images.Image(b + i*batches) {
				sum += float64(v) / 255
				squares += float64(v) / 255 * float64(v) / 255
			}
		}
		const values = 4 * size
		mean += sum / values / batches
		variance += (squares - sum*sum/values) / (values - 1) / batches
	}
	measured := map[string]float32{}
	for _, array := range network.State() {
		if len(array.Data) == 1 {
			measured[array.Name] = array.Data[0]
		}
	}
	require.InDelta(t, mean, measured["bn.running_mean"], 1e-5)
	require.InDelta(t, variance, measured["bn.running_var"], 1e-5)

	// Those of a network that was trained in shards do too.
	network.CollectStatistics()
	before := network.State()
	for i := range before {
		before[i].Data = append([]float32(nil), before[i].Data...)
	}
	a, err = NewAdaptation(engine, network)
	require.NoError(t, err)
	require.NoError(t, a.Adapt(&images))
	require.Equal(t, before, network.State())

	_, err = NewAdaptation(engine, smallLeNet())
	require.ErrorContains(t, err, "expected batch normalisation")
	network.FreezeBN = true
	_, err = NewAdaptation(engine, network)
	require.ErrorContains(t, err, "expected batch normalisation")
}
