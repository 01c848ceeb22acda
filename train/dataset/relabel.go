package dataset

import (
	"fmt"
	"slices"
)

// Relabel makes the labels of a task count the classes of a network, by their names.
// It returns an error for classes that are not among them.
func (t *Task) Relabel(classes []string) error {
	if slices.Equal(t.Classes, classes) {
		return nil
	}
	label := map[string]uint16{}
	for i, class := range classes {
		label[class] = uint16(i)
	}
	to := make([]uint16, len(t.Classes))
	for i, class := range t.Classes {
		l, ok := label[class]
		if !ok {
			return fmt.Errorf("the classes of the data are %s, those of the weights %s", someOf(t.Classes), someOf(classes))
		}
		to[i] = l
	}
	t.Classes = classes
	t.Source.relabel(to)
	t.Held.relabel(to)
	for i := range t.Domains {
		d := &t.Domains[i]
		d.Images.relabel(to)
		for s, read := range d.Severities {
			d.Severities[s] = func(some Blocks) (Images, error) {
				images, err := read(some)
				images.relabel(to)
				return images, err
			}
		}
	}
	return nil
}

// relabel replaces each label by another, in a copy: sets may share them.
func (s *Images) relabel(to []uint16) {
	labels := make([]uint16, len(s.Labels))
	for i, label := range s.Labels {
		labels[i] = to[label]
	}
	s.Labels = labels
}
