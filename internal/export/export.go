// Package export writes trained networks for use elsewhere: as ONNX models, and as
// safetensors with PyTorch's names.
package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/format/onnx"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Format is the form in which a network is written.
type Format string

// The formats, which are the extensions of their files.
const (
	ONNX        Format = "onnx"
	Safetensors Format = "safetensors"
)

// The keys of the metadata beside those of weights (package zoo).
const (
	MetaSettings = "settings" // of the run, a JSON object
	MetaInput    = "input"    // of an ONNX model: Bytes or Normalised
	MetaNorms    = "batch_norm"
)

// The values of MetaInput and MetaNorms.
const (
	Bytes      = "bytes"
	Normalised = "normalised"
	Folded     = "folded"
	Kept       = "kept"
)

// Source is a trained network.
type Source struct {
	Weights  *zoo.Weights // the file
	Network  *nn.Network
	Metadata map[string]string
}

// Open reads a network from a file of weights or a run folder. model, unless "", names
// the network of a file that does not.
func Open(path, model string) (*Source, error) {
	file, err := runfolder.WeightsFile(path)
	if err != nil {
		return nil, err
	}
	w, err := zoo.ReadWeights(file)
	if err != nil {
		return nil, err
	}
	if model != "" {
		err = w.Identify(model)
	} else {
		err = w.CheckNamed("--model NAME does")
	}
	if err != nil {
		return nil, err
	}
	network, err := w.Network()
	if err != nil {
		return nil, err
	}
	classes, err := w.ClassNames()
	if err != nil {
		return nil, err
	}
	step, _ := strconv.Atoi(w.Metadata[zoo.MetaStep]) // 0 where nothing is known
	s := &Source{Weights: w, Network: network, Metadata: maps.Clone(w.Metadata)}
	maps.Copy(s.Metadata, zoo.Metadata(network, w.Metadata[zoo.MetaDataset], classes, step))
	for _, key := range []string{zoo.MetaDataset, zoo.MetaStep} {
		if w.Metadata[key] == "" {
			delete(s.Metadata, key)
		}
	}
	return s, s.addSettings()
}

// addSettings adds the settings of the run in whose folder the weights are.
func (s *Source) addSettings() error {
	config, err := runfolder.ConfigBeside(s.Weights.Path)
	if err != nil || config == nil {
		return err
	}
	s.Metadata[MetaSettings], err = config.Text()
	return err
}

// Path returns where a network goes by default: beside its weights, under their name
// with the extension of the format.
func (s *Source) Path(format Format) string {
	return strings.TrimSuffix(s.Weights.Path, filepath.Ext(s.Weights.Path)) + "." + string(format)
}

// WriteSafetensors writes the network's state and metadata to a new file. Classes have
// names there only if the file named them, for they must be those of the data that the
// weights are used with.
func (s *Source) WriteSafetensors(path string) error {
	if err := checkNew(path); err != nil {
		return err
	}
	metadata := maps.Clone(s.Metadata)
	if _, named := s.Weights.Metadata[zoo.MetaClassNames]; !named {
		delete(metadata, zoo.MetaClassNames)
	}
	return s.Network.Save(path, metadata)
}

// WriteONNX writes the network as an ONNX model to a new file. version is that of this
// program.
func (s *Source) WriteONNX(path, version string, o Options) error {
	if err := checkNew(path); err != nil {
		return err
	}
	graph, err := Graph(s.Network, o)
	if err != nil {
		return err
	}
	model := onnx.Model{Producer: "meada-cpu", Version: version, Graph: *graph, Metadata: maps.Clone(s.Metadata)}
	delete(model.Metadata, "format") // that of safetensors
	model.Metadata[MetaInput], model.Metadata[MetaNorms] = Normalised, Kept
	if o.Preprocess {
		model.Metadata[MetaInput] = Bytes
	}
	if o.Fold {
		model.Metadata[MetaNorms] = Folded
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := onnx.Write(w, &model); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

// ErrExists is wrapped by the error about a file that is there already.
var ErrExists = errors.New("there is a file of that name already")

func checkNew(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s: %w", path, ErrExists)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}
