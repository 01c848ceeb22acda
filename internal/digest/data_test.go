package digest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// generator draws bytes from a sequence that never changes.
type generator struct{ *rand.PCG }

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint64() >> 56)
	}
	return b
}

// writeData writes tiny datasets of noise into folders of dir: digits, cifar10,
// cifar100, pacs, and folder, of one's own pictures.
func writeData(t *testing.T, dir string) {
	t.Helper()
	g := generator{rand.NewPCG(1, 2)}
	write := func(path string, content []byte) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, content, 0o666))
	}
	for _, set := range []string{"train", "t10k"} {
		n := map[string]int{"train": 12, "t10k": 4}[set]
		write("digits/"+set+"-images-idx3-ubyte", append(bigEndian(2051, n, 28, 28), g.bytes(n*28*28)...))
		write("digits/"+set+"-labels-idx1-ubyte", append(bigEndian(2049, n), labels(n, 10)...))
	}
	write("digits/usps.t", g.usps(3))

	for _, set := range []string{"cifar10/data_batch_1.bin", "cifar10/test_batch.bin", "cifar100/train.bin", "cifar100/test.bin"} {
		n, classes, coarse := 8, 10, []byte(nil)
		if strings.Contains(set, "test") {
			n = 2
		}
		if strings.Contains(set, "cifar100") {
			classes, coarse = 100, []byte{0}
		}
		var records []byte
		for _, label := range labels(n, classes) {
			records = append(records, coarse...)
			records = append(records, label)
			records = append(records, g.bytes(3*32*32)...)
		}
		write(set, records)
	}

	for _, domain := range []string{"art_painting", "cartoon", "photo", "sketch"} {
		for _, split := range []string{"train", "crossval", "test"} {
			path := domain + "/dog/" + split + ".png"
			write("pacs/kfold/"+path, g.png(t, 40, 30))
			write("pacs/splits/"+domain+"_"+split+"_kfold.txt", []byte(strings.Repeat(path+" 1\n", map[string]int{"train": 2}[split]+1)))
		}
	}

	for i, class := range []string{"ant", "bee", "cat"} {
		for n := range 3 {
			write(fmt.Sprintf("folder/train/%s/%d.png", class, n), g.png(t, 20+7*n, 40-5*i))
		}
		write("folder/test/"+class+"/1.png", g.png(t, 32, 32))
	}
}

func bigEndian(values ...int) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// labels returns n labels spread over the classes.
func labels(n, classes int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 % classes)
	}
	return b
}

// usps returns n pictures in the text of LIBSVM.
func (g generator) usps(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprint(&b, i+1)
		for p, v := range g.bytes(16 * 16) {
			fmt.Fprintf(&b, " %d:%g", p+1, float64(v)/128-1)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (g generator) png(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	copy(m.Pix, g.bytes(len(m.Pix)))
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}
