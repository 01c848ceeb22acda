package train

import (
	"errors"
	"fmt"

	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// The most that an [augment.Draw] tells apart.
const (
	maxViews  = 4
	maxRounds = 1 << 24
	maxImages = 1 << 28
)

// MaxPower is the most of [Config.Power]: with it a rate is as good as 0 after a tenth of
// the run.
const MaxPower = 100

// check returns an error that names a setting no run of a network can have.
func (c *Config) check(network *nn.Network) error {
	switch {
	case c.BatchSize < 1:
		return fmt.Errorf("train: BatchSize is %d, expected 1 or more", c.BatchSize)
	case c.MaxSteps < 0:
		return fmt.Errorf("train: MaxSteps is %d, expected 0 or more", c.MaxSteps)
	case c.Schedule == nil:
		return errors.New("train: Schedule is nil, expected Steps or Epochs")
	case c.Optimiser == nil:
		return errors.New("train: Optimiser is nil, expected Adam or SGD")
	case !(c.OneCycle >= 0 && c.OneCycle < 1):
		return fmt.Errorf("train: OneCycle is %v, expected 0 or more and less than 1", c.OneCycle)
	case c.Power < 0 || c.Power > MaxPower:
		return fmt.Errorf("train: Power is %d, expected 0 to %d", c.Power, MaxPower)
	case c.Power > 0 && c.OneCycle > 0:
		return fmt.Errorf("train: Power is %d and OneCycle %v, expected one of them", c.Power, c.OneCycle)
	case !(c.Clip >= 0 && finite(c.Clip)):
		return fmt.Errorf("train: Clip is %v, expected a number that is not negative", c.Clip)
	case len(c.Views) > maxViews:
		return fmt.Errorf("train: %d Views, expected %d at most", len(c.Views), maxViews)
	}
	checks := []func() error{
		c.checkShards, c.Schedule.check, c.Optimiser.check, c.checkBackbone, c.checkGrowth,
		func() error { return c.Objective.Check(c.views(), network.Classes) },
	}
	if c.Averaging != nil {
		checks = append(checks, c.Averaging.check)
	}
	if _, annealed := c.Optimiser.rate(); c.Power > 0 && !annealed {
		return fmt.Errorf("train: Power is %d for a rate that stays, expected an Optimiser whose Cosine is true", c.Power)
	}
	if c.Attack.Steps != 0 {
		checks = append(checks, c.Attack.Check)
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if (c.Views != nil || c.Attack.Steps > 0 || c.Growth.Phases > 0) && c.Schedule.rounds() > maxRounds {
		return fmt.Errorf("train: %d rounds with Views or ascents, expected %d at most", c.Schedule.rounds(), maxRounds)
	}
	return nil
}

// CheckBatches returns an error for a run on a number of training images with a step of
// fewer images than the network can be trained with; [New] does so too.
func (c *Config) CheckBatches(network *nn.Network, images int) error {
	return c.checkBatches(c.Backbone.trained(network), c.Outline(images).TrainingSet)
}

// checkBatches returns an error for a run with a step of fewer images than the network
// that is trained can do with, training sets being the sizes that the set has.
func (c *Config) checkBatches(trained *nn.Network, trainingSets []int) error {
	least := trained.LeastBatch()
	for _, n := range trainingSets {
		steps, images := c.Schedule.steps(n, c.BatchSize)
		last := images - (steps-1)*c.BatchSize
		if c.Averaging != nil { // whose statistics are measured over no image twice
			last = min(last, n)
		}
		if min(c.smallest(last), c.smallest(c.BatchSize))*c.views() < least {
			return fmt.Errorf("train: BatchSize %d with %d training images%s makes a step of one image, expected %d or more: %s normalises single values over the batch",
				c.BatchSize, n, c.inShards(), least, trained.Name)
		}
	}
	return nil
}

func (c *Config) checkGrowth() error {
	g := &c.Growth
	if g.Phases < 0 {
		return fmt.Errorf("train: Growth.Phases is %d, expected 0 or more", g.Phases)
	}
	if g.Phases == 0 {
		return nil
	}
	if g.Every < 1 {
		return fmt.Errorf("train: Growth.Every is %d, expected 1 or more", g.Every)
	}
	if g.Sets < 0 {
		return fmt.Errorf("train: Growth.Sets is %d, expected 0 or more", g.Sets)
	}
	if g.Ring && g.Sets == 0 {
		return errors.New("train: Growth.Ring of no Sets, expected 1 set or more")
	}
	for i, view := range c.Views {
		if view.changesBytes() && !g.Bytes {
			return fmt.Errorf("train: view %d has operations on bytes, but Growth.Bytes is false: a phase would add images they cannot change", i+1)
		}
	}
	return g.Ascent.Check()
}

// checkTask returns an error for a task that a network cannot be trained on.
func checkTask(network *nn.Network, task *dataset.Task) error {
	if n := len(task.Classes); n > 0 && n != network.Classes {
		return fmt.Errorf("train: %d classes for a network of %d", n, network.Classes)
	}
	if task.Source.N > maxImages {
		return fmt.Errorf("train: %d training images, expected %d at most", task.Source.N, maxImages)
	}
	if err := checkImages(network, "training images", &task.Source); err != nil {
		return err
	}
	domains := Domains(task)
	if len(domains) == 0 {
		return errors.New("train: no domain to test on")
	}
	for i := range domains {
		d := &domains[i]
		check := checkImages
		if d.Severities != nil { // the images are read when their turn comes
			check = checkShape
		}
		if err := check(network, "domain "+d.Name, &d.Images); err != nil {
			return err
		}
	}
	return nil
}

// checkShape refuses images that are not of a network's shape.
func checkShape(network *nn.Network, what string, images *dataset.Images) error {
	if images.N < 1 {
		return fmt.Errorf("train: %s: there are none", what)
	}
	if images.C != network.C || images.H != network.H || images.W != network.W {
		return fmt.Errorf("train: %s: they are %dx%dx%d, %s takes %dx%dx%d", what,
			images.C, images.H, images.W, network.Name, network.C, network.H, network.W)
	}
	return nil
}

// checkImages refuses images that a network cannot be trained or tested on.
func checkImages(network *nn.Network, what string, images *dataset.Images) error {
	if err := checkShape(network, what, images); err != nil {
		return err
	}
	size := images.N * images.C * images.H * images.W
	if !images.Complete() || len(images.Labels) < images.N {
		return fmt.Errorf("train: %s: %d bytes and %d labels, expected %d and %d", what,
			len(images.Data), len(images.Labels), size, images.N)
	}
	for i, label := range images.Labels[:images.N] {
		if int(label) >= network.Classes {
			return fmt.Errorf("train: %s: image %d has label %d, expected one below %d", what, i, label, network.Classes)
		}
	}
	return nil
}
