package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// weights returns a copy of everything that is averaged.
func weights(trainer *Trainer) [][]float32 {
	var all [][]float32
	for _, s := range trainer.network.State() {
		if s.Data != nil {
			all = append(all, slices.Clone(s.Data))
		}
	}
	return all
}

// The average is that of the weights that training itself goes through, which
// are those of a run without one. Tests and the end of the run have the average,
// everything else the weights.
func TestAverages(t *testing.T) {
	for name, c := range map[string]struct {
		averaging Averaging
		decay     func(entered int) float64 // share of the average that stays
		enters    func(step, round int, ended bool) bool
	}{
		"EMA": {
			EMA{Decay: 0.75, From: 1},
			func(int) float64 { return 0.75 },
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

func TestAverageOfRunningStatistics(t *testing.T) {
	c := epochConfig(erm)
	c.Averaging = EMA{Decay: 0.5}
	trainer, network := epochTrainer(t, 1, nil, c)
	names := map[string]bool{}
	for _, entry := range trainer.descent.average.entries {
		names[entry.Name] = true
	}
	require.True(t, names["bn1.running_var"] && names["fc.weight"], names)
	require.False(t, names["bn1.num_batches_tracked"])
	require.Len(t, network.State(), len(names)+2, "the two counters are not averaged")
}

func TestAverageAllocatesNothing(t *testing.T) {
	c := epochConfig(erm)
	c.BatchSize, c.Averaging = 1, EMA{Decay: 0.9}
	trainer, _ := epochTrainer(t, 2, nil, c)
	for range 3 {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	require.Zero(t, testing.AllocsPerRun(30, func() {
		if _, err := trainer.Step(); err != nil {
			panic(err)
		}
	}))
}

func TestAveragesHaveTheSameBits(t *testing.T) {
	var want []float32
	for _, kernels := range simd.Available() {
		if kernels.Name == "generic" {
			continue
		}
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
	m := newAverage(engine, network, EMA{Decay: 0.5})
	start := slices.Clone(network.Values)
	m.update(0, false)
	for i := range network.Values {
		network.Values[i] = 0
	}
	m.update(1, false)
	m.show(true)
	for i, v := range start {
		require.Equal(t, v/2, network.Values[i])
	}
	m.show(false)
	require.Equal(t, make([]float32, len(start)), network.Values)
}
