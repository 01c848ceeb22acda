package train_test

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// BenchmarkCollection measures runtime.GC while LeNet5 trains, on one CPU or on
// all of them: how long a collection takes, and for how long it stops the world,
// which is what waits for assembly. It needs a machine that does nothing else.
//
//	go test ./train -run '^$' -bench Collection -benchtime 200x
func BenchmarkCollection(b *testing.B) {
	b.Run("one thread", func(b *testing.B) { benchmarkCollection(b, 1) })
	b.Run("all threads", func(b *testing.B) { benchmarkCollection(b, 0) })
}

func benchmarkCollection(b *testing.B, threads int) {
	trainer, done := training(b, threads)
	defer done()
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if _, err := trainer.Step(); err != nil {
				stopped <- err
				return
			}
		}
	}()
	time.Sleep(time.Second / 2) // until the memory is touched

	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	before := slices.Clone(sample[0].Value.Float64Histogram().Counts)
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		runtime.GC()
		took = append(took, time.Since(begin))
	}
	metrics.Read(sample)
	close(stop)
	require.NoError(b, <-stopped)

	pauses := sample[0].Value.Float64Histogram()
	most := 0.0
	for i, count := range pauses.Counts {
		if count > before[i] {
			most = pauses.Buckets[i+1]
		}
	}
	slices.Sort(took)
	b.ReportMetric(1e3*most, "ms-longest-pause")
	b.ReportMetric(1e3*took[len(took)/2].Seconds(), "ms-median-GC")
	b.ReportMetric(1e3*took[len(took)-1].Seconds(), "ms-longest-GC")
}

// training returns a run of LeNet5 that does not end.
func training(b *testing.B, threads int) (trainer *train.Trainer, done func()) {
	engine := tensor.NewEngineOn(threads, nil)
	network, err := zoo.New("lenet5", 10)
	require.NoError(b, err)
	network.Init(1)
	const n = 640
	source := dataset.Images{N: n, C: network.C, H: network.H, W: network.W,
		Data: make([]uint8, n*network.C*network.H*network.W), Labels: make([]uint16, n)}
	task := &dataset.Task{Source: source, Domains: []dataset.Domain{{Name: "test", Images: source}}}
	c := train.Config{
		Seed: 1, BatchSize: 32,
		Schedule:  train.Steps{Total: 1 << 20, TestEvery: 1 << 20},
		Optimiser: train.Adam{LR: 1e-4},
	}
	trainer, err = train.New(engine, network, task, c)
	require.NoError(b, err)
	return trainer, engine.Close
}
