package train

import (
	"math/bits"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Memory estimates the bytes that [New] and the steps take, above those of the
// network and the data.
type Memory struct {
	Batches int64 // grows with Config.BatchSize: activations and their gradients
	Phases  int64 // the images that maximisation adds
	Rest    int64 // the optimiser's state, the tests, scratch memory
}

// Total returns the sum.
func (m Memory) Total() int64 { return m.Batches + m.Phases + m.Rest }

// programBytes is what the program is taken to need beside all that is counted: its
// code, 13 MiB, stacks, garbage, and what Go holds without using it, 10 to 30 MiB.
const programBytes = 64 << 20

// EstimateMemory returns what training a network on data will take on an engine.
func EstimateMemory(engine *tensor.Engine, network *nn.Network, data *dataset.Task, c Config) Memory {
	const float = 4
	o := c.Outline(data.Source.N)
	set := o.TrainingSet
	added, files := int64(set[len(set)-1]-set[0]), len(set)-1
	if kept := c.Growth.kept(); kept > 0 { // the oldest is there until the newest is whole
		files = min(files, kept+1)
		added = int64(files * c.Schedule.added(set[0], c.BatchSize))
	}
	pixels := int64(network.C * network.H * network.W)
	trained := c.Backbone.trained(network)

	descent := c.views() * c.shardSize()
	batch := int64(descent)
	mixing := *trained
	mixing.Mixing = c.hides()
	plans := c.plans(network, &mixing, len(set) > 1)
	tests := plans.tests.bytes()
	m := Memory{Batches: plans.bytes() - tests} // that of tests does not grow with it
	if c.hides() {
		// Mixup's copies.
		for _, place := range network.Places() {
			m.Batches += float * int64(descent) * int64(place[0]*place[1]*place[2])
		}
	}
	if c.Objective.Contrast > 0 {
		// Of batches that no memory holds an int64 does not hold the product either.
		m.Batches += int64(min(float*float64(descent)*float64(2*network.Embedding+descent), 1<<60))
	}
	if added > 0 {
		chunk := ascentChunk(c.BatchSize)
		batch = max(batch, int64(chunk))
		m.Batches += transformed(&c.Growth.Ascent, chunk) * pixels * float
	}
	if c.Attack.Steps > 0 {
		m.Batches += (int64(c.shardSize()) + transformed(&c.Attack, c.shardSize())) * pixels * float
	}
	m.Batches += batch * pixels * float
	if c.Growth.Ascent.Ball.Norm != augment.Unbounded && added > 0 {
		m.Batches += int64(ascentChunk(c.BatchSize)) * pixels * float // the middles
	}
	m.Batches += m.Batches / 32 // what plans keep beside
	m.Batches += c.viewsBytes(engine.Threads(), network)

	// The number, the label and the parent of an image, while they are copied.
	const book = 2 * (4 + 2 + 4)
	image := pixels * float
	if c.Growth.Bytes {
		image = pixels
	}
	m.Phases = added * (image + book)
	if c.Overflow != "" {
		m.Phases = added*book + min(added*image, int64(files)*mapped.Resident)
	}
	m.Rest = tests + evaluationBatch*pixels*float + plans.reserved(engine) + restBytes(network, trained, data, &c, o.numbered)
	return m
}

// restBytes returns what lasts from step to step, and what tests take beside their plan;
// set is how many images the training set numbers at its largest.
func restBytes(network, trained *nn.Network, data *dataset.Task, c *Config, set int) int64 {
	const float = 4
	copies := c.Optimiser.moments()
	if c.Averaging != nil {
		copies++
	}
	copies += int64(bits.Len(uint(c.shards())) - 1) // the branches of the sum over shards
	bytes := copies*float*int64(len(trained.Values)) + programBytes
	bytes += data.Source.ResidentBytes() // one file holds all sets

	// The part of a corrupted domain being tested, and the one before.
	largest := 0
	for i := range data.Domains {
		if d := &data.Domains[i]; d.Severities != nil {
			largest = max(largest, d.N/d.Parts())
		}
	}
	bytes += 2 * int64(largest) * int64(network.C*network.H*network.W)

	if c.Backbone.Frozen {
		images := set + c.BatchSize
		for _, d := range Domains(data) {
			if d.Severities == nil {
				images += d.N
			}
		}
		bytes += float * int64(images) * int64(network.Embedding)
	}
	return bytes
}

// viewsBytes returns what the operations of the views keep. PRIME keeps the most of those on
// images, six images of float32 and tables of 384 KiB for each worker.
func (c *Config) viewsBytes(threads int, network *nn.Network) (bytes int64) {
	const images, tables, float = 6, 3 << 17, 4
	for _, view := range c.Views {
		if view.changesBytes() {
			bytes += int64(threads) * (images*float*int64(network.C*network.H*network.W) + tables)
		}
		for _, op := range view.Batch {
			bytes += op.Bytes(threads, c.shardSize(), network.C, network.H, network.W)
		}
	}
	return bytes
}

// transformed returns how many images an ascent of so many keeps where it moves the
// parameters of transformations: before, after, and two between or AugMax's chains and
// bytes.
func transformed(c *augment.Config, chunk int) int64 {
	if c.Transforms == nil {
		return 0
	}
	return 6 * int64(chunk)
}
