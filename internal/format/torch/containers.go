package torch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"path"
	"strconv"

	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// magic is the number that begins the stream of pickles, 0x1950a86a20f9469cfc6c.
const magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// maxRatio bounds what a file holds by its size: deflate makes at most 1,032 bytes of one.
const maxRatio = 1100

// readZip reads the archive that torch.save writes since 1.6: data.pkl, and a file
// for each storage below data/.
func readZip(content []byte) (any, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, malformed("%v", err)
	}
	files := map[string]*zip.File{}
	var main *zip.File
	left := uint64(len(content)) * maxRatio // entries may share what they inflate
	for _, f := range archive.File {
		if f.Method != zip.Store {
			if f.UncompressedSize64 > left {
				return nil, malformed("%.80q declares %d bytes", f.Name, f.UncompressedSize64)
			}
			left -= f.UncompressedSize64
		}
		files[f.Name] = f
		switch path.Base(f.Name) {
		case "data.pkl":
			main = f
		case "constants.pkl":
			return nil, malformed("a TorchScript archive holds a program; save the state_dict instead: torch.save(model.state_dict(), ...)")
		}
	}
	if main == nil {
		return nil, malformed("the zip archive holds no data.pkl")
	}
	folder := path.Dir(main.Name)
	if f := files[path.Join(folder, "byteorder")]; f != nil {
		if order, err := zipBytes(f, content); err != nil || string(order) != "little" {
			return nil, malformed("byte order %.20q, expected little", order)
		}
	}
	program, err := zipBytes(main, content)
	if err != nil {
		return nil, err
	}
	read := map[string]*storage{}
	value, _, err := unpickle(program, func(id any) (any, error) {
		s, key, err := declared(id, 5)
		if err != nil || read[key] != nil {
			return read[key], err
		}
		f := files[path.Join(folder, "data", key)]
		if f == nil {
			return nil, fmt.Errorf("storage %.20q is missing", key)
		}
		if s.data, err = zipBytes(f, content); err != nil {
			return nil, err
		}
		if len(s.data) < s.count*s.kind.Size() {
			return nil, fmt.Errorf("storage %.20q has %d bytes, too few for %d of type %s", key, len(s.data), s.count, s.kind)
		}
		read[key] = s
		return s, nil
	})
	return value, err
}

// zipBytes returns the content of a file of the archive, without a copy where it
// is stored uncompressed.
func zipBytes(f *zip.File, content []byte) ([]byte, error) {
	size := f.UncompressedSize64
	if f.Method == zip.Store {
		at, err := f.DataOffset()
		if err != nil || size > uint64(len(content)) || uint64(at) > uint64(len(content))-size {
			return nil, malformed("%.80q ends outside of the archive", f.Name)
		}
		data := content[at:][:size]
		if crc32.ChecksumIEEE(data) != f.CRC32 && f.CRC32 != 0 { // 0 where torch.save was told to compute none
			return nil, malformed("%.80q is damaged, it does not have its checksum", f.Name)
		}
		return data, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, malformed("%.80q: %v", f.Name, err)
	}
	defer r.Close()
	data, err := readAll(r, int(size))
	if err == nil { // the checksum is compared at the end
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil {
		return nil, malformed("%.80q: %v", f.Name, err)
	}
	return data, nil
}

// declared returns the storage of a persistent id ("storage", class, key,
// location, elements, ...) of length n or more, without its data.
func declared(id any, n int) (*storage, string, error) {
	parts, _ := id.(pickle.Tuple)
	if len(parts) < n || parts[0] != any("storage") {
		return nil, "", fmt.Errorf("pickle refers to an unknown kind of object outside of it")
	}
	class, _ := parts[1].(pickle.Global)
	kind, ok := storageType(class)
	if !ok {
		if class != "torch.storage.UntypedStorage" {
			return nil, "", fmt.Errorf("storage of the unknown class %.80q", class)
		}
		kind = "uint8"
	}
	key, err := reference(parts[2])
	if err != nil {
		return nil, "", err
	}
	count, ok := parts[4].(int)
	if !ok || count < 0 || count > math.MaxInt/kind.Size() {
		return nil, "", fmt.Errorf("storage %.20q of %d elements, expected a number of them", key, count)
	}
	return &storage{kind: kind, count: count}, key, nil
}

// reference returns the text of an integer or a short string that stands for a
// storage, a view or a tensor. It never writes a container out: a few bytes make one
// that has no end.
func reference(key any) (string, error) {
	const longest = 255
	switch key := key.(type) {
	case string:
		if len(key) <= longest {
			return key, nil
		}
	case int:
		return strconv.Itoa(key), nil
	}
	return "", errors.New("storage, view or tensor named by what is neither an integer nor a short string")
}

// readStream reads the pickles that torch.save wrote before 1.6: magic number,
// protocol, system, the value, the storages' keys; then the storages.
func readStream(content []byte) (any, error) {
	const protocol = 1001
	_, rest, err := unpickle(content, nil)
	if err != nil {
		return nil, err
	}
	version, rest, err := unpickle(rest, nil)
	if err != nil {
		return nil, err
	}
	if version != any(protocol) {
		n, _ := version.(int)
		return nil, malformed("protocol %d, expected %d", n, protocol)
	}
	system, rest, err := unpickle(rest, nil)
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*pickle.Dict); !ok || d.Get("little_endian") != any(true) {
		return nil, malformed("written by a big-endian machine")
	}
	roots, views := map[string]*storage{}, map[string]*view{}
	value, rest, err := unpickle(rest, func(id any) (any, error) { return streamStorage(id, roots, views) })
	if err != nil {
		return nil, err
	}
	keys, rest, err := unpickle(rest, nil)
	if err != nil {
		return nil, err
	}
	list, ok := keys.(*pickle.List)
	if !ok {
		return nil, malformed("no list of storages")
	}
	for _, item := range list.Items {
		key, err := reference(item)
		if err != nil {
			return nil, malformed("%v", err)
		}
		s := roots[key]
		if s == nil {
			return nil, malformed("storage %.20q is not used", key)
		}
		if rest, err = s.cut(rest); err != nil {
			return nil, err
		}
	}
	for _, v := range views {
		if err := v.resolve(); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// cut takes the storage's data, after their number, from the head of content.
func (s *storage) cut(content []byte) (rest []byte, err error) {
	if len(content) < 8 {
		return nil, malformed("truncated storage")
	}
	count, rest := binary.LittleEndian.Uint64(content), content[8:]
	size := s.kind.Size()
	if count > uint64(len(rest)/size) || int(count) < s.count {
		return nil, malformed("storage of %d elements, expected %d, in %d bytes", count, s.count, len(rest))
	}
	s.data = rest[:int(count)*size]
	return rest[len(s.data):], nil
}

// view is a storage that is a part of another.
type view struct {
	*storage
	root   *storage
	offset int // elements
}

// resolve gives the view its data once its root has them.
func (v *view) resolve() error {
	size := v.kind.Size()
	if v.offset < 0 || v.offset > len(v.root.data)/size || v.count > len(v.root.data)/size-v.offset {
		return malformed("view of %d elements from %d on, of a storage of %d bytes", v.count, v.offset, len(v.root.data))
	}
	v.data = v.root.data[v.offset*size:][:v.count*size]
	return nil
}

// streamStorage returns the storage of a persistent id of the stream, or the view
// of one that the id's last part describes as (key, offset, elements).
func streamStorage(id any, roots map[string]*storage, views map[string]*view) (any, error) {
	if parts, ok := id.(pickle.Tuple); ok && len(parts) > 1 && parts[0] == any("module") {
		return nil, errors.New("the file holds a whole module, which is a program; save the state_dict instead: torch.save(model.state_dict(), ...)")
	}
	s, key, err := declared(id, 5)
	if err != nil {
		return nil, err
	}
	if roots[key] == nil {
		roots[key] = s
	}
	parts := id.(pickle.Tuple)
	if len(parts) < 6 || parts[5] == nil {
		return roots[key], nil
	}
	part, _ := parts[5].(pickle.Tuple)
	if len(part) != 3 {
		return nil, fmt.Errorf("storage %.20q with an unknown kind of view", key)
	}
	offset, okOffset := part[1].(int)
	count, okCount := part[2].(int)
	if !okOffset || !okCount || count < 0 {
		return nil, fmt.Errorf("storage %.20q with a view of %d elements from %d on", key, count, offset)
	}
	name, err := reference(part[0])
	if err != nil {
		return nil, err
	}
	if views[name] == nil {
		views[name] = &view{storage: &storage{kind: roots[key].kind, count: count}, root: roots[key], offset: offset}
	}
	return views[name].storage, nil
}

// readTar reads the archive of the first versions: the files storages, tensors
// and pickle, which refer to each other by number.
func readTar(content []byte) (any, error) {
	parts := map[string][]byte{}
	archive := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, malformed("%v", err)
		}
		name := path.Base(header.Name)
		if name != "storages" && name != "tensors" && name != "pickle" {
			continue
		}
		if header.Size < 0 || header.Size > int64(len(content)) { // a sparse one declares what it likes
			return nil, malformed("%.80q declares %d bytes", header.Name, header.Size)
		}
		if parts[name] != nil {
			return nil, malformed("two files %s", name)
		}
		if parts[name], err = readAll(archive, int(header.Size)); err != nil {
			return nil, malformed("%.80q: %v", header.Name, err)
		}
	}
	objects := map[string]any{}
	if err := tarStorages(parts["storages"], objects); err != nil {
		return nil, err
	}
	if err := tarTensors(parts["tensors"], objects); err != nil {
		return nil, err
	}
	value, _, err := unpickle(parts["pickle"], func(id any) (any, error) {
		key, err := reference(id)
		if err != nil {
			return nil, err
		}
		if v, ok := objects[key]; ok {
			return v, nil
		}
		return nil, fmt.Errorf("object %.20q is missing", key)
	})
	return value, err
}

// tarStorages adds the storages by number.
func tarStorages(content []byte, objects map[string]any) error {
	count, rest, err := tarCount(content)
	if err != nil {
		return err
	}
	for range count {
		var parts pickle.Tuple
		var key string
		if key, parts, rest, err = tarHead(rest, "storage"); err != nil {
			return err
		}
		class, _ := parts[2].(pickle.Global)
		kind, ok := storageType(class)
		if !ok {
			return malformed("storage of the unknown class %.80q", class)
		}
		s := &storage{kind: kind}
		if rest, err = s.cut(rest); err != nil {
			return err
		}
		s.count = len(s.data) / kind.Size()
		objects[key] = s
	}
	list, _, err := unpickle(rest, nil)
	if err != nil {
		return err
	}
	views, ok := list.(*pickle.List)
	if !ok {
		return malformed("no list of views")
	}
	for _, item := range views.Items {
		n, ok := numbers(item)
		if !ok || len(n) != 4 {
			return malformed("view of an unknown form")
		}
		root, ok := objects[strconv.Itoa(n[1])].(*storage)
		if !ok || n[3] < 0 {
			return malformed("view of storage %d, which is missing", n[1])
		}
		v := view{storage: &storage{kind: root.kind, count: n[3]}, root: root, offset: n[2]}
		if err := v.resolve(); err != nil {
			return err
		}
		objects[strconv.Itoa(n[0])] = v.storage
	}
	return nil
}

// tarHead returns the three parts of what precedes the bytes of a storage or tensor,
// of which the first is its key.
func tarHead(content []byte, what string) (key string, parts pickle.Tuple, rest []byte, err error) {
	head, rest, err := unpickle(content, nil)
	if err != nil {
		return "", nil, nil, err
	}
	if parts, _ = head.(pickle.Tuple); len(parts) != 3 {
		return "", nil, nil, malformed("%s of an unknown form", what)
	}
	if key, err = reference(parts[0]); err != nil {
		return "", nil, nil, malformed("%v", err)
	}
	return key, parts, rest, nil
}

// tarTensors adds the tensors by number.
func tarTensors(content []byte, objects map[string]any) error {
	count, rest, err := tarCount(content)
	if err != nil {
		return err
	}
	for range count {
		var parts pickle.Tuple
		var key string
		if key, parts, rest, err = tarHead(rest, "tensor"); err != nil {
			return err
		}
		over, err := reference(parts[1])
		if err != nil {
			return malformed("%v", err)
		}
		s, ok := objects[over].(*storage)
		if !ok || len(rest) < 8 {
			return malformed("tensor of storage %.20q, which is missing", over)
		}
		// The number of dimensions is written as 8 bytes, of which 4 count.
		dims := int(int32(binary.LittleEndian.Uint32(rest)))
		rest = rest[8:]
		if dims < 0 || dims > maxDims || len(rest) < dims*16+8 {
			return malformed("tensor of %d dimensions", dims)
		}
		t := &Tensor{Type: s.kind, storage: s, Shape: make([]int, dims), stride: make([]int, dims)}
		for i := range dims {
			t.Shape[i] = int(binary.LittleEndian.Uint64(rest[8*i:]))
			t.stride[i] = int(binary.LittleEndian.Uint64(rest[8*(dims+i):]))
		}
		t.offset = int(binary.LittleEndian.Uint64(rest[16*dims:]))
		rest = rest[16*dims+8:]
		objects[key] = t
	}
	return nil
}

// tarCount takes the number that a file of the archive begins with.
func tarCount(content []byte) (int, []byte, error) {
	v, rest, err := unpickle(content, nil)
	if err != nil {
		return 0, nil, err
	}
	n, ok := v.(int)
	if !ok || n < 0 || n > len(rest) {
		return 0, nil, malformed("%d objects, expected a number of them in %d bytes", n, len(rest))
	}
	return n, rest, nil
}
