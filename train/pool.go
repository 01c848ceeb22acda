package train

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// pool is the growing training set. The source images stay bytes; what a phase
// adds is kept as the float32 values that the ascent ended with, as in the
// official code. Nothing is ever moved: the official code permutes the images,
// the pool permutes their numbers.
type pool struct {
	source *dataset.Images
	added  []tensor.Tensor // one for each phase
	labels []uint8         // by image number

	parents []int32 // of the last phase: the image number that each image was made from

	order   []int32 // image numbers in reading order
	next    int     // position in order of the next image to read
	permute func(order []int32)
}

// newPool returns the shuffled pool of the source images. It permutes the
// reading order by permute, now and whenever it must.
func newPool(source *dataset.Images, permute func(order []int32)) *pool {
	p := &pool{source: source, labels: source.Labels, permute: permute}
	p.order = make([]int32, source.N)
	for i := range p.order {
		p.order[i] = int32(i)
	}
	p.reshuffle()
	return p
}

// shuffler returns the permutations that belong to a seed.
func shuffler(seed uint64) func([]int32) {
	source := rng.New(seed, rng.Shuffle)
	return func(order []int32) {
		source.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
}

func (p *pool) len() int { return len(p.order) }

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
func (p *pool) grow(images tensor.Tensor) {
	labels := make([]uint8, 0, len(p.labels)+images.N)
	labels = append(labels, p.labels...)
	for _, number := range p.order[:images.N] {
		labels = append(labels, p.labels[number])
	}
	order := make([]int32, len(labels))
	for i := copy(order, p.order); i < len(order); i++ {
		order[i] = int32(i)
	}
	p.parents = slices.Clone(p.order[:images.N])
	p.labels, p.order = labels, order
	p.added = append(p.added, images)
	p.reshuffle()
}

// read copies one image as float32 in [0,1].
func (p *pool) read(dst []float32, number int32) {
	n := int(number)
	if n < p.source.N {
		toFloat(dst, p.source.Data[n*len(dst):])
		return
	}
	n -= p.source.N
	for _, images := range p.added {
		if n < images.N {
			copy(dst, images.Image(n))
			return
		}
		n -= images.N
	}
	panic("train: image number beyond the pool")
}

// bytes returns a copy of an image rounded to bytes.
func (p *pool) bytes(number int32) []uint8 {
	x := make([]float32, p.source.C*p.source.H*p.source.W)
	p.read(x, number)
	image := make([]uint8, len(x))
	for i, v := range x {
		image[i] = uint8(min(max(v, 0), 1)*255 + 0.5)
	}
	return image
}

// unit holds i/255, rounded as a division rounds: a product with 1/255 is not
// always the same.
var unit = func() (table [256]float32) {
	for i := range table {
		table[i] = float32(i) / 255
	}
	return
}()

// toFloat converts the first len(dst) bytes of src to [0,1].
func toFloat(dst []float32, src []uint8) {
	src = src[:len(dst)]
	for i, b := range src {
		dst[i] = unit[b]
	}
}

// gather is the task that collects a batch from the pool, an image a part.
type gather struct {
	pool    *pool
	numbers []int32
	x       tensor.Tensor
}

func (g *gather) Do(i, _ int) { g.pool.read(g.x.Image(i), g.numbers[i]) }
