// Package npy reads and writes NumPy's .npy files: little-endian arrays of
// uint8, float32 and int64 in C order, format versions 1.0 to 3.0. See
// numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/format/little"
)

// ErrFormat is wrapped by every error about the content of a file, as opposed
// to the reading of it.
var ErrFormat = errors.New("not a supported .npy file")

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 20
	maxDims   = 64 // as in NumPy
)

// Array is a row-major array; an empty Shape is a scalar. Its elements are in
// the one slice that is not nil: Bytes (|u1), Float32 (<f4) or Int64 (<i8). An
// Array of three nil slices is a float32 one of no elements.
type Array struct {
	Shape   []int
	Bytes   []uint8
	Float32 []float32
	Int64   []int64
}

// descr returns the dtype in NumPy's notation and the number of elements.
func (a Array) descr() (string, int) {
	switch {
	case a.Bytes != nil:
		return "|u1", len(a.Bytes)
	case a.Int64 != nil:
		return "<i8", len(a.Int64)
	}
	return "<f4", len(a.Float32)
}

// Read reads a whole file.
func Read(path string) (Array, error) {
	f, err := Open(path)
	if err != nil {
		return Array{}, err
	}
	defer f.Close()
	rows := 1
	if len(f.Shape) > 0 {
		rows = f.Shape[0]
	}
	a, err := f.Rows(0, rows)
	a.Shape = f.Shape
	return a, err
}

// File is an open .npy file, of which Rows reads a part. It serves files too
// large to be held whole.
type File struct {
	Shape []int

	path   string
	source io.ReaderAt
	close  func() error
	descr  string
	offset int64 // of the first element
	row    int64 // elements in a row
}

// Open reads the header of a file and checks it against the file's size.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var file *File
		if file, err = open(f, info.Size()); err == nil {
			file.path, file.close = path, f.Close
			return file, nil
		}
		err = fmt.Errorf("%s: %w", path, err)
	}
	f.Close()
	return nil, err
}

// IsBytes reports whether the elements are of uint8, which Rows returns as Bytes.
func (f *File) IsBytes() bool { return f.descr == "|u1" }

// Close closes the file.
func (f *File) Close() error { return f.close() }

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func open(r io.ReaderAt, size int64) (*File, error) {
	in := io.NewSectionReader(r, 0, size)
	var start [8]byte
	if _, err := io.ReadFull(in, start[:]); err != nil || string(start[:6]) != magic {
		return nil, malformed("it does not begin with \\x93NUMPY")
	}
	var length uint32
	switch start[6] {
	case 1:
		var short uint16
		if err := binary.Read(in, binary.LittleEndian, &short); err != nil {
			return nil, malformed("truncated header")
		}
		length = uint32(short)
	case 2, 3:
		if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
			return nil, malformed("truncated header")
		}
	default:
		return nil, malformed("format version %d.%d; 1.0 to 3.0 are supported", start[6], start[7])
	}
	offset := size - remaining(in) + int64(length)
	if length > maxHeader || offset > size {
		return nil, malformed("header of %d bytes in a file of %d (at most %d allowed)", length, size, maxHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, err
	}
	f := &File{source: r, offset: offset}
	if err := f.parse(string(header)); err != nil {
		return nil, err
	}
	return f, f.checkSize(size - offset)
}

func remaining(s *io.SectionReader) int64 {
	at, _ := s.Seek(0, io.SeekCurrent) // a SectionReader knows its position
	return s.Size() - at
}

// parse reads the header, a Python dictionary such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func (f *File) parse(header string) error {
	s := scanner{rest: header}
	s.expect("{")
	var order string
	for s.err == nil && !s.accept("}") {
		key := s.quoted()
		s.expect(":")
		switch {
		case s.err != nil:
			return s.err
		case key == "descr" && f.descr == "":
			f.descr = s.quoted()
		case key == "fortran_order" && order == "":
			order = s.word()
		case key == "shape" && f.Shape == nil:
			f.Shape = s.tuple()
		default:
			return malformed("unexpected header key %.40q", key)
		}
		if !s.accept(",") {
			s.expect("}")
			break
		}
	}
	if s.err == nil && strings.TrimSpace(s.rest) != "" {
		s.err = malformed("%.40q after the header's closing brace", s.rest)
	}
	switch {
	case s.err != nil:
		return s.err
	case f.Shape == nil || f.descr == "" || order == "":
		return malformed("the header must have descr, fortran_order and shape")
	case order == "True":
		return malformed("Fortran order; save it in C order (numpy.ascontiguousarray)")
	case order != "False":
		return malformed("fortran_order is %.40q, not True or False", order)
	case elementSize(f.descr) == 0:
		return malformed("dtype %.40q; integers and <f4 are supported, convert it with a.astype('uint8') or a.astype('<f4')", f.descr)
	}
	return nil
}

// elementSize returns the bytes of an element, 0 for a type that is not read.
func elementSize(descr string) int64 {
	if descr == "<f4" {
		return 4
	}
	if descr == "" || !strings.Contains("<>|", descr[:1]) {
		return 0
	}
	size, _ := IntegerSize(descr[1:])
	return int64(size)
}

// IntegerSize returns the bytes of an integer whose type NumPy calls i1 to u8, or b1 for
// truth values, and reports whether it is one.
func IntegerSize(name string) (int, bool) {
	switch name {
	case "i1", "u1", "b1":
		return 1, true
	case "i2", "u2":
		return 2, true
	case "i4", "u4":
		return 4, true
	case "i8", "u8":
		return 8, true
	}
	return 0, false
}

// Integers returns the integers of such a type in raw bytes.
func Integers(raw []byte, name string, bigEndian bool) ([]int64, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if bigEndian {
		order = binary.BigEndian
	}
	size, _ := IntegerSize(name)
	values := make([]int64, len(raw)/size)
	for i := range values {
		b := raw[i*size:]
		switch name {
		case "i1":
			values[i] = int64(int8(b[0]))
		case "i2":
			values[i] = int64(int16(order.Uint16(b)))
		case "u2":
			values[i] = int64(order.Uint16(b))
		case "i4":
			values[i] = int64(int32(order.Uint32(b)))
		case "u4":
			values[i] = int64(order.Uint32(b))
		case "i8":
			values[i] = int64(order.Uint64(b))
		case "u8":
			v := order.Uint64(b)
			if v > math.MaxInt64 {
				return nil, malformed("element %d is %d, more than %d", i, v, math.MaxInt64)
			}
			values[i] = int64(v)
		default:
			values[i] = int64(b[0])
		}
	}
	return values, nil
}

// checkSize checks the shape against the bytes that follow the header.
func (f *File) checkSize(data int64) error {
	size := elementSize(f.descr)
	f.row = 1
	for i, d := range f.Shape {
		if d > 0 && size > math.MaxInt64/int64(d) {
			return malformed("impossible shape %v", f.Shape)
		}
		size *= int64(d)
		if i > 0 {
			f.row *= int64(d)
		}
	}
	if size != data {
		return malformed("%s of shape %v needs %d bytes, %d follow the header", f.descr, f.Shape, size, data)
	}
	return nil
}

// Rows reads count entries of the first dimension, from first on. The result's
// Shape is that of the file with count as its first number. A scalar is one
// row.
func (f *File) Rows(first, count int) (Array, error) {
	total := 1
	if len(f.Shape) > 0 {
		total = f.Shape[0]
	}
	if first < 0 || count < 0 || count > total-first {
		return Array{}, fmt.Errorf("%s: rows %d to %d of %d asked for", f.path, first, first+count, total)
	}
	a := Array{Shape: append([]int{count}, f.Shape[min(1, len(f.Shape)):]...)}
	n := int64(count) * f.row
	size := elementSize(f.descr)
	in := io.NewSectionReader(f.source, f.offset+int64(first)*f.row*size, n*size)
	var err error
	switch f.descr {
	case "|u1":
		a.Bytes = make([]uint8, n)
		err = little.Read(in, a.Bytes)
	case "<f4":
		a.Float32 = make([]float32, n)
		err = little.Read(in, a.Float32)
	default:
		raw := make([]byte, n*size)
		if err = little.Read(in, raw); err == nil {
			a.Int64, err = Integers(raw, f.descr[1:], f.descr[0] == '>')
		}
	}
	if err != nil {
		return Array{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return a, nil
}

// Write writes an array as numpy.save does, to a file that appears whole or
// not at all.
func Write(path string, a Array) error {
	descr, n := a.descr()
	if elements := product(a.Shape); elements != n {
		return fmt.Errorf("%s: %d elements do not fill shape %v", path, n, a.Shape)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := writeHeader(w, descr, a.Shape); err != nil {
			return err
		}
		switch {
		case a.Bytes != nil:
			return little.Write(w, a.Bytes)
		case a.Int64 != nil:
			return little.Write(w, a.Int64)
		}
		return little.Write(w, a.Float32)
	})
}

// WriteBytes writes a uint8 array of that shape, as Write does, of what fill
// writes. It serves arrays too large to be held whole.
func WriteBytes(path string, shape []int, fill func(io.Writer) error) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := writeHeader(w, "|u1", shape); err != nil {
			return err
		}
		c := counter{w: w}
		if err := fill(&c); err != nil {
			return err
		}
		if n := product(shape); c.n != n {
			return fmt.Errorf("%s: %d bytes do not fill shape %v", path, c.n, shape)
		}
		return nil
	})
}

// counter counts the bytes written.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += n
	return n, err
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// writeHeader writes what comes before the elements.
func writeHeader(w io.Writer, descr string, shape []int) error {
	sizes := make([]string, len(shape))
	for i, d := range shape {
		sizes[i] = strconv.Itoa(d)
	}
	tuple := strings.Join(sizes, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	const prefix, align = len(magic) + 4, 64
	header += strings.Repeat(" ", align-1-(prefix+len(header))%align) + "\n"
	if _, err := io.WriteString(w, magic+"\x01\x00"); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint16(len(header))); err != nil {
		return err
	}
	_, err := io.WriteString(w, header)
	return err
}

// scanner reads the small part of Python's literals that headers use. After
// the first error it returns zero values.
type scanner struct {
	rest string
	err  error
}

func (s *scanner) fail(expected string) {
	if s.err == nil {
		s.err = malformed("header: %s expected at %.20q", expected, s.rest)
		s.rest = ""
	}
}

func (s *scanner) accept(token string) bool {
	s.rest = strings.TrimLeft(s.rest, " \n")
	rest, ok := strings.CutPrefix(s.rest, token)
	s.rest = rest
	return ok
}

func (s *scanner) expect(token string) {
	if !s.accept(token) {
		s.fail(token)
	}
}

func (s *scanner) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if s.accept(quote) {
			text, rest, ok := strings.Cut(s.rest, quote)
			if !ok {
				break
			}
			s.rest = rest
			return text
		}
	}
	s.fail("a quoted string")
	return ""
}

func (s *scanner) word() string {
	s.accept("")
	n := strings.IndexAny(s.rest, " ,:)}\n")
	if n <= 0 {
		s.fail("a word")
		return ""
	}
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return word
}

// tuple reads the sizes of a shape.
func (s *scanner) tuple() []int {
	shape := []int{}
	s.expect("(")
	for s.err == nil && !s.accept(")") {
		size, err := strconv.ParseUint(s.word(), 10, 31)
		if err != nil {
			s.fail("a size below 2^31")
		}
		shape = append(shape, int(size))
		if len(shape) > maxDims {
			s.fail("a shape of at most 64 dimensions")
		}
		if !s.accept(",") {
			s.expect(")")
			break
		}
	}
	return shape
}

// Labels returns labels as an array of bytes, or of int64 where some do not fit.
func Labels(labels []uint16) Array {
	a := Array{Shape: []int{len(labels)}, Bytes: make([]uint8, len(labels))}
	for i, label := range labels {
		if a.Bytes[i] = uint8(label); label <= math.MaxUint8 {
			continue
		}
		a.Bytes, a.Int64 = nil, make([]int64, len(labels))
		for n, wide := range labels {
			a.Int64[n] = int64(wide)
		}
		break
	}
	return a
}
