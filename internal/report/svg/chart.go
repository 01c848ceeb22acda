// Package svg draws charts as SVG pictures for a page, whose style sheet gives
// them their colours: lines over a common axis, matrices as shades, and bars.
package svg

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A chart's box and its margins, in SVG user units. The page scales it and sets
// the size of the text.
const (
	chartWidth, chartHeight = 440.0, 236.0
	marginLeft, marginRight = 48.0, 12.0
	marginTop, marginBottom = 20.0, 36.0
	plotWidth, plotHeight   = chartWidth - marginLeft - marginRight, chartHeight - marginTop - marginBottom
	mostPoints              = 240  // of a line; more are averaged
	nameWidth               = 56.0 // of the name of a mark
)

// Point is a place in the plot.
type Point struct{ X, Y float64 }

// At returns the point (x, y).
func At(x, y float64) Point { return Point{x, y} }

// Line is a curve of a chart. Lines of a chart differ by Style, from 0; -1 is
// the one that stands out.
type Line struct {
	Name   string
	Points []Point
	Style  int
	Dashed bool
	Steps  bool // constant between points
	Area   bool // filled down to the axis
	Dots   bool // every point is marked
}

// Ring marks a point.
type Ring struct {
	Point
	Name string
}

// Chart is lines over a common axis.
type Chart struct {
	Name, X string
	Until   float64              // the x axis reaches to this at least
	Low     float64              // the y axis reaches down to this at least
	High    float64              // and up to this at least
	Format  func(float64) string // of y
	Lines   []Line
	Marks   []float64 // where the phases 1, 2, ... are
	Rings   []Ring
}

// SVG draws the chart, or a note that there is nothing to draw yet.
func (c Chart) SVG() template.HTML {
	x, y, any := c.bounds()
	if !any {
		return `<p class="none">Nothing measured yet.</p>`
	}
	d := &drawing{Chart: c, x: x, y: widened(y)}
	fmt.Fprintf(d, `<svg class="chart" viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, html.EscapeString(c.Name))
	d.frame()
	d.marks()
	for i := range c.Lines {
		if len(c.Lines[i].Points) > 0 {
			d.line(&c.Lines[i])
		}
	}
	for _, r := range c.Rings {
		fmt.Fprintf(d, `<circle class="ring" cx="%.1f" cy="%.1f" r="5.5"><title>%s</title></circle>`, d.px(r.X), d.py(r.Y), html.EscapeString(r.Name))
	}
	d.WriteString("</svg>")
	return template.HTML(d.String())
}

// drawing is a chart being drawn.
type drawing struct {
	Chart
	strings.Builder
	x, y span
}

func (d *drawing) px(v float64) float64 { return marginLeft + plotWidth*d.x.place(v) }
func (d *drawing) py(v float64) float64 { return marginTop + plotHeight*(1-d.y.place(v)) }

// frame draws the axes, their ticks and the grid.
func (d *drawing) frame() {
	for _, v := range ticks(d.y, 5) {
		fmt.Fprintf(d, `<path class="grid" d="M%g %.1fH%g"/><text class="tick end" x="%g" y="%.1f" dy=".35em">%s</text>`,
			marginLeft, d.py(v), chartWidth-marginRight, marginLeft-6, d.py(v), html.EscapeString(d.Format(v)))
	}
	for _, v := range ticks(d.x, 5) {
		fmt.Fprintf(d, `<text class="tick middle" x="%.1f" y="%g">%s</text>`, d.px(v), chartHeight-marginBottom+15, Short(v))
	}
	fmt.Fprintf(d, `<path class="axis" d="M%g %gH%g"/>`, marginLeft, chartHeight-marginBottom, chartWidth-marginRight)
	fmt.Fprintf(d, `<text class="tick middle" x="%g" y="%g">%s</text>`, marginLeft+plotWidth/2, chartHeight-4, html.EscapeString(d.X))
}

// marks draws the lines where phases are, with their names.
func (d *drawing) marks() {
	for _, v := range d.Marks {
		fmt.Fprintf(d, `<path class="mark" d="M%.1f %gV%g"/>`, d.px(v), marginTop, chartHeight-marginBottom)
	}
	for first := 0; first < len(d.Marks); { // one name for marks that stand close
		end, name := first+1, fmt.Sprintf("phase %d", first+1)
		for end < len(d.Marks) && d.px(d.Marks[end])-d.px(d.Marks[end-1]) < nameWidth {
			end++
			name = fmt.Sprintf("phases %d–%d", first+1, end)
		}
		middle := (d.px(d.Marks[first]) + d.px(d.Marks[end-1])) / 2
		fmt.Fprintf(d, `<text class="tick middle" x="%.1f" y="%g">%s</text>`, min(max(middle, marginLeft+nameWidth/2), chartWidth-nameWidth/2), marginTop-6, name)
		first = end
	}
}

func (d *drawing) line(l *Line) {
	points := thinned(l.Points)
	var path strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&path, "M%.1f %.1f", d.px(p.X), d.py(p.Y))
		case l.Steps:
			fmt.Fprintf(&path, "H%.1fV%.1f", d.px(p.X), d.py(p.Y))
		default:
			fmt.Fprintf(&path, "L%.1f %.1f", d.px(p.X), d.py(p.Y))
		}
	}
	if l.Area {
		fmt.Fprintf(d, `<path class="area %s" d="%sV%.1fH%.1fZ"/>`, Style(l.Style), path.String(), d.py(d.y.low), d.px(points[0].X))
	}
	dashed := ""
	if l.Dashed {
		dashed = " dashed"
	}
	fmt.Fprintf(d, `<path class="line %s%s" d="%s"/>`, Style(l.Style), dashed, path.String())
	if !l.Dots {
		return
	}
	for _, p := range points {
		fmt.Fprintf(d, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="2.2"><title>%s: %s at %s %s</title></circle>`, Style(l.Style),
			d.px(p.X), d.py(p.Y), html.EscapeString(l.Name), html.EscapeString(d.Format(p.Y)), html.EscapeString(d.X), Short(p.X))
	}
}

// bounds returns the ranges of the axes, and whether there is a point at all.
func (c Chart) bounds() (x, y span, any bool) {
	x, y = span{0, c.Until}, span{c.Low, c.High}
	for _, v := range c.Marks {
		x = x.with(v)
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			x, y, any = x.with(p.X), y.with(p.Y), true
		}
	}
	if x.low == x.high {
		x.high++
	}
	return x, y, any
}

// Style returns the class of a line's colour.
func Style(n int) string {
	if n < 0 {
		return "main"
	}
	return "s" + strconv.Itoa(n%8)
}

// thinned averages neighbours until few enough points are left. Each of these is
// of as many points as the others, or of one less.
func thinned(points []Point) []Point {
	group := (len(points) + mostPoints - 1) / mostPoints
	if group <= 1 {
		return points
	}
	groups := (len(points) + group - 1) / group
	thin := make([]Point, groups)
	for g := range thin {
		of := points[g*len(points)/groups : (g+1)*len(points)/groups]
		for _, p := range of {
			thin[g].X += p.X / float64(len(of))
			thin[g].Y += p.Y / float64(len(of))
		}
	}
	return thin
}

// Last returns the last point that is drawn of a line, which must have some.
func (l *Line) Last() Point {
	points := thinned(l.Points)
	return points[len(points)-1]
}

// span is a range of values.
type span struct{ low, high float64 }

func (s span) with(v float64) span     { return span{min(s.low, v), max(s.high, v)} }
func (s span) place(v float64) float64 { return (v - s.low) / (s.high - s.low) }

// widened returns the span from tick to tick around s.
func widened(s span) span {
	if s.low == s.high { // one value, which may be the highest that there can be
		s.low -= math.Abs(s.low) / 2
	}
	if s.low == s.high { // of 0
		s.high++
	}
	step := tickStep(s, 5)
	return span{math.Floor(s.low/step+1e-9) * step, math.Ceil(s.high/step-1e-9) * step}
}

// tickStep returns 1, 2 or 5 times a power of ten, so that s has about n ticks.
func tickStep(s span, n int) float64 {
	raw := (s.high - s.low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*0.999 {
			return m * power
		}
	}
	return 10 * power
}

func ticks(s span, n int) []float64 {
	step := tickStep(s, n)
	first, last := math.Ceil(s.low/step-1e-9), math.Floor(s.high/step+1e-9)
	var list []float64
	// Counted from 0, because numbers far from it need not have a next one.
	for i := 0.0; i <= min(last-first, float64(2*n)); i++ {
		list = append(list, (first+i)*step+0) // no -0
	}
	return list
}

// Heat is a matrix drawn as shades, 0 the page and 1 full.
type Heat struct {
	Name          string
	Rows, Columns []string
	Values        [][]float64
	Text          func(row, column int) string // in a cell, "" for none
	Title         func(row, column int) string // on hovering, "" for none
	Size          float64                      // width of a cell, in user units
	Labels        float64                      // width of the row names
}

// SVG draws the matrix, cells of 0 left out.
func (h Heat) SVG() template.HTML {
	headings, upright := 16.0, false
	for _, name := range h.Columns { // written upwards where they are longer than a cell
		if width := 6.2 * float64(len([]rune(name))); width > h.Size {
			headings, upright = max(headings, 12+width), true
		}
	}
	height := min(h.Size, 24)
	width := h.Labels + h.Size*float64(len(h.Columns)) + 1
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="heat" viewBox="0 0 %g %g" style="min-width:%.0fpx;max-width:%.0fpx" role="img" aria-label="%s">`,
		width, headings+height*float64(len(h.Rows))+1, math.Ceil(0.8*width), 1.4*width, html.EscapeString(h.Name))
	for i, name := range h.Columns {
		if upright {
			x := h.Labels + (float64(i)+.5)*h.Size
			fmt.Fprintf(&b, `<text class="tick" x="%g" y="%g" dy=".35em" transform="rotate(-90 %g %g)">%s</text>`, x, headings-5, x, headings-5, html.EscapeString(name))
			continue
		}
		fmt.Fprintf(&b, `<text class="tick middle" x="%g" y="%g">%s</text>`, h.Labels+(float64(i)+.5)*h.Size, headings-5, html.EscapeString(name))
	}
	for r, row := range h.Values {
		y := headings + height*float64(r)
		fmt.Fprintf(&b, `<text class="tick end" x="%g" y="%g" dy=".35em">%s</text>`, h.Labels-5, y+height/2, html.EscapeString(h.Rows[r]))
		for c, v := range row {
			if v == 0 {
				continue
			}
			title := ""
			if text := h.Title(r, c); text != "" {
				title = "<title>" + html.EscapeString(text) + "</title>"
			}
			x := h.Labels + h.Size*float64(c)
			fmt.Fprintf(&b, `<rect class="cell" x="%g" y="%g" width="%g" height="%g" fill-opacity="%.3f">%s</rect>`, x, y, h.Size, height, v, title)
			if text := h.Text(r, c); text != "" {
				class := "low"
				if v > 0.55 {
					class = "high"
				}
				fmt.Fprintf(&b, `<text class="value middle %s" x="%g" y="%g" dy=".35em">%s</text>`, class, x+h.Size/2, y+height/2, html.EscapeString(text))
			}
		}
	}
	fmt.Fprintf(&b, `<rect class="frame" x="%g" y="%g" width="%g" height="%g"/></svg>`,
		h.Labels, headings, h.Size*float64(len(h.Columns)), height*float64(len(h.Rows)))
	return template.HTML(b.String())
}

// WholePercent formats a fraction for an axis.
func WholePercent(x float64) string {
	return strconv.FormatFloat(math.Round(1000*x)/10, 'f', -1, 64) + " %"
}

// Short formats a number for an axis.
func Short(x float64) string {
	if a := math.Abs(x); a >= 1e6 {
		return Trimmed(x/1e6) + "M"
	} else if a >= 1e4 {
		return Trimmed(x/1e3) + "k"
	}
	return Trimmed(x)
}

// Trimmed formats a number with at most four digits.
func Trimmed(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
