package train

import (
	"fmt"
	"math/bits"

	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// shards computes the batch of a descent step in Config.Shards parts, each as a batch
// of its own: its views, its statistics of batch normalisation, its objective. What they
// leave is added in one binary tree, whoever computes them: each rank of a group does
// those of a whole branch.
type shards struct {
	network *nn.Network // what is trained
	count   int
	group   *collective.Group // nil for all in this process

	gradients, statistics treeSum
	outcomes              []outcome // by shard

	// The sums of gradients over the ranks begin in pieces while the last shard of a rank
	// is still in its backward pass: from each cut to the one before, sent of them so far.
	piece int // the least number of gradients of one
	cuts  []int
	sent  int
	last  bool
}

// outcome is what the descent on a batch, or a shard of one, tells.
type outcome struct {
	loss     float64 // of a shard times its share in the batch
	correct  int64
	attacked int64 // the number of an image that an attack left not finite, -1 for none
}

// shards returns how many a batch is cut into.
func (c *Config) shards() int { return max(1, c.Shards) }

// shardSize returns how many images are computed at a time at most.
func (c *Config) shardSize() int { return (c.BatchSize + c.shards() - 1) / c.shards() }

func (c *Config) checkShards() error {
	if n := c.shards(); c.Shards < 0 || n&(n-1) != 0 || n > c.BatchSize {
		return fmt.Errorf("train: Shards is %d, expected a power of two of up to BatchSize %d", c.Shards, c.BatchSize)
	}
	return nil
}

// smallest returns the images of the smallest shard of a batch of n that has any.
func (c *Config) smallest(n int) int { return max(1, n/c.shards()) }

// inShards names the shards, if there are some.
func (c *Config) inShards() string {
	if c.shards() == 1 {
		return ""
	}
	return fmt.Sprintf(" in %d shards", c.Shards)
}

// newShards returns what computes a batch in shards, nil if it is one.
func newShards(engine *tensor.Engine, network *nn.Network, c *Config) *shards {
	if c.shards() == 1 {
		network.FollowBatches() // it may have been trained in shards before
		return nil
	}
	s := &shards{network: network, count: c.shards(), piece: collective.Piece, outcomes: make([]outcome, c.shards())}
	s.gradients = newTreeSum(engine, network.Grads, s.count)
	s.statistics = newTreeSum(engine, network.CollectStatistics(), s.count)
	return s
}

// Link carries bytes between the ranks of a run, whose number is a power of two.
type Link interface {
	Rank() int // of this process, from 0
	Size() int // the number of ranks

	// Exchange sends to a peer while it receives from it. Each side knows what the
	// other sends; either may be empty. An error is the end of the link.
	Exchange(peer int, send, recv []byte) error
}

// Divide lets this process be one of several ranks that train together: each does a
// part of every step, and all have the same state after it. The shards must be a
// multiple of the ranks. Every rank must have made its Trainer in the same way, and
// call Step alike.
func (t *Trainer) Divide(link Link) error {
	if n := t.config.shards(); n%link.Size() != 0 {
		return fmt.Errorf("train: Shards is %d, expected a multiple of %d ranks", n, link.Size())
	}
	group, err := collective.New(link)
	if err != nil {
		return err
	}
	t.group = group
	t.tests.room = tensor.New(group.Size()*evaluationBatch, t.network.Classes, 1, 1)
	if t.shards != nil {
		t.shards.group = group
		t.shards.overlap(t.descent.plan)
	}
	return nil
}

// shardBounds returns which of n images are those of a shard, of so many.
func shardBounds(shard, shards, n int) (lo, hi int) {
	return shard * n / shards, (shard + 1) * n / shards
}

// each runs this rank's shards of a batch, one after the other, and adds up what they
// leave in the sums; those over all ranks are still to come. compute is not called for
// a shard without images, which leaves nothing.
func (s *shards) each(numbers []int32, views int, sums []*treeSum, compute func(shard int, images []int32, share float64)) {
	dropped, draws := s.network.DropoutCounter(), uint64(views)*s.network.DropoutDraws()
	own := s.count / s.group.Size()
	for i := range own {
		shard := s.group.Rank()*own + i
		lo, hi := shardBounds(shard, s.count, len(numbers))
		if lo == hi {
			for _, sum := range sums {
				clear(sum.total)
			}
		} else {
			share := float64(hi-lo) / float64(len(numbers))
			s.network.SetDropoutCounter(dropped + uint64(lo)*draws)
			s.network.SetShare(share)
			s.last = i+1 == own
			compute(shard, numbers[lo:hi], share)
		}
		for _, sum := range sums {
			sum.push(i, own)
		}
	}
	s.network.SetDropoutCounter(dropped + uint64(len(numbers))*draws)
}

// learnInShards computes the gradients of a batch, if its loss is finite, and lets the
// running statistics follow.
func (t *Trainer) learnInShards(numbers []int32) (outcome, error) {
	s := t.shards
	for shard := range s.outcomes {
		s.outcomes[shard] = outcome{attacked: -1}
	}
	sums := [...]*treeSum{&s.gradients, &s.statistics}
	weight := t.weight(numbers)
	s.each(numbers, t.config.views(), sums[:], func(shard int, images []int32, share float64) {
		t.descent.objective.Total = share * weight
		s.outcomes[shard] = t.learn(images, share)
	})
	if err := s.finish(); err != nil {
		return outcome{}, err
	}
	if err := collective.GatherOf(s.group, s.outcomes, s.count/s.group.Size()); err != nil {
		return outcome{}, err
	}
	all := total(s.outcomes)
	if all.attacked >= 0 || !finite(all.loss) {
		clear(s.gradients.total) // they are not those of a step
		return all, nil
	}
	s.network.FollowStatistics()
	return all, nil
}

// weight returns the sum of the weights of images' classes, 0 where all weigh the same.
func (t *Trainer) weight(numbers []int32) float64 {
	sum := 0.0
	if weights := t.config.Objective.ClassWeights; len(weights) > 0 {
		for _, n := range numbers {
			sum += weights[t.set.labels[n]]
		}
	}
	return sum
}

// overlap lets the sums over the ranks begin while a plan's backward pass goes on.
func (s *shards) overlap(plan *nn.Plan) {
	s.cuts, plan.Progress = nil, nil
	if s.group.Size() == 1 {
		return
	}
	s.cuts = collective.Cuts(plan.Stages(), len(s.gradients.total), s.piece)
	plan.Progress = s.progress
}

// progress begins the sums over the ranks of the gradients from a number on, which the
// last shard of this rank has computed.
func (s *shards) progress(from int) {
	own := s.count / s.group.Size()
	for s.last && s.sent < len(s.cuts) && s.cuts[s.sent] >= from {
		s.gradients.pushFrom(s.cuts[s.sent], own-1, own)
		s.send()
	}
}

// send begins the sum of the next piece.
func (s *shards) send() {
	hi := len(s.gradients.total)
	if s.sent > 0 {
		hi = s.cuts[s.sent-1]
	}
	s.group.Begin(s.gradients.total[s.cuts[s.sent]:hi], s.gradients.addAlone)
	s.sent++
}

// finish ends the sums over the ranks. All ranks call it, also those whose last shard has
// not come to a backward pass.
func (s *shards) finish() error {
	for s.sent < len(s.cuts) {
		s.send()
	}
	s.sent = 0
	s.group.Begin(s.statistics.total, s.statistics.addAlone)
	return s.group.Finish()
}

// forward lets the running statistics follow those of a batch.
func (t *Trainer) forward(numbers []int32) error {
	s, plan := t.shards, t.descent.plan
	if s == nil {
		plan.Forward(t.view(numbers))
		return nil
	}
	sums := [...]*treeSum{&s.statistics}
	s.each(numbers, t.config.views(), sums[:], func(_ int, images []int32, _ float64) { plan.Forward(t.view(images)) })
	if err := s.group.Sum(s.statistics.total, s.statistics.add); err != nil {
		return err
	}
	s.network.FollowStatistics()
	return nil
}

// total adds outcomes in a binary tree.
func total(all []outcome) outcome {
	if len(all) == 1 {
		return all[0]
	}
	a, b := total(all[:len(all)/2]), total(all[len(all)/2:])
	a.loss += b.loss
	a.correct += b.correct
	if a.attacked < 0 {
		a.attacked = b.attacked
	}
	return a
}

// treeSum adds up what one shard after the other leaves in the same memory, in a
// binary tree: of every complete branch it keeps the sum until the branch beside it is
// complete.
type treeSum struct {
	engine   *tensor.Engine
	total    []float32   // what a shard leaves and, after the last one, the sum
	left     int         // the first values of total, which are still to be added
	branches [][]float32 // by height
	add      func(dst, src []float32)
	addAlone func(dst, src []float32) // on the calling goroutine
}

func newTreeSum(engine *tensor.Engine, total []float32, shards int) treeSum {
	s := treeSum{engine: engine, total: total, left: len(total)}
	for range bits.Len(uint(shards)) - 1 {
		s.branches = append(s.branches, tensor.Aligned(len(total)))
	}
	task := &addition{engine: engine}
	s.add, s.addAlone = task.run, func(dst, src []float32) {
		for lo := 0; lo < len(dst); lo += simd.MaxCall {
			hi := min(lo+simd.MaxCall, len(dst))
			engine.Kernels.Axpy(1, src[lo:hi], dst[lo:hi])
		}
	}
	return s
}

// push adds what shard i of n has left, but for what pushFrom has added.
func (s *treeSum) push(i, n int) {
	s.pushFrom(0, i, n)
	s.left = len(s.total)
}

// pushFrom adds the values from number lo on of what shard i of n has left.
func (s *treeSum) pushFrom(lo, i, n int) {
	total, height := s.total[lo:s.left], 0
	for ; i>>height&1 == 1; height++ {
		s.add(total, s.branches[height][lo:s.left])
	}
	if i+1 < n {
		copy(s.branches[height][lo:s.left], total)
	}
	s.left = lo
}

// addition is the task that adds src to dst.
type addition struct {
	engine   *tensor.Engine
	dst, src []float32
}

func (a *addition) run(dst, src []float32) {
	a.dst, a.src = dst, src
	a.engine.Run((len(dst)+simd.MaxCall-1)/simd.MaxCall, a)
}

func (a *addition) Do(part, _ int) {
	lo := part * simd.MaxCall
	hi := min(lo+simd.MaxCall, len(a.dst))
	a.engine.Kernels.Axpy(1, a.src[lo:hi], a.dst[lo:hi])
}
