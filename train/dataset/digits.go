package dataset

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/resample"
)

// digitsSource is the number of training images, the first of MNIST's.
const digitsSource = 10_000

// Digits reads the paper's digits benchmark from the files of its publishers,
// wherever they usually lie in dir: the source is the first 10,000 MNIST
// training images, the target domains are the test sets of svhn, mnist-m, syn
// and usps that are there; mnist, the source's own test set, comes first. Images
// are 3 x 32 x 32; grey ones are resized with Pillow's bilinear filter and
// copied to three channels, as in the official code.
func Digits(dir string) (*Task, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	b := &Task{Classes: strings.Split("0123456789", "")}
	source, err := readMNIST(dir, "train")
	if err != nil {
		return nil, err
	}
	if source == nil {
		return nil, absentf(dir, "MNIST's %s or %s is not there (looked in it and in %s; gzipped or not)",
			idxNames("train", "images-idx3")[0], idxNames("train", "labels-idx1")[0], strings.Join(mnistFolders, ", "))
	}
	source.truncate(digitsSource)
	b.Source = source.images(32)

	test, err := readMNIST(dir, "t10k")
	if err != nil {
		return nil, err
	}
	if test == nil {
		b.Absent = append(b.Absent, "mnist (t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte)")
	} else {
		b.Domains = append(b.Domains, Domain{Name: "mnist", Images: test.images(32), Source: true})
	}
	for _, target := range []struct {
		name, files string
		path        string
		read        func(path string) (Images, error)
	}{
		{"svhn", "test_32x32.mat", find(dir, []string{"svhn", "SVHN"}, []string{"test_32x32.mat"}), readSVHN},
		{"mnist-m", "mnist_m.tar.gz or " + mnistMLabels, findMNISTM(dir), readMNISTM},
		{"syn", "synth_test_32x32.mat", find(dir, []string{"syn", "SYN", "synth"}, []string{"synth_test_32x32.mat"}), readSVHN},
		{"usps", "usps.t.bz2", find(dir, []string{"usps", "USPS"}, []string{"usps.t.bz2", "usps.t"}), readUSPS},
	} {
		if target.path == "" {
			b.Absent = append(b.Absent, fmt.Sprintf("%s (%s)", target.name, target.files))
			continue
		}
		images, err := target.read(target.path)
		if err != nil {
			return nil, err
		}
		b.Domains = append(b.Domains, Domain{Name: target.name, Images: images})
	}
	return b, nil
}

// mnistFolders are the subfolders in which MNIST's files usually lie.
var mnistFolders = []string{"mnist", "MNIST", filepath.Join("MNIST", "raw"), filepath.Join("mnist", "raw"), "raw"}

// idxNames returns the names under which a file of MNIST is known.
func idxNames(split, kind string) []string {
	dashed, dotted := split+"-"+kind+"-ubyte", split+"-"+strings.Replace(kind, "-", ".", 1)+"-ubyte"
	return []string{dashed, dashed + ".gz", dotted, dotted + ".gz"}
}

// readMNIST reads the images of a split and their labels; nil if one of the
// files is not there.
func readMNIST(dir, split string) (*labelledGreys, error) {
	images := find(dir, mnistFolders, idxNames(split, "images-idx3"))
	labels := find(dir, mnistFolders, idxNames(split, "labels-idx1"))
	if images == "" || labels == "" {
		return nil, nil
	}
	greys, err := readIDX(images, labels, 10)
	return &greys, err
}

func readSVHN(path string) (Images, error) { return readFile(path, parseSVHN) }

func readUSPS(path string) (Images, error) {
	greys, err := readFile(path, parseUSPS)
	if err != nil {
		return Images{}, err
	}
	return greys.images(32), nil
}

// truncate keeps at most the first n images.
func (g *labelledGreys) truncate(n int) {
	if g.n > n {
		g.n, g.labels = n, g.labels[:n]
	}
}

// images resizes to side x side and copies to three channels.
func (g *labelledGreys) images(side int) Images {
	images := newImages(g.n, 3, side, side)
	copy(images.Labels, g.labels)
	resizer := resample.NewResizer(resample.Bilinear, g.h, g.w, side, side)
	for i := range g.n {
		image := images.Image(i)
		grey := image[:side*side]
		resizer.Plane(grey, g.plane(i))
		copy(image[side*side:], grey)
		copy(image[2*side*side:], grey)
	}
	return images
}
