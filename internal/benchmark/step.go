package benchmark

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Modes lists what a step of a network can do with a batch: train on it with
// Adam; climb one step of ME-ADA's maximisation; or evaluate it.
var Modes = []string{"train", "maximise", "eval"}

// ascent is the number of steps of a maximisation: few, for slow CPUs, but
// enough that the first, which knows no distance yet, weighs little.
const ascent = 4

// LeNet5 returns a step of LeNet5 on a batch of random 3x32x32 images.
func LeNet5(e *tensor.Engine, mode string, batch int) Work {
	const classes = 10
	net := zoo.LeNet5(classes)
	net.Init(1)
	x := tensor.View(noise(batch*net.C*net.H*net.W), batch, net.C, net.H, net.W)
	for i := range x.Data {
		x.Data[i] += 0.5 // pixels lie in [0,1]
	}
	labels := make([]uint8, batch)
	for i := range labels {
		labels[i] = uint8(i % classes)
	}
	switch mode {
	case "train":
		plan := nn.Compile(e, net, batch, nn.Train)
		adam := optim.NewAdam(e, net.Values, net.Grads, 1e-4)
		gradient := tensor.New(batch, classes, 1, 1)
		return Work{Run: func() {
			logits, _ := plan.Forward(x)
			nn.CrossEntropy(e, gradient, logits, labels)
			plan.Backward(gradient, tensor.Tensor{})
			adam.Step()
		}}
	case "maximise":
		plan := nn.Compile(e, net, batch, nn.Maximise)
		m := augment.NewMaximiser(e, plan, batch, classes, net.Embedding, augment.Config{Steps: ascent, LR: 1, Gamma: 1, Eta: 10})
		images := tensor.New(batch, net.C, net.H, net.W)
		return Work{Steps: ascent, Run: func() {
			copy(images.Data, x.Data)
			m.Maximise(images, labels, batch)
		}}
	case "eval":
		plan := nn.Compile(e, net, batch, nn.Eval)
		return Work{Run: func() { plan.Forward(x) }}
	default:
		panic(fmt.Sprintf("benchmark: no mode %q", mode))
	}
}
