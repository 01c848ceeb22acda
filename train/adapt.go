package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Adaptation sets a network's running statistics to those of the images that it is
// tested on, whose labels it does not use (Schneider et al., "Improving Robustness
// against Common Corruptions by Covariate Shift Adaptation", NeurIPS 2020, without
// the statistics of the source).
type Adaptation struct {
	network *nn.Network
	plan    *nn.Plan
	load    load
}

// NewAdaptation prepares the adaptation of a network. One without batch normalisation
// is an error.
func NewAdaptation(engine *tensor.Engine, network *nn.Network) (*Adaptation, error) {
	if !network.Normalises() || network.FreezeBN {
		return nil, fmt.Errorf("train: adaptation of %s, which has no running statistics to measure, expected batch normalisation", network.Name)
	}
	network.FollowBatches() // it may have been trained in shards
	return &Adaptation{
		network: network,
		plan:    nn.Compile(engine, network, evaluationBatch, nn.Train),
		load:    newLoad(engine, network, evaluationBatch),
	}, nil
}

// Adapt measures the statistics of images. Batches are of equal size and spread over
// them, since their order may be that of the classes; the last few, fewer than there are
// batches, are left out. Dropout is as in training.
func (a *Adaptation) Adapt(images *dataset.Images) error {
	if least := a.network.LeastBatch(); images.N < least {
		return fmt.Errorf("train: adaptation to %d images, expected %d or more", images.N, least)
	}
	batches := (images.N + evaluationBatch - 1) / evaluationBatch
	size := images.N / batches
	a.load.stride = batches
	a.network.MeasureStatistics(func() {
		for first := range batches {
			a.plan.Forward(a.load.read(images, first).Images(0, size))
		}
	})
	return nil
}
