package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/simd"
)

// runFolder is the folder that a run leaves behind.
type runFolder struct {
	dir     string
	metrics *os.File
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
		if err == nil || isEmpty(name) {
			break
		}
		if !os.IsExist(err) {
			return nil, err
		}
		name = fmt.Sprintf("%s-%d", dir, n)
	}
	metrics, err := os.OpenFile(filepath.Join(name, "metrics.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &runFolder{name, metrics}, nil
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

func (r *runFolder) path(name string) string { return filepath.Join(r.dir, name) }

// log appends a line to metrics.jsonl.
func (r *runFolder) log(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = r.metrics.Write(append(line, '\n'))
	return err
}

// write writes v to a file of its own, whole or not at all.
func (r *runFolder) write(name string, v any) error {
	return atomicfile.Write(r.path(name), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	})
}

// configRecord is config.json: every resolved setting and what the run ran on.
type configRecord struct {
	settings
	Model   string `json:"model"`
	Classes int    `json:"classes"`
	machine
	Started string              `json:"started"`
	Sets    map[string]checksum `json:"data_checksums"` // of the training set and every domain
	Absent  []string            `json:"absent_domains,omitempty"`
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
		Best map[string]float64 `json:"best"`
		Last map[string]float64 `json:"last"`
	} `json:"accuracy"`
	Seconds struct {
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
		Seconds      float64 `json:"seconds"`
	}
	evaluateLine struct {
		Type     string             `json:"type"`
		Step     int                `json:"step"`
		Accuracy map[string]float64 `json:"accuracy"`
		Best     bool               `json:"best"`
		Seconds  float64            `json:"seconds"`
	}
)
