package svg

import (
	"bytes"
	"fmt"
	"html"
)

// BarPanel is groups of horizontal bars under a title, against a limit.
type BarPanel struct {
	Title  string
	Legend []string // of the bars of each group
	Limit  string   // name of the line at share 1
	Groups []BarGroup
}

// BarGroup is bars side by side under one name.
type BarGroup struct {
	Name string
	Bars []Bar
}

// Bar is one bar.
type Bar struct {
	Share float64 // of the limit
	Text  string  // at its end
}

// The measures of a picture of bars, in pixels.
const (
	barLeft   = 170 // names
	barWidth  = 600 // the longest bar, or the limit if that is longer
	barRight  = 50  // figures
	barHeight = 7
	barGap    = 2
	groupGap  = 9
	panelGap  = 44
)

// barStyle follows the reader's light or dark theme.
const barStyle = `<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 14px } .end { text-anchor: end } .small { font-size: 10.5px }
.bar0 { fill: #0969da } .bar1 { fill: #9aa4af } .bar2 { fill: #c8ced5 } .bar3 { fill: #54aeff } .peak { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 } .axis { stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .bar0 { fill: #4493f8 } .bar1 { fill: #6e7681 } .bar2 { fill: #484f58 } .bar3 { fill: #1158c7 } .peak { stroke: #ff7b72 } .axis { stroke: #30363d }
}
</style>
`

// Bars draws panels of bars as a picture of its own, style sheet included.
func Bars(panels []BarPanel) []byte {
	longest := 1.0
	for _, p := range panels {
		for _, g := range p.Groups {
			for _, b := range g.Bars {
				longest = max(longest, b.Share)
			}
		}
	}
	scale := barWidth / longest
	var body bytes.Buffer
	y := 0
	for _, p := range panels {
		y += panelGap
		p.head(&body, y)
		y += 14
		for _, g := range p.Groups {
			y = g.draw(&body, y, scale)
		}
	}
	width, height := barLeft+barWidth+barRight, y+8
	var svg bytes.Buffer
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height)
	svg.WriteString(barStyle)
	svg.Write(body.Bytes())
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// head writes a panel's title, its legend and the name of its limit.
func (p *BarPanel) head(body *bytes.Buffer, y int) {
	fmt.Fprintf(body, "<text class=\"title\" x=\"8\" y=\"%d\">%s</text>\n", y, html.EscapeString(p.Title))
	for i, name := range p.Legend {
		x := barLeft + 60 + 110*i
		fmt.Fprintf(body, "<rect class=\"bar%d\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
			i, x, y-9, x+15, y, html.EscapeString(name))
	}
	x := barLeft + 60 + 110*len(p.Legend)
	fmt.Fprintf(body, "<line class=\"peak\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
		x, x, y-11, y+3, x+8, y, html.EscapeString(p.Limit))
}

// draw writes a group whose top is y, and returns the top of the next.
func (g *BarGroup) draw(body *bytes.Buffer, y int, scale float64) int {
	limit := int(barLeft + scale)
	height := len(g.Bars)*(barHeight+barGap) - barGap
	fmt.Fprintf(body, "<text class=\"end\" x=\"%d\" y=\"%d\">%s</text>\n", barLeft-8, y+height/2+4, html.EscapeString(g.Name))
	for i, b := range g.Bars {
		width := b.Share * scale
		top := y + i*(barHeight+barGap)
		fmt.Fprintf(body, "<rect class=\"bar%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", i, barLeft, top, width, barHeight)
		fmt.Fprintf(body, "<text class=\"small\" x=\"%.1f\" y=\"%d\">%s</text>\n", barLeft+width+4, top+barHeight, html.EscapeString(b.Text))
	}
	bottom := y + height
	fmt.Fprintf(body, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", barLeft, barLeft, y-groupGap/2, bottom+groupGap/2)
	fmt.Fprintf(body, "<line class=\"peak\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", limit, limit, y-groupGap/2, bottom+groupGap/2)
	return bottom + groupGap
}
