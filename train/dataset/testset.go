package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

// CIFAR10Test reads the test set of CIFAR-10 alone, as CIFAR10 finds it.
func CIFAR10Test(dir string) (Images, error) { return cifar10.readTest(dir) }

// CIFAR100Test reads the test set of CIFAR-100 alone, as CIFAR100 finds it.
func CIFAR100Test(dir string) (Images, error) { return cifar100.readTest(dir) }

func (k *cifarKind) readTest(dir string) (Images, error) {
	if err := checkFolder(dir); err != nil {
		return Images{}, err
	}
	path := k.find(dir, k.test)
	if path == "" {
		return Images{}, errorf(dir, "%s.bin is not there (looked in it and in %s; gzipped or not)",
			k.test, strings.Join(k.folders, ", "))
	}
	return k.read(path)
}

// TestSet is a test set that is read alone.
type TestSet struct {
	Images

	// Of pictures in files, else nil: what lies there and is not read, and the
	// pictures left out because they cannot be.
	LeftOut []LeftOut
	Bad     *PicturesError
	Clipped int // see Task
}

// PACSTest reads the official test list of one domain of PACS, which is the
// whole domain, as 3 x side x side images.
func PACSTest(dir, domain string, o PictureOptions) (*TestSet, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	files, err := pacsFiles(pacsFolder(dir), domain, "test")
	if err != nil {
		return nil, err
	}
	return readTest(files, &o, dir, domain)
}

// FolderTest reads one test set of people's own pictures, "test" or a domain's, as
// Folder with TestsOnly finds it.
func FolderTest(dir, domain string, o PictureOptions) (*TestSet, error) {
	c, err := collect(dir, nil)
	if err != nil {
		return nil, err
	}
	a, err := c.arrange(&FolderOptions{TestsOnly: true})
	if err != nil {
		return nil, err
	}
	key := domain
	if domain == testSplit {
		key = ""
	}
	pictures, ok := a.tests[key]
	if !ok {
		return nil, absentf(dir, "no test set %q in it, there are %q", domain, slices.Sorted(maps.Keys(a.tests)))
	}
	test, err := readTest(labelled(pictures, a.labels()), &o, dir, domain)
	if err != nil {
		return nil, err
	}
	test.LeftOut = c.listLeftOut(a)
	return test, nil
}

func readTest(files []pictureFile, o *PictureOptions, dir, domain string) (*TestSet, error) {
	test := new(TestSet)
	var err error
	test.Bad, test.Clipped, err = pictureSets{{&test.Images, files}}.read(*o, fmt.Sprintf("%s test %q", absolute(dir), domain))
	if err != nil {
		return nil, err
	}
	return test, nil
}

// mostTextureBytes bounds the pictures that frost is cut from. It is a variable for tests.
var mostTextureBytes = 1 << 30

// Textures reads the pictures in a folder, by name, for the corruption suite to
// cut frost from. What else is in the folder is counted in leftOut, as
// PictureFiles counts it.
func Textures(dir string) (textures []corrupt.Texture, leftOut []LeftOut, err error) {
	paths, leftOut, err := PictureFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	bytes := 0
	for _, path := range paths {
		content, err := readPictureFile(path)
		if err != nil {
			return nil, nil, err
		}
		p, err := decode(content)
		if err != nil {
			return nil, nil, &Error{path, err}
		}
		if p.clipped {
			return nil, nil, errorf(path, "grey of 16 bits above 255, which would be white: convert it to 8 bits")
		}
		if bytes += len(p.data); bytes > mostTextureBytes {
			return nil, nil, errorf(dir, "the %d pictures in it take more than %d MiB of memory, expected fewer or smaller ones", len(paths), mostTextureBytes>>20)
		}
		textures = append(textures, corrupt.Texture{Width: p.w, Height: p.h, Data: p.data})
	}
	return textures, leftOut, nil
}
