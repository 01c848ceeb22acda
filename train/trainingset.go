package train

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// trainingSet is the images to train on: the source and what phases add. Nothing
// is ever moved: the official code permutes the images, this their numbers.
type trainingSet struct {
	source *dataset.Images
	added  []block  // one for each phase, empty once another has replaced it
	labels []uint16 // by image number

	parents []int32 // of the last phase: the image number that each image was made from

	unread  int     // the source's images, once these have left: no others than those behind them are read
	order   []int32 // image numbers less unread, in reading order
	next    int     // position in order of the next image to read
	permute func(order []int32)
}

// block is the images that a phase adds. The digits script keeps the float32
// values that the ascent ended with, the CIFAR script makes bytes of them.
type block struct {
	n      int
	values tensor.Tensor // the former
	bytes  []uint8       // the latter

	file *mapped.File // that the images are in, nil for memory
}

// use notes that so many images are about to be looked at.
func (b *block) use(images int) {
	if b.file != nil {
		b.file.Use(images * int(b.imageBytes()))
	}
}

// free makes the block an empty one.
func (b *block) free() {
	if b.file != nil {
		b.file.Close()
	}
	*b = block{}
}

// newTrainingSet returns the training set of the source images, permuted.
func newTrainingSet(source *dataset.Images, permute func(order []int32)) *trainingSet {
	s := &trainingSet{source: source, labels: source.Labels[:source.N:source.N], order: make([]int32, source.N)}
	inOrder(s.order)
	s.arrange(permute)
	return s
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

func (s *trainingSet) len() int { return len(s.order) }

// arrange permutes the reading order, now and whenever it must from now on.
func (s *trainingSet) arrange(permute func([]int32)) {
	s.permute = permute
	s.reshuffle()
}

// reshuffle permutes the reading order and returns to its beginning.
func (s *trainingSet) reshuffle() {
	s.permute(s.order)
	s.next = 0
}

// draw reads the numbers of the next len(numbers) images. Where the set
// ends it is reshuffled on the spot, in the middle of a batch.
func (s *trainingSet) draw(numbers []int32) {
	for i := range numbers {
		if s.next == len(s.order) {
			s.reshuffle()
		}
		numbers[i] = int32(s.unread) + s.order[s.next]
		s.next++
	}
}

// firstOfSource returns the numbers of the first n images of the source in reading order,
// or in that of permute once these are not read.
func (s *trainingSet) firstOfSource(n int, permute func([]int32)) []int32 {
	if s.unread > 0 {
		numbers := make([]int32, s.source.N)
		permute(numbers)
		return numbers[:n]
	}
	numbers := make([]int32, 0, s.source.N)
	for _, number := range s.order {
		if int(number) < s.source.N {
			numbers = append(numbers, number)
		}
	}
	return numbers[:n]
}

// grow appends images with the labels of those that they were made from, and
// reshuffles. It drops the oldest set above those that there are to be, and the
// numbers of the others move up; or the source, whose numbers and labels stay.
func (s *trainingSet) grow(images block, from []int32, g *Growth) {
	dropped := 0
	s.added = append(s.added, images)
	if oldest := len(s.added) - 1 - g.kept(); g.kept() > 0 && oldest >= 0 {
		dropped = s.added[oldest].n
		s.added[oldest].free()
	}
	labels := make([]uint16, 0, len(s.labels)-dropped+images.n)
	labels = append(labels, s.labels[:s.source.N]...)
	labels = append(labels, s.labels[s.source.N+dropped:]...)
	for _, number := range from {
		labels = append(labels, s.labels[number])
	}
	before := s.order
	if g.sourceLeft(len(s.added)) && s.unread == 0 {
		s.unread, before = s.source.N, nil
	}
	order := make([]int32, len(labels)-s.unread)
	for i := copy(order, before); i < len(order); i++ {
		order[i] = int32(i)
	}
	s.parents = slices.Clone(from)
	s.labels, s.order = labels, order
	s.reshuffle()
}

// pixels returns one image, as bytes or as the values kept of it.
func (s *trainingSet) pixels(number int32) (bytes []uint8, values []float32) {
	n := int(number)
	if n < s.source.N {
		return s.source.Image(n), nil
	}
	n -= s.source.N
	for i := range s.added {
		b := &s.added[i]
		if n >= b.n {
			n -= b.n
			continue
		}
		b.use(1)
		if b.bytes == nil {
			return nil, b.values.Image(n)
		}
		size := len(b.bytes) / b.n
		return b.bytes[n*size:][:size], nil
	}
	panic("train: image number beyond the training set")
}

// bytes returns a copy of an image, rounded to bytes if values of it are kept, which are
// normalised.
func (s *trainingSet) bytes(number int32, n nn.Normalisation) []uint8 {
	bytes, values := s.pixels(number)
	if bytes != nil {
		return slices.Clone(bytes)
	}
	image := make([]uint8, len(values))
	plane := len(values) / len(n.Mean)
	for i, v := range values {
		v = float32(v*n.Std[i/plane]) + n.Mean[i/plane]
		image[i] = uint8(float32(min(max(v, 0), 1)*255) + 0.5)
	}
	return image
}
