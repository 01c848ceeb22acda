// Package runtest is what tests of runs share: small networks and a small dataset.
package runtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// The small networks, where the published sizes are not the point: LeNet5 has
// 4.5 M parameters, which take 18 MB a file.
const (
	LeNet = "lenet-small" // of LeNet5's form, 34 k parameters
	WRN   = "wrn-10-1"    // a wide residual network, 78 k parameters
	Tiny  = "tiny"        // one convolution, 342 parameters, for thousands of runs

	TinyPictures = "tiny-pictures" // as tiny, of 224 x 224 pixels
)

// AddNetworks makes the small networks known, before any test runs.
func AddNetworks() {
	zoo.Networks = append(zoo.Networks, zoo.Entry{Name: LeNet, Model: LeNet, Side: 32, What: "for tests", New: lenet},
		zoo.Entry{Name: Tiny, Model: Tiny, Side: 32, What: "for tests", New: func(classes int) *nn.Network { return tiny(Tiny, 32, classes) }},
		zoo.Entry{Name: TinyPictures, Model: TinyPictures, Side: 224, What: "for tests", New: func(classes int) *nn.Network { return tiny(TinyPictures, 224, classes) }},
		zoo.Entry{Name: WRN, Model: WRN, Side: 32, What: "for tests", New: func(classes int) *nn.Network { return zoo.WideResNet(10, 1, classes) }})
	zoo.Names = append(zoo.Names, LeNet, Tiny, TinyPictures, WRN)
	catalog.DigitNetworks = append(catalog.DigitNetworks, LeNet)
}

func lenet(classes int) *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	x = g.Conv("conv1", x, nn.Conv{Out: 8, Kernel: 5, Bias: true})
	x = g.MaxPool(g.ReLU(x), 2, 2)
	x = g.Conv("conv2", x, nn.Conv{Out: 16, Kernel: 5, Bias: true})
	x = g.MaxPool(g.ReLU(x), 2, 2)
	x = g.ReLU(g.Linear("fc1", g.Flatten(x), nn.Linear{Out: 64}))
	embedding := g.ReLU(g.Linear("fc2", x, nn.Linear{Out: 64}))
	return g.Network(LeNet, g.Linear("fc3", embedding, nn.Linear{Out: classes}), embedding)
}

func tiny(name string, side, classes int) *nn.Network {
	g, x := nn.NewGraph(3, side, side)
	x = g.ReLU(g.Conv("conv", x, nn.Conv{Out: 2, Kernel: 5, Stride: side / 7, Bias: true}))
	embedding := g.Flatten(g.MaxPool(x, 2, 2))
	return g.Network(name, g.Linear("fc", embedding, nn.Linear{Out: classes}), embedding)
}

// Digits writes a digits dataset of random pictures: 70 source images,
// 20 of the source's test set, 15 of usps.
func Digits(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := WriteDigits(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// WriteDigits writes into a folder what Digits does.
func WriteDigits(dir string) error {
	random := rand.New(rand.NewPCG(1, 2))
	writeIDX := func(name string, n int) error {
		pixels := binary.BigEndian.AppendUint32(nil, 2051)
		labels := binary.BigEndian.AppendUint32(nil, 2049)
		for _, v := range []uint32{uint32(n), 28, 28} {
			pixels = binary.BigEndian.AppendUint32(pixels, v)
		}
		labels = binary.BigEndian.AppendUint32(labels, uint32(n))
		for i := range n {
			labels = append(labels, byte(i%10))
			for range 28 * 28 {
				pixels = append(pixels, byte(random.IntN(256)))
			}
		}
		return errors.Join(
			os.WriteFile(filepath.Join(dir, name+"-images-idx3-ubyte"), pixels, 0o666),
			os.WriteFile(filepath.Join(dir, name+"-labels-idx1-ubyte"), labels, 0o666))
	}
	if err := errors.Join(writeIDX("train", 70), writeIDX("t10k", 20)); err != nil {
		return err
	}
	var usps strings.Builder
	for i := range 15 {
		fmt.Fprintf(&usps, "%d", i%10+1)
		for p := range 256 {
			fmt.Fprintf(&usps, " %d:%.3f", p+1, 2*random.Float64()-1)
		}
		usps.WriteByte('\n')
	}
	return os.WriteFile(filepath.Join(dir, "usps.t"), []byte(usps.String()), 0o666)
}

// Files reads the files of a folder but a run's lock, by their paths in it.
func Files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == runfolder.LockFile {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		all[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
