package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Files of a run folder that more than one place names.
const (
	configFile       = "config.json"
	metricsFile      = "metrics.jsonl"
	summaryFile      = "summary.json" // of a complete run, written last
	lastFile         = "last.safetensors"
	checkpointFolder = "checkpoint"
)

// lockFile is where the process that writes to a run folder leaves its process
// id.
const lockFile = "lock"

// lockFolder makes this process the only one to write to a folder.
func lockFolder(dir string) (*system.Lock, error) {
	lock, err := system.AcquireLock(filepath.Join(dir, lockFile))
	var locked *system.LockedError
	if errors.As(err, &locked) {
		return nil, inUseError{dir, locked.PID}
	}
	return lock, err
}

// inUseError is the error about a folder that another process writes to.
type inUseError struct{ dir, pid string }

func (e inUseError) Error() string {
	return fmt.Sprintf("%s: the run folder is in use by process %s", e.dir, e.pid)
}

// runFolder is the folder that a run leaves behind. While it is open no other
// process can open it.
type runFolder struct {
	dir     string
	lock    *system.Lock
	metrics *os.File
	events  *eventLog // nil without --tensorboard
}

// createRunFolder makes the folder dir, or, if there is something in it
// already, the first free one of dir-2, dir-3, ...
func createRunFolder(dir string) (*runFolder, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, err
	}
	name := dir
	for n := 2; ; n++ {
		err := os.Mkdir(name, 0o777)
		if err != nil && !os.IsExist(err) {
			return nil, err
		}
		if err == nil || unused(name) {
			lock, err := lockFolder(name)
			switch {
			case err == nil && unused(name):
				return &runFolder{dir: name, lock: lock}, nil
			case err == nil:
				lock.Release() // another process has come and gone
			case !errors.As(err, new(inUseError)):
				return nil, err
			}
		}
		name = fmt.Sprintf("%s-%d", dir, n)
	}
}

// unused says whether there is nothing in a folder but what a process leaves
// that was killed before its run began.
func unused(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.Name() != lockFile && e.Name() != configFile+".tmp"
	})
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// openRunFolder opens the folder of a run that is not complete.
func openRunFolder(dir string) (*runFolder, error) {
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &runFolder{dir: dir, lock: lock}
	if _, err := os.Stat(r.path(summaryFile)); err == nil {
		err = r.checkpoints().Remove() // the run may have been killed just before
		r.close()
		return nil, cmp.Or(err, cli.UsageError("--resume %s: the run is complete, its result is in %s", dir, r.path(summaryFile)))
	}
	return r, nil
}

// close lets other processes open the folder.
func (r *runFolder) close() {
	if r.metrics != nil {
		r.metrics.Close()
	}
	if r.events != nil {
		r.events.Close()
	}
	r.lock.Release()
}

// begin makes metrics.jsonl hold some lines, none for a new run, for log to
// append to.
func (r *runFolder) begin(lines []byte) error {
	path := r.path(metricsFile)
	err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(lines)
		return err
	})
	if err == nil {
		r.metrics, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	}
	return err
}

func (r *runFolder) checkpoints() *train.Checkpoints {
	return train.NewCheckpoints(r.path(checkpointFolder))
}

func (r *runFolder) path(name string) string { return filepath.Join(r.dir, name) }

// log appends a line to metrics.jsonl, and tells TensorBoard.
func (r *runFolder) log(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err = r.metrics.Write(append(line, '\n')); err != nil || r.events == nil {
		return err
	}
	return r.events.log(v)
}

// write writes v to a file of its own, whole or not at all.
func (r *runFolder) write(name string, v any) error {
	return atomicfile.Write(r.path(name), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	})
}

// writeCompact is write for long arrays, which it leaves on one line.
func (r *runFolder) writeCompact(name string, v any) error {
	return atomicfile.Write(r.path(name), func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// configRecord is config.json: every resolved setting and what the run ran on.
type configRecord struct {
	settings
	Steps   int `json:"steps"` // of descent
	Classes int `json:"classes"`
	machine
	Command string              `json:"command"` // as a shell takes it
	Started string              `json:"started"`
	Names   []string            `json:"class_names"`
	Domains []domainRecord      `json:"domains"`
	Sets    map[string]checksum `json:"data_checksums"` // of the training set and every domain
	Absent  []string            `json:"absent_domains,omitempty"`

	// Of the file that --weights names.
	WeightsSum string `json:"weights_sha256,omitempty"`
}

// domainRecord names a domain that is tested. Corruptions are none.
type domainRecord struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Source bool   `json:"source"`
}

func domainRecords(domains []dataset.Domain) []domainRecord {
	var records []domainRecord
	for i := range domains {
		if domains[i].Severities == nil {
			records = append(records, domainRecord{domains[i].Name, domains[i].N, domains[i].Source})
		}
	}
	return records
}

// commandLine returns the command that started this process, as a POSIX shell
// takes it.
func commandLine() string {
	words := []string{"meada-cpu"}
	if isa := os.Getenv("MEADA_ISA"); isa != "" {
		words = []string{"MEADA_ISA=" + isa, "meada-cpu"}
	}
	for _, arg := range os.Args[1:] {
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// machine says what a result was computed with.
type machine struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`
	CPU     string `json:"cpu"`
	SIMD    string `json:"simd"`
}

func thisMachine() machine {
	return machine{
		Version: version(),
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     cpuName(),
		SIMD:    simd.Active().Name,
	}
}

// summary is summary.json, the result of a complete run. Accuracies are
// fractions in [0,1]; the images of a maximisation phase count once for each
// ascent step in ImagesPerSecond.
type summary struct {
	Algorithm string `json:"algorithm"`
	Dataset   string `json:"dataset"`
	Model     string `json:"model"`
	Seed      uint64 `json:"seed"`
	Steps     int    `json:"steps"`
	Accuracy  struct {
		Best             map[string]float64 `json:"best"`
		SourceValidation map[string]float64 `json:"source_validation,omitempty"` // without a test set of the source
		Last             map[string]float64 `json:"last"`
	} `json:"accuracy"`
	Corruptions map[string][]float64 `json:"corruptions,omitempty"` // by severity, at the last test
	Seconds     struct {
		Total    float64 `json:"total"`
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"`
		Evaluate float64 `json:"evaluate"`
	} `json:"seconds"`
	ImagesPerSecond struct {
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"`
	} `json:"images_per_second"`
	SIMD     string `json:"simd"`
	Threads  int    `json:"threads"`
	PeakRSS  int64  `json:"peak_rss_bytes"`
	Complete bool   `json:"complete"`
}

// The lines of metrics.jsonl. Steps count from 0, as in the official code.
type (
	// trainLine holds the means of the steps since the line before.
	trainLine struct {
		Type     string  `json:"type"`
		Step     int     `json:"step"`
		Loss     float64 `json:"loss"`
		Accuracy float64 `json:"accuracy"`
		Rate     float64 `json:"images_per_second"`
	}
	// maximiseLine holds a finished phase's means over its images at the last
	// ascent step.
	maximiseLine struct {
		Type         string  `json:"type"`
		Step         int     `json:"step"`
		Phase        int     `json:"phase"`
		Images       int     `json:"images"`
		CrossEntropy float64 `json:"cross_entropy"`
		Entropy      float64 `json:"entropy"`
		Distance     float64 `json:"distance"`
		Rate         float64 `json:"images_per_second"` // an image counts once for each ascent step
		Seconds      float64 `json:"seconds"`           // since the run began
	}
	evaluateLine struct {
		Type        string               `json:"type"`
		Step        int                  `json:"step"`
		Accuracy    map[string]float64   `json:"accuracy"`
		Corruptions map[string][]float64 `json:"corruptions,omitempty"` // by severity
		Best        bool                 `json:"best"`
		Rate        float64              `json:"images_per_second"`
		PeakRSS     int64                `json:"peak_rss_bytes"`
		Seconds     float64              `json:"seconds"`
	}
)
