// Package safetensors reads and writes weights in the safetensors format, the
// one PyTorch users exchange: 8 bytes little-endian header length, a JSON
// header {name: {"dtype", "shape", "data_offsets": [begin, end]}}, the raw
// little-endian data. See github.com/huggingface/safetensors.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/format/little"
)

// ErrFormat is wrapped by every error about the content of a file, as opposed
// to the reading of it.
var ErrFormat = errors.New("not a valid safetensors file")

const (
	maxHeader = 100_000_000 // bytes of JSON, as in the reference implementation
	maxDims   = 64          // as in NumPy
)

// metadataKey is the header entry that is not a tensor.
const metadataKey = "__metadata__"

// Tensor is a named array, row-major. Its data are in the one slice that is
// not nil: Data (dtype F32), Int64 (I64) or Bytes (U8). An empty Shape is a
// scalar. A tensor of three nil slices is an F32 one of no elements.
//
// Read rounds F16, BF16 and F64 to Data, and turns the other integers and BOOL into
// Int64. A tensor of a dtype without a conversion has no data and says so in Unread.
type Tensor struct {
	Name   string
	Shape  []int
	Data   []float32
	Int64  []int64
	Bytes  []byte
	Unread string // the dtype
}

// Read returns the tensors of a file in the order of their data, and its
// metadata, nil if it has none. It refuses what the reference implementation
// refuses: a header that is too large, duplicate names, ranges that overlap,
// leave a hole, end outside the file or disagree with dtype and shape.
func Read(path string) ([]Tensor, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	tensors, metadata, err := decode(f, info.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, metadata, nil
}

// entry is one tensor of the header.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64 // from the end of the header
}

// decode reads a file of the given size from r.
func decode(r io.Reader, size int64) ([]Tensor, map[string]string, error) {
	var length [8]byte
	if size < 8 {
		return nil, nil, malformed("%d bytes, too short for a header", size)
	}
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, nil, malformed("header of %d bytes in a file of %d (at most %d allowed)", n, size, maxHeader)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, err
	}
	if err := checkRanges(entries, size-8-int64(n)); err != nil {
		return nil, nil, err
	}
	tensors := make([]Tensor, len(entries))
	for i, e := range entries {
		if tensors[i], err = readTensor(r, e); err != nil {
			return nil, nil, fmt.Errorf("tensor %.80q: %w", e.name, err)
		}
	}
	return tensors, metadata, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// parseHeader walks the JSON token by token: unmarshalling into maps and
// structs would let duplicate and oddly spelt keys pass.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, malformed("header is not UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, malformed("header does not begin with {")
	}
	var entries []entry
	var metadata map[string]string
	dec := json.NewDecoder(bytes.NewReader(header))
	err := object(dec, func(name string) error {
		if name == metadataKey {
			metadata = map[string]string{}
			return object(dec, func(key string) error {
				value, err := dec.Token()
				if err != nil {
					return err
				}
				s, ok := value.(string)
				if !ok {
					return fmt.Errorf("metadata %.80q is not a string", key)
				}
				metadata[key] = s
				return nil
			})
		}
		e, err := parseEntry(dec, name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, malformed("header: %v", err)
	}
	if rest := bytes.TrimRight(header[dec.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, malformed("%d bytes after the header's closing brace", len(rest))
	}
	return entries, metadata, nil
}

// object reads a JSON object, calling field after each key to read its value,
// and refuses duplicate keys.
func object(dec *json.Decoder, field func(key string) error) error {
	open, err := dec.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("%.80q where an object was expected", fmt.Sprint(open))
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder allows nothing else here
		if seen[key] {
			return fmt.Errorf("duplicate key %.80q", key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

func parseEntry(dec *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	var offsets []int64
	err := object(dec, func(key string) error {
		switch key {
		case "dtype":
			return dec.Decode(&e.dtype)
		case "shape":
			return dec.Decode(&e.shape)
		case "data_offsets":
			return dec.Decode(&offsets)
		}
		return fmt.Errorf("unknown key %.80q", key)
	})
	if err != nil {
		return e, fmt.Errorf("tensor %.80q: %w", name, err)
	}
	if e.shape == nil || len(e.shape) > maxDims || len(offsets) != 2 {
		return e, fmt.Errorf("tensor %.80q: shape of at most %d dimensions and two data_offsets expected", name, maxDims)
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, nil
}

// elementSizes lists the bytes of an element of each dtype of the reference
// implementation whose elements are whole bytes.
var elementSizes = map[string]int64{
	"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "C64": 8,
	"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}

// checkRanges sorts the entries by their data and checks that these tile the
// data section exactly and agree with dtype and shape.
func checkRanges(entries []entry, data int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for _, e := range entries {
		size := elementSizes[e.dtype]
		if size == 0 {
			return malformed("tensor %.80q has the unknown dtype %.80q", e.name, e.dtype)
		}
		if e.begin != at || e.end < e.begin || e.end > data {
			return malformed("tensor %.80q takes bytes %d to %d; it must begin at %d and end by %d", e.name, e.begin, e.end, at, data)
		}
		for _, d := range e.shape {
			if d < 0 || d > 0 && size > math.MaxInt64/int64(d) {
				return malformed("tensor %.80q has the impossible shape %v", e.name, e.shape)
			}
			size *= int64(d)
		}
		if size != e.end-e.begin {
			return malformed("tensor %.80q: %s of shape %v needs %d bytes, its range has %d", e.name, e.dtype, e.shape, size, e.end-e.begin)
		}
		at = e.end
	}
	if at != data {
		return malformed("%d bytes after the last tensor", data-at)
	}
	return nil
}

func readTensor(r io.Reader, e entry) (Tensor, error) {
	t := Tensor{Name: e.name, Shape: e.shape}
	n := e.end - e.begin
	switch e.dtype {
	case "U8":
		t.Bytes = make([]byte, n)
		return t, little.Read(r, t.Bytes)
	case "I64":
		t.Int64 = make([]int64, n/8)
		return t, little.Read(r, t.Int64)
	case "F32":
		t.Data = make([]float32, n/4)
		return t, little.Read(r, t.Data)
	}
	size := elementSizes[e.dtype]
	raw := make([]byte, n)
	if err := little.Read(r, raw); err != nil {
		return t, err
	}
	if convert, ok := toFloat[e.dtype]; ok {
		t.Data = make([]float32, n/size)
		for i := range t.Data {
			t.Data[i] = convert(raw[int64(i)*size:])
		}
	} else if convert, ok := toInt[e.dtype]; ok {
		t.Int64 = make([]int64, n/size)
		for i := range t.Int64 {
			t.Int64[i] = convert(raw[int64(i)*size:])
		}
	} else {
		t.Unread = e.dtype
	}
	return t, nil
}

var toFloat = map[string]func([]byte) float32{
	"F64":  func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	"F16":  func(b []byte) float32 { return little.Float16(binary.LittleEndian.Uint16(b)) },
	"BF16": func(b []byte) float32 { return little.BFloat16(binary.LittleEndian.Uint16(b)) },
}

var toInt = map[string]func([]byte) int64{
	"I32":  func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) },
	"I16":  func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) },
	"I8":   func(b []byte) int64 { return int64(int8(b[0])) },
	"U32":  func(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) },
	"U16":  func(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) },
	"BOOL": func(b []byte) int64 { return int64(b[0]) },
}

// Write writes the tensors and the metadata, which may be nil, to a file that
// appears whole or not at all. The same arguments give the same bytes. Wider
// elements come first, so that all data are aligned; within a dtype the order
// is kept. Duplicate names, and data that disagree with their shape, are
// errors.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	header, ordered, err := buildHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
			return err
		}
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, t := range ordered {
			if err := writeData(w, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// dtype returns a tensor's dtype and its number of elements.
func (t Tensor) dtype() (string, int) {
	switch {
	case t.Int64 != nil:
		return "I64", len(t.Int64)
	case t.Bytes != nil:
		return "U8", len(t.Bytes)
	}
	return "F32", len(t.Data)
}

// buildHeader returns the padded JSON header and the tensors in file order.
func buildHeader(tensors []Tensor, metadata map[string]string) ([]byte, []Tensor, error) {
	ordered := slices.Clone(tensors)
	slices.SortStableFunc(ordered, func(a, b Tensor) int {
		da, _ := a.dtype()
		db, _ := b.dtype()
		return cmp.Compare(elementSizes[db], elementSizes[da])
	})
	var h header
	if metadata != nil {
		if err := h.field(metadataKey, metadata); err != nil {
			return nil, nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	for _, t := range ordered {
		if seen[t.Name] {
			return nil, nil, fmt.Errorf("tensor %q: the name is taken", t.Name)
		}
		seen[t.Name] = true
		if err := h.tensor(t); err != nil {
			return nil, nil, err
		}
	}
	return h.padded(), ordered, nil
}

// header is a JSON object of the fields so far, in their order.
type header struct {
	text bytes.Buffer
	end  int64 // of the last tensor's data
}

func (h *header) field(name string, value any) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("name %q is not UTF-8", name)
	}
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	separator := byte(',')
	if h.text.Len() == 0 {
		separator = '{'
	}
	h.text.WriteByte(separator)
	h.text.Write(key)
	h.text.WriteByte(':')
	h.text.Write(text)
	return nil
}

// tensor adds the tensor whose data come next.
func (h *header) tensor(t Tensor) error {
	dtype, n := t.dtype()
	elements := 1
	for _, d := range t.Shape {
		elements *= d
	}
	if elements != n {
		return fmt.Errorf("tensor %q: %d elements do not fill shape %v", t.Name, n, t.Shape)
	}
	begin := h.end
	h.end += int64(n) * elementSizes[dtype]
	return h.field(t.Name, struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}{dtype, append([]int{}, t.Shape...), [2]int64{begin, h.end}})
}

// padded closes the object and pads it, so that the data begin at a multiple of 8.
func (h *header) padded() []byte {
	if h.text.Len() == 0 {
		h.text.WriteByte('{')
	}
	h.text.WriteByte('}')
	for h.text.Len()%8 != 0 {
		h.text.WriteByte(' ')
	}
	return h.text.Bytes()
}

func writeData(w io.Writer, t Tensor) error {
	switch {
	case t.Int64 != nil:
		return little.Write(w, t.Int64)
	case t.Bytes != nil:
		return little.Write(w, t.Bytes)
	}
	return little.Write(w, t.Data)
}
