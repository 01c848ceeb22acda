package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/resample"
)

func load(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return content
}

func loadArray(t testing.TB, name string) npy.Array {
	t.Helper()
	a, err := npy.Read(filepath.Join("testdata", name))
	require.NoError(t, err)
	return a
}

// writeTree writes files, whose names may have folders, below dir.
func writeTree(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o644))
	}
}

// digitsTree is a small copy of every file of the benchmark.
func digitsTree(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"mnist/train-images-idx3-ubyte.gz": load(t, "mnist_like_idx3.gz"),
		"mnist/train-labels-idx1-ubyte.gz": load(t, "mnist_like_idx1.gz"),
		"mnist/t10k-images-idx3-ubyte.gz":  load(t, "mnist_like_idx3.gz"),
		"mnist/t10k-labels-idx1-ubyte.gz":  load(t, "mnist_like_idx1.gz"),
		"test_32x32.mat":                   load(t, "svhn_like.mat"),
		"syn/synth_test_32x32.mat":         load(t, "svhn_like_compressed.mat"),
		"usps/usps.t.bz2":                  load(t, "usps_like.bz2"),
		"mnist_m/mnist_m.tar.gz":           gzipped(t, mnistMTar(t)),
	}
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gunzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	require.NoError(t, err)
	return b.Bytes()
}

// picture returns a PNG file and its planes.
func picture(t testing.TB, side int, seed uint8) (file, planes []uint8) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	planes = make([]uint8, 3*side*side)
	for i := range side * side {
		c := color.NRGBA{R: seed + uint8(i), G: seed ^ uint8(3*i), B: uint8(i >> 2), A: 255}
		m.SetNRGBA(i%side, i/side, c)
		planes[i], planes[side*side+i], planes[2*side*side+i] = c.R, c.G, c.B
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes(), planes
}

type member struct {
	name    string
	content []byte
}

func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.content))}))
		_, err := w.Write(m.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func mnistMTar(t testing.TB) []byte {
	a, _ := picture(t, 32, 1)
	b, _ := picture(t, 32, 2)
	train, _ := picture(t, 32, 3)
	return tarOf(t,
		member{"mnist_m/._mnist_m_test_labels.txt", []byte("added by macOS")},
		member{"mnist_m/mnist_m_train/00000000.png", train},
		member{"mnist_m/mnist_m_test/._00000000.png", []byte("added by macOS")},
		member{"mnist_m/mnist_m_test/00000000.png", a},
		member{"mnist_m/mnist_m_test/00000001.png", b},
		member{"mnist_m/mnist_m_test_labels.txt", []byte("00000001.png 4\n00000000.png 9\n")},
	)
}

func domainNames(b *Task) []string {
	var names []string
	for _, d := range b.Domains {
		names = append(names, d.Name)
	}
	return names
}

func TestDigits(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, digitsTree(t))
	b, err := Digits(dir)
	require.NoError(t, err)
	require.Empty(t, b.Absent)
	require.Len(t, b.Classes, 10)
	require.Equal(t, []string{"mnist", "svhn", "mnist-m", "syn", "usps"}, domainNames(b))

	for _, images := range []Images{b.Source, b.Domains[0].Images} {
		require.Equal(t, []uint16{7, 2, 1}, images.Labels)
		checkGrey(t, images, loadArray(t, "mnist_like_images.npy"))
	}
	for _, i := range []int{1, 3} { // plain and compressed
		images := b.Domains[i].Images
		require.Equal(t, loadArray(t, "svhn_like_nchw.npy").Bytes, images.Data)
		checkLabelsEqual(t, loadArray(t, "svhn_like_labels.npy").Int64, images.Labels)
	}
	_, first := picture(t, 32, 2)
	_, second := picture(t, 32, 1)
	require.Equal(t, append(first, second...), b.Domains[2].Data, "in the order of the label file")
	require.Equal(t, []uint16{4, 9}, b.Domains[2].Labels)
	checkGrey(t, b.Domains[4].Images, loadArray(t, "usps_like_u8.npy"))
	checkLabelsEqual(t, loadArray(t, "usps_like_labels.npy").Int64, b.Domains[4].Labels)

	for _, d := range b.Domains {
		require.Equal(t, d.Name == "mnist", d.Source)
		require.Equal(t, [3]int{3, 32, 32}, [3]int{d.C, d.H, d.W})
		require.Len(t, d.Data, d.N*3*32*32)
		require.Len(t, d.Labels, d.N)
	}
}

func checkLabelsEqual(t *testing.T, want []int64, got []uint16) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.EqualValues(t, want[i], got[i])
	}
}

// checkGrey compares images with resized copies of grey ones on three channels.
func checkGrey(t *testing.T, images Images, grey npy.Array) {
	t.Helper()
	n, h, w := grey.Shape[0], grey.Shape[1], grey.Shape[2]
	require.Equal(t, n, images.N)
	r := resample.NewResizer(resample.Bilinear, h, w, 32, 32)
	plane := make([]uint8, 32*32)
	for i := range n {
		r.Plane(plane, grey.Bytes[i*h*w:][:h*w])
		for c := range 3 {
			require.Equal(t, plane, images.Image(i)[c*32*32:][:32*32])
		}
	}
}

// TestLayouts finds the same files under the other names and folders that they
// are known by.
func TestLayouts(t *testing.T) {
	want := digitsTree(t)
	a, _ := picture(t, 32, 1)
	b, _ := picture(t, 32, 2)
	dir := t.TempDir()
	writeTree(t, dir, map[string][]byte{
		"MNIST/raw/train-images-idx3-ubyte":  gunzipped(t, want["mnist/train-images-idx3-ubyte.gz"]),
		"MNIST/raw/train-labels-idx1-ubyte":  gunzipped(t, want["mnist/train-labels-idx1-ubyte.gz"]),
		"t10k-images.idx3-ubyte":             gunzipped(t, want["mnist/t10k-images-idx3-ubyte.gz"]),
		"t10k-labels.idx1-ubyte.gz":          gunzipped(t, want["mnist/t10k-labels-idx1-ubyte.gz"]), // unpacked by a browser
		"SVHN/test_32x32.mat":                want["test_32x32.mat"],
		"synth_test_32x32.mat":               want["syn/synth_test_32x32.mat"],
		"usps.t.bz2":                         want["usps/usps.t.bz2"],
		"mnist_m/mnist_m_test/00000000.png":  a,
		"mnist_m/mnist_m_test/00000001.png":  b,
		"mnist_m/mnist_m_test_labels.txt":    []byte("00000001.png 4\n00000000.png 9\n"),
		"mnist_m/mnist_m_train/00000000.png": a,
	})
	got, err := Digits(dir)
	require.NoError(t, err)
	plain := t.TempDir()
	writeTree(t, plain, want)
	expected, err := Digits(plain)
	require.NoError(t, err)
	require.Equal(t, expected, got)
}

func TestAbsentDomains(t *testing.T) {
	dir := t.TempDir()
	files := digitsTree(t)
	delete(files, "test_32x32.mat")
	delete(files, "mnist/t10k-labels-idx1-ubyte.gz")
	delete(files, "mnist_m/mnist_m.tar.gz")
	writeTree(t, dir, files)
	b, err := Digits(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"syn", "usps"}, domainNames(b))
	require.Len(t, b.Absent, 3)
	require.Contains(t, b.Absent[0], "mnist (t10k-images")
	require.Contains(t, b.Absent[1], "svhn (test_32x32.mat)")
	require.Contains(t, b.Absent[2], "mnist-m (")
}

func TestSourceIsTheFirstImages(t *testing.T) {
	greys := labelledGreys{greys{make([]uint8, 5*4), 5, 2, 2}, []uint16{0, 1, 2, 3, 4}}
	greys.truncate(3)
	images := greys.images(32)
	require.Equal(t, 3, images.N)
	require.Equal(t, []uint16{0, 1, 2}, images.Labels)
}

// TestMalformed damages one file at a time: the error names that file and what
// was expected.
func TestMalformed(t *testing.T) {
	cut := func(content []byte, n int) []byte { return content[:len(content)-n] }
	idx := func(magic, n, h, w byte, data int) []byte {
		return append([]byte{0, 0, 8, magic, 0, 0, 0, n, 0, 0, 0, h, 0, 0, 0, w}, make([]byte, data)...)
	}
	good := digitsTree(t)
	mat, compressed := good["test_32x32.mat"], good["syn/synth_test_32x32.mat"]
	usps := uspsLine(1, "0.5")
	png32, _ := picture(t, 32, 1)
	png33, _ := picture(t, 33, 1)
	labels := member{"mnist_m/mnist_m_test_labels.txt", []byte("a.png 4\n")}

	const images, names = "mnist/train-images-idx3-ubyte.gz", "mnist/train-labels-idx1-ubyte.gz"
	const svhn, syn, usp, mm = "test_32x32.mat", "syn/synth_test_32x32.mat", "usps/usps.t.bz2", "mnist_m/mnist_m.tar.gz"
	for _, c := range []struct {
		file    string
		content []byte
		message string
	}{
		{images, nil, "truncated"},
		{images, cut(good[images], 1), "truncated"},
		{images, cut(good[images], 300), "truncated"},
		{images, flip(good[images], len(good[images])-8), "checksum"},
		{images, load(t, "mnist_like_idx1.gz"), "magic number 2049 where 2051"},
		{images, idx(3, 3, 28, 28, 3*28*28-1), "truncated"},
		{images, idx(3, 3, 28, 28, 3*28*28+1), "more bytes than its header declares"},
		{images, idx(3, 0, 28, 28, 0), "0 images of 28x28"},
		{images, idx(3, 1, 0, 28, 0), "1 images of 0x28"},
		{images, []byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 1}, "truncated"},
		{names, load(t, "mnist_like_idx3.gz"), "magic number 2051 where 2049"},
		{names, []byte{0, 0, 8, 1, 0, 0, 0, 2, 0, 1}, "2 labels for the 3 images"},
		{names, []byte{0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 10}, "label 10 of image 2 is not below 10"},
		{names, []byte{0, 0, 8, 1, 0, 0, 0, 3, 0, 1}, "truncated"},

		{svhn, cut(mat, 5000), "truncated"},
		{svhn, mat[:100], "truncated"},
		{svhn, mat[:128], "no array X"},
		{svhn, append([]byte("MATLAB 7.3 MAT-file"), mat[19:]...), "HDF5"},
		{svhn, []byte(strings.Repeat("not a mat file ", 20)), "not a little-endian MATLAB 5 file"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3, 2}, make([]byte, 2*3072)}, array{"y", 6, miUint8, []int32{3, 1}, []byte{1, 2, 3}}), "3 labels in y for the 2 images"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3, 2}, make([]byte, 3072)}, array{"y", 6, miUint8, []int32{2, 1}, []byte{1, 2}}), "do not fill it"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3, 1 << 30}, nil}), "impossible size"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3, 0}, nil}, array{"y", 6, miUint8, []int32{0, 1}, nil}), "no images"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{28, 28, 3, 1}, make([]byte, 28*28*3)}, array{"y", 6, miUint8, []int32{1, 1}, []byte{1}}), "where 32x32x3xN"},
		{svhn, matFile(array{"X", 6, miDouble, []int32{32, 32, 3, 1}, make([]byte, 8*3072)}, array{"y", 6, miUint8, []int32{1, 1}, []byte{1}}), "not an array of uint8"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)}, array{"y", 6, miUint8, []int32{1, 1}, []byte{11}}), "label 11 of image 0"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)}, array{"y", 6, miDouble, []int32{1, 1}, []byte{0, 0, 0, 0, 0, 0, 0xe0, 0x3f}}), "0.5 is not a whole number"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)}), "no array y"},
		{svhn, matFile(array{"X", mxUint8, miUint8, []int32{1}, []byte{1}}, array{"X", mxUint8, miUint8, []int32{1}, []byte{1}}), "two arrays X"},
		{syn, cut(compressed, 20), "truncated"},
		{syn, flip(compressed, 2000), "zlib"},

		{usp, cut(good[usp], 200), "truncated"},
		{usp, flip(good[usp], 3000), "bzip2"},
		{usp, nil, "no images"},
		{usp, []byte("11" + usps[1:]), `label "11" is not from 1 to 10`},
		{usp, []byte(usps + "3 1:0.5\n"), "line 2: 2 fields"},
		{usp, []byte(uspsLine(1, "1.5")), `"1:1.5" where 1:value`},
		{usp, []byte(uspsLine(1, "NaN")), `"1:NaN" where 1:value`},
		{usp, []byte(uspsLine(0, "0.5")), `"0:0.5" where 1:value`},
		{usp, bytes.Repeat([]byte("1"), 1<<17), "too long"},

		{mm, []byte("neither tar nor gzip"), "truncated"},
		{mm, tarOf(t), "no mnist_m_test_labels.txt"},
		{mm, tarOf(t, labels), `its mnist_m_test has no "a.png"`},
		{mm, tarOf(t, labels, member{"mnist_m/mnist_m_test/a.png", png33}), "33x33 where 32x32"},
		{mm, tarOf(t, labels, member{"mnist_m/mnist_m_test/a.png", png32}, member{"mnist_m/mnist_m_test/a.png", png32}), `"a.png" is there twice`},
		{mm, tarOf(t, labels, member{"mnist_m/mnist_m_test/a.png", cut(png32, 100)}), `"a.png": png: invalid format`},
		{mm, tarOf(t, labels, member{"mnist_m/mnist_m_test/a.png", make([]byte, maxPNG+1)}), "at most"},
		{mm, tarOf(t, member{labels.name, []byte("../a.png 4\n")}), "is not a file name"},
		{mm, tarOf(t, member{labels.name, []byte("a.png 10\n")}), `label "10"`},
		{mm, tarOf(t, member{labels.name, []byte("a.png\n")}), "is not a file name"},
		{mm, tarOf(t, member{labels.name, nil}), "no images"},
		{mm, cut(good[mm], 9), "truncated"},
	} {
		t.Run(fmt.Sprintf("%s %s", filepath.Base(c.file), c.message), func(t *testing.T) {
			dir := t.TempDir()
			files := digitsTree(t)
			files[c.file] = c.content
			writeTree(t, dir, files)
			_, err := Digits(dir)
			require.ErrorIs(t, err, ErrData)
			require.ErrorContains(t, err, filepath.Join(dir, filepath.FromSlash(c.file))+": ")
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestMissingSource(t *testing.T) {
	dir := t.TempDir()
	_, err := Digits(dir)
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, "train-images-idx3-ubyte")
	_, err = Digits(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, ErrData)
	require.ErrorIs(t, err, os.ErrNotExist)
	writeTree(t, dir, map[string][]byte{"file": nil})
	_, err = Digits(filepath.Join(dir, "file"))
	require.ErrorContains(t, err, "not a folder")
}

func TestMissingPicture(t *testing.T) {
	dir := t.TempDir()
	files := digitsTree(t)
	delete(files, "mnist_m/mnist_m.tar.gz")
	files["mnist_m/mnist_m_test_labels.txt"] = []byte("a.png 4\n")
	writeTree(t, dir, files)
	_, err := Digits(dir)
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, filepath.Join("mnist_m_test", "a.png"))
}

func flip(content []byte, at int) []byte {
	damaged := bytes.Clone(content)
	damaged[at] ^= 0x55
	return damaged
}

// uspsLine is a line of label 1 whose first pixel is index:value, the others 0.
func uspsLine(index int, value string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "1 %d:%s", index, value)
	for i := 2; i <= 256; i++ {
		fmt.Fprintf(&b, " %d:0", i)
	}
	return b.String() + " \n"
}
