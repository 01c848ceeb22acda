package run

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/train"
)

// printRobustness prints a table of accuracies in per cent, by corruption and
// severity, the paper's corruptions and their mean first.
func printRobustness(w io.Writer, r train.Robustness) {
	line := func(name string, severity [corrupt.Severities]float64, mean float64) {
		fmt.Fprintf(w, "%-20s", name)
		for _, v := range severity {
			fmt.Fprintf(w, " %7.2f", 100*v)
		}
		fmt.Fprintf(w, " %7.2f\n", 100*mean)
	}
	lines := func(ofPaper bool) {
		for i := range r {
			if a := &r[i]; slices.Contains(corrupt.Paper(), a.Name) == ofPaper {
				line(a.Name, a.Severity, a.Mean())
			}
		}
	}
	fmt.Fprintf(w, "%-20s", "accuracy, %")
	for severity := range corrupt.Severities {
		fmt.Fprintf(w, " %7d", severity+1)
	}
	fmt.Fprintf(w, " %7s\n", "mean")
	lines(true)
	var means [corrupt.Severities]float64
	for i := range means {
		means[i] = r.MeanAt(i)
	}
	line("mean", means, r.Mean())
	lines(false)
	fmt.Fprintf(w, "mean accuracy %.2f %%, mean error %.2f %%", 100*r.Mean(), 100-100*r.Mean())
	if absent := r.Absent(); len(absent) > 0 {
		fmt.Fprintf(w, ", over %d of %d corruptions; absent: %s",
			len(corrupt.Paper())-len(absent), len(corrupt.Paper()), strings.Join(absent, ", "))
	}
	fmt.Fprintln(w)
}
