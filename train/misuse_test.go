package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/objective"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// Whatever is planned on an engine that is closed panics at once.
func TestClosedEngine(t *testing.T) {
	t.Parallel()
	network, data := smallNormalised(), toyData(t)
	shape := conv.Shape{N: 1, C: 3, H: 8, W: 8, K: 3, R: 3, S: 3, Stride: 1, Groups: 1}
	depthwise, pooling := shape, conv.PoolShape{N: 1, C: 1, H: 4, W: 4, Window: 2, Stride: 2}
	depthwise.Groups = 3
	ascent := epochConfig(meada).Growth.Ascent
	operation := func(o augment.BatchOp) func(e *tensor.Engine) {
		return func(e *tensor.Engine) {
			_, err := o.Make(e, 2, 3, 8, 8)
			require.NoError(t, err)
		}
	}
	for name, plan := range map[string]func(e *tensor.Engine){
		"product":         func(e *tensor.Engine) { tensor.NewGemm(e, 2, 2, 2, false, false) },
		"convolution":     func(e *tensor.Engine) { conv.New(e, shape, conv.Options{}) },
		"implicit":        func(e *tensor.Engine) { conv.New(e, shape, conv.Options{NoWinograd: true}) },
		"depthwise":       func(e *tensor.Engine) { conv.New(e, depthwise, conv.Options{}) },
		"maximum pooling": func(e *tensor.Engine) { conv.NewMaxPool(e, pooling) },
		"average pooling": func(e *tensor.Engine) { conv.NewAvgPool(e, pooling) },
		"network":         func(e *tensor.Engine) { nn.Compile(e, network, 1, nn.Eval) },
		"Adam":            func(e *tensor.Engine) { optim.NewAdam(e, make([]float32, 4), make([]float32, 4), 1) },
		"SGD":             func(e *tensor.Engine) { optim.NewSGD(e, make([]float32, 4), make([]float32, 4), 1) },
		"objective":       func(e *tensor.Engine) { _, _ = objective.New(e, objective.Config{}, 2, 1, 10) },
		"contrast":        func(e *tensor.Engine) { objective.NewContrast(e, 2, 1, 4) },
		"maximiser":       func(e *tensor.Engine) { augment.NewMaximiser(e, nil, 1, 10, 4, ascent) },
		"ascent":          func(e *tensor.Engine) { _, _ = NewAscent(e, network, ascent, 1, 1) },
		"evaluator":       func(e *tensor.Engine) { NewEvaluator(e, network) },
		"adaptation":      func(e *tensor.Engine) { _, _ = NewAdaptation(e, smallNormalised()) },
		"corruptions":     func(e *tensor.Engine) { corrupt.NewSuite(e, 32, 32, 1, nil) },
		"RandConv":        operation(batch.RandConv{Sides: []int{3}}),
		"ProRandConv":     operation(batch.ProRandConv{Most: 1}),
		"Mixup":           operation(batch.Mixup{Alpha: 1}),
		"CutMix":          operation(batch.CutMix{Alpha: 1}),
		"Noise":           operation(batch.Noise{}),
		"training":        func(e *tensor.Engine) { _, _ = New(e, network, data, epochConfig(meada)) },
	} {
		e := tensor.NewEngineOn(1, nil)
		plan(e)
		e.Close()
		require.PanicsWithValue(t, "tensor: the engine is closed", func() { plan(e) }, name)
	}
}

// Sizes that are negative or fit into no memory panic at once, and say what they are.
func TestImpossibleSizes(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	network, ascent := smallNormalised(), epochConfig(meada).Growth.Ascent
	convolution := conv.Shape{N: 1, C: 3, H: 8, W: 8, K: 3, R: 3, S: 3, Stride: 1, Groups: 1}
	pooling := conv.PoolShape{N: 1, C: 1, H: 4, W: 4, Window: 2, Stride: 2}
	graph := func(f func(g *nn.Graph, x nn.Value)) {
		f(nn.NewGraph(3, 8, 8))
	}
	for name, plan := range map[string]func(size int){
		"tensor":           func(size int) { tensor.New(size, 2, 2, 2) },
		"view":             func(size int) { tensor.View(make([]float32, 8), size, 2, 2, 2) },
		"memory":           func(size int) { tensor.Aligned(size) },
		"product, rows":    func(size int) { tensor.NewGemm(e, size, 2, 2, false, false) },
		"product, columns": func(size int) { tensor.NewGemm(e, 2, size, 2, false, false) },
		"product, terms":   func(size int) { tensor.NewGemm(e, 2, 2, size, false, false) },
		"convolution":      func(size int) { s := convolution; s.N = size; conv.New(e, s, conv.Options{}) },
		"padding":          func(size int) { s := convolution; s.PadH = size; conv.New(e, s, conv.Options{}) },
		"groups":           func(size int) { s := convolution; s.Groups = size; conv.New(e, s, conv.Options{}) },
		"maximum pooling":  func(size int) { s := pooling; s.N = size; conv.NewMaxPool(e, s) },
		"pooling's window": func(size int) { s := pooling; s.Window = size; conv.NewMaxPool(e, s) },
		"average pooling":  func(size int) { s := pooling; s.H = size; conv.NewAvgPool(e, s) },
		"graph":            func(size int) { nn.NewGraph(size, 8, 8) },
		"graph, filters":   func(size int) { graph(func(g *nn.Graph, x nn.Value) { g.Conv("c", x, nn.Conv{Out: size, Kernel: 3}) }) },
		"graph, kernel":    func(size int) { graph(func(g *nn.Graph, x nn.Value) { g.Conv("c", x, nn.Conv{Out: 2, Kernel: size}) }) },
		"graph, same": func(size int) {
			graph(func(g *nn.Graph, x nn.Value) { g.Conv("c", x, nn.Conv{Out: 2, Kernel: size, Same: true}) })
		},
		"graph, groups": func(size int) {
			graph(func(g *nn.Graph, x nn.Value) { g.Conv("c", x, nn.Conv{Out: 2, Kernel: 1, Groups: size}) })
		},
		"graph, linear": func(size int) {
			graph(func(g *nn.Graph, x nn.Value) { g.Linear("c", g.Flatten(x), nn.Linear{Out: size}) })
		},
		"graph, pooling":    func(size int) { graph(func(g *nn.Graph, x nn.Value) { g.MaxPool(x, size, 2) }) },
		"graph, average":    func(size int) { graph(func(g *nn.Graph, x nn.Value) { g.AvgPool(x, size) }) },
		"plan":              func(size int) { nn.Compile(e, network, size, nn.Eval) },
		"maximiser":         func(size int) { augment.NewMaximiser(e, nil, size, 10, 4, ascent) },
		"maximiser's model": func(size int) { augment.NewMaximiser(e, nil, 1, size, 4, ascent) },
		"objective":         func(size int) { _, _ = objective.New(e, objective.Config{}, size, 1, 10) },
		"objective, labels": func(size int) { _, _ = objective.New(e, objective.Config{}, 1, 1, size) },
		"contrast":          func(size int) { objective.NewContrast(e, 1, 1, size) },
		"evaluator":         func(size int) { NewEvaluatorOf(e, network, size) },
		"corruptions":       func(size int) { corrupt.NewSuite(e, size, 32, 1, nil) },
		"RandConv":          func(size int) { _, _ = batch.RandConv{Sides: []int{3}}.Make(e, 1, size, 8, 8) },
		"ProRandConv":       func(size int) { _, _ = batch.ProRandConv{Most: 1}.Make(e, 1, 3, size, 8) },
		"Mixup":             func(size int) { _, _ = batch.Mixup{Alpha: 1}.Make(e, size, 3, 8, 8) },
		"AugMix": func(size int) {
			_, _ = image.AugMix{Severity: 1, Width: 1, Depth: 1, Alpha: 1}.Make(e, 3, size, 8, nil)
		},
		"chains": func(size int) { _, _ = transform.Chains{Longest: 3}.Make(e, size, 3, 8, 8) },
	} {
		for _, size := range []int{-1, math.MaxInt / 8} {
			func() {
				defer func() {
					require.IsType(t, "", recover(), "%s of %d", name, size)
				}()
				plan(size)
			}()
		}
	}
	require.Panics(t, func() { tensor.NewEngineOn(math.MaxInt/8, nil) })
}
