package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/corrupt"
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
		"ascent":          func(e *tensor.Engine) { _, _ = NewAscent(e, network, ascent, 1) },
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
