package run

import (
	"image"
	"image/png"
	"io"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// What is kept of a phase for the report: enough images for a histogram of
// their entropies, and pictures of a few. It takes a forward pass of the sample
// where the phase took many, forward and back, of the whole training set.
const (
	sampleImages  = 512
	samplePixels  = 16 * 64 * 64 // of pictures in a row
	leastPictures = 4
	mostPictures  = 16
)

// sample records some images of the phase that ended before a descent step.
func (r *run) sample(phase, step int) error {
	source, adversarial := r.trainer.Sample(sampleImages)
	if source.N == 0 {
		return nil
	}
	shown := min(source.N, mostPictures, max(leastPictures, samplePixels/(source.H*source.W)))
	order := shownFirst(&source, shown)
	source, adversarial = source.Pick(order), adversarial.Pick(order)
	record := runfolder.Sample{Phase: phase, Step: step, Width: source.W}
	for _, label := range source.Labels {
		record.Labels = append(record.Labels, int(label))
	}
	record.Source = predict(r.trainer.Evaluator(), &source)
	record.Adversarial = predict(r.trainer.Evaluator(), &adversarial)
	picture, err := r.folder.WriteSample(&record, func(w io.Writer) error {
		return png.Encode(w, dataset.ContactSheet(0, pictures(&source, shown), pictures(&adversarial, shown)))
	})
	if err != nil || r.events == nil {
		return err
	}
	return r.events.sample(&record, r.folder.Path(picture))
}

// shownFirst returns the numbers of all images, first of those to show: spread over the
// set, which often has its classes one after the other.
func shownFirst(set *dataset.Images, shown int) []int {
	order := set.Spread(shown)
	for i := range set.N {
		if !slices.Contains(order[:shown], i) {
			order = append(order, i)
		}
	}
	return order
}

// predict returns what a network says about images.
func predict(evaluator *train.Evaluator, images *dataset.Images) runfolder.Predictions {
	var p runfolder.Predictions
	for first := 0; first < images.N; {
		logits := evaluator.Logits(images, first)
		for n := range logits.N {
			class, _, entropy := nn.Classify(logits.Image(n))
			p.Classes = append(p.Classes, class)
			p.Entropy = append(p.Entropy, entropy)
		}
		first += logits.N
	}
	return p
}

// pictures returns the first n images of a set.
func pictures(set *dataset.Images, n int) []image.Image {
	var all []image.Image
	for i := range n {
		all = append(all, set.Picture(i))
	}
	return all
}
