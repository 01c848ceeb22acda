package dataset

import (
	"bytes"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// content returns labels and bytes of images, wherever they are.
func content(s *Images) ([]uint16, [][]byte) {
	var all [][]byte
	for n := range s.N {
		all = append(all, bytes.Clone(s.Image(n)))
	}
	return s.Labels, all
}

func requireSameImages(t *testing.T, want, got *Images) {
	t.Helper()
	wantLabels, wantBytes := content(want)
	labels, all := content(got)
	require.Equal(t, wantLabels, labels)
	require.Equal(t, wantBytes, all)
	require.Equal(t, want.Files, got.Files)
	require.True(t, got.Complete())
}

// Pictures in a cache are those in memory, decoded once.
func TestCache(t *testing.T) {
	t.Parallel()
	dir := tree(t, append(several(5, "train/cat", "train/dog"), several(2, "test-x/cat", "test-x/dog")...)...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train/cat/2.png"), []byte("junk"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test-x/dog/9.png"), nil, 0o666))
	var notes []string
	decoded := 0
	cache := &Cache{
		Dir:      filepath.Join(t.TempDir(), "cache"),
		Progress: func(done, total int) { decoded = done; require.Equal(t, 15, total) },
		Note:     func(text string) { notes = append(notes, text) },
	}
	options := FolderOptions{PictureOptions: PictureOptions{Side: 8, SkipBad: true}, Holdout: 0.4, Seed: 3}
	read := func(times int, note string) {
		t.Helper()
		want, err := Folder(dir, options)
		require.NoError(t, err)
		with := options
		with.Cache, with.MaxBytes = cache, 1
		decoded, notes = 0, nil
		got, err := Folder(dir, with)
		require.NoError(t, err)
		require.Equal(t, times, decoded)
		if note == "" {
			require.Empty(t, notes)
		} else {
			require.Len(t, notes, 1)
			require.Contains(t, notes[0], note)
		}
		require.True(t, got.Source.Cached())
		requireSameImages(t, &want.Source, &got.Source)
		requireSameImages(t, &want.Held, &got.Held)
		requireSameImages(t, &want.Domains[0].Images, &got.Domains[0].Images)
		require.Equal(t, want.Bad.Error(), got.Bad.Error())
		a, b := want.Source.Subsample(3), got.Source.Subsample(3)
		requireSameImages(t, &a, &b)
		require.True(t, b.Cached())
		require.Equal(t, want.Source.Data[8*8*3:3*8*8*3], got.Source.Block(make([]uint8, 2*8*8*3), 1, 3))
	}
	read(15, "")
	read(0, "")
	options.Seed = 4 // other pictures are held out, of the same
	read(0, "")

	files, err := os.ReadDir(cache.Dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	path := filepath.Join(cache.Dir, files[0].Name())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, damaged := range [][]byte{whole[:100], append(bytes.Clone(whole[:30]), append([]byte{1}, whole[31:]...)...)} {
		require.NotEqual(t, whole, damaged)
		require.NoError(t, os.WriteFile(path, damaged, 0o666))
		read(15, path+" is written anew: the file is damaged")
	}
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, whole, again)

	other, _ := picture(t, 9, 77)
	writeTree(t, dir, map[string][]byte{"train/dog/1.png": other})
	read(15, "the pictures have changed since")
	require.NoError(t, os.Rename(filepath.Join(dir, "train/dog/1.png"), filepath.Join(dir, "train/dog/7.png")))
	read(15, "the pictures have changed since") // another order
	options.Resize = Pad
	read(15, "") // beside the other

	_, err = Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8, Cache: cache}})
	require.ErrorContains(t, err, "2 of 15 pictures cannot be read")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train/cat/2.png"), other, 0o666))
}

// What makes images of a set in a cache leaves the cache as it is.
func TestCorruptCached(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(2, "test/cat", "test/dog")...)
	const side = 32
	o := PictureOptions{Side: side}
	want, err := FolderTest(dir, "test", o)
	require.NoError(t, err)
	o.Cache = &Cache{Dir: t.TempDir()}
	got, err := FolderTest(dir, "test", o)
	require.NoError(t, err)
	engine, err := tensor.NewEngine(1)
	require.NoError(t, err)
	defer engine.Close()
	suite := corrupt.NewSuite(engine, side, side, 1, nil)
	a, b := Corrupt(want.Images, suite), Corrupt(got.Images, suite)
	for i := range a[:3] {
		wantPart, err := a[i].Part(4, Blocks{})
		require.NoError(t, err)
		wantBytes := bytes.Clone(wantPart.Data)
		part, err := b[i].Part(4, Blocks{})
		require.NoError(t, err)
		require.Equal(t, wantBytes, part.Data, a[i].Name)
		require.False(t, part.Cached())
	}
	requireSameImages(t, &want.Images, &got.Images)
	require.Equal(t, image.Rect(0, 0, side, side), got.Picture(0).Bounds())
}

// A folder of which nothing is read has no file in the cache, and tells what is missing.
func TestCacheOfNothing(t *testing.T) {
	t.Parallel()
	dir, cache := tree(t, several(2, "train/cat", "train/dog")...), &Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	for range 2 {
		task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8, Cache: cache}, TestsOnly: true, Holdout: UsualHoldout})
		require.NoError(t, err)
		require.Empty(t, task.Domains)
		require.NoDirExists(t, cache.Dir)
	}
}

// A file that was read once and is not the second time may be there the next time: it is
// an error, and not a bad picture in the cache from then on.
func TestCacheWithoutPassingErrors(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(2, "cat", "dog")...)
	f := &cacheFile{cacheRecord: cacheRecord{Side: 8}, paths: []string{filepath.Join(dir, "cat", "0.png"), filepath.Join(dir, "cat", "gone.png")}}
	o := &PictureOptions{Side: 8, Clipped: new(atomic.Int64)}
	path := filepath.Join(t.TempDir(), "a.pictures")
	require.ErrorIs(t, f.write(new(Cache), path, o, make([]error, 2)), fs.ErrNotExist)
	require.NoFileExists(t, path)
	require.NoError(t, f.write(new(Cache), path, o, []error{nil, &Error{"gone.png", fs.ErrNotExist}}))
}
