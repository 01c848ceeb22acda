package main

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/internal/report/svg"
)

// chart draws a panel of horizontal bars for each kind of work that has a
// peak, GFLOP/s against the peak's line, as an SVG picture.
func (r *results) chart() []byte {
	titles := map[string]string{"gemm": "Matrix products, GFLOP/s", "conv": "Convolutions, GFLOP/s"}
	var panels []svg.BarPanel
	kind := ""
	for _, race := range r.races() {
		if race[0].Kind == "step" {
			continue
		}
		if race[0].Kind != kind {
			kind = race[0].Kind
			p := svg.BarPanel{Title: titles[kind], Limit: fmt.Sprintf("%s peak, %s: %.0f", r.ISA, threads(r.Threads), r.Peak)}
			for _, f := range race {
				p.Legend = append(p.Legend, f.Implementation)
			}
			panels = append(panels, p)
		}
		g := svg.BarGroup{Name: race[0].Case + " " + race[0].Pass}
		for _, f := range race {
			g.Bars = append(g.Bars, svg.Bar{Share: f.OfPeak, Text: fmt.Sprintf("%.0f", f.GFLOPS)})
		}
		p := &panels[len(panels)-1]
		p.Groups = append(p.Groups, g)
	}
	return svg.Bars(panels)
}
