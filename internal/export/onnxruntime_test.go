package export

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// withONNXRuntime returns a Python interpreter that has onnxruntime, or skips the test.
func withONNXRuntime(t *testing.T) string {
	t.Helper()
	python := os.Getenv("MEADA_PYTHON")
	if python == "" {
		t.Skip("needs MEADA_PYTHON, a Python interpreter with onnxruntime")
	}
	if err := exec.Command(python, "-c", "import onnxruntime").Run(); err != nil {
		t.Skip("MEADA_PYTHON has no onnxruntime")
	}
	return python
}

// randomise gives a network weights as if it had been trained: no running statistic, no
// weight or bias of a normalisation is what it is at the beginning.
func randomise(network *nn.Network, seed uint64) {
	network.Init(seed)
	source := rng.New(seed, rng.Init)
	operations, _ := network.Operations()
	for _, op := range operations {
		l, ok := op.Layer.(nn.NormLayer)
		if !ok {
			continue
		}
		for c := range l.Mean {
			l.Mean[c] = float32(0.1 * source.Normal())
			l.Variance[c] = float32(source.Uniform(0.5, 2))
			l.Weight.Data[c] = float32(source.Uniform(0.5, 1.5))
			l.Bias.Data[c] = float32(0.1 * source.Normal())
		}
	}
}

// patches returns n images of random patches for a network, the first of them dark and
// the last bright, so that their logits are unlike each other.
func patches(network *nn.Network, n int, seed uint64) *dataset.Images {
	source := rng.New(seed, rng.Augment)
	images := &dataset.Images{N: n, C: network.C, H: network.H, W: network.W}
	images.Data = make([]uint8, n*network.C*network.H*network.W)
	const size, contrast = 6, 100
	down, across := (network.H+size-1)/size, (network.W+size-1)/size
	for i := range images.N {
		shades := make([]uint8, network.C*down*across)
		for p := range shades {
			shades[p] = uint8(i*(255-contrast)/max(1, n-1)) + uint8(source.Uint32()%contrast)
		}
		image := images.Image(i)
		for p := range image {
			c, y, x := p/(network.H*network.W), p/network.W%network.H, p%network.W
			image[p] = shades[(c*down+y/size)*across+x/size]
		}
	}
	return images
}

// Every network in onnxruntime, folded and not, of bytes and of normalised values, three
// images and one: the logits differ from ours by at most 1e-5 of the largest.
func TestLogitsInONNXRuntime(t *testing.T) {
	python := withONNXRuntime(t)
	engine, err := tensor.NewEngine(0)
	require.NoError(t, err)
	defer engine.Close()
	for _, entry := range zoo.Networks {
		t.Run(entry.Name, func(t *testing.T) {
			network := entry.New(7)
			randomise(network, 1)
			images := patches(network, 3, 2)
			dir := t.TempDir()
			for name, o := range map[string]Options{
				"plain": {}, "folded": {Fold: true}, "bytes": {Preprocess: true}, "both": {Fold: true, Preprocess: true},
			} {
				o.Softmax = true
				s := Source{Network: network, Metadata: map[string]string{}}
				require.NoError(t, s.WriteONNX(filepath.Join(dir, name+".onnx"), "1", o))
			}
			x := tensor.New(images.N, images.C, images.H, images.W)
			for n := range images.N {
				network.Normalisation.FromBytes(engine, x.Image(n), images.Image(n))
			}
			shape := []int{images.N, images.C, images.H, images.W}
			require.NoError(t, npy.Write(filepath.Join(dir, "float.npy"), npy.Array{Shape: shape, Float32: x.Data}))
			require.NoError(t, npy.Write(filepath.Join(dir, "bytes.npy"), npy.Array{Shape: shape, Bytes: images.Data}))
			c := exec.Command(python, filepath.Join("testdata", "logits.py"), dir)
			var complaints strings.Builder
			c.Stderr = &complaints
			out, err := c.Output()
			require.NoError(t, err, complaints.String())
			var theirs map[string][]float64
			require.NoError(t, json.Unmarshal(out, &theirs))
			require.Len(t, theirs, 4)

			evaluator := train.NewEvaluator(engine, network)
			logits := evaluator.Logits(images, 0)
			ours := append([]float32{}, logits.Data[:3*7]...)
			ours = append(ours, ours[:7]...)
			spread := 0.0
			for i := range 7 {
				spread = max(spread, math.Abs(float64(ours[i]-ours[2*7+i])))
			}
			for model, values := range theirs {
				require.Len(t, values, len(ours), model)
				apart, scale := 0.0, 0.0
				for i, v := range values {
					apart = max(apart, math.Abs(v-float64(ours[i])))
					scale = max(scale, math.Abs(float64(ours[i])))
				}
				t.Logf("%s: %.2g apart, the largest logit is %.3g, images differ by %.2g: %.2g of it", model, apart, scale, spread, apart/scale)
				require.LessOrEqual(t, apart, 1e-5*scale, model)
				require.Greater(t, spread, 0.02*scale, "the images make no difference")
			}
		})
	}
}
