package nn

import "github.com/meada-cpu/meada-cpu/tensor"

// Mixer changes the images of a batch at places within a network.
type Mixer interface {
	// Mix changes x, what the images of a batch are at a place, where it lies.
	Mix(place int, x tensor.Tensor)
	// MixBackward turns dx, the gradient by what Mix has made, into that by what it
	// was given, where it lies.
	MixBackward(place int, dx tensor.Tensor)
}

// mixture is a place where the plan's Mixer changes the images.
type mixture struct {
	unary
	plan      *Plan
	place     int
	copy, add *pass // add is nil where the gradients lie in one place
}

func (b *builder) mixture(o *op) step {
	s := &mixture{plan: b.Plan, place: o.place}
	b.unary(&s.unary, o)
	s.copy = newPass(b.engine, &s.y, func(n, lo, hi, _ int) { copy(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi)) })
	if s.wanted && !b.program.grads.same(o.in[0], o.out) {
		s.add = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
			dy, dx := channels(&s.dy, n, lo, hi), channels(&s.dx, n, lo, hi)
			if s.accumulate {
				b.engine.Kernels.Axpy(1, dy, dx)
				return
			}
			copy(dx, dy)
		})
	}
	return s
}

func (s *mixture) forward() {
	s.copy.run()
	if m := s.plan.Mixer; m != nil {
		m.Mix(s.place, s.y)
	}
}

// backward changes the gradient of the result where it lies: nothing reads it any more.
func (s *mixture) backward() {
	if m := s.plan.Mixer; m != nil {
		m.MixBackward(s.place, s.dy)
	}
	if s.add != nil {
		s.add.run()
	}
}
