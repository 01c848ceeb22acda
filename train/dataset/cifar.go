package dataset

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/pickle"
)

// cifarImage is the bytes of a CIFAR image: 32 x 32 planes of red, green, blue.
const cifarImage = 3 * 32 * 32

// cifarKind is what tells CIFAR-10 from CIFAR-100.
type cifarKind struct {
	classes    []string
	folders    []string // where its files usually lie
	train      []string // the training batches
	test       string
	labelBytes int    // before each image of the binary version, the class last
	labelsKey  string // of the labels in the python version
}

var (
	cifar10 = cifarKind{
		classes:    strings.Fields("airplane automobile bird cat deer dog frog horse ship truck"),
		folders:    []string{"cifar-10-batches-bin", "cifar-10-batches-py", "cifar10", "cifar-10"},
		train:      []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
		test:       "test_batch",
		labelBytes: 1,
		labelsKey:  "labels",
	}
	cifar100 = cifarKind{
		classes: strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
			butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
			dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard
			lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree
			pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal
			shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
			telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`),
		folders:    []string{"cifar-100-binary", "cifar-100-python", "cifar100", "cifar-100"},
		train:      []string{"train"},
		test:       "test",
		labelBytes: 2,
		labelsKey:  "fine_labels",
	}
)

// CIFAR10 reads CIFAR-10, the binary or the python version, wherever its files
// usually lie in dir. The source is those of the five training batches that are
// there; the only domain is the source's own test set, clean.
func CIFAR10(dir string) (*Task, error) { return readCIFAR(dir, &cifar10) }

// CIFAR100 reads CIFAR-100 with its 100 fine classes, as CIFAR10 does.
func CIFAR100(dir string) (*Task, error) { return readCIFAR(dir, &cifar100) }

func readCIFAR(dir string, kind *cifarKind) (*Task, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	b := &Task{Classes: kind.classes, Source: newImages(0, 3, 32, 32)}
	var paths []string
	for _, batch := range kind.train {
		if path := kind.find(dir, batch); path != "" {
			paths = append(paths, path)
		} else {
			b.Absent = append(b.Absent, fmt.Sprintf("%s (%[1]s.bin)", batch))
		}
	}
	if len(paths) == 0 {
		return nil, absentf(dir, "none of %s.bin is there (looked in it and in %s; gzipped or not)",
			strings.Join(kind.train, ".bin, "), strings.Join(kind.folders, ", "))
	}
	for _, path := range paths {
		images, err := kind.read(path)
		if err != nil {
			return nil, err
		}
		b.Source.Data = append(b.Source.Data, images.Data...)
		b.Source.Labels = append(b.Source.Labels, images.Labels...)
		b.Source.N += images.N
	}
	path := kind.find(dir, kind.test)
	if path == "" {
		b.Absent = append(b.Absent, fmt.Sprintf("clean (%s.bin)", kind.test))
		return b, nil
	}
	images, err := kind.read(path)
	if err != nil {
		return nil, err
	}
	b.Domains = []Domain{{Name: "clean", Images: images, Source: true}}
	return b, nil
}

// find returns the path of a batch in the binary or the python version, or "".
func (k *cifarKind) find(dir, batch string) string {
	return find(dir, k.folders, []string{batch + ".bin", batch + ".bin.gz", batch, batch + ".gz"})
}

func (k *cifarKind) read(path string) (Images, error) {
	if strings.HasSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".bin") {
		return readFile(path, k.parseBinary)
	}
	return readFile(path, k.parsePython)
}

// parseBinary reads records of one or two labels, the last of them the class,
// and an image.
func (k *cifarKind) parseBinary(r io.Reader) (Images, error) {
	images := Images{C: 3, H: 32, W: 32}
	record := make([]uint8, k.labelBytes+cifarImage)
	for {
		n, err := io.ReadFull(r, record)
		if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
			return Images{}, fmt.Errorf("%d bytes after record %d, whose size is %d (%w)", n, images.N, len(record), err)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Images{}, err
		}
		images.N++
		images.Labels = append(images.Labels, uint16(record[k.labelBytes-1]))
		images.Data = append(images.Data, record[k.labelBytes:]...)
	}
	return images, k.check(images)
}

// parsePython reads the pickled dictionary of a batch.
func (k *cifarKind) parsePython(r io.Reader) (Images, error) {
	content, err := io.ReadAll(r)
	if err != nil {
		return Images{}, err
	}
	value, err := unpickle(content)
	if err != nil {
		return Images{}, err
	}
	batch, ok := value.(*pickle.Dict)
	if !ok {
		return Images{}, errors.New("not a pickled dictionary")
	}
	data, ok := batch.Get("data").(*ndarray)
	if ok && data.data == nil && len(data.shape) == 2 {
		return Images{}, errors.New("data is an array of integers other than uint8 (numpy: data.astype('uint8'))")
	}
	if !ok || len(data.shape) != 2 || data.shape[1] != cifarImage {
		return Images{}, fmt.Errorf("no N x %d array of uint8 named data in it", cifarImage)
	}
	labels, err := pickledLabels(batch.Get(k.labelsKey), k.labelsKey)
	if err != nil {
		return Images{}, err
	}
	images := Images{Data: data.data, Labels: make([]uint16, len(labels)), N: data.shape[0], C: 3, H: 32, W: 32}
	if len(images.Labels) != images.N {
		return Images{}, fmt.Errorf("%d %s for %d images", len(images.Labels), k.labelsKey, images.N)
	}
	for i, label := range labels {
		if label < 0 || label >= len(k.classes) {
			return Images{}, fmt.Errorf("label %d of image %d is not from 0 to %d", label, i, len(k.classes)-1)
		}
		images.Labels[i] = uint16(label)
	}
	return images, k.check(images)
}

// pickledLabels returns labels from a list, a tuple or an array.
func pickledLabels(value any, name string) ([]int, error) {
	var items []any
	switch v := value.(type) {
	case *ndarray:
		if len(v.shape) != 1 {
			return nil, fmt.Errorf("%s is an array of size %v, expected one of labels", name, v.shape)
		}
		return v.integers(), nil
	case *pickle.List:
		items = v.Items
	case pickle.Tuple:
		items = v
	default:
		return nil, fmt.Errorf("no list named %s in it", name)
	}
	labels := make([]int, len(items))
	for i, item := range items {
		label, ok := item.(int)
		if !ok {
			return nil, fmt.Errorf("label of image %d is not an integer", i)
		}
		labels[i] = label
	}
	return labels, nil
}

func (k *cifarKind) check(images Images) error {
	if images.N == 0 {
		return errors.New("no images")
	}
	return checkLabels(images.Labels, len(k.classes))
}
