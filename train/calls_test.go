package train_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// A call of assembly can't be preempted, so the longest one bounds how long the
// garbage collector waits for the world to stop. What bounds its time is
//   - the elements that it works through: 256 Ki float32 are read in 100 us at
//     10 GB/s;
//   - of register tiles, the sum of their depths: at 16 Ki rows of B every kernel set's
//     tile is busy for 100 to 230 thousand cycles, 80 us.
const (
	mostElements = 256 << 10
	mostDepth    = 16 << 10
)

// calls watches the calls of every kernel of a set.
type calls struct {
	kernels simd.Kernels
	most    map[string]*call // by kernel, the largest
}

// call is the largest call of a kernel, and the shortest time that one took.
type call struct {
	size int
	time time.Duration
}

func watch(set *simd.Kernels) *calls {
	c := &calls{kernels: *set, most: map[string]*call{}}
	// Reflection would take longer than these kernels, of which there are the most calls.
	c.kernels.Gemm = func(tile *simd.GemmTile) {
		begin := time.Now()
		set.Gemm(tile)
		c.note("Gemm", tile.K*tile.KOuter, time.Since(begin))
	}
	c.kernels.GemmTiles = func(tiles *simd.GemmTiles) {
		depth, begin := tiles.Count*tiles.K*tiles.KOuter, time.Now()
		set.GemmTiles(tiles)
		c.note("GemmTiles", depth, time.Since(begin))
	}
	kernels := reflect.ValueOf(&c.kernels).Elem()
	for i := range kernels.NumField() {
		name, field := kernels.Type().Field(i).Name, kernels.Field(i)
		if field.Kind() != reflect.Func || name == "Gemm" || name == "GemmTiles" || name == "DepthwiseInPlace" { // which computes nothing
			continue
		}
		kernel := reflect.ValueOf(field.Interface())
		field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
			begin := time.Now()
			results := kernel.Call(args)
			c.note(name, size(name, args), time.Since(begin))
			return results
		}))
	}
	return c
}

func (c *calls) note(name string, size int, elapsed time.Duration) {
	most := c.most[name]
	switch {
	case most == nil || size > most.size:
		c.most[name] = &call{size, elapsed}
	case size == most.size:
		most.time = min(most.time, elapsed)
	}
}

// size returns the elements that a call works through.
func size(name string, args []reflect.Value) int {
	product := func(of ...int) int {
		p := 1
		for _, i := range of {
			p *= int(args[i].Int())
		}
		return p
	}
	const points, lanes = 36, simd.WinogradLanes // of a tile
	switch name {
	case "Peak":
		return 0 // as long as its caller wants
	case "AvgPool2", "AvgPool2Backward": // rows, n
		return 4 * product(2, 3)
	case "Deinterleave2", "Interleave2": // rows, n
		return 2 * product(3, 4)
	case "GemmGather", "GemmPairs": // the depth, as of Gemm
		tile := args[0].Interface().(*simd.GemmTile)
		return tile.K * max(1, tile.KOuter)
	case "Transpose", "TransposePairs": // rows, cols
		return product(2, 3)
	case "Gather", "GatherPairs", "Scatter": // count, n
		return product(3, 5)
	case "Prefetch":
		return product(2)
	case "WinogradInput", "WinogradInputAdjoint": // tiles
		return points * lanes * product(2)
	case "WinogradFilter", "WinogradFilterAdjoint", "WinogradOutputAdjoint":
		return points * lanes * product(3)
	case "WinogradOutput":
		return points * lanes * args[0].Interface().(*simd.WinogradOutputs).Tiles
	case "BatchNormBackwardSums", "BatchNormBackwardInput":
		return len(args[0].Interface().(*simd.BatchNormGradient).X)
	case "Depthwise", "DepthwiseWeights":
		plane := args[0].Interface().(*simd.DepthwisePlane)
		return plane.Taps * plane.Rows * plane.N
	case "DepthwiseRows", "DepthwiseRowsWeights":
		planes := args[0].Interface().(*simd.DepthwiseRows)
		return planes.Planes * planes.Side * planes.Side * planes.Rows * planes.N
	}
	longest := 0
	for _, a := range args {
		if a.Kind() == reflect.Slice {
			longest = max(longest, a.Len())
		}
	}
	return longest
}

// Descent, a phase and a test of the published networks never run one kernel for
// long. With -v the longest calls of each are printed.
func TestCallsAreShort(t *testing.T) {
	if os.Getenv("CI") == "" || testing.Short() {
		t.Skip("takes steps of large networks: continuous integration does it (CI=true)")
	}
	if simd.Active().Name == "generic" {
		t.Skip("Go can be preempted")
	}
	for _, name := range []string{"lenet5", "wrn", "alexnet", "efficientnet-lite0"} {
		t.Run(name, func(t *testing.T) {
			watched := watch(simd.Active())
			engine := tensor.NewEngineOn(1, &watched.kernels)
			defer engine.Close()
			network, err := zoo.New(name, 10)
			require.NoError(t, err)
			c := train.Config{
				Seed: 1, BatchSize: 2,
				Schedule:  train.Epochs{Total: 2, TestEvery: 1},
				Optimiser: train.SGD{LR: 0.1, Momentum: 0.9, Decay: 5e-4, Cosine: true},
				Growth:    train.Growth{Phases: 1, Every: 2, Bytes: true, Ascent: augment.Config{Steps: 1, LR: 20, Gamma: 1, Eta: 10}},
			}
			if name == "lenet5" {
				c.BatchSize, c.Schedule, c.Optimiser = 32, train.Steps{Total: 2, TestEvery: 100}, train.Adam{LR: 1e-4}
				c.Growth.Bytes, c.Growth.Ascent.LR, c.Growth.Ascent.Max = false, 1, 1
			}
			n := 2 * c.BatchSize
			images := dataset.Images{N: n, C: network.C, H: network.H, W: network.W,
				Data: make([]uint8, n*network.C*network.H*network.W), Labels: make([]uint16, n)}
			data := &dataset.Task{Source: images, Domains: []dataset.Domain{{Name: "test", Images: images}}}
			trainer, err := train.New(engine, network, data, c)
			require.NoError(t, err)
			kinds := map[train.Kind]bool{}
			for !trainer.Done() {
				e, err := trainer.Step()
				require.NoError(t, err)
				kinds[e.Kind] = true
			}
			require.Len(t, kinds, 3, "descent, ascent and test")
			for _, kernel := range slices.Sorted(maps.Keys(watched.most)) {
				most := watched.most[kernel]
				t.Logf("%-22s %6d in %v", kernel, most.size, most.time)
				limit := mostElements
				if strings.HasPrefix(kernel, "Gemm") {
					limit = mostDepth
				}
				require.True(t, most.size > 0 || kernel == "Peak", "%s: size does not count it", kernel)
				require.LessOrEqual(t, most.size, limit, kernel)
			}
		})
	}
}
