package catalog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Pretrained stands for the published weights of a network in place of a file.
const Pretrained = "pretrained"

// RandomWeights stands for random initial weights, where a run would begin with others.
const RandomWeights = none

// pretrainedSets are the weights of ImageNet as timm and torchvision publish them.
// Both put the first digits of a file's SHA-256 into its name, which is all that there
// is to verify it by. The sizes are torchvision's.
var pretrainedSets = []Set{
	pretrainedSet("efficientnet-lite0", "https://github.com/huggingface/pytorch-image-models/releases/download/v0.1-weights/", "tf_efficientnet_lite0-0aa007d2.pth", 18.8),
	pretrainedSet("resnet18", "https://download.pytorch.org/models/", "resnet18-f37072fd.pth", 46.8),
	pretrainedSet("resnet34", "https://download.pytorch.org/models/", "resnet34-b627a593.pth", 87.3),
	pretrainedSet("resnet50", "https://download.pytorch.org/models/", "resnet50-0676ba61.pth", 102.5),
	pretrainedSet("alexnet", "https://download.pytorch.org/models/", "alexnet-owt-7be5be79.pth", 244.4),
}

func pretrainedSet(network, site, file string, megabytes float64) Set {
	stem := strings.TrimSuffix(file, ".pth")
	sum := stem[strings.LastIndexByte(stem, '-')+1:]
	return Set{
		Name: network, What: "weights of ImageNet, for train --weights " + Pretrained, cached: true, about: int64(1e6 * megabytes),
		files: map[string]fetch.File{file: {URLs: []string{site + file}, Checksum: "sha256:" + sum}},
	}
}

// CacheFolder is where weights are kept that every run may use: the folder that the
// environment's MEADA_CACHE names, or meada-cpu in the user's cache; data where the
// system names neither.
func CacheFolder() string {
	if dir := os.Getenv("MEADA_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "data"
	}
	return filepath.Join(dir, "meada-cpu")
}

// folder returns where the set's files are, dir unless it has a place of its own.
func (s *Set) folder(dir string) string {
	if s.cached {
		return CacheFolder()
	}
	return dir
}

// PretrainedWeights returns the file of the published weights of a network. If it is not
// there, the error names the command that gets it.
func PretrainedWeights(network string) (string, error) {
	var names []string
	for i := range pretrainedSets {
		s := &pretrainedSets[i]
		names = append(names, s.Name)
		if s.Name != network {
			continue
		}
		dir := CacheFolder()
		for file := range s.files {
			if path := s.locate(dir, file); path != "" {
				return path, nil
			}
			return "", &zoo.WeightsError{Err: fmt.Errorf("%s: the file is not there; to get it: meada-cpu data fetch %s", filepath.Join(dir, file), network)}
		}
	}
	return "", cli.UsageError("--weights %s: there are none of %s, only of %s", Pretrained, network, strings.Join(names, ", "))
}

// HasPretrained reports whether the published weights of a network are there.
func HasPretrained(network string) bool {
	_, err := PretrainedWeights(network)
	return err == nil
}
