package dataset

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree writes pictures, one for each path, and returns the folder.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	files := map[string][]byte{}
	for i, path := range paths {
		files[path], _ = picture(t, 8, uint8(i))
	}
	dir := t.TempDir()
	writeTree(t, dir, files)
	return dir
}

// several are paths of n pictures each in folders.
func several(n int, folders ...string) (paths []string) {
	for _, folder := range folders {
		for i := range n {
			paths = append(paths, fmt.Sprintf("%s/%d.png", folder, i))
		}
	}
	return paths
}

// sizes counts the images of a task: train, held-out, then each domain.
func sizes(task *Task) map[string]int {
	n := map[string]int{"train": task.Source.N}
	if task.Held.N > 0 {
		n["held"] = task.Held.N
	}
	for i := range task.Domains {
		name := task.Domains[i].Name
		if task.Domains[i].Source {
			name += " (source)"
		}
		n[name] = task.Domains[i].N
	}
	return n
}

func TestLayoutsOfFolders(t *testing.T) {
	t.Parallel()
	both := func(above string) []string { return []string{above + "dog", above + "horse"} }
	join := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	photoAndSketch := join(several(10, both("photo/")...), several(5, both("sketch/")...))
	for _, c := range []struct {
		name    string
		paths   []string
		options FolderOptions
		layout  string
		want    map[string]int
	}{
		{"train alone", several(10, both("train/")...), FolderOptions{Holdout: UsualHoldout}, "train/<class>/<picture>",
			map[string]int{"train": 16, "held": 4}},
		{"with a test set", join(several(10, both("train/")...), several(3, both("test/")...)), FolderOptions{Holdout: UsualHoldout},
			"train/<class>/<picture>", map[string]int{"train": 20, "test (source)": 6}},
		{"with val", join(several(10, both("train/")...), several(3, both("valid/")...), several(2, "test-far/dog")),
			FolderOptions{Holdout: UsualHoldout}, "train/<class>/<picture>", map[string]int{"train": 20, "held": 6, "far": 2}},
		{"capitals", join(several(10, both("Training/")...), several(3, both("Testing/")...), several(2, "TEST-Far/dog")),
			FolderOptions{Holdout: UsualHoldout}, "train/<class>/<picture>", map[string]int{"train": 20, "test (source)": 6, "Far": 2}},
		{"val and more", join(several(10, both("train/")...), several(3, both("val/")...)), FolderOptions{Holdout: 0.1},
			"train/<class>/<picture>", map[string]int{"train": 18, "held": 8}},
		{"one target of two", join(several(4, both("train/")...), several(2, "test-a/dog"), several(3, "test-b/dog")),
			FolderOptions{Targets: []string{"b"}}, "train/<class>/<picture>", map[string]int{"train": 8, "b": 3}},
		{"classes", several(10, both("")...), FolderOptions{Holdout: UsualHoldout}, "<class>/<picture>", map[string]int{"train": 16, "held": 4}},
		{"classes with deeper folders", several(5, "dog/2022/may", "dog/2023", "horse/2023", "horse/x"), FolderOptions{},
			"<class>/<picture>", map[string]int{"train": 20}},
		{"a class called train", several(5, "train", "bus"), FolderOptions{}, "<class>/<picture>", map[string]int{"train": 10}},
		{"classes in a folder of a folder", several(2, "animals/all/dog", "animals/all/horse"), FolderOptions{},
			"<class>/<picture>", map[string]int{"train": 4}},
		{"domains", photoAndSketch, FolderOptions{Sources: []string{"photo"}, Holdout: UsualHoldout}, "<domain>/<class>/<picture>",
			map[string]int{"train": 16, "held": 4, "sketch": 10}},
		{"all but a target", photoAndSketch, FolderOptions{Targets: []string{"photo"}, Holdout: UsualHoldout}, "<domain>/<class>/<picture>",
			map[string]int{"train": 8, "held": 2, "photo": 20}},
		{"no target", photoAndSketch, FolderOptions{Holdout: UsualHoldout}, "<domain>/<class>/<picture>", map[string]int{"train": 24, "held": 6}},
		{"some domains", join(photoAndSketch, several(3, both("art/")...)), FolderOptions{Sources: []string{"photo"}, Targets: []string{"art"}},
			"<domain>/<class>/<picture>", map[string]int{"train": 20, "art": 6}},
		{"a domain that lacks classes", join(several(3, "a/ant", "a/bee", "a/cat", "b/bee", "b/cat")), FolderOptions{Sources: []string{"a"}},
			"<domain>/<class>/<picture>", map[string]int{"train": 9, "b": 6}},
		{"domains with few classes in common", several(3, "a/ant", "a/bee", "b/bee"), FolderOptions{Targets: []string{"b"}},
			"<domain>/<class>/<picture>", map[string]int{"train": 6, "b": 3}},
		{"DomainNet, with a class called train", several(3, "clipart/airplane", "clipart/train", "real/airplane", "real/train"),
			FolderOptions{Sources: []string{"real"}}, "<domain>/<class>/<picture>", map[string]int{"train": 6, "clipart": 6}},
		{"Office-Home, with a table and a blank", append(several(3, both("Art/")...), append(several(3, both("Real World/")...), "ImageInfo.csv")...),
			FolderOptions{Targets: []string{"Real World"}}, "<domain>/<class>/<picture>", map[string]int{"train": 6, "Real World": 6}},
		{"TerraIncognita", several(3, "location_38/cat", "location_38/bird", "location_100/cat", "location_100/bird"),
			FolderOptions{Sources: []string{"location_38"}}, "<domain>/<class>/<picture>", map[string]int{"train": 6, "location_100": 6}},
		{"Digits-DG, with splits in domains", join(several(10, both("mnist/train/")...), several(3, both("mnist/val/")...), several(4, both("syn/train/")...),
			several(2, both("syn/val/")...)), FolderOptions{Sources: []string{"mnist"}, Holdout: UsualHoldout}, "<domain>/<split>/<class>/<picture>",
			map[string]int{"train": 20, "held": 6, "syn": 12}},
		{"tests in domains", join(several(10, both("a/Train/")...), several(3, both("a/Test/")...), several(4, both("b/Train/")...), several(2, both("b/Test/")...)),
			FolderOptions{Targets: []string{"b"}, Holdout: UsualHoldout}, "<domain>/<split>/<class>/<picture>", map[string]int{"train": 20, "a (source)": 6, "b": 4}},
		{"a domain to test alone", join(several(10, both("a/train/")...), several(3, both("a/test/")...), several(2, both("b/test/")...)),
			FolderOptions{Targets: []string{"b"}, Holdout: UsualHoldout}, "<domain>/<split>/<class>/<picture>", map[string]int{"train": 20, "a (source)": 6, "b": 4}},
		{"a class without pictures to test", join(several(10, "dog/train", "cat/train"), several(3, "dog/test")), FolderOptions{Holdout: UsualHoldout},
			"<class>/<split>/<picture>", map[string]int{"train": 20, "test (source)": 3}},
		{"splits in classes", join(several(10, "dog/train", "cat/train"), several(3, "dog/test", "cat/test")), FolderOptions{Holdout: UsualHoldout},
			"<class>/<split>/<picture>", map[string]int{"train": 20, "test (source)": 6}},
		{"splits in domains, and a picture beside classes", append(several(3, "a/train/dog", "a/train/cat", "a/val/dog", "b/train/dog", "b/val/dog"), "b/val/x.png"),
			FolderOptions{Sources: []string{"a"}}, "<domain>/<split>/<class>/<picture>", map[string]int{"train": 6, "held": 3, "b": 6}},
		{"splits in classes, and folders deeper", append(several(3, "dog/train", "dog/test", "cat/train", "cat/test"), "dog/train/x/0.png"), FolderOptions{},
			"<class>/<split>/<picture>", map[string]int{"train": 7, "test (source)": 6}},
		{"one folder around splits, and a picture beside classes", append(several(3, "in/train/dog", "in/train/cat", "in/test/dog"), "in/train/x.png"), FolderOptions{},
			"train/<class>/<picture>", map[string]int{"train": 6, "test (source)": 3}},
		{"classes with deeper folders called like splits in one", several(5, "dog/train", "dog/test", "cat/x", "cat/y"), FolderOptions{},
			"<class>/<picture>", map[string]int{"train": 20}},
		{"folders around splits", join(several(5, both("Training_Set/")...), several(2, both("test-set/")...), several(3, "single_prediction")), FolderOptions{},
			"train/<class>/<picture>", map[string]int{"train": 10, "test (source)": 4}},
		{"Intel's names", join(several(5, both("seg_train/seg_train/")...), several(2, both("seg_test/seg_test/")...), several(3, "seg_pred/seg_pred")), FolderOptions{},
			"train/<class>/<picture>", map[string]int{"train": 10, "test (source)": 4}},
		{"test pictures without classes beside splits", join(several(5, both("train/")...), several(2, "test_images")), FolderOptions{},
			"train/<class>/<picture>", map[string]int{"train": 10}},
		{"one folder called like a test set", several(5, both("testdata/")...), FolderOptions{}, "<class>/<picture>", map[string]int{"train": 10}},
		{"a domain called data", join(several(5, both("train/")...), several(2, both("test-data/")...)), FolderOptions{},
			"train/<class>/<picture>", map[string]int{"train": 10, "data": 4}},
		{"a domain that is tested alone", join(several(5, both("train/")...), several(2, both("test-settings/")...)), FolderOptions{}, "train/<class>/<picture>",
			map[string]int{"train": 10, "settings": 4}},
		{"one domain", several(10, both("photo/")...), FolderOptions{Sources: []string{"photo"}}, "<domain>/<class>/<picture>",
			map[string]int{"train": 20}},
		{"tests only", join(several(4, both("train/")...), several(2, "test-a/dog"), several(3, "test/dog")),
			FolderOptions{TestsOnly: true, Holdout: UsualHoldout}, "train/<class>/<picture>", map[string]int{"train": 0, "a": 2, "test (source)": 3}},
		{"tests without train", several(4, both("test-a/")...), FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			"train/<class>/<picture>", map[string]int{"train": 0, "a": 8}},
		{"all classes tested", several(5, both("")...), FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			"<class>/<picture>", map[string]int{"train": 0, "test (source)": 10}},
		{"all domains tested", photoAndSketch, FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			"<domain>/<class>/<picture>", map[string]int{"train": 0, "photo": 20, "sketch": 10}},
		{"targets tested", photoAndSketch, FolderOptions{TestsOnly: true, Sources: []string{"photo"}, Holdout: UsualHoldout},
			"<domain>/<class>/<picture>", map[string]int{"train": 0, "sketch": 10}},
		{"held out ones tested", photoAndSketch, FolderOptions{TestsOnly: true, Sources: []string{"photo"}, Holdout: 0.2},
			"<domain>/<class>/<picture>", map[string]int{"train": 0, "held": 4, "sketch": 10}},
	} {
		o := c.options
		o.Side = 8
		task, err := Folder(tree(t, c.paths...), o)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, sizes(task), c.name)
		require.Equal(t, c.layout, task.Layout, c.name)
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(3, "pictures")...)
	elsewhere := filepath.Join(tree(t, several(1, "x")...), "x", "0.png")
	for _, c := range []struct {
		content string
		options FolderOptions
		want    map[string]int
	}{
		{"pictures/0.png,dog\npictures/1.png,horse\npictures/2.png,dog\n", FolderOptions{}, map[string]int{"train": 3}},
		{"\ufeffLabel, Path, who\ndog,pictures/0.png,me\n\"horse\",pictures/1.png,you\n", FolderOptions{}, map[string]int{"train": 2}},
		{"\ufeff\"path\",\"label\"\r\n\"pictures/0.png\",\"dog\"\r\n\"pictures/1.png\",\"horse\"\r\n", FolderOptions{}, map[string]int{"train": 2}},
		{"pictures/0.png,dog,,train\npictures/1.png,horse,,Validation\npictures/2.png,horse,,train\n" + elsewhere + ",dog,far,test\n",
			FolderOptions{Holdout: UsualHoldout}, map[string]int{"train": 2, "held": 1, "far": 1}},
		{"path,label,domain\npictures/0.png,dog,a\npictures/1.png,horse,a\npictures/2.png,dog,b\n", FolderOptions{Targets: []string{"b"}},
			map[string]int{"train": 2, "b": 1}},
		{"path,label,split\npictures/0.png,dog,train\npictures/1.png,horse,train\npictures/2.png,dog,test\n", FolderOptions{},
			map[string]int{"train": 2, "test (source)": 1}},
		// Pictures of no split are for training once others have one.
		{"pictures/0.png,dog\npictures/1.png,horse\npictures/2.png,dog,,test\n", FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			map[string]int{"train": 0, "test (source)": 1}},
		{"pictures/0.png,dog\npictures/1.png,horse\npictures/2.png,dog,far,test\n", FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			map[string]int{"train": 0, "far": 1}},
		{"pictures/0.png,dog,a\npictures/1.png,horse,a\npictures/2.png,dog,a,test\n", FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			map[string]int{"train": 0, "a (source)": 1}},
		{"pictures/0.png,dog,a\npictures/1.png,horse,a\npictures/2.png,dog,b,test\n", FolderOptions{TestsOnly: true, Holdout: UsualHoldout},
			map[string]int{"train": 0, "b": 1}},
		// What is there several times is held out whole.
		{strings.Repeat("pictures/0.png,dog\npictures/1.png,dog\npictures/2.png,horse\n", 4), FolderOptions{Holdout: 0.5},
			map[string]int{"train": 8, "held": 4}},
	} {
		writeTree(t, dir, map[string][]byte{"manifest.csv": []byte(c.content)})
		for _, path := range []string{dir, filepath.Join(dir, "manifest.csv")} {
			o := c.options
			o.Side = 8
			task, err := Folder(path, o)
			require.NoError(t, err, c.content)
			require.Equal(t, c.want, sizes(task), c.content)
			require.Equal(t, []string{"dog", "horse"}, task.Classes)
		}
	}
	for content, message := range map[string]string{
		"":                       "no pictures in it",
		"path,label\n":           "no pictures in it",
		"a.png\n":                `line 1: "a.png", expected path,label`,
		"a.png,dog\nb.png,\n":    "line 2:",
		"a.png,dog,,later\n":     `split "later", expected train, val or test`,
		"a.png,dog,average\n":    `a domain cannot be named "average"`,
		"a.png,\"dog\n":          "line 1",
		"image,class\na.png,b\n": `line 1: "image,class" names no picture, and as names of columns path and label were expected`,
		"a.png,caf\xe9\n":        `line 1: a label cannot be named "caf\xe9", which is not UTF-8`,
		"a.png,\"do\ng\"\n":      `line 1: a label cannot be named "do\ng", which has control characters`,
		"a.png,dog,\x1b[31m\n":   `line 1: a domain cannot be named "\x1b[31m", which has control characters`,
		"a.png," + strings.Repeat("g", 256) + "\n":                              "line 1: a label's name is of 256 bytes, expected at most 255",
		"a.png,dog\nb.png,cow\na.png,cat\n":                                     "a.png has the labels dog and cat, expected one",
		"a.png,dog,,train\nb.png,cow,,train\na.png,dog,,test\n":                 `a.png is in the splits "train" and "test", expected one`,
		"a.png,dog,x\nb.png,cow,x\na.png,dog,y\n":                               `a.png is in the domains "x" and "y", expected one`,
		"a.png,dog,x\nb.png,cow,x\n" + filepath.Join(dir, "a.png") + ",dog,y\n": `a.png is in the domains "x" and "y", expected one`,
		"pictures/9.png,a\nb.png,b\n":                                           "2 of 2 pictures cannot be read",
		"pictures/0.png,dog,,test\n":                                            "no pictures to train on",
	} {
		writeTree(t, dir, map[string][]byte{"manifest.csv": []byte(content)})
		_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.ErrorIs(t, err, ErrData, content)
		require.ErrorContains(t, err, message, content)
	}
}

func TestWrongLayouts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paths   []string
		options FolderOptions
		message string
	}{
		"pictures without classes":       {several(3, "."), FolderOptions{}, "expected one of\n  train/<class>/<picture>"},
		"nothing":                        {nil, FolderOptions{}, "<domain>/<class>/<picture>"},
		"tests alone":                    {several(3, "test-a/dog", "test-a/cat"), FolderOptions{}, "no pictures to train on"},
		"a class alone":                  {several(3, "dog"), FolderOptions{}, "1 class to train on"},
		"tests without classes":          {append(several(3, "train/dog", "train/cat"), several(2, "test")...), FolderOptions{}, "test: there is no class folder in it"},
		"splits without classes":         {append(several(3, "train", "test"), "labels.csv"), FolderOptions{}, "test: there is no class folder in it"},
		"an unknown source":              {several(3, "a/dog", "a/cat", "b/dog", "b/cat"), FolderOptions{Sources: []string{"c"}}, `no domain "c" to train on, there are a, b`},
		"a target that is a test set":    {several(3, "train/dog", "train/cat", "test-a/dog"), FolderOptions{Sources: []string{"a"}}, "no domain"},
		"a source of classes":            {several(3, "dog", "cat"), FolderOptions{Sources: []string{"dog"}}, "no domains to train on in <class>/<picture>"},
		"a picture beside classes":       {append(several(3, "a/dog", "a/cat", "b/dog", "b/cat"), "a/x.png"), FolderOptions{Targets: []string{"b"}}, "no domain \"b\": this picture lies beside folders"},
		"a domain with a reserved name":  {several(3, "average/dog", "average/cat", "b/dog", "b/cat"), FolderOptions{}, `cannot be named "average"`},
		"classes that the source has no": {several(3, "a/dog", "a/cat", "b/dog", "b/cat", "b/cow"), FolderOptions{Sources: []string{"a"}}, "class cow is not one of those trained on (cat, dog)"},
	} {
		o := c.options
		o.Side = 8
		_, err := Folder(tree(t, c.paths...), o)
		require.ErrorIs(t, err, ErrData, name)
		require.ErrorContains(t, err, c.message, name)
	}
	_, err := Folder(tree(t), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.ErrorIs(t, err, fs.ErrNotExist)
	file := filepath.Join(tree(t, "a.png"), "a.png")
	_, err = Folder(file, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.ErrorContains(t, err, "not a folder")
}

// Nothing is left out without being counted.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	dir := tree(t, append(several(3, "train/dog", "train/cat", "elsewhere/x"), "train/loose.png", "loose.png")...)
	writeTree(t, dir, map[string][]byte{"train/dog/a.heic": {1}, "train/dog/deep/b.HEIC": {1}, "train/cat/README": {1}, "train/cat/Thumbs.db": {1}})
	task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Equal(t, []LeftOut{{".heic", 2}, {"pictures outside of class folders", 2}, {"files without extension", 1}, {"folder elsewhere", 1}}, task.LeftOut)
	require.Equal(t, []string{"2 .heic", "2 pictures outside of class folders", "1 file without extension", "folder elsewhere"},
		[]string{task.LeftOut[0].String(), task.LeftOut[1].String(), task.LeftOut[2].String(), task.LeftOut[3].String()})
	require.Equal(t, "1 picture outside of class folders", LeftOut{"pictures outside of class folders", 1}.String())
	for _, paths := range [][]string{several(3, "a/dog", "a/cat", "b/dog", "b/cat"), several(3, "dog/train", "cat/train", "dog/val", "cat/val"), several(3, "dog", "cat")} {
		task, err := Folder(tree(t, append(paths, "loose.png")...), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.NoError(t, err)
		require.Equal(t, []LeftOut{{"pictures outside of class folders", 1}}, task.LeftOut)
	}

	task, err = Folder(tree(t, several(3, "a/dog", "a/cat", "b/dog", "b/cat", "c/dog", "c/cat")...),
		FolderOptions{PictureOptions: PictureOptions{Side: 8}, Sources: []string{"a"}, Targets: []string{"b"}})
	require.NoError(t, err)
	require.Equal(t, []LeftOut{{"folder c", 1}}, task.LeftOut)

	// A class of pictures that are not read, and a folder around the classes.
	dir = tree(t, append(several(3, "in/dog", "in/cat"), "loose.jpg")...)
	writeTree(t, dir, map[string][]byte{"in/owl/a.HEIC": {1}, "in/owl/deep/b.avif": {1}, "in/c.heic": {1}, "in/notes.txt": {1}, "empty/d.mov": {1}, "e.heif": {1}})
	task, err = Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Equal(t, []string{"cat", "dog"}, task.Classes)
	require.Equal(t, []LeftOut{{".heic", 2}, {".avif", 1}, {".heif", 1}, {".mov", 1}, {"folder empty without pictures", 1},
		{"folder owl without pictures", 1}, {"pictures outside of class folders", 1}}, task.LeftOut)
	_, err = Folder(filepath.Join(dir, "in", "owl"), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.ErrorContains(t, err, "no pictures in the folders of it, but 1 .avif: convert them to JPEG or PNG, expected one of")
	writeTree(t, dir, map[string][]byte{"in/dog/runs/1/config.json": {1}, "in/dog/runs/1/metrics.jsonl": {1}})
	_, leftOut, err := PictureFiles(filepath.Join(dir, "in"))
	require.NoError(t, err)
	require.Equal(t, []LeftOut{{".heic", 2}, {".avif", 1}, {".txt", 1}, {"folders of runs", 1}}, leftOut)
	_, _, err = PictureFiles(filepath.Join(dir, "in", "owl"))
	require.ErrorContains(t, err, ", but 1 .avif, 1 .heic: convert them to JPEG or PNG")
}

func TestHoldOut(t *testing.T) {
	t.Parallel()
	dir := tree(t, append(several(10, "dog"), append(several(1, "cat"), several(2, "owl")...)...)...)
	read := func(seed uint64) *Task {
		task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}, Holdout: 0.2, Seed: seed})
		require.NoError(t, err)
		return task
	}
	one := read(1)
	require.Equal(t, map[string]int{"train": 10, "held": 3}, sizes(one), "two dogs, one of two owls, not the only cat")
	require.Equal(t, []uint16{0, 1, 1, 1, 1, 1, 1, 1, 1, 2}, one.Source.Labels)
	require.Equal(t, []uint16{1, 1, 2}, one.Held.Labels)
	require.Equal(t, one, read(1))
	require.Equal(t, 0.2, one.Holdout)
	different := false
	for seed := range uint64(8) {
		different = different || string(read(seed).Held.Data) != string(one.Held.Data)
	}
	require.True(t, different, "the seed decides")

	// Together they are all images, each once; and so where images are in memory already.
	all, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	count := func(sets ...*Images) map[string]int {
		n := map[string]int{}
		for _, s := range sets {
			for i := range s.N {
				n[fmt.Sprint(s.Labels[i], s.Image(i))]++
			}
		}
		return n
	}
	require.Equal(t, count(&all.Source), count(&one.Source, &one.Held))
	whole := maps.Clone(count(&all.Source))
	all.HoldOut(0.3, 5)
	require.Equal(t, map[string]int{"train": 9, "held": 4}, sizes(all))
	require.Equal(t, whole, count(&all.Source, &all.Held))

	nameless, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	nameless.Classes = nil
	nameless.HoldOut(0.3, 5)
	require.Equal(t, map[string]int{"train": 9, "held": 4}, sizes(nameless), "classes without names have numbers")
}

// The folder of a run, or of several, is no split, whatever its name.
func TestRunsCalledLikeSplits(t *testing.T) {
	t.Parallel()
	for _, run := range []string{"test", "test-1", "val/erm", "train"} {
		dir := tree(t, append(several(3, "dog", "cat"), run+"/samples/0.png", run+"/checkpoint/0.png")...)
		writeTree(t, dir, map[string][]byte{run + "/config.json": {1}, run + "/metrics.jsonl": {1}})
		task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.NoError(t, err, run)
		require.Equal(t, []string{"cat", "dog"}, task.Classes)
		require.Equal(t, 1, task.LeftOut[len(task.LeftOut)-1].Count)

		dir = tree(t, append(several(3, "train/dog", "train/cat"), run+"/samples/0.png")...)
		if run == "train" {
			continue
		}
		writeTree(t, dir, map[string][]byte{run + "/config.json": {1}, run + "/metrics.jsonl": {1}})
		task, err = Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		require.NoError(t, err, run)
		require.Equal(t, map[string]int{"train": 6}, sizes(task))
		require.Equal(t, []LeftOut{{folderOfRun, 1}}, task.LeftOut)
	}
}

// Reading pictures ends when it is told to.
func TestDecodingStops(t *testing.T) {
	t.Parallel()
	dir, done := tree(t, several(40, "dog", "cat")...), make(chan struct{})
	o := FolderOptions{PictureOptions: PictureOptions{Side: 8, Done: done}}
	shown := 0
	o.Progress = func(n, total int) {
		require.Equal(t, 80, total)
		shown = n
	}
	_, err := Folder(dir, o)
	require.NoError(t, err)
	require.Equal(t, 80, shown)
	close(done)
	_, err = Folder(dir, o)
	require.ErrorIs(t, err, ErrStopped)
	o.Cache = &Cache{Dir: t.TempDir()}
	_, err = Folder(dir, o)
	require.ErrorIs(t, err, ErrStopped)
}

// A picture beside classes makes classes of what look like domains, and is named.
func TestPictureBesideClasses(t *testing.T) {
	t.Parallel()
	dir := tree(t, append(several(3, "a/dog", "a/cat", "b/dog", "b/cat"), "a/cover.png")...)
	task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, task.Classes)
	require.Equal(t, filepath.Join(dir, "a", "cover.png"), task.Beside)
	task, err = Folder(tree(t, several(2, "dog", "dog/front", "dog/side", "cat", "cat/front", "cat/side")...), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Empty(t, task.Beside, "pictures in all of them: classes, nested")
}

// Pictures without a domain beside those of domains that are trained on are counted, not
// those beside domains to test on.
func TestPicturesWithoutADomain(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(1, "a", "b", "c", "d")...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.csv"), []byte("a/0.png,dog\nb/0.png,cat\nc/0.png,dog,far\nd/0.png,cat,far\n"), 0o666))
	for targets, want := range map[string]int{"": 2, "far": 0} {
		o := FolderOptions{PictureOptions: PictureOptions{Side: 8}}
		if targets != "" {
			o.Targets = []string{targets}
		}
		task, err := Folder(dir, o)
		require.NoError(t, err)
		require.Equal(t, want, task.NoDomain, "targets %q", targets)
	}
}

// Pictures of which all are of domains to test on leave nothing to train on.
func TestAllDomainsChosenForTests(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(2, "a/dog", "a/cat", "b/dog", "b/cat")...)
	_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}, Targets: []string{"a", "b"}})
	require.ErrorContains(t, err, dir+": no pictures to train on in it but those of the domains to test on, a, b: expected fewer of these")
}

// Folders that look like domains and are none, as they have too few folders in common, are
// named; those of which some have splits and others none are refused.
func TestFoldersThatLookLikeDomains(t *testing.T) {
	t.Parallel()
	o := FolderOptions{PictureOptions: PictureOptions{Side: 8}}
	domains := several(2, "a/dog", "a/cat", "b/dog", "b/cat")
	for name, paths := range map[string][]string{"one class": several(2, "c/dog"), "a class beside domains": several(2, "zebra")} {
		task, err := Folder(tree(t, append(slices.Clone(domains), paths...)...), o)
		require.NoError(t, err, name)
		require.Len(t, task.Classes, 3, name)
		require.Equal(t, []string{"a", "b"}, task.Alike, name)
	}
	task, err := Folder(tree(t, several(2, "dog/2022", "dog/2023", "cat/2023", "cat/x")...), o)
	require.NoError(t, err)
	require.Empty(t, task.Alike)

	dir := tree(t, append(several(2, "a/train/dog", "a/train/cat", "a/test/dog"), several(2, "b/dog", "b/cat")...)...)
	for _, targets := range [][]string{nil, {"b"}} {
		o.Targets = targets
		_, err = Folder(dir, o)
		require.ErrorContains(t, err, filepath.Join(dir, "b")+": there is no folder train, val or test in it, which "+filepath.Join(dir, "a")+" has")
	}
}

// A link that leads nowhere may stand for a class, whose name may have a dot; one that is
// named like a file is counted.
func TestLinksNamedLikeFiles(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]bool{"001.Black_footed_Albatross": true, "St.Bernard": true, "v1.0": true, "notes.txt": false, "x.PNG": false, "clip.mp4": false, "w.7z": false} {
		dir := tree(t, several(3, "train/dog", "train/cat")...)
		if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "train", name)); err != nil {
			t.Skip("no links here: ", err)
		}
		task, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 8}})
		if wrong {
			require.ErrorContains(t, err, name+": a link or folder that cannot be followed")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "1 link without a target", task.LeftOut[0].String())
	}
}

func TestLinkedClassesAndDomains(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(3, "a/dog", "a/cat", "real/dog", "real/cat")...)
	data := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(data, "photo")); err != nil {
		t.Skip("no links here: ", err)
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "real"), filepath.Join(data, "sketch")))
	task, err := Folder(data, FolderOptions{PictureOptions: PictureOptions{Side: 8}, Targets: []string{"sketch"}})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"train": 6, "sketch": 6}, sizes(task))
}

// Thumbnails, deleted files and what systems keep are no pictures of a class, in whatever
// case they write their names, and JPEG has other extensions.
func TestSystemFolders(t *testing.T) {
	t.Parallel()
	paths := append(several(3, "dog", "cat"), "cat/a.jfif", "cat/b.JPE")
	paths = append(paths, several(2, "$Recycle.Bin", "#recycle", "System Volume Information", "lost+found", "cat/@eaDir/0.png", "__MACOSX/cat")...)
	task, err := Folder(tree(t, paths...), FolderOptions{PictureOptions: PictureOptions{Side: 8}})
	require.NoError(t, err)
	require.Equal(t, []string{"cat", "dog"}, task.Classes)
	require.Equal(t, 8, task.Source.N)
	require.Empty(t, task.LeftOut)
}

// What the decoders refuse, see testdata/make_refused.py, is named together and left out
// like files that are damaged.
func TestRefusedPictures(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"cmyk.jpg": "4-component JPEG doesn't have Adobe APP14 metadata", "sampling.jpg": "luma/chroma subsampling ratio", "spare.png": "too much pixel data",
		"bits.tif": "bytes with the lowest bit first: convert it to a PNG of 8 bits",
	}
	dir := tree(t, several(4, "ant", "cat")...)
	for name := range refused {
		writeTree(t, dir, map[string][]byte{"ant/" + name: load(t, "refused/"+name)})
	}
	o := FolderOptions{PictureOptions: PictureOptions{Side: 8}}
	_, err := Folder(dir, o)
	require.ErrorContains(t, err, "4 of 12 pictures cannot be read")
	for name, why := range refused {
		require.Regexp(t, regexp.QuoteMeta(name)+": .*"+regexp.QuoteMeta(why), err.Error())
	}
	o.SkipBad = true
	task, err := Folder(dir, o)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"train": 8}, sizes(task))
}

// Bad pictures of all sets are named together, or left out of each.
func TestSkipBad(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(4, "train/ant", "train/cat", "test-far/ant")...)
	writeTree(t, dir, map[string][]byte{"train/ant/1.png": nil, "train/cat/3.png": []byte("text"), "test-far/ant/0.png": {0x89}})
	o := FolderOptions{PictureOptions: PictureOptions{Side: 8}}
	_, err := Folder(dir, o)
	var bad *PicturesError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 12, bad.Total)
	require.Len(t, bad.Files, 3)
	o.SkipBad = true
	task, err := Folder(dir, o)
	require.NoError(t, err)
	require.Equal(t, bad, task.Bad)
	require.Equal(t, map[string]int{"train": 6, "far": 3}, sizes(task))
	require.Equal(t, []uint16{0, 0, 0, 1, 1, 1}, task.Source.Labels)
	require.Len(t, task.Source.Data, 6*3*8*8)
	for i, want := range []string{"ant/0.png", "ant/2.png", "ant/3.png", "cat/0.png", "cat/1.png", "cat/2.png"} {
		path := filepath.Join(dir, "train", filepath.FromSlash(want))
		require.Equal(t, path, task.Source.Files[i])
		one := make([]uint8, 3*8*8)
		require.NoError(t, ReadPicture(one, &PictureOptions{Side: 8}, path))
		require.Equal(t, one, task.Source.Image(i))
	}
	writeTree(t, dir, map[string][]byte{"test-far/ant/1.png": nil, "test-far/ant/2.png": nil, "test-far/ant/3.png": nil})
	_, err = Folder(dir, o)
	require.ErrorAs(t, err, &bad, "nothing is left of a domain")
}

// What does not fit into memory is not begun.
func TestPicturesThatDoNotFit(t *testing.T) {
	t.Parallel()
	dir := tree(t, several(4, "train/ant", "train/cat", "test-far/ant")...)
	writeTree(t, dir, map[string][]byte{"train/ant/1.png": nil}) // is not even looked at
	const size = 12 * 3 * 1024 * 1024
	o := FolderOptions{PictureOptions: PictureOptions{Side: 1024, MaxBytes: size / 2}}
	_, err := Folder(dir, o)
	var tooLarge *SizeError
	require.ErrorAs(t, err, &tooLarge)
	require.EqualError(t, err, "12 images of 3x1024x1024 take 37.7 MB of memory, more than the 18.9 MB")
	o.Side, o.MaxBytes, o.SkipBad = 8, 12*3*8*8, true
	_, err = Folder(dir, o)
	require.NoError(t, err)
}
