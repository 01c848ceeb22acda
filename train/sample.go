package train

import (
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Sample returns up to n images of the source, spread evenly over it, and what
// the phase just ended made of each, rounded to bytes. Every phase's sample is
// of the same images, as long as none is among the few that a phase leaves out.
// It must be called before the next Step.
func (t *Trainer) Sample(n int) (source, adversarial dataset.Images) {
	s := t.set
	n = min(n, s.source.N)
	wanted := make(map[int32]int, n) // place in the sample by image number
	for i := range n {
		wanted[int32(i*s.source.N/n)] = i
	}
	made := make([]int32, n) // image number by place, 0 for none
	first := len(s.labels) - len(s.parents)
	for i, parent := range s.parents {
		if place, ok := wanted[parent]; ok {
			made[place] = int32(first + i)
		}
	}
	source = dataset.Images{C: s.source.C, H: s.source.H, W: s.source.W}
	adversarial = source
	for place, number := range made {
		if number == 0 {
			continue
		}
		parent := s.parents[int(number)-first]
		for _, to := range []*dataset.Images{&source, &adversarial} {
			to.N++
			to.Labels = append(to.Labels, s.labels[parent])
		}
		source.Data = append(source.Data, s.source.Image(place*s.source.N/n)...)
		adversarial.Data = append(adversarial.Data, s.bytes(number, t.network.Normalisation)...)
	}
	return source, adversarial
}
