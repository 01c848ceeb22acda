package catalog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// labelled are images of no content, so many of each class.
func labelled(counts ...int) dataset.Images {
	var s dataset.Images
	for class, n := range counts {
		for range n {
			s.Labels = append(s.Labels, uint16(class))
		}
	}
	s.N = len(s.Labels)
	return s
}

func TestUnderstood(t *testing.T) {
	t.Parallel()
	classes := []string{"cat", "dog"}
	for want, task := range map[string]*dataset.Task{
		"": {Classes: classes, Source: labelled(3, 4)}, // of another kind than pictures
		"<class>/<picture>: 2 classes, 5 pictures each, 8 to train on, 2 held out, no other domain": {
			Layout: "<class>/<picture>", Classes: classes, Source: labelled(4, 4), Held: labelled(1, 1)},
		"<domain>/<class>/<picture>: 2 classes, 60 to 1,200 pictures each, 1,260 to train on of art and photo, domains cartoon, map and sketch; " +
			"left out: 12 .heic, folder x, 3 unreadable": {
			Layout: "<domain>/<class>/<picture>", Classes: classes, Source: labelled(60, 1200), Sources: []string{"art", "photo"},
			Domains: []dataset.Domain{{Name: "cartoon"}, {Name: "map"}, {Name: "sketch"}},
			LeftOut: []dataset.LeftOut{{What: ".heic", Count: 12}, {What: "folder x", Count: 1}},
			Bad:     &dataset.PicturesError{Files: make([]error, 3)}},
		"train/<class>/<picture>: 2 classes, 1 picture each, 2 to train on, 7 of the source to test, domain far": {
			Layout: "train/<class>/<picture>", Classes: classes, Source: labelled(1, 1),
			Domains: []dataset.Domain{{Name: "far"}, {Name: "test", Source: true, Images: labelled(3, 4)}}},
		"<domain>/<split>/<class>/<picture>: 2 classes, 1 picture each, 2 to train on of art and photo, 3 of art to test, 4 of photo to test, domain far": {
			Layout: "<domain>/<split>/<class>/<picture>", Classes: classes, Source: labelled(1, 1), Sources: []string{"art", "photo"},
			Domains: []dataset.Domain{{Name: "art", Source: true, Images: labelled(1, 2)}, {Name: "far"}, {Name: "photo", Source: true, Images: labelled(3, 1)}}},
		"train/<class>/<picture>: 2 classes, domain far": { // tests alone
			Layout: "train/<class>/<picture>", Classes: classes, Domains: []dataset.Domain{{Name: "far"}}},
	} {
		require.Equal(t, want, Understood(task))
	}
}

func TestOddities(t *testing.T) {
	t.Parallel()
	test := func(counts ...int) []dataset.Domain {
		return []dataset.Domain{{Name: "far", Images: labelled(counts...)}}
	}
	for name, c := range map[string]struct {
		task  dataset.Task
		batch int
		want  []string
	}{
		"none": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(9, 1*2), Domains: test(1, 1)}, 11, nil},
		"case": {dataset.Task{Classes: []string{"Dog", "cat", "dog"}, Source: labelled(3, 3, 3), Domains: test(1, 1, 1)}, 4,
			[]string{"the classes Dog and dog differ only in case"}},
		"one picture": {dataset.Task{Classes: []string{"a", "b", "c"}, Source: labelled(3, 1, 0), Held: labelled(0, 0, 1), Domains: test(1, 1, 1)}, 1,
			[]string{"a single picture to train on: b and c", "no picture held out for validation is of a"}},
		"imbalance": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(1200, 12), Held: labelled(400, 8), Domains: test(1, 1)}, 1,
			[]string{"a has 1,600 pictures, b 20: --class-weights balanced gives each class the same weight"}},
		"untested": {dataset.Task{Classes: []string{"a", "b", "c"}, Source: labelled(3, 3, 3), Domains: test(0, 2)}, 1,
			[]string{"no test set has pictures of a and c"}},
		"held out is tested": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(3, 1), Held: labelled(1), Domains: test(0, 2)}, 1,
			[]string{"a single picture to train on: b"}},
		"no domain": {dataset.Task{Classes: []string{"a", "b"}, NoDomain: 2, Source: labelled(9, 9), Domains: test(1, 1)}, 1,
			[]string{"no domain is given for 2 training pictures, where others have one: what has none is trained on whatever domains are chosen"}},
		"like domains": {dataset.Task{Classes: []string{"a", "b"}, Alike: []string{"a", "b"}, Source: labelled(9, 9), Domains: test(1, 1)}, 1,
			[]string{"the classes a and b have folders of the same names, as domains have classes: they are no domains because not all of the folders have two of these names"}},
		"not held out": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(3, 3), Held: labelled(1), Domains: test(0, 2)}, 1,
			[]string{"no picture held out for validation is of b"}},
		"phones": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(3, 3), Domains: test(1, 1), LeftOut: []dataset.LeftOut{{What: ".heic", Count: 12}, {What: ".mov", Count: 1}}}, 1,
			[]string{"12 .heic pictures are left out, which are not read: convert them to JPEG or PNG"}},
		"batch": {dataset.Task{Classes: []string{"a", "b"}, Source: labelled(3, 3), Domains: test(2, 2)}, 7,
			[]string{"--batch-size 7 is larger than the training set of 6 images"}},
	} {
		c.task.Layout = "<class>/<picture>"
		require.Equal(t, c.want, Oddities(&c.task, &Settings{BatchSize: c.batch}), name)
	}
	uneven := dataset.Task{Layout: "x", Classes: []string{"a", "b"}, Source: labelled(40, 2), Domains: test(1, 1)}
	require.Equal(t, []string{"a has 40 pictures, b 2"}, Oddities(&uneven, &Settings{BatchSize: 2, ClassWeights: Balanced}))
	many := dataset.Task{Layout: "x", Classes: strings.Fields("a b c d e f g h i j k l"), Source: labelled(2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)}
	require.Equal(t, []string{"no test set has pictures of a, b, c, d, e, f, g, h, i, j and 2 more"}, Oddities(&many, nil))
}

// As sklearn.utils.class_weight.compute_class_weight("balanced") has it.
func TestBalancedWeights(t *testing.T) {
	t.Parallel()
	weights := BalancedWeights(&dataset.Task{Classes: []string{"a", "b", "c"}, Source: labelled(6, 3, 1)})
	require.Equal(t, []float64{10. / 18, 10. / 9, 10. / 3}, weights)
}
