// Package tensor holds float32 tensors, the engine that runs tasks on a fixed
// set of workers, and matrix multiplication.
//
// Nothing allocates while a plan runs. So the operands of a run are parked in the
// plan, and a task is a struct of nothing but a pointer to the plan, which [Engine.Run]
// takes without an allocation:
//
//	type addTask struct{ *Adder }
//
//	func (t addTask) Do(i, worker int) { ... t.x ... }
//
//	a.engine.Run(n, addTask{a})
//
// Where one plan has several sets of operands they are fields of the task, which is
// then a field of the plan.
//
// Slices and shapes are checked once, when a plan is run: kernels do not.
package tensor

import (
	"fmt"
	"unsafe"
)

// Tensor is N images of C x H x W float32, row-major within an image; image n
// begins at Data[n*Stride]. A channel slice of a larger tensor is a Tensor
// whose Stride exceeds C*H*W. Vectors of features are images of C x 1 x 1.
type Tensor struct {
	Data       []float32
	N, C, H, W int
	Stride     int
}

// New returns a zeroed dense tensor whose data begin on a cache line.
func New(n, c, h, w int) Tensor {
	return View(Aligned(Elements(n, c, h, w)), n, c, h, w)
}

// View returns the dense tensor over the first n*c*h*w elements of data.
func View(data []float32, n, c, h, w int) Tensor {
	size := Elements(n, c, h, w)
	if len(data) < size {
		panic(fmt.Sprintf("tensor: view of %dx%dx%dx%d over %d elements", n, c, h, w, len(data)))
	}
	return Tensor{Data: data[:size:size], N: n, C: c, H: h, W: w, Stride: c * h * w}
}

// Image returns the elements of image n.
func (t Tensor) Image(n int) []float32 {
	return t.Data[n*t.Stride:][:t.C*t.H*t.W]
}

// Channels returns the slice of channels lo <= c < hi of every image.
func (t Tensor) Channels(lo, hi int) Tensor {
	plane := t.H * t.W
	u := t
	u.C = hi - lo
	u.Data = t.Data[lo*plane:]
	return u
}

// Images returns the tensor of images lo <= n < hi.
func (t Tensor) Images(lo, hi int) Tensor {
	u := t
	u.N = hi - lo
	u.Data = t.Data[lo*t.Stride:]
	return u
}

// Is reports whether t has that shape, whatever its stride.
func (t Tensor) Is(n, c, h, w int) bool { return t.N == n && t.C == c && t.H == h && t.W == w }

// String gives the shape, for messages.
func (t Tensor) String() string { return fmt.Sprintf("%dx%dx%dx%d", t.N, t.C, t.H, t.W) }

const cacheLine = 64

// Aligned returns n zeroed elements that begin on a cache line.
func Aligned(n int) []float32 {
	const pad = cacheLine / 4
	Elements(n)
	raw := make([]float32, n+pad)
	useHugePages(raw)
	at := uintptr(unsafe.Pointer(&raw[0])) % cacheLine
	skip := 0
	if at != 0 {
		skip = int(cacheLine-at) / 4
	}
	return raw[skip : skip+n : skip+n]
}
