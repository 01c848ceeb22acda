package conv

import "github.com/meada-cpu/meada-cpu/tensor"

// partials holds the gradients of the weights of each chunk of a batch, in shared
// memory. A worker prepares the images of a chunk and multiplies them itself, so
// that they stay in its caches. The chunks are cut by the shape alone and their
// gradients added in one fixed binary tree: the result does not depend on the
// number of threads.
type partials struct {
	engine *tensor.Engine
	batch  int       // images of the plan
	chunk  int       // images of a chunk
	size   int       // elements of a gradient
	live   int       // chunks of the current run
	dw     []float32 // where their sum goes
}

// Bounds for the number of chunks. Enough to share out evenly, but each costs a
// gradient's memory and its addition.
const (
	minChunks = 4
	maxChunks = 16
)

// newPartials cuts a batch into chunks of at least enough images, fewer only where
// there would not be minChunks.
func newPartials(e *tensor.Engine, batch, enough, size int) partials {
	chunks := maxChunks
	for chunks > minChunks && chunks*enough > batch {
		chunks /= 2
	}
	return partials{engine: e, batch: batch, chunk: (batch + chunks - 1) / chunks, size: size}
}

// total returns the elements of all gradients.
func (p *partials) total() int { return (p.batch + p.chunk - 1) / p.chunk * p.size }

// of returns the gradient of a chunk. They lie at the beginning of shared memory.
func (p *partials) of(chunk int) []float32 {
	return p.engine.Shared()[chunk*p.size:][:p.size]
}

// images returns the images of a chunk of a run over n.
func (p *partials) images(chunk, n int) (first, count int) {
	first = chunk * p.chunk
	return first, min(p.chunk, n-first)
}

// cut returns the number of chunks of n images.
func (p *partials) cut(n int) int {
	p.live = (n + p.chunk - 1) / p.chunk
	return p.live
}

// sumPart is how many elements a task of the sum adds.
const sumPart = 1 << 13

// sum adds the gradients of all chunks to that of the first and, unless it is nil, copies
// the result to dw.
func (p *partials) sum(dw []float32) {
	p.dw = dw
	if p.live > 1 || dw != nil {
		p.engine.Run((p.size+sumPart-1)/sumPart, p)
	}
}

// Do adds one part of the gradients: neighbours first, then pairs, and so on.
func (p *partials) Do(task, _ int) {
	lo := task * sumPart
	hi := min(lo+sumPart, p.size)
	for step := 1; step < p.live; step *= 2 {
		for i := 0; i+step < p.live; i += 2 * step {
			p.engine.Kernels.Add(p.of(i)[lo:hi], p.of(i + step)[lo:hi])
		}
	}
	if p.dw != nil {
		copy(p.dw[lo:hi], p.of(0)[lo:hi])
	}
}
