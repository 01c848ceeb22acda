package train

import (
	"fmt"
	"io"
	"slices"
	"strings"

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

// Absent returns those of the paper's corruptions that are missing.
func (r Robustness) Absent() []string {
	return slices.DeleteFunc(corrupt.Paper(), func(name string) bool {
		return slices.ContainsFunc(r, func(a CorruptionAccuracy) bool { return a.Name == name })
	})
}

// Print prints a table of accuracies in per cent, by corruption and severity,
// the paper's corruptions and their mean first.
func (r Robustness) Print(w io.Writer) {
	row := func(name string, severity [corrupt.Severities]float64, mean float64) {
		fmt.Fprintf(w, "%-20s", name)
		for _, v := range severity {
			fmt.Fprintf(w, " %7.2f", 100*v)
		}
		fmt.Fprintf(w, " %7.2f\n", 100*mean)
	}
	rows := func(ofPaper bool) {
		for i := range r {
			if a := &r[i]; slices.Contains(corrupt.Paper(), a.Name) == ofPaper {
				row(a.Name, a.Severity, a.Mean())
			}
		}
	}
	fmt.Fprintf(w, "%-20s", "accuracy, %")
	for severity := range corrupt.Severities {
		fmt.Fprintf(w, " %7d", severity+1)
	}
	fmt.Fprintf(w, " %7s\n", "mean")
	rows(true)
	var means [corrupt.Severities]float64
	for i := range means {
		means[i] = r.mean(func(a *CorruptionAccuracy) float64 { return a.Severity[i] })
	}
	row("mean", means, r.Mean())
	rows(false)
	fmt.Fprintf(w, "mean accuracy %.2f %%, mean error %.2f %%", 100*r.Mean(), 100-100*r.Mean())
	if absent := r.Absent(); len(absent) > 0 {
		fmt.Fprintf(w, ", over %d of %d corruptions; absent: %s",
			len(corrupt.Paper())-len(absent), len(corrupt.Paper()), strings.Join(absent, ", "))
	}
	fmt.Fprintln(w)
}
