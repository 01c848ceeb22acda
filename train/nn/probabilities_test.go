package nn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestProbabilities(t *testing.T) {
	t.Parallel()
	for _, logits := range [][]float32{{0}, {1, 3, 3, -2}, {0, 0, 0, 0}, {88, 0}, {-1000, -1001}, {3e38, -3e38, 3e38}} {
		p := make([]float64, len(logits))
		Softmax(p, logits)
		sum, entropy := 0.0, 0.0
		for i, a := range p {
			sum += a
			if a > 0 {
				entropy -= a * math.Log(a)
			}
			// Odds are the exponential of the distance.
			require.InDelta(t, math.Exp(float64(logits[i])-float64(logits[0]))*p[0], a, 1e-12)
		}
		require.InDelta(t, 1, sum, 1e-12)
		class, probability, h := Classify(logits)
		require.Equal(t, Argmax(logits), class)
		require.InDelta(t, p[class], probability, 1e-15)
		require.InDelta(t, entropy, h, 1e-12, "%v", logits)
	}
	require.Equal(t, 1, Argmax([]float32{1, 3, 3, -2}), "the first of equal ones")
}

// A kernel of float32 computes the same entropy for the objective.
func TestClassifyAgreesWithTheObjective(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	logits := []float32{0.5, -1.25, 2, 0.75, -3}
	ce, entropy := e.Kernels.SoftmaxLoss(nil, logits, 2, 1, 1)
	class, probability, h := Classify(logits)
	require.Equal(t, 2, class)
	require.InDelta(t, -math.Log(probability), ce, 1e-6)
	require.InDelta(t, h, entropy, 1e-6)
}

func TestClassify(t *testing.T) {
	class, probability, entropy := Classify([]float32{0, 2, 2, 1})
	sum := 2 + math.Exp(-2) + math.Exp(-1)
	require.Equal(t, 1, class)
	require.InDelta(t, 1/sum, probability, 1e-15)
	require.InDelta(t, math.Log(sum)+(2*math.Exp(-2)+math.Exp(-1))/sum, entropy, 1e-15)
}
