package train

import (
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Sample returns up to n images of the source, spread evenly over it, and what
// the phase just ended made of each, rounded to bytes. Every phase's sample is
// of the same images, as long as none is among the few that a phase leaves out.
// It must be called before the next Step.
func (t *Trainer) Sample(n int) (source, adversarial dataset.Images) {
	p := t.pool
	n = min(n, p.source.N)
	wanted := make(map[int32]int, n) // place in the sample by image number
	for i := range n {
		wanted[int32(i*p.source.N/n)] = i
	}
	made := make([]int32, n) // image number by place, 0 for none
	first := p.len() - len(p.parents)
	for i, parent := range p.parents {
		if place, ok := wanted[parent]; ok {
			made[place] = int32(first + i)
		}
	}
	source = dataset.Images{C: p.source.C, H: p.source.H, W: p.source.W}
	adversarial = source
	for place, number := range made {
		if number == 0 {
			continue
		}
		parent := p.parents[int(number)-first]
		for _, s := range []*dataset.Images{&source, &adversarial} {
			s.N++
			s.Labels = append(s.Labels, p.labels[parent])
		}
		source.Data = append(source.Data, p.source.Image(place*p.source.N/n)...)
		adversarial.Data = append(adversarial.Data, p.bytes(number)...)
	}
	return source, adversarial
}

// Evaluator returns the evaluator that tests use, for use between Steps.
func (t *Trainer) Evaluator() *Evaluator { return t.evaluator }
