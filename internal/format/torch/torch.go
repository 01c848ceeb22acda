// Package torch reads the tensors of files that PyTorch's torch.save wrote: zip
// archives (since 1.6), the stream of pickles before them, and the tar archives
// of the first versions. It executes no code: a pickle that names an object
// beyond those that tensors and plain values need is refused.
// See torch/serialization.py and torch/_utils.py of PyTorch.
package torch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/meada-cpu/meada-cpu/internal/format/little"
	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// ErrFormat is wrapped by every error about the content of a file, as opposed to
// the reading of it.
var ErrFormat = errors.New("not a file of PyTorch's torch.save that can be read")

// Tensor is an array of a file.
type Tensor struct {
	// Path holds the keys of the dictionaries that lead to the tensor, such as
	// "state_dict", "conv1.weight".
	Path  []string
	Shape []int
	Type  Type

	stride  []int
	offset  int // elements
	storage *storage
}

// storage is a flat array, which tensors share.
type storage struct {
	kind  Type
	count int    // elements
	data  []byte // little-endian, nil until read
}

// Read returns the tensors that the dictionaries of a file hold, in the order of
// the file. Lists are gone through as well, by position. Values that are no
// tensors are left out.
func Read(path string) ([]Tensor, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	tensors, err := decode(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, nil
}

// Sniff reports whether a file that begins with head, 262 bytes or more, may be
// one of PyTorch's.
func Sniff(head []byte) bool { return isZip(head) || isStream(head) || isTar(head) }

func isZip(content []byte) bool { return len(content) >= 4 && string(content[:4]) == "PK\x03\x04" }

// isStream looks for a pickle of the magic number.
func isStream(content []byte) bool {
	return len(content) >= 14 && content[0] == 0x80 && string(content[2:4]) == "\x8a\x0a" && string(content[4:14]) == magic
}

func isTar(content []byte) bool { return len(content) >= 262 && string(content[257:262]) == "ustar" }

func decode(content []byte) ([]Tensor, error) {
	var root any
	var err error
	switch {
	case isZip(content):
		root, err = readZip(content)
	case isStream(content):
		root, err = readStream(content)
	case isTar(content):
		root, err = readTar(content)
	default:
		return nil, malformed("expected a zip archive, a stream of pickles or a tar archive")
	}
	if err != nil {
		return nil, err
	}
	c := collector{left: len(content) * maxRatio}
	if err := c.collect(root, nil); err != nil {
		return nil, err
	}
	return c.tensors, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Bounds of what a value holds: a pickle can refer to the same dictionary many
// times, and from within it.
const (
	maxDepth  = 16
	maxValues = maxSteps
)

// collector gathers the tensors below a value.
type collector struct {
	tensors []Tensor
	values  int
	left    int // bytes that names and elements may still take: tensors can share them
}

func (c *collector) collect(v any, path []string) error {
	if c.values++; c.values > maxValues || len(path) > maxDepth {
		return malformed("more than %d values, or dictionaries more than %d deep", maxValues, maxDepth)
	}
	switch v := v.(type) {
	case *Tensor:
		t := *v
		t.Path = slices.Clone(path)
		if err := t.check(); err != nil {
			return err
		}
		c.left -= t.Len() * t.Type.Size()
		for _, key := range path {
			c.left -= len(key)
		}
		if c.left < 0 {
			return malformed("tensors that share more than %d times the bytes of the file", maxRatio)
		}
		c.tensors = append(c.tensors, t)
	case *pickle.Dict:
		for i, key := range v.Keys {
			name, isString := key.(string)
			if !isString {
				name = fmt.Sprint(key) // a number, a boolean or nil
			}
			if err := c.collect(v.Values[i], append(path, name)); err != nil {
				return err
			}
		}
	case *pickle.List:
		return c.items(v.Items, path)
	case pickle.Tuple:
		return c.items(v, path)
	}
	return nil
}

func (c *collector) items(items []any, path []string) error {
	for i, item := range items {
		if err := c.collect(item, append(path, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

// check holds the tensor's elements to its storage.
func (t *Tensor) check() error {
	if len(t.Shape) != len(t.stride) || t.offset < 0 || t.offset > t.storage.count {
		return malformed("tensor %.80q of shape %v with strides %v from %d on", t.Path, t.Shape, t.stride, t.offset)
	}
	last, size := t.offset, 1
	for i, n := range t.Shape {
		if n < 0 || t.stride[i] < 0 || n > 0 && (size > math.MaxInt32/n || t.stride[i] > math.MaxInt32) {
			return malformed("tensor %.80q of shape %v with strides %v", t.Path, t.Shape, t.stride)
		}
		size *= n
		last += max(n-1, 0) * t.stride[i]
	}
	// A view that repeats elements could have any size.
	if size > t.storage.count || size > 0 && last >= t.storage.count {
		return malformed("tensor %.80q of shape %v does not fit into its storage of %d elements", t.Path, t.Shape, t.storage.count)
	}
	if size > 0 && t.storage.data == nil {
		return malformed("the data of tensor %.80q are missing", t.Path)
	}
	return nil
}

// elements calls each with the bytes of every element in row-major order.
func (t *Tensor) elements(each func(i int, element []byte)) {
	width := t.storage.kind.Size()
	size := 1
	for _, n := range t.Shape {
		size *= n
	}
	index := make([]int, len(t.Shape))
	at := t.offset
	for i := range size {
		each(i, t.storage.data[at*width:][:width])
		for d := len(index) - 1; d >= 0; d-- {
			index[d]++
			at += t.stride[d]
			if index[d] < t.Shape[d] {
				break
			}
			at -= index[d] * t.stride[d]
			index[d] = 0
		}
	}
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Float32 returns the elements, row-major and rounded to float32. The type must
// be a floating-point one.
func (t *Tensor) Float32() ([]float32, error) {
	convert, ok := floats[t.Type]
	if !ok {
		return nil, fmt.Errorf("type %s, expected a floating-point one", t.Type)
	}
	values := make([]float32, t.Len())
	t.elements(func(i int, element []byte) { values[i] = convert(element) })
	return values, nil
}

// Int64 returns the elements, row-major. The type must be an integer one.
func (t *Tensor) Int64() ([]int64, error) {
	convert, ok := integers[t.Type]
	if !ok {
		return nil, fmt.Errorf("type %s, expected an integer one", t.Type)
	}
	values := make([]int64, t.Len())
	t.elements(func(i int, element []byte) { values[i] = convert(element) })
	return values, nil
}

// Type is the type of a tensor's elements, by PyTorch's name.
type Type string

// Size returns the bytes of an element.
func (t Type) Size() int { return sizes[t] }

// sizes lists the types by their names as dtypes.
var sizes = map[Type]int{
	"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
	"int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
	"complex64": 8, "complex128": 16,
}

// storageTypes are the names of the storages' classes.
var storageTypes = map[string]Type{
	"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
	"LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
	"ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}

var floats = map[Type]func([]byte) float32{
	"float64":  func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	"float32":  func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	"float16":  func(b []byte) float32 { return little.Float16(binary.LittleEndian.Uint16(b)) },
	"bfloat16": func(b []byte) float32 { return little.BFloat16(binary.LittleEndian.Uint16(b)) },
}

var integers = map[Type]func([]byte) int64{
	"int64": func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) },
	"int32": func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) },
	"int16": func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) },
	"int8":  func(b []byte) int64 { return int64(int8(b[0])) },
	"uint8": func(b []byte) int64 { return int64(b[0]) },
	"bool":  func(b []byte) int64 { return int64(b[0]) },
}

// readAll reads exactly n bytes.
func readAll(r io.Reader, n int) ([]byte, error) {
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}
