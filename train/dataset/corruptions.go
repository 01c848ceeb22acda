package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

// Corruptions is an open folder in the layout of CIFAR-10-C: for each
// corruption a <name>.npy of uint8, 5N x H x W x 3, the same N test images at
// severity 1, then 2, ... 5, and a labels.npy of 5N. Images are read a severity
// at a time, so that the folder may be larger than the memory.
type Corruptions struct {
	Names  []string // those of package corrupt that are there
	Absent []string // those of the paper's that are not

	dir    string
	labels []uint16 // of all severities
}

// OpenCorruptions looks at what is in dir and reads the labels, which must be
// below classes.
func OpenCorruptions(dir string, classes int) (*Corruptions, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	c := &Corruptions{dir: dir}
	for i, name := range corrupt.Names() {
		switch {
		case find(dir, nil, []string{name + ".npy"}) != "":
			c.Names = append(c.Names, name)
		case i < len(corrupt.Paper()):
			c.Absent = append(c.Absent, name)
		}
	}
	if len(c.Names) == 0 {
		return nil, errorf(dir, "there is no corruption in it (%s.npy, ...)", corrupt.Names()[0])
	}
	path := filepath.Join(dir, "labels.npy")
	labels, err := readLabelArray(path, classes)
	if err != nil {
		return nil, err
	}
	n := len(labels) / corrupt.Severities
	if !slices.Equal(labels[n:], labels[:len(labels)-n]) {
		return nil, errorf(path, "labels that differ from one severity to the next, expected those of the same %d images for each of %d severities", n, corrupt.Severities)
	}
	c.labels = labels
	return c, nil
}

// CheckLabels returns an error if there are as many corrupted images as in one of several
// test sets, but of other classes than in any of these: then they are made of another set.
// So it does if they are those of a test set at fewer severities than five.
func (c *Corruptions) CheckLabels(tests []*Images) error {
	path := filepath.Join(c.dir, "labels.npy")
	labels := c.labels[:len(c.labels)/corrupt.Severities]
	asMany := false
	for _, test := range tests {
		n := len(c.labels) / max(1, test.N)
		if n < corrupt.Severities && slices.Equal(c.labels, slices.Repeat(test.Labels, n)) {
			return errorf(path, "labels of the test set at %d severities where %d were expected", n, corrupt.Severities)
		}
	}
	for _, test := range tests {
		if test.N != len(labels) {
			continue
		}
		if slices.Equal(labels, test.Labels) {
			return nil
		}
		asMany = true
	}
	if asMany {
		return errorf(path, "its labels are not those of the test set, which has as many images: these are corruptions of another set")
	}
	return nil
}

// readLabelArray reads 5N labels, bytes or integers.
func readLabelArray(path string, classes int) ([]uint16, error) {
	array, err := npy.Read(path)
	if err != nil {
		return nil, npyError(path, err)
	}
	if array.Float32 != nil {
		return nil, errorf(path, "labels of dtype float32 where integers were expected, convert them with a.astype('uint8')")
	}
	if len(array.Shape) != 1 || array.Shape[0] == 0 || array.Shape[0]%corrupt.Severities != 0 {
		return nil, errorf(path, "labels of size %v where 5N integers were expected", array.Shape)
	}
	labels := widen(array.Bytes)
	for i, label := range array.Int64 {
		if label < 0 || label >= int64(classes) {
			return nil, errorf(path, "label %d of image %d is not from 0 to %d", label, i, classes-1)
		}
		labels = append(labels, uint16(label))
	}
	if err := checkLabels(labels, classes); err != nil {
		return nil, &Error{path, err}
	}
	return labels, nil
}

// npyError makes an *Error of an error of package npy, which names the file
// before its cause already.
func npyError(path string, err error) error {
	return &Error{path, errors.Unwrap(err)}
}

// Read reads the images of one corruption at one severity, 1 to 5.
func (c *Corruptions) Read(name string, severity int) (Images, error) {
	if severity < 1 || severity > corrupt.Severities {
		panic(fmt.Sprintf("dataset: corruption of severity %d", severity))
	}
	path := filepath.Join(c.dir, name+".npy")
	f, err := npy.Open(path)
	if err != nil {
		return Images{}, npyError(path, err)
	}
	defer f.Close()
	if len(f.Shape) != 4 || f.Shape[0] != len(c.labels) || f.Shape[1] < 1 || f.Shape[2] < 1 || f.Shape[3] != 3 {
		return Images{}, errorf(path, "images of size %v where %dxHxWx3 was expected, as there are that many labels", f.Shape, len(c.labels))
	}
	if !f.IsBytes() {
		return Images{}, errorf(path, "images of another type than uint8 (numpy: images.astype('uint8'))")
	}
	n := len(c.labels) / corrupt.Severities
	rows, err := f.Rows((severity-1)*n, n)
	if err != nil {
		return Images{}, npyError(path, err)
	}
	images := newImages(n, 3, f.Shape[1], f.Shape[2])
	copy(images.Labels, c.labels[(severity-1)*n:])
	size := images.H * images.W
	for i := range n {
		deinterleave(images.Image(i), rows.Bytes[3*i*size:][:3*size], 3)
	}
	return images, nil
}
