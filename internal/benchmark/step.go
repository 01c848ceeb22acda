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
// its optimiser; take one step of ME-ADA's ascent; or evaluate it.
var Modes = []string{"train", "maximise", "eval"}

// ascent is the number of steps of a maximisation: few, for slow CPUs, but
// enough that the first, which knows no distance yet, weighs little.
const ascent = 4

// Step returns a step of a network of package zoo on a batch of random images:
// LeNet5's as the published digits script takes it, with Adam, another's as the
// CIFAR script does, with SGD and Nesterov's momentum.
func Step(e *tensor.Engine, model, mode string, batch int) Work {
	const classes = 10
	net, err := zoo.New(model, classes)
	if err != nil {
		panic("benchmark: " + err.Error())
	}
	net.Init(1)
	x := tensor.View(noise(batch*net.C*net.H*net.W), batch, net.C, net.H, net.W)
	labels := make([]uint16, batch)
	for i := range labels {
		labels[i] = uint16(i % classes)
	}
	switch mode {
	case "train":
		plan := nn.Compile(e, net, batch, nn.Train)
		gradient := tensor.New(batch, classes, 1, 1)
		update := optimiser(e, net)
		return Work{Run: func() {
			logits, _ := plan.Forward(x)
			nn.CrossEntropy(e, gradient, logits, labels)
			plan.Backward(gradient, tensor.Tensor{})
			update()
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

// optimiser returns the update that the published script for a network makes.
func optimiser(e *tensor.Engine, net *nn.Network) func() {
	if net.Name == "lenet5" {
		adam := optim.NewAdam(e, net.Values, net.Grads, 1e-4)
		return func() { adam.Step() }
	}
	sgd := optim.NewSGD(e, net.Values, net.Grads, 0.01)
	sgd.Momentum, sgd.WeightDecay, sgd.Nesterov = 0.9, 5e-4, true
	return func() { sgd.Step() }
}
