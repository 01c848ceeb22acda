// Package optim holds the optimisers and learning-rate schedules of the
// published training scripts.
package optim

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Group is parameters with a rate of their own.
type Group struct {
	End  int     // those from the end of the group before up to here
	Rate float64 // factor of the optimiser's rate
}

// Adam is the optimiser of Kingma and Ba, "Adam: a method for stochastic
// optimization", ICLR 2015, as PyTorch computes it. Its fields may be changed
// between steps; M, V and T are its state.
type Adam struct {
	LR, Beta1, Beta2, Epsilon, WeightDecay float64

	M, V []float32 // decaying means of gradients and of their squares
	T    int       // steps done

	Groups []Group // one of all parameters, at the full rate, unless changed

	engine *tensor.Engine
	p, g   []float32
	step   simd.AdamStep
	task   adamTask
}

// NewAdam returns Adam for parameters p with gradients g, at rate lr and
// PyTorch's defaults for the rest.
func NewAdam(e *tensor.Engine, p, g []float32, lr float64) *Adam {
	e.Reserve(0, 0)
	a := &Adam{
		LR: lr, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
		M: tensor.Aligned(len(p)), V: tensor.Aligned(len(p)),
		Groups: []Group{{len(p), 1}},
		engine: e, p: p, g: g,
	}
	a.task.Adam = a
	return a
}

// Step updates the parameters by their current gradients.
func (a *Adam) Step() {
	checkSizes(a.p, a.Groups, a.g, a.M, a.V)
	a.T++
	a.task.end = 0
	for _, g := range a.Groups {
		a.task.begin, a.task.end = a.task.end, g.End
		a.step = simd.NewAdamStep(a.LR*g.Rate, a.Beta1, a.Beta2, a.Epsilon, a.WeightDecay, a.T)
		a.engine.Run(a.task.parts(), &a.task)
	}
}

// adamTask updates one part of a group.
type adamTask struct {
	*Adam
	span
}

func (a *adamTask) Do(part, _ int) {
	lo, hi := a.bounds(part)
	a.engine.Kernels.Adam(a.p[lo:hi], a.g[lo:hi], a.M[lo:hi], a.V[lo:hi], &a.step)
}

// SGD is stochastic gradient descent with momentum, as PyTorch computes it. Its
// fields may be changed between steps; Buffer is its state.
type SGD struct {
	LR, Momentum, WeightDecay float64
	Nesterov                  bool

	Buffer []float32 // decaying sum of gradients

	Groups []Group // one of all parameters, at the full rate, unless changed

	engine *tensor.Engine
	p, g   []float32
	step   simd.SGDStep
	task   sgdTask
}

// NewSGD returns plain SGD for parameters p with gradients g, at rate lr.
func NewSGD(e *tensor.Engine, p, g []float32, lr float64) *SGD {
	e.Reserve(0, 0)
	s := &SGD{LR: lr, Buffer: tensor.Aligned(len(p)), Groups: []Group{{len(p), 1}}, engine: e, p: p, g: g}
	s.task.SGD = s
	return s
}

// Step updates the parameters by their current gradients.
func (s *SGD) Step() {
	checkSizes(s.p, s.Groups, s.g, s.Buffer)
	s.task.end = 0
	for _, g := range s.Groups {
		s.task.begin, s.task.end = s.task.end, g.End
		s.step = simd.SGDStep{
			LR: float32(s.LR * g.Rate), Momentum: float32(s.Momentum),
			WeightDecay: float32(s.WeightDecay), Nesterov: s.Nesterov,
		}
		s.engine.Run(s.task.parts(), &s.task)
	}
}

// sgdTask updates one part of a group.
type sgdTask struct {
	*SGD
	span
}

func (s *sgdTask) Do(part, _ int) {
	lo, hi := s.bounds(part)
	s.engine.Kernels.SGD(s.p[lo:hi], s.g[lo:hi], s.Buffer[lo:hi], &s.step)
}

// span is the parameters of a group, in parts of simd.MaxCall at the most.
type span struct{ begin, end int }

// checkSizes panics unless gradients and state are as many as the parameters, and
// the groups follow each other to the last of them.
func checkSizes(p []float32, groups []Group, others ...[]float32) {
	end := 0
	for _, g := range groups {
		if g.End < end {
			panic(fmt.Sprintf("optim: a group ends at %d, the one before at %d", g.End, end))
		}
		end = g.End
	}
	if end != len(p) {
		panic(fmt.Sprintf("optim: groups end at %d of %d parameters", end, len(p)))
	}
	for _, other := range others {
		if len(other) != len(p) {
			panic(fmt.Sprintf("optim: gradients or state of %d elements for %d parameters", len(other), len(p)))
		}
	}
}

func (s *span) parts() int { return (s.end - s.begin + simd.MaxCall - 1) / simd.MaxCall }

func (s *span) bounds(part int) (lo, hi int) {
	lo = s.begin + part*simd.MaxCall
	return lo, min(lo+simd.MaxCall, s.end)
}
