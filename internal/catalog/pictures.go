package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Understood tells in a line what a task's pictures are and what of them is left out,
// "" for nothing.
func Understood(task *dataset.Task) string {
	if task.Layout == "" {
		return LeftOut(nil, task.Bad)
	}
	parts := []string{count(len(task.Classes), "class", "classes")}
	if each := perClass(task); each != "" {
		parts = append(parts, each)
	}
	if task.Source.N > 0 {
		on := cli.Count(task.Source.N) + " to train on"
		if len(task.Sources) > 0 {
			on += " of " + cli.Join(task.Sources)
		}
		parts = append(parts, on)
	}
	if task.Held.N > 0 {
		parts = append(parts, cli.Count(task.Held.N)+" held out")
	}
	var targets []string
	for i := range task.Domains {
		switch d := &task.Domains[i]; {
		case d.Severities != nil:
		case d.Source && len(task.Sources) > 1:
			parts = append(parts, fmt.Sprintf("%s of %s to test", cli.Count(d.N), d.Name))
		case d.Source:
			parts = append(parts, fmt.Sprintf("%s of the source to test", cli.Count(d.N)))
		default:
			targets = append(targets, d.Name)
		}
	}
	switch len(targets) {
	case 0:
		parts = append(parts, "no other domain")
	case 1:
		parts = append(parts, "domain "+targets[0])
	default:
		parts = append(parts, "domains "+cli.Join(targets))
	}
	line := task.Layout + ": " + strings.Join(parts, ", ")
	if out := LeftOut(task.LeftOut, task.Bad); out != "" {
		line += "; " + out
	}
	return line
}

// LeftOut tells what is not read, and how many pictures cannot be, "" for nothing.
func LeftOut(list []dataset.LeftOut, bad *dataset.PicturesError) string {
	var out []string
	for _, l := range list {
		out = append(out, l.String())
	}
	if bad != nil {
		out = append(out, fmt.Sprintf("%s unreadable", cli.Count(len(bad.Files))))
	}
	if len(out) == 0 {
		return ""
	}
	return cli.Printable("left out: "+strings.Join(out, ", "), "")
}

// Clipped tells of pictures that lose what is above 255, "" for none.
func Clipped(n int) string {
	if n == 0 {
		return ""
	}
	return count(n, "picture has", "pictures have") + " grey of 16 bits above 255, which becomes white: convert them to 8 bits"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return cli.Count(n) + " " + many
}

// perClass tells how many pictures the classes have for training, with those held
// out.
func perClass(task *dataset.Task) string {
	n := ofClasses(task)
	low, high := slices.Min(n), slices.Max(n)
	switch {
	case high == 0:
		return ""
	case low == high:
		return count(low, "picture", "pictures") + " each"
	}
	return fmt.Sprintf("%s to %s pictures each", cli.Count(low), cli.Count(high))
}

// ofClasses counts the images of the source by class, those held out too.
func ofClasses(task *dataset.Task) []int {
	n := make([]int, len(task.Classes))
	for _, label := range slices.Concat(task.Source.Labels, task.Held.Labels) {
		n[label]++
	}
	return n
}

// unequal is how many times the pictures of the smallest class the largest has at
// least to be told of.
const unequal = 10

// Oddities tells what of a task is legal, but hardly meant. Settings are those of a
// run that is to train on it, nil for none.
func Oddities(task *dataset.Task, s *Settings) []string {
	var odd []string
	say := func(format string, args ...any) { odd = append(odd, fmt.Sprintf(format, args...)) }
	lower := map[string]string{}
	for _, class := range task.Classes {
		if other, ok := lower[strings.ToLower(class)]; ok {
			say("the classes %s and %s differ only in case", other, class)
		}
		lower[strings.ToLower(class)] = class
	}
	if clipped := Clipped(task.Clipped); clipped != "" {
		say("%s", clipped)
	}
	if s != nil && s.BatchSize > task.Source.N {
		say("--batch-size %d is larger than the training set of %d images", s.BatchSize, task.Source.N)
	}
	if task.Layout == "" {
		return odd
	}
	for _, l := range task.LeftOut {
		if l.Unread() {
			say("%s pictures are left out, which are not read: convert them to JPEG or PNG", l)
		}
	}
	if task.Beside != "" {
		say("the classes have folders of the same names, as domains have classes: they are no domains because %s lies beside such folders", task.Beside)
	}
	if task.NoDomain > 0 {
		say("no domain is given for %s, where others have one: what has none is trained on whatever domains are chosen", cli.Number(task.NoDomain, "training picture"))
	}
	if len(task.Alike) > 0 {
		say("the classes %s have folders of the same names, as domains have classes: they are no domains because not all of the folders have two of these names",
			strings.Join(task.Alike, " and "))
	}
	if task.Source.N > 0 {
		odd = append(odd, sizesOf(task, s != nil && s.ClassWeights == Balanced)...)
	}
	if untested := untested(task); len(untested) > 0 {
		say("no test set has pictures of %s", cli.Some(untested))
	} else if unheld := unheld(task); len(unheld) > 0 {
		say("no picture held out for validation is of %s", cli.Some(unheld))
	}
	return odd
}

// unheld lists the classes of several pictures of which none is held out where others
// are.
func unheld(task *dataset.Task) []string {
	if task.Held.N == 0 {
		return nil
	}
	held := make([]bool, len(task.Classes))
	for _, label := range task.Held.Labels {
		held[label] = true
	}
	var none []string
	for c, n := range ofClasses(task) {
		if n > 1 && !held[c] {
			none = append(none, task.Classes[c])
		}
	}
	return none
}

// sizesOf tells of classes that are too small, or far from each other.
func sizesOf(task *dataset.Task, balanced bool) []string {
	var odd, single []string
	n := ofClasses(task)
	least, most := 0, 0
	for c := range n {
		if n[c] == 1 {
			single = append(single, task.Classes[c])
		}
		if n[c] < n[least] {
			least = c
		}
		if n[c] > n[most] {
			most = c
		}
	}
	if len(single) > 0 {
		odd = append(odd, fmt.Sprintf("a single picture to train on: %s", cli.Some(single)))
	}
	if n[most] >= unequal*n[least] {
		text := fmt.Sprintf("%s has %s pictures, %s %s", task.Classes[most], cli.Count(n[most]), task.Classes[least], cli.Count(n[least]))
		if !balanced {
			text += ": --class-weights balanced gives each class the same weight"
		}
		odd = append(odd, text)
	}
	return odd
}

// untested lists the classes that no test set, or held-out part, has pictures of.
func untested(task *dataset.Task) []string {
	seen := make([]bool, len(task.Classes))
	for _, d := range train.Domains(task) {
		for _, label := range d.Labels {
			seen[label] = true
		}
	}
	var none []string
	for c := range seen {
		if !seen[c] {
			none = append(none, task.Classes[c])
		}
	}
	return none
}

// BalancedWeights returns weights of the classes with which each counts the same in
// a training set: N / (classes x images of the class), as scikit-learn has them.
func BalancedWeights(task *dataset.Task) []float64 {
	n := make([]int, len(task.Classes))
	for _, label := range task.Source.Labels {
		n[label]++
	}
	weights := make([]float64, len(n))
	for c := range n {
		weights[c] = float64(task.Source.N) / (float64(len(n)) * float64(max(n[c], 1)))
	}
	return weights
}

// CheckPictures decodes every picture of a folder and prints what it understood and
// what is odd. The error lists what cannot be read, and tells if train would have nothing
// to test on.
func (i *Images) CheckPictures(out io.Writer) error {
	if err := i.checkDomains(&Dataset{Own: true}); err != nil {
		return err
	}
	const side = 1 // nothing is kept
	o := dataset.FolderOptions{
		PictureOptions: dataset.PictureOptions{Side: side, SkipBad: true, Resize: i.Resize}, Holdout: dataset.UsualHoldout, Seed: 1,
		Sources: splitList(i.Source), Targets: splitList(i.Target),
	}
	task, err := dataset.Folder(i.Data, o)
	if errors.Is(err, fs.ErrNotExist) && !errors.As(err, new(*dataset.PicturesError)) { // it may hold test sets alone
		o.TestsOnly = true
		task, err = dataset.Folder(i.Data, o)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, Understood(task))
	for _, odd := range Oddities(task, nil) {
		fmt.Fprintln(out, "warning:", odd)
	}
	var wrong []error
	if task.Bad != nil {
		wrong = append(wrong, fmt.Errorf("%w\n--skip-bad of other commands goes on without what cannot be read", task.Bad))
	}
	if len(task.Domains) == 0 && task.Held.N == 0 {
		wrong = append(wrong, &dataset.Error{Path: i.Data, Err: i.nothingToTest(task)})
	}
	return errors.Join(wrong...)
}
