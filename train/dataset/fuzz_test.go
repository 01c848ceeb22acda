package dataset

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"math/big"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

// allocated returns the bytes that this process has ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// thrifty calls parse on a file of that many bytes, and checks that it takes no
// memory that the file does not justify, and that its error is a short line.
func thrifty(t *testing.T, size int, parse func() error) {
	t.Helper()
	before := allocated()
	err := parse()
	require.Less(t, allocated()-before, uint64(16<<20+1024*size))
	if err != nil {
		require.Less(t, len(err.Error()), 2000)
		require.NotContains(t, err.Error(), "\n")
	}
}

// checkImages checks what every parser promises of the images it returns.
func checkImages(t *testing.T, images Images, classes int) {
	t.Helper()
	require.Positive(t, images.N)
	require.Len(t, images.Data, images.N*images.C*images.H*images.W)
	require.Len(t, images.Labels, images.N)
	require.NoError(t, checkLabels(images.Labels, classes))
}

func FuzzIDX(f *testing.F) {
	f.Add(gunzipped(f, load(f, "mnist_like_idx3.gz")))
	f.Add(gunzipped(f, load(f, "mnist_like_idx1.gz")))
	f.Add([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9})
	f.Add([]byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 1})
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			images, err := parseIDXImages(bytes.NewReader(content))
			if err == nil {
				require.Len(t, content, 16+images.n*images.h*images.w)
				require.Equal(t, content[16:], images.data)
			}
			return err
		})
		thrifty(t, len(content), func() error {
			labels, err := parseIDXLabels(bytes.NewReader(content))
			if err == nil {
				require.Equal(t, widen(content[8:]), labels)
			}
			return err
		})
	})
}

func FuzzMat(f *testing.F) {
	f.Add(load(f, "svhn_like.mat"))
	f.Add(load(f, "svhn_like_compressed.mat"))
	f.Add(load(f, "labels/svhn_list.mat"))
	f.Add(matFile(
		array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)},
		array{"y", 6, miDouble, []int32{1, 1}, make([]byte, 8)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			images, err := parseSVHN(bytes.NewReader(content))
			if err == nil {
				checkImages(t, images, 10)
			}
			return err
		})
	})
}

// FuzzMatElement feeds what is inside the compressed elements of a .mat file,
// whose checksums the fuzzer could not guess.
func FuzzMatElement(f *testing.F) {
	file := matFile(
		array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)},
		array{"y", 6, miDouble, []int32{1, 1}, make([]byte, 8)})
	header, elements := file[:128], file[128:]
	size := 8 + binary.LittleEndian.Uint32(elements[4:])
	f.Add(elements[:size], elements[size:])
	nested := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, miCompressed), size)
	f.Add(append(nested, elements[:size]...), elements[size:])
	w, err := zlib.NewWriterLevel(nil, flate.NoCompression)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		content := bytes.NewBuffer(bytes.Clone(header))
		for _, element := range [][]byte{first, second} {
			var packed bytes.Buffer
			w.Reset(&packed)
			_, err := w.Write(element)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			require.NoError(t, binary.Write(content, binary.LittleEndian, []uint32{miCompressed, uint32(packed.Len())}))
			content.Write(packed.Bytes())
		}
		thrifty(t, content.Len(), func() error {
			images, err := parseSVHN(content)
			if err == nil {
				checkImages(t, images, 10)
			}
			return err
		})
	})
}

func FuzzLIBSVM(f *testing.F) {
	f.Add([]byte(uspsLine(1, "-0.25")))
	f.Add([]byte(uspsLine(1, "1e-3") + uspsLine(1, "1")))
	f.Add([]byte("1 1:0x1p-2"))
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			greys, err := parseUSPS(bytes.NewReader(content))
			if err == nil {
				checkImages(t, greys.images(32), 10)
			}
			return err
		})
	})
}

// FuzzTar feeds MNIST-M's archive. The checksums of the archive's headers, which
// the fuzzer could not guess, are made right first.
func FuzzTar(f *testing.F) {
	f.Add(mnistMTar(f))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, header := range []tar.Header{
		{Name: "mnist_m_test/../../../escape.png", Typeflag: tar.TypeReg},
		{Name: "/mnist_m_test/0.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "mnist_m_test/1.png", Typeflag: tar.TypeLink, Linkname: "0.png"},
		{Name: "mnist_m_test/" + strings.Repeat("n", 300), Typeflag: tar.TypeReg, PAXRecords: map[string]string{"comment": strings.Repeat("c", 5000)}},
		{Name: "mnist_m_test/2.png", Typeflag: tar.TypeReg, Format: tar.FormatGNU, Size: 1 << 40},
	} {
		require.NoError(f, w.WriteHeader(&header))
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		repairTar(content)
		thrifty(t, len(content), func() error {
			images, err := parseMNISTMTar(bytes.NewReader(content))
			if err == nil {
				checkImages(t, images, 10)
			}
			return err
		})
	})
}

// repairTar makes the checksums of a tar archive's headers right: the sum of the
// bytes, those of the sum itself counted as spaces.
func repairTar(content []byte) {
	const block, sumAt, sumEnd, sizeAt, sizeEnd = 512, 148, 156, 124, 136
	for len(content) >= block {
		header := content[:block]
		if bytes.Count(header, []byte{0}) < block { // an empty one marks the end
			copy(header[sumAt:sumEnd], "        ")
			sum := 0
			for _, b := range header {
				sum += int(b)
			}
			copy(header[sumAt:sumEnd], fmt.Sprintf("%06o\x00 ", sum))
		}
		size, _ := strconv.ParseInt(strings.Trim(string(header[sizeAt:sizeEnd]), " \x00"), 8, 32)
		content = content[min(int64(len(content)), block+(max(size, 0)+block-1)/block*block):]
	}
}

// FuzzDecompressed feeds the wrappers around every format.
func FuzzDecompressed(f *testing.F) {
	f.Add(load(f, "mnist_like_idx1.gz"))
	f.Add(load(f, "usps_like.bz2"))
	f.Add(load(f, "zeros_32MiB.bz2"))
	f.Add(gzipped(f, make([]byte, 4<<20)))
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			r, err := decompressed(bytes.NewReader(content))
			if err != nil {
				return err
			}
			data, err := readBytes(r, 1<<20)
			if err != nil {
				return err
			}
			require.Len(t, data, 1<<20)
			return expectEnd(r)
		})
	})
}

func FuzzPickle(f *testing.F) {
	f.Add(load(f, "cifar10_like_python2"))
	f.Add(load(f, "cifar100_like_python3"))
	f.Add(load(f, "labels/scalars_protocol2"))
	f.Add(load(f, "labels/array_big_protocol5"))
	f.Add(pickled("}(U\x04data" + pickledArray + "(K\x01K\x00M\x00\x0c\x86" + pickledDType + "\x89U\x00tbU\x06labels]u"))
	f.Add(pickled("(]q\x00h\x00\x85\x94}u"))
	f.Add(doublingPickle())
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			images, err := cifar10.parsePython(bytes.NewReader(content))
			if err == nil {
				checkImages(t, images, 10)
			}
			return err
		})
	})
}

// doublingPickle is a batch of one image, whose label is a tuple of a tuple twice,
// and so on: 2^60 numbers.
func doublingPickle() []byte {
	label := "K\x00" + strings.Repeat("q\x00h\x00\x86", 60)
	image := "(K\x01K\x01M\x00\x0c\x86" + pickledDType + "\x89B\x00\x0c\x00\x00" + strings.Repeat("x", cifarImage) + "tb"
	return pickled("}(U\x04data" + pickledArray + image + "U\x06labels](" + label + "eu")
}

// copyingPickle makes array after array of one string.
func copyingPickle() []byte {
	const size = 1 << 16
	content := "B\x00\x00\x01\x00" + strings.Repeat("x", size)
	state := "(K\x01J\x00\x00\x01\x00\x85" + pickledDType + "\x89" + content + "t"
	return pickled("](" + pickledArray + state + "q\x07b" + strings.Repeat(pickledArray+"h\x07b", 1000) + "e")
}

func FuzzCIFARBinary(f *testing.F) {
	f.Add(load(f, "cifar10_like.bin"))
	f.Add(load(f, "cifar100_like.bin"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, kind := range []*cifarKind{&cifar10, &cifar100} {
			thrifty(t, len(content), func() error {
				images, err := kind.parseBinary(bytes.NewReader(content))
				if err == nil {
					checkImages(t, images, len(kind.classes))
					require.Equal(t, len(content), images.N*(kind.labelBytes+cifarImage))
				}
				return err
			})
		}
	})
}

// FuzzPicture feeds pictures. The checksums of PNG files, which the fuzzer could
// not guess, are made right first.
func FuzzPicture(f *testing.F) {
	file, _ := picture(f, 9, 1)
	f.Add(file)
	files, err := filepath.Glob(filepath.Join("testdata", "pictures", "*.*"))
	require.NoError(f, err)
	for _, path := range files {
		content, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(content)
	}
	for _, header := range headersAlone {
		f.Add(header)
	}
	var b bytes.Buffer
	require.NoError(f, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 7)), nil))
	f.Add(bytes.Clone(b.Bytes()))
	b.Reset()
	require.NoError(f, jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 9, 7)), nil))
	f.Add(bytes.Clone(b.Bytes()))
	b.Reset()
	require.NoError(f, gif.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 7)), nil))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		repairPNG(content)
		config, format, err := image.DecodeConfig(bytes.NewReader(content))
		pixels := config.Width * config.Height
		if format == "gif" { // its frame may be larger than its canvas
			_, frame, _ := patchGIF(bytes.Clone(content))
			pixels = max(pixels, frame)
		}
		if err == nil && pixels > 1<<16 && pixels <= maxPixelsOfByte*len(content) {
			return // a picture that large is no finding, it only makes fuzzing slow
		}
		thrifty(t, len(content), func() error { return decodePicture(make([]uint8, 3*8*8), &PictureOptions{Side: 8}, content) })
	})
}

// repairPNG makes the checksums of a PNG file's chunks right.
func repairPNG(content []byte) {
	const signature = 8
	if len(content) < signature || content[0] != 0x89 {
		return
	}
	for rest := content[signature:]; len(rest) >= 12; {
		end := 8 + int(binary.BigEndian.Uint32(rest))
		if end > len(rest)-4 {
			return
		}
		binary.BigEndian.PutUint32(rest[end:], crc32.ChecksumIEEE(rest[4:end]))
		rest = rest[end+4:]
	}
}

func FuzzLists(f *testing.F) {
	f.Add([]byte("photo/dog/056_0001.jpg 1\n"))
	f.Add([]byte("00000000.png 7\n"))
	f.Add([]byte("../../etc/passwd 1\n"))
	f.Add([]byte("/etc/passwd 1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		thrifty(t, len(content), func() error {
			files, err := parseList(bytes.NewReader(content), "root")
			for _, file := range files {
				inside, err := filepath.Rel("root", file.path)
				require.NoError(t, err)
				require.True(t, filepath.IsLocal(inside))
				require.Less(t, int(file.label), len(pacsClasses))
			}
			return err
		})
		thrifty(t, len(content), func() error {
			names, err := parseNames(bytes.NewReader(content))
			for _, name := range names {
				require.Equal(t, name.name, filepath.Base(name.name))
				require.Less(t, int(name.label), 10)
			}
			return err
		})
	})
}

// FuzzManifest feeds manifests of pictures, and arranges these.
func FuzzManifest(f *testing.F) {
	f.Add("a/1.png,cat\na/2.png,dog\nb/1.png,cat,photo,test\n")
	f.Add("\ufefflabel,split,path\r\ncat,train,\"a, b.png\"\r\ndog,VAL,/x/y.png\r\n")
	f.Add("path,label,domain,split\n1.png,cat,one,train\n2.png,dog,one,val\n3.png,cat,two,\n4.png,dog,two,test\n")
	f.Add("1.png,\"two\nlines\",test,train\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := &collection{dir: "m.csv", leftOut: map[string]int{}}
		parse := func() error { return c.parseManifest(strings.NewReader(text), "dir") }
		thrifty(t, len(text), parse)
		for _, p := range c.pictures {
			require.NotEmpty(t, p.path)
			require.NoError(t, checkName("label", p.class))
			require.Contains(t, []string{"", trainSplit, valSplit, testSplit}, p.split)
			if p.domain != "" {
				require.NoError(t, checkDomain(p.domain))
			}
		}
		for _, o := range []FolderOptions{{Holdout: UsualHoldout}, {Holdout: 0.5, TestsOnly: true}} {
			a, err := c.arrange(&o)
			if err != nil {
				require.Less(t, len(err.Error()), 2000)
				continue
			}
			held, _ := a.holdOut(&o)
			n, labels := len(a.train)+len(held), a.labels()
			for _, pictures := range a.tests {
				n += len(pictures)
				for _, file := range labelled(pictures, labels) {
					require.Less(t, int(file.label), len(a.classes))
				}
			}
			require.LessOrEqual(t, n, len(c.pictures))
		}
	})
}

// FuzzCache feeds files of a Cache: so many bytes of pixels, a record, and a length of that
// which is too long by so many. Their checksum is right, as no fuzzer could make it.
func FuzzCache(f *testing.F) {
	f.Add(uint16(2*3*3*3), []byte(`{"format":"meada-cpu pictures 3","sources_sha256":"ab","images":2,"side":3,"bad":[{"image":1,"error":"no picture"}]}`), int8(0))
	f.Add(uint16(0), []byte(`{"images":4611686018427387904,"side":2}`), int8(0))
	f.Add(uint16(0), []byte(`{"images":1,"side":4294967296}`), int8(0))
	f.Add(uint16(3), []byte(`{"images":1,"side":1,"bad":[{"image":-1}]}`), int8(0))
	f.Add(uint16(3), []byte(`{"images":1,"side":1}`), int8(4))
	f.Fuzz(func(t *testing.T, pixels uint16, record []byte, longer int8) {
		content := append(make([]byte, pixels), record...)
		content = binary.LittleEndian.AppendUint64(content, uint64(len(record))+uint64(int64(longer)))
		sum := sha256.Sum256(content)
		content = append(content, sum[:]...)
		thrifty(t, len(content), func() error {
			record, err := readCache(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				return err
			}
			images := new(big.Int).Mul(big.NewInt(int64(record.Images)), big.NewInt(3*int64(record.Side)*int64(record.Side)))
			require.True(t, images.IsInt64())
			require.Equal(t, record.bytes(), images.Int64())
			require.Less(t, images.Int64(), int64(len(content)))
			for _, bad := range record.Bad {
				require.True(t, bad.Image >= 0 && bad.Image < record.Images)
			}
			return nil
		})
	})
}

// FuzzCorruptions feeds a folder of corrupted images.
func FuzzCorruptions(f *testing.F) {
	dir := f.TempDir()
	header := func(descr, shape string) string {
		return fmt.Sprintf("\x93NUMPY\x01\x00\x46\x00%-69s\n", fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape))
	}
	labels := header("|u1", "10,") + strings.Repeat("\x01", 10)
	images := header("|u1", "10, 2, 3, 3") + strings.Repeat("\x02", 180)
	f.Add([]byte(labels), []byte(images))
	f.Add([]byte(header("<i8", "5,")+strings.Repeat("\x01\x00\x00\x00\x00\x00\x00\x00", 5)), []byte(header("<f4", "5, 1, 1, 3")+strings.Repeat("\x00", 60)))
	f.Add([]byte(header(">u2", "5,")+strings.Repeat("\x00\x01", 5)), []byte(images))
	f.Add([]byte(labels), []byte(header("|u1", "10, 2147483647, 2147483647, 3")))
	f.Fuzz(func(t *testing.T, labels, images []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "labels.npy"), labels, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "fog.npy"), images, 0o600))
		thrifty(t, len(labels)+len(images), func() error {
			c, err := OpenCorruptions(dir, 10)
			if err != nil {
				return err
			}
			for severity := range corrupt.Severities {
				images, err := c.Read("fog", severity+1)
				if err != nil {
					return err
				}
				checkImages(t, images, 10)
			}
			domains, err := c.Domains(2, 3, 1)
			for _, d := range domains {
				require.Equal(t, corrupt.Severities, d.N)
			}
			return err
		})
	})
}
