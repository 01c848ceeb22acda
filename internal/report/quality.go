package report

import (
	"cmp"
	"fmt"
	"html/template"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report/svg"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

const (
	// mostColumns is the number of classes up to which a confusion matrix is drawn,
	// and the results by class are shown at once.
	mostColumns = 20

	// mostConfusions is the number of confusions listed where a matrix would be too
	// large.
	mostConfusions = 15
)

// domainView is what the last test tells of a domain.
type domainView struct {
	Title      string
	Facts      []fact
	Confusion  template.HTML  // "" where there are too many classes
	Confusions []confusionRow // in its place
	Figures    []figure
	Classes    []classRow
	Many       bool // more classes than are shown at once
	Lowest     bool // Classes has those of the lowest F1 alone
	Mistakes   []mistakeCard
}

type confusionRow struct{ Label, Predicted, Count, Share string }

type classRow struct{ Class, Images, Precision, Recall, F1 string }

// mistakeCard is an image that was classified wrongly.
type mistakeCard struct {
	Image                  template.URL // "" without a picture
	Width, Height          int
	Label, Predicted, Sure string
	Name, Path             string // of its file, or its number
}

// domainViews shows every domain of the last test that is recorded in detail.
func (r *Run) domainViews() ([]domainView, error) {
	if r.Confusion == nil {
		return nil, nil
	}
	var views []domainView
	for _, d := range r.domains() {
		v, ok := r.confusionView(d.Name)
		if !ok {
			continue
		}
		at := slices.IndexFunc(r.Confusion.Tests, func(t runfolder.DomainTest) bool { return t.Name == d.Name })
		if at >= 0 {
			if err := r.addTest(&v, at); err != nil {
				return nil, err
			}
		}
		views = append(views, v)
	}
	return views, nil
}

// pairs returns what of a confusion matrix is not 0, as label, predicted class and
// count, false if there is none of the size of the classes.
func (r *Run) pairs(domain string) ([][3]int, bool) {
	n := len(r.Config.ClassNames)
	at := slices.IndexFunc(r.Confusion.Domains, func(d runfolder.DomainConfusion) bool { return d.Name == domain })
	if n == 0 || at < 0 {
		return nil, false
	}
	d := &r.Confusion.Domains[at]
	if d.Counts == nil {
		outside := func(p [3]int) bool { return p[0] < 0 || p[0] >= n || p[1] < 0 || p[1] >= n }
		return d.Pairs, d.Pairs != nil && !slices.ContainsFunc(d.Pairs, outside)
	}
	if len(d.Counts) != n*n {
		return nil, false
	}
	var pairs [][3]int
	for i, count := range d.Counts {
		if count != 0 {
			pairs = append(pairs, [3]int{i / n, i % n, count})
		}
	}
	return pairs, true
}

// confusionView shows which classes of a domain are taken for which, false where
// that is not known.
func (r *Run) confusionView(domain string) (domainView, bool) {
	pairs, ok := r.pairs(domain)
	if !ok {
		return domainView{}, false
	}
	classes := r.Config.ClassNames
	correct, total, totals := 0, 0, make([]int, len(classes))
	for _, p := range pairs {
		total += p[2]
		totals[p[0]] += p[2]
		if p[0] == p[1] {
			correct += p[2]
		}
	}
	v := domainView{Title: domain, Many: len(classes) > mostColumns}
	if total > 0 {
		v.Title += " · " + cli.Percent(float64(correct)/float64(total)) + " %"
	}
	if v.Many {
		v.Confusions = frequentConfusions(classes, pairs, totals)
	} else {
		v.Confusion = confusionMatrix(domain, classes, pairs, totals)
	}
	return v, true
}

// confusionMatrix draws counts, shaded by their share of the row.
func confusionMatrix(domain string, classes []string, pairs [][3]int, totals []int) template.HTML {
	n := len(classes)
	counts := make([]int, n*n)
	for _, p := range pairs {
		counts[p[0]*n+p[1]] += p[2]
	}
	h := svg.Heat{Name: "Confusion matrix of " + domain, Size: 26}
	longest := 0
	for i, name := range classes {
		short := shortened(name, 16)
		longest = max(longest, len([]rune(short)))
		h.Rows, h.Columns = append(h.Rows, short), append(h.Columns, short)
		values := make([]float64, n)
		for predicted, count := range counts[i*n:][:n] {
			values[predicted] = float64(count) / float64(max(totals[i], 1))
			h.Size = max(h.Size, 8+6.2*float64(len(fmt.Sprint(count))))
		}
		h.Values = append(h.Values, values)
	}
	h.Labels = 12 + 6.2*float64(longest)
	h.Text = func(label, predicted int) string { return fmt.Sprint(counts[label*n+predicted]) }
	h.Title = func(label, predicted int) string {
		return fmt.Sprintf("%s taken for %s: %d of %d", classes[label], classes[predicted], counts[label*n+predicted], totals[label])
	}
	return h.SVG()
}

// frequentConfusions lists which classes are most often taken for which others.
func frequentConfusions(classes []string, pairs [][3]int, totals []int) []confusionRow {
	wrong := slices.DeleteFunc(slices.Clone(pairs), func(p [3]int) bool { return p[0] == p[1] || p[2] <= 0 })
	slices.SortStableFunc(wrong, func(a, b [3]int) int { return cmp.Compare(b[2], a[2]) })
	var rows []confusionRow
	for _, p := range wrong[:min(len(wrong), mostConfusions)] {
		rows = append(rows, confusionRow{
			Label: classes[p[0]], Predicted: classes[p[1]], Count: cli.Count(p[2]),
			Share: cli.Percent(float64(p[2])/float64(max(totals[p[0]], 1))) + " %",
		})
	}
	return rows
}

// mostClasses is the number of classes up to which all results by class are shown; of
// more those with the lowest F1 are.
const mostClasses = 200

// shownClasses returns the results by class that the page shows.
func shownClasses(scores []runfolder.ClassScore) []runfolder.ClassScore {
	if len(scores) <= mostClasses {
		return scores
	}
	lowest := slices.DeleteFunc(slices.Clone(scores), func(s runfolder.ClassScore) bool { return s.Images == 0 })
	slices.SortStableFunc(lowest, func(a, b runfolder.ClassScore) int { return cmp.Compare(a.F1, b.F1) })
	return lowest[:min(len(lowest), mostClasses)]
}

// addTest adds to a view what test number at of the record tells.
func (r *Run) addTest(v *domainView, at int) error {
	t := &r.Confusion.Tests[at]
	v.Facts = []fact{
		{"Images", cli.Count(t.Images)}, {"Loss (NLL)", svg.Trimmed(t.NLL) + " nats"}, {"Calibration error (ECE)", cli.Percent(t.ECE) + " %"},
	}
	v.Figures = append(v.Figures, reliabilityFigure(t))
	v.Lowest = len(t.Classes) > mostClasses
	for _, c := range shownClasses(t.Classes) {
		v.Classes = append(v.Classes, classRow{c.Class, cli.Count(c.Images), cli.Percent(c.Precision), cli.Percent(c.Recall), cli.Percent(c.F1)})
	}
	for i, m := range t.Mistakes {
		card := mistakeCard{Label: m.Label, Predicted: m.Predicted, Sure: cli.Percent(m.Confidence) + " %",
			Name: fmt.Sprintf("image %d", m.Image), Path: m.File}
		if m.File != "" {
			card.Name = filepath.Base(m.File)
		}
		if picture := r.mistakePicture(at, i); picture != nil {
			uri, err := dataURI(picture)
			if err != nil {
				return err
			}
			card.Image, card.Width, card.Height = uri, picture.Rect.Dx(), picture.Rect.Dy()
		}
		v.Mistakes = append(v.Mistakes, card)
	}
	return nil
}

// mistakePicture cuts a mistake's image out of the sheet, nil if it is not there.
func (r *Run) mistakePicture(row, column int) *image.NRGBA {
	w, rows := r.Confusion.Width, len(r.Confusion.Tests)
	if r.mistakes == nil || w < 1 {
		return nil
	}
	b := r.mistakes.Bounds()
	h := b.Dy() / rows
	if h == 0 || column >= b.Dx()/w {
		return nil
	}
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(picture, picture.Rect, r.mistakes, b.Min.Add(image.Pt(column*w, row*h)), draw.Src)
	return picture
}

// readMistakes reads the sheet of the mistakes' images, if there is one.
func (r *Run) readMistakes() error {
	path := filepath.Join(r.Dir, runfolder.MistakesPicture)
	if _, err := os.Stat(path); r.Confusion == nil || os.IsNotExist(err) {
		return nil
	}
	var err error
	r.mistakes, err = readPNG(path)
	return err
}

// reliabilityFigure shows how often predictions are right by how sure they are.
func reliabilityFigure(t *runfolder.DomainTest) figure {
	right := svg.Line{Name: "accuracy", Style: 0, Steps: true, Area: true}
	share := svg.Line{Name: "share of the images", Style: 1, Steps: true}
	for i, b := range t.Reliability {
		low, high := float64(i)/float64(len(t.Reliability)), float64(i+1)/float64(len(t.Reliability))
		right.Points = append(right.Points, svg.At(low, b.Accuracy), svg.At(high, b.Accuracy))
		s := float64(b.Images) / float64(max(t.Images, 1))
		share.Points = append(share.Points, svg.At(low, s), svg.At(high, s))
	}
	even := svg.Line{Name: "as right as sure", Style: -1, Dashed: true, Points: []svg.Point{svg.At(0, 0), svg.At(1, 1)}}
	f := newFigure("Reliability", "Below the dotted line the network is surer than it is right.", svg.Chart{
		Name: "Reliability diagram of " + t.Name, X: "confidence", Until: 1, High: 1, Format: svg.WholePercent,
		Lines: []svg.Line{right, share, even},
	})
	for i := range f.Legend {
		f.Legend[i].Value = ""
	}
	return f
}

// lossByDomain returns the curve of a domain's loss in tests.
func (r *Run) lossByDomain(domain string, style int) svg.Line {
	l := svg.Line{Name: domain, Style: style}
	for _, t := range r.Tests {
		if loss, ok := t.NLL[domain]; ok {
			l.Points = append(l.Points, svg.At(float64(t.Step), loss))
		}
	}
	l.Dots = len(l.Points) <= 60
	return l
}

// testLossFigures shows the losses of tests, and nothing of runs that have not
// recorded them.
func (r *Run) testLossFigures() []figure {
	c := svg.Chart{Format: svg.Short}
	for i, d := range r.domains() {
		l := r.lossByDomain(d.Name, i)
		if l.Dashed = d.Source; d.Source {
			l.Name += " (source)"
		}
		if len(l.Points) > 0 {
			c.Lines = append(c.Lines, l)
		}
	}
	if c.Lines == nil {
		return nil
	}
	return []figure{r.courseFigure("Test loss", "Mean negative log-likelihood of the labels, in nats. It grows where a network is sure and wrong.", c)}
}

// rateLine returns the curve of the learning rate, empty for a run that has not
// recorded it.
func (r *Run) rateLine() svg.Line {
	l := svg.Line{Name: "learning rate"}
	for _, d := range r.Descent {
		if d.LR > 0 {
			l.Points = append(l.Points, svg.At(float64(d.Step), d.LR))
		}
	}
	return l
}

// rateFigures shows the learning rate, and nothing of runs that have not recorded
// it.
func (r *Run) rateFigures() []figure {
	l := r.rateLine()
	if l.Points == nil {
		return nil
	}
	return []figure{r.courseFigure("Learning rate", "", svg.Chart{Format: svg.Short, Lines: []svg.Line{l}})}
}

// shortened returns at most n letters of a name.
func shortened(name string, n int) string {
	if letters := []rune(name); len(letters) > n {
		return string(letters[:n-1]) + "…"
	}
	return name
}
