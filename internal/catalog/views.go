package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train"
)

// Views names what descent steps see of images, beside what other settings
// change of them.
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
)

// noViews is what flags take for "".
const noViews = "none"

// ViewNames lists what [ParseViews] takes.
var ViewNames = []string{
	noViews, string(ViewsAugMix), string(ViewsAugMixLarge), string(ViewsAutoAugment), string(ViewsAutoAugmentSVHN),
	string(ViewsAutoAugmentLarge), string(ViewsRandAugment),
}

// ParseViews reads the name of views, or none.
func ParseViews(name string) (Views, error) {
	switch {
	case name == noViews:
		return "", nil
	case slices.Contains(ViewNames, name):
		return Views(name), nil
	}
	return "", fmt.Errorf("expected %s%s", strings.Join(ViewNames, ", "), cli.DidYouMean(name, ViewNames))
}

// String returns what [ParseViews] takes.
func (v Views) String() string { return cmp.Or(string(v), noViews) }

// autoAugmentFor are the policies for the networks of each kind, of the dataset
// that is most like theirs.
var autoAugmentFor = map[Kind]Views{
	ForDigits: ViewsAutoAugmentSVHN, ForSmall: ViewsAutoAugment, ForPictures: ViewsAutoAugmentLarge,
}

// add adds to a view what the name stands for.
func (v Views) add(view *train.View) {
	var op augment.ImageOp
	switch v {
	case ViewsAugMix:
		view.Values = image.AugMix{Severity: 3, Width: 3, Alpha: 1}
		return
	case ViewsAugMixLarge:
		view.Values = image.AugMix{Severity: 1, Width: 3, Alpha: 1}
		return
	case ViewsAutoAugment:
		op = image.AutoAugment{Policy: image.CIFAR10}
	case ViewsAutoAugmentSVHN:
		op = image.AutoAugment{Policy: image.SVHN}
	case ViewsAutoAugmentLarge:
		op = image.AutoAugment{Policy: image.ImageNet}
	case ViewsRandAugment:
		op = image.RandAugment{Operations: 2, Magnitude: 9}
	default:
		return
	}
	view.Image = append(view.Image, op)
}

// changesImages reports whether descent steps see anything else than the images.
func (s *Settings) changesImages() bool { return s.viewsOf() != nil }

// viewsOf returns the views of an image: one, or with consistency the image and
// two views of it, which flips, crops and the like change in the same way.
func (s *Settings) viewsOf() []train.View {
	ops := s.imageOps()
	var view train.View
	if s.Consistency == 0 {
		view.Image = ops
		s.Views.add(&view)
		s.addCutout(&view)
		if len(view.Image) == 0 && view.Values == nil {
			return nil
		}
		return []train.View{view}
	}
	for _, op := range ops {
		view.Image = append(view.Image, image.Common{Op: op})
	}
	changed := train.View{Image: append([]augment.ImageOp(nil), view.Image...)}
	s.Views.add(&changed)
	s.addCutout(&changed)
	return []train.View{view, changed, changed}
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
	add(s.Cutout > 0, "cutout of %d pixels", s.Cutout)
	add(s.Consistency > 0, "two such views beside the image, consistency %g", s.Consistency)
	add(s.Smoothing > 0, "label smoothing %g", s.Smoothing)
	return strings.Join(words, ", ")
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
	case s.Consistency > 0 && s.Views == "" && s.Cutout == 0:
		return cli.UsageError("--consistency %v: all views of an image would be the same, expected --views or --cutout too", s.Consistency)
	}
	return nil
}
