package dataset

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// ndarray is a NumPy array of uint8 in C order.
type ndarray struct {
	shape []int
	data  []uint8
}

// dtype is NumPy's short name of an element type.
type dtype string

// maxSteps bounds the opcodes of a pickle. CIFAR-100's largest file has 250,000.
const maxSteps = 1 << 19

// Names of the only Python objects a pickle may refer to. NumPy 2 renamed the
// module of the functions, and pickle protocol 5 uses the second of them.
const (
	reconstruct = "numpy.core.multiarray._reconstruct"
	frombuffer  = "numpy.core.numeric._frombuffer"
	ndarrayType = "numpy.ndarray"
	dtypeType   = "numpy.dtype"
)

// old returns the name that an object had before NumPy 2.
func old(name any) string {
	global, _ := name.(pickle.Global)
	return strings.Replace(string(global), "numpy._core.", "numpy.core.", 1)
}

// unpickle returns the value that a pickle of dictionaries, lists, tuples,
// strings, integers and NumPy arrays of uint8 describes, and refuses everything
// else.
func unpickle(content []byte) (any, error) {
	r := pickle.Reader{Allowed: allowed, Call: makeArray, Build: fillArray, MaxSteps: maxSteps}
	value, _, err := r.Read(content)
	if refused := (*pickle.RefusedError)(nil); errors.As(err, &refused) {
		return nil, fmt.Errorf("%w: only NumPy arrays are read", err)
	}
	return value, err
}

func allowed(name pickle.Global) bool {
	switch old(name) {
	case reconstruct, frombuffer, ndarrayType, dtypeType:
		return true
	}
	return false
}

// makeArray makes an array, empty unless its content comes along, or a dtype.
func makeArray(callee any, arguments pickle.Tuple) (any, error) {
	switch name := old(callee); {
	case name == reconstruct && len(arguments) == 3 && old(arguments[0]) == ndarrayType:
		return &ndarray{}, nil
	case name == frombuffer && len(arguments) == 4:
		a := &ndarray{}
		return a, a.fill(arguments[0], arguments[1], arguments[2], arguments[3] == any("F"))
	case name == dtypeType && len(arguments) > 0:
		if name, ok := arguments[0].(string); ok {
			return dtype(name), nil
		}
	}
	return nil, errors.New("pickle calls something other than NumPy's array and dtype")
}

// fillArray sets the state of an array: (version, shape, dtype, Fortran order,
// data). The state of a dtype, its byte order, does not matter for bytes.
func fillArray(object, state any) error {
	if _, ok := object.(dtype); ok {
		return nil
	}
	array, ok := object.(*ndarray)
	if !ok {
		return errors.New("pickle sets the state of what is not an array")
	}
	parts, _ := state.(pickle.Tuple)
	if len(parts) != 5 {
		return errors.New("pickled array of an unknown form")
	}
	return array.fill(parts[4], parts[2], parts[1], parts[3] == any(true))
}

// fill gives the array its content, whose order is Fortran's or C's.
func (a *ndarray) fill(content, element, shape any, fortran bool) error {
	sides, isShape := shape.(pickle.Tuple)
	data, isData := content.(string)
	if !isShape || !isData || element != any(dtype("u1")) {
		return errors.New("pickled array that is not of uint8")
	}
	if len(sides) > 2 {
		return fmt.Errorf("pickled array of %d dimensions", len(sides))
	}
	a.shape = nil
	size := 1
	for _, side := range sides {
		n, ok := side.(int)
		if !ok || n < 0 || n > 0 && size > math.MaxInt32/n {
			return errors.New("pickled array of an impossible size")
		}
		size *= n
		a.shape = append(a.shape, n)
	}
	if size != len(data) {
		return fmt.Errorf("pickled array of size %v has %d bytes", a.shape, len(data))
	}
	a.data = []uint8(data)
	if fortran && len(a.shape) == 2 {
		rows, cols := a.shape[0], a.shape[1]
		for i := range rows {
			for j := range cols {
				a.data[i*cols+j] = data[j*rows+i]
			}
		}
	}
	return nil
}
