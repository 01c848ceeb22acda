package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/resample"
)

func TestFolder(t *testing.T) {
	small, smallPlanes := picture(t, 32, 1)
	large, largePlanes := picture(t, 50, 2)
	dir := t.TempDir()
	writeTree(t, dir, map[string][]byte{
		"train/cat/b.png":          small,
		"train/cat/a.PNG":          large,
		"train/ant/x.png":          small,
		"train/ant/notes.txt":      []byte("not a picture"),
		"train/.cache/x.png":       nil,
		"test/cat/1.png":           small,
		"test-sketch/ant/1.png":    large,
		"test-sketch/cat/1.png":    small,
		"elsewhere/dog/ignore.png": nil,
	})
	b, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 32}})
	require.NoError(t, err)
	require.Equal(t, []string{"ant", "cat"}, b.Classes)
	require.Equal(t, []uint16{0, 1, 1}, b.Source.Labels)
	resized := make([]uint8, 3*32*32)
	r := resample.NewResizer(resample.Bilinear, 50, 50, 32, 32)
	for c := range 3 {
		r.Plane(resized[c*1024:][:1024], largePlanes[c*2500:][:2500])
	}
	require.Equal(t, smallPlanes, b.Source.Image(0))
	require.Equal(t, resized, b.Source.Image(1))
	require.Equal(t, smallPlanes, b.Source.Image(2))
	require.Equal(t, []string{"test", "sketch"}, domainNames(b))
	require.True(t, b.Domains[0].Source)
	require.False(t, b.Domains[1].Source)
	require.Equal(t, []uint16{0, 1}, b.Domains[1].Labels)
	require.Equal(t, resized, b.Domains[1].Image(0))
}

func TestFolderMalformed(t *testing.T) {
	good, _ := picture(t, 32, 1)
	for _, c := range []struct {
		file, where, message string
		content              []byte
	}{
		{"train/cat/bad.png", "train/cat/bad.png", "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture", []byte("junk")},
		{"train/cat/bad.jpg", "train/cat/bad.jpg", "an empty file", nil},
		{"train/cat/cut.png", "train/cat/cut.png", "png", good[:len(good)-50]},
		{"train/cat/huge.png", "train/cat/huge.png", "at most", hugePNG(t)},
		{"train/dog/notes.txt", "train/dog", "no picture", nil},
		{"test-x/dog/a.png", "test-x/dog/a.png", "class dog is not one of those trained on (ant, cat)", good},
		{"test-x/readme.txt", "test-x", "no class folder", nil},
		{"test-/cat/a.png", "test-", "cannot be named", good},
		{"test-test/cat/a.png", "test-test", "cannot be named", good},
	} {
		dir := t.TempDir()
		writeTree(t, dir, map[string][]byte{"train/cat/a.png": good, "train/ant/a.png": good, c.file: c.content})
		_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 32}})
		require.ErrorIs(t, err, ErrData, c.file)
		require.ErrorContains(t, err, filepath.Join(dir, filepath.FromSlash(c.where))+": ")
		require.ErrorContains(t, err, c.message)
	}
	dir := t.TempDir()
	_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 32}})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "train")
	writeTree(t, dir, map[string][]byte{"train/one/a.png": good})
	_, err = Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 32}})
	require.ErrorContains(t, err, "1 class to train on")
	require.ErrorContains(t, checkClassCount("train", 65536), "65536 classes to train on")
	require.NoError(t, checkClassCount("train", 65535))
}

func TestFolderOfMoreClassesThanAByteTellsApart(t *testing.T) {
	good, _ := picture(t, 4, 3)
	files := map[string][]byte{}
	for i := range 300 {
		files[fmt.Sprintf("train/%03d/a.png", i)] = good
	}
	dir := t.TempDir()
	writeTree(t, dir, files)
	task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 4}})
	require.NoError(t, err)
	require.Len(t, task.Classes, 300)
	for i, label := range task.Source.Labels {
		require.EqualValues(t, i, label)
	}
}

// hugePNG is a small file that declares 2^32 pixels.
func hugePNG(t *testing.T) []byte {
	file, _ := picture(t, 32, 1)
	copy(file[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // width, height
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestToPlanes(t *testing.T) {
	bounds := image.Rect(0, 0, 2, 1)
	transparent := image.NewNRGBA(bounds)
	transparent.SetNRGBA(0, 0, color.NRGBA{200, 100, 50, 0})
	transparent.SetNRGBA(1, 0, color.NRGBA{1, 2, 3, 128})
	grey := image.NewGray(bounds)
	grey.Pix = []uint8{7, 8}
	palette := image.NewPaletted(bounds, color.Palette{color.NRGBA{9, 8, 7, 255}, color.NRGBA{1, 2, 3, 255}})
	palette.Pix = []uint8{1, 0}
	for _, c := range []struct {
		picture image.Image
		want    []uint8
	}{
		{transparent, []uint8{200, 1, 100, 2, 50, 3}}, // the colour below the transparency
		{grey, []uint8{7, 8, 7, 8, 7, 8}},
		{palette, []uint8{1, 9, 2, 8, 3, 7}},
	} {
		var file bytes.Buffer
		require.NoError(t, png.Encode(&file, c.picture))
		decoded, err := png.Decode(&file)
		require.NoError(t, err)
		got := make([]uint8, 6)
		toPlanes(got, decoded)
		require.Equal(t, c.want, got)
	}
}

func TestJPEG(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	for i := range 40 * 30 {
		m.SetNRGBA(i%40, i/40, color.NRGBA{200, 100, 50, 255})
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, m, nil))
	got := make([]uint8, 3*32*32)
	require.NoError(t, decodePicture(got, &PictureOptions{Side: 32}, file.Bytes()))
	for c, want := range []int{200, 100, 50} {
		for _, v := range got[c*1024:][:1024] {
			require.InDelta(t, want, int(v), 3)
		}
	}
}

func TestPACS(t *testing.T) {
	file, planes := picture(t, 32, 1)
	other, _ := picture(t, 32, 2)
	files := map[string][]byte{}
	for _, domain := range PACSDomains {
		files["PACS/kfold/"+domain+"/dog/a.png"] = file
		files["PACS/kfold/"+domain+"/person/b.png"] = other
		files["PACS/splits/"+domain+"_train_kfold.txt"] = []byte(domain + "/dog/a.png 1\n")
		files["PACS/splits/"+domain+"_crossval_kfold.txt"] = []byte(domain + "/person/b.png 7\n")
		files["PACS/splits/"+domain+"_test_kfold.txt"] = []byte(domain + "/person/b.png 7\n" + domain + "/dog/a.png 1\n")
	}
	dir := t.TempDir()
	writeTree(t, dir, files)
	for _, root := range []string{dir, filepath.Join(dir, "PACS")} {
		b, err := PACS(root, []string{"photo"}, PictureOptions{Side: 32})
		require.NoError(t, err)
		require.Equal(t, pacsClasses, b.Classes)
		require.Equal(t, []uint16{0}, b.Source.Labels)
		require.Equal(t, planes, b.Source.Data)
		require.Equal(t, PACSDomains, domainNames(b))
		for _, d := range b.Domains {
			if d.Name == "photo" {
				require.True(t, d.Source)
				require.Equal(t, []uint16{6}, d.Labels)
			} else {
				require.False(t, d.Source)
				require.Equal(t, []uint16{6, 0}, d.Labels)
			}
		}
	}
	b, err := PACS(dir, []string{"sketch", "photo", "cartoon"}, PictureOptions{Side: 32})
	require.NoError(t, err)
	require.Equal(t, 3, b.Source.N)

	_, err = PACS(dir, []string{"drawing"}, PictureOptions{Side: 32})
	require.ErrorContains(t, err, `no domain "drawing" in PACS`)
	_, err = PACS(dir, nil, PictureOptions{Side: 32})
	require.ErrorContains(t, err, "no source domain")

	const list = "PACS/splits/cartoon_test_kfold.txt"
	for content, message := range map[string]string{
		"":                          "no images",
		"cartoon/dog/a.png 8\n":     `label "8" is not from 1 to 7`,
		"cartoon/dog/a.png 0\n":     `label "0"`,
		"cartoon/dog/a.png\n":       "not a relative path and a label",
		"../cartoon/dog/a.png 1\n":  "not a relative path",
		"/etc/passwd 1\n":           "not a relative path",
		"cartoon/dog/missing.png 1": filepath.FromSlash("kfold/cartoon/dog/missing.png: no such file"),
	} {
		writeTree(t, dir, map[string][]byte{list: []byte(content)})
		_, err := PACS(dir, []string{"photo"}, PictureOptions{Side: 32})
		require.ErrorIs(t, err, ErrData, content)
		require.ErrorContains(t, err, message)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(list))))
	_, err = PACS(dir, []string{"photo"}, PictureOptions{Side: 32})
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, "cartoon_test_kfold.txt is not there")
}

// What results keep beside the domains is not overwritten by one.
func TestReservedNamesOfDomains(t *testing.T) {
	t.Parallel()
	good, _ := picture(t, 8, 1)
	for _, name := range []string{"average", "step", "train", "test", "", "fog", "gaussian_noise", "held-out", "\x7f"} {
		dir := t.TempDir()
		writeTree(t, dir, map[string][]byte{"train/ant/a.png": good, "train/cat/a.png": good, "test-" + name + "/cat/a.png": good})
		_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.ErrorIs(t, err, ErrData, name)
		require.ErrorContains(t, err, fmt.Sprintf("test-%s: a domain cannot be named %q", name, name))
	}
	require.NoError(t, checkDomain("sketch"))
	_, err := Folder(tree(t, "train/a\x7f/1.png", "train/cat/1.png"), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.ErrorContains(t, err, `train: a class cannot be named "a\x7f", which has control characters`)
	require.EqualError(t, checkName("class", "caf\xe9"), `a class cannot be named "caf\xe9", which is not UTF-8`)
	require.NoError(t, checkName("class", "café"))
}

// A link that leads nowhere may be a class that is not there.
func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "train", "a"} {
		dir := tree(t, append(several(2, filepath.Join(at, "ant"), filepath.Join(at, "cat")), several(2, "b/ant", "b/cat")...)...)
		link := filepath.Join(dir, at, "dog")
		if err := os.Symlink("nowhere", link); err != nil {
			t.Skip("no links here: ", err)
		}
		_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8, SkipBad: true}})
		require.ErrorIs(t, err, ErrData)
		require.ErrorContains(t, err, link+": a link or folder that cannot be followed: ")
		require.NoError(t, os.Rename(link, link+".txt"))
		_, err = Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.NoError(t, err)
	}
}

func TestNestedAndLinkedFolders(t *testing.T) {
	t.Parallel()
	good, _ := picture(t, 8, 1)
	dir := t.TempDir()
	writeTree(t, dir, map[string][]byte{
		"train/ant/b.png": good, "train/ant/sub/a.png": good, "train/ant/sub/deep/c.jpeg": good, "train/ant/sub-2/d.webp": good,
		"train/ant/._b.png": nil, "train/ant/__MACOSX/b.png": nil, "train/ant/.hidden/b.png": nil, "train/ant/Thumbs.db": nil,
		"train/ant/.DS_Store": nil, "train/__MACOSX/ant/._b.png": nil, "elsewhere/x.bmp": good,
	})
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "train", "cat")); err != nil {
		t.Skip("no links here: ", err)
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "train", "ant"), filepath.Join(dir, "train", "ant", "sub", "loop")))
	paths, _, err := PictureFiles(filepath.Join(dir, "train", "ant"))
	require.NoError(t, err)
	for i := range paths {
		paths[i], err = filepath.Rel(filepath.Join(dir, "train", "ant"), paths[i])
		require.NoError(t, err)
		paths[i] = filepath.ToSlash(paths[i])
	}
	require.Equal(t, []string{"b.png", "sub/a.png", "sub-2/d.webp", "sub/deep/c.jpeg"}, paths, "as sorted(os.walk) in Python")
	task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Equal(t, []string{"ant", "cat"}, task.Classes)
	require.Equal(t, []uint16{0, 0, 0, 0, 1}, task.Source.Labels)
}

// All bad pictures are named at once.
func TestBadPicturesAreNamedTogether(t *testing.T) {
	t.Parallel()
	good, _ := picture(t, 8, 1)
	dir := t.TempDir()
	writeTree(t, dir, map[string][]byte{
		"train/ant/a.png": good, "train/ant/empty.png": nil, "train/ant/cut.png": good[:len(good)-30],
		"train/cat/a.png": good, "train/cat/text.gif": []byte("no picture"),
	})
	_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.ErrorIs(t, err, ErrData)
	var bad *PicturesError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 5, bad.Total)
	require.Len(t, bad.Files, 3)
	require.ErrorContains(t, err, "3 of 5 pictures cannot be read")
	for _, name := range []string{"ant/empty.png: an empty file", "ant/cut.png: ", "cat/text.gif: "} {
		require.ErrorContains(t, err, filepath.Join(dir, "train", filepath.FromSlash(name)))
	}
}
