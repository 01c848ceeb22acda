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

// reserved returns the scratch memory of an engine that all of them use.
func (p *plans) reserved(engine *tensor.Engine) int64 {
	const most = 1 << 12 // images: it hardly grows with them, and so many may be refused yet
	planner := engine.Planner()
	for _, q := range []*planned{&p.descent, &p.attack, &p.ascent, &p.tests, &p.head} {
		if q.batch > 0 {
			nn.Reserve(planner, q.network, min(q.batch, most), q.mode)
		}
	}
	return planner.ReservedBytes()
}

// compile makes the plan in memory.
func (p *planned) compile(memory []float32, engine *tensor.Engine) *nn.Plan {
	return nn.CompileIn(memory, engine, p.network, p.batch, p.mode)
}
