package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// UsualHoldout is a Holdout of UsualShare wherever a source has no images to test or
// validate on, and else of none.
const (
	UsualHoldout = -1
	UsualShare   = 0.2
)

// arranged is the pictures of a collection by their use.
type arranged struct {
	classes            []string
	train, val         []found
	tests              map[string][]found // by domain, "" for the source's own
	sources            map[string]bool    // the domains among tests that are
	trainOn, notChosen []string
}

// read reads the pictures of a collection for what options make of them.
func (c *collection) read(o *FolderOptions) (*Task, error) {
	a, err := c.arrange(o)
	if err != nil {
		return nil, err
	}
	held, share := a.holdOut(o)
	task := &Task{Classes: a.classes, Layout: c.layout, Sources: a.trainOn, Holdout: share, LeftOut: c.listLeftOut(a)}
	if c.stray {
		task.Beside = c.beside
	}
	task.Alike = c.alike
	for i := range a.train {
		if len(a.trainOn) > 0 && a.train[i].domain == "" {
			task.NoDomain++
		}
	}
	labels := a.labels()
	var sets pictureSets
	add := func(images *Images, pictures []found) {
		sets = append(sets, pictureSet{images, labelled(pictures, labels)})
	}
	if !o.TestsOnly {
		add(&task.Source, a.train)
	}
	if len(held) > 0 {
		add(&task.Held, held)
	}
	names := slices.Sorted(maps.Keys(a.tests))
	task.Domains = make([]Domain, len(names))
	for i, name := range names {
		task.Domains[i] = Domain{Name: name, Source: name == "" || a.sources[name]}
		if name == "" {
			task.Domains[i].Name = testSplit
		}
		add(&task.Domains[i].Images, a.tests[name])
	}
	task.Bad, task.Clipped, err = sets.read(o.PictureOptions, o.what(c.dir))
	return task, err
}

// what names the pictures that the options select of a folder, for a Cache.
func (o *FolderOptions) what(dir string) string {
	text := fmt.Sprintf("%s sources %q targets %q", absolute(dir), o.Sources, o.Targets)
	if o.TestsOnly { // which of the source's are among them
		text += fmt.Sprintf(" tests only, holdout %v, seed %d", o.Holdout, o.Seed)
	}
	return text
}

// labels returns the label of each class.
func (a *arranged) labels() map[string]uint16 {
	labels := map[string]uint16{}
	for label, class := range a.classes {
		labels[class] = uint16(label)
	}
	return labels
}

func labelled(pictures []found, labels map[string]uint16) []pictureFile {
	files := make([]pictureFile, len(pictures))
	for i := range pictures {
		files[i] = pictureFile{pictures[i].path, labels[pictures[i].class]}
	}
	return files
}

// arrange sorts the pictures by their use.
func (c *collection) arrange(o *FolderOptions) (*arranged, error) {
	if err := c.checkChosen(o.Sources, "train on", func(p *found) bool { return p.split != testSplit }); err != nil {
		return nil, err
	}
	if err := c.checkChosen(o.Targets, "test on", func(*found) bool { return true }); err != nil {
		return nil, err
	}
	a := &arranged{tests: map[string][]found{}, sources: map[string]bool{}}
	// Once one picture has a split, those without are for training.
	splits := slices.ContainsFunc(c.pictures, func(p found) bool { return p.split != "" })
	sources := o.Sources
	if len(sources) == 0 {
		// Nobody says that pictures of no split are for training where they are all tested and
		// none are held out.
		trains := func(p *found) bool {
			return p.split == trainSplit || p.split == valSplit ||
				p.split == "" && (!o.TestsOnly || len(o.Targets) > 0 || o.Holdout > 0 || splits)
		}
		sources = slices.DeleteFunc(c.domains(trains), func(d string) bool { return slices.Contains(o.Targets, d) })
	}
	a.trainOn = sources
	tested := map[string]bool{} // targets with pictures for tests, of which the others are left out
	for i := range c.pictures {
		if p := &c.pictures[i]; p.split == testSplit {
			tested[p.domain] = true
		}
	}
	left := map[string]bool{}
	for _, p := range c.pictures {
		isSource := p.domain == "" || slices.Contains(sources, p.domain)
		switch {
		case isSource && p.split == testSplit, isSource && p.split == "" && p.domain == "" && o.TestsOnly && o.Holdout <= 0 && !splits:
			a.tests[p.domain] = append(a.tests[p.domain], p)
			a.sources[p.domain] = true
		case isSource && p.split == valSplit:
			a.val = append(a.val, p)
		case isSource:
			a.train = append(a.train, p)
		case len(o.Targets) > 0 && !slices.Contains(o.Targets, p.domain):
			left[p.domain] = true
		case p.split == testSplit || !tested[p.domain]:
			a.tests[p.domain] = append(a.tests[p.domain], p)
		default:
			c.leftOut["pictures for training in target domains"]++
		}
	}
	a.notChosen = slices.Sorted(maps.Keys(left))
	return a, a.nameClasses(c, o)
}

// nameClasses decides what the classes are, and refuses pictures of others.
func (a *arranged) nameClasses(c *collection, o *FolderOptions) error {
	of := a.train
	if len(of) == 0 && o.TestsOnly {
		of = c.pictures
	}
	if len(of) == 0 && slices.ContainsFunc(c.pictures, func(p found) bool { return p.split != testSplit && slices.Contains(o.Targets, p.domain) }) {
		return absentf(c.dir, "no pictures to train on in it but those of the domains to test on, %s: expected fewer of these", strings.Join(o.Targets, ", "))
	}
	if len(of) == 0 {
		return absentf(c.dir, "no pictures to train on in it, expected\n%s", Layouts)
	}
	seen := map[string]bool{}
	for i := range of {
		seen[of[i].class] = true
	}
	a.classes = slices.Sorted(maps.Keys(seen))
	if err := checkClassCount(c.dir, len(a.classes)); err != nil && !(o.TestsOnly && len(a.classes) == 1) {
		return err
	}
	known := map[string]bool{}
	for _, class := range a.classes {
		known[class] = true
	}
	check := func(pictures []found) error {
		for i := range pictures {
			if p := &pictures[i]; !known[p.class] {
				return errorf(p.path, "class %s is not one of those trained on (%s)", p.class, someOf(a.classes))
			}
		}
		return nil
	}
	for _, domain := range slices.Sorted(maps.Keys(a.tests)) {
		if err := check(a.tests[domain]); err != nil {
			return err
		}
	}
	return cmp.Or(check(a.val), check(a.train))
}

// someOf lists names, the first of them where there are many.
func someOf(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", ..."
}

// holdOut returns the pictures held out of training, which it takes from these, and
// their share.
func (a *arranged) holdOut(o *FolderOptions) (held []found, share float64) {
	share = o.Holdout
	if share == UsualHoldout {
		if share = UsualShare; len(a.val) > 0 || len(a.sources) > 0 || o.TestsOnly {
			share = 0
		}
	}
	// A picture that a manifest has several times is held out whole.
	var groups []string
	places := map[string]int{} // of pictures in groups
	for i := range a.train {
		p := &a.train[i]
		if _, again := places[p.path]; !again {
			places[p.path] = len(groups)
			groups = append(groups, p.domain+"/"+p.class)
		}
	}
	held = slices.Clip(a.val)
	var left []found
	out := heldOut(groups, share, o.Seed)
	for i := range a.train {
		if out[places[a.train[i].path]] {
			held = append(held, a.train[i])
		} else {
			left = append(left, a.train[i])
		}
	}
	a.train = left
	return held, share
}

// heldOut draws the members of each group that are held out, in their share: at
// least one and not all of them, of a group of one none.
func heldOut(groups []string, share float64, seed uint64) []bool {
	held := make([]bool, len(groups))
	if share <= 0 {
		return held
	}
	members := map[string][]int{}
	for i, group := range groups {
		members[group] = append(members[group], i)
	}
	for number, group := range slices.Sorted(maps.Keys(members)) {
		all := members[group]
		count := min(max(1, int(math.Round(share*float64(len(all))))), len(all)-1)
		draw := rng.New(seed, rng.HoldOut.Sub(uint64(number)))
		for i := range count { // the first count of a shuffle
			j := i + draw.IntN(len(all)-i)
			all[i], all[j] = all[j], all[i]
			held[all[i]] = true
		}
	}
	return held
}

// listLeftOut lists what is not read, the most frequent first.
func (c *collection) listLeftOut(a *arranged) []LeftOut {
	for _, domain := range a.notChosen {
		c.leftOut["folder "+domain]++
	}
	return listLeftOut(c.leftOut)
}

// SumLeftOut adds the counts of two lists.
func SumLeftOut(a, b []LeftOut) []LeftOut {
	sum := map[string]int{}
	for _, l := range slices.Concat(a, b) {
		sum[l.What] += l.Count
	}
	return listLeftOut(sum)
}

func listLeftOut(counts map[string]int) []LeftOut {
	var list []LeftOut
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, LeftOut{what, counts[what]})
	}
	slices.SortStableFunc(list, func(a, b LeftOut) int { return b.Count - a.Count })
	return list
}

// HoldOut moves a share of the training images of each class, drawn by the seed,
// into Held. Those that are kept move together in the memory of Source: there may be none
// for a copy of them.
func (t *Task) HoldOut(share float64, seed uint64) {
	groups := make([]string, t.Source.N)
	for i := range groups {
		if label := t.Source.Labels[i]; len(t.Classes) > 0 {
			groups[i] = t.Classes[label]
		} else {
			groups[i] = strconv.Itoa(int(label))
		}
	}
	var numbers [2][]int // of the images kept, and of those held out
	for i, held := range heldOut(groups, share, seed) {
		set := &numbers[0]
		if held {
			set = &numbers[1]
		}
		*set = append(*set, i)
	}
	t.Held, t.Holdout = t.Source.Pick(numbers[1]), share
	t.Source.keep(numbers[0])
}
