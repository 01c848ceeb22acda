package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
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

func TestRealDigits(t *testing.T) {
	start := time.Now()
	b, err := Digits(dataDir(t))
	require.NoError(t, err)
	t.Logf("read in %v; absent: %v", time.Since(start), b.Absent)
	require.Equal(t, 10_000, b.Source.N)
	require.Equal(t, []uint8{5, 0, 4, 1, 9}, b.Source.Labels[:5])
	require.Equal(t, []int{1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978}, counts(b.Source))
	sizes := map[string]int{"mnist": 10_000, "svhn": 26_032, "mnist-m": 9_001, "syn": 9_553, "usps": 2_007}
	classes := map[string][]int{
		"mnist": {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009},
		"usps":  {359, 264, 198, 166, 200, 160, 170, 147, 166, 177},
	}
	require.Equal(t, len(sizes), len(b.Domains)+len(b.Absent))
	// SHA-256 of the images as Python's PIL and NumPy give them.
	digest := func(images Images) string {
		sum := sha256.Sum256(images.Data)
		return hex.EncodeToString(sum[:])
	}
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
