package predict

import (
	"errors"
	"os"
	"runtime"
	"sync"

	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Files lists the files that paths name: a folder stands for the pictures
// in it, see [dataset.PictureFiles].
func Files(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &dataset.Error{Path: path, Err: errors.Unwrap(err)}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		below, err := dataset.PictureFiles(path)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// readBatch reads pictures in the network's size, on all processors. It returns
// those that could be read, their files, and what was wrong with the others.
func readBatch(files []string, network *nn.Network) (images dataset.Images, read []string, failures []error) {
	images = dataset.Images{C: network.C, H: network.H, W: network.W, N: len(files)}
	images.Data = make([]uint8, images.N*images.C*images.H*images.W)
	results := make([]error, len(files))
	var workers sync.WaitGroup
	count := runtime.GOMAXPROCS(0)
	for w := range count {
		workers.Go(func() {
			for i := w; i < len(files); i += count {
				results[i] = dataset.ReadPicture(images.Image(i), network.H, files[i])
			}
		})
	}
	workers.Wait()
	for i, err := range results {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		copy(images.Image(len(read)), images.Image(i))
		read = append(read, files[i])
	}
	images.N = len(read)
	return images, read, failures
}
