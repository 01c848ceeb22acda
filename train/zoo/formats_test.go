package zoo

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset/synthetic"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// The Python of docs/formats.md gives our logits. MEADA_PYTHON names a Python that
// has PyTorch, safetensors and NumPy.
func TestSnippetOfFormatsGivesOurLogits(t *testing.T) {
	python := os.Getenv("MEADA_PYTHON")
	if python == "" {
		t.Skip("needs MEADA_PYTHON, a Python interpreter with PyTorch")
	}
	page, err := os.ReadFile("../../docs/formats.md")
	require.NoError(t, err)
	snippet := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, snippet)

	data := synthetic.Digits(1, 8, 1)
	network := LeNet5(10)
	network.Init(1)
	dir := t.TempDir()
	require.NoError(t, network.Save(filepath.Join(dir, "last.safetensors"), Metadata(network, "digits", data.Classes, 0)))
	require.NoError(t, npy.Write(filepath.Join(dir, "images.npy"), npy.Array{Shape: []int{8, 3, 32, 32}, Bytes: data.Source.Data}))
	program := string(snippet[1]) + "\nimport numpy\nnumpy.save('logits.npy', logits(torch.from_numpy(numpy.load('images.npy'))).numpy())\n"
	command := exec.Command(python, "-c", program)
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	want, err := npy.Read(filepath.Join(dir, "logits.npy"))
	require.NoError(t, err)

	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	x := tensor.New(8, 3, 32, 32)
	for n := range x.N {
		network.Normalisation.FromBytes(engine, x.Image(n), data.Source.Image(n))
	}
	got, _ := nn.Compile(engine, network, 8, nn.Eval).Forward(x)
	require.InDeltaSlice(t, want.Float32, got.Data[:80], 1e-5)
}
