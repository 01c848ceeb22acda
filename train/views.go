package train

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// chain is the operations on an image, one after the other, for the use of one
// worker.
type chain struct {
	ops     []augment.ImageFunc
	buffers [2][]uint8
	values  augment.ValueFunc // nil for the bytes normalised
}

// apply returns the changed image, valid until the next call.
func (c *chain) apply(image []uint8, d augment.Draw) []uint8 {
	for i, op := range c.ops {
		out := c.buffers[i&1]
		op(out, image, d)
		image = out
	}
	return image
}

// newChain makes the operations of a view on a network's images.
func newChain(e *tensor.Engine, network *nn.Network, view *View) (chain, error) {
	var all chain
	c, h, w := network.C, network.H, network.W
	for _, op := range view.Image {
		f, err := op.Make(c, h, w)
		if err != nil {
			return chain{}, err
		}
		all.ops = append(all.ops, f)
		if n := len(all.ops); n <= len(all.buffers) {
			all.buffers[n-1] = make([]uint8, c*h*w)
		}
	}
	if view.Values == nil {
		return all, nil
	}
	normalise := func(dst []float32, src []uint8) { network.Normalisation.FromBytes(e, dst, src) }
	var err error
	all.values, err = view.Values.Make(e, c, h, w, normalise)
	return all, err
}

// views is what descent steps see of images.
type views struct {
	chains [][]chain             // by worker and view; nil where no view changes an image
	batch  [][]augment.BatchFunc // by view
}

// newViews makes the operations of the views for a network's images.
func newViews(e *tensor.Engine, network *nn.Network, c *Config) (*views, error) {
	v := &views{batch: make([][]augment.BatchFunc, c.views())}
	ch, h, w := network.C, network.H, network.W
	if slices.ContainsFunc(c.Views, func(view View) bool { return view.changesBytes() }) {
		v.chains = make([][]chain, e.Threads())
	}
	for worker := range v.chains {
		v.chains[worker] = make([]chain, c.views())
	}
	for i, view := range c.Views {
		for worker := range v.chains {
			var err error
			if v.chains[worker][i], err = newChain(e, network, &view); err != nil {
				return nil, fmt.Errorf("train: view %d: %w", i+1, err)
			}
		}
		for _, op := range view.Batch {
			f, err := op.Make(e, c.shardSize(), ch, h, w)
			if err != nil {
				return nil, fmt.Errorf("train: view %d: %w", i+1, err)
			}
			v.batch[i] = append(v.batch[i], f)
		}
	}
	return v, nil
}

// gather is the task that collects images of the training set, normalised, one
// a part: the views of all the images, one view after the other.
type gather struct {
	set           *trainingSet
	engine        *tensor.Engine
	normalisation nn.Normalisation
	chains        [][]chain    // nil for images as they are
	draw          augment.Draw // the seed and the round

	numbers []int32
	x       tensor.Tensor
}

func (g *gather) Do(i, worker int) {
	view, number := i/len(g.numbers), g.numbers[i%len(g.numbers)]
	bytes, values := g.set.pixels(number)
	if values != nil {
		copy(g.x.Image(i), values)
		return
	}
	if g.chains != nil {
		d, chain := g.draw, &g.chains[worker][view]
		d.View, d.Image = view, int(number)
		bytes = chain.apply(bytes, d)
		if chain.values != nil {
			chain.values(g.x.Image(i), bytes, d)
			return
		}
	}
	g.normalisation.FromBytes(g.engine, g.x.Image(i), bytes)
}
