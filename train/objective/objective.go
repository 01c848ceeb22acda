// Package objective computes what a descent step minimises, and its gradient by
// the logits of every view of a batch.
package objective

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Config describes an objective over views 0 to V-1 of N images with K classes,
//
//	sum over v of Views[v]*CE(v) + Consistency*JS + Entropy*H
//
// whose terms are means over the images, in nats. The zero value is the
// cross-entropy of view 0.
type Config struct {
	// Views weighs the cross-entropy of each view; those beyond it count 0. nil
	// is 1 for view 0.
	Views []float64

	// Smoothing is the probability that a target spreads over all classes
	// evenly (Szegedy et al., "Rethinking the Inception architecture", CVPR
	// 2016).
	Smoothing float64

	// ClassWeights weighs the logarithms of each class, nil is 1 for all. As in
	// PyTorch the cross-entropy is then divided by the sum of the weights of
	// the images' classes instead of by N.
	ClassWeights []float64

	// Consistency weighs the Jensen-Shannon divergence of the views'
	// predictions, the mean over v of KL(p_v || m), where m is their mean,
	// clamped to 1e-7 in the logarithm (Hendrycks et al., "AugMix", ICLR 2020).
	Consistency float64

	// Entropy weighs the mean entropy of the predictions for the views whose
	// cross-entropy counts: positive makes predictions confident, negative
	// makes them less so.
	Entropy float64

	// Contrast weighs the supervised contrast of the embeddings of all views, which a
	// [Contrast] computes: it is not in the sum above.
	Contrast float64
}

// Check returns an error if an objective over views of a number of classes
// cannot have these settings.
func (c *Config) Check(views, classes int) error {
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	switch {
	case len(c.Views) > views:
		return fmt.Errorf("objective: Views has %d weights for %d views", len(c.Views), views)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return fmt.Errorf("objective: Smoothing is %v, expected 0 or more and less than 1", c.Smoothing)
	case len(c.ClassWeights) > 0 && len(c.ClassWeights) != classes:
		return fmt.Errorf("objective: ClassWeights has %d weights for %d classes", len(c.ClassWeights), classes)
	case !(c.Consistency >= 0 && finite(c.Consistency)):
		return fmt.Errorf("objective: Consistency is %v, expected a number that is not negative", c.Consistency)
	case c.Consistency > 0 && views < 2:
		return fmt.Errorf("objective: Consistency is %v, which needs more than one view", c.Consistency)
	case !finite(c.Entropy):
		return fmt.Errorf("objective: Entropy is %v, expected a number", c.Entropy)
	case !(c.Contrast >= 0 && finite(c.Contrast)):
		return fmt.Errorf("objective: Contrast is %v, expected a number that is not negative", c.Contrast)
	}
	for v, w := range c.Views {
		if !(w >= 0 && finite(w)) {
			return fmt.Errorf("objective: Views[%d] is %v, expected a number that is not negative", v, w)
		}
	}
	for k, w := range c.ClassWeights {
		if !(w > 0 && finite(w)) {
			return fmt.Errorf("objective: ClassWeights[%d] is %v, expected a positive number", k, w)
		}
	}
	return nil
}

// weight returns that of a view's cross-entropy.
func (c *Config) weight(view int) float64 {
	switch {
	case c.Views == nil && view == 0:
		return 1
	case view < len(c.Views):
		return c.Views[view]
	}
	return 0
}

// plain reports whether the objective is the cross-entropy of view 0.
func (c *Config) plain() bool {
	for v := range c.Views {
		if c.weight(v) != 0 && v > 0 {
			return false
		}
	}
	return c.weight(0) == 1 && c.Smoothing == 0 && len(c.ClassWeights) == 0 && c.Consistency == 0 && c.Entropy == 0
}

// Terms is the value of an objective.
type Terms struct {
	Value        float64 // what is minimised
	CrossEntropy float64 // the weighted sum over the views
	Consistency  float64 // the Jensen-Shannon divergence
	Entropy      float64 // of the predictions, the mean over the views that count
}

// Objective computes an objective for batches of up to a given size. The
// cross-entropy of one label goes through a kernel; everything else is computed
// in float64, image by image, with the same bits on every architecture and at
// any number of threads.
type Objective struct {
	Config

	// Total, if it is not 0, is what the cross-entropies are divided by instead of N or the
	// sum of the weights of the images' classes: they may be a part of a batch. Where images
	// are mixed with each other all weigh together what they weigh apart.
	Total float64

	engine   *tensor.Engine
	views    int
	classes  int
	counting int // views whose cross-entropy counts

	// Of the call at hand.
	logits, gradient tensor.Tensor
	targets          augment.Targets
	images           int
	scale            float64 // of an image's cross-entropy in the mean

	terms   []Terms     // by image
	scratch [][]float64 // by worker
}

// New returns the objective for batches of up to n images with that many views
// and classes.
func New(e *tensor.Engine, c Config, n, views, classes int) (*Objective, error) {
	if err := c.Check(views, classes); err != nil {
		return nil, err
	}
	e.Reserve(0, 0)
	tensor.Elements(n, views, classes)
	o := &Objective{
		Config: c, engine: e, views: views, classes: classes,
		terms:   make([]Terms, n),
		scratch: make([][]float64, e.Threads()),
	}
	for v := range views {
		if c.weight(v) != 0 {
			o.counting++
		}
	}
	for i := range o.scratch {
		o.scratch[i] = make([]float64, (2*views+2)*classes)
	}
	return o, nil
}

// Compute returns the objective of a batch and sets gradient to its gradient by
// the logits. Both tensors are V*N x K, the logits of view v from v*N on. A
// class beyond K is a bug of the caller's, and panics.
func (o *Objective) Compute(gradient, logits tensor.Tensor, targets augment.Targets) Terms {
	n := len(targets.First)
	if n < 1 || n > len(o.terms) || !logits.Is(o.views*n, o.classes, 1, 1) || !gradient.Is(o.views*n, o.classes, 1, 1) {
		panic(fmt.Sprintf("objective: gradient of %v for logits of %v, %d labels and %d views of up to %d images of %d classes",
			gradient, logits, n, o.views, len(o.terms), o.classes))
	}
	logits.Check("objective: the logits", logits.N, o.classes, 1, 1)
	gradient.Check("objective: the gradient", logits.N, o.classes, 1, 1)
	if len(targets.Second) == 0 && o.plain() {
		ce := nn.CrossEntropy(o.engine, gradient.Images(0, n), logits.Images(0, n), targets.First)
		for v := n; v < logits.N; v++ {
			clear(gradient.Image(v))
		}
		return Terms{Value: ce, CrossEntropy: ce}
	}
	o.gradient, o.logits, o.targets, o.images = gradient, logits, targets, n
	o.scale = 1 / o.totalWeight()
	if o.Total > 0 {
		o.scale = 1 / o.Total
	}
	o.engine.Run(n, o)
	var sum Terms
	for i := range n {
		t := &o.terms[i]
		sum.CrossEntropy += t.CrossEntropy
		sum.Consistency += t.Consistency
		sum.Entropy += t.Entropy
	}
	sum.CrossEntropy = float64(sum.CrossEntropy * o.scale)
	sum.Consistency /= float64(n)
	sum.Entropy /= float64(n)
	sum.Value = sum.CrossEntropy + float64(o.Consistency*sum.Consistency) + float64(o.Entropy*sum.Entropy)
	return sum
}

// totalWeight returns what the sum of the images' cross-entropies is divided
// by, and checks the classes.
func (o *Objective) totalWeight() float64 {
	t, sum := &o.targets, 0.0
	second := len(t.Second) > 0
	if second && (len(t.Second) != o.images || len(t.Weight) != o.images) {
		panic(fmt.Sprintf("objective: %d second labels and %d weights for %d images", len(t.Second), len(t.Weight), o.images))
	}
	for n := range o.images {
		if int(t.First[n]) >= o.classes || second && int(t.Second[n]) >= o.classes {
			panic(fmt.Sprintf("objective: a label of image %d is not below %d classes", n, o.classes))
		}
		w := o.classWeight(int(t.First[n]))
		if second {
			share := float64(t.Weight[n])
			w = float64(share*w) + float64((1-share)*o.classWeight(int(t.Second[n])))
		}
		sum += w
	}
	return sum
}

func (o *Objective) classWeight(k int) float64 {
	if len(o.ClassWeights) == 0 {
		return 1
	}
	return o.ClassWeights[k]
}

// Do computes the terms of one image and their gradients.
func (o *Objective) Do(n, worker int) {
	k := o.classes
	scratch := o.scratch[worker]
	p, logp := scratch[:o.views*k], scratch[o.views*k:2*o.views*k]
	target, dz := scratch[2*o.views*k:][:k], scratch[(2*o.views+1)*k:][:k]
	for v := range o.views {
		logSoftmax(p[v*k:][:k], logp[v*k:][:k], o.logits.Image(v*o.images+n))
	}
	mass := o.setTarget(target, n)

	t := &o.terms[n]
	*t = Terms{}
	if o.Consistency > 0 {
		t.Consistency = divergence(p, logp, o.views, k)
	}
	for v := range o.views {
		p, logp := p[v*k:][:k], logp[v*k:][:k]
		clear(dz)
		if o.Consistency > 0 {
			o.addDivergence(dz, scratch, v)
		}
		if w := o.weight(v); w != 0 {
			t.CrossEntropy += float64(w * crossEntropy(target, logp))
			for i := range dz {
				dz[i] += float64(w * o.scale * (float64(mass*p[i]) - target[i]))
			}
			if o.Entropy != 0 {
				h := entropy(p, logp)
				t.Entropy += h / float64(o.counting)
				share := o.Entropy / float64(o.counting*o.images)
				for i := range dz {
					dz[i] -= float64(share * p[i] * (logp[i] + h))
				}
			}
		}
		gradient := o.gradient.Image(v*o.images + n)
		for i, d := range dz {
			gradient[i] = float32(d)
		}
	}
}

// setTarget sets the weighted distribution that the cross-entropy of an image
// is of, and returns its sum.
func (o *Objective) setTarget(target []float64, n int) (mass float64) {
	even := o.Smoothing / float64(len(target))
	for i := range target {
		target[i] = even
	}
	rest := 1 - o.Smoothing
	if len(o.targets.Second) == 0 {
		target[o.targets.First[n]] += rest
	} else {
		share := float64(o.targets.Weight[n])
		target[o.targets.First[n]] += float64(rest * share)
		target[o.targets.Second[n]] += float64(rest * (1 - share))
	}
	for i := range target {
		target[i] = float64(target[i] * o.classWeight(i))
		mass += target[i]
	}
	return mass
}

// leastMean is where the mean of the views' predictions is clamped.
const leastMean = 1e-7

// divergence returns the Jensen-Shannon divergence of one image's predictions.
func divergence(p, logp []float64, views, k int) float64 {
	sum := 0.0
	for i := range k {
		m := viewMean(p, i, views, k)
		logMean := portable.Log(max(m, leastMean))
		for v := range views {
			sum += float64(p[v*k+i] * (logp[v*k+i] - logMean))
		}
	}
	return sum / float64(views)
}

// viewMean returns the mean of the views' predictions for class i.
func viewMean(p []float64, i, views, k int) float64 {
	sum := 0.0
	for v := range views {
		sum += p[v*k+i]
	}
	return sum / float64(views)
}

// addDivergence adds the gradient of the weighted divergence by the logits of a
// view to dz. With g_i for the divergence's derivative by p_i, that by logit i is
// p_i (g_i - sum over j of p_j g_j).
func (o *Objective) addDivergence(dz, scratch []float64, v int) {
	k := o.classes
	all, logp := scratch[:o.views*k], scratch[(o.views+v)*k:][:k]
	p := all[v*k:][:k]
	inner := 0.0
	for i := range dz {
		m := viewMean(all, i, o.views, k)
		g := logp[i] - portable.Log(max(m, leastMean))
		if m < leastMean {
			g++ // the clamped mean does not follow p
		}
		dz[i] = g
		inner += float64(p[i] * g)
	}
	share := o.Consistency / float64(o.views*o.images)
	for i := range dz {
		dz[i] = float64(share * p[i] * (dz[i] - inner))
	}
}

// logSoftmax sets p and logp to the softmax of logits and to its logarithm.
func logSoftmax(p, logp []float64, logits []float32) {
	largest := float64(logits[0])
	for _, z := range logits[1:] {
		largest = max(largest, float64(z))
	}
	sum := 0.0
	for i, z := range logits {
		logp[i] = float64(z) - largest
		sum += portable.Exp(logp[i])
	}
	logSum := portable.Log(sum)
	for i := range logp {
		logp[i] -= logSum
		p[i] = portable.Exp(logp[i])
	}
}

func crossEntropy(target, logp []float64) float64 {
	sum := 0.0
	for i, q := range target {
		sum -= float64(q * logp[i])
	}
	return sum
}

func entropy(p, logp []float64) float64 { return crossEntropy(p, logp) }
