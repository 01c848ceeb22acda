package dataset

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// ndarray is a NumPy array in C order: of uint8 in data, of other integers in ints.
type ndarray struct {
	shape []int
	data  []uint8
	ints  []int
}

// dtype is a NumPy element type: its short name, such as i8, and byte order, one of
// < > |.
type dtype struct{ name, order string }

// maxSteps bounds the opcodes of a pickle. CIFAR-100's largest file has 250,000.
const maxSteps = 1 << 19

// mostCopies bounds the memory of what a pickle makes, in multiples of its length: it
// may make any number of arrays of one string. An integer of one byte takes eight.
const mostCopies = 16

// arrays makes those of one pickle.
type arrays struct{ left int } // bytes that they may take

// take takes n bytes, or says that there are too many.
func (a *arrays) take(n int) error {
	if n > a.left {
		return fmt.Errorf("pickled arrays of more than %d times the file's length", mostCopies)
	}
	a.left -= n
	return nil
}

// Names of the only Python objects a pickle may refer to. NumPy 2 renamed the
// module of the functions, and pickle protocol 5 uses the second of them.
const (
	reconstruct = "numpy.core.multiarray._reconstruct"
	frombuffer  = "numpy.core.numeric._frombuffer"
	ndarrayType = "numpy.ndarray"
	dtypeType   = "numpy.dtype"
	scalar      = "numpy.core.multiarray.scalar"
	encode      = "_codecs.encode" // of bytes, in the protocols before 3
)

// old returns the name that an object had before NumPy 2.
func old(name any) string {
	global, _ := name.(pickle.Global)
	return strings.Replace(string(global), "numpy._core.", "numpy.core.", 1)
}

// unpickle returns the value that a pickle of dictionaries, lists, tuples,
// strings, integers and NumPy arrays and scalars of integers describes, and refuses
// everything else.
func unpickle(content []byte) (any, error) {
	a := arrays{left: len(content) * mostCopies}
	r := pickle.Reader{Allowed: allowed, Call: a.make, Build: a.fill, MaxSteps: maxSteps}
	value, _, err := r.Read(content)
	if refused := (*pickle.RefusedError)(nil); errors.As(err, &refused) {
		return nil, fmt.Errorf("%w: only NumPy arrays are read", err)
	}
	return value, err
}

func allowed(name pickle.Global) bool {
	switch old(name) {
	case reconstruct, frombuffer, ndarrayType, dtypeType, scalar, encode:
		return true
	}
	return false
}

// make makes an array, empty unless its content comes along, a dtype, or an integer of
// a scalar.
func (all *arrays) make(callee any, arguments pickle.Tuple) (any, error) {
	switch name := old(callee); {
	case name == reconstruct && len(arguments) == 3 && old(arguments[0]) == ndarrayType:
		return &ndarray{}, nil
	case name == frombuffer && len(arguments) == 4:
		a := &ndarray{}
		return a, all.set(a, arguments[0], arguments[1], arguments[2], arguments[3] == any("F"))
	case name == dtypeType && len(arguments) > 0:
		if name, ok := arguments[0].(string); ok {
			return &dtype{name: name, order: "|"}, nil
		}
	case name == encode && len(arguments) == 2 && arguments[1] == any("latin1"):
		if text, ok := arguments[0].(string); ok {
			if err := all.take(len(text)); err != nil {
				return nil, err
			}
			return latin1(text)
		}
	case name == scalar && len(arguments) == 2:
		a := &ndarray{}
		if err := all.set(a, arguments[1], arguments[0], pickle.Tuple{1}, false); err != nil {
			return nil, err
		}
		return a.integers()[0], nil
	}
	return nil, errors.New("pickle calls something other than NumPy's array and dtype")
}

// latin1 returns the bytes that a text stands for, one a character.
func latin1(text string) (string, error) {
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 255 {
			return "", errors.New("pickled bytes with a character beyond Latin 1")
		}
		raw = append(raw, byte(r))
	}
	return string(raw), nil
}

// fill sets the state of an array: (version, shape, dtype, Fortran order, data), or of
// a dtype, whose second part is the byte order.
func (all *arrays) fill(object, state any) error {
	parts, _ := state.(pickle.Tuple)
	if d, ok := object.(*dtype); ok {
		if len(parts) > 1 {
			d.order, _ = parts[1].(string)
		}
		return nil
	}
	array, ok := object.(*ndarray)
	if !ok {
		return errors.New("pickle sets the state of what is not an array")
	}
	if len(parts) != 5 {
		return errors.New("pickled array of an unknown form")
	}
	return all.set(array, parts[4], parts[2], parts[1], parts[3] == any(true))
}

// set gives an array its content, whose order is Fortran's or C's.
func (all *arrays) set(a *ndarray, content, element, shape any, fortran bool) error {
	sides, isShape := shape.(pickle.Tuple)
	data, isData := content.(string)
	kind, isKind := element.(*dtype)
	if !isShape || !isData || !isKind {
		return errors.New("pickled array of an unknown form")
	}
	width, isInteger := npy.IntegerSize(kind.name)
	if !isInteger {
		return fmt.Errorf("pickled array of %.20q where integers were expected (numpy: a.astype('uint8'))", kind.name)
	}
	if len(sides) > 2 {
		return fmt.Errorf("pickled array of %d dimensions", len(sides))
	}
	a.shape, a.data, a.ints = nil, nil, nil
	size := 1
	for _, side := range sides {
		n, ok := side.(int)
		if !ok || n < 0 || n > 0 && size > math.MaxInt32/n {
			return errors.New("pickled array of an impossible size")
		}
		size *= n
		a.shape = append(a.shape, n)
	}
	if size*width != len(data) {
		return fmt.Errorf("pickled array of size %v has %d bytes", a.shape, len(data))
	}
	if kind.name == "u1" {
		if err := all.take(size); err != nil {
			return err
		}
		a.data = inCOrder([]uint8(data), a.shape, fortran)
		return nil
	}
	if err := all.take(8 * size); err != nil {
		return err
	}
	values, err := npy.Integers([]byte(data), kind.name, kind.order == ">")
	if err != nil {
		return err
	}
	a.ints = make([]int, size)
	for i, v := range values {
		a.ints[i] = int(v)
	}
	a.ints = inCOrder(a.ints, a.shape, fortran)
	return nil
}

// inCOrder returns the elements of an array of that shape in C order.
func inCOrder[E any](values []E, shape []int, fortran bool) []E {
	if !fortran || len(shape) != 2 {
		return values
	}
	rows, cols := shape[0], shape[1]
	ordered := make([]E, len(values))
	for i := range rows {
		for j := range cols {
			ordered[i*cols+j] = values[j*rows+i]
		}
	}
	return ordered
}

// integers returns the elements.
func (a *ndarray) integers() []int {
	if a.data == nil {
		return a.ints
	}
	all := make([]int, len(a.data))
	for i, v := range a.data {
		all[i] = int(v)
	}
	return all
}
