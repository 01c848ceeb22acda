package main

import (
	"bytes"
	"fmt"
)

// The chart's measures, in pixels.
const (
	chartLeft  = 170 // names
	chartWidth = 600 // the longest bar, or the peak if that is longer
	chartRight = 50  // figures
	barHeight  = 7
	barGap     = 2
	rowGap     = 9
	panelGap   = 44
)

// chartStyle follows the reader's light or dark theme.
const chartStyle = `<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 14px } .end { text-anchor: end } .small { font-size: 10.5px }
.bar0 { fill: #0969da } .bar1 { fill: #9aa4af } .bar2 { fill: #c8ced5 } .peak { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 } .axis { stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .bar0 { fill: #4493f8 } .bar1 { fill: #6e7681 } .bar2 { fill: #484f58 } .peak { stroke: #ff7b72 } .axis { stroke: #30363d }
}
</style>
`

// chart draws a panel of horizontal bars for each kind of work that has a
// peak, GFLOP/s against the peak's line, as an SVG picture.
func (r *results) chart() []byte {
	longest := 1.0
	for _, f := range r.Figures {
		longest = max(longest, f.OfPeak)
	}
	scale := chartWidth / longest
	peak := int(chartLeft + scale)
	var body bytes.Buffer
	y, kind := 0, ""
	for _, race := range r.races() {
		if race[0].Kind == "step" {
			continue
		}
		if race[0].Kind != kind {
			kind = race[0].Kind
			y += panelGap
			r.panelHead(&body, y, race)
			y += 14
		}
		height := len(race)*(barHeight+barGap) - barGap
		fmt.Fprintf(&body, "<text class=\"end\" x=\"%d\" y=\"%d\">%s</text>\n", chartLeft-8, y+height/2+4, race[0].Case+" "+race[0].Pass)
		for i, f := range race {
			width := f.OfPeak * scale
			top := y + i*(barHeight+barGap)
			fmt.Fprintf(&body, "<rect class=\"bar%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", i, chartLeft, top, width, barHeight)
			fmt.Fprintf(&body, "<text class=\"small\" x=\"%.1f\" y=\"%d\">%.0f</text>\n", chartLeft+width+4, top+barHeight, f.GFLOPS)
		}
		bottom := y + height
		fmt.Fprintf(&body, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", chartLeft, chartLeft, y-rowGap/2, bottom+rowGap/2)
		fmt.Fprintf(&body, "<line class=\"peak\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", peak, peak, y-rowGap/2, bottom+rowGap/2)
		y = bottom + rowGap
	}
	width, height := chartLeft+chartWidth+chartRight, y+8
	var svg bytes.Buffer
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height)
	svg.WriteString(chartStyle)
	svg.Write(body.Bytes())
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// panelHead writes a panel's title, its legend and the name of the peak's line.
func (r *results) panelHead(body *bytes.Buffer, y int, race []figure) {
	title := map[string]string{"gemm": "Matrix products", "conv": "Convolutions"}[race[0].Kind]
	fmt.Fprintf(body, "<text class=\"title\" x=\"8\" y=\"%d\">%s, GFLOP/s</text>\n", y, title)
	for i, f := range race {
		x := chartLeft + 60 + 110*i
		fmt.Fprintf(body, "<rect class=\"bar%d\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/><text x=\"%d\" y=\"%d\">%s</text>\n", i, x, y-9, x+15, y, f.Implementation)
	}
	x := chartLeft + 60 + 110*len(race)
	fmt.Fprintf(body, "<line class=\"peak\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\">%s peak, %s: %.0f</text>\n",
		x, x, y-11, y+3, x+8, y, r.ISA, threads(r.Threads), r.Peak)
}
