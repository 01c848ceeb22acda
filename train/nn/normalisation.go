package nn

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Normalisation is what a network expects of the values v in [0,1] of its
// images: (v - Mean)/Std, each by channel.
type Normalisation struct{ Mean, Std []float32 }

// Identity returns the normalisation that leaves the values of c channels in [0,1].
func Identity(c int) Normalisation {
	n := Normalisation{make([]float32, c), make([]float32, c)}
	for i := range n.Std {
		n.Std[i] = 1
	}
	return n
}

// FromBytes sets x to an image of bytes, channel by channel, normalised.
func (n Normalisation) FromBytes(e *tensor.Engine, x []float32, image []uint8) {
	plane := n.plane(x, image)
	for c := range n.Mean {
		lo, hi := c*plane, (c+1)*plane
		e.Kernels.FromUint8(x[lo:hi], image[lo:hi], n.Mean[c], n.Std[c])
	}
}

// ToBytes sets image to the bytes of x. As in the published code, values beyond
// black and white become these, and the others are truncated, so that some
// bytes come back one lower.
func (n Normalisation) ToBytes(e *tensor.Engine, image []uint8, x []float32) {
	plane := n.plane(x, image)
	for c := range n.Mean {
		lo, hi := c*plane, (c+1)*plane
		low, high := n.bounds(c)
		e.Kernels.ToUint8(image[lo:hi], x[lo:hi], low, high)
	}
}

// plane returns how many pixels an image has, and panics if not all channels have as
// many or x has fewer.
func (n Normalisation) plane(x []float32, image []uint8) int {
	if len(image)%len(n.Mean) != 0 {
		panic(fmt.Sprintf("nn: an image of %d bytes in %d channels", len(image), len(n.Mean)))
	}
	tensor.CheckVector("nn: the values of an image", x, len(image))
	return len(image) / len(n.Mean)
}

// bounds returns what black and white become in a channel.
func (n Normalisation) bounds(c int) (black, white float32) {
	return -n.Mean[c] / n.Std[c], (1 - n.Mean[c]) / n.Std[c]
}

// String returns the constants as they stand in the metadata of weights, such
// as "mean=0.5,0.5,0.5 std=0.5,0.5,0.5".
func (n Normalisation) String() string {
	list := func(values []float32) string {
		var words []string
		for _, v := range values {
			words = append(words, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
		return strings.Join(words, ",")
	}
	return "mean=" + list(n.Mean) + " std=" + list(n.Std)
}

// maxNormalised bounds normalised values, far beyond any data's: a network of
// float32 computes nothing with larger ones.
const maxNormalised = 1e6

// ParseNormalisation reads what String returns, for c channels. Deviations must
// be positive, and large enough that normalised images are of use.
func ParseNormalisation(text string, c int) (Normalisation, error) {
	fail := func() (Normalisation, error) {
		return Normalisation{}, fmt.Errorf("normalisation %.80q is not mean=... std=... for %d channels", text, c)
	}
	list := func(text string) []float32 {
		var values []float32
		for word := range strings.SplitSeq(text, ",") {
			v, err := strconv.ParseFloat(word, 32)
			if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
				return nil
			}
			values = append(values, float32(v))
		}
		return values
	}
	means, deviations, ok := strings.Cut(strings.TrimPrefix(text, "mean="), " std=")
	n := Normalisation{list(means), list(deviations)}
	if !ok || len(n.Mean) != c || len(n.Std) != c {
		return fail()
	}
	for i, std := range n.Std {
		if std <= 0 {
			return fail()
		}
		if low, high := n.bounds(i); low < -maxNormalised || high > maxNormalised {
			return Normalisation{}, fmt.Errorf("normalisation %.80q takes images beyond %g", text, float64(maxNormalised))
		}
	}
	return n, nil
}
