// Package augment changes the images that a network is trained on. Its
// operations are data: settings that a run is described by, from which the
// training loop makes functions with memory of their own. There are four kinds:
//
//   - an [ImageOp] changes the bytes of one image, see package image;
//   - a [ValueOp] makes normalised values of them, such as a mixture of several
//     images;
//   - a [BatchOp] changes the normalised values, and perhaps the labels, of a
//     batch;
//   - a [Maximiser] moves images by gradient ascent to where a network errs: the
//     adversarial data augmentation of ADA and ME-ADA.
//
// Of a network the package knows two methods, see [Model].
package augment

import "github.com/meada-cpu/meada-cpu/tensor"

// Draw is what the random numbers of an operation are a function of. The same
// image has others in another round and in another view, and none depends on
// which images came before.
type Draw struct {
	Seed  uint64 // of the run
	Round int    // the epoch, or the descent step where no epochs are counted; below 2^24
	View  int    // of the image, below 4; of Anew below 16
	Image int    // its number in the training set, below 2^28
}

// Index returns the number of the sub-stream of random numbers that belongs to
// the round, the view and the image.
func (d Draw) Index() uint64 {
	return uint64(d.Round)<<32 | uint64(d.View)<<28 | uint64(d.Image)
}

// viewsOfAnImage is how many views an image has at most, apart from those of Anew.
const viewsOfAnImage = 4

// Anew returns the draw of an operation that repeats another, on the same view, for the
// time given, 1 to 3.
func (d Draw) Anew(time int) Draw {
	d.View += time * viewsOfAnImage
	return d
}

// ImageOp describes a random operation on single images. An implementation is
// plain data, its fields are the settings, so that a checkpoint can say what a
// run was made with.
type ImageOp interface {
	// Make returns the operation for images of c planes of h x w bytes, for the
	// use of one goroutine at a time, or says which setting does not fit them.
	Make(c, h, w int) (ImageFunc, error)
}

// ImageFunc sets every byte of dst to what the operation makes of src. The two
// do not overlap. It allocates nothing.
type ImageFunc func(dst, src []uint8, d Draw)

// Normalise sets dst to the normalised values of an image's bytes.
type Normalise func(dst []float32, src []uint8)

// ValueOp describes a random operation that makes normalised values of the bytes
// of an image, as an [ImageOp] describes one that makes bytes.
type ValueOp interface {
	// Make returns the operation for images of c planes of h x w bytes, for the
	// use of one goroutine at a time, or says which setting does not fit them.
	Make(e *tensor.Engine, c, h, w int, normalise Normalise) (ValueFunc, error)
}

// ValueFunc sets every value of dst to what the operation makes of src. It
// allocates nothing.
type ValueFunc func(dst []float32, src []uint8, d Draw)

// BatchOp describes a random operation on a batch, as an [ImageOp] describes one
// on an image.
type BatchOp interface {
	// Make returns the operation for batches of up to n images of c x h x w, or
	// says which setting does not fit them.
	Make(e *tensor.Engine, n, c, h, w int) (BatchFunc, error)

	// Bytes returns about how much memory the operation then keeps for an engine of
	// so many threads.
	Bytes(threads, n, c, h, w int) int64
}

// HiddenOp is a BatchOp that may also act on what a network makes of a batch, behind one
// of its stages. It is linear in the values, apart from what it adds.
type HiddenOp interface {
	BatchOp
	// MakeHidden is Make, and returns the way of gradients back as well: of the batch
	// that was changed last, backward turns X, the gradient by the result, into that by
	// what was changed.
	MakeHidden(e *tensor.Engine, n, c, h, w int) (forward, backward BatchFunc, err error)
}

// BatchFunc changes a batch in place. It allocates nothing.
type BatchFunc func(b *Batch)

// Batch is one view of the images of a descent step.
type Batch struct {
	X       tensor.Tensor // N x C x H x W, normalised
	Numbers []int32       // of the images in the training set
	Draw    Draw          // Image is the number of the first

	// Targets are those of every view: the operation of one view changes them
	// for all.
	Targets *Targets
}

// Targets are the classes of a batch's images: one each or, where two images
// are mixed, two.
type Targets struct {
	First  []uint16
	Second []uint16  // empty: one class each
	Weight []float32 // of First, in [0,1], by image; Second has the rest
}
