package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// manifestFile is the name of the manifest of a folder.
const manifestFile = "manifest.csv"

// manifestColumns are the columns of a manifest in their order where it has no
// line of their names.
var manifestColumns = []string{"path", "label", "domain", "split"}

// byteOrderMark is how Excel begins its files.
const byteOrderMark = "\ufeff"

// collectManifest reads a CSV file of pictures: path, label and, if there, domain
// and split (train, val or test). Paths are relative to the file's folder, or
// absolute. A first line with the names of the columns may have them in any order,
// and others among them.
func collectManifest(path string) (*collection, error) {
	c := &collection{dir: path, layout: "path,label,domain,split", leftOut: map[string]int{}}
	_, err := readFile(path, func(r io.Reader) (struct{}, error) {
		return struct{}{}, c.parseManifest(r, filepath.Dir(path))
	})
	return c, err
}

func (c *collection) parseManifest(r io.Reader, dir string) error {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = in.Discard(len(mark)) // which it has just seen
	}
	lines := csv.NewReader(in)
	lines.FieldsPerRecord, lines.TrimLeadingSpace, lines.ReuseRecord = -1, true, true
	columns, whole := map[string]int{}, absolute(dir)
	for i, name := range manifestColumns {
		columns[name] = i
	}
	for first := true; ; first = false {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if first {
			if named := columnNames(record); named != nil {
				columns = named
				continue
			}
		}
		line, _ := lines.FieldPos(0)
		p, err := manifestLine(record, columns)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		p.path = manifestPath(dir, whole, filepath.FromSlash(p.path))
		if first && !isPicture(p.path) && !isRegular(p.path) { // a class of that name would be trained on, with SkipBad
			return fmt.Errorf("line %d: %.80q names no picture, and as names of columns path and label were expected", line, strings.Join(record, ","))
		}
		c.pictures = append(c.pictures, p)
	}
	if len(c.pictures) == 0 {
		return errors.New("no pictures in it, expected lines path,label[,domain[,split]]")
	}
	return c.checkRepeats()
}

// manifestPath returns a picture's path by what a manifest in a folder, whose absolute
// path is whole, has for it: the same however it is written.
func manifestPath(dir, whole, path string) string {
	if !filepath.IsAbs(path) {
		return filepath.Join(dir, path)
	}
	if inside, err := filepath.Rel(whole, path); err == nil && filepath.IsLocal(inside) {
		return filepath.Join(dir, inside)
	}
	return filepath.Clean(path)
}

// checkRepeats refuses a picture with several labels, of which one at most can be learnt,
// and one in several splits or domains, whose test would be of what was trained on.
func (c *collection) checkRepeats() error {
	byPath := make([]*found, len(c.pictures))
	for i := range byPath {
		byPath[i] = &c.pictures[i]
	}
	slices.SortStableFunc(byPath, func(a, b *found) int { return strings.Compare(a.path, b.path) })
	for i, p := range byPath[1:] {
		before := byPath[i]
		switch {
		case p.path != before.path:
		case p.class != before.class:
			return fmt.Errorf("%s has the labels %s and %s, expected one", p.path, before.class, p.class)
		case p.split != before.split:
			return fmt.Errorf("%s is in the splits %q and %q, expected one", p.path, before.split, p.split)
		case p.domain != before.domain:
			return fmt.Errorf("%s is in the domains %q and %q, expected one", p.path, before.domain, p.domain)
		}
	}
	return nil
}

// columnNames returns where the columns are by a line of their names, nil if it
// is none.
func columnNames(record []string) map[string]int {
	columns := map[string]int{}
	for i, name := range record {
		if name = strings.ToLower(strings.TrimSpace(name)); slices.Contains(manifestColumns, name) {
			columns[name] = i
		}
	}
	_, path := columns["path"]
	_, label := columns["label"]
	if !path || !label {
		return nil
	}
	return columns
}

func manifestLine(record []string, columns map[string]int) (found, error) {
	field := func(column string) string {
		if i, ok := columns[column]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	p := found{path: field("path"), class: field("label"), domain: field("domain")}
	if p.path == "" || p.class == "" {
		return p, fmt.Errorf("%.80q, expected path,label[,domain[,split]]", strings.Join(record, ","))
	}
	if err := checkName("label", p.class); err != nil {
		return p, err
	}
	if split := field("split"); split != "" {
		if p.split = splitNamed(split); p.split == "" {
			return p, fmt.Errorf("split %.40q, expected train, val or test", split)
		}
	}
	if p.domain != "" {
		if err := checkDomain(p.domain); err != nil {
			return p, err
		}
	}
	return p, nil
}
