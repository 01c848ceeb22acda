package predict

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Stdin is the path that stands for a picture on standard input.
const Stdin = "-"

// Picture is a picture to classify.
type Picture struct {
	File string
	True string // the class in whose folder it lies, "" if it is in none
}

// Pictures lists the pictures that paths name: a folder stands for those in it, see
// [dataset.PictureFiles]. A picture lies in the folder of a class if the folder that
// holds it is named like one of classes, or, of the folders that a path stands for, an
// outer one is. Files in folders that are no pictures are counted in leftOut.
func Pictures(paths, classes []string) (pictures []Picture, leftOut []dataset.LeftOut, err error) {
	known := make(map[string]bool, len(classes))
	for _, class := range classes {
		known[class] = true
	}
	for _, path := range paths {
		if path == Stdin {
			pictures = append(pictures, Picture{File: path})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, &dataset.Error{Path: path, Err: errors.Unwrap(err)}
		}
		root, files := path, []string{path}
		if !info.IsDir() {
			root = filepath.Dir(path)
		} else {
			var other []dataset.LeftOut
			if files, other, err = dataset.PictureFiles(path); err != nil {
				return nil, nil, err
			}
			leftOut = dataset.SumLeftOut(leftOut, other)
		}
		if other := otherFolders(root, files, known); other != nil {
			return nil, nil, &dataset.Error{Path: path, Err: fmt.Errorf(
				"its folders are named like classes, but for %s: those of the weights are %s; a folder given by itself is taken as it is", cli.Some(other), cli.Some(classes))}
		}
		for _, file := range files {
			pictures = append(pictures, Picture{file, classOf(root, file, known)})
		}
	}
	return pictures, leftOut, nil
}

// otherFolders returns the names of folders below root with pictures that lie beside
// folders of known classes but are none.
func otherFolders(root string, files []string, known map[string]bool) []string {
	of := map[string]bool{} // folders that hold those of classes
	var without [][]string  // the folders of pictures that are in no class's
	for _, file := range files {
		below, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil || below == "." {
			continue
		}
		folders := strings.Split(filepath.ToSlash(below), "/")
		if i := slices.IndexFunc(folders, func(n string) bool { return known[n] }); i >= 0 {
			of[strings.Join(folders[:i], "/")] = true
		} else {
			without = append(without, folders)
		}
	}
	other := map[string]bool{}
	for _, folders := range without {
		for i, name := range folders {
			if of[strings.Join(folders[:i], "/")] {
				other[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(other))
}

// classOf returns the outermost class among the names of a folder and of those in it
// that lead to a file, "" if there is none.
func classOf(root, file string, known map[string]bool) string {
	name := root
	if absolute, err := filepath.Abs(root); err == nil { // of . and ..
		name = absolute
	}
	names := []string{filepath.Base(name)}
	if below, err := filepath.Rel(root, filepath.Dir(file)); err == nil {
		names = append(names, strings.Split(filepath.ToSlash(below), "/")...)
	}
	if i := slices.IndexFunc(names, func(n string) bool { return known[n] }); i >= 0 {
		return names[i]
	}
	return ""
}

// batch is how many pictures are read before the network sees them.
const batch = 64

// decoded are pictures that could be read, and what was wrong with the others.
type decoded struct {
	images   dataset.Images
	read     []Picture
	failures []error
}

// read decodes pictures, batch after batch, until stop is closed.
func (p *Predictor) read(pictures []Picture, stop <-chan struct{}) <-chan decoded {
	batches := make(chan decoded)
	go func() {
		defer close(batches)
		for some := range slices.Chunk(pictures, batch) {
			select {
			case batches <- p.readBatch(some):
			case <-stop:
				return
			}
		}
	}()
	return batches
}

// readBatch reads pictures in the network's size, on all processors.
func (p *Predictor) readBatch(pictures []Picture) decoded {
	n := p.Network
	d := decoded{images: dataset.Images{C: n.C, H: n.H, W: n.W, N: len(pictures)}}
	d.images.Data = make([]uint8, d.images.N*n.C*n.H*n.W)
	results := make([]error, len(pictures))
	var workers sync.WaitGroup
	count := runtime.GOMAXPROCS(0)
	for w := range count {
		workers.Go(func() {
			for i := w; i < len(pictures); i += count {
				results[i] = p.readPicture(d.images.Image(i), pictures[i].File)
			}
		})
	}
	workers.Wait()
	for i, err := range results {
		if err != nil {
			d.failures = append(d.failures, err)
			continue
		}
		copy(d.images.Image(len(d.read)), d.images.Image(i))
		d.read = append(d.read, pictures[i])
	}
	d.images.N = len(d.read)
	return d
}

func (p *Predictor) readPicture(dst []uint8, file string) error {
	o := dataset.PictureOptions{Side: p.Network.H, Resize: p.Resize, Clipped: &p.Clipped}
	if file != Stdin {
		return dataset.ReadPicture(dst, &o, file)
	}
	if err := dataset.DecodePicture(dst, &o, p.Stdin); err != nil {
		return &dataset.Error{Path: "standard input", Err: err}
	}
	return nil
}
