package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train"
)

// Views names what descent steps see of images, beside what other settings
// change of them: several names with + between them are one after the other, of
// several with commas between them one is drawn for each image.
type Views string

// The views, "" for images as they are. The operations of those for ImageNet
// are the ones that their authors have for large pictures.
const (
	ViewsAugMix           Views = "augmix"
	ViewsAugMixLarge      Views = "augmix-imagenet"
	ViewsAutoAugment      Views = "autoaugment"
	ViewsAutoAugmentSVHN  Views = "autoaugment-svhn"
	ViewsAutoAugmentLarge Views = "autoaugment-imagenet"
	ViewsRandAugment      Views = "randaugment"
	ViewsRandConv         Views = "randconv"
	ViewsRandConvMix      Views = "randconv-mix"
	ViewsProRandConv      Views = "pro-randconv"
	ViewsPrime            Views = "prime"
	ViewsPixMix           Views = "pixmix"
	ViewsFractals         Views = "fractals"
	ViewsLeaves           Views = "leaves"
)

// none is what flags take for "".
const none = "none"

// parseWord reads one of names, of which the first stands for "".
func parseWord[T ~string](name string, names []string) (T, error) {
	switch slices.Index(names, name) {
	case -1:
		return "", fmt.Errorf("expected %s%s", strings.Join(names, ", "), cli.DidYouMean(name, names))
	case 0:
		return "", nil
	}
	return T(name), nil
}

// ViewNames lists the names that [ParseViews] takes.
var ViewNames = []string{
	none, string(ViewsAugMix), string(ViewsAugMixLarge), string(ViewsAutoAugment), string(ViewsAutoAugmentSVHN),
	string(ViewsAutoAugmentLarge), string(ViewsRandAugment), string(ViewsRandConv), string(ViewsRandConvMix),
	string(ViewsProRandConv), string(ViewsPrime), string(ViewsPixMix), string(ViewsFractals), string(ViewsLeaves),
}

// ParseViews reads the names of views, or none. Those that change bytes come
// first, and AugMix after them, as it does.
func ParseViews(names string) (Views, error) {
	if names == none {
		return "", nil
	}
	stage := 0
	for link := range strings.SplitSeq(names, "+") {
		alternatives := strings.Split(link, ",")
		for _, name := range alternatives {
			if name == none || !slices.Contains(ViewNames, name) {
				return "", fmt.Errorf("expected %s, or several with + or commas between them%s", strings.Join(ViewNames, ", "), cli.DidYouMean(name, ViewNames))
			}
			next := Views(name).stage()
			if next > 0 && len(alternatives) > 1 {
				return "", fmt.Errorf("%s cannot be one of several with commas between them, it does not give bytes", name)
			}
			if next < stage || next == 1 && stage == 1 {
				return "", fmt.Errorf("%s cannot follow the views before it, which no longer give bytes", name)
			}
			stage = next
		}
	}
	return Views(names), nil
}

// String returns what [ParseViews] takes.
func (v Views) String() string { return cmp.Or(string(v), none) }

// stage returns when a view's turn comes: 0 for operations on bytes, 1 for those
// that make values of them, 2 for those on batches of values.
func (v Views) stage() int {
	switch v {
	case ViewsAugMix, ViewsAugMixLarge, ViewsPrime:
		return 1
	case ViewsRandConv, ViewsRandConvMix, ViewsProRandConv:
		return 2
	}
	return 0
}

// autoAugmentFor are the policies for the networks of each kind, of the dataset
// that is most like theirs.
var autoAugmentFor = map[Kind]Views{
	ForDigits: ViewsAutoAugmentSVHN, ForSmall: ViewsAutoAugment, ForPictures: ViewsAutoAugmentLarge,
}

// numbers tells which random numbers a view draws: two that are alike draw the same, and
// so do two choices, those of several names.
func (v Views) numbers() Views {
	switch v {
	case ViewsAutoAugment, ViewsAutoAugmentSVHN, ViewsAutoAugmentLarge:
		return ViewsRandAugment
	case ViewsRandConvMix:
		return ViewsRandConv
	}
	if strings.Contains(string(v), ",") {
		return ","
	}
	return v
}

// repeats returns how often views that drew the same numbers as some of a link's stand
// before it.
func (v Views) repeats(drawn map[Views]int) int {
	names := append(strings.Split(string(v), ","), string(v))
	time := 0
	for _, name := range names {
		time = max(time, drawn[Views(name).numbers()])
	}
	for _, name := range names {
		drawn[Views(name).numbers()] = time + 1
	}
	return min(time, 3)
}

// add adds to a view of a network's images what the names stand for.
func (v Views) add(view *train.View, network string) {
	before := map[Views]int{}
	for link := range strings.SplitSeq(string(v), "+") {
		time := Views(link).repeats(before)
		var drawn image.OneOf
		for name := range strings.SplitSeq(link, ",") {
			if op := Views(name).imageOp(); op != nil {
				drawn = append(drawn, op)
			}
		}
		var op augment.ImageOp = drawn
		if len(drawn) == 1 {
			op = drawn[0]
		}
		switch name := Views(link); {
		case len(drawn) > 0 && time > 0:
			view.Image = append(view.Image, image.Anew{Op: op, Time: time})
		case len(drawn) > 0:
			view.Image = append(view.Image, op)
		case name.stage() == 1:
			view.Values = name.valueOp()
		case name.stage() == 2 && time > 0:
			view.Batch = append(view.Batch, batch.Anew{Op: name.batchOp(network), Time: time})
		case name.stage() == 2:
			view.Batch = append(view.Batch, name.batchOp(network))
		}
	}
}

// imageOp returns what changes the bytes of an image, nil for nothing.
func (v Views) imageOp() augment.ImageOp {
	switch v {
	case ViewsAutoAugment:
		return image.AutoAugment{Policy: image.CIFAR10}
	case ViewsAutoAugmentSVHN:
		return image.AutoAugment{Policy: image.SVHN}
	case ViewsAutoAugmentLarge:
		return image.AutoAugment{Policy: image.ImageNet}
	case ViewsRandAugment:
		return image.RandAugment{Operations: 2, Magnitude: 9}
	case ViewsPixMix:
		return image.PixMix{Rounds: 4, Beta: 3, Severity: 3}
	case ViewsFractals:
		return image.Fractals{Most: 1}
	case ViewsLeaves:
		return image.Leaves{Most: 1}
	}
	return nil
}

// valueOp returns what makes values of an image's bytes.
func (v Views) valueOp() augment.ValueOp {
	switch v {
	case ViewsAugMix:
		return image.AugMix{Severity: 3, Width: 3, Alpha: 1}
	case ViewsAugMixLarge:
		return image.AugMix{Severity: 1, Width: 3, Alpha: 1}
	}
	return image.Prime{Width: 3, Depth: 3, Cut: 100, Colour: 0.01, Filter: 4}
}

// batchOp returns what changes a batch, with the settings of its authors. Random
// convolutions are published for values from -1 to 1.
func (v Views) batchOp(network string) augment.BatchOp {
	var values batch.Range
	if KindOf(network) == ForDigits {
		values = batch.Range{Mean: 0.5, Std: 0.5}
	}
	sides := []int{1, 3, 5, 7}
	switch v {
	case ViewsRandConv:
		return batch.RandConv{Sides: sides, Identity: 0.5, Range: values}
	case ViewsRandConvMix:
		return batch.RandConv{Sides: sides, Mix: true, Range: values}
	}
	offset := 0.2
	if KindOf(network) == ForPictures {
		offset = 0.5
	}
	return batch.ProRandConv{Most: 10, Offset: offset, Affine: 0.5, Range: values}
}

// chained returns what also changes the view that the others go on from, as
// RandConv's authors have it, nil for nothing.
func (v Views) chained(network string) augment.BatchOp {
	for name := range strings.SplitSeq(string(v), "+") {
		if v := Views(name); v == ViewsRandConv || v == ViewsRandConvMix {
			return v.batchOp(network)
		}
	}
	return nil
}

// Mix names how images of a batch are mixed with each other.
type Mix string

// The ways of mixing, "" for none.
const (
	MixUp  Mix = "mixup"
	MixCut Mix = "cutmix"
)

// MixNames lists what [ParseMix] takes.
var MixNames = []string{none, string(MixUp), string(MixCut)}

// ParseMix reads a way of mixing, or none.
func ParseMix(name string) (Mix, error) {
	return parseWord[Mix](name, MixNames)
}

// String returns what [ParseMix] takes.
func (m Mix) String() string { return cmp.Or(string(m), none) }

// mostNoise is the strength of which [batch.Noise] takes three times, for the last of three
// views.
const mostNoise = 300

// addMix adds what mixes images with each other, the same for every view, and noise,
// within the network too if they are to be.
func (s *Settings) addMix(v *train.View, view int, network string) {
	var ops []augment.HiddenOp
	switch s.Mix {
	case MixUp:
		ops = append(ops, batch.AsView{View: 0, Op: batch.Mixup{Alpha: 1}})
	case MixCut:
		cut := batch.CutMix{Alpha: 1, Probability: 0.5}
		if KindOf(network) == ForPictures {
			cut.Probability = 1
		}
		v.Batch = append(v.Batch, batch.AsView{View: 0, Op: cut})
	}
	if s.Noise > 0 {
		ops = append(ops, batch.Noise{Additive: s.Noise * float64(view+1), Multiplicative: s.Noise, Sparsity: 0.65})
	}
	if s.Manifold {
		v.Hidden = ops
		return
	}
	for _, op := range ops {
		v.Batch = append(v.Batch, op)
	}
}

// countViews returns how many views an image has: with consistency the image and
// two, with the cross-entropy of all the image and one.
func (s *Settings) countViews() int {
	switch {
	case s.Consistency > 0:
		return 3
	case s.AllViews:
		return 2
	}
	return 1
}

// viewsOf returns the views of an image: one, or the image and views of it,
// which flips, crops and the like change in the same way.
func (s *Settings) viewsOf(network string) []train.View {
	views := make([]train.View, s.countViews())
	several := len(views) > 1
	for i := range views {
		v := &views[i]
		for _, op := range s.imageOps() {
			if several {
				op = image.Common{Op: op}
			}
			v.Image = append(v.Image, op)
		}
		if op := s.Views.chained(network); op != nil && several {
			v.Batch = append(v.Batch, batch.AsView{View: 0, Op: op})
		}
		if i > 0 || !several {
			s.Views.add(v, network)
			s.addCutout(v)
		}
		s.addMix(v, i, network)
	}
	if v := &views[0]; !several && len(v.Image) == 0 && v.Values == nil && len(v.Batch)+len(v.Hidden) == 0 {
		return nil
	}
	return views
}

func (s *Settings) addCutout(view *train.View) {
	if s.Cutout > 0 { // the mean of the values of most networks' images
		view.Image = append(view.Image, image.Cutout{Side: s.Cutout, Value: 128})
	}
}

// imageOps are the operations that come first.
func (s *Settings) imageOps() []augment.ImageOp {
	var ops []augment.ImageOp
	if s.Flip {
		ops = append(ops, image.Flip{})
	}
	if s.Crop > 0 {
		ops = append(ops, image.Crop{Padding: s.Crop})
	}
	if s.ResizedCrop > 0 {
		ops = append(ops, image.ResizedCrop{Least: s.ResizedCrop})
	}
	if s.Jitter > 0 {
		ops = append(ops, image.Jitter{Brightness: s.Jitter, Contrast: s.Jitter, Colour: s.Jitter, Hue: min(s.Jitter, 0.5)})
	}
	if s.Grey > 0 {
		ops = append(ops, image.RandomGrey{Probability: s.Grey})
	}
	return ops
}

// DescribeViews tells what becomes of images before a descent step, "" for
// nothing.
func (s *Settings) DescribeViews() string {
	var words []string
	add := func(there bool, format string, values ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, values...))
		}
	}
	add(s.Flip, "flips")
	add(s.Crop > 0, "shifts by up to %d pixels", s.Crop)
	add(s.ResizedCrop > 0, "resized crops of %g of the area and more", s.ResizedCrop)
	add(s.Jitter > 0, "jitter %g", s.Jitter)
	add(s.Grey > 0, "grey with probability %g", s.Grey)
	add(s.Views != "", "%s", s.Views)
	add(s.Algorithm == AugMax, "mixtures of AugMix's chains at the weights where the network errs most")
	add(s.Cutout > 0, "cutout of %d pixels", s.Cutout)
	add(s.Mix != "", "%s", s.Mix)
	add(s.Noise > 0, "noise %g", s.Noise)
	add(s.Manifold && s.Mix == MixUp, "%s within the network too", MixUp)
	add(s.Manifold && s.Noise > 0, "noise within the network too")
	add(s.Consistency > 0, "two such views beside the image, consistency %g", s.Consistency)
	add(s.Consistency == 0 && s.AllViews, "one such view beside the image")
	add(s.AllViews, "the cross-entropy of all")
	add(s.Smoothing > 0, "label smoothing %g", s.Smoothing)
	add(s.EtaMin > 0, "entropy raised with weight %g", s.EtaMin)
	add(s.EtaMin < 0, "entropy lowered with weight %g", -s.EtaMin)
	add(s.Contrast > 0, "supervised contrast %g", s.Contrast)
	return strings.Join(words, ", ")
}

// sameViews reports whether several views of an image would be the same.
func (s *Settings) sameViews() bool {
	return s.Views == "" && s.Cutout == 0 && s.Noise == 0 && s.Algorithm != AugMax
}

// dropViews takes from plain training what is for views that differ or within the network, where
// it has none, and reports whether there was anything.
func (s *Settings) dropViews() bool {
	if s.Algorithm != ERM {
		return false
	}
	before := *s
	if s.sameViews() {
		s.Consistency, s.AllViews = 0, false
	}
	if s.Mix != MixUp && s.Noise == 0 {
		s.Manifold = false
	}
	return *s != before
}

// checkViews refuses settings of images and objective that no run can have, by
// the names of their flags.
func (s *Settings) checkViews() error {
	switch {
	case s.ResizedCrop > 1:
		return cli.UsageError("--resized-crop %v: expected a part of the area, more than 0 and 1 at most", s.ResizedCrop)
	case s.Grey > 1:
		return cli.UsageError("--grey %v: expected a probability, 0 to 1", s.Grey)
	case s.Smoothing >= 1:
		return cli.UsageError("--label-smoothing %v: expected a probability less than 1", s.Smoothing)
	case s.Noise > mostNoise:
		return cli.UsageError("--noise %v: expected %d at most", s.Noise, mostNoise)
	case s.Contrast > 0 && s.Freeze:
		return cli.UsageError("--contrast %v and --freeze: the embeddings stay as they are, expected one of them", s.Contrast)
	case s.Contrast > 0 && s.Mix != "":
		return cli.UsageError("--contrast %v and --mix %s: an embedding of two mixed images has no class of its own, expected one of them", s.Contrast, s.Mix)
	case s.EMA >= 1:
		return cli.UsageError("--ema %v: expected a number less than 1", s.EMA)
	case s.SWA >= 1:
		return cli.UsageError("--swa %v: expected a share of the run, less than 1", s.SWA)
	case s.SWA > 0 && s.MaxSteps > 0 && s.InEpochs():
		return cli.UsageError("--swa %v and --max-steps %d: the run may end before the mean of its epochs begins, expected --epochs instead of --max-steps", s.SWA, s.MaxSteps)
	case s.EMA > 0 && s.SWA > 0:
		return cli.UsageError("--ema %v and --swa %v: expected one of them, the other 0", s.EMA, s.SWA)
	case s.Manifold && s.Mix != MixUp && s.Noise == 0:
		return cli.UsageError("--manifold: nothing acts within the network, expected --mix mixup or --noise too")
	case s.AllViews && s.sameViews():
		return cli.UsageError("--all-views: all views of an image would be the same, expected --views, --cutout or --noise too")
	case s.Consistency > 0 && s.sameViews():
		return cli.UsageError("--consistency %v: all views of an image would be the same, expected --views, --cutout or --noise too", s.Consistency)
	}
	return nil
}
