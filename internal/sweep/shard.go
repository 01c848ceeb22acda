package sweep

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Shard is a part of a sweep: number Index, from 0, of Count parts. The zero
// value is one that Resolve completes.
type Shard struct{ Index, Count int }

// unnumbered is the index of a shard of which only the count is given.
const unnumbered = -1

// Set reads "2/10", or "10" for a number that the environment has.
func (s *Shard) Set(text string) error {
	part, count, numbered := strings.Cut(text, "/")
	if !numbered {
		part, count = "1", text
	}
	index, err := strconv.Atoi(part)
	n, err2 := strconv.Atoi(count)
	if err != nil || err2 != nil || index < 1 || index > n {
		return errors.New("expected I/N with I from 1 to N, or N")
	}
	*s = Shard{index - 1, n}
	if !numbered {
		s.Index = unnumbered
	}
	return nil
}

// Numbered reports whether the shard is one of so many.
func (s *Shard) Numbered() bool { return s.Index >= 0 && s.Count > 0 }

// Resolve completes a shard by the array variables of Slurm or Kubernetes. It
// refuses a task that could be another part than the one it was started for: begun is
// how many parts the sweep has by [Parts].
func (s *Shard) Resolve(getenv func(string) string, begun int) error {
	if s.Numbered() {
		return nil
	}
	var index, count int
	var err error
	switch {
	case getenv(slurmID) != "" && getenv(kubernetesIndex) != "":
		err = fmt.Errorf("both %s and %s are set, which of them numbers the parts is not known; give the part as I/N", slurmID, kubernetesIndex)
	case getenv(slurmID) != "":
		index, count, err = slurmPart(getenv, s.Count)
		if err == nil && s.Count == 0 && begun > 0 && count != begun {
			err = fmt.Errorf("the sweep was begun in %d parts, and the Slurm array has %d tasks: it may be a part of another; give the part as I/%d, or the number of parts",
				begun, count, begun)
		}
	case getenv(kubernetesIndex) != "":
		index, count, err = kubernetesPart(getenv, s.Count)
	case s.Count > 0:
		return fmt.Errorf("%d: neither %s nor %s is set, expected I/%d", s.Count, slurmID, kubernetesIndex, s.Count)
	default:
		index, count = 0, 1 // no array at all
	}
	if err != nil {
		return err
	}
	*s = Shard{index, count}
	return nil
}

// The variables that number the tasks of an array.
const (
	slurmID         = "SLURM_ARRAY_TASK_ID"
	slurmMin        = "SLURM_ARRAY_TASK_MIN"
	slurmMax        = "SLURM_ARRAY_TASK_MAX"
	slurmStep       = "SLURM_ARRAY_TASK_STEP"
	slurmCount      = "SLURM_ARRAY_TASK_COUNT"
	kubernetesIndex = "JOB_COMPLETION_INDEX"
)

// slurmPart returns the part of a task of a Slurm array, of n parts if that is
// not 0. Only an array of as many tasks as parts, without holes, tells which
// part is whose: one that repeats some tasks of another has their numbers, but
// its own bounds.
func slurmPart(getenv func(string) string, n int) (index, count int, err error) {
	values := map[string]int{slurmStep: 1}
	for _, name := range []string{slurmID, slurmMin, slurmMax, slurmStep, slurmCount} {
		if name == slurmStep && getenv(name) == "" {
			continue
		}
		if values[name], err = variable(getenv, name); err != nil {
			return 0, 0, err
		}
	}
	id, low, high, step, tasks := values[slurmID], values[slurmMin], values[slurmMax], values[slurmStep], values[slurmCount]
	advice := fmt.Sprintf("to repeat a task give its part as I/N, such as $((%s + 1))/N for an array from 0", slurmID)
	switch {
	case step < 1 || id < low || id > high || (id-low)%step != 0 || (high-low)/step+1 != tasks:
		return 0, 0, fmt.Errorf("the Slurm array has %d tasks from %d to %d in steps of %d, which part is that of task %d is not known; %s",
			tasks, low, high, step, id, advice)
	case n > 0 && tasks != n:
		return 0, 0, fmt.Errorf("%d: the Slurm array has %d tasks, expected as many; %s", n, tasks, advice)
	case n == 0 && (low > 1 || step != 1 || tasks == 1):
		return 0, 0, fmt.Errorf("the Slurm array of %d tasks from %d in steps of %d may be a part of another; give the number of parts, %s",
			tasks, low, step, advice)
	}
	return (id - low) / step, tasks, nil
}

// kubernetesPart returns the part of a pod of an Indexed Job of n pods.
func kubernetesPart(getenv func(string) string, n int) (index, count int, err error) {
	index, err = variable(getenv, kubernetesIndex)
	switch {
	case err != nil:
		return 0, 0, err
	case n == 0:
		return 0, 0, fmt.Errorf("this is number %d of an Indexed Job whose size is not known, give the number of parts, N", index)
	case index >= n:
		return 0, 0, fmt.Errorf("%d: %s is %d, expected one below %d", n, kubernetesIndex, index, n)
	}
	return index, n, nil
}

// variable reads a variable that holds a number.
func variable(getenv func(string) string, name string) (int, error) {
	text := getenv(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is %q, expected a number", name, text)
	}
	return n, nil
}

// partsFile is the form of the name of an empty file in a sweep's folder that tells the
// number of parts: several tasks may write it at once.
const partsFile = "parts-%d"

// Parts returns how many parts the sweep in a folder was first divided into, 0 if it was
// not.
func Parts(dir string) int {
	entries, _ := os.ReadDir(dir) // no folder, no parts
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), partsFile, &n); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

// note leaves the number of parts in a sweep's folder, unless there is one.
func (s Shard) note(dir string) error {
	if s.Count < 2 || Parts(dir) > 0 {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf(partsFile, s.Count)), nil, 0o666)
}

// Of returns the shard's part of n things, as a range.
func (s Shard) Of(n int) (lo, hi int) {
	return s.Index * n / s.Count, (s.Index + 1) * n / s.Count
}
