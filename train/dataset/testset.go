package dataset

import (
	"path/filepath"
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

// PACSTest reads the official test list of one domain of PACS, which is the
// whole domain, as 3 x side x side images.
func PACSTest(dir, domain string, side int) (Images, error) {
	if err := checkFolder(dir); err != nil {
		return Images{}, err
	}
	files, err := pacsFiles(pacsFolder(dir), domain, "test")
	if err != nil {
		return Images{}, err
	}
	return readPictures(files, side)
}

// FolderTest reads one test set of people's own images, "test" or a domain's, as
// Folder finds it.
func FolderTest(dir, domain string, side int) (Images, error) {
	classes, err := subfolders(filepath.Join(dir, "train"))
	if err != nil {
		return Images{}, err
	}
	name := "test-" + domain
	if domain == "test" {
		name = domain
	}
	return readClassFolders(filepath.Join(dir, name), classes, side)
}

// Textures reads the pictures in a folder, by name, for the corruption suite to
// cut frost from.
func Textures(dir string) ([]corrupt.Texture, error) {
	paths, err := PictureFiles(dir)
	if err != nil {
		return nil, err
	}
	var textures []corrupt.Texture
	for _, path := range paths {
		content, err := readPictureFile(path)
		if err != nil {
			return nil, err
		}
		p, err := decode(content)
		if err != nil {
			return nil, &Error{path, err}
		}
		textures = append(textures, corrupt.Texture{Width: p.w, Height: p.h, Data: p.data})
	}
	return textures, nil
}
