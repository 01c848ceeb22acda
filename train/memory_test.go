package train

import (
	"bytes"
	goimage "image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
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

// allocated returns the bytes of Go's heap that were ever allocated. Unlike what is
// in use, they do not become fewer when the workers of an earlier test's engine end.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// What New takes is what was estimated, but for the images that are still to
// come: never more, and not much less but for the memory set aside.
func TestEstimateMemory(t *testing.T) {
	for name, threads := range map[string]int{"lenet5": 2, "wrn": 2, "frozen wrn": 3, "allconv": 16, "resnet18": 1} {
		model, frozen := strings.CutPrefix(name, "frozen ")
		network, err := zoo.New(model, 10)
		images := 5000
		if model == "resnet18" {
			network, err = zoo.NewSized(model, 64, 10)
			images = 200
		}
		require.NoError(t, err)
		data := &dataset.Task{Source: dataset.Images{N: images, C: network.C, H: network.H, W: network.W,
			Data: make([]uint8, images*network.C*network.H*network.W), Labels: make([]uint16, images)}}
		data.Domains = []dataset.Domain{{Name: "test", Images: data.Source}}
		c := toyConfig(meada)
		c.BatchSize, c.Schedule = 32, Steps{Total: 10001, TestEvery: 100}
		if model != "lenet5" {
			c = epochConfig(meada)
			c.BatchSize = 64
		}
		if frozen {
			c.Backbone.Frozen, c.Views = true, nil
		}
		before := heap()
		engine := tensor.NewEngineOn(threads, nil)
		defer engine.Close() // its memory must not be given back while the next one is measured
		want := EstimateMemory(engine, network, data, c)
		trainer, err := New(engine, network, data, c)
		require.NoError(t, err)
		taken := heap() - before
		most := want.Total() - want.Phases - programBytes
		t.Logf("%s: %d of %d MiB", name, taken>>20, most>>20)
		require.Less(t, taken, most+programBytes/16, name)
		require.Greater(t, taken, most*9/10, name)

		// Batches of other sizes take no more.
		for _, n := range []int{1, 2, 3, 5, 8} {
			trainer.tests.evaluator.plan.Forward(tensor.New(n, network.C, network.H, network.W))
		}
		require.Less(t, heap()-before, taken+programBytes/16, name)
		runtime.KeepAlive(trainer)
	}
}

// Batches beyond any memory take more than there is.
func TestEstimateOfHugeBatches(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	c := toyConfig(erm)
	c.BatchSize, c.Objective.Contrast = 1<<31-1, 1
	require.Greater(t, EstimateMemory(engine, smallLeNet(), &dataset.Task{Source: toySource(t)}, c).Total(), int64(1)<<60)
}

// The images that phases make are counted as what the training set holds of them.
func TestEstimateOfPhases(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	network := smallLeNet()
	data := &dataset.Task{Source: toySource(t)} // 43 images
	const pixels, book = 3 * 32 * 32, 20
	require.EqualValues(t, (40+80)*(4*pixels+book), EstimateMemory(engine, network, data, toyConfig(meada)).Phases)
	require.EqualValues(t, (43+86)*(pixels+book), EstimateMemory(engine, network, data, epochConfig(meada)).Phases)
	require.Zero(t, EstimateMemory(engine, network, data, epochConfig(erm)).Phases)

	overflowing := toyConfig(meada)
	overflowing.Overflow = "."
	require.EqualValues(t, (40+80)*(4*pixels+book), EstimateMemory(engine, network, data, overflowing).Phases, "less than what stays resident")
	data.Source.N, overflowing.BatchSize = 100_000, 10_000
	require.EqualValues(t, (90_000+180_000)*book+2*mapped.Resident, EstimateMemory(engine, network, data, overflowing).Phases)

	// The files of images that are replaced are gone: two are kept, and one is made.
	overflowing.Growth.Phases, overflowing.Growth.Sets = 9, 2
	require.EqualValues(t, 3*(90_000*book+mapped.Resident), EstimateMemory(engine, network, data, overflowing).Phases)
}

// The operations of views are counted: never less than they take, and not many times more.
func TestEstimateOfViews(t *testing.T) {
	const threads, n, side = 3, 8, 64
	engine := tensor.NewEngineOn(threads, nil)
	defer engine.Close()
	network, err := zoo.NewSized("resnet18", side, 10)
	require.NoError(t, err)
	for name, view := range map[string]View{
		"progressive": {Batch: []augment.BatchOp{batch.ProRandConv{Most: 10, Offset: 0.5, Affine: 0.5}}},
		"random":      {Batch: []augment.BatchOp{batch.AsView{Op: batch.RandConv{Sides: []int{1, 7}}}}},
		"mixup":       {Batch: []augment.BatchOp{batch.Mixup{Alpha: 1}}},
		"PRIME":       {Values: image.Prime{Width: 3, Depth: 3, Cut: 100, Colour: 0.01, Filter: 4}},
		"AugMix":      {Values: image.AugMix{Severity: 3, Width: 3, Alpha: 1}},
	} {
		c := Config{BatchSize: n, Views: []View{view, view}}
		before := allocated()
		_, err := newViews(engine, network, &c)
		taken, want := allocated()-before, c.viewsBytes(threads, network)
		require.NoError(t, err, name)
		t.Logf("%s: %d of %d KiB", name, taken>>10, want>>10)
		require.LessOrEqual(t, taken, want+want/16+1<<16, name)
		require.Greater(t, taken, want/8, name)
	}
}

// Pictures in a cache take what stays resident of its file.
func TestEstimateOfCachedPictures(t *testing.T) {
	t.Parallel()
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, goimage.NewGray(goimage.Rect(0, 0, 4, 4))))
	dir := t.TempDir()
	for _, path := range []string{"a/1.png", "a/2.png", "b/1.png"} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, picture.Bytes(), 0o666))
	}
	rest := func(cache *dataset.Cache) int64 {
		data, err := dataset.Folder(dir, dataset.FolderOptions{PictureOptions: dataset.PictureOptions{Side: 32, Cache: cache}})
		require.NoError(t, err)
		return EstimateMemory(engine, smallLeNet(), data, toyConfig(erm)).Rest
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
