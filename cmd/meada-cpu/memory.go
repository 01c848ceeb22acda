package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// noLimit is the value of a size that is "none".
const noLimit = -1

// size defines a flag for a number of bytes with a unit, or none.
func (f *flags) size(p *int64, name string) {
	f.set.Func(name, "", func(s string) error {
		v, err := parseSize(s)
		*p = v
		return err
	})
}

// parseSize reads a size such as 2GB or 1.5GiB, or noLimit as none or 0.
func parseSize(s string) (int64, error) {
	if s == "none" || s == "0" {
		return noLimit, nil
	}
	number := strings.TrimRight(s, "kKMGTiB")
	unit, ok := map[string]float64{
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[s[len(number):]]
	v, err := strconv.ParseFloat(number, 64)
	if v *= unit; err != nil || !ok || !(v >= 1 && v < math.MaxInt64) {
		return 0, errors.New("expected a size such as 2GB or 1500MiB, or none")
	}
	return int64(v), nil
}

// fitMemory refuses a run that would take more memory than it may. It returns
// the line about it for the table that a run begins with.
func (s *settings) fitMemory(network *nn.Network, data *dataset.Task) (string, error) {
	now, m := heldMemory(), train.EstimateMemory(network, data, s.Config)
	needed := max(now+m.Total(), peakMemory())
	line := "about " + bytesOf(int(needed))
	limit, whose := s.maxMemory, "allowed by --max-memory"
	if limit == 0 {
		limit, whose = availableMemory(), "available"
	}
	if limit > 0 {
		if needed > limit {
			return "", s.tooLarge(needed, limit, whose, m)
		}
		line += fmt.Sprintf(" of %s %s", bytesOf(int(limit)), whose)
	}
	// What is thrown away while a run goes, the parts of corrupted test sets
	// above all, must not make of that twice as much before it is collected.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(needed + needed/8)
	}
	return line, nil
}

// tooLarge says what a run needs too much, and what would lower it.
func (s *settings) tooLarge(needed, limit int64, whose string, m train.Memory) error {
	text := fmt.Sprintf("the run needs about %s of memory, more than the %s %s; --batch-size %d takes %s of it",
		bytesOf(int(needed)), bytesOf(int(limit)), whose, s.BatchSize, bytesOf(int(m.Batches)))
	if m.Phases > 0 {
		text += fmt.Sprintf(", --k %d takes %s", s.K, bytesOf(int(m.Phases)))
	}
	return usageError("%s; --max-memory none starts it all the same", text)
}

// heldMemory returns the bytes that Go holds of the system's memory.
func heldMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
