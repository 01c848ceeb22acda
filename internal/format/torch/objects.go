package torch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// maxSteps bounds the opcodes of a pickle: a checkpoint of a thousand tensors with
// its optimiser's state has about 50,000.
const maxSteps = 1 << 21

// object is an allowed object that holds no tensors, such as the settings that a
// checkpoint keeps.
type object struct{}

// inert lists objects that checkpoints carry and that hold no tensors. What calls
// of them return is ignored.
var inert = map[pickle.Global]bool{
	"argparse.Namespace":                  true,
	"collections.Counter":                 true,
	"numpy.ndarray":                       true,
	"numpy.core.multiarray._reconstruct":  true,
	"numpy._core.multiarray._reconstruct": true,
	"numpy._core.numeric._frombuffer":     true,
	"numpy.core.numeric._frombuffer":      true,
	"builtins.list":                       true,
	"__builtin__.list":                    true,
	"builtins.set":                        true,
	"builtins.frozenset":                  true,
	"__builtin__.frozenset":               true,
	"builtins.slice":                      true,
	"__builtin__.slice":                   true,
	"builtins.range":                      true,
	"__builtin__.xrange":                  true,
	"__builtin__.complex":                 true,
	"builtins.bytearray":                  true,
	"__builtin__.bytearray":               true,
	"__builtin__.bytes":                   true,
	"datetime.datetime":                   true,
	"datetime.timedelta":                  true,
	"torch.Size":                          true,
	"torch.device":                        true,
	"numpy.dtype":                         true,
	"numpy.core.multiarray.scalar":        true,
	"numpy._core.multiarray.scalar":       true,
	"_codecs.encode":                      true,
	"copyreg._reconstructor":              true,
	"builtins.object":                     true,
	"builtins.complex":                    true,
	"__builtin__.object":                  true,
	"__builtin__.set":                     true,
	"torch.torch_version.TorchVersion":    true,
	"pathlib.PosixPath":                   true,
	"pathlib.WindowsPath":                 true,
}

const (
	orderedDict      = "collections.OrderedDict"
	defaultDict      = "collections.defaultdict"
	rebuildTensor    = "torch._utils._rebuild_tensor"
	rebuildTensorV2  = "torch._utils._rebuild_tensor_v2"
	rebuildTensorV3  = "torch._utils._rebuild_tensor_v3"
	rebuildParameter = "torch._utils._rebuild_parameter"
)

func allowed(name pickle.Global) bool {
	switch name {
	case orderedDict, defaultDict, rebuildTensor, rebuildTensorV2, rebuildTensorV3, rebuildParameter, "torch.storage.UntypedStorage":
		return true
	}
	if _, ok := storageType(name); ok {
		return true
	}
	_, ok := elementType(name)
	return ok || inert[name]
}

// storageType returns the element type of a storage's or a tensor's class.
func storageType(name pickle.Global) (Type, bool) {
	class, ok := strings.CutPrefix(string(name), "torch.")
	if !ok {
		return "", false
	}
	class = strings.TrimPrefix(class, "cuda.")
	if kind, isTensor := strings.CutSuffix(class, "Tensor"); isTensor { // in tar archives
		class = kind + "Storage"
	}
	t, ok := storageTypes[class]
	return t, ok
}

// elementType returns the type that a dtype names.
func elementType(name any) (Type, bool) {
	global, _ := name.(pickle.Global)
	t, ok := strings.CutPrefix(string(global), "torch.")
	_, known := sizes[Type(t)]
	return Type(t), ok && known
}

// unpickle executes a pickle of PyTorch's; persistent finds storages.
func unpickle(content []byte, persistent func(id any) (any, error)) (value any, rest []byte, err error) {
	r := pickle.Reader{Allowed: allowed, Call: new(caller).call, Build: build, Persistent: persistent, MaxSteps: maxSteps}
	value, rest, err = r.Read(content)
	if refused := (*pickle.RefusedError)(nil); errors.As(err, &refused) {
		return nil, nil, fmt.Errorf("%w: %w; save the weights alone: torch.save(model.state_dict(), FILE)", ErrFormat, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return value, rest, nil
}

// build ignores the state of every object: attributes of dictionaries and of
// settings.
func build(any, any) error { return nil }

// caller makes the objects of a pickle.
type caller struct {
	pairs int // in its dictionaries made from lists: many can be made from one
}

func (c *caller) call(callee any, arguments pickle.Tuple) (any, error) {
	name, _ := callee.(pickle.Global)
	switch name {
	case orderedDict:
		return c.makeDict(arguments)
	case defaultDict: // empty, whatever makes its values
		return &pickle.Dict{}, nil
	case rebuildTensor, rebuildTensorV2:
		if len(arguments) >= 4 {
			return makeTensor(arguments[0], "", arguments[1], arguments[2], arguments[3])
		}
	case rebuildTensorV3:
		if len(arguments) >= 7 {
			if t, ok := elementType(arguments[6]); ok {
				return makeTensor(arguments[0], t, arguments[1], arguments[2], arguments[3])
			}
		}
	case rebuildParameter:
		if len(arguments) >= 1 {
			if t, ok := arguments[0].(*Tensor); ok {
				return t, nil
			}
		}
	default:
		if inert[name] {
			return object{}, nil
		}
	}
	return nil, fmt.Errorf("pickle calls %.80q with %d arguments of other kinds than expected", name, len(arguments))
}

// makeDict returns the dictionary of pairs that Python 2 gives an OrderedDict, or
// an empty one.
func (c *caller) makeDict(arguments pickle.Tuple) (any, error) {
	d := &pickle.Dict{}
	if len(arguments) == 0 {
		return d, nil
	}
	pairs, ok := arguments[0].(*pickle.List)
	if !ok {
		return nil, fmt.Errorf("pickled OrderedDict of something other than a list of pairs")
	}
	if c.pairs += len(pairs.Items); c.pairs > maxSteps {
		return nil, fmt.Errorf("pickled OrderedDicts of more than %d pairs", maxSteps)
	}
	for _, pair := range pairs.Items {
		var key, value any
		switch p := pair.(type) {
		case pickle.Tuple:
			if len(p) == 2 {
				key, value = p[0], p[1]
			}
		case *pickle.List:
			if len(p.Items) == 2 {
				key, value = p.Items[0], p.Items[1]
			}
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("pickled OrderedDict with a key that is not a string")
		}
		d.Keys, d.Values = append(d.Keys, name), append(d.Values, value)
	}
	return d, nil
}

// makeTensor returns a tensor over a storage, which is untyped where t is given.
func makeTensor(over any, t Type, offset, shape, stride any) (*Tensor, error) {
	s, ok := over.(*storage)
	if !ok {
		return nil, fmt.Errorf("pickled tensor without a storage")
	}
	if t != "" && t != s.kind {
		s = &storage{kind: t, count: s.count * s.kind.Size() / t.Size(), data: s.data}
	}
	tensor := &Tensor{Type: s.kind, storage: s}
	var okOffset, okShape, okStride bool
	tensor.offset, okOffset = offset.(int)
	tensor.Shape, okShape = numbers(shape)
	tensor.stride, okStride = numbers(stride)
	if !okOffset || !okShape || !okStride {
		return nil, fmt.Errorf("pickled tensor whose offset, shape and strides are not an integer and two tuples of at most %d", maxDims)
	}
	return tensor, nil
}

// maxDims bounds the dimensions of a tensor, as PyTorch does.
const maxDims = 64

// numbers returns the integers of a tuple of at most maxDims.
func numbers(v any) ([]int, bool) {
	tuple, ok := v.(pickle.Tuple)
	if len(tuple) > maxDims { // many tensors can have one tuple
		return nil, false
	}
	list := make([]int, len(tuple))
	for i := range tuple {
		n, isInt := tuple[i].(int)
		list[i], ok = n, ok && isInt
	}
	return list, ok
}
