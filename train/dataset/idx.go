package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The idx format of MNIST: big-endian int32 magic number, sizes, then bytes.
// The last byte of the magic number is the number of sizes.
const (
	idxImages = 2051
	idxLabels = 2049
)

// greys is N single planes of H x W bytes.
type greys struct {
	data    []uint8
	n, h, w int
}

func (g greys) plane(i int) []uint8 { return g.data[i*g.h*g.w:][:g.h*g.w] }

// labelledGreys is grey images with their labels.
type labelledGreys struct {
	greys
	labels []uint16
}

// Bounds of grey images, several times what any set of digits has: an image of a
// few bytes takes thousands once it is resized.
const (
	maxImages = 1 << 18
	maxSide   = 1 << 14
)

func expectMagic(r io.Reader, want uint32) error {
	var magic uint32
	if err := binary.Read(r, binary.BigEndian, &magic); err != nil {
		return err
	}
	if magic != want {
		return fmt.Errorf("magic number %d where %d (idx format) was expected", magic, want)
	}
	return nil
}

// parseIDXImages reads N x H x W bytes.
func parseIDXImages(r io.Reader) (greys, error) {
	if err := expectMagic(r, idxImages); err != nil {
		return greys{}, err
	}
	var header struct{ N, H, W uint32 }
	if err := binary.Read(r, binary.BigEndian, &header); err != nil {
		return greys{}, err
	}
	if header.N < 1 || header.N > maxImages || header.H < 1 || header.H > maxSide || header.W < 1 || header.W > maxSide {
		return greys{}, fmt.Errorf("%d images of %dx%d pixels where 1 to %d of at most %d pixels a side were expected",
			header.N, header.H, header.W, maxImages, maxSide)
	}
	data, err := readBytes(r, int64(header.N)*int64(header.H)*int64(header.W))
	if err != nil {
		return greys{}, err
	}
	return greys{data, int(header.N), int(header.H), int(header.W)}, expectEnd(r)
}

// parseIDXLabels reads N labels.
func parseIDXLabels(r io.Reader) ([]uint16, error) {
	if err := expectMagic(r, idxLabels); err != nil {
		return nil, err
	}
	var n uint32
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	labels, err := readBytes(r, int64(n))
	if err != nil {
		return nil, err
	}
	return widen(labels), expectEnd(r)
}

// readIDX reads a pair of idx files, whose labels must be below classes.
func readIDX(imagesPath, labelsPath string, classes int) (labelledGreys, error) {
	images, err := readFile(imagesPath, parseIDXImages)
	if err != nil {
		return labelledGreys{}, err
	}
	labels, err := readFile(labelsPath, parseIDXLabels)
	if err != nil {
		return labelledGreys{}, err
	}
	if len(labels) != images.n {
		return labelledGreys{}, errorf(labelsPath, "%d labels for the %d images of %s", len(labels), images.n, imagesPath)
	}
	if err := checkLabels(labels, classes); err != nil {
		return labelledGreys{}, &Error{labelsPath, err}
	}
	return labelledGreys{images, labels}, nil
}

// widen returns labels that a file has as bytes.
func widen(bytes []uint8) []uint16 {
	labels := make([]uint16, len(bytes))
	for i, label := range bytes {
		labels[i] = uint16(label)
	}
	return labels
}

func checkLabels(labels []uint16, classes int) error {
	for i, label := range labels {
		if int(label) >= classes {
			return fmt.Errorf("label %d of image %d is not below %d", label, i, classes)
		}
	}
	return nil
}
