package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// pretrained trains the small network for a moment and returns its weights.
func pretrained(t *testing.T, dir, data string) string {
	t.Helper()
	succeed(t, dir, shortCIFAR(data, "--algorithm", "erm", "--epochs", "1", "--out", "base", "--quiet")...)
	return filepath.Join(dir, "base", "last.safetensors")
}

func tensorsOf(t *testing.T, path string) map[string]safetensors.Tensor {
	t.Helper()
	tensors, _, err := safetensors.Read(path)
	require.NoError(t, err)
	byName := map[string]safetensors.Tensor{}
	for _, x := range tensors {
		byName[x.Name] = x
	}
	return byName
}

func TestFineTuning(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyCIFAR(t)
	weights := pretrained(t, dir, data)
	r := succeed(t, dir, shortCIFAR(data, "--weights", weights, "--lr-backbone", "1e-30", "--freeze-bn")...)
	require.Contains(t, strings.Join(strings.Fields(r.err), " "), "backbone's lr 1e-30, statistics of batch normalisation frozen")
	last := filepath.Join(dir, "r", "last.safetensors")
	before, after := tensorsOf(t, weights), tensorsOf(t, last)
	for name, x := range before {
		if strings.HasPrefix(name, "fc") {
			require.NotEqual(t, x.Data, after[name].Data, name)
		} else {
			require.Equal(t, x, after[name])
		}
	}
	config := readJSON(t, filepath.Join(dir, "r", "config.json"))
	require.Equal(t, true, config["freeze_bn"])
	require.Equal(t, 1e-30, config["lr_backbone"])

	// The record sets the same again, and only that.
	succeed(t, dir, "train", "--config", filepath.Join("r", "config.json"), "--out", "again", "--quiet")
	a, err := os.ReadFile(last)
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "again", "last.safetensors"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(a, b))

	// Without the flags both move.
	succeed(t, dir, shortCIFAR(data, "--weights", weights, "--out", "free", "--quiet")...)
	for name, x := range tensorsOf(t, filepath.Join(dir, "free", "last.safetensors")) {
		require.NotEqual(t, before[name], x, name)
	}
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyCIFAR(t)
	weights := pretrained(t, dir, data)
	r := succeed(t, dir, shortCIFAR(data, "--weights", weights, "--freeze")...)
	require.Contains(t, strings.Join(strings.Fields(r.err), " "), ", of the layers behind the embedding alone")
	require.Contains(t, r.err, "20 -> 40", "phases ascend through the frozen backbone")
	before := tensorsOf(t, weights)
	for name, x := range tensorsOf(t, filepath.Join(dir, "r", "last.safetensors")) {
		if strings.HasPrefix(name, "fc") {
			require.NotEqual(t, before[name].Data, x.Data, name)
		} else {
			require.Equal(t, before[name], x)
		}
	}
	config := readJSON(t, filepath.Join(dir, "r", "config.json"))
	require.Equal(t, true, config["freeze"])
	require.NotContains(t, config, "flip", "images are as they are")
	succeed(t, dir, "train", "--config", filepath.Join("r", "config.json"), "--out", "again", "--quiet")
	require.Equal(t, tensorsOf(t, filepath.Join(dir, "r", "last.safetensors")), tensorsOf(t, filepath.Join(dir, "again", "last.safetensors")))
}

// Behind a run that moved no images augment moves them as the run's preset would.
func TestAugmentAsThePreset(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), ownPictures(t)
	succeed(t, dir, "train", "--preset", "pictures", "--weights", "none", "--data", data, "--image-size", "32", "--batch-size", "5",
		"--max-steps", "1", "--quiet", "--out", "r")
	weights := filepath.Join(dir, "r", "last.safetensors")
	bare := filepath.Join(dir, "bare.safetensors")
	content, err := os.ReadFile(weights)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(bare, content, 0o600))
	moved := map[string][]uint8{}
	for out, flags := range map[string][]string{
		"behind": {"--weights", weights},
		"named":  {"--weights", bare, "--loops-adv", "5", "--lr-max", "20", "--gamma", "1", "--eta", "10", "--batch-size", "32"},
		"pacs":   {"--weights", bare}, // the preset for such networks and any pictures
	} {
		succeed(t, dir, append([]string{"augment", "--data", data, "--images", "2", "--format", "npy", "--out", out}, flags...)...)
		made, err := npy.Read(filepath.Join(dir, out, "images.npy"))
		require.NoError(t, err)
		moved[out] = made.Bytes
	}
	require.Equal(t, moved["named"], moved["behind"])
	require.NotEqual(t, moved["pacs"], moved["behind"])
}

// Images of another size, which the weights then name to eval, predict and augment.
func TestImageSize(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), ownPictures(t)
	args := []string{"train", "--dataset", "folder", "--data", data, "--algorithm", "erm", "--batch-size", "10", "--max-steps", "2", "--quiet"}
	succeed(t, dir, append(args, "--model", "efficientnet-lite0", "--image-size", "48", "--out", "r")...)
	o, err := readOutcome(filepath.Join(dir, "r"))
	require.NoError(t, err)
	require.Equal(t, 48, o.config.ImageSize)
	weights := filepath.Join("r", "last.safetensors")
	var printed struct{ Accuracy map[string]float64 }
	out := succeed(t, dir, "eval", "--weights", weights, "--data", data, "--json").out
	require.NoError(t, json.Unmarshal([]byte(out), &printed))
	for _, name := range []string{"test", "dim"} {
		want, _ := o.summary.Accuracy.Last.Of(name)
		require.Equal(t, want, printed.Accuracy[name], name)
	}
	require.Len(t, predictions(t, dir, "--weights", weights, filepath.Join(data, "test")), 15)
	succeed(t, dir, "augment", "--weights", weights, "--data", data, "--images", "2", "--loops-adv", "1", "--out", "own")

	for _, flags := range [][]string{nil, {"--model", "efficientnet-lite0"}} {
		var again settings
		require.NoError(t, again.parse(slices.Concat(args[1:], []string{"--algorithm", "cutout", "--weights", filepath.Join(dir, "r")}, flags)))
		require.Equal(t, []string{"efficientnet-lite0", "pictures"}, []string{again.Model, again.Preset})
		require.Equal(t, []int{48, 24}, []int{again.ImageSize, again.Cutout})
		require.Empty(t, again.Resize)
	}

	for want, flags := range map[string][]string{
		"--image-size 160: alexnet takes images of 224 pixels alone; efficientnet-lite0, resnet18, resnet34, resnet50 take others": {
			"--model", "alexnet", "--image-size", "160"},
		"--image-size 64: lenet5 takes images of 32 pixels alone": {"--model", "lenet5", "--image-size", "64"},
		"--image-size 20: resnet18 takes images of 32 to 1024":    {"--model", "resnet18", "--image-size", "20"},
	} {
		r := invoke(t, dir, append(args, append(flags, "--out", "refused")...)...)
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.err, want)
	}
	require.NoDirExists(t, filepath.Join(dir, "refused"))
}

// Published weights are taken from the cache.
func TestPretrained(t *testing.T) {
	t.Parallel()
	dir, data, cache := t.TempDir(), ownPictures(t), t.TempDir()
	train := func(env string) (string, int) {
		c := exec.Command(command, "train", "--dataset", "folder", "--data", data, "--algorithm", "erm", "--model", "efficientnet-lite0",
			"--weights", "pretrained", "--freeze", "--image-size", "32", "--max-steps", "1", "--out", "r")
		c.Dir, c.Env = dir, append(os.Environ(), "MEADA_CACHE="+env)
		out, err := c.CombinedOutput()
		require.True(t, err == nil || errors.As(err, new(*exec.ExitError)), err)
		return string(out), c.ProcessState.ExitCode()
	}
	out, code := train(cache)
	require.Equal(t, exitData, code)
	require.Contains(t, out, "to get it: meada-cpu data fetch efficientnet-lite0")
	require.NoDirExists(t, filepath.Join(dir, "r"))

	network := zoo.EfficientNetLite0(1000)
	network.Init(3)
	path := filepath.Join(cache, "tf_efficientnet_lite0-0aa007d2.pth")
	require.NoError(t, network.Save(path, nil))
	out, code = train(cache)
	require.Zero(t, code, out)
	require.Contains(t, strings.Join(strings.Fields(out), " "), path+", but for its last layer")
	require.Equal(t, "pretrained", readJSON(t, filepath.Join(dir, "r", "config.json"))["weights"])
	want, got := tensorsOf(t, path), tensorsOf(t, filepath.Join(dir, "r", "last.safetensors"))
	require.Equal(t, want["conv_stem.weight"].Data, got["conv_stem.weight"].Data)
}

// Own pictures are fine-tuned where the weights for that are there.
func TestPicturesPreset(t *testing.T) {
	// Not parallel: the other tests have no weights in their cache.
	parse := func(args ...string) settings {
		var s settings
		require.NoError(t, s.parse(append([]string{"--data", "D"}, args...)))
		return s
	}
	t.Setenv("MEADA_CACHE", t.TempDir())
	require.Equal(t, "quick", parse("--dataset", "folder").Preset)
	r := invoke(t, t.TempDir(), "train", "--preset", "pictures", "--data", "D")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "to get it: meada-cpu data fetch efficientnet-lite0")
	require.Equal(t, "efficientnet-lite0", parse("--dataset", "folder", "--weights", "pretrained").Model)

	require.NoError(t, os.WriteFile(filepath.Join(catalog.CacheFolder(), "tf_efficientnet_lite0-0aa007d2.pth"), nil, 0o666))
	for _, s := range []settings{parse("--dataset", "folder"), parse("--preset", "pictures"), parse("--dataset", "folder", "--model", "efficientnet-lite0")} {
		require.Equal(t, []string{"folder", "efficientnet-lite0", "pictures", "pretrained"}, []string{s.Dataset, s.Model, s.Preset, s.Weights})
		require.True(t, s.FreezeBN)
	}
	for _, args := range [][]string{{"--model", "lenet5"}, {"--preset", "quick"}, {"--model", "resnet18"}} {
		s := parse(append(args, "--dataset", "folder")...)
		require.Empty(t, s.Weights, args)
		require.NotEqual(t, "pictures", s.Preset)
	}
	// What a run began without is not added when it is begun again.
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"dataset": "folder", "data": "D", "preset": "quick", "model": "lenet5"}`), 0o666))
	var s settings
	require.NoError(t, s.parse([]string{"--config", path}))
	require.Empty(t, s.Weights)
}

func TestFineTuningRefuses(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyCIFAR(t)
	r := invoke(t, dir, shortCIFAR(data, "--freeze-bn")...)
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--freeze-bn: random weights have no statistics to keep, expected --weights FILE")
	r = invoke(t, dir, shortCIFAR(data, "--freeze")...)
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--freeze: random weights are not worth keeping, expected --weights FILE")
	r = invoke(t, dir, shortCIFAR(data, "--freeze", "--lr-backbone", "0.1", "--weights", "w")...)
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--lr-backbone 0.1 and --freeze: expected one of them")
	r = invoke(t, dir, shortCIFAR(data, "--freeze", "--flip", "--weights", "w")...)
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--flip true and --freeze: expected one of them")
	r = invoke(t, dir, "train", "--data", ownPictures(t), "--model", "resnet18", "--image-size", "32", "--batch-size", "1", "--out", "r")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--batch-size 1: BatchSize 1 with ")
	r = invoke(t, dir, short(tinyDigits(t), "--freeze-bn", "--weights", "w")...)
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--freeze-bn: "+small+" has no batch normalisation")
	r = invoke(t, dir, short(tinyDigits(t), "--manifold", "--noise", "0.5")...)
	require.Equal(t, 2, r.code, r.err)
	require.Contains(t, r.err, "--manifold: "+small+" has no stages to mix images behind, expected one of wrn, resnext,")
	require.NoDirExists(t, filepath.Join(dir, "r"))
}
