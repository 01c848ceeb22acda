package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	data, dir := tinyDigits(t), t.TempDir()
	succeed(t, dir, short(data, "--out", "first", "--quiet", "--seed", "18446744073709551615", "--gamma", "0.1")...)
	config := filepath.Join("first", "config.json")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return b
	}
	succeed(t, dir, "train", "--config", "first", "--out", "again", "--quiet") // or the file in it, see below
	require.True(t, bytes.Equal(read("first/last.safetensors"), read("again/last.safetensors")), "the same run again")
	first, err := readOutcome(filepath.Join(dir, "first"))
	require.NoError(t, err)
	again, err := readOutcome(filepath.Join(dir, "again"))
	require.NoError(t, err)
	require.Equal(t, first.config.Settings, again.config.Settings)

	// Flags win over the file, wherever they stand.
	succeed(t, dir, "train", "--seed", "5", "--config", config, "--out", "other", "--quiet", "--algorithm=erm")
	other, err := readOutcome(filepath.Join(dir, "other"))
	require.NoError(t, err)
	require.EqualValues(t, 5, other.config.Seed)
	require.EqualValues(t, "erm", other.config.Algorithm)
	require.Equal(t, 0.1, other.config.Gamma)

	// As a sweep's shared setting.
	r := succeed(t, dir, "sweep", "--config", config, "--seeds", "5", "--algorithms", "erm", "--out", "sweep", "--quiet")
	require.Contains(t, r.out, "| ERM | last | 1 |")

	for message, change := range map[string]func(map[string]any){
		`unknown field "learning_rate"`:              func(c map[string]any) { c["learning_rate"] = 1 },
		"batch-size 0: expected a whole number":      func(c map[string]any) { c["batch_size"] = 0 },
		"cannot unmarshal string":                    func(c map[string]any) { c["batch_size"] = "many" },
		"--algorithm sgd: expected erm, ada, me-ada": func(c map[string]any) { c["algorithm"] = "sgd" },
	} {
		var c map[string]any
		numbers := json.NewDecoder(bytes.NewReader(read(config)))
		numbers.UseNumber() // the seed is beyond a float64's precision
		require.NoError(t, numbers.Decode(&c))
		change(c)
		text, err := json.Marshal(c)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "changed.json"), text, 0o666))
		r := invoke(t, dir, "train", "--config", "changed.json", "--out", "refused")
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.err, message)
	}
	for content, message := range map[string]string{"": "the file is empty", "{} {}": "more than one", "[1]": "cannot unmarshal"} {
		path := filepath.Join(dir, "wrong.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
		_, err := configFlags("--config", path)
		require.ErrorContains(t, err, "--config "+path)
		require.ErrorContains(t, err, message)
	}
	_, err = configFlags("--config", "gone.json")
	require.ErrorContains(t, err, "--config gone.json: no such file")
	require.NoDirExists(t, filepath.Join(dir, "refused"))
}

// Every setting that a run records can be given back as a flag.
func TestConfigCoversTheSettings(t *testing.T) {
	t.Parallel()
	var s settings
	require.NoError(t, s.parse([]string{"--preset", "cifar10", "--data", "d", "--max-steps", "1", "--weights", "w", "--resized-crop", "0.7",
		"--jitter", "0.3", "--grey", "0.1", "--views", "augmix", "--cutout", "8", "--consistency", "12", "--label-smoothing", "0.1"}))
	text, err := json.Marshal(s.Settings)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	s.define(set)
	names := cli.Names(set)
	for key := range fields {
		require.Contains(t, names, strings.ReplaceAll(key, "_", "-"))
	}
}

// What a record leaves out because it is 0 is not what the preset has.
func TestConfigKeepsZeros(t *testing.T) {
	t.Parallel()
	var s, again settings
	require.NoError(t, s.parse([]string{"--preset", "cifar10", "--data", "d", "--momentum", "0", "--decay", "0", "--k", "0", "--lr-max", "0",
		"--algorithm", "autoaugment", "--flip=false", "--crop", "0", "--views", "none"}))
	text, err := json.Marshal(s.Settings)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(`"threads":0`), []byte(`"threads":1`)), 0o666))
	require.NoError(t, again.parse([]string{"--config", path}))
	require.Equal(t, s.Settings.Settings, again.Settings.Settings)
	require.Zero(t, again.Momentum)
	require.False(t, again.Flip)
	require.Zero(t, again.Crop)
	require.Empty(t, again.Views)
}

// Another method than the recorded one has its own settings, but for those that the run
// had otherwise than its method.
func TestConfigOfAnotherMethod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		recorded, flags string
		want            string
	}{
		{"--algorithm randconv", "--algorithm erm", "--algorithm erm"},
		{"--algorithm erm", "--algorithm randconv", "--algorithm randconv"},
		{"--algorithm erm --lr 3e-3 --cutout 4", "--algorithm advst", "--algorithm advst --lr 3e-3 --cutout 4"},
		{"--algorithm augmix --preset cifar10 --data d", "--algorithm cutout --consistency 5", "--algorithm cutout --preset cifar10 --data d --consistency 5"},
		{"--algorithm augmix --preset cifar10 --data d --consistency 3", "--algorithm augmix", "--algorithm augmix --preset cifar10 --data d --consistency 3"},
	} {
		var recorded, other, want settings
		require.NoError(t, recorded.parse(strings.Fields(c.recorded)))
		require.NoError(t, want.parse(strings.Fields(c.want)))
		text, err := json.Marshal(recorded.Settings)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(`"threads":0`), []byte(`"threads":1`)), 0o666))
		require.NoError(t, other.parse(append(strings.Fields(c.flags), "--config", path)))
		require.Equal(t, want.Settings.Settings, other.Settings.Settings, c)
	}
}

// A run of pgd whose record names no start began at random, and goes on so. Another start
// is recorded, and another method begins as it is given.
func TestConfigOfRandomStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		recorded string
		in       bool // the record has the start
		flags    string
		random   bool
	}{
		{"--algorithm pgd", false, "", true},
		{"--algorithm pgd --random-start", false, "", true},
		{"--algorithm pgd", false, "--random-start=false", false},
		{"--algorithm pgd --random-start=false", true, "", false},
		{"--algorithm pgd --random-start=false", true, "--random-start", true},
		{"--algorithm pgd", false, "--algorithm ada --ball l2 --radius 1", false},
		{"--algorithm me-ada --ball l2 --radius 1", false, "", false},
		{"--algorithm me-ada --ball l2 --radius 1", false, "--algorithm pgd", true},
		{"--algorithm me-ada --ball l2 --radius 1 --random-start", true, "", true},
		{"--algorithm me-ada --ball l2 --radius 1 --random-start", true, "--algorithm ada", true},
		{"--algorithm me-ada --ball l2 --radius 1 --random-start", true, "--random-start=false", false},
	} {
		var recorded, again settings
		require.NoError(t, recorded.parse(strings.Fields(c.recorded)))
		text, err := json.Marshal(recorded.Settings)
		require.NoError(t, err)
		require.Equal(t, c.in, bytes.Contains(text, []byte(`"random_start"`)), c)
		path := filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(`"threads":0`), []byte(`"threads":1`)), 0o666))
		require.NoError(t, again.parse(append(strings.Fields(c.flags), "--config", path)), c)
		require.Equal(t, c.random, again.StartsAtRandom(), c)
	}
	var s settings
	require.ErrorContains(t, s.parse(strings.Fields("--algorithm me-ada --random-start")), "--random-start: the ascent has no ball, expected --ball linf or l2 too")
	require.ErrorContains(t, s.parse(strings.Fields("--algorithm pgd --random-start=maybe")), "--random-start maybe: expected true or false")
}

// What goes with data, with a frozen backbone or with the machine follows the flags.
func TestConfigFollowsFlags(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(data, "a", "CIFAR-10-C"), 0o777))
	require.NoError(t, os.MkdirAll(filepath.Join(data, "b", "CIFAR-10-C"), 0o777))
	record := func(flags ...string) (path string, s settings) {
		require.NoError(t, s.parse(flags))
		text, err := json.Marshal(s.Settings)
		require.NoError(t, err)
		path = filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(`"threads":0`), []byte(`"threads":2`)), 0o666))
		return path, s
	}
	path, was := record("--dataset", "cifar10", "--data", filepath.Join(data, "a"))
	require.Equal(t, filepath.Join(data, "a", "CIFAR-10-C"), was.Images.Corruptions)
	var moved, same, given settings
	require.NoError(t, moved.parse([]string{"--config", path, "--data", filepath.Join(data, "b")}))
	require.Equal(t, filepath.Join(data, "b", "CIFAR-10-C"), moved.Images.Corruptions)
	require.Zero(t, moved.Threads, "the CPUs of this machine")
	difference, err := runfolder.FirstDifference(&was.Settings, &moved.Settings)
	require.NoError(t, err)
	require.Empty(t, difference)
	require.NoError(t, same.parse([]string{"--config", path}))
	require.Equal(t, was.Images.Corruptions, same.Images.Corruptions)
	require.NoError(t, given.parse([]string{"--config", path, "--data", filepath.Join(data, "b"), "--corruptions", "none", "--threads", "1"}))
	require.Equal(t, "none", given.Images.Corruptions)
	require.Equal(t, 1, given.Threads)
	difference, err = runfolder.FirstDifference(&was.Settings, &given.Settings)
	require.NoError(t, err)
	require.Equal(t, "corruptions CIFAR-10-C instead of none", difference)

	path, _ = record("--preset", "pictures", "--data", data, "--model", "resnet18", "--weights", "w")
	var frozen settings
	require.NoError(t, frozen.parse([]string{"--config", path, "--freeze"}))
	require.True(t, frozen.Freeze)
	require.Equal(t, catalog.ERM, frozen.Algorithm, "the head learns from images as they are")
	require.Empty(t, frozen.Views)
	require.ErrorContains(t, new(settings).parse([]string{"--config", path, "--freeze", "--algorithm", "randconv"}), "--freeze: the head learns from images as they are, without randaugment+randconv")

	var best settings
	require.NoError(t, best.parse([]string{"--preset", "digits-best", "--data", data, "--weights", "w", "--freeze"}))
	require.Equal(t, catalog.ERM, best.Algorithm)
	require.Zero(t, best.Contrast, "of embeddings that stay as they are")

	for _, c := range []struct{ recorded, flags, want string }{ // what follows from a flag that is no longer there
		{"--preset pictures --model resnet18 --weights w --freeze", "--freeze=false", "--preset pictures --model resnet18 --weights w --algorithm erm"},
		{"--preset pictures --model resnet18 --weights w", "--freeze", "--preset pictures --model resnet18 --weights w --freeze"},
		{"--preset pacs --algorithm advst", "--weights w", "--preset pacs --algorithm advst --weights w"},
		{"--preset pictures --model resnet18 --weights w", "--weights none", "--preset pictures --model resnet18 --weights none"},
		{"--dataset digits --preset quick", "--swa 0.5", "--dataset digits --preset quick --swa 0.5"},
		{"--preset pictures --model resnet18 --weights none", "--weights w", "--preset pictures --model resnet18 --weights w"},
		{"--preset pictures --weights w --algorithm advst", "--freeze", "--preset pictures --weights w --algorithm advst --freeze"},
		{"--preset pictures --weights w --algorithm advst --freeze", "--freeze=false", "--preset pictures --weights w --algorithm advst"},
		{"--preset pictures --weights none --image-size 64 --algorithm cutout", "--image-size 32", "--preset pictures --weights none --image-size 32 --algorithm cutout"},
		{"--preset pictures --weights none --image-size 64 --algorithm erm --cutout 9", "--image-size 32", "--preset pictures --weights none --image-size 32 --algorithm erm --cutout 9"},
		{"--dataset cifar10 --model wrn --algorithm erm", "--model densenet", "--dataset cifar10 --model densenet --algorithm erm"},
		{"--dataset cifar10 --model wrn --algorithm noisymix --epochs 3", "--model allconv", "--dataset cifar10 --model allconv --algorithm noisymix --epochs 3"},
		{"--dataset digits --preset quick --swa 0.5", "--ema 0.9", "--dataset digits --preset quick --ema 0.9"},
		{"--dataset digits --preset quick --swa 0.5", "--swa 0", "--dataset digits --preset quick"},
		{"--dataset digits --preset quick --ema 0", "--swa 0", "--dataset digits --preset quick --ema 0"},
		{"--dataset digits --preset quick --one-cycle 0.5", "--one-cycle 0", "--dataset digits --preset quick"},
		{"--dataset digits --preset quick --one-cycle 0.5", "--power 2", "--dataset digits --preset quick --power 2"},
		{"--dataset digits --preset quick --power 2", "--cosine", "--dataset digits --preset quick"},
		{"--dataset digits --preset quick --power 2", "--power 0", "--dataset digits --preset quick"},
		{"--preset pictures --model alexnet", "--one-cycle 0.3", "--preset pictures --model alexnet --one-cycle 0.3"},
		{"--preset pictures --model alexnet --power 0", "--lr 0.1", "--preset pictures --model alexnet --power 0 --lr 0.1"},
		{"--preset pictures --model alexnet --one-cycle 0.3", "--one-cycle 0", "--preset pictures --model alexnet"},
		{"--preset pictures --model alexnet --cosine", "--lr 0.1", "--preset pictures --model alexnet --cosine --lr 0.1"},
		{"--dataset cifar10 --model wrn --weights w --freeze", "--weights none", "--dataset cifar10 --model wrn"},
		{"--dataset digits --preset quick --class-weights balanced --max-steps 2", "--class-weights none --max-steps 0", "--dataset digits --preset quick"},
	} {
		path, _ := record(append(strings.Fields(c.recorded), "--data", data)...)
		var again, want settings
		require.NoError(t, again.parse(append(strings.Fields(c.flags), "--config", path)), c)
		require.NoError(t, want.parse(append(strings.Fields(c.want), "--data", data)), c)
		require.Equal(t, want.Settings.Settings, again.Settings.Settings, c)
		require.Equal(t, want.Weights, again.Weights, c)
	}
	path, _ = record("--preset", "quick")
	require.ErrorContains(t, new(settings).parse([]string{"--config", path, "--model", "allconv"}), "the preset is that of --config "+path)
}

// Without pretrained weights preset pictures trains its own network, every layer at one rate.
func TestPicturesFromRandomWeights(t *testing.T) {
	t.Parallel()
	var s settings
	require.NoError(t, s.parse([]string{"--preset", "pictures", "--dataset", "folder", "--data", "d", "--weights", "none"}))
	require.Equal(t, catalog.OwnNetwork, s.Model)
	require.Empty(t, s.Weights)
	require.False(t, s.FreezeBN)
	require.Zero(t, s.LRBackbone)
}

// An average of the weights that a flag asks for takes the place of the preset's.
func TestAverageOfTheFlags(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string][2]float64{"": {0.99, 0}, "--swa 0.5": {0, 0.5}, "--swa 0": {0.99, 0}, "--ema 0": {0, 0}} {
		var s settings
		require.NoError(t, s.parse(strings.Fields(flags)))
		require.Equal(t, want, [2]float64{s.EMA, s.SWA}, flags)
	}
}

// One cycle takes the place of a preset's cosine, and without weights there are no
// statistics of batch normalisation to keep.
func TestDefaultsThatFlagsReplace(t *testing.T) {
	t.Parallel()
	var s settings
	require.NoError(t, s.parse([]string{"--one-cycle", "0.3"}))
	require.False(t, s.Cosine)
	for flags, frozen := range map[string]bool{"": false, " --weights w": true, " --weights w --freeze-bn=false": false} {
		var s settings
		require.NoError(t, s.parse(strings.Fields("--preset pacs --data d --algorithm advst"+flags)))
		require.Equal(t, frozen, s.FreezeBN, flags)
	}
	require.ErrorContains(t, new(settings).parse([]string{"--dataset", "synthetic-digits", "--preset", "pictures"}),
		"--preset pictures: its network is efficientnet-lite0, but --dataset synthetic-digits takes lenet5")
	require.ErrorContains(t, new(settings).parse([]string{"--one-cycle", "0.3", "--cosine"}), "--one-cycle 0.3 and --cosine: expected one of them")
	require.ErrorContains(t, new(settings).parse(strings.Fields("--preset cifar10 --data d --one-cycle 0.3 --cosine")), "--one-cycle 0.3 and --cosine: expected one of them")
	require.ErrorContains(t, new(settings).parse([]string{"--one-cycle", "0.3", "--power", "2"}), "--one-cycle 0.3 and --power 2: expected one of them")
	require.ErrorContains(t, new(settings).parse([]string{"--cosine", "--power", "2"}), "--power 2 and --cosine: expected one of them")
	require.ErrorContains(t, new(settings).parse([]string{"--power", "101"}), "--power 101: expected 100 at most")
	for flags, power := range map[string]int{"": 3, " --cosine": 0, " --power 0": 0, " --power 2": 2, " --one-cycle 0.5": 0} {
		var s settings
		require.NoError(t, s.parse(strings.Fields("--preset pictures --data d"+flags)))
		require.Equal(t, power, s.Power, flags)
	}
	for flags, cycle := range map[string]float64{"": 0.25, " --cosine": 0, " --power 2": 0, " --one-cycle 0.3": 0.3} {
		var s settings
		require.NoError(t, s.parse(strings.Fields("--preset cifar10 --data d --algorithm prime"+flags)))
		require.Equal(t, cycle, s.OneCycle, flags)
	}
}
