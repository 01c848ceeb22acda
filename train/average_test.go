package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// weights returns a copy of what is averaged.
func weights(trainer *Trainer) [][]float32 {
	var all [][]float32
	for _, p := range trainer.network.Params {
		all = append(all, slices.Clone(p.Data))
	}
	return all
}

// The average is that of the weights that training itself goes through, which
// are those of a run without one. Tests and the end of the run have the average,
// everything else the weights.
func TestAverages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		averaging Averaging
		decay     func(entered int) float64 // share of the average that stays
		enters    func(step, round int, ended bool) bool
	}{
		"EMA": {
			EMA{Decay: 0.3, From: 1}, // behind three weights
			func(entered int) float64 { return []float64{0, 2. / 11, 3. / 12, 0.3}[min(entered, 3)] },
			func(_, round int, _ bool) bool { return round >= 1 },
		},
		"SWA": {
			SWA{From: 1, Every: 2},
			func(entered int) float64 { return float64(entered) / float64(entered+1) },
			func(_, round int, ended bool) bool { return ended && (round == 1 || round == 3) },
		},
	} {
		config := epochConfig(meada)
		plain, _ := epochTrainer(t, 1, nil, config)
		config.Averaging = c.averaging
		averaged, _ := epochTrainer(t, 2, nil, config)
		var want [][]float32
		entered := 0
		for !plain.Done() {
			e, err := plain.Step()
			require.NoError(t, err)
			got, err := averaged.Step()
			require.NoError(t, err)
			now := weights(plain)
			if e.Kind == Minimise {
				require.Equal(t, e, got, "%s: the average leaves training alone", name)
				if c.enters(e.Step, e.Round, plain.at.Kind == Evaluate) {
					keep := 0.0
					if entered > 0 {
						keep = c.decay(entered)
					} else {
						want = weights(plain)
					}
					for i := range want {
						for j, w := range now[i] {
							want[i][j] = float32(keep*float64(want[i][j]) + (1-keep)*float64(w))
						}
					}
					entered++
				}
			}
			have := weights(averaged)
			if e.Kind == Minimise && entered > 0 { // as for a run that is interrupted: training goes on as if not
				require.NoError(t, averaged.ShowAverage())
				for i, shown := range weights(averaged) {
					require.InDeltaSlice(t, want[i], shown, 1e-5, "%s, step %d", name, e.Step)
				}
			}
			for i := range have {
				if e.Kind == Evaluate && entered > 0 {
					require.InDeltaSlice(t, want[i], have[i], 1e-5, "%s, test after step %d", name, e.Step)
				} else {
					require.Equal(t, now[i], have[i], "%s, step %d", name, e.Step)
				}
			}
		}
		require.True(t, averaged.Done())
		require.Greater(t, entered, 1)
		require.NotEqual(t, weights(plain), weights(averaged))
	}
}

// A test of the average has the running statistics of the average: their means over
// batches of the training set. Training goes on with its own.
func TestStatisticsOfTheAverage(t *testing.T) {
	c := epochConfig(erm)
	c.Views, c.Averaging, c.BatchSize = nil, EMA{Decay: 0.5}, 20
	trainer, network := epochTrainer(t, 2, nil, c)
	plain, _ := epochTrainer(t, 2, nil, func() Config { p := c; p.Averaging = nil; return p }())
	statistic := func(n *nn.Network, name string) []float32 {
		state := n.State()
		i := slices.IndexFunc(state, func(a nn.Array) bool { return a.Name == name })
		return slices.Clone(state[i].Data)
	}
	tests := 0
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		_, err = plain.Step()
		require.NoError(t, err)
		if e.Kind == Minimise {
			require.Equal(t, statistic(plain.network, "bn2.running_var"), statistic(network, "bn2.running_var"), "training has its own")
		}
		if e.Test == nil {
			continue
		}
		tests++
		// One batch moves the statistics from 0 and 1 by PyTorch's momentum of 0.1.
		mean, variance := make([]float64, 8), make([]float64, 8)
		for b := range 2 {
			other := smallNormalised()
			other.Init(2)
			copy(other.Values, network.Values)
			plan := nn.Compile(trainer.engine, other, 20, nn.Train)
			numbers := make([]int32, 20)
			for i := range numbers {
				numbers[i] = int32((2*i + b) * 43 / 40)
			}
			x := tensor.New(20, 3, 32, 32)
			trainer.read(x, numbers, nil)
			plan.Forward(x)
			for ch := range 8 {
				mean[ch] += float64(statistic(other, "bn1.running_mean")[ch]) / 0.1 / 2
				variance[ch] += (float64(statistic(other, "bn1.running_var")[ch]) - 0.9) / 0.1 / 2
			}
		}
		for ch := range 8 {
			require.InDelta(t, mean[ch], statistic(network, "bn1.running_mean")[ch], 2e-6)
			require.InDelta(t, variance[ch], statistic(network, "bn1.running_var")[ch], 2e-5)
		}
	}
	require.Equal(t, 4, tests)
	require.NotEqual(t, statistic(plain.network, "bn1.running_mean"), statistic(network, "bn1.running_mean"))
}

// The statistics of an average are those of all classes in every shard too, however the
// images are sorted.
func TestStatisticsOfSortedImages(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 2, 4} {
		c := epochConfig(erm)
		c.Views, c.Averaging, c.BatchSize, c.Shards = nil, EMA{Decay: 0.5}, 20, shards
		c.Schedule = Epochs{Total: 1, TestEvery: 1}
		network := smallNormalised()
		network.Init(1)
		engine := tensor.NewEngineOn(2, nil)
		data := toyData(t)
		for n := range data.Source.N { // dark ones first, bright ones last
			for i := range data.Source.Image(n) {
				data.Source.Image(n)[i] = byte(255 * n / (data.Source.N - 1))
			}
		}
		trainer, err := New(engine, network, data, c)
		require.NoError(t, err)
		for !trainer.Done() {
			_, err := trainer.Step()
			require.NoError(t, err)
		}
		// In one batch the images have the variance of all.
		other := smallNormalised()
		other.Init(2)
		copy(other.Values, network.Values)
		x, numbers := tensor.New(40, 3, 32, 32), make([]int32, 40)
		for i := range numbers {
			numbers[i] = int32(i * 43 / 40)
		}
		for i, number := range numbers {
			for j, v := range data.Source.Image(int(number)) {
				x.Image(i)[j] = (float32(v)/255 - 0.5) / 0.5
			}
		}
		nn.Compile(engine, other, 40, nn.Train).Forward(x)
		variance := func(n *nn.Network) []float32 {
			state := n.State()
			return state[slices.IndexFunc(state, func(a nn.Array) bool { return a.Name == "bn1.running_var" })].Data
		}
		for ch, v := range variance(other) {
			require.InEpsilon(t, (float64(v)-0.9)/0.1, variance(network)[ch], 0.3, "%d shards", shards)
		}
		engine.Close()
	}
}

// Statistics that no batch changes are no part of the average.
func TestAverageLeavesFrozenStatistics(t *testing.T) {
	network := smallNormalised()
	network.Init(1)
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	require.Len(t, newAverage(engine, network, EMA{Decay: 0.5}).entries, len(network.Params)+4)
	network.FreezeBN = true
	require.Len(t, newAverage(engine, network, EMA{Decay: 0.5}).entries, len(network.Params))
}

func TestAverageAllocatesNothing(t *testing.T) {
	for _, averaging := range []Averaging{EMA{Decay: 0.9}, SWA{Every: 1}} {
		c := epochConfig(erm)
		c.BatchSize, c.Averaging = 1, averaging
		trainer, _ := epochTrainer(t, 2, nil, c)
		stepsAllocateNothing(t, trainer, 3, 30)
	}
}

func TestAveragesHaveTheSameBits(t *testing.T) {
	var want []float32
	for _, kernels := range sameKernels() {
		for _, threads := range []int{1, 3} {
			c := epochConfig(erm)
			c.Averaging = EMA{Decay: 0.9}
			trainer, network := epochTrainer(t, threads, kernels, c)
			finish(t, trainer)
			if want == nil {
				want = network.Values
			}
			require.Equal(t, want, network.Values, "%s, %d threads", kernels.Name, threads)
		}
	}
}

// A network larger than a part of the average is averaged to its end.
func TestAverageOfManyElements(t *testing.T) {
	engine := tensor.NewEngineOn(3, nil)
	defer engine.Close()
	network := smallLeNet()
	network.Init(1)
	m := newAverage(engine, network, EMA{Decay: 0.125})
	start := slices.Clone(network.Values)
	m.update(0, false)
	for i := range network.Values {
		network.Values[i] = 0
	}
	m.update(1, false)
	m.show(true)
	for i, v := range start {
		require.Equal(t, v/8, network.Values[i])
	}
	m.show(false)
	require.Equal(t, make([]float32, len(start)), network.Values)
}
