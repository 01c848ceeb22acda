package train

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

// CorruptionAccuracy is a network's accuracy on images under one corruption.
type CorruptionAccuracy struct {
	Name     string                      `json:"name"`
	Severity [corrupt.Severities]float64 `json:"severity"` // fractions, from severity 1
}

// Mean returns the accuracy over all severities, which have as many images each.
func (a *CorruptionAccuracy) Mean() float64 {
	sum := 0.0
	for _, v := range a.Severity {
		sum += v
	}
	return sum / corrupt.Severities
}

// Robustness is a network's accuracy on a set of corrupted images.
type Robustness []CorruptionAccuracy

// Mean returns the paper's figure: the unweighted mean, over its 15 corruptions,
// of the accuracy over all severities. Corruptions that are missing are left out
// of it, extra ones always are; it is 0 if no other is there. The mean error that
// others report as mCE on CIFAR is 1 minus it.
func (r Robustness) Mean() float64 { return r.mean((*CorruptionAccuracy).Mean) }

func (r Robustness) mean(of func(*CorruptionAccuracy) float64) float64 {
	sum, n := 0.0, 0
	for i := range r {
		if slices.Contains(corrupt.Paper(), r[i].Name) {
			sum += of(&r[i])
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// MeanAt returns the mean that Mean is, over the images of one severity alone;
// severity 0 is the mildest.
func (r Robustness) MeanAt(severity int) float64 {
	return r.mean(func(a *CorruptionAccuracy) float64 { return a.Severity[severity] })
}

// Absent returns those of the paper's corruptions that are missing.
func (r Robustness) Absent() []string {
	return slices.DeleteFunc(corrupt.Paper(), func(name string) bool {
		return slices.ContainsFunc(r, func(a CorruptionAccuracy) bool { return a.Name == name })
	})
}
