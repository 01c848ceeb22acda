// Package runfolder is the schema of a run folder: the names of its files and
// the records in them, how they are written and how they are read back.
//
//	config.json                    settings, data and machine, written first
//	metrics.jsonl                  a line for every few steps, phase and test
//	confusion.json                 confusion matrices of the last test
//	samples/phase-1.json, .png     images of a phase, before and after
//	best.safetensors               weights with the best average over the targets
//	source-validation.safetensors  weights that were best on the source's own tests
//	last.safetensors               weights at the end
//	checkpoint/                    state of a run that is not complete
//	report.html                    the page about the run
//	summary.json                   the result, written last: the run is complete
//	lock                           id of the process that writes to the folder
package runfolder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// The files of a run folder.
const (
	ConfigFile       = "config.json"
	MetricsFile      = "metrics.jsonl"
	SummaryFile      = "summary.json"
	ConfusionFile    = "confusion.json"
	ReportFile       = "report.html"
	BestFile         = "best.safetensors"
	ValidatedFile    = "source-validation.safetensors"
	LastFile         = "last.safetensors"
	CheckpointFolder = "checkpoint"
	SampleFolder     = "samples"
	MistakesPicture  = SampleFolder + "/mistakes.png"
	LockFile         = "lock"
)

// MaxPixels bounds the pictures of a run folder. A sample of images of 1024 x 1024 has
// half as many.
const MaxPixels = 1 << 24

// An InUseError reports that another process writes to a run folder.
type InUseError struct{ Dir, PID string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s: the run folder is in use by process %s", e.Dir, e.PID)
}

// A CompleteError reports that the run of a folder is complete.
type CompleteError struct{ Dir string }

func (e *CompleteError) Error() string {
	return fmt.Sprintf("%s: the run is complete, its result is in %s", e.Dir, filepath.Join(e.Dir, SummaryFile))
}

// Folder is a run folder that this process alone writes to.
type Folder struct {
	Dir     string
	lock    *system.Lock
	metrics *os.File
}

// Create makes the folder dir, or, if there is something in it already, the
// first free one of dir-2, dir-3, ...
func Create(dir string) (*Folder, error) {
	dir = filepath.Clean(dir) // the number goes behind the name, not behind a slash
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s: a file, expected a folder for the run, or a new name", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, err
	}
	name := dir
	if base := filepath.Base(dir); base == "." || base == ".." {
		var err error
		if dir, err = filepath.Abs(dir); err != nil { // "." has no name that takes a number
			return nil, err
		}
	}
	for n := 2; ; n++ {
		err := os.Mkdir(name, 0o777)
		if err != nil && !os.IsExist(err) {
			return nil, err
		}
		if err == nil || unused(name) {
			lock, err := lockFolder(name)
			switch {
			case err == nil && unused(name):
				return &Folder{Dir: name, lock: lock}, nil
			case err == nil:
				lock.Release() // another process has come and gone
			case !errors.As(err, new(*InUseError)) && !errors.Is(err, system.ErrNoLock):
				return nil, err
			}
		}
		name = fmt.Sprintf("%s-%d", dir, n)
	}
}

// unused reports whether there is nothing in a folder but what a process leaves
// that was killed before its run began.
func unused(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.Name() != LockFile && !atomicfile.Temporary(e.Name())
	})
}

// Open opens the folder of a run that is not complete. The error is a
// *CompleteError if it is, a *InUseError if another process writes to it.
func Open(dir string) (*Folder, error) {
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{Dir: dir, lock: lock}
	if _, err := os.Stat(f.Path(SummaryFile)); err == nil {
		err = f.Checkpoints().Remove() // the run may have been killed just before
		f.Close()
		if err != nil {
			return nil, err
		}
		return nil, &CompleteError{dir}
	}
	return f, nil
}

func lockFolder(dir string) (*system.Lock, error) {
	lock, err := system.AcquireLock(filepath.Join(dir, LockFile))
	var locked *system.LockedError
	if errors.As(err, &locked) {
		return nil, &InUseError{dir, locked.PID}
	}
	return lock, err
}

// Close lets other processes open the folder.
func (f *Folder) Close() {
	if f.metrics != nil {
		f.metrics.Close()
	}
	f.lock.Release()
}

// Path returns the path of a file of the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Checkpoints returns the folder's checkpoints.
func (f *Folder) Checkpoints() *train.Checkpoints {
	return train.NewCheckpoints(f.Path(CheckpointFolder))
}

// WriteConfig writes config.json, and sets c.Sum.
func (f *Folder) WriteConfig(c *Config) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if c.Sum, err = configSum(text); err != nil {
		return err
	}
	return f.write(ConfigFile, c)
}

// CheckConfig returns an error if config.json is not what WriteConfig wrote,
// however it is laid out: a run must not go on with other settings.
func (f *Folder) CheckConfig() error {
	path := f.Path(ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c, err := readRecord[Config](f.Dir, ConfigFile)
	if err != nil {
		return err
	}
	sum, err := configSum(text)
	if err == nil && sum != c.Sum {
		err = errors.New("the file has been edited since the run began, it does not have its checksum")
	}
	if err != nil {
		return &dataset.Error{Path: path, Err: err}
	}
	return nil
}

// configSum returns the SHA-256 of the members of an object but config_sha256, in
// the order of their names.
func configSum(text []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return "", err
	}
	delete(members, "config_sha256")
	ordered, err := json.Marshal(members)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(ordered)
	return hex.EncodeToString(sum[:]), nil
}

// StartMetrics makes metrics.jsonl hold some lines, as Metrics returned them,
// none for a new run. Log appends to them.
func (f *Folder) StartMetrics(lines []byte) error {
	path := f.Path(MetricsFile)
	err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(lines)
		return err
	})
	if err == nil {
		f.metrics, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	}
	return err
}

// Metrics returns the content of metrics.jsonl.
func (f *Folder) Metrics() ([]byte, error) { return os.ReadFile(f.Path(MetricsFile)) }

// Log appends a line to metrics.jsonl.
func (f *Folder) Log(line Line) error {
	text, err := encodeLine(line)
	if err != nil {
		return err
	}
	_, err = f.metrics.Write(text)
	return err
}

// FinishMetrics makes sure that metrics.jsonl is on the disk. No line follows.
func (f *Folder) FinishMetrics() error {
	err := errors.Join(f.metrics.Sync(), f.metrics.Close())
	f.metrics = nil
	return err
}

// WriteConfusion writes confusion.json.
func (f *Folder) WriteConfusion(c *Confusion) error { return f.writeCompact(ConfusionFile, c) }

// WriteSample writes what a phase left of its images. draw writes the picture
// that goes with them, as PNG; its name is returned.
func (f *Folder) WriteSample(s *Sample, draw func(io.Writer) error) (picture string, err error) {
	if err := os.MkdirAll(f.Path(SampleFolder), 0o777); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s/phase-%d", SampleFolder, s.Phase)
	if err := atomicfile.Write(f.Path(name+".png"), draw); err != nil {
		return "", err
	}
	return name + ".png", f.writeCompact(name+".json", s)
}

// WriteMistakes writes the picture of the mistakes that confusion.json lists: a row
// of images for each domain, Confusion.Width pixels wide each. draw writes it, as PNG.
func (f *Folder) WriteMistakes(draw func(io.Writer) error) error {
	if err := os.MkdirAll(f.Path(SampleFolder), 0o777); err != nil {
		return err
	}
	return atomicfile.Write(f.Path(MistakesPicture), draw)
}

// WriteSummary writes summary.json, which makes the run complete.
func (f *Folder) WriteSummary(s *Summary) error { return f.write(SummaryFile, s) }

// write writes a record to a file of its own, whole or not at all.
func (f *Folder) write(name string, record any) error {
	return atomicfile.Write(f.Path(name), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(record)
	})
}

// writeCompact is write for long arrays, which it leaves on one line.
func (f *Folder) writeCompact(name string, record any) error {
	return atomicfile.Write(f.Path(name), func(w io.Writer) error { return json.NewEncoder(w).Encode(record) })
}

// CheckpointsOf returns the folder of the checkpoints of a run folder.
func CheckpointsOf(dir string) string { return filepath.Join(dir, CheckpointFolder) }
