package train

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// shardedConfig has short batches at the end of epochs, of 3 and 6 images in 4 shards.
func shardedConfig() Config {
	c := epochConfig(meada)
	c.Shards, c.Schedule = 4, Epochs{Total: 2, TestEvery: 1}
	c.Growth.Ascent.Steps, c.Averaging = 1, EMA{Decay: 0.9}
	c.Views[0].Hidden = []augment.HiddenOp{batch.Mixup{Alpha: 1}}
	return c
}

// A step in shards is that of the mean of the shards' gradients, each by its own
// statistics, whose means the running ones follow.
func TestShardedStep(t *testing.T) {
	t.Parallel()
	c := epochConfig(erm)
	c.BatchSize, c.Shards = 9, 2 // shards of 4 and 5
	c.Optimiser = SGD{LR: 1}
	trainer, network := epochTrainer(t, 2, nil, c)
	numbers := slices.Clone(trainer.set.order[:9])

	alone, twin := epochTrainer(t, 1, nil, func() Config { c := c; c.Shards = 0; return c }())
	plan := nn.Compile(alone.engine, twin, 9, nn.Train)
	o, err := objective.New(alone.engine, objective.Config{}, 9, 1, 10)
	require.NoError(t, err)
	gradient := make([]float64, len(twin.Grads))
	statistics := map[string][]float64{}
	begin := twin.State()
	for i := range begin {
		begin[i].Data = slices.Clone(begin[i].Data)
	}
	loss := 0.0
	for _, shard := range [][]int32{numbers[:4], numbers[4:]} {
		share := float64(len(shard)) / 9
		require.NoError(t, twin.SetState(begin))
		logits, _ := plan.Forward(alone.view(shard))
		dLogits := tensor.New(len(shard), 10, 1, 1)
		loss += share * o.Compute(dLogits, logits, alone.descent.targets).Value
		plan.Backward(dLogits, tensor.Tensor{})
		for i, g := range twin.Grads {
			gradient[i] += share * float64(g)
		}
		for _, a := range twin.State() {
			for i, v := range a.Data {
				if statistics[a.Name] == nil {
					statistics[a.Name] = make([]float64, len(a.Data))
				}
				statistics[a.Name][i] += share * float64(v)
			}
		}
	}
	e, err := trainer.Step()
	require.NoError(t, err)
	require.InDelta(t, loss, e.Loss, 1e-9)
	for i, g := range gradient {
		require.InDelta(t, g, network.Grads[i], 1e-6)
	}
	for _, a := range network.State() {
		switch a.Name {
		case "bn1.running_mean", "bn1.running_var", "bn2.running_mean", "bn2.running_var":
			for i, v := range a.Data {
				require.InDelta(t, statistics[a.Name][i], v, 1e-6, a.Name)
			}
		case "bn1.num_batches_tracked":
			require.EqualValues(t, 1, a.Int64[0])
		}
	}
	require.Equal(t, uint64(9)*network.DropoutDraws(), network.DropoutCounter())
}

// endState is what a Trainer ends with.
type endState struct {
	events []Event
	state  state
	arrays [][]float32
	images [][]uint8
}

// trainOn trains on so many ranks, goroutines, and returns how the first ends; the
// others must end alike.
func trainOn(t *testing.T, ranks, threads int, kernels *simd.Kernels, c Config) endState {
	t.Helper()
	links, cut := collective.Local(ranks)
	ends, errs := make([]endState, ranks), make([]error, ranks)
	var all sync.WaitGroup
	for rank, link := range links {
		trainer, _ := epochTrainer(t, threads, kernels, c)
		group, err := collective.New(link)
		require.NoError(t, err)
		trainer.shards.piece = 100 // as if the network were large
		require.NoError(t, trainer.Divide(group))
		if ranks > 1 && c.Views != nil && !c.Backbone.Frozen {
			require.Greater(t, len(trainer.shards.cuts), 2)
		}
		all.Go(func() {
			ends[rank], errs[rank] = run(trainer)
			if errs[rank] != nil {
				cut()
			}
		})
	}
	all.Wait()
	for rank, end := range ends {
		require.NoError(t, errs[rank])
		require.Equal(t, ends[0], end, "rank %d", rank)
	}
	return ends[0]
}

func run(trainer *Trainer) (endState, error) {
	var end endState
	for !trainer.Done() {
		e, err := trainer.Step()
		if err != nil {
			return end, err
		}
		e.Test = nil // it is in the state
		end.events = append(end.events, e)
	}
	end.state = trainer.state()
	for _, a := range trainer.arrays() {
		end.arrays = append(end.arrays, slices.Clone(a.Data))
	}
	for _, b := range trainer.set.added {
		end.images = append(end.images, b.bytes)
	}
	return end, nil
}

// Weights, statistics, adversarial images and tests are the same to the bit on any
// number of ranks and threads, with any kernel set in assembly.
func TestSameBitsOnRanks(t *testing.T) {
	t.Parallel()
	mixed := shardedConfig()
	mixed.Views, mixed.Growth.Phases = []View{{Batch: []augment.BatchOp{batch.Mixup{Alpha: 1}}}, {}}, 0
	mixed.Objective.Views = []float64{1, 1}
	frozen := epochConfig(ada)
	frozen.Shards, frozen.Backbone.Frozen, frozen.Views, frozen.Growth.Phases = 4, true, nil, 1
	attacked := shardedConfig()
	attacked.Growth.Phases, attacked.Averaging = 0, nil
	attacked.Attack = augment.Config{Steps: 1, LR: 0.02, Ball: augment.Ball{Norm: augment.LInf, Radius: 0.05, RandomStart: true}}
	for name, c := range map[string]Config{"phases and average": shardedConfig(), "mixup of views": mixed, "frozen": frozen, "attack": attacked} {
		want := trainOn(t, 1, 2, nil, c)
		for _, ranks := range []int{2, 4} {
			if ranks == 2 && name != "attack" {
				continue
			}
			require.Equal(t, want, trainOn(t, ranks, 1, nil, c), "%s, %d ranks", name, ranks)
		}
		if name != "phases and average" {
			continue
		}
		for _, kernels := range simd.Available() {
			if kernels.Name != "generic" && simd.Active().Name != "generic" {
				require.Equal(t, want, trainOn(t, 2, 2, kernels, c), "%s, %s", name, kernels.Name)
			}
		}
		c.Shards = 8
		want = trainOn(t, 1, 1, nil, c)
		require.Equal(t, want, trainOn(t, 8, 1, nil, c), "%s, 8 ranks", name)
	}
}

// A phase and a test that ranks share go on where they were, on another number of them.
func TestResumeOnOtherRanks(t *testing.T) {
	t.Parallel()
	c := shardedConfig()
	want := trainOn(t, 1, 1, nil, c)
	for _, stop := range []int{3, 6, 10} {
		first, _ := epochTrainer(t, 1, nil, c)
		for range stop {
			_, err := first.Step()
			require.NoError(t, err)
		}
		checkpoints := NewCheckpoints(t.TempDir())
		require.NoError(t, checkpoints.Write(first, nil))
		links, cut := collective.Local(2)
		var all sync.WaitGroup
		for _, link := range links {
			from, err := checkpoints.Read()
			require.NoError(t, err)
			network := smallNormalised()
			network.Init(c.Seed)
			engine := tensor.NewEngineOn(1, nil)
			defer engine.Close()
			trainer, err := Resume(engine, network, toyData(t), c, from)
			require.NoError(t, err)
			group, err := collective.New(link)
			require.NoError(t, err)
			require.NoError(t, trainer.Divide(group))
			all.Go(func() {
				end, err := run(trainer)
				if err != nil {
					cut()
				}
				end.events = append(slices.Clone(want.events[:stop]), end.events...)
				if !reflect.DeepEqual(want, end) {
					t.Errorf("other bits after %d steps", stop)
				}
			})
		}
		all.Wait()
	}
}

func TestShardsAllocateNothing(t *testing.T) {
	c := shardedConfig()
	c.Schedule = Epochs{Total: 100, TestEvery: 50}
	trainer, _ := epochTrainer(t, 2, nil, c)
	stepsAllocateNothing(t, trainer, 12, 10) // then a phase begins
}

// Classes weigh what they weigh in the whole batch, however it is divided.
func TestClassWeightsInShards(t *testing.T) {
	t.Parallel()
	loss := func(shards int, mix ...augment.BatchOp) float64 {
		engine, network := tensor.NewEngineOn(1, nil), smallNormalised()
		defer engine.Close()
		network.FreezeBN = true // or each shard has statistics of its own
		c := epochConfig(erm)
		c.Shards, c.BatchSize = shards, 8
		c.Objective.ClassWeights = slices.Repeat([]float64{1}, network.Classes)
		for i := range c.Objective.ClassWeights {
			c.Objective.ClassWeights[i] = 1 + 9*float64(i%2)
		}
		c.Views = []View{{Batch: mix}}
		trainer, err := New(engine, network, toyData(t), c)
		require.NoError(t, err)
		e, err := trainer.Step()
		require.NoError(t, err)
		return e.Loss
	}
	for _, shards := range []int{2, 4, 8} {
		require.InEpsilon(t, loss(1), loss(shards), 1e-6, "%d shards", shards)
	}
	require.InEpsilon(t, loss(1), loss(8, batch.Mixup{Alpha: 1}), 1e-6, "images mixed with themselves")
}

func TestShardsRefused(t *testing.T) {
	t.Parallel()
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	for shards, want := range map[int]string{
		-2: "Shards is -2, expected a power of two of up to BatchSize 10",
		3:  "Shards is 3, expected a power of two",
		16: "Shards is 16, expected a power of two of up to BatchSize 10",
	} {
		c := epochConfig(erm)
		c.Shards = shards
		_, err := New(engine, smallNormalised(), toyData(t), c)
		require.ErrorContains(t, err, want)
	}
	c := epochConfig(erm)
	c.Shards = 2
	trainer, _ := epochTrainer(t, 1, nil, c)
	links, _ := collective.Local(4)
	group, err := collective.New(links[0])
	require.NoError(t, err)
	require.ErrorContains(t, trainer.Divide(group), "Shards is 2, expected a multiple of 4 ranks")
}

// What is not finite ends the run on all ranks, with the same words: the tensor and,
// where it is one rank's alone, the rank. What a test alone would find is found by all too.
func TestDivergedRanks(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		rank, step int // where a weight is spoilt before the next step, none for rank -1
		lr         float64
	}{
		"step 1: the loss is":                  {rank: -1, lr: 1e38},
		"step 2: fc.bias on rank 1 is":         {rank: 1, step: 3, lr: 0.01},
		"step 2: fc.bias on rank 0 is":         {rank: 0, step: 3, lr: 0.01},
		"step 4: bn2.running_var on rank 1 is": {rank: 1, step: 3, lr: 0.01},
	} {
		config := shardedConfig()
		config.Optimiser, config.Growth.Phases = SGD{LR: c.lr}, 0
		links, cut := collective.Local(2)
		var errs [2]error
		var all sync.WaitGroup
		for rank, link := range links {
			trainer, network := epochTrainer(t, 1, nil, config)
			require.NoError(t, trainer.Divide(link))
			all.Go(func() {
				for errs[rank] == nil && !trainer.Done() {
					if trainer.at.Step == c.step && rank == c.rank {
						spoil(network, strings.Fields(want)[2])
					}
					_, errs[rank] = trainer.Step()
				}
				if !errors.As(errs[rank], new(*DivergedError)) {
					cut() // the other one waits
				}
			})
		}
		all.Wait()
		require.ErrorContains(t, errs[0], "training diverged at "+want, want)
		require.Equal(t, errs[0], errs[1])
	}
}

// spoil makes a number of a network's tensor NaN.
func spoil(network *nn.Network, name string) {
	for _, s := range network.State() {
		if s.Name == name {
			s.Data[0] = float32(math.NaN())
		}
	}
}

// Ranks compare their states by this checksum before they begin.
func TestSumOfAState(t *testing.T) {
	t.Parallel()
	trainer, _ := toyTrainer(t, 1, nil, toyConfig(erm))
	sum := func() string {
		s, err := trainer.Sum()
		require.NoError(t, err)
		return s
	}
	begin := sum()
	_, err := trainer.Step() // what was all zeros has an order
	require.NoError(t, err)
	first := sum()
	require.NotEqual(t, begin, first)
	for range 20 {
		require.Equal(t, first, sum())
	}
}

// Each rank tests with those corrupted images alone that it has asked for, also where a
// test goes on at some image on another number of ranks.
func TestRanksMakeWhatTheyTest(t *testing.T) {
	t.Parallel()
	c := shardedConfig()
	c.Growth.Phases, c.Averaging, c.Schedule = 0, nil, Epochs{Total: 1, TestEvery: 1}
	test := func(ranks, alone int) (accuracy [][]float64) {
		links, cut := collective.Local(ranks)
		accuracy = make([][]float64, ranks)
		var all sync.WaitGroup
		for rank, link := range links {
			data := toyData(t)
			numbers := make([]int, 200)
			for i := range numbers {
				numbers[i] = i * i % data.Source.N
			}
			images := data.Source.Pick(numbers)
			data.Domains[1] = dataset.Domain{Name: "fog", Images: dataset.Images{N: images.N, C: 3, H: 32, W: 32}}
			data.Domains[1].Severities = []func(dataset.Blocks) (dataset.Images, error){func(some dataset.Blocks) (dataset.Images, error) {
				if some.Size == 0 {
					return images, nil
				}
				part := images
				part.Data = make([]uint8, len(images.Data))
				for lo := some.First; lo < images.N; lo += some.Step {
					for n := lo; n < min(lo+some.Size, images.N); n++ {
						copy(part.Image(n), images.Image(n))
					}
				}
				return part, nil
			}}
			network := smallNormalised()
			network.Init(1)
			engine := tensor.NewEngineOn(1, nil)
			t.Cleanup(engine.Close)
			trainer, err := New(engine, network, data, c)
			require.NoError(t, err)
			all.Go(func() {
				for !trainer.Done() {
					if done := trainer.at.Domain == 1 && trainer.at.Done == alone; trainer.at.Kind == Evaluate && done {
						trainer.tests.part = dataset.Images{} // as after resumption
						assert.NoError(t, trainer.Divide(link))
					}
					e, err := trainer.Step()
					if !assert.NoError(t, err) {
						cut()
						return
					}
					if e.Test != nil {
						accuracy[rank] = slices.Clone(e.Test.Accuracy)
					}
				}
			})
		}
		all.Wait()
		return accuracy
	}
	want := test(1, -1)[0]
	require.NotEqual(t, want[0], want[1])
	for _, ranks := range []int{2, 4} {
		for _, alone := range []int{0, evaluationBatch, 2 * evaluationBatch} {
			for rank, got := range test(ranks, alone) {
				require.Equal(t, want, got, "rank %d of %d, from image %d on", rank, ranks, alone)
			}
		}
	}
}
