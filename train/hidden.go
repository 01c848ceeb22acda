package train

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// hides reports whether a view has operations that act within the network.
func (c *Config) hides() bool {
	return slices.ContainsFunc(c.Views, func(v View) bool { return len(v.Hidden) > 0 })
}

// hidden is what mixes the images of a descent step at one depth of a network. It is
// the Mixer of the plan.
type hidden struct {
	depths []depth // that of the images first, then the network's places
	at     int     // the depth of the step
	batch  augment.Batch
}

// depth is the operations of each view at one depth, and those on gradients, in the
// order of running.
type depth struct{ forward, backward [][]augment.BatchFunc }

// newHidden makes the hidden operations for a network, nil where there are none.
func newHidden(e *tensor.Engine, network *nn.Network, c *Config) (*hidden, error) {
	if !c.hides() {
		return nil, nil
	}
	h := &hidden{}
	for _, shape := range slices.Concat([][3]int{{network.C, network.H, network.W}}, network.Places()) {
		d := depth{make([][]augment.BatchFunc, c.views()), make([][]augment.BatchFunc, c.views())}
		for i, view := range c.Views {
			for _, op := range view.Hidden {
				forward, backward, err := op.MakeHidden(e, c.shardSize(), shape[0], shape[1], shape[2])
				if err != nil {
					return nil, fmt.Errorf("train: view %d: %w", i+1, err)
				}
				d.forward[i], d.backward[i] = append(d.forward[i], forward), append(d.backward[i], backward)
			}
			slices.Reverse(d.backward[i])
		}
		h.depths = append(h.depths, d)
	}
	return h, nil
}

// begin draws the depth of a step on images x, what b says of them, and acts on them if
// that is theirs.
func (h *hidden) begin(x tensor.Tensor, b *augment.Batch) {
	if h == nil {
		return
	}
	h.batch = *b
	h.batch.Draw.View = 0
	source := *rng.New(h.batch.Draw.Seed, rng.Depth.Sub(h.batch.Draw.Index()))
	if h.at = source.IntN(len(h.depths)); h.at == 0 {
		h.apply(x, h.depths[0].forward)
	}
}

// Mix acts on what the network has at a place.
func (h *hidden) Mix(place int, x tensor.Tensor) {
	if place+1 == h.at {
		h.apply(x, h.depths[h.at].forward)
	}
}

// MixBackward takes the gradient back.
func (h *hidden) MixBackward(place int, dx tensor.Tensor) {
	if place+1 == h.at {
		h.apply(dx, h.depths[h.at].backward)
	}
}

// apply applies operations to each view of a batch.
func (h *hidden) apply(x tensor.Tensor, ops [][]augment.BatchFunc) {
	n := x.N / len(ops)
	for i, list := range ops {
		h.batch.X, h.batch.Draw.View = x.Images(i*n, (i+1)*n), i
		for _, op := range list {
			op(&h.batch)
		}
	}
}
