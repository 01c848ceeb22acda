package simd

import "math"

// AdamStep holds the constants of one step of Adam (Kingma and Ba, 2015).
type AdamStep struct {
	Beta1, Gain1 float32 // decay of the first moment, and 1 - decay
	Beta2, Gain2 float32 // the same for the second moment
	StepSize     float32 // lr / (1 - beta1^t)
	Correction   float32 // sqrt(1 - beta2^t)
	Epsilon      float32
	WeightDecay  float32 // L2 penalty, added to the gradient
}

// NewAdamStep returns the constants of step t >= 1. They are computed in
// float64 and rounded once, as PyTorch does: 1 - float32(0.999) is off by
// 5e-5 of its value.
func NewAdamStep(lr, beta1, beta2, epsilon, weightDecay float64, t int) AdamStep {
	return AdamStep{
		Beta1: float32(beta1), Gain1: float32(1 - beta1),
		Beta2: float32(beta2), Gain2: float32(1 - beta2),
		StepSize:    float32(lr / (1 - math.Pow(beta1, float64(t)))),
		Correction:  float32(math.Sqrt(1 - math.Pow(beta2, float64(t)))),
		Epsilon:     float32(epsilon),
		WeightDecay: float32(weightDecay),
	}
}

// adamGeneric makes one step of Adam in PyTorch's form, on parameters p with
// gradients g and moments m and v (0 before the first step):
//
//	d  = g + WeightDecay*p              fused
//	m  = m*Beta1 + Gain1*d              product, then fused
//	v  = v*Beta2 + (Gain2*d)*d          products, then fused
//	p -= StepSize*m / (sqrt(v)/Correction + Epsilon)
//
// Square root and quotients are rounded correctly, so that every kernel set has the
// same bits. It reads g, p, m, v and writes p, m, v once: 28 bytes an element.
// A call should cover at most 64 Ki elements.
func adamGeneric(p, g, m, v []float32, s *AdamStep) {
	for i, w := range p {
		d := g[i] + s.WeightDecay*w
		m[i] = m[i]*s.Beta1 + s.Gain1*d
		v[i] = v[i]*s.Beta2 + s.Gain2*d*d
		root := float32(math.Sqrt(float64(v[i])))
		p[i] = w - s.StepSize*m[i]/(root/s.Correction+s.Epsilon)
	}
}

// SGDStep holds the constants of one step of SGD with momentum.
type SGDStep struct {
	LR, Momentum float32
	WeightDecay  float32 // L2 penalty, added to the gradient
	Nesterov     bool
}

// sgdGeneric makes one step of SGD with momentum in PyTorch's form, on
// parameters p with gradients g and momentum buffer buf (0 before the first
// step):
//
//	d   = g + WeightDecay*p
//	buf = Momentum*buf + d
//	p  -= LR*buf, or with Nesterov p -= LR*(d + Momentum*buf)
//
// each fused. It reads g, p, buf and writes p, buf once: 20 bytes an element.
// A call should cover at most 64 Ki elements.
func sgdGeneric(p, g, buf []float32, s *SGDStep) {
	for i, w := range p {
		d := g[i] + s.WeightDecay*w
		buf[i] = s.Momentum*buf[i] + d
		if s.Nesterov {
			d += s.Momentum * buf[i]
		} else {
			d = buf[i]
		}
		p[i] = w - s.LR*d
	}
}
