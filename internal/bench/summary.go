package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeSummary writes one table of all rows: what each peer has come to, and
// below it the first's figure as a multiple of that, the median of the rounds and
// the least and the most of them. Bars and whether they were met are in the last
// column.
func (rep *report) writeSummary(out io.Writer) {
	names := rep.players()
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### All rows\n\nMedian (least to most); below it %s ÷ peer, likewise.\n\n| row | %s | %s should be |\n|---|%s---|\n",
		names[0], strings.Join(names, " | "), names[0], strings.Repeat("---|", len(names)))
	for _, r := range rep.Rows {
		fmt.Fprintf(out, "| %s, %s |", r.Name, r.Unit)
		for _, name := range names {
			fmt.Fprintf(out, " %s |", r.cell(name))
		}
		fmt.Fprintf(out, " %s |\n", strings.Join(r.verdicts(), "; "))
	}
}

// players gives the peers that play at least one row, in their order.
func (rep *report) players() []string {
	var names []string
	for _, p := range rep.Peers {
		if slices.ContainsFunc(rep.Rows, func(r *rowReport) bool { return r.line(p.Name) != nil }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// line gives a peer's line, or nil.
func (rep *rowReport) line(peer string) *line {
	i := slices.IndexFunc(rep.Lines, func(l *line) bool { return l.Peer == peer })
	if i < 0 {
		return nil
	}
	return rep.Lines[i]
}

// cell is what stands for a peer in the summary.
func (rep *rowReport) cell(peer string) string {
	l := rep.line(peer)
	if l == nil {
		return ""
	}
	if l.Void != "" {
		return "void"
	}
	text := l.Figure.text(rep.measure.digits)
	if l.Ratio != (spread{}) {
		text += "<br>" + l.Ratio.text(2)
	}
	return text
}

// verdicts gives all bars of a row.
func (rep *rowReport) verdicts() []string {
	var all []string
	for _, l := range rep.Lines {
		for _, v := range l.verdicts() {
			all = append(all, v.subject+" "+v.text)
		}
	}
	return all
}
