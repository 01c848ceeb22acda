package dataset

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

// Folder reads anybody's own images as 3 x side x side: dir/train/<class>/*
// is the source, dir/test-<domain>/<class>/* a target domain, dir/test/<class>/*
// the source's own test set, named "test". Pictures are those that
// [PictureFiles] lists, see [DecodePicture]; other files are ignored. Classes are
// the folders in train in alphabetical order. A domain must not have a name that
// results use for something else.
func Folder(dir string, side int) (*Task, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	train := filepath.Join(dir, "train")
	classes, err := subfolders(train)
	if err != nil {
		return nil, err
	}
	if err := checkClassCount(train, len(classes)); err != nil {
		return nil, err
	}
	b := &Task{Classes: classes}
	if b.Source, err = readClassFolders(train, classes, side); err != nil {
		return nil, err
	}
	names, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		domain, isTarget := strings.CutPrefix(name, "test-") // "test" stays "test"
		if !isTarget && name != "test" {
			continue
		}
		if isTarget {
			if err := checkDomain(domain); err != nil {
				return nil, &Error{filepath.Join(dir, name), err}
			}
		}
		images, err := readClassFolders(filepath.Join(dir, name), classes, side)
		if err != nil {
			return nil, err
		}
		b.Domains = append(b.Domains, Domain{Name: domain, Images: images, Source: !isTarget})
	}
	return b, nil
}

// checkDomain refuses the names that stand for something else beside the
// domains' own: in accuracies their mean and the step, in checksums the training
// set, and the corruptions of the test set.
func checkDomain(name string) error {
	var use string
	switch {
	case name == "":
		return errors.New("a domain cannot be named \"\", expected test-<domain>")
	case name == "test":
		use = "the source's own test set"
	case name == "average":
		use = "the mean over the domains"
	case name == "step":
		use = "the step at which they were tested"
	case name == "train":
		use = "the training images"
	case slices.Contains(corrupt.Names(), name):
		use = "a corruption of the test set"
	default:
		return nil
	}
	return fmt.Errorf("a domain cannot be named %q, which is %s: rename the folder", name, use)
}

func checkClassCount(dir string, n int) error {
	if n < 2 || n > MaxClasses {
		return errorf(dir, "%d class folders where 2 to %d were expected", n, MaxClasses)
	}
	return nil
}

// subfolders returns the names of the folders in dir, sorted, without hidden
// ones.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &Error{dir, pathCause(err)}
	}
	var names []string
	for _, entry := range entries {
		// Stat follows links, which people use to arrange their data.
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		if err == nil && info.IsDir() && !isHidden(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// readClassFolders reads the pictures in dir/<class>/ for each class that has a
// folder there, class by class and by name.
func readClassFolders(dir string, classes []string, side int) (Images, error) {
	present, err := subfolders(dir)
	if err != nil {
		return Images{}, err
	}
	var files []pictureFile
	for _, class := range present {
		label := slices.Index(classes, class)
		if label < 0 {
			return Images{}, errorf(dir, "class %s is not one of train's (%s)", class, strings.Join(classes, ", "))
		}
		paths, err := PictureFiles(filepath.Join(dir, class))
		if err != nil {
			return Images{}, err
		}
		for _, path := range paths {
			files = append(files, pictureFile{path, uint16(label)})
		}
	}
	if len(files) == 0 {
		return Images{}, errorf(dir, "there is no class folder in it (%s)", strings.Join(classes, ", "))
	}
	return readPictures(files, side)
}

// PictureFiles lists the pictures in a folder and the folders in it, of which
// there must be some: by the path of the folder, then by name, as torchvision's
// ImageFolder does. Links to folders are followed. Hidden files and folders are
// left out, and what macOS and Windows add, such as ._photo.jpg and __MACOSX.
func PictureFiles(dir string) ([]string, error) {
	folders := map[string][]string{}
	if err := collectPictures(dir, nil, folders); err != nil {
		return nil, err
	}
	var paths []string
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		paths = append(paths, folders[folder]...)
	}
	if len(paths) == 0 {
		return nil, errorf(dir, "there is no picture in it (%s)", strings.Join(pictureExtensions, ", "))
	}
	return paths, nil
}

// pictureExtensions are those of the formats that ReadPicture knows.
var pictureExtensions = []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}

// collectPictures adds the pictures of each folder from dir on to folders. above
// are the folders that it lies in, for links that lead there.
func collectPictures(dir string, above []os.FileInfo, folders map[string][]string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return &Error{dir, pathCause(err)}
	}
	if slices.ContainsFunc(above, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &Error{dir, pathCause(err)}
	}
	above = append(above, info)
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if isHidden(name) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if err := collectPictures(path, above, folders); err != nil {
				return err
			}
		} else if slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(name))) {
			folders[dir] = append(folders[dir], path)
		}
	}
	return nil
}

// isHidden reports whether a file or folder is not meant to be seen.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }
