package train

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Averaging describes the average of the network's weights over a run, [EMA] or
// [SWA]. Tests are of the average once there is one, and the network has it from
// the first step of a test until training goes on: after an [Event] with a Test,
// and at the end of the run. Running statistics of batch normalisation are not
// averaged, they would be those of other weights: they are measured anew with the
// average, over batches of the training set, as PyTorch's update_bn does.
type Averaging interface {
	check() error
	// due reports whether the weights after a descent step enter the average;
	// ended reports whether the step was the last of its round.
	due(round int, ended bool) bool
	// share returns that of the weights that enter when count have.
	share(count int) float64
}

// EMA is an exponential moving average, w' = d w' + (1-d) w after every descent
// step, which begins with the weights after the first step of round From. Behind n
// earlier weights d is min(Decay, (1+n)/(10+n)), as in TensorFlow: an average of
// few weights keeps little of the first ones, which are almost random.
type EMA struct {
	Decay float64
	From  int
}

func (a EMA) check() error {
	if !(a.Decay > 0 && a.Decay < 1) || a.From < 0 {
		return fmt.Errorf("train: EMA of Decay %v from round %d, expected a number between 0 and 1 and a round from 0 on", a.Decay, a.From)
	}
	return nil
}

func (a EMA) due(round int, _ bool) bool { return round >= a.From }
func (a EMA) share(count int) float64 {
	return 1 - min(a.Decay, float64(1+count)/float64(10+count))
}

// SWA is the mean of the weights after round From and every so many rounds from
// there on (Izmailov et al., "Averaging weights leads to wider optima and better
// generalization", UAI 2018).
type SWA struct{ From, Every int }

func (a SWA) check() error {
	if a.From < 0 || a.Every < 1 {
		return fmt.Errorf("train: SWA from round %d every %d rounds, expected a round from 0 on and 1 or more", a.From, a.Every)
	}
	return nil
}

func (a SWA) due(round int, ended bool) bool {
	return ended && round >= a.From && (round-a.From)%a.Every == 0
}

func (SWA) share(count int) float64 { return 1 / float64(count+1) }

// average is the average of a network's weights and buffers. Its memory holds
// what the network does not: the average, or, while that is tested, the weights
// that training goes on from.
type average struct {
	Averaging
	averageState

	engine  *tensor.Engine
	network *nn.Network   // what is trained: the head alone behind a frozen backbone
	entries []nn.Array    // of the network's state that the average has values of its own for
	memory  [][]float32   // of each entry
	parts   []averagePart // of parameters, then of running statistics
	weights int           // parts of parameters

	adding     addWeights
	exchanging exchangeWeights
}

// averageState is what a checkpoint keeps of an average beside its arrays.
type averageState struct {
	Count   int  // weights that have entered
	Swapped bool // the network has the average
}

// averagePart is one part of an entry: what the network has, and what it has
// not.
type averagePart struct{ network, memory []float32 }

// newAverage returns the average of a network's weights, nil if there is none.
func newAverage(e *tensor.Engine, network *nn.Network, a Averaging) *average {
	if a == nil {
		return nil
	}
	m := &average{Averaging: a, engine: e, network: network}
	m.adding.average, m.exchanging.average = m, m
	parameters := map[string]bool{}
	for _, p := range network.Params {
		parameters[p.Name] = true
	}
	for _, entry := range network.State() {
		if parameters[entry.Name] {
			m.entries = append(m.entries, entry)
		}
	}
	m.add(m.entries)
	m.weights = len(m.parts)
	if m.measured() {
		statistics := slices.DeleteFunc(network.State(), func(a nn.Array) bool { return a.Data == nil || parameters[a.Name] })
		m.entries = append(m.entries, statistics...)
		m.add(statistics)
	}
	return m
}

// measured reports whether the network has running statistics that training changes.
func (m *average) measured() bool { return m.network.Normalises() && !m.network.FreezeBN }

// add makes memory for entries of the network's state, and parts.
func (m *average) add(entries []nn.Array) {
	for _, entry := range entries {
		memory := tensor.Aligned(len(entry.Data))
		m.memory = append(m.memory, memory)
		for lo := 0; lo < len(memory); lo += simd.MaxCall {
			hi := min(lo+simd.MaxCall, len(memory))
			m.parts = append(m.parts, averagePart{entry.Data[lo:hi], memory[lo:hi]})
		}
	}
}

// update lets the weights after a descent step enter, if they are to.
func (m *average) update(round int, ended bool) {
	if m == nil || !m.due(round, ended) {
		return
	}
	share := 1.0
	if m.Count > 0 {
		share = m.share(m.Count)
	}
	m.Count++
	m.adding.scale, m.adding.share = float32(1-share), float32(share)
	m.engine.Run(m.weights, &m.adding)
}

// addWeights adds the network's weights to the average, a part at a time.
type addWeights struct {
	*average
	scale, share float32 // of the average, 0 for the first time, and of the weights
}

func (t *addWeights) Do(i, _ int) {
	p, k := t.parts[i], t.engine.Kernels
	if t.scale == 0 {
		copy(p.memory, p.network)
		return
	}
	k.Scale(t.scale, p.memory)
	k.Axpy(t.share, p.network, p.memory)
}

// show gives the network the average, or the weights that training goes on from, and
// reports whether it has one of them for the other.
func (m *average) show(average bool) (changed bool) {
	if m == nil || m.Count == 0 || m.Swapped == average {
		return false
	}
	m.Swapped = average
	m.engine.Run(len(m.parts), &m.exchanging)
	return true
}

// statisticsBatches is the most batches that the running statistics are measured over:
// a mean over so many varies little, and a test does not take much longer.
const statisticsBatches = 64

// measureStatistics sets the running statistics of the network to those of its weights,
// the average, over batches of the training set's images, changed like those of a descent
// step, but for attacks, which need the statistics. Each shard of a batch is spread evenly over the set, since the order of the images
// may be that of the classes.
func (t *Trainer) measureStatistics() error {
	d, n := &t.descent, t.set.len()
	if !d.average.measured() {
		return nil
	}
	numbers := d.numbers[:min(len(d.numbers), n)]
	batches := min(n/len(numbers), statisticsBatches)
	var err error
	t.network.MeasureStatistics(func() {
		for b := 0; b < batches && err == nil; b++ {
			done, shards := 0, t.config.shards()
			for i := 0; done < len(numbers); i++ {
				for s := range shards {
					if lo, hi := shardBounds(s, shards, len(numbers)); lo+i < hi {
						numbers[lo+i] = int32(int64(t.set.unread) + int64(done*batches+b)*int64(n)/int64(batches*len(numbers)))
						done++
					}
				}
			}
			err = t.forward(numbers)
		}
	})
	return err
}

// exchangeWeights exchanges the network's weights and the average, a part at a
// time.
type exchangeWeights struct{ *average }

func (t *exchangeWeights) Do(i, _ int) {
	p := t.parts[i]
	for j, v := range p.network {
		p.network[j], p.memory[j] = p.memory[j], v
	}
}

const averagePrefix = "average."

// arrays returns the arrays that a checkpoint keeps of the average. They share
// its memory.
func (m *average) arrays() []safetensors.Tensor {
	if m == nil || m.Count == 0 {
		return nil
	}
	all := make([]safetensors.Tensor, len(m.entries))
	for i, entry := range m.entries {
		all[i] = safetensors.Tensor{Name: averagePrefix + entry.Name, Shape: entry.Shape, Data: m.memory[i]}
	}
	return all
}

// set sets what arrays returns.
func (m *average) set(s averageState, tensors map[string]safetensors.Tensor) error {
	if m == nil {
		return nil
	}
	if s.Count < 0 || s.Count == 0 && s.Swapped {
		return fmt.Errorf("invalid average of %d weights in checkpoint", s.Count)
	}
	m.averageState = s
	for i, entry := range m.entries {
		if from := tensors[averagePrefix+entry.Name].Data; s.Count > 0 {
			if len(from) != len(m.memory[i]) {
				return fmt.Errorf("tensor %q has %d elements, expected %d", averagePrefix+entry.Name, len(from), len(m.memory[i]))
			}
			copy(m.memory[i], from)
		}
	}
	return nil
}
