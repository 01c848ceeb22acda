package zoo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/torch"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// isTorch reports whether a file is one of PyTorch's.
func isTorch(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return torch.Sniff(head[:n]), nil
}

// readTorch reads the tensors of one of PyTorch's files. The keys of dictionaries in
// each other are joined by slashes. Tensors that are neither floating-point nor
// integers have no data.
func readTorch(path string) ([]nn.Array, error) {
	tensors, err := torch.Read(path)
	if err != nil {
		return nil, err
	}
	state := make([]nn.Array, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		state[i] = nn.Array{Name: strings.Join(t.Path, "/"), Shape: t.Shape}
		if values, err := t.Float32(); err == nil {
			state[i].Data = values
		} else if values, err := t.Int64(); err == nil {
			state[i].Int64 = values
		}
	}
	return state, nil
}

// preferred lists the keys under which checkpoints keep the state_dict that is meant:
// of several that fit, the first.
var preferred = []string{"", "state_dict/", "model/", "net/", "model_dict/", "state/"}

// match returns the state that a network needs out of the file's, under the
// network's names.
func (w *Weights) match(network *nn.Network) ([]nn.Array, error) {
	byName := w.byName()
	prefix, rename := w.naming(network, byName)
	used := map[string]bool{}
	state := network.State()
	for i := range state {
		own := &state[i]
		name := prefix + rename(own.Name)
		found := byName[name]
		if found == nil {
			if own.Int64 != nil { // of batches: old files lack it
				continue
			}
			return nil, w.fail(fmt.Errorf("tensor %q is missing, but %s needs it; found %s", name, network.Name, w.list()))
		}
		used[name] = true
		if own.Int64 != nil {
			if len(found.Int64) == 1 {
				own.Int64 = found.Int64
			}
			continue
		}
		if found.Data == nil && len(own.Data) > 0 {
			return nil, w.fail(fmt.Errorf("tensor %q is not of a floating-point type, but %s needs one", name, network.Name))
		}
		if at := slices.IndexFunc(found.Data, func(x float32) bool { return x-x != 0 }); at >= 0 {
			return nil, w.fail(fmt.Errorf("tensor %.80q has the value %v at %d, finite ones were expected", name, found.Data[at], at))
		}
		own.Shape, own.Data = found.Shape, found.Data
	}
	w.Unused = nil
	for i := range w.State {
		if name := w.State[i].Name; !used[name] {
			w.Unused = append(w.Unused, name)
		}
	}
	return state, nil
}

func (w *Weights) byName() map[string]*nn.Array {
	all := make(map[string]*nn.Array, len(w.State))
	for i := range w.State {
		all[w.State[i].Name] = &w.State[i]
	}
	return all
}

// list names a few of the file's tensors.
func (w *Weights) list() string {
	const few = 4
	var names []string
	for i := range min(few, len(w.State)) {
		names = append(names, fmt.Sprintf("%.80q", w.State[i].Name))
	}
	if len(w.State) > few {
		names = append(names, fmt.Sprintf("%d more", len(w.State)-few))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// naming returns how the file names a network's parameters: a prefix, and a function
// of the network's own name. It is the naming under which most of them are there.
func (w *Weights) naming(network *nn.Network, byName map[string]*nn.Array) (prefix string, rename func(string) string) {
	own := func(name string) string { return name }
	renames := []func(string) string{own}
	for _, n := range Networks {
		if n.Model == network.Name && n.Aliases != nil {
			theirs := map[string]string{}
			for name, ours := range n.Aliases() {
				theirs[ours] = name
			}
			renames = append(renames, func(name string) string { return theirs[name] })
		}
	}
	most := 0
	rename = own
	for _, r := range renames {
		for _, p := range w.prefixes(network, r) {
			count := 0
			for _, param := range network.Params {
				if byName[p+r(param.Name)] != nil {
					count++
				}
			}
			if count > most {
				most, prefix, rename = count, p, r
			}
		}
	}
	return prefix, rename
}

// prefixes returns what the file's names have before those of the network's
// parameters: the preferred ones first, then in the order of the file.
func (w *Weights) prefixes(network *nn.Network, rename func(string) string) []string {
	var found []string
	for _, param := range network.Params {
		name := rename(param.Name)
		for i := range w.State {
			prefix, ok := strings.CutSuffix(w.State[i].Name, name)
			whole := prefix == "" || strings.HasSuffix(prefix, ".") || strings.HasSuffix(prefix, "/")
			if ok && whole && !slices.Contains(found, prefix) {
				found = append(found, prefix)
			}
		}
	}
	rank := func(prefix string) int {
		for i, p := range preferred {
			if prefix == p || p != "" && strings.HasPrefix(prefix, p) {
				return i
			}
		}
		return len(preferred)
	}
	slices.SortStableFunc(found, func(a, b string) int { return rank(a) - rank(b) })
	return found
}
