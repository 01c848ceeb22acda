package dataset

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
)

// FolderOptions say what to read of people's own pictures.
type FolderOptions struct {
	PictureOptions

	// Sources and Targets name domains: those trained on and those tested on. Of
	// Sources alone every other domain is a target, of Targets alone every other
	// one a source. Of neither, domains with nothing but test pictures are targets.
	Sources, Targets []string

	// Holdout is the share of the training pictures of each domain and class that
	// becomes Task.Held, drawn by Seed. UsualHoldout is that of a source without
	// pictures to test or validate on.
	Holdout float64
	Seed    uint64

	// TestsOnly leaves the training images out: what is not said to be for training
	// or validation is tested, training images only where Holdout holds them out.
	TestsOnly bool
}

// Folder reads anybody's own pictures as 3 x side x side images, from a folder in
// one of the [Layouts] or a CSV file. Classes are those of the training pictures, or
// of all where there are none, in alphabetical order. [PictureFiles] tells what is a picture,
// [DecodePicture] how it is read. A domain must not have a name that results use for
// something else.
func Folder(dir string, o FolderOptions) (*Task, error) {
	c, err := collect(dir, slices.Concat(o.Sources, o.Targets))
	if err != nil {
		return nil, err
	}
	if len(c.pictures) == 0 {
		return nil, noPictures(dir)
	}
	return c.read(&o)
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
	case name == "held-out":
		use = "the part of the source that is held out"
	case slices.Contains(corrupt.Names(), name):
		use = "a corruption of the test set"
	default:
		return checkName("domain", name)
	}
	return fmt.Errorf("a domain cannot be named %q, which is %s: rename the folder", name, use)
}

// checkName refuses names of classes and domains that no line of a table, or no file, can
// hold.
func checkName(what, name string) error {
	const most = 255 // bytes, as of a file's name
	if len(name) > most {
		return fmt.Errorf("a %s's name is of %d bytes, expected at most %d: %.40q...", what, len(name), most, name)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("a %s cannot be named %q, which is not UTF-8", what, name)
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("a %s cannot be named %q, which has control characters", what, name)
	}
	return nil
}

func checkClassCount(dir string, n int) error {
	if n < 2 || n > MaxClasses {
		classes := "classes"
		if n == 1 {
			classes = "class"
		}
		return errorf(dir, "%d %s to train on where 2 to %d were expected", n, classes, MaxClasses)
	}
	return nil
}

// subfolders returns the names of the folders in dir, sorted, without hidden
// ones. Links that lead nowhere are an error, unless they are named like files: they may
// stand for a class on a disk that is not there.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &Error{dir, pathCause(err)}
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if isHidden(name) {
			continue
		}
		// Stat follows links, which people use to arrange their data.
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil && !namedLikeFile(name) {
			return nil, errorf(filepath.Join(dir, name), "a link or folder that cannot be followed: %w", pathCause(err))
		}
		if err == nil && info.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}

// PictureFiles lists the pictures in a folder and the folders in it, of which
// there must be some: by the path of the folder, then by name, as torchvision's
// ImageFolder does. Links to folders are followed. Hidden files and folders are
// left out, what macOS and Windows add, such as ._photo.jpg and __MACOSX, and the
// folders of runs. The files of other kinds are counted in leftOut, the most frequent
// kind first.
func PictureFiles(dir string) (paths []string, leftOut []LeftOut, err error) {
	other := map[string]int{}
	paths, err = pictureFiles(dir, other)
	return paths, listLeftOut(other), err
}

// pictureFiles is PictureFiles, and adds to leftOut.
func pictureFiles(dir string, leftOut map[string]int) ([]string, error) {
	folders, other := map[string][]string{}, map[string]int{}
	err := walkPictures(dir, nil, func(folder, name, what string) bool {
		if what == "" {
			folders[folder] = append(folders[folder], filepath.Join(folder, name))
		} else {
			other[what]++
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		paths = append(paths, folders[folder]...)
	}
	if len(paths) == 0 {
		return nil, errorf(dir, "there is no picture in it (%s)%s", strings.Join(pictureExtensions, ", "), butOthers(other))
	}
	addCounts(leftOut, other)
	return paths, nil
}

// pictureExtensions are those of the formats that ReadPicture knows.
var pictureExtensions = []string{".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".bmp", ".tif", ".tiff"}

// unreadExtensions are those of pictures, as phones, cameras and datasets have them, of
// formats without a reader.
var unreadExtensions = []string{".heic", ".heif", ".avif", ".dng", ".jxl", ".jp2", ".cr2", ".nef", ".arw", ".ppm", ".pgm"}

// extension is that of a file: a few letters and digits.
var extension = regexp.MustCompile(`^\.[0-9]?[A-Za-z][0-9A-Za-z]{0,4}$`)

// namedLikeFile reports whether a name has the extension of a file: classes have dots in
// their names too, as in "001.Black_footed_Albatross".
func namedLikeFile(name string) bool { return extension.MatchString(filepath.Ext(name)) }

// butOthers tells that a folder without pictures has others, "" if it has none.
func butOthers(kinds map[string]int) string {
	var others []string
	for _, l := range listLeftOut(kinds) {
		if l.Unread() {
			others = append(others, l.String())
		}
	}
	if len(others) == 0 {
		return ""
	}
	return ", but " + strings.Join(others, ", ") + ": convert them to JPEG or PNG"
}

// addCounts adds counts to those of sum.
func addCounts(sum, counts map[string]int) {
	for what, n := range counts {
		sum[what] += n
	}
}

// isPicture reports whether a file is one by its name.
func isPicture(name string) bool {
	return slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(name)))
}

// folderOfRun is what a folder of a run is called among what is left out.
const folderOfRun = "folders of runs"

// walkPictures calls visit for each file in dir and the folders in it until it
// returns false: what is "" for a picture and else what the file is. above are the
// folders that dir lies in, for links that lead there. The folders of runs, which hold
// pictures too, are visited as if each were a file: some people's lie among the pictures
// that they train on.
func walkPictures(dir string, above []os.FileInfo, visit func(folder, name, what string) bool) error {
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
	if isRun(entries) {
		visit(filepath.Dir(dir), filepath.Base(dir), folderOfRun)
		return nil
	}
	above = append(above, info)
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if isHidden(name) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if err := walkPictures(path, above, visit); err != nil {
				return err
			}
			continue
		}
		what := ""
		if !isPicture(name) {
			what = kindOfFile(name)
		}
		if !visit(dir, name, what) {
			return nil
		}
	}
	return nil
}

// isRun reports whether a folder is that of a run, by what is in it from its beginning on.
func isRun(entries []os.DirEntry) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name })
	}
	return has("config.json") && has("metrics.jsonl")
}

// systemFiles are files and folders that systems put among others: macOS, Windows, file
// servers with thumbnails and deleted files, Linux.
var systemFiles = []string{"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "#recycle", "lost+found"}

// isHidden reports whether a file or folder is not meant to be seen.
func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") || slices.ContainsFunc(systemFiles, func(s string) bool { return strings.EqualFold(name, s) })
}
