package run

import (
	"image"
	"image/png"
	"io"

	"github.com/meada-cpu/meada-cpu/internal/resample"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// thumbnailSide bounds the sides of the pictures of mistakes, in pixels.
const thumbnailSide = 96

// domainTests records what a test tells of every domain, corruptions apart.
func domainTests(classes []string, domains []dataset.Domain, t *train.Test) []runfolder.DomainTest {
	var all []runfolder.DomainTest
	for i := range domains {
		if domains[i].Severities == nil {
			test := domainTest(classes, &domains[i], &t.Quality[i])
			if counts := domainConfusion(t, i, len(classes)); counts.Pairs != nil {
				test.Classes = runfolder.PairScores(classes, counts.Pairs)
			} else {
				test.Classes = runfolder.ClassScores(classes, counts.Counts)
			}
			all = append(all, test)
		}
	}
	return all
}

func domainTest(classes []string, d *dataset.Domain, q *train.Quality) runfolder.DomainTest {
	test := runfolder.DomainTest{
		Name: d.Name, Images: q.Images, NLL: q.NLL(), ECE: q.ECE(),
		Mistakes: make([]runfolder.Mistake, len(q.Mistakes)),
	}
	for _, b := range q.Bins {
		n := float64(max(b.Images, 1))
		test.Reliability = append(test.Reliability,
			runfolder.Bin{Images: b.Images, Confidence: b.Confidence / n, Accuracy: float64(b.Correct) / n})
	}
	for i, m := range q.Mistakes {
		test.Mistakes[i] = runfolder.Mistake{
			Image: m.Image, Label: classes[m.Label], Predicted: classes[m.Predicted], Confidence: m.Confidence,
		}
		if d.Files != nil {
			test.Mistakes[i].File = d.Files[m.Image]
		}
	}
	return test
}

// losses names the mean negative log-likelihoods by domain.
func losses(tests []runfolder.DomainTest) map[string]float64 {
	named := map[string]float64{}
	for _, t := range tests {
		named[t.Name] = t.NLL
	}
	return named
}

// recordTest writes confusion.json and the pictures of the mistakes.
func (r *run) recordTest(t *train.Test) error {
	c := confusion(r.domains, len(r.classes), t)
	c.Tests = r.Tests
	columns := mistakesShown(r.domains)
	var rows [][]image.Image
	for i := range r.domains {
		if d := &r.domains[i]; d.Severities == nil {
			mistakes := t.Quality[i].Mistakes
			rows = append(rows, thumbnails(&d.Images, mistakes[:min(len(mistakes), columns)]))
			c.Width = min(d.W, thumbnailSide)
		}
	}
	if sheet := mistakesSheet(rows); sheet != nil {
		if err := r.folder.WriteMistakes(func(w io.Writer) error { return png.Encode(w, sheet) }); err != nil {
			return err
		}
	}
	return r.folder.WriteConfusion(c)
}

// mistakesShown returns how many mistakes of each domain are drawn: all, unless there are so
// many domains that the sheet would have too many pixels.
func mistakesShown(domains []dataset.Domain) int {
	pixels := 0
	for i := range domains {
		if d := &domains[i]; d.Severities == nil {
			pixels += min(d.H, thumbnailSide) * min(d.W, thumbnailSide)
		}
	}
	return min(train.MostMistakes, runfolder.MaxPixels/max(pixels, 1))
}

// mistakesSheet draws rows of pictures, nil if there are none.
func mistakesSheet(rows [][]image.Image) image.Image {
	for _, row := range rows {
		if len(row) > 0 {
			return dataset.Sheet(row[0].Bounds().Size(), rows...)
		}
	}
	return nil
}

// thumbnails returns the images of mistakes, larger ones made smaller.
func thumbnails(set *dataset.Images, mistakes []train.Mistake) []image.Image {
	h, w := min(set.H, thumbnailSide), min(set.W, thumbnailSide)
	small := dataset.Images{Data: make([]uint8, len(mistakes)*set.C*h*w), N: len(mistakes), C: set.C, H: h, W: w}
	resizer := resample.NewResizer(resample.Bilinear, set.H, set.W, h, w)
	var all []image.Image
	for i, m := range mistakes {
		for c := range set.C {
			resizer.Plane(small.Image(i)[c*h*w:][:h*w], set.Image(m.Image)[c*set.H*set.W:][:set.H*set.W])
		}
		all = append(all, small.Picture(i))
	}
	return all
}
