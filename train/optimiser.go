package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// Optimiser describes how a descent step updates the parameters: [Adam] or
// [SGD].
type Optimiser interface {
	check() error
	// start begins with a network's parameters, those of the backbone at that share of
	// the rate.
	start(e *tensor.Engine, network *nn.Network, backbone float64) updater
	rate() (lr float64, cosine bool)
	moments() int64 // elements of the optimiser's state for each parameter
}

// updater is an optimiser at work.
type updater interface {
	update(lr float64)
	arrays() map[string][]float32 // its state, by name in a checkpoint
	count() *int                  // updates done, nil if it does not count them
}

// Adam is the optimiser of the official digits script; see [optim.Adam].
type Adam struct {
	LR     float64
	Decay  float64 // of every parameter, added to its gradient
	Cosine bool    // anneal LR to 0 over the run, as [SGD]
}

// SGD is that of the official CIFAR script: stochastic gradient descent with
// Nesterov's momentum, if there is any; see [optim.SGD].
type SGD struct {
	LR       float64
	Momentum float64
	Decay    float64 // of every parameter, added to its gradient
	Cosine   bool    // anneal LR to 0 over the run, see [optim.Annealing]
}

// groups returns a network's backbone, at a share of the rate, and its head.
func groups(network *nn.Network, backbone float64) []optim.Group {
	all := optim.Group{End: len(network.Values), Rate: 1}
	if backbone == 1 {
		return []optim.Group{all}
	}
	return []optim.Group{{End: network.Head(), Rate: backbone}, all}
}

// checkRates refuses a rate or a decay that no run can have.
func checkRates(name string, lr, decay float64) error {
	if !(lr >= 0 && finite(lr)) {
		return fmt.Errorf("train: %s.LR is %v, expected a number that is not negative", name, lr)
	}
	if !(decay >= 0 && finite(decay)) {
		return fmt.Errorf("train: %s.Decay is %v, expected a number that is not negative", name, decay)
	}
	return nil
}

func (a Adam) check() error                    { return checkRates("Adam", a.LR, a.Decay) }
func (a Adam) rate() (lr float64, cosine bool) { return a.LR, a.Cosine }
func (Adam) moments() int64                    { return 2 }

func (a Adam) start(e *tensor.Engine, network *nn.Network, backbone float64) updater {
	adam := optim.NewAdam(e, network.Values, network.Grads, a.LR)
	adam.WeightDecay, adam.Groups = a.Decay, groups(network, backbone)
	return adamUpdater{adam}
}

type adamUpdater struct{ *optim.Adam }

func (a adamUpdater) update(lr float64) {
	a.LR = lr
	a.Step()
}

func (a adamUpdater) arrays() map[string][]float32 {
	return map[string][]float32{"adam.m": a.M, "adam.v": a.V}
}

func (a adamUpdater) count() *int { return &a.T }

func (s SGD) check() error {
	if !(s.Momentum >= 0 && s.Momentum < 1) {
		return fmt.Errorf("train: SGD.Momentum is %v, expected 0 or more and less than 1", s.Momentum)
	}
	return checkRates("SGD", s.LR, s.Decay)
}

func (s SGD) rate() (lr float64, cosine bool) { return s.LR, s.Cosine }
func (SGD) moments() int64                    { return 1 }

func (s SGD) start(e *tensor.Engine, network *nn.Network, backbone float64) updater {
	sgd := optim.NewSGD(e, network.Values, network.Grads, s.LR)
	sgd.Groups = groups(network, backbone)
	sgd.Momentum, sgd.WeightDecay, sgd.Nesterov = s.Momentum, s.Decay, s.Momentum > 0
	return sgdUpdater{sgd}
}

type sgdUpdater struct{ *optim.SGD }

func (s sgdUpdater) update(lr float64) {
	s.LR = lr
	s.Step()
}

func (s sgdUpdater) arrays() map[string][]float32 {
	return map[string][]float32{"sgd.buffer": s.Buffer}
}

func (sgdUpdater) count() *int { return nil }

// learningRate is the rate of the next update. Annealing is stretched to
// the size of the training set at the start of every round, as in the official script. One
// cycle has the steps of the whole run from the beginning.
type learningRate struct {
	optim.Annealing
	constant bool
	cycle    optim.OneCycle // Rise 0 for none
	steps    int            // of the run
}

// newLearningRate returns that of the first update of a run of so many steps.
func newLearningRate(c *Config, steps int) learningRate {
	lr, cosine := c.Optimiser.rate()
	r := learningRate{constant: !cosine, steps: steps}
	r.LR, r.Power = lr, c.Power
	if c.OneCycle > 0 {
		r.cycle = optim.OneCycle{Peak: lr, Rise: c.OneCycle}
		r.LR = r.cycle.At(0, steps)
	}
	return r
}

func (r *learningRate) step() {
	switch {
	case r.cycle.Rise > 0:
		r.T++
		r.LR = r.cycle.At(r.T, r.steps)
	case !r.constant:
		r.Annealing.Step()
	}
}
