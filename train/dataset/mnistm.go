package dataset

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// MNIST-M is published as PNG files of 32 x 32 pixels in a folder beside a text
// file of lines "name label", which gives the order; all of it in a tar archive.
const (
	mnistMFolder = "mnist_m_test"
	mnistMLabels = "mnist_m_test_labels.txt"
	mnistMSide   = 32

	maxPNG   = 1 << 20 // bytes of one file; a real one has 3,000
	maxNames = 100_000
)

// findMNISTM returns the path of the label file or, failing that, of an archive.
func findMNISTM(dir string) string {
	subfolders := []string{"mnist_m", "mnist-m", "MNIST-M", "MNIST_M"}
	return find(dir, subfolders, []string{
		mnistMLabels,
		"mnist_m.tar.gz", "mnist_m.tgz", "mnist_m.tar",
		"mnist_m_test.tar.gz", "mnist_m_test.tgz", "mnist_m_test.tar",
	})
}

// readMNISTM reads the test split from what findMNISTM found.
func readMNISTM(file string) (Images, error) {
	if filepath.Base(file) != mnistMLabels {
		return readFile(file, parseMNISTMTar)
	}
	names, err := readFile(file, parseNames)
	if err != nil {
		return Images{}, err
	}
	folder := filepath.Join(filepath.Dir(file), mnistMFolder)
	images := newImages(len(names), 3, mnistMSide, mnistMSide)
	for i, name := range names {
		picture := filepath.Join(folder, name.name)
		content, err := readPictureFile(picture)
		if err != nil {
			return Images{}, err
		}
		if err := decodePNG(images.Image(i), content); err != nil {
			return Images{}, &Error{picture, err}
		}
		images.Labels[i] = name.label
	}
	return images, nil
}

// parseMNISTMTar reads the test split from the archive, whose parts may come in
// any order. Nothing is unpacked to the disk.
func parseMNISTMTar(r io.Reader) (Images, error) {
	var split mnistMSplit
	if err := split.read(tar.NewReader(r)); err != nil {
		return Images{}, err
	}
	// The archive's end comes before the file's, where gzip has its checksum.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return Images{}, err
	}
	return split.images()
}

// mnistMSplit is what the archive has of the test split.
type mnistMSplit struct {
	data    []uint8
	offsets map[string]int // of pictures in data
	names   []labelledName // nil before the list of labels
}

const mnistMSize = 3 * mnistMSide * mnistMSide

func (s *mnistMSplit) read(archive *tar.Reader) error {
	s.offsets = map[string]int{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		folder, base := path.Split(path.Clean(header.Name))
		switch {
		case header.Typeflag != tar.TypeReg, isHidden(base): // macOS adds ._ files
		case base == mnistMLabels:
			if s.names, err = parseNames(archive); err != nil {
				return fmt.Errorf("%s: %w", base, err)
			}
		case path.Base(folder) == mnistMFolder:
			if header.Size > maxPNG || len(s.offsets) == maxNames {
				return fmt.Errorf("%.80q: picture %d of %d bytes (at most %d of %d)", base, len(s.offsets)+1, header.Size, maxNames, maxPNG)
			}
			content, err := io.ReadAll(archive)
			if err != nil {
				return err
			}
			if _, twice := s.offsets[base]; twice {
				return fmt.Errorf("%.80q is there twice", base)
			}
			offset := len(s.data)
			s.data = append(s.data, make([]uint8, mnistMSize)...)
			if err := decodePNG(s.data[offset:], content); err != nil {
				return fmt.Errorf("%.80q: %w", base, err)
			}
			s.offsets[base] = offset
		}
	}
}

// images returns the pictures that the list of labels names, in its order.
func (s *mnistMSplit) images() (Images, error) {
	if s.names == nil {
		return Images{}, fmt.Errorf("there is no %s in it", mnistMLabels)
	}
	images := Images{C: 3, H: mnistMSide, W: mnistMSide, N: len(s.names)}
	for _, name := range s.names {
		offset, ok := s.offsets[name.name]
		if !ok {
			return Images{}, fmt.Errorf("its %s has no %.80q, which %s lists", mnistMFolder, name.name, mnistMLabels)
		}
		images.Data = append(images.Data, s.data[offset:][:mnistMSize]...)
		images.Labels = append(images.Labels, name.label)
	}
	return images, nil
}

type labelledName struct {
	name  string
	label uint16
}

// parseNames reads lines "name label" with labels from 0 to 9.
func parseNames(r io.Reader) ([]labelledName, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxNames*64))
	if err != nil {
		return nil, err
	}
	var names []labelledName
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || fields[0] != path.Base(fields[0]) || !filepath.IsLocal(fields[0]) {
			return nil, fmt.Errorf("line %d: %.60q is not a file name and a label", len(names)+1, strings.TrimSpace(line))
		}
		label, err := strconv.ParseUint(fields[1], 10, 8)
		if err != nil || label > 9 {
			return nil, fmt.Errorf("line %d: label %.20q is not from 0 to 9", len(names)+1, fields[1])
		}
		if len(names) == maxNames {
			return nil, fmt.Errorf("more than %d lines", maxNames)
		}
		names = append(names, labelledName{fields[0], uint16(label)})
	}
	if len(names) == 0 {
		return nil, errors.New("no images")
	}
	return names, nil
}

// decodePNG decodes a picture to dst, 3 x 32 x 32, and accepts no other size.
func decodePNG(dst []uint8, content []byte) error {
	config, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return err
	}
	if config.Width != mnistMSide || config.Height != mnistMSide {
		return fmt.Errorf("a picture of %dx%d where %dx%d was expected", config.Height, config.Width, mnistMSide, mnistMSide)
	}
	return decodePicture(dst, &PictureOptions{Side: mnistMSide}, content)
}
