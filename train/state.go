package train

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// state is what a checkpoint keeps of a Trainer beside arrays.
type state struct {
	// What the Trainer must have been made from.
	Config        Config
	Domains       []tested
	Normalisation string

	At       position
	Next     int    // place in the pool's reading order
	Shuffled uint64 // words drawn to permute it
	Dropped  uint64 // words drawn to drop activations
	Adam     int    // steps done
	Cosine   optim.Cosine
	Best     float64
	Test     Test

	Images []imagesState // those made by each phase that has begun
}

// tested is a domain that is tested.
type tested struct {
	Name   string
	Images int
}

func testedDomains(domains []dataset.Domain) []tested {
	var list []tested
	for i := range domains {
		list = append(list, tested{domains[i].Name, domains[i].N})
	}
	return list
}

// The names of a checkpoint's tensors, beside those of notes and of the network.
const (
	stateTensor  = "state" // a state as JSON
	orderTensor  = "pool.order"
	labelsTensor = "pool.labels"
	adamM, adamV = "adam.m", "adam.v"
	sgdBuffer    = "sgd.buffer"

	networkPrefix = "network."
	notePrefix    = "note."
)

// state returns the Trainer's state, but for the arrays.
func (t *Trainer) state() state {
	s := state{
		Config: t.config, Domains: testedDomains(t.domains), Normalisation: t.network.Normalisation.String(),
		At: t.at, Next: t.pool.next, Shuffled: t.shuffles.Counter(), Dropped: t.network.Dropout.Counter(),
		Cosine: t.cosine, Best: t.best, Test: t.test,
	}
	if t.adam != nil {
		s.Adam = t.adam.T
	}
	return s
}

// arrays returns the arrays of the Trainer's state, but for images. They share
// its memory.
func (t *Trainer) arrays() []safetensors.Tensor {
	var all []safetensors.Tensor
	for _, p := range t.network.State() {
		p.Name = networkPrefix + p.Name
		all = append(all, p)
	}
	for name, data := range t.moments() {
		all = append(all, safetensors.Tensor{Name: name, Shape: []int{len(data)}, Data: data})
	}
	order := make([]int64, t.pool.len())
	for i, number := range t.pool.order {
		order[i] = int64(number)
	}
	return append(all,
		safetensors.Tensor{Name: orderTensor, Shape: []int{len(order)}, Int64: order},
		safetensors.Tensor{Name: labelsTensor, Shape: []int{len(order), 2}, Bytes: labelBytes(t.pool.labels)})
}

// moments returns the arrays of the optimiser's state by name.
func (t *Trainer) moments() map[string][]float32 {
	if t.adam != nil {
		return map[string][]float32{adamM: t.adam.M, adamV: t.adam.V}
	}
	return map[string][]float32{sgdBuffer: t.sgd.Buffer}
}

// images returns the images made by a phase that has begun, and how many of
// them there are so far.
func (t *Trainer) images(phase int) (block, int) {
	if phase < len(t.pool.added) {
		b := t.pool.added[phase]
		return b, b.n
	}
	return t.growth, t.at.Done
}

// begun returns how many phases have begun.
func (p *position) begun() int {
	if p.Kind == Maximise {
		return p.Phase + 1
	}
	return p.Phase
}

// Resume prepares the training that a checkpoint is of, to go on where it was.
// Network (initialised by the seed), data and settings must be those that New
// was given; an error says what is not.
func Resume(engine *tensor.Engine, network *nn.Network, data *dataset.Task, c Config, from *Checkpoint) (*Trainer, error) {
	s := &from.state
	if s.Config != c {
		return nil, fmt.Errorf("%s: it is of a run with other settings, %+v instead of %+v", from.path, s.Config, c)
	}
	if now := testedDomains(data.Domains); !slices.Equal(now, s.Domains) {
		return nil, fmt.Errorf("%s: it is of a run tested on %v, now there are %v", from.path, s.Domains, now)
	}
	fail := func(err error) (*Trainer, error) { return nil, fmt.Errorf("%s: %w", from.path, err) }
	var err error
	if network.Normalisation, err = nn.ParseNormalisation(s.Normalisation, network.C); err != nil {
		return fail(err)
	}
	t := New(engine, network, data, c)
	if err := t.checkState(s); err != nil {
		return fail(err)
	}
	t.at, t.best, t.test, t.cosine = s.At, s.Best, s.Test, s.Cosine
	t.shuffles.SetCounter(s.Shuffled)
	network.Dropout.SetCounter(s.Dropped)
	if t.adam != nil {
		t.adam.T = s.Adam
	}
	if t.transform != nil {
		t.transform.epoch = s.At.Round
	}
	if err := t.setArrays(from.tensors, s.Next); err != nil {
		return fail(err)
	}
	if err := t.setImages(from); err != nil {
		return nil, err // which names the file
	}
	if s.At.Kind == Evaluate && s.At.Offset > 0 {
		if t.tested, err = t.domains[s.At.Domain].Part(s.At.Part); err != nil {
			return nil, err
		}
		if s.At.Offset >= t.tested.N {
			return fail(fmt.Errorf("%d of %d images tested", s.At.Offset, t.tested.N))
		}
	}
	return t, nil
}

// checkState refuses a state that no Step could leave.
func (t *Trainer) checkState(s *state) error {
	at, classes := s.At, t.network.Classes
	ok := at.Step >= 0 && at.Step < t.outline.Steps && at.Round >= 0 && at.Round <= at.Step && at.Phase >= 0 && at.Done >= 0
	switch at.Kind {
	case Minimise:
		ok = ok && at.Phase < len(t.outline.Pool)
	case Maximise:
		ok = ok && at.Phase+1 < len(t.outline.Pool) && at.Done < t.outline.Pool[at.Phase+1]-t.outline.Pool[at.Phase]
	case Evaluate:
		ok = ok && at.Phase < len(t.outline.Pool) && at.Domain >= 0 && at.Domain < len(t.domains) &&
			at.Part >= 0 && at.Part < t.domains[at.Domain].Parts() && at.Offset >= 0 && at.Offset <= at.Done && at.Done < t.domains[at.Domain].N
	default:
		ok = false
	}
	ok = ok && len(s.Test.Accuracy) == len(t.domains) && len(s.Test.Severities) == len(t.domains) && len(s.Test.Confusion) == len(t.domains)
	for i := 0; ok && i < len(t.domains); i++ {
		ok = len(s.Test.Severities[i]) == len(t.domains[i].Severities) && len(s.Test.Confusion[i]) == classes*classes
	}
	if !ok {
		return fmt.Errorf("no run can be at %+v", at)
	}
	return nil
}

// setArrays sets what arrays returns. The state's position has been set.
func (t *Trainer) setArrays(tensors map[string]safetensors.Tensor, next int) error {
	own := t.network.State()
	for i := range own {
		name := own[i].Name
		own[i] = tensors[networkPrefix+name]
		own[i].Name = name
	}
	if err := t.network.SetState(own); err != nil {
		return err
	}
	for name, to := range t.moments() {
		from := tensors[name].Data
		if len(from) != len(to) {
			return fmt.Errorf("tensor %q has %d elements, expected %d", name, len(from), len(to))
		}
		copy(to, from)
	}

	p, n := t.pool, t.outline.Pool[t.at.Phase]
	order, labels := tensors[orderTensor].Int64, labelsOf(tensors[labelsTensor])
	if len(order) != n || len(labels) != n || next < 0 || next > n || !isPermutation(order) {
		return fmt.Errorf("%d images in an order of %d, expected %d", len(labels), len(order), n)
	}
	if !slices.Equal(labels[:len(p.labels)], p.labels) {
		return errors.New("the labels of the training images were others")
	}
	if int(slices.Max(labels)) >= t.network.Classes {
		return fmt.Errorf("label %d of %d classes", slices.Max(labels), t.network.Classes)
	}
	p.order, p.labels, p.next = make([]int32, n), labels, next
	for i, number := range order {
		p.order[i] = int32(number)
	}
	return nil
}

// labelBytes encodes labels as two bytes each, the low one first.
func labelBytes(labels []uint16) []byte {
	encoded := make([]byte, 0, 2*len(labels))
	for _, label := range labels {
		encoded = binary.LittleEndian.AppendUint16(encoded, label)
	}
	return encoded
}

// labelsOf decodes labelBytes, and the single bytes that labels were before.
func labelsOf(t safetensors.Tensor) []uint16 {
	var labels []uint16
	if len(t.Shape) == 1 {
		for _, label := range t.Bytes {
			labels = append(labels, uint16(label))
		}
		return labels
	}
	for pair := range slices.Chunk(t.Bytes, 2) {
		if len(pair) == 2 {
			labels = append(labels, binary.LittleEndian.Uint16(pair))
		}
	}
	return labels
}

// isPermutation says whether the numbers are those from 0 on.
func isPermutation(numbers []int64) bool {
	seen := make([]bool, len(numbers))
	for _, n := range numbers {
		if n < 0 || n >= int64(len(seen)) || seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// setImages reads the images that phases have made. The state's position has
// been set.
func (t *Trainer) setImages(from *Checkpoint) error {
	for phase := range t.at.begun() {
		n := t.outline.Pool[phase+1] - t.outline.Pool[phase]
		b, done := t.newBlock(n), n
		if phase < t.at.Phase {
			t.pool.added = append(t.pool.added, b)
		} else {
			t.growth, done = b, t.at.Done
		}
		if err := from.readImages(phase, b, done); err != nil {
			return err
		}
	}
	return nil
}
