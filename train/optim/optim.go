// Package optim holds the optimisers and learning-rate schedules of the
// published training scripts.
package optim

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Adam is the optimiser of Kingma and Ba, "Adam: a method for stochastic
// optimization", ICLR 2015, as PyTorch computes it. Its fields may be changed
// between steps; M, V and T are its state.
type Adam struct {
	LR, Beta1, Beta2, Epsilon, WeightDecay float64

	M, V []float32 // decaying means of gradients and of their squares
	T    int       // steps done

	engine *tensor.Engine
	p, g   []float32
	step   simd.AdamStep
	task   adamTask
}

// NewAdam returns Adam for parameters p with gradients g, at rate lr and
// PyTorch's defaults for the rest.
func NewAdam(e *tensor.Engine, p, g []float32, lr float64) *Adam {
	a := &Adam{
		LR: lr, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
		M: tensor.Aligned(len(p)), V: tensor.Aligned(len(p)),
		engine: e, p: p, g: g,
	}
	a.task.Adam = a
	return a
}

// Step updates the parameters by their current gradients.
func (a *Adam) Step() {
	a.T++
	a.step = simd.NewAdamStep(a.LR, a.Beta1, a.Beta2, a.Epsilon, a.WeightDecay, a.T)
	a.engine.Run(parts(len(a.p)), &a.task)
}

// adamTask updates one part, of simd.MaxCall parameters at the most.
type adamTask struct{ *Adam }

func (a *adamTask) Do(part, _ int) {
	lo, hi := bounds(part, len(a.p))
	a.engine.Kernels.Adam(a.p[lo:hi], a.g[lo:hi], a.M[lo:hi], a.V[lo:hi], &a.step)
}

// SGD is stochastic gradient descent with momentum, as PyTorch computes it. Its
// fields may be changed between steps; Buffer is its state.
type SGD struct {
	LR, Momentum, WeightDecay float64
	Nesterov                  bool

	Buffer []float32 // decaying sum of gradients

	engine *tensor.Engine
	p, g   []float32
	step   simd.SGDStep
	task   sgdTask
}

// NewSGD returns plain SGD for parameters p with gradients g, at rate lr.
func NewSGD(e *tensor.Engine, p, g []float32, lr float64) *SGD {
	s := &SGD{LR: lr, Buffer: tensor.Aligned(len(p)), engine: e, p: p, g: g}
	s.task.SGD = s
	return s
}

// Step updates the parameters by their current gradients.
func (s *SGD) Step() {
	s.step = simd.SGDStep{
		LR: float32(s.LR), Momentum: float32(s.Momentum),
		WeightDecay: float32(s.WeightDecay), Nesterov: s.Nesterov,
	}
	s.engine.Run(parts(len(s.p)), &s.task)
}

// sgdTask updates one part, of simd.MaxCall parameters at the most.
type sgdTask struct{ *SGD }

func (s *sgdTask) Do(part, _ int) {
	lo, hi := bounds(part, len(s.p))
	s.engine.Kernels.SGD(s.p[lo:hi], s.g[lo:hi], s.Buffer[lo:hi], &s.step)
}

func parts(n int) int { return (n + simd.MaxCall - 1) / simd.MaxCall }

func bounds(part, n int) (lo, hi int) { return part * simd.MaxCall, min((part+1)*simd.MaxCall, n) }
