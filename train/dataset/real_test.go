package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dataDir returns the folder of the real datasets or skips the test.
func dataDir(t *testing.T) string {
	dir := os.Getenv("MEADA_DATA")
	if dir == "" {
		t.Skip("set MEADA_DATA to a folder with the published datasets to read them")
	}
	return dir
}

// counts returns how many images each class has.
func counts(images Images) []int {
	n := make([]int, 10)
	for _, label := range images.Labels {
		n[label]++
	}
	return n
}

// digest returns the SHA-256 of the images. Those in the tests are of what
// Pillow and NumPy read.
func digest(images Images) string {
	sum := sha256.Sum256(images.Data)
	return hex.EncodeToString(sum[:])
}

func TestRealDigits(t *testing.T) {
	start := time.Now()
	b, err := Digits(dataDir(t))
	require.NoError(t, err)
	t.Logf("read in %v; absent: %v", time.Since(start), b.Absent)
	require.Equal(t, 10_000, b.Source.N)
	require.Equal(t, []uint16{5, 0, 4, 1, 9}, b.Source.Labels[:5])
	require.Equal(t, []int{1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978}, counts(b.Source))
	sizes := map[string]int{"mnist": 10_000, "svhn": 26_032, "mnist-m": 9_001, "syn": 9_553, "usps": 2_007}
	classes := map[string][]int{
		"mnist": {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009},
		"usps":  {359, 264, 198, 166, 200, 160, 170, 147, 166, 177},
	}
	require.Equal(t, len(sizes), len(b.Domains)+len(b.Absent))
	require.Equal(t, "603deae80806ee9fa9ce9d0f6a8d79f1e6eb5ea759b5bd82e94968b6eb159328", digest(b.Source))
	digests := map[string]string{
		"mnist":   "c79eb86e57c245cc9c221eb0d7492b8a877cb28b7dc1d25bbebfc136430ace11",
		"mnist-m": "6acd60c9498c9a30952b867c549a540cf26745662a42a3fa0759fd180d8e5e35",
		"usps":    "87e0f509020a47a7e1cafe754bec24e9c8757c9fdaa0a07bc5c36f7db5fed705",
	}
	for _, d := range b.Domains {
		if want, ok := digests[d.Name]; ok {
			require.Equal(t, want, digest(d.Images), d.Name)
		}
		require.Equal(t, sizes[d.Name], d.N, d.Name)
		if want, ok := classes[d.Name]; ok {
			require.Equal(t, want, counts(d.Images), d.Name)
		}
	}
}

func TestRealCIFAR10(t *testing.T) {
	dir := dataDir(t)
	if cifar10.find(dir, "data_batch_2") == "" || cifar10.find(dir, "test_batch") == "" {
		t.Skip("no CIFAR-10 in MEADA_DATA")
	}
	b, err := CIFAR10(dir)
	require.NoError(t, err)
	t.Logf("%d training images; absent: %v", b.Source.N, b.Absent)
	first := Images{Data: b.Source.Data[:20_000*cifarImage]}
	require.Equal(t, "1a1dabfe5f9e9e17edcf717d9e76be90a44be902bd324c60b4d32667ea2e6a0e", digest(first))
	test := b.Domains[0]
	require.Equal(t, "f167149948fc8fe0b9a76ba86421e987817f98b63761ba9415c5d42664d51f03", digest(Images{Data: test.Data[:1000*cifarImage]}))
	test.Labels = test.Labels[:1000]
	require.Equal(t, []int{103, 89, 100, 103, 90, 86, 112, 102, 106, 109}, counts(test.Images))
}

func TestRealPACS(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes all of PACS")
	}
	dir := dataDir(t)
	if checkFolder(filepath.Join(dir, "PACS")) != nil {
		t.Skip("no PACS in MEADA_DATA")
	}
	start := time.Now()
	b, err := PACS(dir, []string{"photo"}, PictureOptions{Side: 224})
	require.NoError(t, err)
	t.Logf("read in %v", time.Since(start))
	require.Equal(t, PACSDomains, domainNames(b))
	require.Greater(t, b.Source.N, b.Domains[2].N)
	// The sketches are PNG files, so they must be Pillow's bit for bit; this
	// subset of 60 images a class is what the digest is known for.
	if sketch := b.Domains[3]; sketch.N == 420 {
		require.Equal(t, "f22f58e6523a53e99a877dc28ff16771384725767a90b395c4b4ab315fc12cfd", digest(sketch.Images))
	}
}
