package train

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// randomBall is a ball of that norm with random starts.
func randomBall(norm augment.Norm) augment.Ball {
	return augment.Ball{Norm: norm, Radius: 0.5, RandomStart: true}
}

// A phase over three times the images allocates as often, and no more memory than the
// images that it adds take: chunks of an ascent allocate nothing. The first phase is left
// out, since the memory of the maximiser is made in it.
func TestPhaseAllocatesItsImagesAlone(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the runtime's pools
	steps := toyConfig(meada)
	epochs := epochConfig(meada)
	epochs.BatchSize, epochs.Schedule, epochs.Growth.Every = 8, Epochs{Total: 4, TestEvery: 1000}, 1
	sets := epochs
	sets.Growth.Sets, sets.Growth.Ring = 1, true
	for name, c := range map[string]struct {
		run    Config
		ascent augment.Config
	}{
		"me-ada of values": {steps, augment.Config{Steps: 2, LR: 1, Gamma: 1, Eta: 10, Max: 1}},
		"me-ada of bytes":  {epochs, augment.Config{Steps: 2, LR: 1, Gamma: 1, Eta: 10}},
		"L-infinity ball":  {steps, augment.Config{Steps: 2, LR: 0.1, Eta: 1, Ball: randomBall(augment.LInf)}},
		"L2 ball":          {steps, augment.Config{Steps: 2, LR: 0.1, Eta: 1, Ball: randomBall(augment.L2)}},
		"AdvST":            {sets, augment.Config{Steps: 2, LR: 0.2, Gamma: 1, Eta: 1, Transforms: transform.Chains{Longest: 3}, Tolerance: 1e-9}},
	} {
		c.run.Growth.Ascent = c.ascent
		few, many := secondPhase(t, c.run, 256), secondPhase(t, c.run, 768)
		calls := many.calls - few.calls
		require.Positive(t, calls, name)
		require.Less(t, many.allocations-few.allocations, calls/2, "%s: more than the few of the runtime", name)
		require.Less(t, many.bytes-few.bytes, (many.added-few.added)*102/100, name)
	}
}

// phaseCost is what a phase takes: its calls of Step, allocations and bytes, beside the
// bytes of the images that it adds.
type phaseCost struct{ calls, allocations, bytes, added int }

// secondPhase returns what the second phase takes of a run on so many images, together with
// the descent steps before it.
func secondPhase(t *testing.T, c Config, images int) (cost phaseCost) {
	t.Helper()
	toy := toySource(t)
	numbers := make([]int, images)
	for i := range numbers {
		numbers[i] = i % toy.N
	}
	network := smallNormalised()
	network.Init(1)
	engine := tensor.NewEngineOn(1, nil) // the runtime allocates for workers that wait
	defer engine.Close()
	trainer, err := New(engine, network, &dataset.Task{Source: toy.Pick(numbers), Domains: []dataset.Domain{{Name: "toy", Images: toy}}}, c)
	require.NoError(t, err)
	var before, after runtime.MemStats
	for trainer.at.Phase < 2 {
		phase := trainer.at.Phase
		e, err := trainer.Step()
		require.NoError(t, err)
		switch {
		case phase == 1 && e.Kind == Maximise:
			cost.calls++
		case phase < trainer.at.Phase:
			runtime.ReadMemStats(&before)
		}
	}
	runtime.ReadMemStats(&after)
	b := &trainer.set.added[1]
	cost.allocations, cost.bytes = int(after.Mallocs-before.Mallocs), int(after.TotalAlloc-before.TotalAlloc)
	cost.added = len(b.bytes) + 4*len(b.values.Data)
	return cost
}

// Descent steps whose images are attacked allocate nothing, by pixels in a ball or by the
// weights of AugMax.
func TestAttackAllocatesNothing(t *testing.T) {
	for _, attack := range []augment.Config{
		{Steps: 2, LR: 0.1, Eta: 1, Ball: randomBall(augment.LInf)},
		{Steps: 2, LR: 0.1, Ball: randomBall(augment.L2)},
		{Steps: 2, LR: 0.1, Transforms: image.AugMax{Severity: 3, Width: 3}},
	} {
		c := epochConfig(erm)
		c.BatchSize, c.Attack = 1, attack
		c.Views = []View{{}, {}, {Values: image.AugMix{Severity: 3, Width: 3, Alpha: 1}}}
		c.Objective = objective.Config{Consistency: 10}
		trainer, _ := epochTrainer(t, 2, nil, c)
		stepsAllocateNothing(t, trainer, 3, 30)
	}
}
