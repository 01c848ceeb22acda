package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/testkit/attack"
	"github.com/meada-cpu/meada-cpu/simd"
)

// fewSteps are flags of short runs.
var fewSteps = []string{"--model", runtest.Tiny, "--loops-adv", "2", "--k", "2", "--batch-size", "8", "--lr", "0.001", "--quiet"}

// Runs that are killed with SIGKILL just before or after a system call that creates,
// renames, syncs or removes a file, half of the time a rename, and resumed on another
// kernel set with another number of threads, with what a crash may have done to the
// folder in between: in the end all is as the run without interruptions leaves it. Such
// a call comes with every step, so the kills lie in every kind of phase. Damage that
// takes the last checkpoint is refused by name, and nothing is touched.
//
// MEADA_SEED repeats an attack, ATTACK_TIME=10m makes it last, MEADA_KILLS is how many
// runs of each kind are killed at least.
func TestAttackKilled(t *testing.T) {
	t.Parallel()
	seed := attack.Seed(t)
	least := 1
	if text := os.Getenv("MEADA_KILLS"); text != "" {
		var err error
		least, err = strconv.Atoi(text)
		require.NoError(t, err, "MEADA_KILLS")
	}
	pictures := t.TempDir()
	plainPictures(t, pictures, 6, "train/dog", "train/horse", "test/dog", "test-far/horse")
	in := func(epochs string, args ...string) []string {
		return slices.Concat([]string{"train"}, args, fewSteps, []string{"--epochs", epochs, "--epochs-min", "1"})
	}
	kinds := []struct {
		name string
		args []string
	}{
		{"digits", in("2", "--dataset", "digits", "--data", tinyDigits(t))},
		{"cifar", in("3", "--dataset", "cifar10", "--data", tinyCIFAR(t))},
		{"pictures", in("3", "--dataset", "folder", "--data", pictures, "--cache", filepath.Join(pictures, "cache"))},
	}
	end := time.Now().Add(attack.Duration(t, 0))
	killers := make([]*killer, len(kinds))
	for i, kind := range kinds {
		if i > 0 && least == 1 && end.Before(time.Now()) {
			killers = killers[:i] // one kind in a run of all tests
			break
		}
		killers[i] = newKiller(t, rand.New(rand.NewPCG(seed, uint64(i))), kind.args)
	}
	tell := func() {
		for i, k := range killers {
			t.Logf("%s: %d of %d killed runs ended the same, %d kills: %v, then %v", kinds[i].name, k.runs, k.runs, k.kills, k.moments, k.damages)
		}
	}
	const often = 25
	for round := 1; round <= least || time.Now().Before(end); round++ {
		for _, k := range killers {
			k.kill(t)
		}
		if round%often == 0 {
			tell()
		}
	}
	tell()
}

// A run that is killed on one kernel set and goes on, perhaps with a damaged
// checkpoint, on another, and after another kill on the first again, ends as if it had
// stayed on either. Where one of the two is generic, it agrees within rounding, and the
// command says so both times. Continuous integration
// (CI=true) tries one pair of kernel sets, make attack (MEADA_ATTACK=1) each in turn for
// as long as ATTACK_TIME tells.
func TestAttackKernelSets(t *testing.T) {
	if os.Getenv("CI") == "" && os.Getenv("MEADA_ATTACK") == "" {
		t.Skip("for its time: CI=true or make attack runs it")
	}
	t.Parallel()
	random := rand.New(rand.NewPCG(attack.Seed(t), 0))
	var pairs [][2]string
	for _, from := range simd.Available() {
		for _, to := range simd.Available() {
			if from != to {
				pairs = append(pairs, [2]string{from.Name, to.Name})
			}
		}
	}
	if pairs == nil {
		t.Skip("this CPU has the generic kernel set only")
	}
	random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	k := newKiller(t, random, slices.Concat([]string{"train", "--dataset", "digits", "--data", tinyDigits(t)}, fewSteps, []string{"--epochs", "2", "--epochs-min", "1"}))
	tried := map[string]int{}
	end := time.Now().Add(attack.Duration(t, 0))
	for i := 0; i == 0 || time.Now().Before(end); i++ {
		from, to := pairs[i%len(pairs)][0], pairs[i%len(pairs)][1]
		k.change(t, from, to)
		tried[from+" to "+to]++
	}
	t.Logf("%v, then %v", tried, k.damages)
}

// killer kills runs of one kind.
type killer struct {
	random *rand.Rand
	dir    string
	args   []string
	sets   []string // kernel sets with equal bits
	want   map[string]any
	calls  []attack.Call

	runs, kills      int
	moments, damages map[string]int
}

func newKiller(t *testing.T, random *rand.Rand, args []string) *killer {
	t.Helper()
	k := &killer{random: random, dir: t.TempDir(), args: append(args, "--checkpoint-every", "1"), moments: map[string]int{}, damages: map[string]int{}}
	for _, set := range simd.Available() {
		if set.Name != "generic" {
			k.sets = append(k.sets, set.Name)
		}
	}
	if k.sets == nil {
		k.sets = []string{"generic"}
	}
	never := func(int, attack.Call, bool) bool { return false }
	process := k.process(t, append(slices.Clone(k.args), "--out", "whole"))
	defer process.Output.Close()
	var code int
	k.calls, code = process.Run(t, never)
	said, err := os.ReadFile(process.Output.Name())
	require.NoError(t, err)
	require.Zero(t, code, string(said))
	require.Contains(t, k.calls, attack.Call("rename"))
	k.want = remains(t, filepath.Join(k.dir, "whole"))
	return k
}

// process is the program, on a kernel set and with a number of threads that are drawn.
func (k *killer) process(t *testing.T, args []string) *attack.Process {
	t.Helper()
	output, err := os.OpenFile(filepath.Join(k.dir, "output"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	require.NoError(t, err)
	return &attack.Process{
		Path: command, Dir: k.dir, Output: output, Args: append(slices.Clone(args), "--threads", strconv.Itoa(1+k.random.IntN(3))),
		Env: append(os.Environ(), "GOMAXPROCS=3", "MEADA_ISA="+k.sets[k.random.IntN(len(k.sets))]),
	}
}

// attempt runs the program, and kills it at a random call if it is to. It returns its
// exit code.
func (k *killer) attempt(t *testing.T, args []string, fatal bool) (code int, said string) {
	t.Helper()
	at, after, only := k.random.IntN(len(k.calls)), k.random.IntN(2) == 0, attack.Call("")
	if k.random.IntN(2) == 0 {
		only = "rename"
	}
	call := ""
	process := k.process(t, args)
	defer process.Output.Close()
	_, code = process.Run(t, func(n int, c attack.Call, left bool) bool {
		if !fatal || call != "" || n < at || left != after || only != "" && c != only {
			return false
		}
		call = map[bool]string{false: "before ", true: "after "}[left] + string(c)
		return true
	})
	if code == attack.Killed {
		k.kills++
		k.moments[call]++
		k.moments[moment(t, filepath.Join(k.dir, "r"))]++
	}
	content, err := os.ReadFile(process.Output.Name())
	require.NoError(t, err)
	return code, string(content)
}

// kill has one run killed, perhaps several times, and resumed until it is complete.
func (k *killer) kill(t *testing.T) {
	t.Helper()
	folder := filepath.Join(k.dir, "r")
	args := append(slices.Clone(k.args), "--out", "r")
	var whole map[string][]byte // the folder before it was damaged, if it was
	for fatal := true; ; fatal = k.random.IntN(3) == 0 {
		var before map[string][]byte
		if whole != nil {
			before = runtest.Files(t, folder)
		}
		code, said := k.attempt(t, args, fatal)
		switch {
		case code == 0:
			k.runs++
			requireSame(t, k.want, folder, fmt.Sprintf("run %d", k.runs))
			require.NoError(t, os.RemoveAll(folder))
			return
		case code == exitData && whole != nil:
			k.damages["refused"]++
			require.Contains(t, said, "no usable checkpoint: ")
			require.Equal(t, before, runtest.Files(t, folder), "nothing is touched")
			require.NoError(t, os.RemoveAll(folder))
			for name, content := range whole {
				write(t, filepath.Join(folder, name), content)
			}
			whole = nil
		case code != attack.Killed:
			t.Fatalf("%v: exit code %d: %s", args, code, said)
		case exists(filepath.Join(folder, runfolder.SummaryFile)): // complete, but for what is to be removed
			r := invoke(t, k.dir, "train", "--resume", "r")
			require.Equal(t, exitUsage, r.code, r.err)
			require.Contains(t, r.err, "the run is complete")
			k.runs++
			requireSame(t, k.want, folder, fmt.Sprintf("run %d", k.runs))
			require.NoError(t, os.RemoveAll(folder))
			return
		case exists(filepath.Join(folder, runfolder.ConfigFile)):
			args = []string{"train", "--quiet", "--resume", "r"}
			if before = runtest.Files(t, folder); k.damage(t, folder) && whole == nil {
				whole = before
			}
		}
	}
}

// change has a run killed on one kernel set, once it has left two checkpoints, killed on
// another once it has left one more, and completed on the first.
func (k *killer) change(t *testing.T, from, to string) {
	t.Helper()
	what := from + " to " + to
	folder, at := filepath.Join(k.dir, "r"), len(k.calls)/2+k.random.IntN(len(k.calls)/3)
	k.sets = []string{from}
	process := k.process(t, append(slices.Clone(k.args), "--out", "r"))
	defer process.Output.Close()
	_, code := process.Run(t, func(n int, _ attack.Call, _ bool) bool { return n >= at })
	require.Equal(t, attack.Killed, code, what)
	if exists(filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors")) { // else the one before is all there is
		k.damage(t, folder)
	}

	k.sets = []string{to}
	resume := []string{"train", "--quiet", "--resume", "r"}
	again := k.process(t, resume)
	defer again.Output.Close()
	latest := filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors")
	before, _ := os.Stat(latest)
	_, code = again.Run(t, func(_ int, call attack.Call, after bool) bool {
		if call != "rename" || !after {
			return false
		}
		now, err := os.Stat(latest)
		return err == nil && !os.SameFile(before, now)
	})
	content, err := os.ReadFile(again.Output.Name())
	require.NoError(t, err)
	require.Equal(t, attack.Killed, code, "%s: %s", what, content)
	k.sets = []string{from}
	code, said := k.attempt(t, resume, false)
	require.Zero(t, code, "%s: %s", what, said)
	said = string(content) + said
	if from != "generic" && to != "generic" {
		require.NotContains(t, said, "warning: begun with")
		requireSame(t, k.want, folder, what)
	} else {
		warning := fmt.Sprintf("warning: begun with %s, continued with %s: the result agrees within rounding", from, to)
		require.Equal(t, 2, strings.Count(said, warning), said)
		require.ElementsMatch(t, keys(k.want), keys(remains(t, folder)), what)
		requireClose(t, filepath.Join(k.dir, "whole"), folder, what)
	}
	require.NoError(t, os.RemoveAll(folder))
}

// requireClose requires the last weights of two runs to be equal but for rounding.
func requireClose(t *testing.T, want, got, message string) {
	t.Helper()
	read := func(folder string) map[string][]float32 {
		tensors, _, err := safetensors.Read(filepath.Join(folder, runfolder.LastFile))
		require.NoError(t, err)
		values := map[string][]float32{}
		for _, tensor := range tensors {
			values[tensor.Name] = tensor.Data
		}
		return values
	}
	w, g := read(want), read(got)
	require.Len(t, g, len(w), message)
	for name := range w {
		require.InDeltaSlice(t, w[name], g[name], 1e-5, "%s: %s", message, name)
	}
}

// damage does to a killed run's folder what a crash, or a user, may do. It reports
// whether the run may not be possible to resume.
func (k *killer) damage(t *testing.T, folder string) bool {
	t.Helper()
	latest, previous := filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors"), filepath.Join(folder, runfolder.CheckpointFolder, "previous.safetensors")
	change := func(path string, f func([]byte) []byte) bool {
		content, err := os.ReadFile(path)
		if err != nil || len(content) == 0 {
			return false
		}
		require.NoError(t, os.WriteFile(path, f(content), 0o666))
		return true
	}
	switch k.random.IntN(6) {
	case 0:
		if change(latest, func(b []byte) []byte { d, _ := attack.Damage(k.random, b); return d }) {
			k.damages["latest checkpoint damaged"]++
			return true
		}
	case 1:
		if change(latest, func(b []byte) []byte { return b[:k.random.IntN(len(b))] }) {
			k.damages["latest checkpoint cut"]++
			return true
		}
	case 2:
		if os.Remove(previous) == nil {
			k.damages["previous checkpoint removed"]++
			return true
		}
	case 3:
		if change(filepath.Join(folder, runfolder.MetricsFile), func(b []byte) []byte { return append(b, `{"type":"train","st`...) }) {
			k.damages["metrics longer"]++
		}
	case 4:
		for _, name := range []string{runfolder.SummaryFile + ".meada-1.tmp", runfolder.LockFile} {
			write(t, filepath.Join(folder, name), []byte("1\n"))
		}
		k.damages["leftovers"]++
	default:
		k.damages["nothing"]++
	}
	return false
}
