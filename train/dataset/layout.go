package dataset

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Layouts shows how pictures may lie in a folder, a line each.
const Layouts = `  train/<class>/<picture>, beside it val, test and test-<domain>, each with the same classes
  <domain>/<class>/<picture>, or train, val and test in each domain with its classes
  <class>/<picture>, or train, val and test in each class
  manifest.csv with lines path,label[,domain[,split]]`

// The splits of a layout, and of a manifest's column of that name.
const (
	trainSplit = "train"
	valSplit   = "val"
	testSplit  = "test"
)

// splitNames are the folders and the words of manifests that stand for a split, in lower
// case.
var splitNames = map[string]string{
	"train": trainSplit, "training": trainSplit,
	"val": valSplit, "valid": valSplit, "validation": valSplit,
	"test": testSplit, "testing": testSplit,
}

// splitNamed returns the split that a folder or a word of a manifest is called, in
// whatever case, "" for none.
func splitNamed(name string) string { return splitNames[strings.ToLower(name)] }

// splitMeant returns the split that a name stands for if there are others beside it, "" for
// none: "Training_Set", "test-set", "seg_train", "val_images".
func splitMeant(name string) string {
	name = strings.TrimPrefix(strings.ToLower(name), "seg_")
	for _, what := range []string{"set", "data", "images"} {
		if rest, ok := strings.CutSuffix(name, what); ok {
			name = strings.TrimRight(rest, "_- ")
		}
	}
	return splitNames[name]
}

// found is a picture and what its place, or a manifest, says about it: domain and
// split are "" where nothing does.
type found struct {
	path, class, domain, split string
}

// collection is the pictures of a folder or a manifest.
type collection struct {
	dir      string
	layout   string // one of Layouts, in a few words
	pictures []found
	leftOut  map[string]int // what else lies there: kinds of files, folders
	beside   string         // a picture for which folders are taken for classes, "" for none
	stray    bool           // others of these folders have no such picture
	alike    []string       // two folders, taken for classes, that have folders of the same names
}

// collect finds the pictures in a folder, or those that a manifest lists. Which
// layout a folder has is decided in this order:
//
//   - there is a manifest.csv;
//   - there is a folder train, val, test or test-<domain> with folders in it, or two are
//     named after splits, as training_set and test-set are; those of runs are none;
//   - there is nothing but one folder, without pictures directly in it: what
//     counts is that folder;
//   - no picture lies directly in any folder, and folders of two splits are in all of
//     them, or no others than those of splits are in any: these are classes if pictures lie
//     in the splits, else domains;
//   - no picture lies directly in any folder, and domains were chosen or at least
//     two names of folders in them are in all of them: these are domains;
//   - else the folders are classes, whatever lies deeper.
func collect(dir string, chosen []string) (*collection, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, &Error{dir, pathCause(err)}
	case info.Mode().IsRegular() && strings.EqualFold(filepath.Ext(dir), ".csv"):
		return collectManifest(dir)
	case !info.IsDir():
		return nil, errorf(dir, "not a folder, expected one, or a CSV file with the lines of a manifest")
	}
	if manifest := filepath.Join(dir, manifestFile); isRegular(manifest) {
		return collectManifest(manifest)
	}
	c := &collection{dir: dir, leftOut: map[string]int{}}
	folders, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	if split, err := haveSplits(dir, folders); err != nil {
		return nil, err
	} else if split {
		return c, c.collectSplits(folders)
	}
	if folders, err = c.withPictures(folders); err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, absentf(dir, "no pictures in the folders of it%s, expected one of\n%s", butOthers(c.leftOut), Layouts)
	}
	direct, inner, err := lookInto(dir, folders)
	if err != nil {
		return nil, err
	}
	if len(folders) == 1 && !direct && !slices.Contains(chosen, folders[0]) {
		inner, err := collect(filepath.Join(dir, folders[0]), chosen)
		if err != nil {
			return nil, err
		}
		addCounts(inner.leftOut, c.leftOut)
		return inner, inner.countFiles(dir)
	}
	if !slices.ContainsFunc(folders, func(name string) bool { return splitMeant(name) == "" }) && len(folders) > 1 {
		return nil, errorf(filepath.Join(dir, folders[0]), "there is no class folder in it, expected\n%s", Layouts)
	}
	splits, ofClasses := splitsInCommon(inner) || splitsAlone(inner), false
	if !splits && !direct {
		if err := c.refuseSplitsOfSome(folders, inner); err != nil {
			return nil, err
		}
	}
	if splits && !direct {
		if ofClasses, err = c.splitsOfClasses(folders, inner); err != nil {
			return nil, err
		}
	}
	switch {
	case ofClasses:
		return c, c.collectSplitsOfClasses(folders)
	case !direct && (splits || len(chosen) > 0 || inCommon(inner) >= 2):
		return c, c.collectDomains(folders, splits)
	case direct && inCommon(inner) >= 2:
		c.beside, c.stray = besideFolders(dir, folders)
	default:
		c.alike = alike(folders, inner)
	}
	c.layout = "<class>/<picture>"
	return c, c.addClasses(dir, folders, "", "")
}

// CheckLayout returns an error if there are no pictures of several classes in a
// folder, or a CSV file, that [Folder] finds.
func CheckLayout(dir string) error {
	c, err := collect(dir, nil)
	if err != nil {
		return err
	}
	for i := range c.pictures {
		if c.pictures[i].class != c.pictures[0].class {
			return nil
		}
	}
	return absentf(c.dir, "no pictures of several classes in it, expected\n%s", Layouts)
}

func noPictures(dir string) error {
	return absentf(dir, "no pictures in it (%s)", strings.Join(pictureExtensions, ", "))
}

// splitOf returns the split that a folder's name stands for, in whatever case, "" for none,
// and the domain that it is a test set of if that is not the source.
func splitOf(name string) (split, domain string, isTarget bool) {
	const target = "test-"
	if lower := strings.ToLower(name); strings.HasPrefix(lower, target) && lower != "test-set" {
		return testSplit, name[len(target):], true
	}
	return splitNamed(name), "", false
}

// haveSplits reports whether folders are those of splits: one of them is called so and has
// folders in it, or several are named after two and have. That of a run, or of several, is
// none.
func haveSplits(dir string, folders []string) (bool, error) {
	var meant []string
	for _, name := range folders {
		split, _, _ := splitOf(name)
		if split == "" && splitMeant(name) == "" {
			continue
		}
		path := filepath.Join(dir, name)
		below, runs, err := classFolders(path)
		switch {
		case err != nil:
			return false, err
		case split == "" && len(below) > 0:
			meant = append(meant, splitMeant(name))
		case split != "" && (len(below) > 0 || runs == 0 && strings.EqualFold(name, trainSplit) && !hasDirectPicture(path)):
			return true, nil
		}
	}
	slices.Sort(meant)
	return len(slices.Compact(meant)) >= 2, nil
}

// classFolders returns the names of the folders in dir that are not those of runs, and how
// many are: none and 1 if dir is a run's.
func classFolders(dir string) (names []string, runs int, err error) {
	if entries, err := os.ReadDir(dir); err == nil && isRun(entries) {
		return nil, 1, nil
	}
	below, err := subfolders(dir)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range below {
		if entries, err := os.ReadDir(filepath.Join(dir, name)); err == nil && isRun(entries) {
			runs++
		} else {
			names = append(names, name)
		}
	}
	return names, runs, nil
}

// collectSplits adds the folders of splits and domains.
func (c *collection) collectSplits(folders []string) error {
	c.layout = "train/<class>/<picture>"
	if err := c.countFiles(c.dir); err != nil {
		return err
	}
	for _, name := range folders {
		split, domain, isTarget := splitOf(name)
		called := split != ""
		split = cmp.Or(split, splitMeant(name))
		if isTarget {
			if err := checkDomain(domain); err != nil {
				return &Error{filepath.Join(c.dir, name), err}
			}
		}
		if split == "" {
			c.leftOut["folder "+name]++
			continue
		}
		dir := filepath.Join(c.dir, name)
		classes, runs, err := classFolders(dir)
		if err != nil {
			return err
		}
		if runs > 0 {
			c.leftOut[folderOfRun] += runs
			if len(classes) == 0 {
				continue
			}
		}
		if len(classes) == 0 && !called {
			c.leftOut["folder "+name]++
			continue
		}
		if len(classes) == 1 && strings.EqualFold(classes[0], name) && !hasDirectPicture(dir) { // as some archives unpack
			dir = filepath.Join(dir, classes[0])
			if classes, err = subfolders(dir); err != nil {
				return err
			}
		}
		if len(classes) == 0 {
			return errorf(dir, "there is no class folder in it, expected\n%s", Layouts)
		}
		if err := c.addClasses(dir, classes, domain, split); err != nil {
			return err
		}
	}
	return nil
}

// splitsOf returns those of several folders that are of splits.
func splitsOf(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(name string) bool { return splitNamed(name) == "" })
}

// splitsInCommon reports whether folders of two splits and more are in all of several
// lists: these are no classes then.
func splitsInCommon(lists [][]string) bool {
	var both []string
	for i, list := range lists {
		var splits []string
		for _, name := range splitsOf(list) {
			splits = append(splits, splitNamed(name))
		}
		if i == 0 {
			both = splits
		}
		both = slices.DeleteFunc(both, func(split string) bool { return !slices.Contains(splits, split) })
	}
	slices.Sort(both)
	return len(slices.Compact(both)) >= 2
}

// splitsAlone reports whether in each of several lists there are folders of splits and no
// others, and those of two splits and more in all: one domain may have pictures to test alone.
func splitsAlone(lists [][]string) bool {
	all := map[string]bool{}
	for _, list := range lists {
		splits := splitsOf(list)
		if len(splits) == 0 || len(splits) < len(list) {
			return false
		}
		for _, name := range splits {
			all[splitNamed(name)] = true
		}
	}
	return len(all) >= 2
}

// refuseSplitsOfSome refuses folders of which some have nothing in them but splits with folders,
// two and more, as domains have, and others have none: they would be taken for classes.
func (c *collection) refuseSplitsOfSome(folders []string, inner [][]string) error {
	with, without := "", ""
	for i, folder := range folders {
		switch splits := splitsOf(inner[i]); {
		case len(splits) >= 2 && len(splits) == len(inner[i]):
			direct, below, err := lookInto(filepath.Join(c.dir, folder), splits)
			if err != nil {
				return err
			}
			if !direct && !slices.ContainsFunc(below, func(classes []string) bool { return len(classes) == 0 }) {
				with = folder
			}
		case len(splits) == 0:
			without = folder
		}
	}
	if with == "" || without == "" {
		return nil
	}
	return errorf(filepath.Join(c.dir, without), "there is no folder train, val or test in it, which %s has, expected them in all of the folders or in none",
		filepath.Join(c.dir, with))
}

// alike returns the first two folders that have folders of two and more of the same names
// in them, nil if there are none.
func alike(folders []string, inner [][]string) []string {
	first := map[string]int{} // folder that has a name
	for i, list := range inner {
		common := map[int]int{}
		for _, name := range list {
			j, known := first[name]
			if !known {
				first[name] = i
			} else if common[j]++; common[j] >= 2 {
				return []string{folders[j], folders[i]}
			}
		}
	}
	return nil
}

// splitsOfClasses reports whether folders with splits are classes: pictures lie directly
// in the splits, and no folder of pictures is in all of them, as those of classes would be.
func (c *collection) splitsOfClasses(folders []string, inner [][]string) (bool, error) {
	picture, below := "", [][]string{}
	for i, folder := range folders {
		for _, split := range splitsOf(inner[i]) {
			of := &collection{dir: filepath.Join(c.dir, folder, split), leftOut: map[string]int{}}
			classes, err := subfolders(of.dir)
			if err != nil {
				return false, err
			}
			if classes, err = of.withPictures(classes); err != nil {
				return false, err
			}
			direct := directPicture(of.dir)
			if picture = cmp.Or(picture, direct); direct != "" || len(classes) > 0 {
				below = append(below, classes)
			}
		}
	}
	return picture != "" && inCommon(below) == 0, nil
}

// collectSplitsOfClasses adds the folders of classes with splits in each.
func (c *collection) collectSplitsOfClasses(folders []string) error {
	c.layout = "<class>/<split>/<picture>"
	if err := c.countFiles(c.dir); err != nil {
		return err
	}
	for _, class := range folders {
		if err := checkName("class", class); err != nil {
			return &Error{c.dir, err}
		}
		dir := filepath.Join(c.dir, class)
		inner, err := c.splitsBelow(dir)
		if err != nil {
			return err
		}
		for _, name := range inner {
			paths, err := pictureFiles(filepath.Join(dir, name), c.leftOut)
			if err != nil {
				return err
			}
			for _, path := range paths {
				c.pictures = append(c.pictures, found{path, class, "", splitNamed(name)})
			}
		}
	}
	return nil
}

// splitsBelow returns the folders of splits in a folder, and counts the others.
func (c *collection) splitsBelow(dir string) ([]string, error) {
	inner, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	splits := splitsOf(inner)
	for _, name := range inner {
		if !slices.Contains(splits, name) {
			c.leftOut["folder "+filepath.Join(filepath.Base(dir), name)]++
		}
	}
	if err := c.countFiles(dir); err != nil {
		return nil, err
	}
	all := splits
	if splits, err = (&collection{dir: dir, leftOut: map[string]int{}}).withPictures(splits); err != nil {
		return nil, err
	}
	for _, name := range all {
		if !slices.Contains(splits, name) {
			c.leftOut["folder "+filepath.Join(filepath.Base(dir), name)+" without pictures"]++
		}
	}
	return splits, nil
}

// besideFolders returns a picture that lies beside folders in one of several, and whether
// none lies there in another.
func besideFolders(dir string, folders []string) (picture string, stray bool) {
	for _, name := range folders {
		direct := directPicture(filepath.Join(dir, name))
		picture, stray = cmp.Or(picture, direct), stray || direct == ""
	}
	return picture, stray
}

// collectDomains adds the folders of domains, with classes in each or with splits that
// have them.
func (c *collection) collectDomains(folders []string, splits bool) error {
	c.layout = "<domain>/<class>/<picture>"
	if splits {
		c.layout = "<domain>/<split>/<class>/<picture>"
	}
	if err := c.countFiles(c.dir); err != nil {
		return err
	}
	for _, domain := range folders {
		if err := checkDomain(domain); err != nil {
			return &Error{filepath.Join(c.dir, domain), err}
		}
		dir, inner := filepath.Join(c.dir, domain), []string{""}
		if splits {
			var err error
			if inner, err = c.splitsBelow(dir); err != nil {
				return err
			}
		}
		for _, split := range inner {
			of := filepath.Join(dir, split)
			classes, err := subfolders(of)
			if err != nil {
				return err
			}
			if classes, err = (&collection{dir: of, leftOut: c.leftOut}).withPictures(classes); err != nil {
				return err
			}
			if err := c.addClasses(of, classes, domain, splitNamed(split)); err != nil {
				return err
			}
		}
	}
	return nil
}

// addClasses adds the pictures in each folder of a class in dir.
func (c *collection) addClasses(dir string, classes []string, domain, split string) error {
	if err := c.countFiles(dir); err != nil {
		return err
	}
	for _, class := range classes {
		if err := checkName("class", class); err != nil {
			return &Error{dir, err}
		}
		paths, err := pictureFiles(filepath.Join(dir, class), c.leftOut)
		if err != nil {
			return err
		}
		for _, path := range paths {
			c.pictures = append(c.pictures, found{path, class, domain, split})
		}
	}
	return nil
}

// countFiles counts the pictures that lie in a folder beside those of classes,
// those that no reader is there for, and links that lead nowhere.
func (c *collection) countFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &Error{dir, pathCause(err)}
	}
	for _, e := range entries {
		if isHidden(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			c.leftOut["links without a target"]++
			continue
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if isPicture(e.Name()) {
			c.leftOut["pictures outside of class folders"]++
		} else if l := (LeftOut{kindOfFile(e.Name()), 1}); l.Unread() {
			c.leftOut[l.What]++
		}
	}
	return nil
}

// withPictures returns the folders in which, or below which, there is a picture,
// and counts the others and what is in them.
func (c *collection) withPictures(folders []string) ([]string, error) {
	var with []string
	for _, name := range folders {
		any, other := false, map[string]int{}
		err := walkPictures(filepath.Join(c.dir, name), nil, func(_, _, what string) bool {
			if what == "" {
				any = true
			} else {
				other[what]++
			}
			return !any
		})
		switch {
		case err != nil:
			return nil, err
		case any:
			with = append(with, name)
		default:
			c.leftOut["folder "+name+" without pictures"]++
			addCounts(c.leftOut, other)
		}
	}
	return with, nil
}

// lookInto reports whether pictures lie directly in any of the folders, and
// returns the names of the folders in each.
func lookInto(dir string, folders []string) (direct bool, inner [][]string, err error) {
	for _, name := range folders {
		below, err := subfolders(filepath.Join(dir, name))
		if err != nil {
			return false, nil, err
		}
		inner = append(inner, below)
		direct = direct || hasDirectPicture(filepath.Join(dir, name))
	}
	return direct, inner, nil
}

// inCommon counts the names that are in all of several lists.
func inCommon(lists [][]string) int {
	if len(lists) < 2 {
		return 0
	}
	n := 0
	for _, name := range lists[0] {
		if !slices.ContainsFunc(lists[1:], func(list []string) bool { return !slices.Contains(list, name) }) {
			n++
		}
	}
	return n
}

func hasDirectPicture(dir string) bool { return directPicture(dir) != "" }

// directPicture returns the first picture that lies directly in a folder, "" for none.
func directPicture(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); isPicture(e.Name()) && !isHidden(e.Name()) && isRegular(path) {
			return path
		}
	}
	return ""
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// kindOfFile names a file that is no picture by its extension.
func kindOfFile(name string) string {
	if ext := strings.ToLower(filepath.Ext(name)); ext != "" {
		return ext
	}
	return "files without extension"
}

// domains lists the domains of a collection in their order.
func (c *collection) domains(which func(*found) bool) []string {
	var names []string
	seen := map[string]bool{}
	for i := range c.pictures {
		if p := &c.pictures[i]; p.domain != "" && !seen[p.domain] && which(p) {
			seen[p.domain] = true
			names = append(names, p.domain)
		}
	}
	slices.Sort(names)
	return names
}

// checkChosen refuses domains that a collection does not have.
func (c *collection) checkChosen(chosen []string, role string, which func(*found) bool) error {
	there := c.domains(which)
	for _, name := range chosen {
		if slices.Contains(there, name) {
			continue
		}
		if len(there) == 0 {
			if c.beside != "" {
				return errorf(c.beside, "no domain %q: this picture lies beside folders, so that the folders of %s are taken for classes, not for domains with classes in them", name, c.dir)
			}
			return errorf(c.dir, "no domain %q: there are no domains to %s in %s", name, role, c.layout)
		}
		return errorf(c.dir, "no domain %q to %s, there are %s", name, role, strings.Join(there, ", "))
	}
	return nil
}

// LeftOut is a kind of files or a folder that lies among pictures and is not read.
type LeftOut struct {
	What  string
	Count int
}

// Unread reports whether they are pictures of a format without a reader.
func (l LeftOut) Unread() bool { return slices.Contains(unreadExtensions, l.What) }

// String is "12 .heic", or for a folder its name.
func (l LeftOut) String() string {
	if strings.HasPrefix(l.What, "folder ") {
		return l.What
	}
	if first, rest, ok := strings.Cut(l.What, " "); ok && l.Count == 1 {
		return "1 " + strings.TrimSuffix(first, "s") + " " + rest
	}
	return fmt.Sprintf("%d %s", l.Count, l.What)
}
