package train

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

func TestNewRefusesSettings(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	for want, change := range map[string]func(c *Config){
		"BatchSize is 0":                    func(c *Config) { c.BatchSize = 0 },
		"MaxSteps is -1":                    func(c *Config) { c.MaxSteps = -1 },
		"Schedule is nil":                   func(c *Config) { c.Schedule = nil },
		"Steps of Total 0":                  func(c *Config) { c.Schedule = Steps{TestEvery: 1} },
		"Epochs of Total 3 and TestEvery 0": func(c *Config) { c.Schedule = Epochs{Total: 3} },
		"Optimiser is nil":                  func(c *Config) { c.Optimiser = nil },
		"Adam.LR is NaN":                    func(c *Config) { c.Optimiser = Adam{LR: math.NaN()} },
		"SGD.Momentum is 1":                 func(c *Config) { c.Optimiser = SGD{LR: 1, Momentum: 1} },
		"SGD.Decay is -1":                   func(c *Config) { c.Optimiser = SGD{LR: 1, Decay: -1} },
		"OneCycle is 1":                     func(c *Config) { c.OneCycle = 1 },
		"Power is -1":                       func(c *Config) { c.Power = -1 },
		"Power is 101, expected 0 to 100":   func(c *Config) { c.Power = 101 },
		"Power is 2 for a rate that stays":  func(c *Config) { c.Power, c.Optimiser = 2, Adam{LR: 1} },
		"Power is 2 and OneCycle 0.5":       func(c *Config) { c.Power, c.OneCycle = 2, 0.5 },
		"Clip is -1":                        func(c *Config) { c.Clip = -1 },
		"5 Views":                           func(c *Config) { c.Views = make([]View, 5) },
		"view 2: image: Crop.Padding is -1": func(c *Config) {
			c.Views = []View{{}, {Image: []augment.ImageOp{image.Crop{Padding: -1}}}}
		},
		"Consistency is 1, which needs": func(c *Config) { c.Objective = objective.Config{Consistency: 1} },
		"Growth.Phases is -1":           func(c *Config) { c.Growth.Phases = -1 },
		"Growth.Sets is -1":             func(c *Config) { c.Growth.Sets = -1 },
		"Growth.Every is 0":             func(c *Config) { c.Growth.Every = 0 },
		"ascent of 0 steps":             func(c *Config) { c.Growth.Ascent.Steps = 0 },
		"Eta of the ascent is +Inf":     func(c *Config) { c.Growth.Ascent.Eta = math.Inf(1) },
		"operations on bytes":           func(c *Config) { c.Growth.Bytes = false },
		"EMA of Decay 1":                func(c *Config) { c.Averaging = EMA{Decay: 1} },
		"SWA from round 0 every 0":      func(c *Config) { c.Averaging = SWA{} },
		"16777217 rounds with Views":    func(c *Config) { c.Schedule = Epochs{Total: 1<<24 + 1, TestEvery: 1} },
		"Views or ascents": func(c *Config) {
			c.Views, c.Schedule = nil, Epochs{Total: 1<<24 + 1, TestEvery: 1}
		},
	} {
		c := epochConfig(meada)
		change(&c)
		_, err := New(engine, smallNormalised(), toyData(t), c)
		require.ErrorContains(t, err, want)
	}
}

// A step of one image has no variance to normalise a single value by, PyTorch refuses
// it too. Planes have one.
func TestNewRefusesStepsOfOneImage(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	data := toyData(t)
	for _, single := range []bool{false, true} {
		for _, batch := range []int{1, data.Source.N - 1, data.Source.N} {
			g, x := nn.NewGraph(smallNormalised().C, smallNormalised().H, smallNormalised().W)
			if single {
				x = g.BatchNorm("bn", g.Linear("fc", g.Flatten(x), nn.Linear{Out: 10}))
			} else {
				x = g.Linear("fc", g.Flatten(g.BatchNorm("bn", x)), nn.Linear{Out: 10})
			}
			c := epochConfig(erm)
			c.BatchSize = batch
			network := g.Network("norm", x, x)
			network.Normalisation = smallNormalised().Normalisation
			_, err := New(engine, network, data, c)
			if single && batch < data.Source.N {
				require.ErrorContains(t, err, "makes a step of one image, expected 2 or more", "batch size %d", batch)
			} else {
				require.NoError(t, err, "batch size %d", batch)
			}
			network.FreezeBN = true
			_, err = New(engine, network, data, c)
			require.NoError(t, err, "frozen statistics")
		}
	}
}

// The statistics of an average are measured over batches that have no image twice, so
// that one of a training set smaller than a step's is in smaller shards.
func TestNewRefusesStatisticsOfOneImage(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	data := toyData(t)
	g, x := nn.NewGraph(3, 32, 32)
	x = g.BatchNorm("bn", g.Linear("fc", g.Flatten(x), nn.Linear{Out: 10}))
	network := g.Network("norm", x, x)
	network.Normalisation = smallNormalised().Normalisation
	c := toyConfig(erm)
	c.BatchSize, c.Shards = 64, 32 // of 43 images
	_, err := New(engine, network, data, c)
	require.NoError(t, err)
	c.Averaging = EMA{Decay: 0.9}
	_, err = New(engine, network, data, c)
	require.ErrorContains(t, err, "makes a step of one image")
}

func TestNewRefusesTasks(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	relabelled := func(s dataset.Images, n int, label uint16) dataset.Images {
		s.Labels = slices.Clone(s.Labels)
		s.Labels[n] = label
		return s
	}
	for want, change := range map[string]func(d *dataset.Task){
		"3 classes for a network of 10":                     func(d *dataset.Task) { d.Classes = []string{"a", "b", "c"} },
		"training images: there are none":                   func(d *dataset.Task) { d.Source.N = 0 },
		"training images: they are 1x32x32, small takes 3x": func(d *dataset.Task) { d.Source.C = 1 },
		"training images: 100 bytes and 43 labels":          func(d *dataset.Task) { d.Source.Data = d.Source.Data[:100] },
		"image 5 has label 200, expected one below 10":      func(d *dataset.Task) { d.Source = relabelled(d.Source, 5, 200) },
		"no domain to test on":                              func(d *dataset.Task) { d.Domains = nil },
		"domain toy: there are none":                        func(d *dataset.Task) { d.Domains[0].N = 0 },
		"domain shifted: image 42 has label 10":             func(d *dataset.Task) { d.Domains[1].Images = relabelled(d.Source, 42, 10) },
		"domain held-out: they are 3x16x64":                 func(d *dataset.Task) { d.Held = d.Source; d.Held.H, d.Held.W = 16, 64 },
	} {
		data := toyData(t)
		change(data)
		_, err := New(engine, smallNormalised(), data, epochConfig(meada))
		require.ErrorContains(t, err, want)
	}
}

// What a corrupted domain reads when its turn comes is checked then.
func TestPartsAreChecked(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	data := toyData(t)
	data.Domains[1] = corrupted(data.Source)
	data.Domains[1].Severities[1] = func(dataset.Blocks) (dataset.Images, error) {
		s := toySource(t)
		s.Labels[1] = 99
		return s, nil
	}
	network := smallNormalised()
	network.Init(1)
	trainer, err := New(engine, network, data, epochConfig(erm))
	require.NoError(t, err)
	for err == nil {
		_, err = trainer.Step()
	}
	require.ErrorContains(t, err, "fog: image 1 has label 99")
}

// The held-out part of the source is tested as a domain of the source, and
// averaged with nothing.
func TestHeldOut(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	data := toyData(t)
	data.Held = dataset.Images{N: 10, C: 3, H: 32, W: 32, Data: data.Source.Data, Labels: data.Source.Labels}
	data.Domains = data.Domains[:1:1]
	network := smallNormalised()
	network.Init(1)
	trainer, err := New(engine, network, data, epochConfig(erm))
	require.NoError(t, err)
	require.Len(t, data.Domains, 1, "the task is left alone")
	domains := trainer.Domains()
	require.Equal(t, HeldOut, domains[1].Name)
	require.True(t, domains[1].Source && domains[1].Held)
	for _, e := range finish(t, trainer) {
		if e.Test != nil {
			require.Len(t, e.Test.Accuracy, 2)
			require.Equal(t, e.Test.Accuracy[0], e.Test.Average)
		}
	}
	require.Equal(t, 0.25, Average(domains[1:], []float64{0.25}), "where there is nothing else")
}

func TestEvaluatorRefusesOtherImages(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	evaluator := NewEvaluator(engine, smallNormalised())
	source := toySource(t)
	other := source
	other.H, other.W = 16, 64
	require.PanicsWithValue(t, "train: image 0 of 43 images of 3x16x64 in 132096 bytes, for a network of 3x32x32 images",
		func() { evaluator.Logits(&other, 0) })
	require.Panics(t, func() { evaluator.Logits(&source, 43) })
}

// An Ascent does what a phase does.
func TestAscentIsThatOfAPhase(t *testing.T) {
	c := epochConfig(meada)
	c.Growth.Every = 2
	trainer, network := epochTrainer(t, 2, nil, c)
	for trainer.at.Kind != Maximise {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	a, err := NewAscent(trainer.engine, network, c.Growth.Ascent, c.BatchSize, c.Seed)
	require.NoError(t, err)
	source := trainer.set.source
	x, means, err := a.Ascend(source, 0)
	require.NoError(t, err)
	require.Equal(t, source.N, x.N)
	e, err := trainer.Step()
	require.NoError(t, err)
	require.Equal(t, e.Ascent, means[len(means)-1])
	bytes := make([]uint8, len(source.Image(0)))
	for n := range x.N {
		network.Normalisation.ToBytes(trainer.engine, bytes, x.Image(n))
		require.Equal(t, bytes, trainer.set.added[0].bytes[n*len(bytes):][:len(bytes)])
	}
	_, err = NewAscent(trainer.engine, network, augment.Config{}, 8, 1)
	require.ErrorContains(t, err, "ascent of 0 steps")
	_, err = NewAscent(trainer.engine, network, c.Growth.Ascent, 0, 1)
	require.ErrorContains(t, err, "batches of 0")
}

// The random starts of an Ascent follow from its seed.
func TestAscentFromRandomStarts(t *testing.T) {
	t.Parallel()
	c := epochConfig(erm)
	trainer, network := epochTrainer(t, 2, nil, c)
	ball := augment.Config{Steps: 1, LR: 1e-9, Ball: augment.Ball{Norm: augment.L2, Radius: 1, RandomStart: true}}
	var made [3][]float32
	for i, seed := range []uint64{1, 2, 1} {
		a, err := NewAscent(trainer.engine, network, ball, c.BatchSize, seed)
		require.NoError(t, err)
		x, _, err := a.Ascend(trainer.set.source, 0)
		require.NoError(t, err)
		made[i] = slices.Clone(x.Data)
	}
	require.Equal(t, made[0], made[2])
	require.NotEqual(t, made[0], made[1])
}
