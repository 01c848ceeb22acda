package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
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
		metaNormalisation: network.Normalisation.String(),
		metaDataset:       dataset,
		metaStep:          strconv.Itoa(step),
	}
}

// maxClasses bounds the classes that a file of weights may be for, so that the
// network does not fill the memory before the tensors are seen not to fit it.
const maxClasses = 1 << 12

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

// apply copies the weights into a network that has been trained on as many
// classes, and their normalisation, if the file states it.
func (w *weights) apply(network *nn.Network) error {
	if err := w.expect(metaClasses, strconv.Itoa(network.Classes)); err != nil {
		return err
	}
	return w.copy(network, w.tensors)
}

// begin copies the weights into a network that is to be trained. Where their
// last layer is for other classes, the network keeps its own new one, as the
// official code does with ImageNet's weights; begin says so.
func (w *weights) begin(network *nn.Network) (newClasses bool, err error) {
	tensors := slices.Clone(w.tensors)
	for _, own := range network.State() {
		if own.Name != network.Params[len(network.Params)-2].Name && own.Name != network.Params[len(network.Params)-1].Name {
			continue
		}
		for i := range tensors {
			if t := &tensors[i]; t.Name == own.Name && !slices.Equal(t.Shape, own.Shape) {
				*t, newClasses = own, true
			}
		}
	}
	return newClasses, w.copy(network, tensors)
}

func (w *weights) copy(network *nn.Network, tensors []safetensors.Tensor) error {
	if err := w.expect(metaModel, network.Name); err != nil {
		return err
	}
	if text, ok := w.metadata[metaNormalisation]; ok {
		n, err := nn.ParseNormalisation(text, network.C)
		if err != nil {
			return weightsError{fmt.Errorf("%s: %w", w.path, err)}
		}
		network.Normalisation = n
	}
	if err := network.SetState(tensors); err != nil {
		return weightsError{fmt.Errorf("%s: %w", w.path, err)}
	}
	return nil
}

// expect fails if the metadata have another value.
func (w *weights) expect(key, want string) error {
	if got, ok := w.metadata[key]; ok && got != want {
		return weightsError{fmt.Errorf("%s: %s is %.80q, expected %q", w.path, key, got, want)}
	}
	return nil
}

// network builds the network that the metadata name and copies the weights into
// it.
func (w *weights) network() (*nn.Network, error) {
	fail := func(err error) (*nn.Network, error) { return nil, weightsError{fmt.Errorf("%s: %w", w.path, err)} }
	model, classes := w.metadata[metaModel], w.metadata[metaClasses]
	if model == "" || classes == "" {
		return fail(errors.New("its metadata do not name the model and the number of classes, as those of train do"))
	}
	count, err := strconv.Atoi(classes)
	if err != nil || count < 1 || count > maxClasses {
		return fail(fmt.Errorf("%.20q classes in its metadata, expected a number up to %d", classes, maxClasses))
	}
	network, err := zoo.New(w.model(), count)
	if err != nil {
		return fail(err)
	}
	return network, w.apply(network)
}

// model returns the name under which package zoo knows the model that the
// metadata name: wrn for wrn-40-2.
func (w *weights) model() string {
	model := w.metadata[metaModel]
	for _, name := range zoo.Names {
		if strings.HasPrefix(model, name) {
			return name
		}
	}
	return model
}
