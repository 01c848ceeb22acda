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

// readZip reads the archive that torch.save writes since 1.6: data.pkl, and a file
// for each storage below data/.
func readZip(content []byte) (any, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, malformed("%v", err)
	}
	files := map[string]*zip.File{}
	var main *zip.File
	for _, f := range archive.File {
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
	// Deflate makes at most 1,032 bytes of one.
	if size/1100 > uint64(len(content)) {
		return nil, malformed("%.80q declares %d bytes", f.Name, size)
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
	kind, ok := storageType(parts[1])
	if !ok {
		if parts[1] != any(pickle.Global("torch.storage.UntypedStorage")) {
			return nil, "", fmt.Errorf("storage of the unknown class %.80v", parts[1])
		}
		kind = "uint8"
	}
	key := fmt.Sprint(parts[2])
	count, ok := parts[4].(int)
	if !ok || count < 0 || count > math.MaxInt/kind.Size() {
		return nil, "", fmt.Errorf("storage %.20q of %v elements", key, parts[4])
	}
	return &storage{kind: kind, count: count}, key, nil
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
		return nil, malformed("protocol %v, expected %d", version, protocol)
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
	for _, key := range list.Items {
		s := roots[fmt.Sprint(key)]
		if s == nil {
			return nil, malformed("storage %.20v is not used", key)
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
		return nil, fmt.Errorf("storage %.20q with a view of %v elements from %v on", key, part[2], part[1])
	}
	name := fmt.Sprint(part[0])
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
		if header.Size < 0 || header.Size > int64(len(content)) {
			return nil, malformed("%.80q declares %d bytes", header.Name, header.Size)
		}
		if parts[path.Base(header.Name)], err = readAll(archive, int(header.Size)); err != nil {
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
		if v, ok := objects[fmt.Sprint(id)]; ok {
			return v, nil
		}
		return nil, fmt.Errorf("object %.20v is missing", id)
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
		if parts, rest, err = tarHead(rest, "storage"); err != nil {
			return err
		}
		kind, ok := storageType(parts[2])
		if !ok {
			return malformed("storage of the unknown class %.80v", parts[2])
		}
		s := &storage{kind: kind}
		if rest, err = s.cut(rest); err != nil {
			return err
		}
		s.count = len(s.data) / kind.Size()
		objects[fmt.Sprint(parts[0])] = s
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

// tarHead returns the three parts of what precedes the bytes of a storage or tensor.
func tarHead(content []byte, what string) (parts pickle.Tuple, rest []byte, err error) {
	head, rest, err := unpickle(content, nil)
	if err != nil {
		return nil, nil, err
	}
	if parts, _ = head.(pickle.Tuple); len(parts) != 3 {
		return nil, nil, malformed("%s of an unknown form", what)
	}
	return parts, rest, nil
}

// tarTensors adds the tensors by number.
func tarTensors(content []byte, objects map[string]any) error {
	count, rest, err := tarCount(content)
	if err != nil {
		return err
	}
	for range count {
		var parts pickle.Tuple
		if parts, rest, err = tarHead(rest, "tensor"); err != nil {
			return err
		}
		s, ok := objects[fmt.Sprint(parts[1])].(*storage)
		if !ok || len(rest) < 8 {
			return malformed("tensor of storage %.20v, which is missing", parts[1])
		}
		// The number of dimensions is written as 8 bytes, of which 4 count.
		dims := int(int32(binary.LittleEndian.Uint32(rest)))
		rest = rest[8:]
		if dims < 0 || dims > len(rest)/16 || len(rest) < dims*16+8 {
			return malformed("tensor of %d dimensions", dims)
		}
		t := &Tensor{Type: s.kind, storage: s, Shape: make([]int, dims), stride: make([]int, dims)}
		for i := range dims {
			t.Shape[i] = int(binary.LittleEndian.Uint64(rest[8*i:]))
			t.stride[i] = int(binary.LittleEndian.Uint64(rest[8*(dims+i):]))
		}
		t.offset = int(binary.LittleEndian.Uint64(rest[16*dims:]))
		rest = rest[16*dims+8:]
		objects[fmt.Sprint(parts[0])] = t
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
		return 0, nil, malformed("%v objects", v)
	}
	return n, rest, nil
}
