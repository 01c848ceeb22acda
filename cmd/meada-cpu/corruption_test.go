package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/testkit/attack"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// damaged is a command in whose files one is damaged. In the arguments "@" stands for
// the folder of the files, "@@" for one that the command may write to, and "%" for the
// damaged file.
type damaged struct {
	name  string
	files map[string][]byte // by their paths in the folder
	args  []string

	// targets are patterns of the files to damage.
	targets []string
	// sealed files have checksums: a result is that of the whole file. Of others that
	// are cut this is so too, unless they are texts, of which a part is another text.
	sealed, text bool
	// renewed files are written anew by the command where they are damaged, and by a
	// first call.
	renewed bool
	// lists name other files, which an error may be about.
	lists bool
	// codes are the exit codes of a refusal, if not 3 alone.
	codes []int
	// result returns what the command has left, if it is not what it prints.
	result func(t *testing.T, folder string) string
}

// Every format that the program reads, damaged at random places: the program refuses
// the file by name, with the exit code for bad data, or has a right result. It never
// panics or hangs, and changes no file of the user. Runs as commands in this process.
//
// MEADA_SEED repeats an attack, ATTACK_TIME=10m makes it last.
func TestAttackFormats(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "off") // train would limit this process
	seed, end := attack.Seed(t), time.Now().Add(attack.Duration(t, 700*time.Millisecond))
	cases := damagedCases(t)
	attacks := make([]*corruption, len(cases))
	for i := range cases {
		attacks[i] = newCorruption(t, &cases[i])
	}
	random := rand.New(rand.NewPCG(seed, 1))
	for round := 0; round == 0 || time.Now().Before(end); round++ {
		for _, a := range attacks {
			a.try(t, random)
		}
	}
	sum := 0
	for _, a := range attacks {
		t.Logf("%-12s %d refused, %d with the same result, %d with another", a.name, a.refused, a.same, a.other)
		sum += a.refused + a.same + a.other
	}
	t.Logf("%d damaged inputs", sum)
}

// corruption is the attack on a command.
type corruption struct {
	*damaged
	dir, scratch string
	targets      []string
	whole        map[string]string // the results of the whole files, by the arguments

	refused, same, other int
}

func newCorruption(t *testing.T, c *damaged) *corruption {
	a := &corruption{damaged: c, dir: filepath.Join(t.TempDir(), "files"), scratch: t.TempDir(), whole: map[string]string{}}
	require.NotEmpty(t, c.files, c.name)
	for name, content := range c.files {
		write(t, filepath.Join(a.dir, name), content)
	}
	if c.renewed {
		r, ended := a.run(t, "")
		require.True(t, ended)
		require.Zero(t, r.code, r.err)
		c.files = runtest.Files(t, a.dir)
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		for _, pattern := range c.targets {
			if match, err := filepath.Match(pattern, name); err != nil || match && len(c.files[name]) > 0 {
				require.NoError(t, err)
				a.targets = append(a.targets, name)
			}
		}
	}
	require.NotEmpty(t, a.targets, c.name)
	return a
}

// expected returns the result of the whole files, where the argument "%" is a target.
func (a *corruption) expected(t *testing.T, target string) string {
	t.Helper()
	key := target
	if !slices.ContainsFunc(a.args, func(arg string) bool { return strings.Contains(arg, "%") }) {
		key = ""
	}
	if want, ok := a.whole[key]; ok {
		return want
	}
	r, ended := a.run(t, target)
	require.True(t, ended)
	require.Zero(t, r.code, "%s: %s: %s", a.name, target, r.err)
	a.whole[key] = a.outcome(t, r)
	a.restore(t)
	return a.whole[key]
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, content, 0o666))
}

// restore makes the folder what it was, and empties the other.
func (a *corruption) restore(t *testing.T) {
	t.Helper()
	for name, content := range runtest.Files(t, a.dir) {
		if original, ok := a.files[name]; !ok {
			require.NoError(t, os.Remove(filepath.Join(a.dir, name)))
		} else if !bytes.Equal(content, original) {
			write(t, filepath.Join(a.dir, name), original)
		}
	}
	for name, content := range a.files {
		if _, err := os.Stat(filepath.Join(a.dir, name)); err != nil {
			write(t, filepath.Join(a.dir, name), content)
		}
	}
	require.NoError(t, os.RemoveAll(a.scratch))
	require.NoError(t, os.Mkdir(a.scratch, 0o777))
}

// try damages one file and holds what the command does against what is promised.
func (a *corruption) try(t *testing.T, random *rand.Rand) {
	t.Helper()
	name := a.targets[random.IntN(len(a.targets))]
	want := a.expected(t, name)
	content, what := attack.Damage(random, a.files[name])
	write(t, filepath.Join(a.dir, name), content)
	defer a.restore(t)
	tell := func(format string, args ...any) {
		t.Helper()
		kept := filepath.Join(os.TempDir(), "meada-attack-"+filepath.Base(name))
		_ = os.WriteFile(kept, content, 0o666)
		t.Fatalf("%s: %s, %s (kept as %s): %s", a.name, name, what, kept, fmt.Sprintf(format, args...))
	}
	r, ended := a.run(t, name)
	if !ended {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s: %s, %s: no end", a.name, name, what))
	}
	if strings.Contains(r.err, "goroutine ") {
		tell("it panics: %s", r.err)
	}
	after := runtest.Files(t, a.dir)
	if r.code == 0 {
		switch result := a.outcome(t, r); {
		case result == want:
			a.same++
		case a.sealed || strings.HasPrefix(what, attack.Cut) && !a.text:
			tell("exit 0 with another result: %.200s, expected %.200s; it says %s", result, want, r.err)
		default:
			if a.other++; a.renewed { // and what it has written is of that result
				return
			}
		}
	} else {
		a.refused++
		if len(a.codes) == 0 && r.code != exitData || len(a.codes) > 0 && !slices.Contains(a.codes, r.code) {
			tell("exit code %d: %s", r.code, r.err)
		}
		if !strings.Contains("\n"+r.err, "\nmeada-cpu: ") || !a.lists && !strings.Contains(r.err, filepath.Base(name)) {
			tell("its complaint does not name it: %s", r.err)
		}
	}
	if a.result != nil && r.code == 0 { // what it is for is to write
		return
	}
	for other, was := range a.files {
		if other == name {
			was = content
			if a.renewed {
				continue
			}
		}
		if !bytes.Equal(was, after[other]) {
			tell("it changed %s, exit code %d: %s", other, r.code, r.err)
		}
		delete(after, other)
	}
	if !a.renewed && len(after) > 0 {
		tell("it left %q, exit code %d: %s", slices.Collect(maps.Keys(after)), r.code, r.err)
	}
}

// outcome is what a command that succeeded has to show.
func (a *corruption) outcome(t *testing.T, r result) string {
	t.Helper()
	if a.result != nil {
		return a.result(t, a.dir)
	}
	return r.out
}

// endless is how many tenths of a second of this process's running a command may take.
const endless = 600

// run runs the command in this process, with a panic as a text on its standard error.
// It returns false if the command does not end.
func (a *corruption) run(t *testing.T, target string) (result, bool) {
	t.Helper()
	replace := strings.NewReplacer("@@", a.scratch, "@", a.dir, "%", target)
	var args []string
	for _, arg := range a.args {
		args = append(args, replace.Replace(arg))
	}
	done := make(chan result, 1)
	go func() {
		var out, errors bytes.Buffer
		code := -1
		defer func() {
			if p := recover(); p != nil {
				fmt.Fprintf(&errors, "%v\n%s", p, debug.Stack())
			}
			done <- result{code, out.String(), errors.String()}
		}()
		code = meada(args, &out, &errors)
	}()
	tick := time.NewTicker(100 * time.Millisecond) // which drops ticks while the process is stopped
	defer tick.Stop()
	for range endless {
		select {
		case r := <-done:
			return r, true
		case <-tick.C:
		}
	}
	return result{}, false
}

// fixture reads a file that tests of the readers have.
func fixture(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "train", "dataset", "testdata", name))
	require.NoError(t, err)
	return content
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// with returns files and more of them.
func with(files map[string][]byte, more ...any) map[string][]byte {
	files = maps.Clone(files)
	for i := 0; i < len(more); i += 2 {
		files[more[i].(string)] = more[i+1].([]byte)
	}
	return files
}

// in returns the files under a folder.
func in(folder string, files map[string][]byte) map[string][]byte {
	moved := map[string][]byte{}
	for name, content := range files {
		moved[filepath.Join(folder, name)] = content
	}
	return moved
}

func damagedCases(t *testing.T) []damaged {
	digits := runtest.Files(t, tinyDigits(t))
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	for name, content := range digits {
		write(t, filepath.Join(data, name), content)
	}
	run := filepath.Join(dir, "r")
	train := []string{"train", "--dataset", "digits", "--data", data, "--model", runtest.Tiny, "--batch-size", "16", "--lr", "0.001", "--epochs", "2", "--epochs-min", "1",
		"--loops-adv", "1", "--k", "1", "--max-memory", "none", "--threads", "1", "--quiet"}
	succeed(t, dir, append(train, "--out", run)...)
	folder := runtest.Files(t, run)
	weights := folder[runfolder.LastFile]
	eval := func(more ...string) []string {
		return append([]string{"eval", "--weights", "@/w.safetensors", "--json", "--threads", "1"}, more...)
	}
	digits["w.safetensors"] = weights

	images := digits["train-images-idx3-ubyte"]
	packed := map[string][]byte{"w.safetensors": weights, "svhn/test_32x32.mat": fixture(t, "svhn_like.mat"),
		"syn/synth_test_32x32.mat": fixture(t, "svhn_like_compressed.mat"), "usps.t.bz2": fixture(t, "usps_like.bz2"), "train-images-idx3-ubyte.gz": gzipped(t, images)}
	for _, name := range []string{"train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		packed[name+".gz"] = gzipped(t, digits[name])
	}
	archive := mnistM(t)
	packed["mnist_m/mnist_m_test.tar.gz"] = gzipped(t, archive)
	unpacked := with(digits)
	for files := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		unpacked[header.Name], err = io.ReadAll(files)
		require.NoError(t, err)
	}
	cases := []damaged{
		{name: "idx", files: digits, args: eval("--data", "@"), targets: []string{"*ubyte"}},
		{name: "libsvm", files: digits, args: eval("--data", "@"), targets: []string{"usps.t"}, text: true},
		{name: "gzip, bzip2", files: packed, args: eval("--data", "@"), targets: []string{"*.gz", "*.bz2", "syn/*", "mnist_m/*"}, sealed: true},
		{name: "mat", files: packed, args: eval("--data", "@"), targets: []string{"svhn/*"}},
		{name: "mnist-m", files: unpacked, args: eval("--data", "@"), targets: []string{"mnist_m/*.txt"}, text: true, lists: true},
		{name: "safetensors", files: digits, args: eval("--data", "@"), targets: []string{"w.safetensors"},
			codes: []int{exitData, exitUsage}}, // weights that name no dataset need --dataset
	}
	for _, form := range []string{"zip", "legacy"} {
		content, err := os.ReadFile(filepath.Join("testdata", "attack", "tiny."+form+".pth"))
		require.NoError(t, err)
		digits["w.pth"] = content
		cases = append(cases, damaged{name: form + ".pth", files: with(digits, "w.pth", content), targets: []string{"w.pth"}, sealed: form == "zip",
			args: []string{"eval", "--weights", "@/w.pth", "--model", runtest.Tiny, "--dataset", "digits", "--data", "@", "--json", "--threads", "1"}})
	}
	cases = append(cases, damagedCIFAR(t, digits["w.pth"])...)
	cases = append(cases, damagedPictures(t, weights)...)
	cases = append(cases, damagedFolders(t, digits["w.pth"])...)
	return append(cases, damagedRuns(t, run, train)...)
}

// mnistM is MNIST-M's archive of two pictures.
func mnistM(t *testing.T) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, content []byte) {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := w.Write(content)
		require.NoError(t, err)
	}
	for i := range 2 {
		var picture bytes.Buffer
		m := image.NewRGBA(image.Rect(0, 0, 32, 32))
		for p := range m.Pix {
			m.Pix[p] = uint8(p*(i+1)) | uint8(p%4/3*255)
		}
		require.NoError(t, png.Encode(&picture, m))
		add(fmt.Sprintf("mnist_m/mnist_m_test/%08d.png", i), picture.Bytes())
	}
	add("mnist_m/mnist_m_test_labels.txt", []byte("00000000.png 7\n00000001.png 2\n"))
	require.NoError(t, w.Close())
	return b.Bytes()
}

// damagedCIFAR has CIFAR's formats, and NumPy's.
func damagedCIFAR(t *testing.T, weights []byte) []damaged {
	binary := runtest.Files(t, tinyCIFAR(t))
	binary["w.pth"] = weights
	eval := []string{"eval", "--weights", "@/w.pth", "--dataset", "cifar10", "--model", runtest.Tiny, "--data", "@", "--json", "--threads", "1"}
	python := map[string][]byte{"w.pth": weights, "cifar-10-batches-py/data_batch_1": fixture(t, "cifar10_like_protocol5"),
		"cifar-10-batches-py/test_batch": fixture(t, "cifar10_like_python2")}
	npy := func(descr string, shape []int, size int) []byte {
		text := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]")
		header := fmt.Sprintf("%-117s\n", fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", descr, text))
		content := append([]byte("\x93NUMPY\x01\x00\x76\x00"), header...)
		for i := range size {
			content = append(content, byte(i%7))
		}
		return content
	}
	corrupted := with(binary, "c/labels.npy", npy("|u1", []int{35}, 35), "c/fog.npy", npy("|u1", []int{35, 32, 32, 3}, 35*3072))
	return []damaged{
		{name: "cifar", files: binary, args: eval, targets: []string{"*.bin"}},
		{name: "pickle", files: python, args: eval, targets: []string{"cifar-10-batches-py/*"}},
		{name: "npy", files: corrupted, args: append(slices.Clone(eval), "--corruptions", "@/c"), targets: []string{"c/*"}},
	}
}

// damagedPictures has the formats of pictures, their lists and their cache.
func damagedPictures(t *testing.T, weights []byte) []damaged {
	paths, err := filepath.Glob(filepath.Join("..", "..", "train", "dataset", "testdata", "pictures", "*.*"))
	require.NoError(t, err)
	files := map[string]map[string][]byte{}
	for _, path := range paths {
		if filepath.Ext(path) == ".txt" {
			continue
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		form := filepath.Ext(path)[:4] // of ".tif" and ".tiff" one
		if files[form] == nil {
			files[form] = map[string][]byte{"w.safetensors": weights}
		}
		files[form][filepath.Base(path)] = content
	}
	predict := []string{"predict", "--weights", "@/w.safetensors", "--format", "json", "--threads", "1", "@/%"}
	var cases []damaged
	for _, form := range slices.Sorted(maps.Keys(files)) {
		sealed := form == ".png"
		cases = append(cases, damaged{name: form, files: files[form], args: predict, targets: []string{"*" + form + "*"}, sealed: sealed, text: !sealed})
	}
	return cases
}

// damagedFolders has what a folder of pictures has beside them.
func damagedFolders(t *testing.T, weights []byte) []damaged {
	dir := t.TempDir()
	plainPictures(t, dir, 5, "pictures/0", "pictures/1")
	files := runtest.Files(t, dir)
	files["manifest.csv"] = []byte("path,label,domain,split\npictures/0/0.png,a,,train\npictures/0/1.png,a,near,test\npictures/1/0.png,\"b\",,train\npictures/1/1.png,b,near,test\n")
	names := []string{"path,label\n"}
	for class := range 10 { // as many as the weights have
		names = append(names, fmt.Sprintf("pictures/%d/%d.png,%d\n", class%2, class/2, class))
	}
	cached := with(runtest.Files(t, dir), "manifest.csv", []byte(strings.Join(names, "")), "w.pth", weights)
	return []damaged{
		damagedPACS(t),
		{name: "manifest", files: files, args: []string{"data", "check", "@"}, targets: []string{"manifest.csv"}, text: true, lists: true},
		{name: "cache", files: cached, targets: []string{"cache/*"}, sealed: true, renewed: true,
			args: []string{"eval", "--weights", "@/w.pth", "--model", runtest.Tiny, "--dataset", "folder", "--data", "@", "--cache", "@/cache", "--json", "--threads", "1"}},
	}
}

// tinyPACS writes a PACS of two pictures in each domain.
func tinyPACS(t *testing.T, dir string) {
	t.Helper()
	for _, domain := range dataset.PACSDomains {
		plainPictures(t, dir, 2, "kfold/"+domain+"/dog")
		list := domain + "/dog/0.png 1\n" + domain + "/dog/1.png 7\n"
		for _, split := range []string{"train", "crossval", "test"} {
			write(t, filepath.Join(dir, "splits", domain+"_"+split+"_kfold.txt"), []byte(list))
		}
	}
}

// damagedPACS has PACS's lists.
func damagedPACS(t *testing.T) damaged {
	dir := t.TempDir()
	tinyPACS(t, dir)
	succeed(t, dir, "train", "--dataset", "pacs", "--data", dir, "--model", runtest.TinyPictures, "--algorithm", "erm", "--max-steps", "1", "--batch-size", "2", "--max-memory", "none", "--threads", "1", "--quiet", "--out", "r")
	content, err := os.ReadFile(filepath.Join(dir, "r", runfolder.LastFile))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "r")))
	files := with(runtest.Files(t, dir), "w.safetensors", content)
	return damaged{name: "pacs", files: files, targets: []string{"splits/*_crossval_*", "splits/*_test_*"}, text: true, lists: true,
		args: []string{"eval", "--weights", "@/w.safetensors", "--dataset", "pacs", "--data", "@", "--source", "photo", "--json", "--threads", "1"}}
}

// damagedRuns has the files of a run folder, of which some are read anew by reports,
// tables and resumed runs.
func damagedRuns(t *testing.T, run string, train []string) []damaged {
	complete := in("runs/me-ada-s1", runtest.Files(t, run))
	dir := t.TempDir()
	whole := func(folder string) string {
		last := runtest.Files(t, filepath.Join(folder, "r"))
		return string(last[runfolder.LastFile]) + string(last[runfolder.ValidatedFile])
	}
	interrupted(t, dir, filepath.Join(dir, "r", runfolder.CheckpointFolder, "previous.safetensors"),
		append(slices.Clone(train), "--epochs", "40", "--patience", "0", "--checkpoint-every", "1", "--max-steps", "24", "--out", "r")...)
	return []damaged{
		{name: "report", files: complete, args: []string{"report", "--out", "@@/page.html", "@/runs/me-ada-s1"}, targets: []string{"runs/me-ada-s1/*.json*"}, text: true},
		{name: "samples", files: complete, args: []string{"report", "--out", "@@/page.html", "@/runs/me-ada-s1"}, targets: []string{"runs/me-ada-s1/samples/*"}, text: true},
		{name: "table", files: complete, args: []string{"sweep", "--table", "@/runs"}, targets: []string{"runs/me-ada-s1/*.json"}, text: true, renewed: true},
		{name: "checkpoint", files: runtest.Files(t, dir), args: []string{"train", "--resume", "@/r", "--quiet", "--threads", "1"},
			targets: []string{"r/config.json", "r/metrics.jsonl", "r/checkpoint/*"}, sealed: true, lists: true,
			result: func(_ *testing.T, folder string) string { return whole(folder) }},
	}
}
