package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// The MATLAB 5 file format: a header of 128 bytes, then elements of an 8-byte
// tag (type, size) and data padded to 8 bytes. A matrix is an element of
// elements: flags, dimensions, name, data; a compressed element is a zlib
// stream of one element. See "MAT-File Format", The MathWorks, chapter 1.
const (
	miInt8       = 1
	miUint8      = 2
	miInt16      = 3
	miUint16     = 4
	miInt32      = 5
	miUint32     = 6
	miSingle     = 7
	miDouble     = 9
	miInt64      = 12
	miUint64     = 13
	miMatrix     = 14
	miCompressed = 15

	mxUint8 = 9 // the class of an array of bytes
)

// matrix is a numeric array of a .mat file, its data column-major.
type matrix struct {
	class    uint8
	dims     []int
	dataType uint32
	data     []byte
}

// parseSVHN reads the "cropped digits" form of SVHN and of the synthetic
// digits: X is 32 x 32 x 3 x N bytes, y has N labels, of which 10 stands for
// the digit 0.
func parseSVHN(r io.Reader) (Images, error) {
	const side, channels, plane = 32, 3, 32 * 32
	arrays, err := parseMat(r, "X", "y")
	if err != nil {
		return Images{}, err
	}
	x, y := arrays["X"], arrays["y"]
	if x.class != mxUint8 || x.dataType != miUint8 {
		return Images{}, errors.New("X is not an array of uint8 (MATLAB: uint8(X), numpy: X.astype('uint8'))")
	}
	if len(x.dims) == 3 { // a single image: MATLAB drops a last dimension of 1
		x.dims = append(x.dims, 1)
	}
	if len(x.dims) != 4 || x.dims[0] != side || x.dims[1] != side || x.dims[2] != channels {
		return Images{}, fmt.Errorf("X is %v where 32x32x3xN was expected", x.dims)
	}
	n := x.dims[3]
	if n == 0 {
		return Images{}, errors.New("no images")
	}
	if count := len(y.data) / int(elementSize(y.dataType)); count != n {
		return Images{}, fmt.Errorf("%d labels in y for the %d images in X", count, n)
	}
	labels, err := y.integers()
	if err != nil {
		return Images{}, fmt.Errorf("y: %w", err)
	}
	images := Images{Data: x.data, Labels: make([]uint16, n), N: n, C: channels, H: side, W: side}
	for i, label := range labels {
		if label < 0 || label > 10 {
			return Images{}, fmt.Errorf("label %d of image %d is not from 0 to 10", label, i)
		}
		images.Labels[i] = uint16(label % 10)
	}
	// Column-major 32 x 32 x 3 x N is N planar images, each plane transposed.
	for at := 0; at < len(x.data); at += plane {
		p := x.data[at:][:plane]
		for r := range side {
			for c := range r {
				p[r*side+c], p[c*side+r] = p[c*side+r], p[r*side+c]
			}
		}
	}
	return images, nil
}

// parseMat reads the named arrays, all of which must be there.
func parseMat(r io.Reader, names ...string) (map[string]matrix, error) {
	var header struct {
		Text    [124]byte
		Version uint16
		Endian  [2]byte
	}
	if err := binary.Read(r, binary.LittleEndian, &header); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(header.Text[:], []byte("MATLAB 7.3")) {
		return nil, errors.New("a MATLAB 7.3 (HDF5) file where version 5 was expected; save it with -v7")
	}
	if header.Version != 0x0100 || string(header.Endian[:]) != "IM" {
		return nil, errors.New("not a little-endian MATLAB 5 file; save it with -v7, or SciPy's savemat")
	}
	arrays := map[string]matrix{}
	for {
		kind, size, err := readTag(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		element := io.LimitReader(r, int64(size))
		if err := parseElement(element, kind, names, arrays); err != nil {
			return nil, err
		}
		// What is left belongs to a matrix that was not asked for.
		if _, err := io.Copy(io.Discard, element); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if _, ok := arrays[name]; !ok {
			return nil, fmt.Errorf("there is no array %s in it", name)
		}
	}
	return arrays, nil
}

// readTag reads a tag of the outermost level. Only there may the file end.
func readTag(r io.Reader) (kind, size uint32, err error) {
	var tag [8]byte
	if _, err := io.ReadFull(r, tag[:]); err != nil {
		return 0, 0, err
	}
	return binary.LittleEndian.Uint32(tag[:]), binary.LittleEndian.Uint32(tag[4:]), nil
}

// parseElement adds an element of the outermost level to arrays if it is a
// matrix of one of the names.
func parseElement(r io.Reader, kind uint32, names []string, arrays map[string]matrix) error {
	switch kind {
	case miMatrix:
		_, err := parseMatrix(r, names, arrays)
		return err
	case miCompressed:
		packed := &counted{r: r}
		stream, err := zlib.NewReader(packed)
		if err != nil {
			return fmt.Errorf("compressed element: %w", err)
		}
		z := &bounded{r: stream, packed: packed}
		kind, size, err := readTag(z)
		if err != nil {
			return fmt.Errorf("compressed element: %w", io.ErrUnexpectedEOF)
		}
		if kind != miMatrix {
			return nil
		}
		wanted, err := parseMatrix(io.LimitReader(z, int64(size)), names, arrays)
		if err != nil || !wanted {
			return err
		}
		return expectEnd(z)
	}
	return nil
}

// parseMatrix reads a matrix if it has one of the names, and reports whether it
// has.
func parseMatrix(r io.Reader, names []string, arrays map[string]matrix) (wanted bool, err error) {
	_, flags, err := readSmall(r)
	if err != nil {
		return false, err
	}
	dimsType, dims, err := readSmall(r)
	if err != nil {
		return false, err
	}
	nameType, name, err := readSmall(r)
	if err != nil {
		return false, err
	}
	if len(flags) != 8 || dimsType != miInt32 || len(dims)%4 != 0 || nameType != miInt8 {
		return false, errors.New("malformed matrix header")
	}
	key := string(name)
	if !slices.Contains(names, key) {
		return false, nil
	}
	if _, taken := arrays[key]; taken {
		return false, fmt.Errorf("two arrays %s in it", key)
	}
	m := matrix{class: flags[0]}
	elements := int64(1)
	for ; len(dims) > 0; dims = dims[4:] {
		d := int32(binary.LittleEndian.Uint32(dims))
		if d < 0 || d > 0 && elements > maxFile/int64(d) {
			return false, fmt.Errorf("array %s has an impossible size", key)
		}
		elements *= int64(d)
		m.dims = append(m.dims, int(d))
	}
	if m.dataType, m.data, err = readData(r, min(maxFile, 8*elements)); err != nil {
		return false, fmt.Errorf("array %s of size %v: %w", key, m.dims, err)
	}
	if size := elementSize(m.dataType); size == 0 || int64(len(m.data)) != elements*size {
		return false, fmt.Errorf("array %s of size %v: %d bytes of data type %d do not fill it", key, m.dims, len(m.data), m.dataType)
	}
	arrays[key] = m
	return true, nil
}

// readSmall reads an element of a matrix header.
func readSmall(r io.Reader) (kind uint32, data []byte, err error) {
	return readData(r, 1024)
}

// readData reads an element inside a matrix, of at most limit bytes. Up to four
// bytes are stored in the tag itself.
func readData(r io.Reader, limit int64) (kind uint32, data []byte, err error) {
	kind, size, err := readTag(r)
	if err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	if short := kind >> 16; short != 0 {
		if short > 4 {
			return 0, nil, fmt.Errorf("small element of %d bytes", short)
		}
		return kind & 0xffff, binary.LittleEndian.AppendUint32(nil, size)[:short], nil
	}
	if int64(size) > limit {
		return 0, nil, fmt.Errorf("element of %d bytes where at most %d were expected", size, limit)
	}
	if data, err = readBytes(r, int64(size)); err != nil {
		return 0, nil, err
	}
	// Some writers leave the padding of a matrix's last element out.
	_, err = io.CopyN(io.Discard, r, int64(-size&7))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return kind, data, err
}

// elementSize returns the bytes of a number of a data type, 0 if it is none.
func elementSize(dataType uint32) int64 {
	switch dataType {
	case miInt8, miUint8:
		return 1
	case miInt16, miUint16:
		return 2
	case miInt32, miUint32, miSingle:
		return 4
	case miDouble, miInt64, miUint64:
		return 8
	}
	return 0
}

// integers returns the elements, all of which must be whole numbers. MATLAB
// stores them in whatever type is shortest.
func (m matrix) integers() ([]int, error) {
	size := int(elementSize(m.dataType))
	result := make([]int, 0, len(m.data)/size)
	for at := 0; at < len(m.data); at += size {
		b := m.data[at:]
		var v float64
		switch m.dataType {
		case miInt8:
			v = float64(int8(b[0]))
		case miUint8:
			v = float64(b[0])
		case miInt16:
			v = float64(int16(binary.LittleEndian.Uint16(b)))
		case miUint16:
			v = float64(binary.LittleEndian.Uint16(b))
		case miInt32:
			v = float64(int32(binary.LittleEndian.Uint32(b)))
		case miUint32:
			v = float64(binary.LittleEndian.Uint32(b))
		case miSingle:
			v = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		case miInt64:
			v = float64(int64(binary.LittleEndian.Uint64(b)))
		case miUint64:
			v = float64(binary.LittleEndian.Uint64(b))
		case miDouble:
			v = math.Float64frombits(binary.LittleEndian.Uint64(b))
		}
		if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
			return nil, fmt.Errorf("%g is not a whole number", v)
		}
		result = append(result, int(v))
	}
	return result, nil
}
