package train

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// heap returns the bytes of Go's heap that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What New takes is what was estimated, but for the images that are still to
// come: never more, and not much less but for the memory set aside.
func TestEstimateMemory(t *testing.T) {
	for _, name := range []string{"lenet5", "wrn", "frozen wrn"} {
		model, frozen := strings.CutPrefix(name, "frozen ")
		network, err := zoo.New(model, 10)
		require.NoError(t, err)
		data := &dataset.Task{Source: dataset.Images{N: 5000, C: network.C, H: network.H, W: network.W,
			Data: make([]uint8, 5000*network.C*network.H*network.W), Labels: make([]uint16, 5000)}}
		data.Domains = []dataset.Domain{{Name: "test", Images: data.Source}}
		c := toyConfig(meada)
		c.BatchSize, c.Schedule = 32, Steps{Total: 10001, TestEvery: 100}
		if model == "wrn" {
			c = epochConfig(meada)
			c.BatchSize = 64
		}
		if frozen {
			c.Backbone.Frozen, c.Views = true, nil
		}
		want := EstimateMemory(network, data, c)
		before := heap()
		engine := tensor.NewEngineOn(2, nil)
		trainer, err := New(engine, network, data, c)
		require.NoError(t, err)
		taken := heap() - before
		runtime.KeepAlive(trainer)
		engine.Close()
		most := want.Total() - want.Phases
		require.Less(t, taken, most, name)
		require.Greater(t, taken, (most-scratchBytes)*9/10, name)
	}
}

// The images that phases make are counted as what the training set holds of them.
func TestEstimateOfPhases(t *testing.T) {
	network := smallLeNet()
	data := &dataset.Task{Source: toySource(t)} // 43 images
	const pixels, book = 3 * 32 * 32, 20
	require.EqualValues(t, (40+80)*(4*pixels+book), EstimateMemory(network, data, toyConfig(meada)).Phases)
	require.EqualValues(t, (43+86)*(pixels+book), EstimateMemory(network, data, epochConfig(meada)).Phases)
	require.Zero(t, EstimateMemory(network, data, epochConfig(erm)).Phases)

	overflowing := toyConfig(meada)
	overflowing.Overflow = "."
	require.EqualValues(t, (40+80)*(4*pixels+book), EstimateMemory(network, data, overflowing).Phases, "less than what stays resident")
	data.Source.N, overflowing.BatchSize = 100_000, 10_000
	require.EqualValues(t, (90_000+180_000)*book+2*mapped.Resident, EstimateMemory(network, data, overflowing).Phases)
}

// Pictures in a cache take what stays resident of its file.
func TestEstimateOfCachedPictures(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))))
	dir := t.TempDir()
	for _, path := range []string{"a/1.png", "a/2.png", "b/1.png"} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, picture.Bytes(), 0o666))
	}
	rest := func(cache *dataset.Cache) int64 {
		data, err := dataset.Folder(dir, dataset.FolderOptions{PictureOptions: dataset.PictureOptions{Side: 32, Cache: cache}})
		require.NoError(t, err)
		return EstimateMemory(smallLeNet(), data, toyConfig(erm)).Rest
	}
	require.EqualValues(t, 3*3*32*32, rest(&dataset.Cache{Dir: t.TempDir()})-rest(nil))
}

func TestPlanBytes(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	for _, mode := range []nn.Mode{nn.Train, nn.Maximise, nn.Eval} {
		network := smallLeNet()
		require.EqualValues(t, nn.Compile(engine, network, 3, mode).Bytes(), nn.PlanBytes(network, 3, mode))
	}
}
