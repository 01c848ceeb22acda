package train

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/format/little"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

// Checkpoints keeps the state of a run in a folder of its own, so that the run
// can go on where it was whatever stops it, and at whatever instant:
//
//	latest.safetensors    the state but for images, with a checksum over all of it
//	previous.safetensors  that of the checkpoint before
//	phase-1.images, ...   the images that a phase made, in their order
//
// Files of images only ever grow, each image is written once. A checkpoint
// counts as many bytes of them as belong to it and has their checksum; what
// follows these is ignored, and overwritten by the next checkpoint. A file whose
// images have been replaced stays for the checkpoint before.
//
// One Checkpoints at a time may use a folder.
type Checkpoints struct {
	dir     string
	files   []*imageFile // by phase
	damaged bool         // the latest is not worth keeping
	failed  error        // of a Write
}

const (
	latestFile   = "latest.safetensors"
	previousFile = "previous.safetensors"
	nextFile     = "next.safetensors" // until it becomes the latest
)

// The metadata of a checkpoint.
const (
	metaFormat = "format"
	metaSum    = "sha256" // of all tensors, see checksum

	formatName = "meada-cpu checkpoint 2"
)

// NewCheckpoints returns those in the folder dir, which need not exist.
func NewCheckpoints(dir string) *Checkpoints { return &Checkpoints{dir: dir} }

// Write makes a checkpoint of a Trainer between two Steps, with the caller's
// notes. If it fails, the latest checkpoint is what it was before, and all further
// calls fail: what is in the files of images then is known no more.
func (c *Checkpoints) Write(t *Trainer, notes map[string][]byte) error {
	if c.failed != nil {
		return fmt.Errorf("%s: an earlier checkpoint failed: %w", c.dir, c.failed)
	}
	c.failed = c.write(t, notes)
	return c.failed
}

func (c *Checkpoints) write(t *Trainer, notes map[string][]byte) error {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	s := t.state()
	unused, err := c.writeImages(t, &s)
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tensors := append(t.arrays(), bytesTensor(stateTensor, text))
	for name, note := range notes {
		tensors = append(tensors, bytesTensor(notePrefix+name, note))
	}
	metadata := map[string]string{metaFormat: formatName, metaSum: checksum(tensors)}
	next, latest := filepath.Join(c.dir, nextFile), filepath.Join(c.dir, latestFile)
	if err := safetensors.Write(next, tensors, metadata); err != nil {
		return err
	}
	previous := filepath.Join(c.dir, previousFile)
	if c.damaged {
		previous = ""
	}
	c.damaged = false
	if err := atomicfile.Rotate(next, latest, previous); err != nil {
		return err
	}
	for _, path := range unused {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeImages adds the images that phases have made to their files and notes in the
// state which belong to it. It returns the files that no checkpoint needs after this.
func (c *Checkpoints) writeImages(t *Trainer, s *state) (unused []string, err error) {
	for phase := range t.at.begun() {
		if phase == len(c.files) {
			c.files = append(c.files, &imageFile{path: imagePath(c.dir, phase), hash: sha256.New()})
		}
		f := c.files[phase]
		b, done := t.images(phase)
		if b.n == 0 {
			if f.replaced {
				unused = append(unused, f.path)
			}
			f.replaced = true
			s.Images = append(s.Images, imagesState{})
			continue
		}
		if err := f.append(b, done); err != nil {
			return nil, err
		}
		s.Images = append(s.Images, imagesState{Bytes: f.size, SHA256: sum(f.hash)})
	}
	return unused, nil
}

func bytesTensor(name string, b []byte) safetensors.Tensor {
	if b == nil {
		b = []byte{}
	}
	return safetensors.Tensor{Name: name, Shape: []int{len(b)}, Bytes: b}
}

// Remove removes the folder.
func (c *Checkpoints) Remove() error { return os.RemoveAll(c.dir) }

// Checkpoint is the state of a run as it was written.
type Checkpoint struct {
	Notes map[string][]byte

	// Damaged says what is wrong with a later checkpoint, nil if there is none:
	// the run takes a little longer then, and ends the same.
	Damaged error

	path    string
	state   state
	tensors map[string]safetensors.Tensor
}

// Steps returns how many descent steps are done.
func (c *Checkpoint) Steps() int { return c.state.At.steps() }

// ErrNoCheckpoint reports a folder without any checkpoint: the run was stopped
// before the first.
var ErrNoCheckpoint = errors.New("no checkpoint")

// Read reads the latest checkpoint or, if that is damaged, the one before. The
// error is ErrNoCheckpoint if there is none at all, and never if a checkpoint
// lacks a file that belongs to it.
func (c *Checkpoints) Read() (*Checkpoint, error) {
	var damaged error
	for _, name := range []string{latestFile, previousFile} {
		path := filepath.Join(c.dir, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		checkpoint, err := c.read(path)
		if err == nil {
			checkpoint.Damaged, c.damaged = damaged, damaged != nil
			return checkpoint, nil
		}
		if damaged != nil {
			err = fmt.Errorf("%w; %w", damaged, err)
		}
		damaged = err
	}
	if damaged == nil {
		return nil, ErrNoCheckpoint
	}
	return nil, damaged
}

// read reads and verifies one checkpoint, and the images that belong to it.
func (c *Checkpoints) read(path string) (*Checkpoint, error) {
	fail := func(format string, args ...any) (*Checkpoint, error) {
		return nil, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...))
	}
	tensors, metadata, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	if got := metadata[metaFormat]; got != formatName {
		return fail("its format is %q, expected %q", got, formatName)
	}
	if metadata[metaSum] != checksum(tensors) {
		return fail("its content is damaged, it does not have its checksum")
	}
	checkpoint := &Checkpoint{path: path, Notes: map[string][]byte{}, tensors: map[string]safetensors.Tensor{}}
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, notePrefix); ok {
			checkpoint.Notes[name] = t.Bytes
		}
		checkpoint.tensors[t.Name] = t
	}
	s := &checkpoint.state
	if err := json.Unmarshal(checkpoint.tensors[stateTensor].Bytes, s); err != nil {
		return fail("%w", err)
	}
	if len(s.Images) != s.At.begun() {
		return fail("it has images of %d phases, expected %d", len(s.Images), s.At.begun())
	}
	c.files = nil
	for phase, images := range s.Images {
		f := &imageFile{path: imagePath(c.dir, phase), hash: sha256.New(), replaced: images == imagesState{}}
		if !f.replaced {
			if err := f.verify(images); err != nil {
				return fail("%w", err)
			}
		}
		c.files = append(c.files, f)
	}
	return checkpoint, nil
}

// readImages reads the first n images of a block, which a phase has made.
func (c *Checkpoint) readImages(phase int, b block, n int) error {
	path := imagePath(filepath.Dir(c.path), phase)
	size := int64(n) * b.imageBytes()
	if c.state.Images[phase].Bytes != size {
		return fmt.Errorf("%s: %d bytes of phase %d, expected %d", c.path, c.state.Images[phase].Bytes, phase+1, size)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.read(f, n); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// checksum returns the SHA-256 of everything about the tensors, in the order of
// their names.
func checksum(tensors []safetensors.Tensor) string {
	h := sha256.New()
	ordered := slices.SortedFunc(slices.Values(tensors), func(a, b safetensors.Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range ordered {
		fmt.Fprintf(h, "%q %v %d %d %d\n", t.Name, t.Shape, len(t.Data), len(t.Int64), len(t.Bytes))
		// A hash takes everything.
		_ = little.Write(h, t.Data)
		_ = little.Write(h, t.Int64)
		h.Write(t.Bytes)
	}
	return sum(h)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// imagesState is what a checkpoint knows of a file of images: how many bytes
// belong to it. It is zero where the images have been replaced.
type imagesState struct {
	Bytes  int64
	SHA256 string
}

// imageFile is the images that a phase made, one after the other: bytes, or
// little-endian float32.
type imageFile struct {
	path string
	size int64 // bytes so far; there may be more in the file that a crash left
	hash hash.Hash

	replaced bool // its images, as of the checkpoint last written or read
}

func imagePath(dir string, phase int) string {
	return filepath.Join(dir, fmt.Sprintf("phase-%d.images", phase+1))
}

// append adds the images of a block that are not there yet, up to the first n.
func (f *imageFile) append(b block, n int) (err error) {
	first := int(f.size / b.imageBytes())
	if first == n && n > 0 {
		return nil
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	if err := file.Truncate(f.size); err != nil {
		return err
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(file, f.size), 1<<16)
	if err := b.write(io.MultiWriter(w, f.hash), first, n); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	f.size = int64(n) * b.imageBytes()
	return file.Sync()
}

// verify checks the bytes that belong to a checkpoint.
func (f *imageFile) verify(want imagesState) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	f.size, err = io.Copy(f.hash, io.LimitReader(file, want.Bytes))
	if err != nil {
		return err
	}
	if f.size != want.Bytes || sum(f.hash) != want.SHA256 {
		return fmt.Errorf("%s: its first %d bytes are damaged, they do not have their checksum", f.path, want.Bytes)
	}
	return nil
}

// imageBytes returns the size of an image in a file.
func (b *block) imageBytes() int64 {
	if b.bytes != nil {
		return int64(len(b.bytes) / b.n)
	}
	return 4 * int64(b.values.Stride)
}

// write writes images lo, lo+1, ..., hi-1.
func (b *block) write(w io.Writer, lo, hi int) error {
	return b.each(lo, hi, func(bytes []uint8) error { return little.Write(w, bytes) },
		func(values []float32) error { return little.Write(w, values) })
}

// read reads the first n images.
func (b *block) read(r io.Reader, n int) error {
	return b.each(0, n, func(bytes []uint8) error { return little.Read(r, bytes) },
		func(values []float32) error { return little.Read(r, values) })
}

// each calls one of the functions with images lo, lo+1, ..., hi-1, some at a time.
func (b *block) each(lo, hi int, bytes func([]uint8) error, values func([]float32) error) error {
	const most = 4 << 20 // bytes
	size := int(b.imageBytes())
	some := max(1, most/size)
	for ; lo < hi; lo += some {
		n := min(some, hi-lo)
		b.use(n)
		var err error
		if b.bytes != nil {
			err = bytes(b.bytes[lo*size:][:n*size])
		} else {
			err = values(b.values.Data[lo*size/4:][:n*size/4])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
