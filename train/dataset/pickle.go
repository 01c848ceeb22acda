package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A pickle is a program for a stack machine that may call any Python function.
// unpickle runs the part of it that dictionaries, lists, tuples, strings,
// integers and NumPy arrays of uint8 need, and refuses everything else. Python
// values become nil, bool, int, string (str and bytes alike), tuple, *list,
// *dict, *ndarray, and two that only exist inside the program: global and
// dtype. See the source of Python's pickletools.

type (
	tuple []any
	list  struct{ items []any }
	dict  struct{ keys, values []any }

	// ndarray is an array of uint8 in C order.
	ndarray struct {
		shape []int
		data  []uint8
	}

	global string // the full name of a Python object
	dtype  string // NumPy's short name of an element type
)

// mark delimits the operands of an opcode of variable arity.
type mark struct{}

// get returns the value of a key, nil if it is not there.
func (d *dict) get(key string) any {
	if i := slices.Index(d.keys, any(key)); i >= 0 {
		return d.values[i]
	}
	return nil
}

var errPickleEnd = errors.New("truncated pickle")

type unpickler struct {
	rest  []byte
	stack []any
	memo  map[int]any
}

// maxSteps bounds the opcodes of a pickle and with them the values it makes, each
// many times the size of its opcode. CIFAR-100's largest file has 250,000.
const maxSteps = 1 << 19

// unpickle returns the value that a pickle describes.
func unpickle(content []byte) (any, error) {
	u := &unpickler{rest: content, memo: map[int]any{}}
	for range maxSteps {
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return u.pop()
		}
		if err := u.step(op[0]); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("pickle of more than %d opcodes", maxSteps)
}

// take returns the next n bytes of the program.
func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.rest) {
		return nil, errPickleEnd
	}
	part := u.rest[:n]
	u.rest = u.rest[n:]
	return part, nil
}

// number takes a little-endian unsigned integer of 1, 2, 4 or 8 bytes.
func (u *unpickler) number(bytes int) (int, error) {
	part, err := u.take(bytes)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], part)
	n := binary.LittleEndian.Uint64(wide[:])
	if n > math.MaxInt32 && bytes == 8 {
		return 0, errPickleEnd
	}
	return int(n), nil
}

// line takes the bytes up to the next newline.
func (u *unpickler) line() (string, error) {
	end := slices.Index(u.rest, '\n')
	if end < 0 {
		return "", errPickleEnd
	}
	line := string(u.rest[:end])
	u.rest = u.rest[end+1:]
	return line, nil
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, errors.New("pickle takes from an empty stack")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// popMark returns what lies above the last mark, and removes both.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if u.stack[i] == (mark{}) {
			items := slices.Clone(u.stack[i+1:])
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("pickle lacks a mark")
}

// popN returns the n topmost values in the order they were pushed.
func (u *unpickler) popN(n int) ([]any, error) {
	if len(u.stack) < n {
		return nil, errors.New("pickle takes from an empty stack")
	}
	items := slices.Clone(u.stack[len(u.stack)-n:])
	u.stack = u.stack[:len(u.stack)-n]
	return items, nil
}

// step executes an opcode.
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		version, err := u.number(1)
		if err == nil && version > 5 {
			err = fmt.Errorf("pickle protocol %d; at most 5 is supported", version)
		}
		return err
	case 0x95: // FRAME
		_, err := u.take(8)
		return err

	case '(':
		u.push(mark{})
	case 'N':
		u.push(nil)
	case 0x88, 0x89:
		u.push(op == 0x88)
	case ']':
		u.push(&list{})
	case '}':
		u.push(&dict{})
	case ')':
		u.push(tuple{})

	case 'K', 'M', 'J': // BININT1, BININT2, BININT
		return u.integer(op)
	case 'U', 'C', 0x8c: // SHORT_BINSTRING, SHORT_BINBYTES, SHORT_BINUNICODE
		return u.text(1)
	case 'T', 'B', 'X': // BINSTRING, BINBYTES, BINUNICODE
		return u.text(4)
	case 0x8e, 0x8d: // BINBYTES8, BINUNICODE8
		return u.text(8)

	case 't', 0x85, 0x86, 0x87: // TUPLE, TUPLE1 to TUPLE3
		items, err := u.items(op == 't', int(op)-0x84)
		u.push(tuple(items))
		return err
	case 'a', 'e': // APPEND, APPENDS
		items, err := u.items(op == 'e', 1)
		if err != nil {
			return err
		}
		return u.extend(items)
	case 's', 'u': // SETITEM, SETITEMS
		items, err := u.items(op == 'u', 2)
		if err != nil {
			return err
		}
		return u.set(items)

	case 'q': // BINPUT
		return u.store(1)
	case 'r': // LONG_BINPUT
		return u.store(4)
	case 0x94: // MEMOIZE
		return u.store(0)
	case 'h': // BINGET
		return u.recall(1)
	case 'j': // LONG_BINGET
		return u.recall(4)

	case 'c', 0x93: // GLOBAL, STACK_GLOBAL
		return u.global(op)
	case 'R': // REDUCE
		return u.reduce()
	case 'b': // BUILD
		return u.build()
	default:
		return fmt.Errorf("pickle opcode %#x is not supported", op)
	}
	return nil
}

// items returns the operands above a mark, or a fixed number of them.
func (u *unpickler) items(marked bool, n int) ([]any, error) {
	if marked {
		return u.popMark()
	}
	return u.popN(n)
}

func (u *unpickler) integer(op byte) error {
	var n int
	var err error
	switch op {
	case 'K':
		n, err = u.number(1)
	case 'M':
		n, err = u.number(2)
	default:
		n, err = u.number(4)
		n = int(int32(n))
	}
	u.push(n)
	return err
}

func (u *unpickler) text(lengthBytes int) error {
	n, err := u.number(lengthBytes)
	if err != nil {
		return err
	}
	text, err := u.take(n)
	u.push(string(text))
	return err
}

func (u *unpickler) extend(items []any) error {
	if top, err := u.top(); err != nil {
		return err
	} else if l, ok := top.(*list); ok {
		l.items = append(l.items, items...)
		return nil
	}
	return errors.New("pickle appends to what is not a list")
}

func (u *unpickler) set(items []any) error {
	top, err := u.top()
	if err != nil {
		return err
	}
	d, ok := top.(*dict)
	if !ok || len(items)%2 != 0 {
		return errors.New("pickle sets items of what is not a dictionary")
	}
	for i := 0; i < len(items); i += 2 {
		if _, ok := items[i].(string); !ok {
			return errors.New("pickled dictionary with a key that is not a string")
		}
		d.keys, d.values = append(d.keys, items[i]), append(d.values, items[i+1])
	}
	return nil
}

func (u *unpickler) top() (any, error) {
	if len(u.stack) == 0 {
		return nil, errors.New("pickle looks at an empty stack")
	}
	return u.stack[len(u.stack)-1], nil
}

// store keeps the top of the stack under a key of that many bytes, or, without
// one, under the next free number.
func (u *unpickler) store(keyBytes int) error {
	key := len(u.memo)
	if keyBytes > 0 {
		var err error
		if key, err = u.number(keyBytes); err != nil {
			return err
		}
	}
	v, err := u.top()
	u.memo[key] = v
	return err
}

func (u *unpickler) recall(keyBytes int) error {
	key, err := u.number(keyBytes)
	if err != nil {
		return err
	}
	v, ok := u.memo[key]
	if !ok {
		return fmt.Errorf("pickle recalls value %d, which it never stored", key)
	}
	u.push(v)
	return nil
}

// Names of the only Python objects a pickle may refer to; NumPy 2 renamed the
// module of the first.
const (
	reconstruct = "numpy.core.multiarray._reconstruct"
	ndarrayType = "numpy.ndarray"
	dtypeType   = "numpy.dtype"
)

func (u *unpickler) global(op byte) error {
	var module, name string
	if op == 'c' {
		var err error
		if module, err = u.line(); err != nil {
			return err
		}
		if name, err = u.line(); err != nil {
			return err
		}
	} else {
		pair, err := u.popN(2)
		if err != nil {
			return err
		}
		var isModule, isName bool
		module, isModule = pair[0].(string)
		name, isName = pair[1].(string)
		if !isModule || !isName {
			return errors.New("pickle names an object by what is not a string")
		}
	}
	full := strings.Replace(module, "numpy._core.", "numpy.core.", 1) + "." + name
	switch full {
	case reconstruct, ndarrayType, dtypeType:
		u.push(global(full))
		return nil
	}
	return fmt.Errorf("pickle refers to %.80q, which is refused: only NumPy arrays are read", full)
}

// reduce makes an empty array or a dtype, the only calls there are.
func (u *unpickler) reduce() error {
	pair, err := u.popN(2)
	if err != nil {
		return err
	}
	arguments, _ := pair[1].(tuple)
	switch {
	case pair[0] == any(global(reconstruct)) && len(arguments) == 3 && arguments[0] == any(global(ndarrayType)):
		u.push(&ndarray{})
		return nil
	case pair[0] == any(global(dtypeType)) && len(arguments) > 0:
		if name, ok := arguments[0].(string); ok {
			u.push(dtype(name))
			return nil
		}
	}
	return errors.New("pickle calls something other than NumPy's array and dtype")
}

// build sets the state of an array: (version, shape, dtype, Fortran order,
// data). The state of a dtype, its byte order, does not matter for bytes.
func (u *unpickler) build() error {
	pair, err := u.popN(2)
	if err != nil {
		return err
	}
	u.push(pair[0])
	array, ok := pair[0].(*ndarray)
	if !ok {
		if _, ok := pair[0].(dtype); ok {
			return nil
		}
		return errors.New("pickle sets the state of what is not an array")
	}
	state, _ := pair[1].(tuple)
	if len(state) != 5 {
		return errors.New("pickled array of an unknown form")
	}
	shape, isShape := state[1].(tuple)
	data, isData := state[4].(string)
	if !isShape || !isData || state[2] != any(dtype("u1")) || state[3] != any(false) {
		return errors.New("pickled array that is not of uint8 in C order")
	}
	if len(shape) > 2 {
		return fmt.Errorf("pickled array of %d dimensions", len(shape))
	}
	array.shape = nil
	size := 1
	for _, side := range shape {
		n, ok := side.(int)
		if !ok || n < 0 || n > 0 && size > math.MaxInt32/n {
			return errors.New("pickled array of an impossible size")
		}
		size *= n
		array.shape = append(array.shape, n)
	}
	if size != len(data) {
		return fmt.Errorf("pickled array of size %v has %d bytes", array.shape, len(data))
	}
	array.data = []uint8(data)
	return nil
}
