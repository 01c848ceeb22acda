package train

import (
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// plans is what the plans of a run are of. They take turns and lie in the same memory,
// which a phase then finds in use: where a machine hands pages out slowly, those of an
// ascent take longer than its first step, and each rank has its own.
type plans struct {
	descent, attack, ascent, tests planned
	head                           planned // of tests, where the backbone is frozen
}

// planned is a plan before it is made; none for 0 images.
type planned struct {
	network *nn.Network
	batch   int
	mode    nn.Mode
}

// plans returns those of a run on a network of which descent trains a part, or all.
func (c *Config) plans(network, trained *nn.Network, phases bool) plans {
	p := plans{
		descent: planned{trained, c.views() * c.shardSize(), c.descentMode()},
		tests:   planned{network, evaluationBatch, nn.Eval},
	}
	if c.Attack.Steps > 0 {
		p.attack = planned{trained, c.shardSize(), nn.Maximise}
	}
	if phases {
		p.ascent = planned{network, ascentChunk(c.BatchSize), nn.Maximise}
	}
	if c.Backbone.Frozen {
		p.head = planned{trained, evaluationBatch, nn.Eval}
	}
	return p
}

// bytes returns the memory that all of them lie in.
func (p *plans) bytes() int64 {
	return max(p.descent.bytes(), p.attack.bytes(), p.ascent.bytes(), p.tests.bytes(), p.head.bytes())
}

func (p *planned) bytes() int64 {
	if p.batch == 0 {
		return 0
	}
	return nn.PlanBytes(p.network, p.batch, p.mode)
}

// compile makes the plan in memory.
func (p *planned) compile(memory []float32, engine *tensor.Engine) *nn.Plan {
	return nn.CompileIn(memory, engine, p.network, p.batch, p.mode)
}
