package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

// tinyCIFAR writes a CIFAR-10 of random pictures, 20 to train on, 6 to test.
func tinyCIFAR(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	for name, n := range map[string]int{"data_batch_1.bin": 20, "test_batch.bin": 6} {
		var records []byte
		for i := range n {
			records = append(records, byte(i%10))
			for range 3 * 32 * 32 {
				records = append(records, byte(random.IntN(256)))
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), records, 0o666))
	}
	return dir
}

// shortCIFAR are flags for two epochs of a few steps with a phase between them.
func shortCIFAR(data string, more ...string) []string {
	return append([]string{"train", "--preset", "cifar10", "--data", data, "--batch-size", "8", "--epochs", "2", "--epochs-min", "2",
		"--model", smallWRN, "--k", "1", "--loops-adv", "1", "--out", "r"}, more...)
}

func TestCIFAR(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyCIFAR(t)
	r := succeed(t, dir, shortCIFAR(data, "--corruptions", "on-the-fly")...)
	require.Contains(t, r.err, "on-the-fly, 15 at 5 severities of 6 images")
	require.Contains(t, r.err, "20 -> 40")
	require.Contains(t, r.err, "data_batch_2.bin", "absent batches are named")
	require.Contains(t, r.out, "jpeg_compression")
	require.Contains(t, r.out, "mean accuracy")

	s := readJSON(t, filepath.Join(dir, "r", "summary.json"))
	require.EqualValues(t, 3+5, s["steps"])
	require.Equal(t, smallWRN, s["model"])
	last := s["accuracy"].(map[string]any)["last"].(map[string]any)
	require.Len(t, last, 3, "clean, average, step")
	table := s["corruptions"].(map[string]any)
	require.Len(t, table, 15)
	sum := 0.0
	for _, severities := range table {
		require.Len(t, severities, 5)
		for _, a := range severities.([]any) {
			sum += a.(float64)
		}
	}
	require.InDelta(t, sum/75, last["average"], 1e-12)

	weights := filepath.Join("r", "last.safetensors")
	_, metadata, err := safetensors.Read(filepath.Join(dir, weights))
	require.NoError(t, err)
	require.Equal(t, "mean=0.5,0.5,0.5 std=0.5,0.5,0.5", metadata["normalisation"])
	require.Contains(t, metadata["class_names"], `"airplane"`)

	// The same set from a folder gives the same figures, in eval too.
	set := filepath.Join(dir, "C")
	require.NoError(t, os.Mkdir(set, 0o777))
	succeed(t, dir, "corrupt", "--dataset", "cifar10", "--data", data, "--out", set, "--corruptions", "paper", "--quiet")
	r = succeed(t, dir, "eval", "--weights", weights, "--data", data, "--corruptions", set, "--json")
	var printed struct {
		Accuracy    map[string]float64
		Corruptions map[string][]float64
	}
	require.NoError(t, json.Unmarshal([]byte(r.out), &printed))
	require.InDelta(t, last["average"], printed.Accuracy["average"], 1e-12)
	require.Equal(t, last["clean"], printed.Accuracy["clean"])
	require.Len(t, printed.Corruptions, len(table))
	for name, severities := range printed.Corruptions {
		require.Len(t, severities, 5)
		for i, a := range severities {
			require.Equal(t, table[name].([]any)[i], a, name)
		}
	}

	// A folder among the data is found; what is missing in it is named.
	require.NoError(t, os.Rename(set, filepath.Join(data, "CIFAR-10-C")))
	require.NoError(t, os.Remove(filepath.Join(data, "CIFAR-10-C", "fog.npy")))
	r = succeed(t, dir, "eval", "--weights", weights, "--data", data)
	require.Contains(t, r.err, "not found: fog")
	require.Contains(t, r.out, "over 14 of 15 corruptions; absent: fog")
	r = succeed(t, dir, "eval", "--weights", weights, "--data", data, "--corruptions", "none")
	require.NotContains(t, r.out, "snow")
	r = succeed(t, dir, "eval", "--weights", weights, "--data", data, "--corruptions", "none", "--adapt", "bn", "--json")
	require.Contains(t, r.out, `"adapted":"bn"`)
	r = succeed(t, dir, "eval", "--weights", weights, "--data", data, "--test-images", "2")
	require.Contains(t, r.err, "14 at 5 severities of 2 images")
}

func TestMaxStepsLeavesACompleteRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	succeed(t, dir, shortCIFAR(tinyCIFAR(t), "--max-steps", "1", "--algorithm", "erm")...)
	s := readJSON(t, filepath.Join(dir, "r", "summary.json"))
	require.EqualValues(t, 1, s["steps"])
	require.Equal(t, true, s["complete"])
	require.FileExists(t, filepath.Join(dir, "r", "best.safetensors"))
}

// Weights for other classes serve all layers but the last.
func TestWeightsOfOtherClasses(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--loops-train", "1")...)
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "*", "last.safetensors"))
	require.NoError(t, err)
	tensors, _, err := safetensors.Read(runs[0])
	require.NoError(t, err)
	for i := range tensors {
		if tensors[i].Name == "fc3.weight" {
			tensors[i].Shape, tensors[i].Data = []int{4, 64}, tensors[i].Data[:4*64]
		}
		if tensors[i].Name == "fc3.bias" {
			tensors[i].Shape, tensors[i].Data = []int{4}, tensors[i].Data[:4]
		}
	}
	foreign := filepath.Join(dir, "foreign.safetensors")
	require.NoError(t, safetensors.Write(foreign, tensors, nil))
	r := succeed(t, dir, short(data, "--weights", foreign, "--lr", "0", "--out", "r")...)
	require.Contains(t, r.err, "but for its last layer")
	after, _, err := safetensors.Read(filepath.Join(dir, "r", "last.safetensors"))
	require.NoError(t, err)
	for i, tensor := range after {
		if !strings.HasPrefix(tensor.Name, "fc3") {
			require.Equal(t, tensors[i].Data, tensor.Data, tensor.Name)
		}
	}
}

func TestBadInputOfCIFAR(t *testing.T) {
	t.Parallel()
	work, good := t.TempDir(), tinyCIFAR(t)
	cut := tinyCIFAR(t)
	path := filepath.Join(cut, "data_batch_1.bin")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content[:len(content)-1], 0o666))
	label := tinyCIFAR(t)
	content[3073] = 10
	require.NoError(t, os.WriteFile(filepath.Join(label, "data_batch_1.bin"), content, 0o666))
	small := filepath.Join(work, "small") // corruptions of smaller images
	require.NoError(t, os.Mkdir(small, 0o777))
	require.NoError(t, npy.Write(filepath.Join(small, "labels.npy"), npy.Array{Shape: []int{5}, Bytes: make([]uint8, 5)}))
	require.NoError(t, npy.Write(filepath.Join(small, "fog.npy"), npy.Array{Shape: []int{5, 28, 28, 3}, Bytes: make([]uint8, 5*28*28*3)}))
	empty := t.TempDir()
	constants := filepath.Join(work, "constants.safetensors")
	require.NoError(t, safetensors.Write(constants, nil, map[string]string{"model": "wrn-40-2", "classes": "10", "normalisation": "imagenet"}))

	for name, c := range map[string]struct {
		args    []string
		code    int
		message []string
	}{
		"other network":        {shortCIFAR(good, "--model", "lenet5"), exitUsage, []string{"--model lenet5", "cifar10", "wrn"}},
		"large network":        {[]string{"train", "--model", "alexnet"}, exitUsage, []string{"--model alexnet", "synthetic-digits"}},
		"steps for epochs":     {shortCIFAR(good, "--loops-train", "5"), exitUsage, []string{"--loops-train 5", "cifar10", "--epochs"}},
		"epochs for steps":     {[]string{"train", "--epochs", "5"}, exitUsage, []string{"--epochs 5", "synthetic", "--loops-train"}},
		"steps for wrn":        {[]string{"train", "--model", "wrn", "--preset", "digits", "--dataset", "synthetic-digits"}, exitUsage, []string{"--preset digits", "lenet5", "wrn"}},
		"no data":              {[]string{"train", "--preset", "cifar100"}, exitUsage, []string{"cifar100", "--data"}},
		"domain of cifar":      {shortCIFAR(good, "--source", "photo"), exitUsage, []string{"--source photo", "pacs"}},
		"source and target":    {[]string{"train", "--preset", "pacs", "--data", ".", "--source", "photo", "--target", "sketch,photo"}, exitUsage, []string{"--source photo", "--target sketch,photo", "photo cannot be both"}},
		"unknown domain":       {[]string{"train", "--preset", "pacs", "--data", ".", "--source", "drawing"}, exitUsage, []string{"drawing", "art_painting"}},
		"no batches":           {shortCIFAR(empty), exitData, []string{empty, "data_batch_1.bin"}},
		"cut record":           {shortCIFAR(cut), exitData, []string{path, "3072 bytes after record 19"}},
		"label":                {shortCIFAR(label), exitData, []string{label, "label 10"}},
		"no corruptions":       {shortCIFAR(good, "--corruptions", empty), exitData, []string{empty, "gaussian_noise.npy"}},
		"corruptions missing":  {shortCIFAR(good, "--corruptions", "nowhere"), exitData, []string{"nowhere"}},
		"small corruptions":    {shortCIFAR(good, "--corruptions", small), exitData, []string{"fog.npy", "[5 28 28 3]"}},
		"unknown constants":    {[]string{"eval", "--weights", constants, "--dataset", "cifar10", "--data", good}, exitData, []string{constants, "imagenet"}},
		"weights not for net":  {shortCIFAR(good, "--model", "allconv", "--weights", constants), exitData, []string{constants, "wrn-40-2", "allconv"}},
		"weights not for data": {[]string{"eval", "--weights", constants, "--dataset", "pacs", "--data", "."}, exitData, []string{constants, "wrn-40-2", "alexnet"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, work, c.args...)
			require.Equal(t, c.code, r.code, r.err)
			require.Empty(t, r.out)
			require.Equal(t, 1, strings.Count(r.err, "\n"), r.err)
			for _, m := range c.message {
				require.Contains(t, r.err, m)
			}
		})
	}
	require.NoDirExists(t, filepath.Join(work, "r"), "no run folder is left by what never began")
}

func TestPresets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args            string
		dataset, model  string
		epochs          int
		decay           float64
		preset, corrupt string
	}{
		{"", "synthetic-digits", "lenet5", 0, 0, "synthetic", catalog.NoCorruptions},
		{"--preset quick", "synthetic-digits", "lenet5", 0, 0, "quick", catalog.NoCorruptions},
		{"--dataset digits --data D", "digits", "lenet5", 0, 0, "digits", catalog.NoCorruptions},
		{"--preset digits --data D", "digits", "lenet5", 0, 0, "digits", catalog.NoCorruptions},
		{"--preset digits-best --data D", "digits", "lenet5", 0, 0, "digits-best", catalog.NoCorruptions},
		{"--preset cifar10 --data D", "cifar10", "wrn", 100, 5e-4, "cifar10", catalog.NoCorruptions},
		{"--preset cifar100 --data D --model densenet", "cifar100", "densenet", 200, 1e-4, "cifar100", catalog.NoCorruptions},
		{"--dataset cifar100 --data D --model resnext", "cifar100", "resnext", 200, 5e-4, "cifar100", catalog.NoCorruptions},
		{"--preset cifar10 --data D --model densenet --epochs 7 --decay 0", "cifar10", "densenet", 7, 0, "cifar10", catalog.NoCorruptions},
		{"--dataset pacs --data D --corruptions on-the-fly", "pacs", "resnet18", 50, 5e-5, "pacs", catalog.OnTheFly},
		{"--dataset folder --data D", "folder", "lenet5", 0, 0, "quick", catalog.NoCorruptions},
		{"--dataset folder --data D --model allconv", "folder", "allconv", 100, 5e-4, "cifar10", catalog.NoCorruptions},
		{"--dataset folder --data D --model alexnet", "folder", "alexnet", 50, 5e-5, "pacs", catalog.NoCorruptions},
		{"--dataset folder --data D --model resnet18 --weights W", "folder", "resnet18", 12, 5e-4, "pictures", catalog.NoCorruptions},
		{"--preset pictures --data D --weights W", "folder", "efficientnet-lite0", 12, 5e-4, "pictures", catalog.NoCorruptions},
		{"--preset pictures --dataset pacs --data D --model alexnet --weights W", "pacs", "alexnet", 12, 5e-4, "pictures", catalog.NoCorruptions},
		{"--model wrn", "synthetic-digits", "wrn", 100, 5e-4, "cifar10", catalog.NoCorruptions},
	} {
		var s settings
		require.NoError(t, s.parse(strings.Fields(c.args)), c.args)
		require.Equal(t, c.dataset, s.Dataset, c.args)
		require.Equal(t, c.model, s.Model, c.args)
		require.Equal(t, c.epochs, s.Epochs, c.args)
		require.Equal(t, c.decay, s.Decay, c.args)
		require.Equal(t, c.preset, s.Preset, c.args)
		require.Equal(t, c.corrupt, s.Corruptions, c.args)
		algorithm := catalog.MEADA
		if slices.Contains([]string{"synthetic", "digits-best", "pictures"}, c.preset) {
			algorithm = catalog.RandConv
		}
		require.Equal(t, algorithm, s.Algorithm, c.args)
	}
}
