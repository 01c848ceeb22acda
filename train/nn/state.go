package nn

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

// Array is an entry of a state_dict, row-major: a parameter or running
// statistic in Data, or a counter in Int64. An empty Shape is a scalar.
type Array struct {
	Name  string
	Shape []int
	Data  []float32
	Int64 []int64
}

// State returns the network's state_dict: every parameter and buffer under
// PyTorch's names. The arrays share the network's memory, but for counters.
func (n *Network) State() []Array {
	state := make([]Array, len(n.state))
	for i, e := range n.state {
		switch {
		case e.param != nil:
			state[i] = Array{Name: e.param.Name, Shape: e.param.Shape, Data: e.param.Data}
		case e.buffer.data != nil:
			state[i] = Array{Name: e.buffer.name, Shape: []int{len(e.buffer.data)}, Data: e.buffer.data}
		default:
			state[i] = Array{Name: e.buffer.name, Int64: []int64{e.buffer.count}}
		}
	}
	return state
}

// SetState copies a state_dict into the network. It must hold exactly the
// arrays of State, in any order; otherwise nothing is changed.
func (n *Network) SetState(state []Array) error {
	want := n.State()
	place := make(map[string]int, len(want))
	for i, w := range want {
		place[w.Name] = i
	}
	sources := make([]*Array, len(want))
	for i := range state {
		a := &state[i]
		at, ok := place[a.Name]
		if !ok {
			return fmt.Errorf("tensor %.80q does not belong to %s", a.Name, n.Name)
		}
		if w := want[at]; !slices.Equal(a.Shape, w.Shape) {
			return fmt.Errorf("tensor %q has shape %v, but %s needs %v", a.Name, a.Shape, n.Name, w.Shape)
		} else if len(a.Data) != len(w.Data) || len(a.Int64) != len(w.Int64) {
			return fmt.Errorf("tensor %q has a data type other than the one %s needs", a.Name, n.Name)
		}
		sources[at] = a
	}
	for i, w := range want {
		if sources[i] == nil {
			return fmt.Errorf("tensor %q is missing, but %s needs it", w.Name, n.Name)
		}
	}
	for i, w := range want {
		copy(w.Data, sources[i].Data)
		if w.Int64 != nil {
			n.state[i].buffer.count = sources[i].Int64[0]
		}
	}
	return nil
}

// ReadState reads a state_dict and its metadata, nil if there are none, from a
// safetensors file. NaN and infinities are errors.
func ReadState(path string) ([]Array, map[string]string, error) {
	tensors, metadata, err := safetensors.Read(path)
	if err != nil {
		return nil, nil, err
	}
	state := make([]Array, len(tensors))
	for i, t := range tensors {
		state[i] = Array{Name: t.Name, Shape: t.Shape, Data: t.Data, Int64: t.Int64}
		if at := slices.IndexFunc(t.Data, func(x float32) bool { return x-x != 0 }); at >= 0 {
			return nil, nil, fmt.Errorf("%s: tensor %.80q has the value %v at %d, finite ones were expected", path, t.Name, t.Data[at], at)
		}
	}
	return state, metadata, nil
}

// Load reads the network's state from a safetensors file, see [ReadState], and
// returns the file's metadata.
func (n *Network) Load(path string) (map[string]string, error) {
	state, metadata, err := ReadState(path)
	if err != nil {
		return nil, err
	}
	if err := n.SetState(state); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return metadata, nil
}

// Save writes the network's state to a safetensors file, which appears whole or
// not at all.
func (n *Network) Save(path string, metadata map[string]string) error {
	return writeState(path, n.State(), metadata)
}

func writeState(path string, state []Array, metadata map[string]string) error {
	var tensors []safetensors.Tensor
	for _, a := range state {
		tensors = append(tensors, safetensors.Tensor{Name: a.Name, Shape: a.Shape, Data: a.Data, Int64: a.Int64})
	}
	return safetensors.Write(path, tensors, metadata)
}
