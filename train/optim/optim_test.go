package optim

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// optimiser is what both have in common.
type optimiser interface{ Step() }

// Ten steps on recorded gradients, as PyTorch makes them in float64.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(e *tensor.Engine, p, g []float32) optimiser
	}{
		{"opt_sgd_plain", func(e *tensor.Engine, p, g []float32) optimiser { return NewSGD(e, p, g, 0.3) }},
		{"opt_sgd_momentum", func(e *tensor.Engine, p, g []float32) optimiser {
			s := NewSGD(e, p, g, 0.1)
			s.Momentum = 0.9
			return s
		}},
		{"opt_sgd_nesterov_wd", func(e *tensor.Engine, p, g []float32) optimiser {
			s := NewSGD(e, p, g, 0.1)
			s.Momentum, s.WeightDecay, s.Nesterov = 0.9, 5e-4, true
			return s
		}},
		{"opt_adam", func(e *tensor.Engine, p, g []float32) optimiser { return NewAdam(e, p, g, 1e-4) }},
		{"opt_adam_wd", func(e *tensor.Engine, p, g []float32) optimiser {
			a := NewAdam(e, p, g, 1e-3)
			a.WeightDecay = 1e-2
			return a
		}},
	} {
		tensors, _, err := safetensors.Read(filepath.Join("testdata", c.name+".safetensors"))
		require.NoError(t, err)
		r := map[string][]float32{}
		for _, x := range tensors {
			r[x.Name] = x.Data
		}
		for _, kernels := range simd.Available() {
			e := tensor.NewEngineOn(2, kernels)
			p := append([]float32(nil), r["p0"]...)
			size := len(p)
			g := make([]float32, size)
			o := c.make(e, p, g)
			for i := range 10 {
				copy(g, r["g"][i*size:])
				o.Step()
				for j, w := range r["p"][i*size:][:size] {
					require.InDelta(t, w, p[j], 5e-6*math.Abs(float64(w))+1e-6, "%s on %s, step %d", c.name, kernels.Name, i+1)
				}
			}
			e.Close()
		}
	}
}

// Groups move as optimisers of their own would move them, without a gap or an overlap.
func TestGroups(t *testing.T) {
	const n, cut = 2*simd.MaxCall + 5, simd.MaxCall + 3
	e := tensor.NewEngineOn(3, nil)
	defer e.Close()
	start := func() (p, g []float32) {
		p, g = make([]float32, n), make([]float32, n)
		for i := range p {
			p[i], g[i] = float32(i%7)-3, float32(i%5)-2
		}
		return p, g
	}
	groups := []Group{{End: cut, Rate: 0.25}, {End: n, Rate: 1}}
	for name, optimise := range map[string]func(p, g []float32, lr float64, groups []Group) optimiser{
		"Adam": func(p, g []float32, lr float64, groups []Group) optimiser {
			a := NewAdam(e, p, g, lr)
			if groups != nil {
				a.Groups = groups
			}
			return a
		},
		"SGD": func(p, g []float32, lr float64, groups []Group) optimiser {
			s := NewSGD(e, p, g, lr)
			if s.Momentum = 0.9; groups != nil {
				s.Groups = groups
			}
			return s
		},
	} {
		got, g := start()
		both := optimise(got, g, 0.125, groups)
		want, _ := start()
		first, second := optimise(want[:cut], g[:cut], 0.125*0.25, nil), optimise(want[cut:], g[cut:], 0.125, nil)
		for range 3 {
			both.Step()
			first.Step()
			second.Step()
		}
		require.Equal(t, want, got, name)
	}
}

// Chunks and threads leave no trace: many parameters move as one alone does.
func TestChunks(t *testing.T) {
	const n = 3*simd.MaxCall + 5
	e := tensor.NewEngineOn(3, nil)
	defer e.Close()
	fill := func(x []float32, v float32) []float32 {
		for i := range x {
			x[i] = v
		}
		return x
	}
	for _, make3 := range []func(p, g []float32) optimiser{
		func(p, g []float32) optimiser { return NewAdam(e, p, g, 0.01) },
		func(p, g []float32) optimiser { return NewSGD(e, p, g, 0.01) },
	} {
		p, alone := fill(make([]float32, n), 1), []float32{1}
		many, one := make3(p, fill(make([]float32, n), 0.5)), make3(alone, []float32{0.5})
		for range 3 {
			many.Step()
			one.Step()
		}
		require.Equal(t, fill(make([]float32, n), alone[0]), p)
		require.NotEqual(t, float32(1), alone[0])
		require.Zero(t, testing.AllocsPerRun(3, many.Step))
	}
}

// The whole schedule of the published CIFAR script, with and without the
// training set growing.
func TestCosine(t *testing.T) {
	for _, name := range []string{"cifar_meada", "cifar_erm"} {
		var want struct {
			Iterations int       `json:"iterations"`
			Every      int       `json:"every"`
			Sampled    []float64 `json:"lr_every_1000"`
			Last5      []float64 `json:"last5"`
			Epochs     []struct {
				First   int     `json:"first_iteration"`
				Total   int     `json:"T_max"`
				FirstLR float64 `json:"lr_first"`
			} `json:"epochs"`
		}
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &want))

		c := Annealing{LR: 0.1}
		epochs := want.Epochs
		var last []float64
		for i := range want.Iterations {
			if len(epochs) > 0 && epochs[0].First == i {
				c.Total = epochs[0].Total
				require.InEpsilon(t, epochs[0].FirstLR, c.LR, 1e-9, "%s, iteration %d", name, i)
				epochs = epochs[1:]
			}
			if i%want.Every == 0 {
				require.InEpsilon(t, want.Sampled[i/want.Every], c.LR, 1e-9, "%s, iteration %d", name, i)
			}
			if i >= want.Iterations-5 {
				last = append(last, c.LR)
			}
			c.Step()
		}
		require.Empty(t, epochs)
		require.InEpsilonSlice(t, want.Last5, last, 1e-9, name)
	}
}

// The rate falls with a power of what is left, and from where it is when the training set
// has grown.
func TestAnnealingByAPower(t *testing.T) {
	a := Annealing{LR: 0.1, Total: 40, Power: 3}
	for i := range 20 {
		require.InEpsilon(t, 0.1*math.Pow(1-float64(i)/40, 3), a.LR, 1e-12, "step %d", i)
		a.Step()
	}
	a.Total = 60
	for i := range 40 {
		require.InEpsilon(t, 0.1/8*math.Pow(1-float64(i)/40, 3), a.LR, 1e-12, "step %d of the longer run", 20+i)
		a.Step()
	}
	require.Zero(t, a.LR)
}

func TestCosPi(t *testing.T) {
	for i := range 100_001 {
		x := float64(i) / 100_000
		require.InDelta(t, math.Cos(math.Pi*x), cosPi(x), 5e-16)
	}
}

// Rates of PyTorch's OneCycleLR(max_lr=0.2, total_steps=40, pct_start=0.25,
// cycle_momentum=False).
func TestOneCycle(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 0.2, OneCycle{Peak: 0.2, Rise: 0.1}.At(0, 10), 0, "a rise of one step, on every architecture")
	c := OneCycle{Peak: 0.2, Rise: 0.25}
	for step, want := range map[int]float64{
		0: 0.008000000000000007, 1: 0.013789508404552786, 5: 0.12067022505602532, 9: 0.2, 10: 0.1994521917280692,
		20: 0.1406739016129228, 38: 0.0005486082719308184, 39: 8e-07,
	} {
		require.InEpsilon(t, want, c.At(step, 40), 1e-9, step)
	}
	require.InEpsilon(t, 8e-07, c.At(50, 40), 1e-9, "beyond the end")
	for _, total := range []int{1, 2, 4} { // with no step or one in which the rate rises
		for step := range total {
			require.Greater(t, c.At(step, total), 0.0)
			require.LessOrEqual(t, c.At(step, total), 0.2)
		}
	}
}

// Gradients are clipped as by PyTorch's clip_grad_norm_, to the same bits whatever runs
// them.
func TestClip(t *testing.T) {
	ramp := func(n int) []float32 {
		g := make([]float32, n)
		for i := range g {
			g[i] = float32(i%1000+1) / 100
		}
		return g
	}
	var first []float32
	for _, kernels := range simd.Available() {
		for _, threads := range []int{1, 3} {
			e := tensor.NewEngineOn(threads, kernels)
			g := ramp(1000)
			require.InEpsilon(t, 182.7111053466797, NewClipper(e, g).Clip(0.5), 1e-6)
			require.InEpsilon(t, 2.7365604182705283e-05, g[0], 1e-6)
			require.InEpsilon(t, 0.027365606278181076, g[999], 1e-6)
			require.InEpsilon(t, 0.5, NewClipper(e, g).Clip(1), 1e-6)
			g = ramp(1000)
			NewClipper(e, g).Clip(1000)
			require.Equal(t, ramp(1000), g, "their norm is smaller")

			for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				g[7] = v
				NewClipper(e, g).Clip(0.5)
				require.InDelta(t, 10, g[999], 0, "the one that is not finite can be told")
			}

			many := ramp(2*simd.MaxCall + 5)
			c := NewClipper(e, many)
			c.Clip(3)
			if first == nil {
				first = slices.Clone(many)
			}
			require.True(t, slices.Equal(first, many), kernels.Name)
			require.Zero(t, testing.AllocsPerRun(3, func() { c.Clip(1) }))
			e.Close()
		}
	}
}
