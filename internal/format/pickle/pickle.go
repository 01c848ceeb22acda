// Package pickle reads Python's pickles without running Python: it executes the
// opcodes that build plain values, and leaves every object that a pickle names
// to the caller, who lists the few that are allowed. Nothing else is ever
// called. The opcodes are those of Python's pickletools, protocols 0 to 5.
//
// Python values become nil, bool, int, float64, string (str, bytes and bytearray
// alike), [Tuple], *[List], *[Dict] and what the caller's functions return. Sets
// are Lists.
package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Tuple is a Python tuple.
type Tuple []any

// List is a Python list or set.
type List struct{ Items []any }

// Dict is a Python dictionary, in the order of insertion.
type Dict struct{ Keys, Values []any }

// Get returns the value of a key, the last one set, or nil if there is none.
func (d *Dict) Get(key string) any {
	for i := len(d.Keys) - 1; i >= 0; i-- {
		if d.Keys[i] == any(key) {
			return d.Values[i]
		}
	}
	return nil
}

// Global is the full name of a Python object, its module included.
type Global string

// Reader says what the objects that a pickle names do. A nil function refuses
// what it would decide.
type Reader struct {
	// Allowed reports whether a pickle may name an object.
	Allowed func(name Global) bool
	// Call returns what a call of an allowed object gives.
	Call func(callee any, arguments Tuple) (any, error)
	// Build sets the state of an object that Call returned.
	Build func(object, state any) error
	// Persistent returns the object of a persistent id.
	Persistent func(id any) (any, error)
	// MaxSteps bounds the opcodes and with them the values that are made, each
	// many times the size of its opcode.
	MaxSteps int
}

var errTruncated = errors.New("truncated pickle")

// Read executes the pickle that content begins with and returns its value and
// what follows it.
func (r *Reader) Read(content []byte) (value any, rest []byte, err error) {
	m := &machine{Reader: r, rest: content, memo: map[int]any{}}
	for range r.MaxSteps {
		op, err := m.take(1)
		if err != nil {
			return nil, nil, err
		}
		if op[0] == '.' {
			value, err := m.pop()
			return value, m.rest, err
		}
		if err := m.step(op[0]); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("pickle of more than %d opcodes", r.MaxSteps)
}

// machine is the stack machine that a pickle is a program for.
type machine struct {
	*Reader
	rest  []byte
	stack []any
	memo  map[int]any
}

// mark delimits the operands of an opcode of variable arity.
type mark struct{}

// step executes an opcode: those that frame the program and name objects itself.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		version, err := m.number(1)
		if err == nil && version > 5 {
			err = fmt.Errorf("pickle protocol %d; at most 5 is supported", version)
		}
		return err
	case 0x95: // FRAME
		_, err := m.take(8)
		return err

	case 'q', 'r', 'p', 0x94: // BINPUT, LONG_BINPUT, PUT, MEMOIZE
		return m.store(op)
	case 'h', 'j', 'g': // BINGET, LONG_BINGET, GET
		return m.recall(op)

	case 'c', 0x93: // GLOBAL, STACK_GLOBAL
		return m.global(op)
	case 'R', 0x81: // REDUCE, NEWOBJ
		return m.call()
	case 'b': // BUILD
		return m.build()
	case 'Q', 'P': // BINPERSID, PERSID
		return m.persistent(op)
	}
	return m.value(op)
}

// value executes an opcode that pushes a plain value.
func (m *machine) value(op byte) error {
	switch op {
	case 'N':
		m.push(nil)
	case 0x88, 0x89:
		m.push(op == 0x88)
	case ']', 0x8f: // EMPTY_LIST, EMPTY_SET
		m.push(&List{})
	case '}':
		m.push(&Dict{})
	case ')':
		m.push(Tuple{})
	case 'K', 'M', 'J', 0x8a, 'I', 'L', 'G', 'F': // BININT1, BININT2, BININT, LONG1, INT, LONG, BINFLOAT, FLOAT
		return m.scalar(op)
	case 'U', 'C', 0x8c: // SHORT_BINSTRING, SHORT_BINBYTES, SHORT_BINUNICODE
		return m.text(1)
	case 'T', 'B', 'X': // BINSTRING, BINBYTES, BINUNICODE
		return m.text(4)
	case 0x8e, 0x8d, 0x96: // BINBYTES8, BINUNICODE8, BYTEARRAY8
		return m.text(8)
	case 'S', 'V': // STRING, UNICODE
		return m.quoted(op)
	default:
		return m.rearrange(op)
	}
	return nil
}

// rearrange executes an opcode that works on what is on the stack.
func (m *machine) rearrange(op byte) error {
	switch op {
	case '(':
		m.push(mark{})
		return nil
	case '0': // POP
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.popMark()
		return err
	case '2': // DUP
		top, err := m.top()
		m.push(top)
		return err
	case 't', 0x85, 0x86, 0x87: // TUPLE, TUPLE1 to TUPLE3
		items, err := m.items(op == 't', int(op)-0x84)
		m.push(Tuple(items))
		return err
	case 'l', 0x91: // LIST, FROZENSET
		items, err := m.popMark()
		m.push(&List{items})
		return err
	case 'd': // DICT
		items, err := m.popMark()
		if err != nil {
			return err
		}
		m.push(&Dict{})
		return m.set(items)
	case 'a', 'e', 0x90: // APPEND, APPENDS, ADDITEMS
		items, err := m.items(op != 'a', 1)
		if err != nil {
			return err
		}
		return m.extend(items)
	case 's', 'u': // SETITEM, SETITEMS
		items, err := m.items(op == 'u', 2)
		if err != nil {
			return err
		}
		return m.set(items)
	}
	return fmt.Errorf("pickle opcode %#x is not supported", op)
}

// take returns the next n bytes of the program.
func (m *machine) take(n int) ([]byte, error) {
	if n < 0 || n > len(m.rest) {
		return nil, errTruncated
	}
	part := m.rest[:n]
	m.rest = m.rest[n:]
	return part, nil
}

// number takes a little-endian unsigned integer of up to 8 bytes.
func (m *machine) number(bytes int) (int, error) {
	part, err := m.take(bytes)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], part)
	n := binary.LittleEndian.Uint64(wide[:])
	if n > math.MaxInt {
		return 0, errTruncated
	}
	return int(n), nil
}

// line takes the bytes up to the next newline.
func (m *machine) line() (string, error) {
	end := slices.Index(m.rest, '\n')
	if end < 0 {
		return "", errTruncated
	}
	line := string(m.rest[:end])
	m.rest = m.rest[end+1:]
	return line, nil
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errors.New("pickle takes from an empty stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark returns what lies above the last mark, and removes both.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if m.stack[i] == (mark{}) {
			items := slices.Clone(m.stack[i+1:])
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("pickle lacks a mark")
}

// popN returns the n topmost values in the order they were pushed.
func (m *machine) popN(n int) ([]any, error) {
	if len(m.stack) < n {
		return nil, errors.New("pickle takes from an empty stack")
	}
	items := slices.Clone(m.stack[len(m.stack)-n:])
	m.stack = m.stack[:len(m.stack)-n]
	return items, nil
}

// items returns the operands above a mark, or a fixed number of them.
func (m *machine) items(marked bool, n int) ([]any, error) {
	if marked {
		return m.popMark()
	}
	return m.popN(n)
}

// scalar pushes a number, or a boolean of protocol 0.
func (m *machine) scalar(op byte) error {
	var v any
	var err error
	switch op {
	case 'K':
		v, err = m.number(1)
	case 'M':
		v, err = m.number(2)
	case 'J':
		var n int
		n, err = m.number(4)
		v = int(int32(n))
	case 0x8a:
		v, err = m.long()
	case 'G':
		var part []byte
		if part, err = m.take(8); err == nil {
			v = math.Float64frombits(binary.BigEndian.Uint64(part))
		}
	default:
		v, err = m.decimal(op)
	}
	m.push(v)
	return err
}

// long takes a little-endian two's complement number of any size; one beyond 64
// bits becomes a string of its bytes.
func (m *machine) long() (any, error) {
	size, err := m.number(1)
	if err != nil {
		return nil, err
	}
	part, err := m.take(size)
	if err != nil || size == 0 {
		return 0, err
	}
	if size > 8 {
		return string(part), nil
	}
	var wide [8]byte
	if part[size-1] >= 0x80 {
		wide = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
	}
	copy(wide[:], part)
	return int(int64(binary.LittleEndian.Uint64(wide[:]))), nil
}

// decimal takes a number in digits, a line of its own.
func (m *machine) decimal(op byte) (any, error) {
	line, err := m.line()
	if err != nil {
		return nil, err
	}
	switch {
	case op == 'I' && (line == "00" || line == "01"):
		return line == "01", nil
	case op == 'F':
		return strconv.ParseFloat(line, 64)
	}
	return strconv.Atoi(strings.TrimSuffix(line, "L"))
}

func (m *machine) text(lengthBytes int) error {
	n, err := m.number(lengthBytes)
	if err != nil {
		return err
	}
	text, err := m.take(n)
	m.push(string(text))
	return err
}

// quoted pushes a string of protocol 0. Escapes that Go does not have are refused.
func (m *machine) quoted(op byte) error {
	line, err := m.line()
	if err != nil {
		return err
	}
	if op == 'S' {
		if len(line) < 2 || line[0] != line[len(line)-1] {
			return errors.New("pickled string without quotes")
		}
		line = line[1 : len(line)-1]
	}
	if strings.Contains(line, `\`) {
		return errors.New("pickled string with escapes is not supported; pickle it with protocol 2 or later")
	}
	m.push(line)
	return nil
}

func (m *machine) extend(items []any) error {
	top, err := m.top()
	if err != nil {
		return err
	}
	l, ok := top.(*List)
	if !ok {
		return errors.New("pickle appends to what is not a list")
	}
	l.Items = append(l.Items, items...)
	return nil
}

func (m *machine) set(items []any) error {
	top, err := m.top()
	if err != nil {
		return err
	}
	d, ok := top.(*Dict)
	if !ok || len(items)%2 != 0 {
		return errors.New("pickle sets items of what is not a dictionary")
	}
	for i := 0; i < len(items); i += 2 {
		switch items[i].(type) {
		case string, int, bool, float64, nil:
		default:
			return errors.New("pickled dictionary with a key that is neither a string nor a number")
		}
		d.Keys, d.Values = append(d.Keys, items[i]), append(d.Values, items[i+1])
	}
	return nil
}

// key takes the key of an opcode that stores or recalls.
func (m *machine) key(op byte) (int, error) {
	switch op {
	case 'q', 'h':
		return m.number(1)
	case 'r', 'j':
		return m.number(4)
	case 0x94: // the next free number
		return len(m.memo), nil
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(line)
}

func (m *machine) store(op byte) error {
	key, err := m.key(op)
	if err != nil {
		return err
	}
	v, err := m.top()
	m.memo[key] = v
	return err
}

func (m *machine) recall(op byte) error {
	key, err := m.key(op)
	if err != nil {
		return err
	}
	v, ok := m.memo[key]
	if !ok {
		return fmt.Errorf("pickle recalls value %d, which it never stored", key)
	}
	m.push(v)
	return nil
}

func (m *machine) global(op byte) error {
	var module, name string
	if op == 'c' {
		var err error
		if module, err = m.line(); err != nil {
			return err
		}
		if name, err = m.line(); err != nil {
			return err
		}
	} else {
		pair, err := m.popN(2)
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
	full := Global(module + "." + name)
	if m.Allowed == nil || !m.Allowed(full) {
		return &RefusedError{full}
	}
	m.push(full)
	return nil
}

// RefusedError says that a pickle names an object that is not allowed.
type RefusedError struct{ Name Global }

// Error names the object.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("pickle refers to %.80q, which is refused", e.Name)
}

func (m *machine) call() error {
	pair, err := m.popN(2)
	if err != nil {
		return err
	}
	arguments, ok := pair[1].(Tuple)
	if !ok || m.Call == nil {
		return errors.New("pickle calls an object without arguments in a tuple")
	}
	v, err := m.Call(pair[0], arguments)
	m.push(v)
	return err
}

func (m *machine) build() error {
	pair, err := m.popN(2)
	if err != nil {
		return err
	}
	m.push(pair[0])
	if m.Build == nil {
		return errors.New("pickle sets the state of an object")
	}
	return m.Build(pair[0], pair[1])
}

func (m *machine) persistent(op byte) error {
	var id any
	var err error
	if op == 'Q' {
		id, err = m.pop()
	} else {
		id, err = m.line()
	}
	if err != nil {
		return err
	}
	if m.Persistent == nil {
		return errors.New("pickle refers to an object outside of it")
	}
	v, err := m.Persistent(id)
	m.push(v)
	return err
}
