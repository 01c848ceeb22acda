package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Folder reads anybody's own images as 3 x side x side: dir/train/<class>/*
// is the source, dir/test-<domain>/<class>/* a target domain, dir/test/<class>/*
// the source's own test set, named "test". Pictures are .png, .jpg or .jpeg
// files of any size, resized without regard to their proportions; other files
// are ignored. Classes are the folders in train in alphabetical order.
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
		if isTarget && (domain == "" || domain == "test") {
			return nil, errorf(filepath.Join(dir, name), "a domain cannot be named %q", domain)
		}
		images, err := readClassFolders(filepath.Join(dir, name), classes, side)
		if err != nil {
			return nil, err
		}
		b.Domains = append(b.Domains, Domain{Name: domain, Images: images, Source: !isTarget})
	}
	return b, nil
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
		if err == nil && info.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
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
		paths, err := picturePaths(filepath.Join(dir, class))
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

// picturePaths lists the pictures in a folder, of which there must be some, by
// name.
func picturePaths(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &Error{dir, pathCause(err)}
	}
	var paths []string
	for _, entry := range entries {
		switch strings.ToLower(filepath.Ext(entry.Name())) {
		case ".png", ".jpg", ".jpeg":
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, errorf(dir, "there is no .png, .jpg or .jpeg file in it")
	}
	return paths, nil
}
