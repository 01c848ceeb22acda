package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// PACSDomains are the domains of PACS.
var PACSDomains = []string{"art_painting", "cartoon", "photo", "sketch"}

var (
	pacsClasses = strings.Fields("dog elephant giraffe guitar horse house person")

	// pacsLists are the folders in which the split lists usually lie.
	pacsLists = []string{"splits", "kfold", "Train val splits and h5py files pre-read"}
)

// PACS reads PACS (Li et al., ICCV 2017) from dir, or PACS in it, as 3 x side x
// side images (the paper's 227 pixels become 224). The source is the official
// training list of the domains named in sources, together; their official
// validation lists are domains marked Source. Every other domain, whole, is a
// target: name one source for single-source generalisation, three to leave one
// domain out.
//
// The pictures lie in kfold/<domain>/<class>/, the lists
// <domain>_{train,crossval,test}_kfold.txt beside kfold, in it or in splits. At
// 224 pixels the 9,991 images of the full set take 1.5 GB.
func PACS(dir string, sources []string, o PictureOptions) (*Task, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	dir = pacsFolder(dir)
	if len(sources) == 0 {
		return nil, fmt.Errorf("no source domain named (%s)", strings.Join(PACSDomains, ", "))
	}
	for _, source := range sources {
		if !slices.Contains(PACSDomains, source) {
			return nil, fmt.Errorf("no domain %q in PACS (%s)", source, strings.Join(PACSDomains, ", "))
		}
	}
	b := &Task{Classes: pacsClasses, Domains: make([]Domain, len(PACSDomains))}
	var train []pictureFile
	var sets pictureSets
	for i, domain := range PACSDomains {
		isSource := slices.Contains(sources, domain)
		split := "test"
		if isSource {
			files, err := pacsFiles(dir, domain, "train")
			if err != nil {
				return nil, err
			}
			train = append(train, files...)
			split = "crossval"
		}
		files, err := pacsFiles(dir, domain, split)
		if err != nil {
			return nil, err
		}
		b.Domains[i] = Domain{Name: domain, Source: isSource}
		sets = append(sets, pictureSet{&b.Domains[i].Images, files})
	}
	var err error
	b.Bad, b.Clipped, err = append(sets, pictureSet{&b.Source, train}).read(o, fmt.Sprintf("%s sources %q", absolute(dir), sources))
	return b, err
}

// pacsFolder returns dir, or PACS in it.
func pacsFolder(dir string) string {
	if inner := filepath.Join(dir, "PACS"); checkFolder(inner) == nil {
		return inner
	}
	return dir
}

// pacsFiles reads a split list.
func pacsFiles(dir, domain, split string) ([]pictureFile, error) {
	name := fmt.Sprintf("%s_%s_kfold.txt", domain, split)
	path := find(dir, pacsLists, []string{name})
	if path == "" {
		return nil, absentf(dir, "%s is not there (looked in it and in %s)", name, strings.Join(pacsLists, ", "))
	}
	return readFile(path, func(r io.Reader) ([]pictureFile, error) {
		return parseList(r, filepath.Join(dir, "kfold"))
	})
}

// parseList reads lines "domain/class/picture label" with labels from 1 to 7;
// the paths are below root.
func parseList(r io.Reader, root string) ([]pictureFile, error) {
	var files []pictureFile
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || !filepath.IsLocal(filepath.FromSlash(fields[0])) {
			return nil, fmt.Errorf("line %d: %.80q is not a relative path and a label", len(files)+1, lines.Text())
		}
		label, err := strconv.Atoi(fields[1])
		if err != nil || label < 1 || label > len(pacsClasses) {
			return nil, fmt.Errorf("line %d: label %.20q is not from 1 to %d", len(files)+1, fields[1], len(pacsClasses))
		}
		if len(files) == maxNames {
			return nil, fmt.Errorf("more than %d lines", maxNames)
		}
		files = append(files, pictureFile{filepath.Join(root, filepath.FromSlash(fields[0])), uint16(label - 1)})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(files)+1, err)
	}
	if len(files) == 0 {
		return nil, errors.New("no images")
	}
	return files, nil
}
