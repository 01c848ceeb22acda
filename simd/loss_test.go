package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// exactSoftmaxLoss is softmaxLossGeneric in the arithmetic of the exact kernel sets.
func exactSoftmaxLoss(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32) {
	most := logits[0]
	for _, z := range logits {
		most = max(most, z)
	}
	distance := func(c int) float32 { return max(logits[c]-most, expLowest) }
	sum := inLanes(len(logits), func(lane *float32, c int) { *lane += exactExp(distance(c)) })
	weighted := inLanes(len(logits), func(lane *float32, c int) { *lane = fma32(exactExp(distance(c)), distance(c), *lane) })
	logSum, inverse := exactLog(sum), 1/sum
	mean := float32(weighted * inverse) // the conversion keeps it from being fused below
	for c := range logits {
		d := distance(c)
		grad[c] = float32(exactExp(d) * inverse * fma32(-entropyWeight, d-mean, ceWeight))
	}
	grad[label] -= ceWeight
	return logSum - (logits[label] - most), logSum - mean
}

// softmaxLoss64 is the contract's definition, in float64.
func softmaxLoss64(logits []float32, label int, ceWeight, entropyWeight float64) (ce, entropy float64, grad []float64) {
	most := math.Inf(-1)
	for _, z := range logits {
		most = max(most, float64(z))
	}
	var sum float64
	for _, z := range logits {
		sum += math.Exp(float64(z) - most)
	}
	logP := make([]float64, len(logits))
	for c, z := range logits {
		logP[c] = float64(z) - most - math.Log(sum)
		if p := math.Exp(logP[c]); p > 0 {
			entropy -= p * logP[c]
		}
	}
	grad = make([]float64, len(logits))
	for c := range logits {
		if p := math.Exp(logP[c]); p > 0 {
			grad[c] = ceWeight*p - entropyWeight*p*(logP[c]+entropy)
		}
	}
	grad[label] -= ceWeight
	return -logP[label], entropy, grad
}

// lossRows are rows of logits of every kind: ordinary, saturated, constant, with
// classes ruled out.
func lossRows(classes int) map[string][]float32 {
	rows := map[string][]float32{
		"ordinary":  wave(make([]float32, classes), classes),
		"wide":      wave(make([]float32, classes), classes+1),
		"saturated": make([]float32, classes),
		"constant":  make([]float32, classes),
		"ruled out": wave(make([]float32, classes), classes+2),
	}
	for c := range classes {
		rows["wide"][c] *= 40
		rows["saturated"][c] = -1000 * float32(c%3)
		rows["constant"][c] = -7.25
		if c > 0 && c%2 == 0 {
			rows["ruled out"][c] = float32(math.Inf(-1))
		}
	}
	return rows
}

func TestSoftmaxLoss(t *testing.T) {
	const ceWeight, entropyWeight = 0.75, 10
	lengths := []int{200, 345, 1000}
	for n := 1; n <= 67; n++ {
		lengths = append(lengths, n)
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		zs, gs := newGuardedBuf[float32](t, 1000), newGuardedBuf[float32](t, 1000)
		for _, classes := range lengths {
			label := classes / 2
			for kind, in := range lossRows(classes) {
				want := make([]float32, classes)
				wantCE, wantEntropy := exactSoftmaxLoss(want, in, label, ceWeight, entropyWeight)
				ce64, entropy64, grad64 := softmaxLoss64(in, label, ceWeight, entropyWeight)
				for place := range places {
					about := fmt.Sprintf("%d classes, %s, place %d", classes, kind, place)
					z, grad := zs.put(in, place), gs.put(make([]float32, classes), place)
					ce, entropy := k.SoftmaxLoss(grad, z, label, ceWeight, entropyWeight)
					requireMatch(t, k, []float32{wantCE, wantEntropy}, []float32{ce, entropy}, 2e-6, about)
					requireMatch(t, k, want, grad, 4e-6, about)
					requireSameNumbers(t, in, z, about)
					gs.requireCanaries(t)

					for c, g := range grad {
						require.InDelta(t, grad64[c], g, 5e-6, "gradient %d of %s", c, about)
					}
					require.InDelta(t, entropy64, entropy, 2e-6, about)
					if math.IsInf(ce64, 1) {
						require.True(t, math.IsInf(float64(ce), 1), about)
					} else {
						require.InDelta(t, ce64, ce, 2e-6+2e-7*ce64, about)
					}

					onlyCE, onlyEntropy := k.SoftmaxLoss(nil, z, label, ceWeight, entropyWeight)
					requireSameNumbers(t, []float32{ce, entropy}, []float32{onlyCE, onlyEntropy}, "without gradient, "+about)
					zs.requireCanaries(t)
				}
			}
		}
	})
}

// TestSoftmaxLossShowsDivergence holds that NaN and +Inf logits can't pass
// unnoticed, wherever they stand.
func TestSoftmaxLossShowsDivergence(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, classes := range []int{1, 10, 16, 40} {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				for c := range classes {
					z, grad := wave(make([]float32, classes), classes), make([]float32, classes)
					z[c] = bad
					ce, entropy := k.SoftmaxLoss(grad, z, 0, 1, 1)
					for _, v := range append(grad, ce, entropy) {
						require.True(t, v != v, "%d classes, %g at %d: got %g", classes, bad, c, v)
					}
				}
			}
		}
	})
}

func TestSoftmaxLossMatchesPyTorch(t *testing.T) {
	crossEntropy, entropy := vectors(t, "cross_entropy"), vectors(t, "entropy")
	const rows, classes = 9, 10
	forEachISA(t, func(t *testing.T, k *Kernels) {
		grad := make([]float32, rows*classes)
		row := func(s []float32, i int) []float32 { return s[i*classes:][:classes] }

		var sum float32
		for i, label := range crossEntropy["labels"].Int64 {
			ce, _ := k.SoftmaxLoss(row(grad, i), row(crossEntropy["x"].Data, i), int(label), crossEntropy["gy"].Data[0]/rows, 0)
			sum += ce
		}
		requireClose(t, crossEntropy["y"].Data, []float32{sum / rows}, 5e-6, "cross-entropy")
		requireClose(t, crossEntropy["g_x"].Data, grad, 5e-6, "its gradient")

		sum = 0
		for i := range rows {
			_, h := k.SoftmaxLoss(row(grad, i), row(entropy["x"].Data, i), 0, 0, entropy["gy"].Data[0]/rows)
			sum += h
		}
		requireClose(t, entropy["y"].Data, []float32{sum / rows}, 5e-6, "entropy")
		requireClose(t, entropy["g_x"].Data, grad, 5e-6, "its gradient")
	})
}

func TestSoftmaxLossAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		z, grad := wave(make([]float32, 40), 1), make([]float32, 40)
		requireNoAllocs(t, func() { k.SoftmaxLoss(grad, z, 3, 1, 1) })
	})
}

// BenchmarkSoftmaxLoss times whole batches.
func BenchmarkSoftmaxLoss(b *testing.B) {
	for _, shape := range [][2]int{{32, 10}, {4096, 1000}} {
		rows, classes := shape[0], shape[1]
		logits, grad := wave(make([]float32, rows*classes), 1), make([]float32, rows*classes)
		for _, k := range Available() {
			b.Run(fmt.Sprintf("%dx%d/isa=%s", rows, classes, k.Name), func(b *testing.B) {
				b.SetBytes(8 * int64(rows*classes))
				for b.Loop() {
					for i := 0; i < len(logits); i += classes {
						k.SoftmaxLoss(grad[i:i+classes], logits[i:i+classes], 1, 1, 10)
					}
				}
			})
		}
	}
}
