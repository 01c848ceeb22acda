package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"os"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// measured are step times that a machine took.
type measured struct {
	Machine string `json:"machine"`
	Date    string `json:"date"`
	Threads int    `json:"threads"`
	Steps   []struct {
		Network      string  `json:"network"`
		Model        string  `json:"model"` // as zoo.New names it
		Batch        int     `json:"batch"`
		Milliseconds float64 `json:"milliseconds"`
	} `json:"steps"`
}

// assumptions are what the prediction takes for granted.
type assumptions struct {
	cores   int           // of a machine, which gain in proportion over the measured threads
	latency time.Duration // of a message
	goodput float64       // the part of a link's rate that MPI gets, each way at once
	adds    float64       // values a second that one core adds
	forward float64       // the part of a step's time before the backward pass
}

var assumed = assumptions{cores: 16, latency: 50 * time.Microsecond, goodput: 0.9, adds: 1e9, forward: 1. / 3}

// gradients are a piece of them, of so many values, which are there after a part of the
// backward pass.
type gradients struct {
	values int
	ready  float64 // 0 to 1
}

// traffic is what one rank does in a sum over the ranks.
type traffic struct {
	messages    int
	bytes, adds int64 // bytes each way
}

// counter is rank 0 of a group of which there is nothing else. It counts what it sends.
type counter struct {
	ranks int
	traffic
}

func (c *counter) Rank() int { return 0 }
func (c *counter) Size() int { return c.ranks }

func (c *counter) Exchange(_ int, send, recv []byte) error {
	c.messages++
	c.bytes += int64(max(len(send), len(recv)))
	return nil
}

// sumTraffic counts a sum of values by the tree of training.
func sumTraffic(values, ranks int) (traffic, error) {
	if values == 0 {
		return traffic{}, nil // as training does
	}
	c := &counter{ranks: ranks}
	group, err := collective.New(c)
	if err != nil {
		return traffic{}, err
	}
	err = group.Sum(make([]float32, values), func(dst, _ []float32) { c.adds += int64(len(dst)) })
	return c.traffic, err
}

// time is how long a traffic takes over a link of so many bits a second.
func (a *assumptions) time(t traffic, rate float64) float64 {
	return float64(t.messages)*a.latency.Seconds() + float64(8*t.bytes)/(a.goodput*rate) + float64(t.adds)/a.adds
}

// load is what a network's step has the ranks do.
type load struct {
	pieces     []gradients // in the order of the backward pass
	statistics int         // values summed after the backward pass
}

// efficiency returns which part of a step's seconds so many ranks spend on what one
// would compute: with sums that go on during the backward pass, and with all sums after it.
func (a *assumptions) efficiency(l load, step, rate float64, ranks int) (overlapped, apart float64, err error) {
	link, busy := 0., 0.
	for _, p := range l.pieces {
		t, err := sumTraffic(p.values, ranks)
		if err != nil {
			return 0, 0, err
		}
		ready := step * (a.forward + (1-a.forward)*p.ready)
		link = max(link, ready) + a.time(t, rate)
		busy += a.time(t, rate)
	}
	t, err := sumTraffic(l.statistics, ranks)
	if err != nil {
		return 0, 0, err
	}
	t.messages += bits.Len(uint(ranks)) - 1 // of the losses, which are gathered
	last := a.time(t, rate)
	return step / (max(link, step) + last), step / (step + busy + last), nil
}

// loadOf takes a network's pieces of gradients from its plan, and times on this machine
// when in a backward pass they are there.
func loadOf(engine *tensor.Engine, model string) (load, error) {
	const batch, classes = 4, 10
	net, err := zoo.New(model, classes)
	if err != nil {
		return load{}, err
	}
	net.Init(1)
	l := load{statistics: len(net.CollectStatistics())}
	plan := nn.Compile(engine, net, batch, nn.Train)
	cuts := collective.Cuts(plan.Stages(), len(net.Grads), collective.Piece)
	hi := len(net.Grads)
	for _, from := range cuts {
		l.pieces = append(l.pieces, gradients{values: hi - from})
		hi = from
	}
	x, gradient := tensor.New(batch, net.C, net.H, net.W), tensor.New(batch, classes, 1, 1)
	best := time.Duration(0)
	for range 3 {
		plan.Forward(x)
		var at []time.Duration
		begin := time.Now()
		plan.Progress = func(from int) {
			for len(at) < len(cuts) && cuts[len(at)] >= from {
				at = append(at, time.Since(begin))
			}
		}
		plan.Backward(gradient, tensor.Tensor{})
		whole := time.Since(begin)
		if best > 0 && whole >= best {
			continue
		}
		best = whole
		for i := range l.pieces {
			l.pieces[i].ready = at[i].Seconds() / whole.Seconds()
		}
	}
	return l, nil
}

var (
	predictedRanks = []int{2, 4, 8, 16, 32, 64}
	predictedRates = []float64{10e9, 100e9}
)

// readMeasured reads a file of step times.
func readMeasured(path string) (*measured, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &measured{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Threads < 1 || len(m.Steps) == 0 {
		return nil, fmt.Errorf("%s: %d threads and %d steps, expected at least one of each", path, m.Threads, len(m.Steps))
	}
	for _, s := range m.Steps {
		if s.Milliseconds <= 0 || s.Batch < 1 {
			return nil, fmt.Errorf("%s: %s has a batch of %d in %v milliseconds, expected more than 0", path, s.Network, s.Batch, s.Milliseconds)
		}
	}
	return m, nil
}

// predict prints the efficiency that the networks of a file of step times are expected to
// have on many machines.
func predict(w io.Writer, engine *tensor.Engine, path string) error {
	m, err := readMeasured(path)
	if err != nil {
		return err
	}
	a := &assumed
	fmt.Fprintf(w, "Measured, %s, %d threads, %s:\n\n", m.Machine, m.Threads, m.Date)
	fmt.Fprintf(w, "| network | batch | step | summed | sums a step | bytes each way, 8 machines | messages |\n|---|--:|--:|--:|--:|--:|--:|\n")
	loads := make([]load, len(m.Steps))
	for i, s := range m.Steps {
		if loads[i], err = loadOf(engine, s.Model); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		var all traffic
		values := 0
		for _, p := range append(loads[i].pieces, gradients{values: loads[i].statistics}) {
			t, err := sumTraffic(p.values, 8)
			if err != nil {
				return err
			}
			values += p.values
			all.messages, all.bytes = all.messages+t.messages, all.bytes+t.bytes
		}
		fmt.Fprintf(w, "| %s | %d | %.0f ms | %.1f MB | %d | %.1f MB | %d |\n", s.Network, s.Batch, s.Milliseconds,
			4e-6*float64(values), len(loads[i].pieces)+1, 1e-6*float64(all.bytes), all.messages)
	}
	fmt.Fprintf(w, "\nPredicted, per cent of as many times one machine of %d cores, with sums during the backward pass (all after it):\n\n", a.cores)
	fmt.Fprintf(w, "| network | step | Gbit/s |")
	for _, ranks := range predictedRanks {
		fmt.Fprintf(w, " %d machines |", ranks)
	}
	fmt.Fprintf(w, "\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, rate := range predictedRates {
		for i, s := range m.Steps {
			step := s.Milliseconds / 1e3 * float64(m.Threads) / float64(a.cores)
			fmt.Fprintf(w, "| %s | %.0f ms | %.0f |", s.Network, 1e3*step, rate/1e9)
			for _, ranks := range predictedRanks {
				overlapped, apart, err := a.efficiency(loads[i], step, rate, ranks)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, " %.1f (%.0f) |", 100*overlapped, 100*apart)
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "\nAssumed: %v a message, %.0f %% of a link's rate each way at once, %.0f million values a second added, %.0f %% of a step before\n"+
		"its backward pass, %d cores as many times as fast as %d as they are more, machines of one rank and one shard with the batch\n"+
		"above, equally fast, every pair at a link's full rate.\n",
		a.latency, 100*a.goodput, a.adds/1e6, 100*a.forward, a.cores, m.Threads)
	return nil
}
