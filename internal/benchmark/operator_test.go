package benchmark

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestOperatorNames(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Operators() {
		key := o.Name() + " " + o.Pass
		require.False(t, seen[key], key)
		seen[key] = true
	}
	require.True(t, seen["maxpool 32x64x28x28 fwd"])
	require.True(t, seen["maxpool3 32x64x55x55 bwd"])
	require.True(t, seen["sgd 2243546 step"])
}

// Every operator can be run, and tells what it reads and writes.
func TestOperatorsRun(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, o := range Operators() {
		w := o.New(e)
		w.Run()
		require.Positive(t, w.Bytes, o.Name())
	}
}

// Of the steps only those of a maximisation count several.
func TestSteps(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, mode := range Modes {
		w := Step(e, "wrn", mode, 2)
		w.Run()
		require.Equal(t, mode == "maximise", w.Steps > 1)
	}
	require.Panics(t, func() { Step(e, "vgg", "train", 2) })
	require.Panics(t, func() { Step(e, "wrn", "dream", 2) })
}
