package train

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	Config        map[string]string // its parts as text
	Domains       []tested
	Normalisation string

	At       position
	Next     int    // place in the training set's reading order
	Shuffled uint64 // words drawn to permute it
	Dropped  uint64 // words drawn to drop activations
	Updates  int    // that the optimiser has done, if it counts them
	Rate     optim.Annealing
	Average  averageState
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
	orderTensor  = "training-set.order"
	labelsTensor = "training-set.labels"

	networkPrefix = "network."
	notePrefix    = "note."
)

// state returns the Trainer's state, but for the arrays.
func (t *Trainer) state() state {
	s := state{
		Config: t.config.parts(), Domains: testedDomains(t.tests.domains), Normalisation: t.network.Normalisation.String(),
		At: t.at, Next: t.set.next, Shuffled: t.shuffles.Counter(), Dropped: t.network.DropoutCounter(),
		Rate: t.descent.rate.Annealing, Best: t.tests.best, Test: t.tests.test,
	}
	if count := t.descent.optimiser.count(); count != nil {
		s.Updates = *count
	}
	if t.descent.average != nil {
		s.Average = t.descent.average.averageState
	}
	return s
}

// arrays returns the arrays of the Trainer's state, but for images. They share
// its memory.
func (t *Trainer) arrays() []safetensors.Tensor {
	var all []safetensors.Tensor
	for _, p := range t.network.State() {
		all = append(all, safetensors.Tensor{Name: networkPrefix + p.Name, Shape: p.Shape, Data: p.Data, Int64: p.Int64})
	}
	moments := t.descent.optimiser.arrays()
	for _, name := range slices.Sorted(maps.Keys(moments)) {
		data := moments[name]
		all = append(all, safetensors.Tensor{Name: name, Shape: []int{len(data)}, Data: data})
	}
	all = append(all, t.descent.average.arrays()...)
	order := make([]int64, t.set.len())
	for i, number := range t.set.order {
		order[i] = int64(number)
	}
	return append(all,
		safetensors.Tensor{Name: orderTensor, Shape: []int{len(order)}, Int64: order},
		safetensors.Tensor{Name: labelsTensor, Shape: []int{len(t.set.labels), 2}, Bytes: labelBytes(t.set.labels)})
}

// Sum returns a checksum of the Trainer's state: two that are made alike, or resumed
// from the same checkpoint, have the same.
func (t *Trainer) Sum() (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(t.state()); err != nil {
		return "", err
	}
	for _, a := range t.arrays() {
		for _, part := range []any{a.Data, a.Int64, a.Bytes} {
			if err := binary.Write(h, binary.LittleEndian, part); err != nil {
				return "", err
			}
		}
	}
	for phase := range t.at.begun() {
		b, n := t.images(phase)
		for i := range n {
			values := []float32(nil)
			if b.bytes == nil {
				values = b.values.Image(i)
			} else {
				h.Write(b.bytes[i*len(b.bytes)/b.n:][:len(b.bytes)/b.n])
			}
			if err := binary.Write(h, binary.LittleEndian, values); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// images returns the images made by a phase that has begun, and how many of
// them there are so far: none if those of another have replaced them.
func (t *Trainer) images(phase int) (block, int) {
	if phase < len(t.set.added) {
		b := t.set.added[phase]
		return b, b.n
	}
	return t.phase.growth, t.at.Done
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
// was given; an error says what is not. The values of the images are not compared, nor
// what the network's FreezeBN and Conv are set to.
func Resume(engine *tensor.Engine, network *nn.Network, data *dataset.Task, c Config, from *Checkpoint) (*Trainer, error) {
	s := &from.state
	if err := c.check(network); err != nil {
		return nil, err
	}
	if err := from.checkRun(data, &c); err != nil {
		return nil, err
	}
	fail := func(err error) (*Trainer, error) { return nil, fmt.Errorf("%s: %w", from.path, err) }
	var err error
	if network.Normalisation, err = nn.ParseNormalisation(s.Normalisation, network.C); err != nil {
		return fail(err)
	}
	t, err := New(engine, network, data, c)
	if err != nil {
		return nil, err
	}
	if err := t.checkState(s); err != nil {
		return fail(err)
	}
	t.at, t.tests.best, t.tests.test, t.descent.rate.Annealing = s.At, s.Best, s.Test, s.Rate
	t.shuffles.SetCounter(s.Shuffled)
	network.SetDropoutCounter(s.Dropped)
	if count := t.descent.optimiser.count(); count != nil {
		*count = s.Updates
	}
	if err := t.descent.average.set(s.Average, from.tensors); err != nil {
		return fail(err)
	}
	if err := t.setArrays(from.tensors, s.Next); err != nil {
		return fail(err)
	}
	if err := t.setImages(from); err != nil {
		return nil, err // which names the file
	}
	if s.At.Kind == Evaluate && s.At.Offset > 0 {
		if err := t.readPart(); err != nil {
			return nil, err
		}
		if s.At.Offset >= t.tests.part.N {
			return fail(fmt.Errorf("%d of %d images tested", s.At.Offset, t.tests.part.N))
		}
	}
	return t, nil
}

// checkRun refuses a run of other settings or domains.
func (from *Checkpoint) checkRun(data *dataset.Task, c *Config) error {
	s := &from.state
	all := maps.Clone(s.Config)
	maps.Copy(all, c.parts())
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if then, now := s.Config[name], c.parts()[name]; then != now {
			return fmt.Errorf("%s: it is of a run with other settings, %s %s instead of %s",
				from.path, name, cmp.Or(then, "none"), cmp.Or(now, "none"))
		}
	}
	if now := testedDomains(Domains(data)); !slices.Equal(now, s.Domains) {
		return fmt.Errorf("%s: it is of a run tested on %v, now there are %v", from.path, s.Domains, now)
	}
	return nil
}

// checkState refuses a state that no Step could leave.
func (t *Trainer) checkState(s *state) error {
	at, classes := s.At, t.network.Classes
	ok := at.Step >= 0 && at.Step < t.outline.Steps && at.Round >= 0 && at.Round <= at.Step && at.Phase >= 0 && at.Done >= 0
	switch at.Kind {
	case Minimise:
		ok = ok && at.Phase < len(t.outline.TrainingSet)
	case Maximise:
		ok = ok && at.Phase+1 < len(t.outline.TrainingSet) && at.Done < t.made(at.Phase)
	case Evaluate:
		ok = ok && at.Phase < len(t.outline.TrainingSet) && at.Domain >= 0 && at.Domain < len(t.tests.domains) &&
			at.Part >= 0 && at.Part < t.tests.domains[at.Domain].Parts() && at.Offset >= 0 && at.Offset <= at.Done && at.Done < t.tests.domains[at.Domain].N
	default:
		ok = false
	}
	ok = ok && len(s.Test.Accuracy) == len(t.tests.domains) && len(s.Test.Severities) == len(t.tests.domains) && len(s.Test.Confusion) == len(t.tests.domains) &&
		len(s.Test.Quality) == len(t.tests.domains)
	for i := 0; ok && i < len(t.tests.domains); i++ {
		ok = len(s.Test.Severities[i]) == len(t.tests.domains[i].Severities) && s.Test.counts(i, classes)
	}
	if !ok {
		return fmt.Errorf("invalid position in checkpoint: %+v", at)
	}
	return nil
}

// setArrays sets what arrays returns. The state's position has been set.
func (t *Trainer) setArrays(tensors map[string]safetensors.Tensor, next int) error {
	own := t.network.State()
	for i := range own {
		from := tensors[networkPrefix+own[i].Name]
		own[i] = nn.Array{Name: own[i].Name, Shape: from.Shape, Data: from.Data, Int64: from.Int64}
	}
	if err := t.network.SetState(own); err != nil {
		return err
	}
	for name, to := range t.descent.optimiser.arrays() {
		from := tensors[name].Data
		if len(from) != len(to) {
			return fmt.Errorf("tensor %q has %d elements, expected %d", name, len(from), len(to))
		}
		copy(to, from)
	}

	p, n := t.set, t.outline.TrainingSet[t.at.Phase]
	if t.config.Growth.sourceLeft(t.at.Phase) {
		p.unread = p.source.N
	}
	order, labels := tensors[orderTensor].Int64, labelsOf(tensors[labelsTensor].Bytes)
	if len(order) != n || len(labels) != p.unread+n || next < 0 || next > n || !isPermutation(order) {
		return fmt.Errorf("%d images in an order of %d, expected %d", len(labels), len(order), n)
	}
	if !slices.Equal(labels[:len(p.labels)], p.labels) {
		return errors.New("training labels differ from the checkpoint's")
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

// labelsOf decodes labelBytes.
func labelsOf(encoded []byte) []uint16 {
	labels := make([]uint16, len(encoded)/2)
	for i := range labels {
		labels[i] = binary.LittleEndian.Uint16(encoded[2*i:])
	}
	return labels
}

// isPermutation reports whether the numbers are those from 0 on.
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
		if kept := t.config.Growth.kept(); kept > 0 && phase < t.at.Phase-kept {
			t.set.added = append(t.set.added, block{})
			continue
		}
		n := t.made(phase)
		done := n
		if phase < t.at.Phase {
			b, err := t.newBlock(n)
			if err != nil {
				return err
			}
			t.set.added = append(t.set.added, b)
		} else {
			if err := t.beginGrowth(n); err != nil {
				return err
			}
			done = t.at.Done
		}
		b, _ := t.images(phase)
		if err := from.readImages(phase, b, done); err != nil {
			return err
		}
	}
	return nil
}

// counts reports whether a test has the counts of a domain for so many classes.
func (t *Test) counts(domain, classes int) bool {
	if classes <= DenseClasses {
		return len(t.Confusion[domain]) == classes*classes
	}
	return len(t.Confusion[domain]) == 0 && domain < len(t.Pairs) && t.Pairs[domain] != nil
}
