// Package digest tests that the command gives the weights it has always given:
// testdata/digests.json holds short runs and the digests of their weights, by
// version. It knows the command by its flags alone.
//
//	go test ./internal/digest
//	go test ./internal/digest -args -update 1.3.0
//
// The second records the digests that have changed, as those since the version
// named: what changed is then seen in review. The runs of -short go through every
// kernel set on one thread and on two, the others through one set each, in turn, of
// which the digest makes them the same. Continuous integration (CI=true) takes every
// kernel set for each run, adds the runs marked as its own, which take longest, and runs NEON's
// kernels in QEMU.
package digest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.String("update", "", "record the digests that have changed, since this `version`")

const (
	table   = "testdata/digests.json"
	program = "github.com/meada-cpu/meada-cpu/cmd/meada-cpu"
)

// run is a training run. Its flags name the datasets that writeData makes.
type run struct {
	Name  string `json:"name"`
	Flags string `json:"flags"`
	// Which runs are the ones of -short, which is small enough for an emulator,
	// and which are long enough to be interrupted.
	Short     bool   `json:"short,omitempty"`
	Emulated  bool   `json:"emulated,omitempty"`
	CI        bool   `json:"ci,omitempty"`        // left to CI, for its time
	Interrupt string `json:"interrupt,omitempty"` // by a signal
	// Digests are in the order of the versions, the last is today's.
	Digests []digest `json:"digests"`
}

type digest struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

var signals = map[string]os.Signal{"SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM}

// The settings of a process that must not change the weights.
type machine struct {
	command []string
	isa     string // empty: the command's choice
	threads int
}

func (m machine) String() string { return fmt.Sprintf("%s-threads%d", m.isa, m.threads) }

func TestDigests(t *testing.T) {
	lookAround(t)
	command := build(t, runtime.GOARCH)
	sets := kernelSets(t, command)
	data := t.TempDir()
	writeData(t, data)
	whole := os.Getenv("CI") != "" || *update != ""
	var emulator []string
	if os.Getenv("CI") != "" && !testing.Short() && runtime.GOOS == "linux" && runtime.GOARCH != "arm64" {
		if path, err := exec.LookPath("qemu-aarch64-static"); err == nil {
			emulator = []string{path, build(t, "arm64")}
		}
	}

	runs := readTable(t)
	found := make([]string, len(runs))
	var recording sync.Mutex
	t.Run("runs", func(t *testing.T) {
		for i, r := range runs {
			if testing.Short() && !r.Short || r.CI && !whole {
				continue
			}
			machines := machinesFor(i, r, command, sets, whole)
			if emulator != nil && r.Emulated {
				machines = append(machines, machine{emulator, "neon", 2})
			}
			check := func(t *testing.T, folder string) {
				got := weightsDigest(t, folder)
				recording.Lock()
				defer recording.Unlock()
				if found[i] == "" {
					found[i] = got
				}
				require.Equal(t, found[i], got, "the weights depend on the kernel set, the threads or an interruption")
				if *update == "" {
					require.NotEmpty(t, r.Digests, "%s: no digest is recorded, see -update", r.Name)
					require.Equal(t, r.Digests[len(r.Digests)-1].SHA256, got, "%s: other weights than before, with\ntrain %s", r.Name, r.Flags)
				}
			}
			for _, m := range machines {
				t.Run(r.Name+"/"+m.String(), func(t *testing.T) {
					t.Parallel()
					out := filepath.Join(t.TempDir(), "run")
					train(t, m, data, append(strings.Fields(r.Flags), "--out", out)...)
					check(t, out)
				})
			}
			if r.Interrupt != "" && !(r.Interrupt == "SIGTERM" && runtime.GOOS == "windows") {
				t.Run(r.Name+"/after-"+r.Interrupt, func(t *testing.T) {
					t.Parallel()
					m := machines[0]
					out := filepath.Join(t.TempDir(), "run")
					interrupt(t, m, data, signals[r.Interrupt], out, r.Flags)
					train(t, machine{m.command, sets[len(sets)-1], 3 - m.threads}, data, "--resume", out)
					check(t, out)
				})
			}
		}
	})
	if *update != "" && !t.Failed() {
		record(t, runs, found)
	}
}

// machinesFor returns one kernel set for a run, or each if the whole is wanted, on one
// thread and on two in turn; for the runs of -short, which are small, each set on both.
func machinesFor(i int, r run, command string, sets []string, whole bool) []machine {
	var machines []machine
	for n, set := range sets {
		for threads := 1; threads <= 2; threads++ {
			switch {
			case testing.Short() && n > 0:
			case r.Short, whole && threads == 1+(n+i)%2, !whole && n == i%len(sets) && threads == 1+i/len(sets)%2:
				machines = append(machines, machine{[]string{command}, set, threads})
			}
		}
	}
	return machines
}

// build makes the command for a processor and returns its path.
func build(t *testing.T, arch string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meada-cpu")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	c := exec.Command("go", "build", "-o", path, program)
	if arch != runtime.GOARCH {
		c.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
	}
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// kernelSets returns the kernel sets that the command can use here but for the
// generic one, which may round differently.
func kernelSets(t *testing.T, command string) []string {
	t.Helper()
	const unavailable = 4
	var sets []string
	for _, set := range []string{"avx512", "avx2", "neon"} {
		c := exec.Command(command, "cpu")
		c.Env = append(os.Environ(), "MEADA_ISA="+set)
		out, err := c.CombinedOutput()
		if c.ProcessState != nil && c.ProcessState.ExitCode() == unavailable {
			continue
		}
		require.NoError(t, err, "%s", out)
		sets = append(sets, set)
	}
	if len(sets) == 0 {
		t.Skip("only the generic kernel set is available, whose rounding is free")
	}
	t.Log("kernel sets:", sets)
	return sets
}

// start starts training in data.
func start(t *testing.T, m machine, data string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	args = slices.Concat(m.command[1:], []string{"train"}, args, []string{"--quiet", "--max-memory", "none", "--threads", strconv.Itoa(m.threads)})
	c := exec.Command(m.command[0], args...)
	said := &bytes.Buffer{}
	c.Dir, c.Stdout, c.Stderr = data, said, said
	c.Env = append(os.Environ(), "MEADA_ISA="+m.isa)
	require.NoError(t, c.Start())
	return c, said
}

func train(t *testing.T, m machine, data string, args ...string) {
	t.Helper()
	c, said := start(t, m, data, args...)
	require.NoError(t, c.Wait(), said)
	t.Logf("%v of CPU time", (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Round(10*time.Millisecond))
}

// interrupt starts a run and stops it by a signal when it has written two
// checkpoints. A run that is faster than the signal is tried again.
func interrupt(t *testing.T, m machine, data string, signal os.Signal, out, flags string) {
	t.Helper()
	for range 5 {
		require.NoError(t, os.RemoveAll(out))
		c, said := start(t, m, data, append(strings.Fields(flags), "--checkpoint-every", "1", "--out", out)...)
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for {
			select {
			case err := <-ended:
				require.NoError(t, err, said)
			case <-time.After(time.Millisecond):
				if files, _ := filepath.Glob(filepath.Join(out, "checkpoint", "*.safetensors")); len(files) < 2 {
					continue
				}
				if err := c.Process.Signal(signal); !errors.Is(err, os.ErrProcessDone) {
					require.NoError(t, err)
				}
				if err := <-ended; err != nil {
					return
				}
			}
			break
		}
	}
	t.Fatal("five runs ended before they could be interrupted")
}

// weightsDigest returns the SHA-256 of a run's last weights: names, shapes and
// values in the order of the names. The format is read here rather than by the
// project's reader, which the test does not depend on.
func weightsDigest(t *testing.T, folder string) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(folder, "last.safetensors"))
	require.NoError(t, err)
	require.Greater(t, len(file), 8)
	values := 8 + int(binary.LittleEndian.Uint64(file))
	require.Less(t, values, len(file))
	var tensors map[string]struct {
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	require.NoError(t, json.Unmarshal(file[8:values], &tensors))
	delete(tensors, "__metadata__") // may hold times
	require.NotEmpty(t, tensors)
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		tensor := tensors[name]
		fmt.Fprintf(h, "%q %v\n", name, tensor.Shape)
		h.Write(file[values+tensor.Offsets[0] : values+tensor.Offsets[1]])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func readTable(t *testing.T) []run {
	t.Helper()
	text, err := os.ReadFile(table)
	require.NoError(t, err)
	var runs []run
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&runs), table)
	return runs
}

// record writes the table with the digests found.
func record(t *testing.T, runs []run, found []string) {
	t.Helper()
	for i := range runs {
		r := &runs[i]
		last := len(r.Digests) - 1
		switch {
		case found[i] == "" || last >= 0 && r.Digests[last].SHA256 == found[i]:
		case last >= 0 && r.Digests[last].Version == *update:
			r.Digests[last].SHA256 = found[i]
		default:
			r.Digests = append(r.Digests, digest{*update, found[i]})
		}
	}
	text, err := json.MarshalIndent(runs, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(table, append(text, '\n'), 0o666))
}

// lookAround opens every folder of the repository: Go's test cache sees what a
// test opens, but not what `go build` does, and would repeat an old answer.
func lookAround(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" { // a file in a worktree
			return filepath.SkipDir
		}
		return err
	}))
}
