package run

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/train"
)

func TestPrintRobustness(t *testing.T) {
	var r train.Robustness
	for i, name := range corrupt.Names() {
		a := train.CorruptionAccuracy{Name: name}
		for s := range a.Severity {
			a.Severity[s] = 0.9 - 0.1*float64(s) - 0.01*float64(i)
		}
		r = append(r, a)
	}
	var b strings.Builder
	printRobustness(&b, r)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 1+15+1+4+1)
	require.Equal(t, "accuracy, %                1       2       3       4       5    mean", lines[0])
	require.Equal(t, "gaussian_noise         90.00   80.00   70.00   60.00   50.00   70.00", lines[1])
	require.Equal(t, "mean                   83.00   73.00   63.00   53.00   43.00   63.00", lines[16])
	require.Equal(t, "saturate               72.00   62.00   52.00   42.00   32.00   52.00", lines[20])
	require.Equal(t, "mean accuracy 63.00 %, mean error 37.00 %", lines[21])
}

func TestPrintRobustnessOfSome(t *testing.T) {
	r := train.Robustness{
		{Name: "saturate", Severity: [5]float64{1, 1, 1, 1, 1}},
		{Name: "fog", Severity: [5]float64{0.5, 0.5, 0.5, 0.5, 0}},
	}
	var b strings.Builder
	printRobustness(&b, r)
	require.Contains(t, b.String(), "mean accuracy 40.00 %, mean error 60.00 %, over 1 of 15 corruptions; absent: gaussian_noise, shot_noise")
	require.Less(t, strings.Index(b.String(), "fog"), strings.Index(b.String(), "saturate"))
}
