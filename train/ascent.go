package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// ascentImages is about how many images ascend at a time. They count as
// batches of the configured size all the same.
const ascentImages = 64

// ascentChunk returns how many images ascend at a time: whole batches.
func ascentChunk(batch int) int { return max(1, ascentImages/batch) * batch }

// newMaximiser returns the maximiser of as many of a network's images as a plan takes.
func newMaximiser(engine *tensor.Engine, network *nn.Network, c augment.Config, plan *nn.Plan) (*augment.Maximiser, error) {
	chunk := plan.Batch
	m := augment.NewMaximiser(engine, plan, chunk, network.Classes, network.Embedding, c)
	m.Mean, m.Std = network.Normalisation.Mean, network.Normalisation.Std
	var err error
	if c.Transforms != nil {
		m.Transformer, err = c.Transforms.Make(engine, chunk, network.C, network.H, network.W)
	}
	return m, err
}

// Ascent makes adversarial images as a maximisation phase does.
type Ascent struct {
	maximiser *augment.Maximiser
	batch     int
	load      load
	numbers   []int32 // of the images at hand
}

// NewAscent prepares the ascent of images in batches of a given size. Random starts
// and chains of operations are drawn by the seed, as in round 0. Images beyond [0,1]
// come back as they are unless the settings bound them.
func NewAscent(engine *tensor.Engine, network *nn.Network, c augment.Config, batch int, seed uint64) (*Ascent, error) {
	if batch < 1 {
		return nil, fmt.Errorf("train: batches of %d images, expected 1 or more", batch)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	chunk := ascentChunk(batch)
	maximiser, err := newMaximiser(engine, network, c, nn.Compile(engine, network, chunk, nn.Maximise))
	if err != nil {
		return nil, err
	}
	maximiser.Start.Draw.Seed = seed
	return &Ascent{
		maximiser: maximiser, batch: batch,
		load: newLoad(engine, network, chunk),
	}, nil
}

// Ascend returns images first, first+1, ... after the ascent, normalised, as many
// as ascend at a time or are left, with the means over them before each
// step. Both are valid until the next call. An image that is not finite then is
// an error; images that are not the network's panic.
func (a *Ascent) Ascend(images *dataset.Images, first int) (tensor.Tensor, []augment.Means, error) {
	x := a.load.read(images, first)
	a.numbers = a.numbers[:0]
	for i := range x.N {
		a.numbers = append(a.numbers, int32(first+i))
	}
	a.maximiser.Start.Numbers = a.numbers
	means := a.maximiser.Maximise(x, images.Labels[first:][:x.N], a.batch)
	if n := a.maximiser.NonFinite(); n >= 0 {
		return x, means, fmt.Errorf("image %d is NaN or infinite after the ascent", first+n)
	}
	return x, means, nil
}
