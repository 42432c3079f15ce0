package main

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The plot is panels, side by side: one with bars for each row, and one with
// lines for each axis along which rows grow.
const (
	panelWidth   = 320
	panelColumns = 3
	panelGap     = 24
	barHeight    = 15
	nameWidth    = 108 // where bars begin
	barWidth     = 140 // how long the longest is
	lineHeight   = 190 // of a panel with lines, without its title and legend
	titleHeight  = 24
)

// plotStyle is legible on light and on dark ground, which is the page's. The
// colours of peers are in their order.
const plotStyle = `text { font: 11px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 } .small { font-size: 10px; fill: #57606a }
.bar { fill: #8ba5c4 } .first { fill: #d9730d } .range { stroke: #24292f } .grid { stroke: #d0d7de }
.curve { fill: none; stroke-width: 1.8 }
.c0 { stroke: #d9730d } .c1 { stroke: #2f6fb5 } .c2 { stroke: #2d8a5f } .c3 { stroke: #8256c7 } .c4 { stroke: #b8407a }
.c5 { stroke: #8a7a1f } .c6 { stroke: #4b9aa8 } .c7 { stroke: #777 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 } .bar { fill: #4f6b8f } .range { stroke: #e6edf3 } .grid { stroke: #3d444d }
.c1 { stroke: #6aa5e8 } .c2 { stroke: #56c08e } .c3 { stroke: #b08cf0 } .c4 { stroke: #ec7fb0 } .c5 { stroke: #cdbb52 } .c6 { stroke: #7cc7d4 } .c7 { stroke: #aaa }
}
`

// colours is how many of them plotStyle has.
const colours = 8

// A panel is a part of the plot, drawn from its upper left corner.
type panel struct {
	height int
	body   string
}

// plot draws everything as SVG.
func (rep *report) plot() string {
	var panels []panel
	var growing []*rowReport
	for _, r := range rep.Rows {
		if r.Axis == "" {
			panels = append(panels, r.bars())
		} else {
			growing = append(growing, r)
		}
	}
	for len(growing) > 0 {
		n := 1
		for n < len(growing) && growing[n].Axis == growing[0].Axis {
			n++
		}
		panels = append(panels, curves(growing[:n], rep.players()))
		growing = growing[n:]
	}
	return arrange(panels)
}

// arrange puts panels side by side and below each other.
func arrange(panels []panel) string {
	var body strings.Builder
	top := panelGap / 2
	for row := range slices.Chunk(panels, panelColumns) {
		height := 0
		for i, p := range row {
			fmt.Fprintf(&body, "<g transform=\"translate(%d %d)\">\n%s</g>\n", panelGap/2+i*(panelWidth+panelGap), top, p.body)
			height = max(height, p.height)
		}
		top += height + panelGap
	}
	width := panelColumns * (panelWidth + panelGap)
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n<style>\n%s</style>\n%s</svg>\n",
		width, top, width, top, plotStyle, body.String())
}

func label(out *strings.Builder, class string, x, y float64, anchor, text string) {
	fmt.Fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", class, x, y, anchor, html.EscapeString(text))
}

// played gives the lines that have figures.
func (rep *rowReport) played() []*line {
	return slices.DeleteFunc(slices.Clone(rep.Lines), func(l *line) bool { return l.Void != "" })
}

// bars draws a row: a bar for each peer, the least first. What is more than four
// times the first peer's does not fit.
func (rep *rowReport) bars() panel {
	var body strings.Builder
	label(&body, "title", 0, 13, "start", rep.Name+", "+rep.Unit)
	lines := rep.played()
	if len(lines) == 0 {
		return panel{titleHeight, body.String()}
	}
	first := lines[0]
	longest := 0.0
	for _, l := range lines {
		if l.Figure.Median <= 4*first.Figure.Median {
			longest = max(longest, l.Figure.Max)
		}
	}
	slices.SortStableFunc(lines, func(a, b *line) int { return cmp.Compare(a.Figure.Median, b.Figure.Median) })
	for i, l := range lines {
		y := float64(titleHeight + i*barHeight)
		scaled := func(v float64) float64 { return min(v/longest, 1.06) * barWidth }
		class := "bar"
		if l == first {
			class = "first"
		}
		label(&body, "", nameWidth-6, y+10.5, "end", l.Peer)
		fmt.Fprintf(&body, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>\n",
			class, nameWidth, y+1, scaled(l.Figure.Median), barHeight-3)
		if l.Figure.Median <= longest {
			fmt.Fprintf(&body, "<path class=\"range\" d=\"M%.1f %.1fH%.1f\"/>\n",
				nameWidth+scaled(l.Figure.Min), y+barHeight/2, nameWidth+scaled(l.Figure.Max))
		}
		number := fmt.Sprintf("%.*f", rep.measure.digits, l.Figure.Median)
		if l.Figure.Median > longest {
			number = "… " + number
		}
		label(&body, "small", nameWidth+scaled(max(l.Figure.Median, l.Figure.Max))+5, y+10.5, "start", number)
	}
	return panel{titleHeight + len(lines)*barHeight, body.String()}
}

// A scale maps values to pixels, so that a factor has the same length everywhere.
type scale struct{ from, to, at, length float64 }

func (s scale) of(v float64) float64 {
	return s.at + s.length*math.Log(v/s.from)/math.Log(s.to/s.from)
}

// ticks are the powers of ten in it; where they are few, twice and five times
// those too.
func (s scale) ticks() (all []float64) {
	steps := []float64{1}
	if s.to < 30*s.from {
		steps = []float64{1, 2, 5}
	}
	for power := math.Pow(10, math.Floor(math.Log10(s.from))); power <= s.to; power *= 10 {
		for _, step := range steps {
			if v := power * step; v >= s.from && v <= s.to {
				all = append(all, v)
			}
		}
	}
	return all
}

// short writes a number as 1k, 10M.
func short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size {
			return fmt.Sprintf("%.3g%s", v/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g", v)
}

// curves draws the rows of an axis: a line for each peer, whose colour is its own
// among all.
func curves(rows []*rowReport, all []string) panel {
	var body strings.Builder
	label(&body, "title", 0, 13, "start", rows[0].Unit+" by "+rows[0].Axis)
	least, most := math.Inf(1), 0.0
	for _, r := range rows {
		for _, l := range r.played() {
			least, most = min(least, l.Figure.Median), max(most, l.Figure.Median)
		}
	}
	if most == 0 {
		return panel{titleHeight, body.String()}
	}
	x := scale{rows[0].X, max(rows[len(rows)-1].X, rows[0].X*2), 40, panelWidth - 60}
	y := scale{least / 1.3, most * 1.3, titleHeight + lineHeight - 20, -(lineHeight - 26)}
	grid(&body, x, y, rows)
	for i, l := range rows[0].Lines {
		colour := fmt.Sprintf("c%d", max(0, slices.Index(all, l.Peer))%colours)
		var path strings.Builder
		for _, r := range rows {
			if l := r.line(l.Peer); l != nil && l.Void == "" {
				fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(path.Len(), 1)], x.of(r.X), y.of(l.Figure.Median))
			}
		}
		fmt.Fprintf(&body, "<path class=\"curve %s\" d=\"%s\"/>\n", colour, path.String())
		left, base := float64(i%4*80), float64(titleHeight+lineHeight+10+i/4*14)
		fmt.Fprintf(&body, "<path class=\"curve %s\" d=\"M%.1f %.1fh14\"/>\n", colour, left, base-4)
		label(&body, "", left+18, base, "start", l.Peer)
	}
	return panel{titleHeight + lineHeight + 14*(1+len(rows[0].Lines)/4), body.String()}
}

// grid draws lines and numbers behind curves.
func grid(body *strings.Builder, x, y scale, rows []*rowReport) {
	for _, v := range y.ticks() {
		fmt.Fprintf(body, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", x.at, y.of(v), x.at+x.length)
		label(body, "small", x.at-4, y.of(v)+3, "end", short(v))
	}
	for _, r := range rows {
		fmt.Fprintf(body, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", x.of(r.X), y.at, y.at+y.length)
		label(body, "small", x.of(r.X), y.at+12, "middle", short(r.X))
	}
}
