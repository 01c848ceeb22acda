package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

func TestRobustness(t *testing.T) {
	var r Robustness
	for i, name := range corrupt.Names() {
		a := CorruptionAccuracy{Name: name}
		for s := range a.Severity {
			a.Severity[s] = 0.9 - 0.1*float64(s) - 0.01*float64(i)
		}
		r = append(r, a)
	}
	require.InDelta(t, 0.7, r[0].Mean(), 1e-12)
	require.InDelta(t, 0.63, r.Mean(), 1e-12, "the mean over i = 0..14")
	require.Empty(t, r.Absent())

	require.InDelta(t, 0.83, r.MeanAt(0), 1e-12)
}

func TestRobustnessOfSome(t *testing.T) {
	r := Robustness{
		{Name: "saturate", Severity: [5]float64{1, 1, 1, 1, 1}},
		{Name: "fog", Severity: [5]float64{0.5, 0.5, 0.5, 0.5, 0}},
	}
	require.InDelta(t, 0.4, r.Mean(), 1e-12)
	require.Len(t, r.Absent(), 14)
	require.NotContains(t, r.Absent(), "fog")
	require.Zero(t, r[:1].Mean())
}
