package objective

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// temperature is what similarities are divided by, the publications' value.
const temperature = 0.07

// Contrast computes the supervised contrast of the embeddings of a batch (Khosla
// et al., "Supervised Contrastive Learning", NeurIPS 2020, equation 2): with z
// for an embedding of length 1, the mean over all embeddings i of
//
//	-1/|P(i)| sum over p in P(i) of log(exp(z_i.z_p/0.07) / sum over a != i of exp(z_i.z_a/0.07))
//
// where P(i) are the other embeddings of its class, those of all views. One that
// has none, or length 0, counts 0. The publication has a projection behind the
// embedding, here it is the embedding itself.
type Contrast struct {
	engine *tensor.Engine
	views  int

	zero    []float32
	z       tensor.Tensor
	lengths []float32
	scores  tensor.Tensor // the gradient by z_i.z_j, one image each i
	values  []float64

	// Of the call at hand.
	embedding, gradient tensor.Tensor
	labels              []uint16
	weight              float64

	normalise normaliseEmbedding
	compare   compareEmbeddings
	back      contrastGradient
}

// NewContrast returns the contrast for batches of up to n images with that many
// views and elements of the embedding.
func NewContrast(e *tensor.Engine, n, views, width int) *Contrast {
	e.Reserve(0, 0)
	tensor.Elements(n, views, width)
	all := n * views
	c := &Contrast{
		engine: e, views: views,
		zero: make([]float32, width), z: tensor.New(all, width, 1, 1), lengths: make([]float32, all),
		scores: tensor.New(all, all, 1, 1), values: make([]float64, all),
	}
	c.normalise.Contrast, c.compare.Contrast, c.back.Contrast = c, c, c
	return c
}

// Compute returns the contrast of a batch and sets gradient to its gradient by the
// embedding, times weight. Both tensors are V*N x width, the embeddings of view v
// from v*N on.
func (c *Contrast) Compute(gradient, embedding tensor.Tensor, labels []uint16, weight float64) float64 {
	all, width := c.views*len(labels), len(c.zero)
	if all < 1 || all > c.z.N {
		panic(fmt.Sprintf("objective: %d labels, for contrast of up to %d images of %d views", len(labels), c.z.N/c.views, c.views))
	}
	embedding.Check("objective: the embedding", all, width, 1, 1)
	gradient.Check("objective: the gradient by the embedding", all, width, 1, 1)
	c.gradient, c.embedding, c.labels, c.weight = gradient, embedding, labels, weight
	c.engine.Run(all, &c.normalise)
	c.engine.Run(all, &c.compare)
	c.engine.Run(all, &c.back)
	sum := 0.0
	for _, v := range c.values[:all] {
		sum += v
	}
	return sum / float64(all)
}

func (c *Contrast) label(i int) uint16 { return c.labels[i%len(c.labels)] }

// normaliseEmbedding gives an embedding length 1.
type normaliseEmbedding struct{ *Contrast }

func (c *normaliseEmbedding) Do(i, _ int) {
	k, z := c.engine.Kernels, c.z.Image(i)
	copy(z, c.embedding.Image(i))
	c.lengths[i] = float32(math.Sqrt(float64(k.SqDist(z, c.zero))))
	if c.lengths[i] > 0 {
		k.Scale(1/c.lengths[i], z)
	}
}

// compareEmbeddings computes the value of an embedding, and its gradient by the
// similarities to the others.
type compareEmbeddings struct{ *Contrast }

func (c *compareEmbeddings) Do(i, _ int) {
	all := c.views * len(c.labels)
	scores := c.scores.Image(i)[:all]
	c.values[i] = 0
	clear(scores)
	positives := 0
	for j := range scores {
		if j != i && c.label(j) == c.label(i) && c.lengths[j] > 0 {
			positives++
		}
	}
	if positives == 0 || c.lengths[i] == 0 {
		return
	}
	// |z_i - z_j|^2 = 2 - 2 z_i.z_j
	sum, mean := 0.0, 0.0
	for j := range scores {
		if j == i || c.lengths[j] == 0 {
			continue
		}
		scores[j] = c.engine.Kernels.SqDist(c.z.Image(i), c.z.Image(j))
		// The exponent is 0 at most: nothing overflows.
		e := -float64(scores[j]) / (2 * temperature)
		sum += portable.Exp(e)
		if c.label(j) == c.label(i) {
			mean += e / float64(positives)
		}
	}
	logSum := portable.Log(sum)
	c.values[i] = logSum - mean
	scale := c.weight / (temperature * float64(all))
	for j := range scores {
		if j == i || c.lengths[j] == 0 {
			continue
		}
		g := portable.Exp(-float64(scores[j])/(2*temperature) - logSum)
		if c.label(j) == c.label(i) {
			g -= 1 / float64(positives)
		}
		scores[j] = float32(scale * g)
	}
}

// contrastGradient computes the gradient by an embedding.
type contrastGradient struct{ *Contrast }

func (c *contrastGradient) Do(i, _ int) {
	k, z, gradient := c.engine.Kernels, c.z.Image(i), c.gradient.Image(i)
	clear(gradient)
	if c.lengths[i] == 0 {
		return
	}
	for j := range c.views * len(c.labels) {
		if j != i {
			k.Axpy(c.scores.Image(i)[j]+c.scores.Image(j)[i], c.z.Image(j), gradient)
		}
	}
	along := 0.0
	for j, g := range gradient {
		along += float64(float64(g) * float64(z[j]))
	}
	k.Axpy(float32(-along), z, gradient)
	k.Scale(1/c.lengths[i], gradient)
}
