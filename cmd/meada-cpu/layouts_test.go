package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/predict"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// plainPictures writes n pictures of one colour into each folder, the colour by the
// folder's own name.
func plainPictures(t *testing.T, dir string, n int, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		c := color.RGBA{200, 40, 40, 255}
		if filepath.Base(folder) == "dog" {
			c = color.RGBA{40, 40, 200, 255}
		}
		for i := range n {
			m := image.NewRGBA(image.Rect(0, 0, 8, 8))
			for y := range 8 {
				for x := range 8 {
					m.SetRGBA(x, y, c)
				}
			}
			m.SetRGBA(i%8, i/8, color.RGBA{A: 255}) // no two are the same
			writePicture(t, filepath.Join(dir, folder, fmt.Sprintf("%d.png", i)), m)
		}
	}
}

// A run in the folder of its pictures leaves what these are understood to be: its samples are
// no class.
func TestRunAmongItsPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 5, "dog", "horse")
	const understood = "<class>/<picture>: 2 classes, 5 pictures each, 8 to train on, 2 held out, no other domain"
	require.Equal(t, understood+"\n", succeed(t, dir, "data", "check", ".").out)
	train := []string{"train", "--data", ".", "--model", small, "--algorithm", "me-ada", "--loops-train", "4", "--loops-min", "1", "--k", "1", "--batch-size", "4"}
	succeed(t, dir, train...)
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "*", "samples", "*.png"))
	require.NoError(t, err)
	require.NotEmpty(t, runs)
	require.Equal(t, understood+"; left out: folder runs without pictures, 1 folder of runs\n", succeed(t, dir, "data", "check", ".").out)
}

// Who measures weights on what they were trained on is told, and how to leave that out.
func TestEvalOnTheSourceIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 5, "p/dog", "p/horse", "q/a/dog", "q/a/horse", "q/b/dog", "q/b/horse", "q/c/dog", "q/c/horse")
	for _, c := range []struct {
		train   []string
		trained string
		held    string
	}{
		{[]string{"--data", "p"}, "test", "2 held out, no other domain"},
		{[]string{"--data", "q"}, "a, b and c", "6 held out, no other domain"},
		{[]string{"--data", "q", "--target", "b"}, "a and c", "4 held out, domain b"},
		{[]string{"--data", "q", "--source", "b"}, "b", "2 held out, domains a and c"},
	} {
		out := "r" + c.trained
		succeed(t, dir, append([]string{"train", "--model", small, "--algorithm", "erm", "--max-steps", "1", "--seed", "3", "--out", out}, c.train...)...)
		eval := []string{"eval", "--weights", out, "--data", c.train[1]}
		flags := strings.Join(append([]string{""}, append(c.train[2:], "--holdout", "0.2", "--seed", "3")...), " ")
		require.Contains(t, succeed(t, dir, eval...).err, "warning: the run trained on most of "+c.trained+":"+flags+" measures what it held out\n")
		r := succeed(t, dir, append(eval, strings.Fields(flags)...)...)
		require.NotContains(t, r.err, "warning")
		require.Contains(t, r.err, c.held)
		require.Contains(t, succeed(t, dir, append(eval, "--test-images", "1")...).err, "warning: the run trained on most of "+c.trained)
		want := readJSON(t, filepath.Join(dir, out, runfolder.SummaryFile))["accuracy"].(map[string]any)["source_validation"].(map[string]any)["held-out"]
		r = succeed(t, dir, append(append(eval, strings.Fields(flags)...), "--json")...)
		require.Contains(t, r.out, fmt.Sprintf(`"held-out":%v`, want))
		r = succeed(t, dir, append(eval, "--holdout", "0.2", "--json")...) // source, target and seed are the run's
		require.Contains(t, r.out, fmt.Sprintf(`"held-out":%v`, want))
	}
	require.NotContains(t, succeed(t, dir, "eval", "--weights", "rtest", "--data", "q").err, "warning")
	succeed(t, dir, "train", "--model", small, "--algorithm", "erm", "--max-steps", "1", "--data", "p", "--test-images", "1", "--out", "few")
	require.Contains(t, succeed(t, dir, "eval", "--weights", "few", "--data", "p").err, "warning: the run trained on most of test")
	succeed(t, dir, "train", "--model", small, "--algorithm", "erm", "--max-steps", "1", "--data", "q", "--target", "b", "--holdout", "0", "--out", "all")
	require.Contains(t, succeed(t, dir, "eval", "--weights", "all", "--data", "q").err, "warning: the run trained on a and c\n")
	require.Contains(t, succeed(t, dir, "eval", "--weights", "all", "--data", "q", "--holdout", "0.2").err,
		"warning: the run held out 0 of its source by seed 1: --holdout 0.2 --seed 1 measures images that it trained on\n")
	require.Contains(t, succeed(t, dir, "eval", "--weights", "rtest", "--data", "p", "--holdout", "0.2", "--seed", "4").err,
		"warning: the run held out 0.2 of its source by seed 3: --holdout 0.2 --seed 4 measures")
}

// What a run on PACS trained on is not measured as a target.
func TestEvalKnowsTheDomainsOfTheRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tinyPACS(t, filepath.Join(dir, "pacs"))
	succeed(t, dir, "train", "--dataset", "pacs", "--data", "pacs", "--target", "sketch", "--model", runtest.TinyPictures, "--algorithm", "erm",
		"--max-steps", "1", "--batch-size", "2", "--max-memory", "none", "--quiet", "--out", "r")
	require.NoError(t, os.Rename(filepath.Join(dir, "pacs"), filepath.Join(dir, "moved")))
	eval := []string{"eval", "--weights", "r", "--data", "moved"}
	r := succeed(t, dir, eval...)
	require.Equal(t, 3, strings.Count(r.out, "(source)"), r.out)
	require.Regexp(t, `(?m)^sketch +([0-9.]+)\naverage `, r.out)
	r = succeed(t, dir, append(eval, "--source", "photo")...)
	require.Equal(t, 1, strings.Count(r.out, "(source)"), r.out)
	r = succeed(t, dir, "augment", "--weights", "r", "--data", "moved", "--loops-adv", "1", "--out", "a", "--quiet")
	require.Contains(t, r.out, "a: 6 images of pacs")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "r", runfolder.ConfigFile), []byte("{"), 0o666))
	damaged := invoke(t, dir, eval...)
	require.Equal(t, exitData, damaged.code)
	require.Contains(t, damaged.err, "config.json")
}

// Pictures are trained on as they lie, without --dataset.
func TestLayoutsOfOwnPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 10, "classes/dog", "classes/horse", "alone/train/dog", "alone/train/horse",
		"domains/photo/dog", "domains/photo/horse", "domains/sketch/dog", "domains/sketch/horse")
	run := []string{"train", "--model", small, "--algorithm", "erm", "--lr", "1e-2", "--max-steps", "30", "--test-every", "10"}
	for i, c := range []struct {
		args    []string
		domains []string
		train   int
	}{
		{[]string{"--data", "classes"}, []string{"held-out"}, 16},
		{[]string{"--data", "alone", "--holdout", "0.5"}, []string{"held-out"}, 10},
		{[]string{"--data", "domains", "--source", "photo"}, []string{"held-out", "sketch"}, 16},
		{[]string{"--data", "domains", "--source", "photo", "--holdout", "0", "--preset", "quick"}, []string{"sketch"}, 20},
	} {
		out := fmt.Sprint("r", i)
		printed := succeed(t, dir, append(append(run, "--out", out), c.args...)...)
		o, err := readOutcome(filepath.Join(dir, out))
		require.NoError(t, err)
		require.Equal(t, c.train, o.config.Checksums["train"].Images, c.args)
		var names []string
		for _, d := range o.summary.Accuracy.Last.Domains {
			names = append(names, d.Name)
			require.Equal(t, 1.0, d.Value, "one colour a class")
		}
		require.Equal(t, c.domains, names)
		if len(c.domains) == 1 && c.domains[0] == "held-out" {
			require.NotContains(t, printed.out, "average")
			summary, err := os.ReadFile(filepath.Join(dir, out, runfolder.SummaryFile))
			require.NoError(t, err)
			require.NotContains(t, string(summary), "average")
		} else {
			require.Contains(t, printed.out, "average")
		}
	}
	// What a run held out can be measured again.
	var measured struct {
		Accuracy map[string]float64
		Tests    []runfolder.DomainTest
	}
	printed := succeed(t, dir, "eval", "--weights", "r2/last.safetensors", "--data", "domains", "--source", "photo", "--holdout", "0.2", "--json")
	require.NoError(t, json.Unmarshal([]byte(printed.out), &measured))
	require.Equal(t, map[string]float64{"held-out": 1, "sketch": 1, "average": 1}, measured.Accuracy)
	o, err := readOutcome(filepath.Join(dir, "r2"))
	require.NoError(t, err)
	for i, test := range measured.Tests {
		recorded := o.summary.Tests[i]
		recorded.NLL, recorded.ECE, recorded.Reliability = test.NLL, test.ECE, test.Reliability // other batches, other last bits
		require.Equal(t, recorded, test)
		require.InDelta(t, o.summary.Tests[i].NLL, test.NLL, 1e-5)
		require.InDelta(t, o.summary.Tests[i].ECE, test.ECE, 1e-5)
	}
	require.Len(t, measured.Tests, 2)
	// The images that a run trained on are augmented, without those held out and other domains.
	succeed(t, dir, "augment", "--weights", "r2", "--data", "domains", "--loops-adv", "1", "--out", "moved", "--format", "npy")
	made, err := npy.Read(filepath.Join(dir, "moved", "labels.npy"))
	require.NoError(t, err)
	require.Equal(t, []int{16}, made.Shape)

	refused := invoke(t, dir, append(run, "--data", "alone", "--holdout", "0")...)
	require.Equal(t, exitData, refused.code)
	require.Contains(t, refused.err, "nothing to test on: use --holdout 0.2")
	plainPictures(t, dir, 1, "pairs/dog", "pairs/horse")
	for _, flags := range [][]string{nil, {"--holdout", "0.2"}} {
		refused = invoke(t, dir, append(append(run, "--data", "pairs"), flags...)...)
		require.Equal(t, exitData, refused.code)
		require.Contains(t, refused.err, "nothing to test on: --holdout 0.2 holds none of 2 training images out")
	}
	checked := invoke(t, dir, "data", "check", "pairs")
	require.Equal(t, exitData, checked.code)
	require.Contains(t, checked.out, "warning: a single picture to train on: dog and horse")
	require.Equal(t, refused.err, checked.err, "as train has it")
	refused = invoke(t, dir, append(run, "--data", "classes/dog")...)
	require.Equal(t, exitUsage, refused.code)
	require.Contains(t, refused.err, "<domain>/<class>/<picture>")
	refused = invoke(t, dir, append(run, "--data", "domains", "--target", "cartoon")...)
	require.Equal(t, exitData, refused.code)
	require.Contains(t, refused.err, `no domain "cartoon" to test on, there are photo, sketch`)
	refused = invoke(t, dir, append(run, "--data", "nowhere")...)
	require.Equal(t, exitUsage, refused.code)
	require.Contains(t, refused.err, "nowhere: no such file or directory")
}

// Everything that is wrong with pictures is told at once, and gone on without if
// that is wished for.
func TestCheckAndSkipBadPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 10, "p/train/dog", "p/train/horse", "p/test-far/dog", "p/test-far/horse", "tests/test-far/dog", "tests/test-far/horse")
	good := invoke(t, dir, "data", "check", "p")
	require.Zero(t, good.code)
	require.Equal(t, "train/<class>/<picture>: 2 classes, 10 pictures each, 16 to train on, 4 held out, domain far\n", good.out)
	require.Contains(t, succeed(t, dir, "data", "check", "tests").out, "2 classes, domain far")
	bad := []string{"p/train/dog/empty.png", "p/train/dog/half.jpg", "p/test-far/dog/noise.gif"}
	for i, path := range bad {
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte("GIF89a")[:6*min(i, 1)], 0o666))
	}
	plainPictures(t, dir, 1, "p/train/Dog")
	train := []string{"train", "--data", "p", "--model", small, "--algorithm", "erm", "--max-steps", "2", "--out", "r", "--class-weights", "balanced"}
	for _, args := range [][]string{{"data", "check", "p"}, train} {
		r := invoke(t, dir, args...)
		require.Equal(t, exitData, r.code)
		for _, path := range bad {
			require.Contains(t, r.err, filepath.FromSlash(path)+": ")
		}
		require.Contains(t, r.err, "empty.png: an empty file")
	}
	checked := invoke(t, dir, "data", "check", "p").out
	require.Contains(t, checked, "left out: 3 unreadable")
	require.Contains(t, checked, "warning: the classes Dog and dog differ only in case\n")
	require.Contains(t, checked, "warning: a single picture to train on: Dog\n")

	r := succeed(t, dir, append(train, "--skip-bad")...)
	require.Contains(t, r.err, "3 classes, 1 to 10 pictures each")
	require.Contains(t, r.err, "warning: dog has 10 pictures, Dog 1\n")
	o, err := readOutcome(filepath.Join(dir, "r"))
	require.NoError(t, err)
	require.Equal(t, 3, o.summary.Skipped.Count)
	require.Len(t, o.summary.Skipped.Pictures, 3)
	require.Contains(t, o.summary.Skipped.Pictures[0], "empty.png: an empty file")
	require.True(t, o.config.SkipBad)
	require.EqualValues(t, "balanced", o.config.ClassWeights)

	// What one command leaves out all leave out, and tell of.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p/test-far/dog/a.heic"), nil, 0o666))
	for _, c := range []struct {
		args []string
		told string
	}{
		{[]string{"eval", "--weights", "r"}, "left out: 1 .heic, 1 unreadable"},
		{[]string{"augment", "--weights", "r", "--images", "1", "--loops-adv", "1", "--out", "a"}, "left out: 1 .heic, 3 unreadable"},
		{[]string{"corrupt", "--domain", "far", "--corruptions", "fog", "--out", "c", "--quiet"}, "left out: 1 .heic, 1 unreadable"},
	} {
		args := append(c.args, "--data", "p")
		refused := invoke(t, dir, args...)
		require.Equal(t, exitData, refused.code, args)
		require.Contains(t, refused.err, "\n--skip-bad goes on without what cannot be read\n", args)
		require.Contains(t, succeed(t, dir, append(args, "--skip-bad")...).err, c.told, args)
	}
	// Pictures to train on of which none is there are no set of tests alone.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gone.csv"), []byte("a.png,dog,,train\nb.png,horse,,train\n"+
		"tests/test-far/dog/0.png,dog,,test\ntests/test-far/horse/0.png,horse,,test\n"), 0o666))
	gone := invoke(t, dir, "data", "check", "gone.csv")
	require.Equal(t, exitData, gone.code)
	require.Contains(t, gone.err, "a.png: no such file")
	require.Contains(t, gone.err, "b.png: no such file")

	long := image.NewGray(image.Rect(0, 0, 303, 3))
	var content bytes.Buffer
	require.NoError(t, png.Encode(&content, long))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests/test-far/dog/long.png"), content.Bytes(), 0o666))
	succeed(t, dir, "data", "check", "tests")
	cropped := invoke(t, dir, "data", "check", "tests", "--resize", "crop")
	require.Equal(t, exitData, cropped.code)
	require.Contains(t, cropped.err, "long.png: a picture of 3x303 pixels is too long to be cropped")

	predicted := invoke(t, dir, "predict", "--weights", "r", "p")
	require.Equal(t, exitData, predicted.code)
	require.Contains(t, predicted.err, "left out: 1 .heic\n")
	require.Contains(t, predicted.err, "\nmeada-cpu: 3 of 44 pictures cannot be read\n")
	require.Equal(t, exitUsage, invoke(t, dir, "data", "check").code)
}

// Grey of 16 bits, as from microscopes, becomes white above 255: every command says so,
// with pictures from a cache too.
func TestClippedGreyIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 4, "p/train/dog", "p/train/horse", "p/test/dog", "p/test/horse")
	deep, shallow := image.NewGray16(image.Rect(0, 0, 8, 8)), image.NewGray16(image.Rect(0, 0, 8, 8))
	deep.SetGray16(7, 7, color.Gray16{Y: 256})
	shallow.SetGray16(7, 7, color.Gray16{Y: 255})
	for _, path := range []string{"p/train/dog/a.png", "p/train/horse/a.png", "p/test/dog/a.png"} {
		writePicture(t, filepath.Join(dir, path), deep)
	}
	writePicture(t, filepath.Join(dir, "p/test/horse/a.png"), shallow)
	const one, three = "warning: 1 picture has grey of 16 bits above 255", "warning: 3 pictures have grey of 16 bits above 255"
	require.Contains(t, succeed(t, dir, "data", "check", "p").out, three)
	train := []string{"train", "--data", "p", "--model", small, "--algorithm", "erm", "--max-steps", "1", "--batch-size", "2"}
	require.Contains(t, succeed(t, dir, append(train, "--out", "r")...).err, three)
	for _, name := range []string{"decoded", "cached"} {
		require.Contains(t, succeed(t, dir, append(train, "--out", name, "--cache", "cache")...).err, three)
	}
	for _, args := range [][]string{
		{"eval", "--weights", "r", "--data", "p"},
		{"eval", "--weights", "r", "--data", "p", "--json"},
		{"corrupt", "--data", "p", "--corruptions", "fog", "--out", "c", "--quiet"},
		{"predict", "--weights", "r", "p/test"},
	} {
		require.Contains(t, succeed(t, dir, args...).err, one, args)
	}
	require.Contains(t, succeed(t, dir, "augment", "--weights", "r", "--data", "p", "--images", "1", "--loops-adv", "1", "--out", "a").err, three)
}

// Classes are matched by their names wherever weights meet pictures.
func TestClassesAreMatchedByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 10, "good/train/dog", "good/train/horse", "good/test-far/dog", "good/test-far/horse",
		"tests/test-far/dog", "tests/test-far/horse", "one/test-far/horse")
	train := []string{"train", "--model", small, "--algorithm", "erm", "--lr", "1e-2", "--max-steps", "30", "--quiet"}
	succeed(t, dir, append(train, "--data", "good", "--out", "r")...)
	weights := filepath.Join("r", runfolder.LastFile)
	accuracy := func(data string) map[string]float64 {
		var measured struct{ Accuracy map[string]float64 }
		require.NoError(t, json.Unmarshal([]byte(succeed(t, dir, "eval", "--weights", weights, "--data", data, "--json").out), &measured))
		return measured.Accuracy
	}
	require.Equal(t, 1.0, accuracy("good")["far"])
	require.Equal(t, 1.0, accuracy("tests")["far"], "no train folder is needed")
	require.Equal(t, 1.0, accuracy("one")["far"], "nor every class")

	// horse and zebra: dog's column is not horse's.
	for _, part := range []string{"train", "test-far"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "shifted", part), 0o777))
		require.NoError(t, os.Rename(filepath.Join(dir, "good", part, "horse"), filepath.Join(dir, "shifted", part, "horse")))
		require.NoError(t, os.Rename(filepath.Join(dir, "good", part, "dog"), filepath.Join(dir, "shifted", part, "zebra")))
	}
	both := "the classes of the data are horse, zebra, those of the weights dog, horse"
	for _, args := range [][]string{{"eval"}, {"augment", "--out", "a"}} {
		r := invoke(t, dir, append(args, "--weights", weights, "--data", "shifted")...)
		require.Equal(t, exitData, r.code)
		require.Contains(t, r.err, both)
	}
	train = append(train[:len(train)-1], "--weights", weights)
	r := invoke(t, dir, append(train, "--data", "shifted", "--out", "refused")...)
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "the classes of the data are horse and zebra, those of the weights dog and horse; --new-head begins the last layer anew")
	require.NoDirExists(t, filepath.Join(dir, "refused"))
	r = invoke(t, dir, "predict", "--weights", weights, "shifted")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "its folders are named like classes, but for zebra: those of the weights are dog and horse")
	r = succeed(t, dir, append(train, "--data", "shifted", "--new-head", "--out", "again")...)
	require.Contains(t, strings.Join(strings.Fields(r.err), " "), "but for its last layer, which is for other classes (dog and horse) than the data (horse and zebra)")

	// The same classes in another order, as a network of another program may have them.
	w, err := zoo.ReadWeights(filepath.Join(dir, weights))
	require.NoError(t, err)
	network, err := w.Network()
	require.NoError(t, err)
	_, err = w.Begin(network, []string{"horse", "dog"})
	require.NoError(t, err)
	require.NoError(t, network.Save(filepath.Join(dir, "turned.safetensors"), zoo.Metadata(network, "folder", []string{"horse", "dog"}, 30)))
	weights = "turned.safetensors"
	require.Equal(t, 1.0, accuracy("tests")["far"])
	turned := predictions(t, dir, "--weights", weights, "tests")
	require.NotEmpty(t, turned)
	for _, p := range turned {
		require.Equal(t, filepath.Base(filepath.Dir(p.File)), p.Class)
	}
	succeed(t, dir, "augment", "--weights", weights, "--data", "tests/test-far", "--out", "more")
	for _, class := range []string{"dog", "horse"} {
		made, err := filepath.Glob(filepath.Join(dir, "more", class, "*.png"))
		require.NoError(t, err)
		require.Len(t, made, 10)
	}
	r = succeed(t, dir, append(train[:len(train)-1], weights, "--data", "tests/test-far", "--out", "on")...)
	require.NotContains(t, r.err, "other classes")
	o, err := readOutcome(filepath.Join(dir, "on"))
	require.NoError(t, err)
	onHeld, _ := o.summary.Accuracy.Last.Of("held-out")
	require.Equal(t, 1.0, onHeld)
}

// How pictures become squares goes with the weights.
func TestResizeGoesWithTheWeights(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for c, class := range []string{"blue", "red"} { // stripes at the sides, the class in the middle
		for i := range 10 {
			m := image.NewRGBA(image.Rect(0, 0, 48, 16))
			for p := range 48 * 16 {
				x := p % 48
				m.SetRGBA(x, p/48, color.RGBA{uint8(20 * i), uint8(x * 5), uint8(200 - 10*i), 255})
				if x >= 16 && x < 32 {
					m.SetRGBA(x, p/48, color.RGBA{uint8(200 * c), uint8(i), uint8(200 * (1 - c)), 255})
				}
			}
			writePicture(t, filepath.Join(dir, "p", class, fmt.Sprintf("%d.png", i)), m)
		}
	}
	succeed(t, dir, "train", "--data", "p", "--model", small, "--algorithm", "erm", "--lr", "1e-2", "--max-steps", "30", "--resize", "crop", "--out", "r", "--quiet")
	weights := filepath.Join("r", runfolder.LastFile)
	w, err := zoo.ReadWeights(filepath.Join(dir, weights))
	require.NoError(t, err)
	require.Equal(t, "crop", w.Metadata[zoo.MetaResize])
	logits := func(name string, more ...string) []byte {
		succeed(t, dir, append([]string{"eval", "--weights", weights, "--data", "p", "--logits", name}, more...)...)
		content, err := os.ReadFile(filepath.Join(dir, name, "test.npy"))
		require.NoError(t, err)
		return content
	}
	usual := logits("usual")
	require.Equal(t, logits("crop", "--resize", "crop"), usual)
	require.NotEqual(t, logits("squash", "--resize", "squash"), usual)
	require.NotEqual(t, logits("pad", "--resize", "pad"), usual)
	table := func(more ...string) []predict.Prediction {
		return predictions(t, dir, append([]string{"--weights", weights, "p"}, more...)...)
	}
	require.Equal(t, table("--resize", "crop"), table())
	require.NotEqual(t, table("--resize", "pad"), table())

	succeed(t, dir, "augment", "--weights", weights, "--data", "p", "--out", "a", "--lr-max", "0", "--images", "1")
	paths, err := filepath.Glob(filepath.Join(dir, "a", "*", "*.png"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	f, err := os.Open(paths[0])
	require.NoError(t, err)
	defer f.Close()
	made, err := png.Decode(f)
	require.NoError(t, err)
	red, _, blue, _ := made.At(1, 16).RGBA()
	require.Equal(t, uint32(200), red>>8+blue>>8, "the middle fills the image")

	r := invoke(t, dir, "train", "--resize", "pad")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--resize and --cache are for pictures in files, of which synthetic-digits has none")
}

// A set that is larger than memory is refused before it is read.
func TestPicturesLargerThanMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 200, "p/dog", "p/horse")
	r := invoke(t, dir, "train", "--data", "p", "--model", small, "--max-memory", "1MB")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "400 images of 3x32x32 take 1.2 MB of memory, more than the 1.0 MB allowed by --max-memory")
}
