package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// chain is the operations on the bytes of an image, one after the other, for
// the use of one worker.
type chain struct {
	ops     []augment.ImageFunc
	buffers [2][]uint8
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

// views is what descent steps see of images.
type views struct {
	chains [][]chain             // by worker and view; nil where no view changes an image
	batch  [][]augment.BatchFunc // by view
}

// newViews makes the operations of the views for a network's images.
func newViews(e *tensor.Engine, network *nn.Network, c *Config) (*views, error) {
	v := &views{batch: make([][]augment.BatchFunc, c.views())}
	ch, h, w := network.C, network.H, network.W
	chains := make([][]chain, e.Threads())
	for worker := range chains {
		chains[worker] = make([]chain, c.views())
	}
	for i, view := range c.Views {
		for _, op := range view.Image {
			v.chains = chains
			for worker := range chains {
				f, err := op.Make(ch, h, w)
				if err != nil {
					return nil, fmt.Errorf("train: view %d: %w", i+1, err)
				}
				one := &chains[worker][i]
				one.ops = append(one.ops, f)
				if n := len(one.ops); n <= len(one.buffers) {
					one.buffers[n-1] = make([]uint8, ch*h*w)
				}
			}
		}
		for _, op := range view.Batch {
			f, err := op.Make(e, c.BatchSize, ch, h, w)
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
		d := g.draw
		d.View, d.Image = view, int(number)
		bytes = g.chains[worker][view].apply(bytes, d)
	}
	g.normalisation.FromBytes(g.engine, g.x.Image(i), bytes)
}
