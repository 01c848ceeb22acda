// Package report draws what a run folder holds as one HTML page that needs
// nothing else: no script, no network, charts and pictures inside.
package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report/svg"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

//go:embed style.css
var styleSheet string

//go:embed run.html
var runTemplate string

//go:embed frame.html
var frameTemplate string

var templates = template.Must(template.New("frame").
	Funcs(template.FuncMap{"css": func() template.CSS { return template.CSS(styleSheet) }}).
	Parse(frameTemplate + runTemplate + comparisonTemplate))

// WriteFile writes the page of a run to a file.
func (r *Run) WriteFile(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return r.Page(w, 0) })
}

// generator is what every page says of itself near its beginning.
const generator = `<meta name="generator" content="meada-cpu">`

// CheckReplaced refuses a path where something else is than a page of this package, which
// may be written anew.
func CheckReplaced(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() {
		const most = 1 << 10
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		head, err := io.ReadAll(io.LimitReader(f, most))
		if err != nil {
			return err
		}
		if len(head) == 0 || bytes.Contains(head, []byte(generator)) {
			return nil
		}
	}
	return fmt.Errorf("%s is there already and no report, it is not overwritten", path)
}

// Page writes the page of a run. A positive refresh makes the browser ask for
// it again after that time, for as long as the run is not complete.
func (r *Run) Page(w io.Writer, refresh time.Duration) error {
	p, err := r.page()
	if err != nil {
		return err
	}
	if r.Summary == nil {
		p.Refresh = int(refresh.Seconds())
	}
	return templates.ExecuteTemplate(w, "run", p)
}

// page is what the template of a run shows.
type page struct {
	Title, Subtitle string
	Refresh         int // seconds, 0 for never
	Complete        bool
	Steps, Total    string
	Progress        float64 // per cent

	Average    bool // over targets or corruptions; else accuracies are the source's own
	Selections []selection
	Rows       []accuracyRow
	Absent     []string
	Figures    []figure // accuracy, loss, training images, ...
	Phases     []phaseRow
	Samples    []sampleView
	Domains    []domainView
	Confused   string
	Corrupted  *heatView
	Corruption string

	Facts    []fact // time and memory
	Shares   []share
	Speed    []figure
	Command  []string // its words, quoted as a shell wants them
	Settings []runfolder.Setting
	Machine  []fact
	Sets     []setRow
}

// selection is one way to choose the weights of a run.
type selection struct {
	Name, Accuracy, Step, Note, File string
	Kind                             string // "last", "validated" or "oracle", a class of the style sheet
	test                             *runfolder.Evaluate
}

type accuracyRow struct {
	Name   string
	Source bool
	Mean   bool
	Values []string
}

// figure is a chart with a legend.
type figure struct {
	Title, Caption string
	Legend         []legend
	Chart          template.HTML
}

type legend struct {
	Style, Name, Value string
	Dashed             bool
}

type phaseRow struct {
	Phase                                                                     int
	Step, Images, TrainingImages, CrossEntropy, Entropy, Distance, Rate, Time string
}

// heatView is a matrix under its name.
type heatView struct {
	Title string
	Chart template.HTML
}

// fact is a figure under its name.
type fact struct{ Name, Value string }

type share struct {
	Name, Class string
	Percent     float64
	Text        string
}

type setRow struct{ Name, Images, SHA256 string }

// title returns the algorithm as tables have it.
func (r *Run) title() string {
	if m, err := catalog.FindMethod(r.Config.Algorithm); err == nil {
		return m.Title
	}
	return string(r.Config.Algorithm)
}

func (r *Run) page() (*page, error) {
	c := r.Config
	p := &page{
		Title:    r.title() + " on " + c.Dataset,
		Subtitle: fmt.Sprintf("%s · seed %d · %s", c.Model, c.Seed, started(c.Started)),
		Complete: r.Summary != nil,
		Steps:    cli.Count(r.steps()), Total: cli.Count(c.Steps),
		Progress: 100 * float64(r.steps()) / float64(max(c.Steps, 1)),
		Absent:   c.Absent,
		Settings: r.settings,
		Machine: []fact{
			{"CPU", c.CPU}, {"Instruction set", c.SIMD}, {"Threads", fmt.Sprint(c.Threads)},
			{"System", c.System}, {"Go", c.Go}, {"meada-cpu", c.Version},
		},
	}
	if c.Command != "" {
		p.Command = strings.Split(c.Command, " ")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Checksums)) {
		p.Sets = append(p.Sets, setRow{name, cli.Count(c.Checksums[name].Images), c.Checksums[name].SHA256})
	}
	p.Average, p.Selections = r.hasAverage(), r.selections()
	p.Rows = r.accuracyRows(p.Selections)
	p.Figures = []figure{r.accuracyFigure(p.Selections), r.lossFigure(), r.trainAccuracyFigure()}
	p.Figures = append(p.Figures, r.testLossFigures()...)
	p.Figures = append(p.Figures, r.rateFigures()...)
	if len(r.Phases) > 0 {
		p.Figures = append(p.Figures, r.growthFigure())
	}
	for i, ph := range r.Phases {
		p.Phases = append(p.Phases, phaseRow{
			ph.Phase, cli.Count(ph.Step), cli.Count(ph.Images), cli.Count(r.trainingImages(i + 1)),
			svg.Trimmed(ph.CrossEntropy), svg.Trimmed(ph.Entropy), svg.Trimmed(ph.Distance), cli.Count(int(ph.Rate)), cli.Duration(ph.Seconds),
		})
	}
	for i := range r.Samples {
		view, err := r.sampleView(&r.Samples[i])
		if err != nil {
			return nil, err
		}
		p.Samples = append(p.Samples, view)
	}
	if r.Confusion != nil {
		p.Confused = cli.Count(r.Confusion.Step)
	}
	var err error
	if p.Domains, err = r.domainViews(); err != nil {
		return nil, err
	}
	p.Corrupted, p.Corruption = r.corruptionView()
	p.Facts, p.Shares = r.facts(), r.shares()
	p.Speed = []figure{r.speedFigure(), r.memoryFigure()}
	return p, nil
}

// measure takes a figure from a test, and reports whether it has it.
type measure func(*runfolder.Accuracy) (float64, bool)

func average(a *runfolder.Accuracy) (float64, bool) { return a.Average, true }

func on(domain string) measure {
	return func(a *runfolder.Accuracy) (float64, bool) { return a.Of(domain) }
}

func started(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.Format("2 January 2006, 15:04")
	}
	return text
}

// selections lists the ways to choose the weights that the run allows.
func (r *Run) selections() []selection {
	var list []selection
	add := func(t *runfolder.Evaluate, s selection) {
		if t == nil {
			return
		}
		s.test, s.Accuracy, s.Step = t, cli.Percent(t.Accuracy.Average), cli.Count(t.Step)
		list = append(list, s)
	}
	add(r.last(), selection{Name: "Last", Kind: "last", File: runfolder.LastFile,
		Note: "the weights at the end, nothing chosen"})
	add(r.validated(), selection{Name: "Source validation", Kind: "validated", File: runfolder.ValidatedFile,
		Note: "recommended: the best test on the part of the source that is held out, or else on its own test set"})
	if !r.hasAverage() {
		return list
	}
	add(r.oracle(), selection{Name: "Best on targets", Kind: "oracle", File: runfolder.BestFile,
		Note: "selected on the target test sets (oracle), as the official code reports"})
	return list
}

func (r *Run) accuracyRows(selections []selection) []accuracyRow {
	var rows []accuracyRow
	add := func(row accuracyRow, of measure) {
		for _, s := range selections {
			accuracy, _ := of(&s.test.Accuracy)
			row.Values = append(row.Values, cli.Percent(accuracy))
		}
		rows = append(rows, row)
	}
	if len(selections) == 0 {
		return nil
	}
	domains := r.domains()
	for _, d := range domains {
		if !d.Source {
			add(accuracyRow{Name: d.Name}, on(d.Name))
		}
	}
	if r.hasAverage() {
		add(accuracyRow{Name: r.averageName(), Mean: true}, average)
	}
	for _, d := range domains {
		if d.Source {
			add(accuracyRow{Name: d.Name, Source: true}, on(d.Name))
		}
	}
	return rows
}

// marks returns where the phases are, where steps are the axis.
func (r *Run) marks() []float64 {
	var steps []float64
	for _, p := range r.Phases {
		steps = append(steps, float64(p.Step))
	}
	return steps
}

// courseFigure draws lines over the descent steps, with the phases marked.
func (r *Run) courseFigure(title, caption string, c svg.Chart) figure {
	c.Name, c.X, c.Until, c.Marks = title+" over descent steps", "step", float64(max(r.steps()-1, 0)), r.marks()
	return newFigure(title, caption, c)
}

// newFigure draws a chart with a legend of its lines and their last values.
func newFigure(title, caption string, c svg.Chart) figure {
	f := figure{Title: title, Caption: caption, Chart: c.SVG()}
	for _, l := range c.Lines {
		if len(l.Points) == 0 {
			continue
		}
		f.Legend = append(f.Legend, legend{svg.Style(l.Style), l.Name, c.Format(l.Last().Y), l.Dashed})
	}
	return f
}

func (r *Run) testLine(name string, of measure, style int) svg.Line {
	l := svg.Line{Name: name, Style: style, Dots: true}
	for _, t := range r.Tests {
		if a, ok := of(&t.Accuracy); ok {
			l.Points = append(l.Points, svg.At(float64(t.Step), a))
		}
	}
	l.Dots = len(l.Points) <= 60
	return l
}

func (r *Run) accuracyFigure(selections []selection) figure {
	c := svg.Chart{Low: 1, Format: svg.WholePercent}
	for i, d := range r.domains() {
		l := r.testLine(d.Name, on(d.Name), i)
		if l.Dashed = d.Source; d.Source {
			l.Name += " (source)"
		}
		c.Lines = append(c.Lines, l)
	}
	caption := ""
	if r.hasAverage() {
		c.Lines = append(c.Lines, r.testLine(r.averageName(), average, -1))
		caption = "Rings on the average mark the tests that the figures above are from."
	}
	for _, s := range selections {
		c.Rings = append(c.Rings, svg.Ring{Point: svg.At(float64(s.test.Step), s.test.Accuracy.Average), Name: s.Name + ": " + s.Accuracy + " %"})
	}
	return r.courseFigure("Accuracy by domain", caption, c)
}

func (r *Run) descentLine(name string, value func(runfolder.Minimise) float64) svg.Line {
	l := svg.Line{Name: name}
	before := -1 // the step of the line before
	for i, d := range r.Descent {
		p := svg.At(float64(d.Step), value(d))
		if n := len(l.Points); i >= 2 && i == len(r.Descent)-1 && 2*(d.Step-before) < before-r.Descent[i-2].Step {
			// The end of a run may leave a line of few steps, which the one before
			// takes in: alone it would be as uneven as single batches.
			own, others := float64(d.Step-before), float64(before-r.Descent[i-2].Step)
			p.Y = (own*p.Y + others*l.Points[n-1].Y) / (own + others)
			l.Points = l.Points[:n-1]
		}
		l.Points, before = append(l.Points, p), d.Step
	}
	return l
}

// meanLoss tells what descent steps minimise.
const meanLoss = "What steps minimise, mean of the batches: the cross-entropy in nats, and the terms beside it where there are any"

func (r *Run) lossFigure() figure {
	caption := meanLoss + "."
	if len(r.Phases) > 0 {
		caption = meanLoss + "; a phase adds harder images."
	}
	return r.courseFigure("Training loss", caption, svg.Chart{
		Format: svg.Short, Lines: []svg.Line{r.descentLine("loss", func(d runfolder.Minimise) float64 { return d.Loss })},
	})
}

func (r *Run) trainAccuracyFigure() figure {
	return r.courseFigure("Training accuracy", "Of the batches, before each update.", svg.Chart{
		Low: 1, High: 1, Format: svg.WholePercent,
		Lines: []svg.Line{r.descentLine("accuracy", func(d runfolder.Minimise) float64 { return d.Accuracy })},
	})
}

func (r *Run) growthFigure() figure {
	l := svg.Line{Name: "images", Steps: true, Area: true}
	l.Points = append(l.Points, svg.At(0, float64(r.trainingImages(0))))
	for i, p := range r.Phases {
		l.Points = append(l.Points, svg.At(float64(p.Step), float64(r.trainingImages(i+1))))
	}
	end := max(r.steps()-1, r.Phases[len(r.Phases)-1].Step)
	l.Points = append(l.Points, svg.At(float64(end), float64(r.trainingImages(len(r.Phases)))))
	caption := "Each phase adds an adversarial version of nearly every image so far."
	if r.Config.Transforms() {
		caption = "Each phase adds a set of moved images of the source; once there are all sets of the ring, it takes the oldest one's place."
	}
	return r.courseFigure("Training images", caption, svg.Chart{
		Format: svg.Short, Lines: []svg.Line{l},
	})
}

func (r *Run) speedFigure() figure {
	phases := svg.Line{Name: "maximisation, an image for each ascent step", Style: 1, Dots: true}
	for _, p := range r.Phases {
		phases.Points = append(phases.Points, svg.At(float64(p.Step), p.Rate))
	}
	return r.courseFigure("Throughput, images per second", "", svg.Chart{
		Format: svg.Short, Lines: []svg.Line{r.descentLine("descent", func(d runfolder.Minimise) float64 { return d.Rate }), phases},
	})
}

func (r *Run) memoryFigure() figure {
	l := svg.Line{Name: "peak so far, MiB", Style: 4, Area: true}
	for _, t := range r.Tests {
		if t.PeakRSS > 0 {
			l.Points = append(l.Points, svg.At(float64(t.Step), float64(t.PeakRSS>>20)))
		}
	}
	return r.courseFigure("Memory", "", svg.Chart{Format: svg.Short, Lines: []svg.Line{l}})
}

func (r *Run) facts() []fact {
	var list []fact
	if s := r.seconds(); s > 0 {
		list = append(list, fact{"Elapsed", cli.Duration(s)})
	}
	if s := r.Summary; s != nil {
		list = append(list, fact{"Descent", cli.Count(int(s.ImagesPerSecond.Minimise)) + " images/s"})
		if s.ImagesPerSecond.Maximise > 0 {
			list = append(list, fact{"Maximisation", cli.Count(int(s.ImagesPerSecond.Maximise)) + " images/s"})
		}
	}
	if n := r.peakRSS(); n > 0 {
		list = append(list, fact{"Peak memory", cli.Bytes(n)})
	}
	return list
}

// shares returns where the time of a complete run went.
func (r *Run) shares() []share {
	if r.Summary == nil || r.Summary.Seconds.Total <= 0 {
		return nil
	}
	s := r.Summary.Seconds
	rest := max(0, s.Total-s.Minimise-s.Maximise-s.Evaluate)
	var list []share
	for i, part := range []struct {
		name    string
		seconds float64
	}{{"descent", s.Minimise}, {"maximisation", s.Maximise}, {"tests", s.Evaluate}, {"loading and saving", rest}} {
		if part.seconds > 0 {
			list = append(list, share{part.name, svg.Style(i), 100 * part.seconds / s.Total, cli.Duration(part.seconds)})
		}
	}
	return list
}

// corruptionView draws the accuracy by corruption and severity of the last test,
// and returns its step.
func (r *Run) corruptionView() (*heatView, string) {
	t := r.last()
	if t == nil || len(t.Corruptions) == 0 {
		return nil, ""
	}
	h := svg.Heat{Name: "Accuracy by corruption and severity", Size: 46, Labels: 128}
	names := slices.Sorted(maps.Keys(t.Corruptions))
	for _, name := range names {
		values := slices.Clone(t.Corruptions[name])
		for i := len(h.Columns); i < len(values); i++ {
			h.Columns = append(h.Columns, fmt.Sprint(i+1))
		}
		h.Rows, h.Values = append(h.Rows, name), append(h.Values, append(values, mean(values)))
	}
	h.Columns = append(h.Columns, "mean")
	h.Text = func(row, column int) string { return fmt.Sprintf("%.1f", 100*h.Values[row][column]) }
	h.Title = func(row, column int) string {
		return fmt.Sprintf("%s, %s: %s %%", h.Rows[row], h.Columns[column], cli.Percent(h.Values[row][column]))
	}
	return &heatView{Chart: h.SVG()}, cli.Count(t.Step)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}

// sampleView is a phase's images and entropies.
type sampleView struct {
	Phase     int
	Step      string
	Gain      string
	Cards     []card
	Histogram figure
	Note      string
}

// card is a source image, what a phase made of it, and their difference.
type card struct {
	Image                       template.URL
	Width, Height               int // of it
	Label                       string
	Before, After               string // predicted classes
	WrongBefore, Wrong          bool
	EntropyBefore, EntropyAfter string
}

func (r *Run) sampleView(s *sample) (sampleView, error) {
	v := sampleView{Phase: s.Phase, Step: cli.Count(s.Step)}
	gain := s.gain()
	v.Gain = svg.Trimmed(math.Round(10*gain) / 10)
	for _, i := range s.byChange() {
		picture := s.triptych(i, gain)
		uri, err := dataURI(picture)
		if err != nil {
			return v, err
		}
		before, after := s.Source.Classes[i], s.Adversarial.Classes[i]
		v.Cards = append(v.Cards, card{
			Image: uri, Width: picture.Rect.Dx(), Height: picture.Rect.Dy(), Label: r.class(s.Labels[i]),
			Before: r.class(before), WrongBefore: before != s.Labels[i],
			After: r.class(after), Wrong: after != s.Labels[i],
			EntropyBefore: fmt.Sprintf("%.2f", s.Source.Entropy[i]), EntropyAfter: fmt.Sprintf("%.2f", s.Adversarial.Entropy[i]),
		})
	}
	lost := 0
	for i, label := range s.Labels {
		if s.Source.Classes[i] == label && s.Adversarial.Classes[i] != label {
			lost++
		}
	}
	v.Note = fmt.Sprintf("Of %s sampled images the phase turned %s that were classified correctly into errors.",
		cli.Count(len(s.Labels)), cli.Count(lost))
	v.Histogram = r.histogram(s)
	return v, nil
}

func (r *Run) class(n int) string {
	if n >= 0 && n < len(r.Config.ClassNames) {
		return r.Config.ClassNames[n]
	}
	return fmt.Sprint(n)
}

// histogram shows how the entropies of the predictions moved.
func (r *Run) histogram(s *sample) figure {
	const bins = 24
	most := math.Log(float64(max(len(r.Config.ClassNames), 2)))
	area := func(name string, style int, entropies []float64) svg.Line {
		l := svg.Line{Style: style, Steps: true, Area: true}
		var counts [bins]int
		sum := 0.0
		for _, e := range entropies {
			counts[min(max(int(e/most*bins), 0), bins-1)]++
			sum += e
		}
		n := float64(max(len(entropies), 1))
		l.Name = fmt.Sprintf("%s, mean %.2f nats", name, sum/n)
		// The line holds a bin's value from its left edge on.
		l.Points = append(l.Points, svg.At(0, float64(counts[0])/n))
		for i, count := range counts {
			if i > 0 {
				l.Points = append(l.Points, svg.At(most*float64(i)/bins, float64(counts[i-1])/n))
			}
			l.Points = append(l.Points, svg.At(most*float64(i)/bins, float64(count)/n))
		}
		l.Points = append(l.Points, svg.At(most, float64(counts[bins-1])/n))
		return l
	}
	f := newFigure(fmt.Sprintf("Entropy before and after phase %d", s.Phase), "", svg.Chart{
		Name: fmt.Sprintf("Histogram of entropies before and after phase %d", s.Phase), X: "entropy of the prediction, nats", Format: svg.WholePercent,
		Lines: []svg.Line{area("source images", 0, s.Source.Entropy), area("adversarial images", 7, s.Adversarial.Entropy)},
	})
	for i := range f.Legend {
		f.Legend[i].Value = ""
	}
	return f
}

// pixel returns a pixel of image n, source or adversarial.
func (s *sample) pixel(n, row, x, y int) color.RGBA {
	b := s.picture.Bounds()
	return color.RGBAModel.Convert(s.picture.At(b.Min.X+n*s.Width+x, b.Min.Y+row*b.Dy()/2+y)).(color.RGBA)
}

// difference returns the absolute differences of the channels of a pixel.
func (s *sample) difference(n, x, y int) [3]int {
	a, b := s.pixel(n, 0, x, y), s.pixel(n, 1, x, y)
	apart := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return [3]int{apart(a.R, b.R), apart(a.G, b.G), apart(a.B, b.B)}
}

// byChange lists the images shown, the most changed first.
func (s *sample) byChange() []int {
	order, change := make([]int, s.shown()), make([]int, s.shown())
	for n := range order {
		order[n] = n
		for y := range s.picture.Bounds().Dy() / 2 {
			for x := range s.Width {
				d := s.difference(n, x, y)
				change[n] += d[0] + d[1] + d[2]
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(change[b], change[a]) })
	return order
}

// gain returns the factor that makes the largest difference white.
func (s *sample) gain() float64 {
	largest := 1
	for n := range s.shown() {
		for y := range s.picture.Bounds().Dy() / 2 {
			for x := range s.Width {
				d := s.difference(n, x, y)
				largest = max(largest, d[0], d[1], d[2])
			}
		}
	}
	return 255 / float64(largest)
}

// triptych draws source, adversarial and difference image n side by side.
func (s *sample) triptych(n int, gain float64) *image.NRGBA {
	w, h := s.Width, s.picture.Bounds().Dy()/2
	gap := max(1, w/16)
	picture := image.NewNRGBA(image.Rect(0, 0, 3*w+2*gap, h))
	for y := range h {
		for x := range w {
			for row := range 2 {
				picture.Set(row*(w+gap)+x, y, s.pixel(n, row, x, y))
			}
			d := s.difference(n, x, y)
			scaled := func(v int) uint8 { return uint8(min(255, math.Round(float64(v)*gain))) }
			picture.Set(2*(w+gap)+x, y, color.NRGBA{scaled(d[0]), scaled(d[1]), scaled(d[2]), 255})
		}
	}
	return picture
}

// encoder shares what a picture is compressed with: a page has hundreds of small
// ones, and each compressor takes 1.2 MB.
var encoder = png.Encoder{BufferPool: new(encoderBuffers)}

// encoderBuffers are the buffers of encoders at rest.
type encoderBuffers struct{ sync.Pool }

func (p *encoderBuffers) Get() *png.EncoderBuffer {
	b, _ := p.Pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *encoderBuffers) Put(b *png.EncoderBuffer) { p.Pool.Put(b) }

// dataURI returns a picture as an address that holds it.
func dataURI(picture image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := encoder.Encode(&b, picture); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// name returns the name of a run among others.
func (r *Run) name() string { return cmp.Or(r.label, filepath.Base(filepath.Clean(r.Dir))) }
