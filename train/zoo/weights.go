package zoo

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// ErrWeights is what every *WeightsError is, for errors.Is.
var ErrWeights = errors.New("weights missing or malformed")

// WeightsError is an error about a file of weights.
type WeightsError struct{ Err error }

// Error returns the message of Err, which names the file.
func (e *WeightsError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *WeightsError) Unwrap() error { return e.Err }

// Is reports whether target is ErrWeights.
func (e *WeightsError) Is(target error) bool { return target == ErrWeights }

// The keys of the metadata in a file of weights. Values are text.
const (
	MetaModel         = "model"         // nn.Network.Name
	MetaClasses       = "classes"       // their number
	MetaClassNames    = "class_names"   // their names, a JSON array
	MetaNormalisation = "normalisation" // see nn.ParseNormalisation
	MetaImageSize     = "image_size"    // height and width of an image
	MetaResize        = "resize"        // how pictures become images, see dataset.Resize
	MetaDataset       = "dataset"       // what the network was trained on
	MetaStep          = "step"          // the descent steps done
)

// Metadata returns what a file of weights of a network says of it, after so many
// descent steps. Pass it to nn.Network.Save.
func Metadata(network *nn.Network, dataset string, classes []string, step int) map[string]string {
	names, err := json.Marshal(classes)
	if err != nil {
		panic(err) // strings always can be
	}
	return map[string]string{
		"format":          "pt", // what PyTorch's reader expects
		MetaModel:         network.Name,
		MetaClasses:       strconv.Itoa(network.Classes),
		MetaClassNames:    string(names),
		MetaNormalisation: network.Normalisation.String(),
		MetaImageSize:     strconv.Itoa(network.H),
		MetaDataset:       dataset,
		MetaStep:          strconv.Itoa(step),
	}
}

// Open reads a network, its normalisation set, and the names of its classes from
// a file of weights that carries Metadata. Errors are ErrWeights.
func Open(path string) (*nn.Network, []string, error) {
	w, err := ReadWeights(path)
	if err != nil {
		return nil, nil, err
	}
	network, err := w.Network()
	if err != nil {
		return nil, nil, err
	}
	classes, err := w.ClassNames()
	return network, classes, err
}

// Weights is the content of a file of weights. The metadata of a file written by
// others may be empty, and its names may differ: see [Weights.Apply].
type Weights struct {
	Path     string
	State    []nn.Array
	Metadata map[string]string
	// Unused lists the tensors that the network had no use for, once Apply or Begin
	// has copied the weights.
	Unused []string
}

// ReadWeights reads a safetensors file, or one of PyTorch's torch.save (.pth, .pt,
// .bin): a state_dict, or a checkpoint with one in it. No code in it is executed.
func ReadWeights(path string) (*Weights, error) {
	isTorch, err := isTorch(path)
	if err != nil {
		return nil, &WeightsError{err}
	}
	if isTorch {
		state, err := readTorch(path)
		if err != nil {
			return nil, &WeightsError{err}
		}
		return &Weights{Path: path, State: state}, nil
	}
	state, metadata, err := nn.ReadState(path)
	if err != nil {
		return nil, &WeightsError{err}
	}
	return &Weights{Path: path, State: state, Metadata: metadata}, nil
}

func (w *Weights) fail(err error) error {
	return &WeightsError{fmt.Errorf("%s: %w", w.Path, err)}
}

// CheckNamed returns an error if the metadata do not name the network, as those of other
// programs; help says what does.
func (w *Weights) CheckNamed(help string) error {
	if w.Metadata[MetaModel] != "" {
		return nil
	}
	return w.fail(fmt.Errorf("its metadata do not name the model, as those of train do: %s", help))
}

// Network builds the network that the metadata name and copies the weights into
// it.
func (w *Weights) Network() (*nn.Network, error) {
	model, classes := w.Metadata[MetaModel], w.Metadata[MetaClasses]
	if model == "" || classes == "" {
		return nil, w.fail(errors.New("its metadata do not name the model and the number of classes, as those of train do"))
	}
	count, err := strconv.Atoi(classes)
	if err != nil || count < 1 || count > dataset.MaxClasses {
		return nil, w.fail(fmt.Errorf("%.20q classes in its metadata, expected a number up to %d", classes, dataset.MaxClasses))
	}
	// A network is not built for more classes than the file has values for.
	if !slices.ContainsFunc(w.State, func(a nn.Array) bool { return len(a.Shape) > 0 && a.Shape[0] == count }) {
		return nil, w.fail(fmt.Errorf("%d classes in its metadata, but none of its tensors is for %[1]d", count))
	}
	side, err := w.ImageSize()
	if err != nil {
		return nil, err
	}
	network, err := NewSized(w.Model(), side, count)
	if err != nil {
		return nil, w.fail(err)
	}
	return network, w.Apply(network)
}

// Resize returns how pictures become images as the metadata have it, squashed if they
// do not say.
func (w *Weights) Resize() (dataset.Resize, error) {
	text, ok := w.Metadata[MetaResize]
	if !ok {
		return dataset.Squash, nil
	}
	if !slices.Contains(dataset.Resizes, dataset.Resize(text)) {
		return "", w.fail(fmt.Errorf("%s is %.20q in its metadata, expected one of %v", MetaResize, text, dataset.Resizes))
	}
	return dataset.Resize(text), nil
}

// ImageSize returns the side of images that the metadata name, 0 if they name none.
func (w *Weights) ImageSize() (int, error) {
	text, ok := w.Metadata[MetaImageSize]
	if !ok {
		return 0, nil
	}
	side, err := strconv.Atoi(text)
	if err != nil || side < 1 {
		return 0, w.fail(fmt.Errorf("%s is %.20q in its metadata, expected a number of pixels", MetaImageSize, text))
	}
	if err := CheckSide(w.Model(), side); err != nil {
		return 0, w.fail(fmt.Errorf("%s is %d in its metadata: %w", MetaImageSize, side, err))
	}
	return side, nil
}

// Identify says which network a file is of whose metadata do not, as those of
// PyTorch: model is a name that [New] knows. The classes are then counted by the
// last layer.
func (w *Weights) Identify(model string) error {
	network, err := New(model, 1)
	if err != nil {
		return err
	}
	if err := w.expect(MetaModel, network.Name); err != nil {
		return err
	}
	metadata := map[string]string{MetaModel: network.Name}
	byName := w.byName()
	prefix, rename := w.naming(network, byName)
	last := prefix + rename(network.Params[len(network.Params)-1].Name)
	if bias := byName[last]; bias != nil && len(bias.Shape) == 1 {
		metadata[MetaClasses] = strconv.Itoa(bias.Shape[0])
	} else if w.Metadata[MetaClasses] == "" {
		return w.fail(fmt.Errorf("tensor %q is missing, but %s needs it; found %s", last, network.Name, w.list()))
	}
	maps.Copy(metadata, w.Metadata)
	w.Metadata = metadata
	return nil
}

// Model returns the name under which [New] knows the model that the metadata
// name: wrn for wrn-40-2. A model that New does not know keeps its name.
func (w *Weights) Model() string {
	model := w.Metadata[MetaModel]
	for _, n := range Networks {
		if n.Model == model {
			return n.Name
		}
	}
	return model
}

// ClassNames returns the names of the classes, their numbers where the metadata
// have no names.
func (w *Weights) ClassNames() ([]string, error) {
	count, _ := strconv.Atoi(w.Metadata[MetaClasses])
	var names []string
	if text, ok := w.Metadata[MetaClassNames]; !ok {
		for c := range count {
			names = append(names, strconv.Itoa(c))
		}
	} else if err := json.Unmarshal([]byte(text), &names); err != nil || len(names) != count {
		return nil, w.fail(fmt.Errorf("%s in its metadata is not a JSON array of %d names", MetaClassNames, count))
	}
	return names, nil
}

// Apply copies the weights into a network that has been trained on as many
// classes, and their normalisation, if the file states it. Names may have a common
// prefix, as module. of PyTorch's DataParallel or the key of a checkpoint's
// dictionary. Tensors that the network does not have are left out, and counters of
// batches may be missing.
func (w *Weights) Apply(network *nn.Network) error {
	if err := w.expect(MetaClasses, strconv.Itoa(network.Classes)); err != nil {
		return err
	}
	normalisation, err := w.normalisation(network)
	if err != nil {
		return err
	}
	state, err := w.match(network)
	if err != nil {
		return err
	}
	return w.copy(network, state, normalisation)
}

// NamedClasses returns the names of the classes, nil where the metadata have none.
func (w *Weights) NamedClasses() ([]string, error) {
	if _, ok := w.Metadata[MetaClassNames]; !ok {
		return nil, nil
	}
	return w.ClassNames()
}

// Match makes the labels of a task count the classes that the metadata name, if they
// do, whatever their order. Other classes are an error.
func (w *Weights) Match(task *dataset.Task) error {
	names, err := w.NamedClasses()
	if err != nil || names == nil {
		return err
	}
	if err := task.Relabel(names); err != nil {
		return w.fail(err)
	}
	return nil
}

// Begin copies the weights into a network that is to be trained on classes of these
// names. Where their last layer is for other classes, the network keeps its own, as
// the official code does with ImageNet's weights; Begin reports whether it did. Where
// it is for the same ones in another order, it is put into theirs.
func (w *Weights) Begin(network *nn.Network, classes []string) (newClasses bool, err error) {
	normalisation, err := w.normalisation(network)
	if err != nil {
		return false, err
	}
	names, err := w.NamedClasses()
	if err != nil {
		return false, err
	}
	order, same := classOrder(names, classes)
	state, err := w.match(network)
	if err != nil {
		return false, err
	}
	for _, own := range network.State() {
		if own.Name != network.Params[len(network.Params)-2].Name && own.Name != network.Params[len(network.Params)-1].Name {
			continue
		}
		for i := range state {
			switch a := &state[i]; {
			case a.Name != own.Name:
			case !same || !slices.Equal(a.Shape, own.Shape):
				*a, newClasses = own, true
			case order != nil:
				a.Data = reordered(a.Data, order)
			}
		}
	}
	return newClasses, w.copy(network, state, normalisation)
}

// classOrder returns for each of classes its place among names, nil if it is the
// same for all. It reports whether both are the same classes, which those without
// names are taken to be.
func classOrder(names, classes []string) (order []int, same bool) {
	if names == nil || slices.Equal(names, classes) {
		return nil, true
	}
	if len(names) != len(classes) {
		return nil, false
	}
	at := map[string]int{}
	for i, name := range names {
		at[name] = i
	}
	for _, class := range classes {
		i, ok := at[class]
		if !ok {
			return nil, false
		}
		order = append(order, i)
		delete(at, class)
	}
	return order, true
}

// reordered returns the rows of a matrix in another order.
func reordered(data []float32, order []int) []float32 {
	row := len(data) / len(order)
	var all []float32
	for _, i := range order {
		all = append(all, data[i*row:][:row]...)
	}
	return all
}

// normalisation returns the one that the file states, or else the network's own.
// It fails if the file is of another network.
func (w *Weights) normalisation(network *nn.Network) (nn.Normalisation, error) {
	if err := w.expect(MetaModel, network.Name); err != nil {
		return nn.Normalisation{}, err
	}
	text, ok := w.Metadata[MetaNormalisation]
	if !ok {
		return network.Normalisation, nil
	}
	n, err := nn.ParseNormalisation(text, network.C)
	if err != nil {
		return n, w.fail(err)
	}
	return n, nil
}

func (w *Weights) copy(network *nn.Network, state []nn.Array, normalisation nn.Normalisation) error {
	if err := network.SetState(state); err != nil {
		return w.fail(err)
	}
	network.Normalisation = normalisation
	return nil
}

// expect fails if the metadata have another value.
func (w *Weights) expect(key, want string) error {
	if got, ok := w.Metadata[key]; ok && got != want {
		return w.fail(fmt.Errorf("%s is %.80q, expected %q", key, got, want))
	}
	return nil
}
