package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// smallNormalised is a network with batch normalisation and dropout, for images
// in [-1,1].
func smallNormalised() *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	x = g.Mixable(g.ReLU(g.BatchNorm("bn1", g.Conv("conv1", x, nn.Conv{Out: 8, Kernel: 3, Stride: 2, Padding: 1}))))
	x = g.ReLU(g.BatchNorm("bn2", g.Conv("conv2", g.Dropout(x, 0.25), nn.Conv{Out: 16, Kernel: 3, Stride: 2, Padding: 1})))
	embedding := g.Flatten(g.AvgPool(x, 8))
	n := g.Network("small", g.Linear("fc", embedding, nn.Linear{Out: 10}), embedding)
	n.Normalisation = nn.Normalisation{Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.5, 0.5, 0.5}}
	return n
}

// epochConfig has phases before epochs 1 and 3 of 4; a batch of 10 leaves 3 of
// the 43 images for the last.
func epochConfig(m method) Config {
	return Config{
		Seed: 1, BatchSize: 10,
		Schedule:  Epochs{Total: 4, TestEvery: 1},
		Optimiser: SGD{LR: 0.1, Momentum: 0.9, Decay: 5e-4, Cosine: true},
		Views:     []View{{Image: []augment.ImageOp{image.Flip{}, image.Crop{Padding: 4}}}},
		Growth: m.growth(Growth{
			Phases: 2, Every: 2, Bytes: true,
			Ascent: augment.Config{Steps: 3, LR: 5, Gamma: 1, Eta: 10},
		}),
	}
}

func epochTrainer(t *testing.T, threads int, kernels *simd.Kernels, c Config) (*Trainer, *nn.Network) {
	t.Helper()
	network := smallNormalised()
	network.Init(c.Seed)
	engine := tensor.NewEngineOn(threads, kernels)
	t.Cleanup(engine.Close)
	trainer, err := New(engine, network, toyData(t), c)
	require.NoError(t, err)
	return trainer, network
}

func TestOrderOfEpochs(t *testing.T) {
	for _, power := range []int{0, 3} {
		requireOrderOfEpochs(t, power)
	}
}

// requireOrderOfEpochs holds a run whose rate falls with a power, 0 for a cosine, against the
// order of the official CIFAR script.
func requireOrderOfEpochs(t *testing.T, power int) {
	t.Helper()
	c := epochConfig(meada)
	c.Power = power
	trainer, _ := epochTrainer(t, 2, nil, c)
	require.Equal(t, []int{43, 86, 172}, trainer.Outline().TrainingSet)
	work := trainer.Work()
	type mark struct {
		kind         Kind
		round, steps int
	}
	var marks []mark
	var sizes []int
	var done Work
	schedule := optim.Annealing{LR: 0.1, Power: power}
	for _, e := range finish(t, trainer) {
		done[e.Kind] += e.Images
		if len(marks) == 0 || marks[len(marks)-1].kind != e.Kind || marks[len(marks)-1].round != e.Round {
			marks = append(marks, mark{kind: e.Kind, round: e.Round})
			if e.Kind == Minimise {
				schedule.Total = schedule.T + []int{5, 9, 9, 18}[e.Round]*(4-e.Round)
			}
		}
		if e.Kind == Minimise {
			marks[len(marks)-1].steps++
			sizes = append(sizes, e.Images)
			require.Equal(t, schedule.LR, e.LR, "rate of step %d", e.Step)
			require.Equal(t, schedule.T, e.Step)
			schedule.Step()
		}
	}
	require.Equal(t, []mark{
		{Minimise, 0, 5}, {Evaluate, 0, 0},
		{Maximise, 1, 0}, {Minimise, 1, 9}, {Evaluate, 1, 0},
		{Minimise, 2, 9}, {Evaluate, 2, 0},
		{Maximise, 3, 0}, {Minimise, 3, 18}, {Evaluate, 3, 0},
	}, marks)
	require.Equal(t, []int{10, 10, 10, 10, 3}, sizes[:5])
	require.Equal(t, []int{10, 6}, sizes[12:14], "the last batch of epoch 1")
	require.Equal(t, work, done, "the announced work is the work done")
	require.Equal(t, 5+9+9+18, trainer.Steps())
}

func TestMaxSteps(t *testing.T) {
	t.Parallel()
	c := epochConfig(meada)
	for _, steps := range []int{3, 5, 6, 41, 100} {
		c.MaxSteps = steps
		trainer, _ := epochTrainer(t, 2, nil, c)
		events := finish(t, trainer)
		require.Equal(t, min(steps, 41), trainer.Steps())
		require.NotNil(t, events[len(events)-1].Test, "the end is tested")
		tests, done := 0, Work{}
		for _, e := range events {
			done[e.Kind] += e.Images
			if e.Test != nil {
				tests++
			}
		}
		require.Equal(t, trainer.Work(), done, "%d steps", steps)
		require.Equal(t, trainer.Outline().Tests, tests, "%d steps", steps)
	}
}

// A phase ascends from every image as it is, in order, in batches of which the last is
// short, and keeps truncated bytes under the same labels.
func TestPhaseKeepsBytes(t *testing.T) {
	c := epochConfig(meada)
	trainer, network := epochTrainer(t, 2, nil, c)
	for trainer.at.Kind != Maximise {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	source := toySource(t)
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	x := tensor.New(source.N, 3, 32, 32)
	for n := range source.N {
		for i, b := range source.Image(n) {
			x.Image(n)[i] = (float32(b)/255 - 0.5) / 0.5
		}
	}
	want := make([]uint8, len(source.Data))
	for lo := 0; lo < source.N; lo += 10 {
		hi := min(lo+10, source.N)
		m := augment.NewMaximiser(engine, nn.Compile(engine, network, hi-lo, nn.Maximise), hi-lo,
			network.Classes, network.Embedding, augment.Config{Steps: 3, LR: 5, Gamma: 1, Eta: 10})
		m.Maximise(x.Images(lo, hi), source.Labels[lo:hi], hi-lo)
	}
	for i, v := range x.Data {
		want[i] = uint8(min(max((v+1)/2, 0), 1) * 255)
	}
	for trainer.at.Kind == Maximise {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	require.Equal(t, want, trainer.set.added[0].bytes)
	require.NotEqual(t, source.Data, want)
	require.Equal(t, append(slices.Clone(source.Labels), source.Labels...), trainer.set.labels)
	first, adversarial := trainer.Sample(5)
	require.Equal(t, 5, first.N)
	require.Equal(t, want[:3*32*32], adversarial.Image(0))
}

func TestSameBitsOverEpochs(t *testing.T) {
	var want []float32
	for _, kernels := range simd.Available() {
		if kernels.Name == "generic" {
			continue
		}
		for _, threads := range []int{1, 3} {
			trainer, network := epochTrainer(t, threads, kernels, epochConfig(meada))
			finish(t, trainer)
			if want == nil {
				want = network.Values
			}
			require.Equal(t, want, network.Values, "%s, %d threads", kernels.Name, threads)
		}
	}
	if want == nil {
		t.Skip("this CPU has the generic kernel set only")
	}
	h := sha256.New()
	require.NoError(t, binary.Write(h, binary.LittleEndian, want))
	require.Equal(t, "8a63eea207eeca7c", hex.EncodeToString(h.Sum(nil))[:16], "on another architecture")
}

// The generic kernels round in other places: after a run of two phases its weights
// are within 1e-4 of where the other sets' went, relative to how far they moved.
func TestGenericKernelsStayClose(t *testing.T) {
	t.Parallel()
	sets := simd.Available()
	if len(sets) == 1 {
		t.Skip("this CPU has the generic kernel set only")
	}
	c := epochConfig(meada)
	_, begin := epochTrainer(t, 1, nil, c)
	var ends [2][]float32
	for i, kernels := range []*simd.Kernels{sets[0], sets[len(sets)-1]} {
		trainer, network := epochTrainer(t, 2, kernels, c)
		finish(t, trainer)
		ends[i] = network.Values
	}
	var apart, moved float64
	for i, end := range ends[0] {
		apart += math.Pow(float64(ends[1][i]-end), 2)
		moved += math.Pow(float64(end-begin.Values[i]), 2)
	}
	require.Less(t, math.Sqrt(apart/moved), 1e-4)
}

func TestStepOfAnEpochAllocatesNothing(t *testing.T) {
	c := epochConfig(meada)
	c.BatchSize = 4
	trainer, _ := epochTrainer(t, 2, nil, c)
	for trainer.at.Round < 3 || trainer.at.Kind != Minimise { // after two phases, at the start of an epoch of 43 steps
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	require.Zero(t, testing.AllocsPerRun(30, func() {
		if _, err := trainer.Step(); err != nil {
			panic(err)
		}
	}))
}

// corrupted is a domain of two severities: the source, and its mirror image in
// brightness.
func corrupted(source dataset.Images) dataset.Domain {
	dark := source
	dark.Data = slices.Clone(source.Data)
	for i := range dark.Data {
		dark.Data[i] = 255 - dark.Data[i]
	}
	d := dataset.Domain{Name: "fog", Images: dataset.Images{N: 2 * source.N, C: 3, H: 32, W: 32}}
	for _, images := range []dataset.Images{source, dark} {
		d.Severities = append(d.Severities, func(dataset.Blocks) (dataset.Images, error) { return images, nil })
	}
	return d
}

func TestSeverities(t *testing.T) {
	c := epochConfig(erm)
	data := toyData(t)
	data.Domains[1] = corrupted(data.Source)
	network := smallNormalised()
	network.Init(1)
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	trainer, err := New(engine, network, data, c)
	require.NoError(t, err)
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Test == nil {
			continue
		}
		require.Nil(t, e.Test.Severities[0])
		severities := e.Test.Severities[1]
		require.Len(t, severities, 2)
		require.Equal(t, e.Test.Accuracy[0], severities[0], "the same images")
		require.InDelta(t, (severities[0]+severities[1])/2, e.Test.Accuracy[1], 1e-12)
		require.Equal(t, e.Test.Accuracy[1], e.Test.Average)
		images := 0
		for _, count := range e.Test.Confusion[1] {
			images += count
		}
		require.Equal(t, 2*data.Source.N, images)
	}

	failure := errors.New("gone")
	data.Domains[1].Severities[1] = func(dataset.Blocks) (dataset.Images, error) { return dataset.Images{}, failure }
	trainer, err = New(engine, network, data, c)
	require.NoError(t, err)
	for err == nil {
		_, err = trainer.Step()
	}
	require.ErrorIs(t, err, failure)
}

// One cycle spans the steps of the whole run, those with the images of phases to come too,
// and updates move the parameters by what is left of the gradients' norm.
func TestOneCycleAndClip(t *testing.T) {
	t.Parallel()
	c := epochConfig(meada)
	c.MaxSteps = 30
	require.Greater(t, c.Outline(43).TrainingSet[1], 43, "there is a phase before")
	c.Optimiser, c.OneCycle, c.Clip = SGD{LR: 0.1, Cosine: true}, 0.25, 0.01
	trainer, network := epochTrainer(t, 2, nil, c)
	cycle := optim.OneCycle{Peak: 0.1, Rise: 0.25}
	for !trainer.Done() {
		before := slices.Clone(network.Values)
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Kind != Minimise {
			continue
		}
		require.InDelta(t, cycle.At(e.Step, 30), e.LR, 1e-12, "step %d", e.Step)
		if e.LR < 0.02 { // of less float32 shows too little
			continue
		}
		moved := 0.0
		for i, v := range network.Values {
			moved += math.Pow(float64(v-before[i]), 2)
		}
		require.InEpsilon(t, e.LR*0.01, math.Sqrt(moved), 1e-2)
	}
}
