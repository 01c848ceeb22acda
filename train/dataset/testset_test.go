package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// A test set read alone is that of the benchmark, which needs training images.
func TestTestSets(t *testing.T) {
	small, smallPlanes := picture(t, 32, 1)
	large, largePlanes := picture(t, 50, 2)
	dir := t.TempDir()
	writeTree(t, dir, map[string][]byte{
		"test_batch.bin":                     load(t, "cifar10_like.bin"),
		"cifar-100-binary/test.bin":          load(t, "cifar100_like.bin"),
		"PACS/kfold/photo/dog/a.png":         small,
		"PACS/splits/photo_test_kfold.txt":   []byte("photo/dog/a.png 1\n"),
		"own/train/ant/a.png":                large,
		"own/train/bee/a.png":                large,
		"own/test/bee/a.png":                 small,
		"own/test-sketch/ant/a.png":          small,
		"frost/b.png":                        large,
		"frost/a.png":                        small,
		"frost/readme":                       nil,
		"broken/a.png":                       []byte("no picture"),
		"PACS/splits/cartoon_test_kfold.txt": []byte("cartoon/dog/a.png 1\n"),
	})
	check := func(images Images, err error, data []uint8, labels ...uint16) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, data, images.Data)
		require.Equal(t, labels, images.Labels)
	}
	want := loadArray(t, "cifar_like_nchw.npy").Bytes
	images, err := CIFAR10Test(dir)
	check(images, err, want, 0, 1, 2, 3)
	images, err = CIFAR100Test(dir)
	check(images, err, want, 50, 51, 52, 53)
	test, err := PACSTest(dir, "photo", PictureOptions{Side: 32})
	check(test.Images, err, smallPlanes, 0)
	test, err = FolderTest(dir+"/own", "test", PictureOptions{Side: 32})
	check(test.Images, err, smallPlanes, 1)
	test, err = FolderTest(dir+"/own", "sketch", PictureOptions{Side: 32})
	check(test.Images, err, smallPlanes, 0)

	writeTree(t, dir, map[string][]byte{"frost/readme.txt": []byte("licence")})
	textures, leftOut, err := Textures(dir + "/frost")
	require.NoError(t, err)
	require.Equal(t, []LeftOut{{".txt", 1}, {"files without extension", 1}}, leftOut)
	require.Len(t, textures, 2)
	require.Equal(t, 50, textures[1].Width)
	require.Equal(t, smallPlanes, textures[0].Data)
	require.Equal(t, largePlanes, textures[1].Data)

	defer func(most int) { mostTextureBytes = most }(mostTextureBytes)
	mostTextureBytes = len(smallPlanes) + len(largePlanes) - 1
	_, _, err = Textures(dir + "/frost")
	requireDataError(t, err, "the 2 pictures in it take more than 0 MiB of memory")

	_, err = CIFAR10Test(dir + "/own")
	requireDataError(t, err, "test_batch.bin is not there")
	_, err = PACSTest(dir, "sketch", PictureOptions{Side: 32})
	requireDataError(t, err, "sketch_test_kfold.txt")
	_, err = PACSTest(dir, "cartoon", PictureOptions{Side: 32})
	requireDataError(t, err, "a.png")
	_, err = FolderTest(dir+"/own", "water", PictureOptions{Side: 32})
	requireDataError(t, err, `no test set "water" in it, there are`)
	_, _, err = Textures(dir + "/broken")
	requireDataError(t, err, "a.png")
	deep := image.NewGray16(image.Rect(0, 0, 4, 4))
	deep.SetGray16(1, 1, color.Gray16{Y: 256})
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, deep))
	writeTree(t, dir, map[string][]byte{"deep/a.png": b.Bytes()})
	_, _, err = Textures(dir + "/deep")
	requireDataError(t, err, "a.png: grey of 16 bits above 255")
	_, _, err = Textures(t.TempDir())
	requireDataError(t, err, "no picture")
}

func requireDataError(t *testing.T, err error, message string) {
	t.Helper()
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, message)
}
