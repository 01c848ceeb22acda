package train

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// pool is the growing training set. Nothing is ever moved: the official code
// permutes the images, the pool permutes their numbers.
type pool struct {
	source *dataset.Images
	added  []block  // one for each phase
	labels []uint16 // by image number

	parents []int32 // of the last phase: the image number that each image was made from

	order   []int32 // image numbers in reading order
	next    int     // position in order of the next image to read
	permute func(order []int32)
}

// block is the images that a phase adds. The digits script keeps the float32
// values that the ascent ended with, the CIFAR script makes bytes of them.
type block struct {
	n      int
	values tensor.Tensor // the former
	bytes  []uint8       // the latter
}

// newPool returns the permuted pool of the source images.
func newPool(source *dataset.Images, permute func(order []int32)) *pool {
	p := &pool{source: source, labels: source.Labels, order: make([]int32, source.N)}
	inOrder(p.order)
	p.arrange(permute)
	return p
}

// inOrder is the permutation that undoes any other.
func inOrder(order []int32) {
	for i := range order {
		order[i] = int32(i)
	}
}

// shuffler returns the permutations that a source draws, one after the other.
func shuffler(source *rng.Source) func([]int32) {
	return func(order []int32) { shuffle(source, order) }
}

// epochShuffler returns the permutation of an epoch, which depends on nothing
// but the seed and the epoch.
func epochShuffler(seed uint64, epoch int) func([]int32) {
	return func(order []int32) {
		inOrder(order)
		shuffle(rng.New(seed, rng.Shuffle.Sub(uint64(epoch))), order)
	}
}

func shuffle(source *rng.Source, order []int32) {
	source.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

func (p *pool) len() int { return len(p.order) }

// arrange permutes the reading order, now and whenever it must from now on.
func (p *pool) arrange(permute func([]int32)) {
	p.permute = permute
	p.reshuffle()
}

// reshuffle permutes the reading order and returns to its beginning.
func (p *pool) reshuffle() {
	p.permute(p.order)
	p.next = 0
}

// draw reads the numbers of the next len(numbers) images. Where the pool ends
// it is reshuffled on the spot, in the middle of a batch.
func (p *pool) draw(numbers []int32) {
	for i := range numbers {
		if p.next == len(p.order) {
			p.reshuffle()
		}
		numbers[i] = p.order[p.next]
		p.next++
	}
}

// grow appends images with the labels of the first images in reading order,
// from which they were made, and reshuffles.
func (p *pool) grow(images block) {
	labels := make([]uint16, 0, len(p.labels)+images.n)
	labels = append(labels, p.labels...)
	for _, number := range p.order[:images.n] {
		labels = append(labels, p.labels[number])
	}
	order := make([]int32, len(labels))
	for i := copy(order, p.order); i < len(order); i++ {
		order[i] = int32(i)
	}
	p.parents = slices.Clone(p.order[:images.n])
	p.labels, p.order = labels, order
	p.added = append(p.added, images)
	p.reshuffle()
}

// pixels returns one image, as bytes or as the values kept of it.
func (p *pool) pixels(number int32) (bytes []uint8, values []float32) {
	n := int(number)
	if n < p.source.N {
		return p.source.Image(n), nil
	}
	n -= p.source.N
	for i := range p.added {
		b := &p.added[i]
		if n >= b.n {
			n -= b.n
			continue
		}
		if b.bytes == nil {
			return nil, b.values.Image(n)
		}
		size := len(b.bytes) / b.n
		return b.bytes[n*size:][:size], nil
	}
	panic("train: image number beyond the pool")
}

// bytes returns a copy of an image, rounded to bytes if values of it are kept.
func (p *pool) bytes(number int32) []uint8 {
	bytes, values := p.pixels(number)
	if bytes != nil {
		return slices.Clone(bytes)
	}
	image := make([]uint8, len(values))
	for i, v := range values {
		image[i] = uint8(min(max(v, 0), 1)*255 + 0.5)
	}
	return image
}

// gather is the task that collects images of the pool, normalised, an image a
// part.
type gather struct {
	pool          *pool
	engine        *tensor.Engine
	normalisation nn.Normalisation
	transform     *transform // nil for images as they are

	numbers []int32
	x       tensor.Tensor
}

func (g *gather) Do(i, worker int) {
	number := g.numbers[i]
	bytes, values := g.pool.pixels(number)
	if values != nil {
		copy(g.x.Image(i), values)
		return
	}
	if g.transform != nil {
		bytes = g.transform.apply(bytes, number, worker)
	}
	g.normalisation.FromBytes(g.engine, g.x.Image(i), bytes)
}
