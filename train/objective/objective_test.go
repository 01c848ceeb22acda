package objective

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

const (
	images  = 5
	views   = 3
	classes = 4
)

// mixed are two classes an image; image 2 has the same one twice.
var mixed = augment.Targets{
	First:  []uint16{0, 3, 1, 2, 0},
	Second: []uint16{1, 0, 1, 3, 2},
	Weight: []float32{1, 0.25, 0.5, 0, 0.875},
}

// single are one class an image.
var single = augment.Targets{First: mixed.First}

// logits returns logits that are multiples of 1/64, so that steps of that size
// are exact, some of them far apart.
func logits() tensor.Tensor {
	random := rand.New(rand.NewPCG(1, 2))
	x := tensor.New(views*images, classes, 1, 1)
	for n := range x.N {
		for i := range x.Image(n) {
			x.Image(n)[i] = float32(random.IntN(512)-256) / 64
		}
	}
	for v := range views { // class 3 of image 4 lies below the clamp of the mean
		x.Image(v*images + 4)[3] = -30
	}
	return x
}

// objectives are one for each term and one of all.
var objectives = map[string]Config{
	"cross-entropy":  {},
	"views":          {Views: []float64{0.25, 0, 0.75}},
	"smoothing":      {Smoothing: 0.1},
	"class weights":  {ClassWeights: []float64{1, 0.5, 2, 3}},
	"consistency":    {Consistency: 12},
	"entropy":        {Views: []float64{1, 1}, Entropy: -0.7},
	"less certainty": {Entropy: 2},
	"all": {Views: []float64{0.5, 0.25, 0.25}, Smoothing: 0.2, ClassWeights: []float64{1, 0.5, 2, 3},
		Consistency: 5, Entropy: 0.3},
}

func compute(t *testing.T, e *tensor.Engine, c Config, x tensor.Tensor, targets augment.Targets) (Terms, tensor.Tensor) {
	t.Helper()
	o, err := New(e, c, images, views, classes)
	require.NoError(t, err)
	gradient := tensor.New(x.N, x.C, 1, 1)
	for i := range gradient.Data {
		gradient.Data[i] = 7 // to be overwritten
	}
	return o.Compute(gradient, x, targets), gradient
}

func TestGradientByFiniteDifferences(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for name, c := range objectives {
		for kind, targets := range map[string]augment.Targets{"one class": single, "two classes": mixed} {
			c := c
			c.Smoothing = max(c.Smoothing, 1e-300) // never through the kernel, which computes in float32
			x := logits()
			_, gradient := compute(t, e, c, x, targets)
			for n := range x.N {
				for i := range x.Image(n) {
					z := &x.Image(n)[i]
					slope := func(h float32) float64 {
						was := *z
						*z = was + h
						above, _ := compute(t, e, c, x, targets)
						*z = was - h
						below, _ := compute(t, e, c, x, targets)
						*z = was
						return (above.Value - below.Value) / float64(2*h)
					}
					// Richardson's extrapolation takes out the error of order h^2.
					want := (4*slope(1.0/64) - slope(1.0/32)) / 3
					require.InDelta(t, want, gradient.Image(n)[i], 3e-7*max(1, c.Consistency), "%s, %s, logit %d of %d", name, kind, i, n)
				}
			}
		}
	}
}

// naive computes an objective by its definition.
func naive(c Config, x tensor.Tensor, targets augment.Targets) (value float64) {
	softmax := func(v, n int) []float64 {
		p, sum := make([]float64, classes), 0.0
		for i, z := range x.Image(v*images + n) {
			p[i] = math.Exp(float64(z))
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	}
	weight := func(k uint16) float64 {
		if c.ClassWeights == nil {
			return 1
		}
		return c.ClassWeights[k]
	}
	weights, ce, counting := 0.0, 0.0, 0.0
	for v := range views {
		if c.weight(v) != 0 {
			counting++
		}
	}
	for n := range images {
		share, second := 1.0, uint16(0)
		if targets.Second != nil {
			share, second = float64(targets.Weight[n]), targets.Second[n]
		}
		weights += share*weight(targets.First[n]) + (1-share)*weight(second)
		for v := range views {
			p := softmax(v, n)
			for k := range p {
				q := c.Smoothing / classes
				if k == int(targets.First[n]) {
					q += (1 - c.Smoothing) * share
				}
				if k == int(second) {
					q += (1 - c.Smoothing) * (1 - share)
				}
				ce -= c.weight(v) * q * weight(uint16(k)) * math.Log(p[k])
				if c.weight(v) != 0 {
					value -= c.Entropy / images / counting * p[k] * math.Log(p[k])
				}
				mean := (softmax(0, n)[k] + softmax(1, n)[k] + softmax(2, n)[k]) / 3
				value += c.Consistency / images / views * p[k] * (math.Log(p[k]) - math.Log(max(mean, 1e-7)))
			}
		}
	}
	return value + ce/weights
}

func TestValue(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for name, c := range objectives {
		for _, targets := range []augment.Targets{single, mixed} {
			x := logits()
			got, _ := compute(t, e, c, x, targets)
			require.InEpsilon(t, naive(c, x, targets), got.Value, 1e-6, name)
			require.InEpsilon(t, got.Value, got.CrossEntropy+c.Consistency*got.Consistency+c.Entropy*got.Entropy, 1e-12, name)
		}
	}
}

// Label smoothing and class weights as torch.nn.CrossEntropyLoss has them
// (PyTorch 2: weight=[1,0.5,2,3], label_smoothing=0.2), worked out for logits
// whose probabilities are 1/2, 1/4, 1/8, 1/8 with class 0, and all 1/4 with class 3.
func TestSmoothedAndWeighted(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	o, err := New(e, Config{Smoothing: 0.2, ClassWeights: []float64{1, 0.5, 2, 3}}, 2, 1, 4)
	require.NoError(t, err)
	ln2 := float32(math.Ln2)
	x := tensor.View([]float32{2 * ln2, ln2, 0, 0, 5, 5, 5, 5}, 2, 4, 1, 1)
	got := o.Compute(tensor.New(2, 4, 1, 1), x, augment.Targets{First: []uint16{0, 3}})
	first := 0.8*1*1 + 0.05*(1*1+0.5*2+2*3+3*3)
	second := 0.8*3*2 + 0.05*(1+0.5+2+3)*2
	require.InEpsilon(t, math.Ln2*(first+second)/4, got.Value, 1e-6)
}

// The cross-entropy of one class goes through the kernel, to its bits; with a
// smoothing of nearly nothing it does not, and agrees.
func TestPlainIsTheKernels(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	x := logits()
	got, gradient := compute(t, e, Config{}, x, single)
	want := tensor.New(images, classes, 1, 1)
	require.Equal(t, nn.CrossEntropy(e, want, x.Images(0, images), single.First), got.Value)
	require.Equal(t, want.Data[:images*classes], gradient.Data[:images*classes])
	for _, d := range gradient.Data[images*classes:] {
		require.Zero(t, d, "the gradient of a view that does not count")
	}
	general, generalGradient := compute(t, e, Config{Smoothing: 1e-300}, x, single)
	require.InEpsilon(t, got.Value, general.Value, 1e-6)
	require.InDeltaSlice(t, generalGradient.Data, gradient.Data, 1e-6)
}

func TestEqualViewsAreConsistent(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	x := logits()
	for v := 1; v < views; v++ {
		copy(x.Data[v*images*classes:][:images*classes], x.Data)
	}
	x.Image(4)[3], x.Image(9)[3], x.Image(14)[3] = 0, 0, 0 // above the clamp
	got, gradient := compute(t, e, Config{Views: []float64{0}, Consistency: 12}, x, single)
	require.InDelta(t, 0, got.Value, 1e-14)
	for _, d := range gradient.Data {
		require.InDelta(t, 0, d, 1e-14)
	}
}

func TestThreadsLeaveNoTraceAndNothingIsAllocated(t *testing.T) {
	one, three := tensor.NewEngineOn(1, nil), tensor.NewEngineOn(3, nil)
	defer one.Close()
	defer three.Close()
	x := logits()
	want, wantGradient := compute(t, one, objectives["all"], x, mixed)
	got, gradient := compute(t, three, objectives["all"], x, mixed)
	require.Equal(t, want, got)
	require.Equal(t, wantGradient.Data, gradient.Data)
	for _, c := range objectives {
		o, err := New(three, c, images, views, classes)
		require.NoError(t, err)
		for _, targets := range []augment.Targets{single, mixed} {
			require.Zero(t, testing.AllocsPerRun(10, func() { o.Compute(gradient, x, targets) }))
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"Views has 4 weights for 3 views":  {Views: []float64{1, 1, 1, 1}},
		"Views[1] is -1":                   {Views: []float64{1, -1}},
		"Smoothing is 1":                   {Smoothing: 1},
		"Smoothing is NaN":                 {Smoothing: math.NaN()},
		"ClassWeights has 2 weights for 4": {ClassWeights: []float64{1, 2}},
		"ClassWeights[3] is 0":             {ClassWeights: []float64{1, 2, 1, 0}},
		"Consistency is -1":                {Consistency: -1},
		"Contrast is -1":                   {Contrast: -1},
		"Entropy is +Inf":                  {Entropy: math.Inf(1)},
	} {
		require.ErrorContains(t, c.Check(views, classes), want)
	}
	alone := Config{Consistency: 1}
	require.ErrorContains(t, alone.Check(1, classes), "needs more than one view")
	for name, c := range objectives {
		require.NoError(t, c.Check(views, classes), name)
	}
}

func TestLabelsBeyondTheClassesPanic(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	for _, targets := range []augment.Targets{
		{First: []uint16{0, 1, 2, 3, 4}},
		{First: mixed.First, Second: []uint16{0, 0, 0, 0, 200}, Weight: mixed.Weight},
		{First: mixed.First, Second: mixed.Second},
		{First: mixed.First[:4]},
	} {
		require.Panics(t, func() { _, _ = compute(t, e, objectives["all"], logits(), targets) })
	}
}
