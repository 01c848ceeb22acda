package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/meada-cpu/meada-cpu/internal/safetensors"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// errWeights is what every error about a file of weights is, for errors.Is.
var errWeights = errors.New("weights missing or malformed")

// weightsError marks an error as one about a file of weights.
type weightsError struct{ error }

func (weightsError) Is(target error) bool { return target == errWeights }

// The keys of the metadata that a file of weights carries.
const (
	metaModel         = "model"
	metaClasses       = "classes"
	metaClassNames    = "class_names" // as a JSON array
	metaNormalisation = "normalisation"
	metaDataset       = "dataset"
	metaStep          = "step"
)

// unitRange is the normalisation of images in [0,1].
const unitRange = "mean=0,0,0 std=1,1,1"

// metadata describes the weights of a network after a descent step.
func metadata(network *nn.Network, dataset string, classes []string, step int) map[string]string {
	names, err := json.Marshal(classes)
	if err != nil {
		panic(err) // strings always can be
	}
	return map[string]string{
		"format":          "pt", // what PyTorch's reader expects
		metaModel:         network.Name,
		metaClasses:       strconv.Itoa(network.Classes),
		metaClassNames:    string(names),
		metaNormalisation: unitRange,
		metaDataset:       dataset,
		metaStep:          strconv.Itoa(step),
	}
}

// weights is a file of weights. The metadata of a file written by others may
// be empty.
type weights struct {
	path     string
	tensors  []safetensors.Tensor
	metadata map[string]string
}

func readWeights(path string) (*weights, error) {
	tensors, metadata, err := safetensors.Read(path)
	if err != nil {
		return nil, weightsError{err}
	}
	return &weights{path, tensors, metadata}, nil
}

// apply copies the weights into a network.
func (w *weights) apply(network *nn.Network) error {
	for _, want := range [][2]string{
		{metaModel, network.Name},
		{metaClasses, strconv.Itoa(network.Classes)},
		{metaNormalisation, unitRange},
	} {
		if got, ok := w.metadata[want[0]]; ok && got != want[1] {
			return weightsError{fmt.Errorf("%s: %s is %q, expected %q", w.path, want[0], got, want[1])}
		}
	}
	if err := network.SetState(w.tensors); err != nil {
		return weightsError{fmt.Errorf("%s: %w", w.path, err)}
	}
	return nil
}
