package dataset

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
)

// Cache keeps decoded pictures in a folder, a file for what is read of each data set,
// size and way to resize:
//
//	the images, 3 x side x side bytes each, by the paths of their files
//	a cacheRecord as JSON
//	the length of that, 8 bytes little-endian
//	the SHA-256 of all before
//
// A file is mapped into memory if the pictures are those it was written from, by their
// checksums, and else written anew. One process at a time may write to a folder.
type Cache struct {
	Dir string

	// Progress, if not nil, is called while pictures are decoded, and Note with why a
	// file is written anew.
	Progress func(done, total int)
	Note     func(text string)
}

// cacheFormat names the format of the files and the way pictures are decoded: what
// changes either changes it.
const cacheFormat = "meada-cpu pictures 3"

// cacheRecord is what a file of a Cache says about its images.
type cacheRecord struct {
	Format  string     `json:"format"`
	Sources string     `json:"sources_sha256"` // of size, way to resize and the picture files
	Images  int        `json:"images"`
	Side    int        `json:"side"`
	Bad     []badImage `json:"bad,omitempty"`     // of pictures that cannot be read
	Clipped int        `json:"clipped,omitempty"` // as PictureOptions.Clipped counts
}

type badImage struct {
	Image int    `json:"image"`
	Error string `json:"error"`
}

const cacheTrailer = 8 + sha256.Size

func (r *cacheRecord) bytes() int64 { return int64(r.Images) * int64(3*r.Side*r.Side) }

// cacheFile is an open file of a Cache.
type cacheFile struct {
	cacheRecord
	mapped *mapped.File
	paths  []string      // by image
	bad    map[int]error // by image
}

// file returns the file with the pictures of some sets, which it writes if it must.
// what names the pictures among those of the folder.
func (c *Cache) file(sets pictureSets, o *PictureOptions, what string) (*cacheFile, error) {
	f := &cacheFile{paths: sets.paths()}
	sources, failed := sourcesChecksum(f.paths, o)
	if o.stopped() {
		return nil, ErrStopped
	}
	f.cacheRecord = cacheRecord{Format: cacheFormat, Sources: sources, Images: len(f.paths), Side: o.Side}
	path := c.path(o, what)
	err := f.open(path)
	if err == nil {
		o.Clipped.Add(int64(f.Clipped))
		return f, nil
	}
	if !errors.Is(err, fs.ErrNotExist) && c.Note != nil {
		c.Note(fmt.Sprintf("%s is written anew: %v", path, err))
	}
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return nil, &Error{c.Dir, pathCause(err)}
	}
	if err := f.write(c, path, o, failed); err != nil {
		return nil, &Error{path, pathCause(err)}
	}
	if err := f.open(path); err != nil {
		return nil, &Error{path, err}
	}
	return f, nil
}

// paths returns the files of all sets, ordered, each once.
func (sets pictureSets) paths() []string {
	var paths []string
	for _, set := range sets {
		for i := range set.files {
			paths = append(paths, set.files[i].path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// path returns where the images of some pictures are: what says which.
func (c *Cache) path(o *PictureOptions, what string) string {
	sum := sha256.Sum256([]byte(what))
	name := fmt.Sprintf("%s-%d-%s.pictures", hex.EncodeToString(sum[:8]), o.Side, cmp.Or(o.Resize, Squash))
	return filepath.Join(c.Dir, name)
}

// absolute returns a path that does not depend on the current folder.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// sourcesChecksum returns the SHA-256 of what images are made of, and the errors of the
// files that cannot be read. It ends early, without a use for either, when it is stopped.
func sourcesChecksum(paths []string, o *PictureOptions) (checksum string, failed []error) {
	sums := make([][sha256.Size]byte, len(paths))
	failed = make([]error, len(paths))
	inParallel(len(paths), func(i int) {
		if o.stopped() {
			return
		}
		content, err := readPictureFile(paths[i])
		if err != nil {
			failed[i], content = err, []byte(err.Error())
		}
		sums[i] = sha256.Sum256(content)
	})
	h := sha256.New()
	fmt.Fprintf(h, "%s, %d, %s\n", cacheFormat, o.Side, cmp.Or(o.Resize, Squash))
	for i := range sums {
		h.Write(sums[i][:])
	}
	return hex.EncodeToString(h.Sum(nil)), failed
}

// open maps the file at a path, after a look at all of it. The error says what is wrong
// with it.
func (f *cacheFile) open(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return pathCause(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := readCache(file, info.Size())
	if err != nil {
		return err
	}
	if there.Format != f.Format || there.Sources != f.Sources || there.Images != f.Images || there.Side != f.Side {
		return errors.New("the pictures have changed since")
	}
	f.cacheRecord, f.bad = *there, map[int]error{}
	for _, b := range f.Bad {
		f.bad[b.Image] = &Error{f.paths[b.Image], errors.New(b.Error)}
	}
	if mapped.Supported {
		f.mapped, err = mapped.Open(file, f.bytes())
		return err
	}
	content := make([]byte, f.bytes())
	if _, err := file.ReadAt(content, 0); err != nil {
		return err
	}
	f.mapped = &mapped.File{Data: content}
	return nil
}

// readCache reads the record of a file of so many bytes, and verifies its checksum.
func readCache(file io.ReaderAt, size int64) (*cacheRecord, error) {
	damaged := errors.New("the file is damaged")
	var trailer [cacheTrailer]byte
	if size < cacheTrailer {
		return nil, damaged
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, size-sha256.Size)); err != nil {
		return nil, err
	}
	if _, err := file.ReadAt(trailer[:], size-cacheTrailer); err != nil {
		return nil, err
	}
	if !bytes.Equal(h.Sum(nil), trailer[8:]) {
		return nil, damaged
	}
	length := binary.LittleEndian.Uint64(trailer[:])
	if length > uint64(size-cacheTrailer) {
		return nil, damaged
	}
	record, pixels := new(cacheRecord), size-cacheTrailer-int64(length)
	text := io.NewSectionReader(file, pixels, int64(length))
	if err := json.NewDecoder(text).Decode(record); err != nil {
		return nil, damaged
	}
	if record.Images < 1 || record.Side < 1 || record.Side > maxSide ||
		pixels/int64(record.Images) != int64(3*record.Side*record.Side) || pixels%int64(record.Images) != 0 ||
		slices.ContainsFunc(record.Bad, func(b badImage) bool { return b.Image < 0 || b.Image >= record.Images }) {
		return nil, damaged
	}
	return record, nil
}

// write writes the file: whole, or not at all.
func (f *cacheFile) write(c *Cache, path string, o *PictureOptions, failed []error) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		h := sha256.New()
		w = io.MultiWriter(w, h)
		if err := f.writeImages(w, c, o, failed); err != nil {
			return err
		}
		text, err := json.Marshal(&f.cacheRecord)
		if err != nil {
			return err
		}
		text = binary.LittleEndian.AppendUint64(text, uint64(len(text)))
		if _, err := w.Write(text); err != nil {
			return err
		}
		_, err = w.Write(h.Sum(nil))
		return err
	})
}

// writeImages decodes the pictures, some on each processor at a time, and writes them.
// Those that cannot be read become black and are noted in f.Bad.
func (f *cacheFile) writeImages(w io.Writer, c *Cache, o *PictureOptions, failed []error) error {
	const some = 16
	size := 3 * f.Side * f.Side
	images := make([]uint8, min(some*runtime.GOMAXPROCS(0), len(f.paths))*size)
	for lo := 0; lo < len(f.paths); {
		if o.stopped() {
			return ErrStopped
		}
		n := min(len(images)/size, len(f.paths)-lo)
		unread := make([]error, n) // the files have been read before: what fails now may pass
		inParallel(n, func(i int) {
			if failed[lo+i] != nil {
				return
			}
			path := f.paths[lo+i]
			var content []byte
			if content, unread[i] = readPictureFile(path); unread[i] != nil {
				return
			}
			if err := decodePicture(images[i*size:][:size], o, content); err != nil {
				failed[lo+i] = &Error{path, err}
			}
		})
		if err := cmp.Or(unread...); err != nil {
			return err
		}
		for i, err := range failed[lo : lo+n] {
			if err != nil {
				clear(images[i*size:][:size])
				f.Bad = append(f.Bad, badImage{lo + i, strings.TrimPrefix(err.Error(), f.paths[lo+i]+": ")})
			}
		}
		if _, err := w.Write(images[:n*size]); err != nil {
			return err
		}
		lo += n
		if c.Progress != nil {
			c.Progress(lo, len(f.paths))
		}
	}
	f.Clipped = int(o.Clipped.Load())
	return nil
}

// readInto is pictureSet.readInto from the file.
func (f *cacheFile) readInto(set pictureSet) []error {
	images := Images{C: 3, H: f.Side, W: f.Side, cached: f.mapped}
	var errs []error
	for i := range set.files {
		file := &set.files[i]
		at, _ := slices.BinarySearch(f.paths, file.path)
		if err := f.bad[at]; err != nil {
			errs = append(errs, err)
			continue
		}
		images.Labels = append(images.Labels, file.label)
		images.Files = append(images.Files, file.path)
		images.places = append(images.places, int32(at))
	}
	images.N = len(images.places)
	*set.images = images
	return errs
}
