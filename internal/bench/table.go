package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// A report is a run, as -json writes it.
type report struct {
	Machine string       `json:"machine"`
	Network string       `json:"network"`
	Peers   []peerReport `json:"peers"`
	Rows    []*rowReport `json:"rows"`
}

type peerReport struct {
	Name    string `json:"name"`
	About   string `json:"about"`
	Version string `json:"version,omitempty"`
}

// A rowReport is a row with its peers, in the order of the command line.
type rowReport struct {
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Unit    string  `json:"unit"`
	Clients int     `json:"clients"`
	Rounds  int     `json:"rounds"`
	Axis    string  `json:"axis,omitempty"` // what grows from row to row
	X       float64 `json:"x,omitempty"`    // and how much of it this one has
	Lines   []*line `json:"peers"`

	measure *measure
}

// A line is what came of a peer in a row.
type line struct {
	Peer string `json:"peer"`
	Void string `json:"void,omitempty"` // why there are no figures

	Figure spread `json:"figure"` // in the row's unit; of processor time, for a request
	Rate   spread `json:"requests_per_second"`

	// The first peer's figure as a multiple of this one's, round by round. Of
	// figures, less than 1 says that the first is cheaper; of rates, more than 1
	// that it is faster.
	Ratio     spread  `json:"ratio"`
	RateRatio spread  `json:"rate_ratio"`
	Bar       float64 `json:"bar,omitempty"` // what Ratio should not be above

	// What this peer's figure is more than that of the peer that it is with
	// something more, round by round.
	Base    string  `json:"base,omitempty"`
	More    spread  `json:"more"`
	MoreBar float64 `json:"more_bar,omitempty"` // what More should not be above

	Limit float64            `json:"limit,omitempty"`        // what Figure should not be above
	Calls map[string]float64 `json:"system_calls,omitempty"` // for a request

	Shots []shot `json:"shots"`
}

// A spread is what several rounds came to.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spreadOf sums up values: no values, no spread.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// ratios divides values of the same round. Where a divisor is 0, which is a shot
// too short to measure, there is none.
func ratios(above, below []float64) []float64 {
	var all []float64
	for i := range min(len(above), len(below)) {
		if below[i] != 0 {
			all = append(all, above[i]/below[i])
		}
	}
	return all
}

// each applies f to all shots.
func each(shots []shot, f func(shot) float64) []float64 {
	var all []float64
	for _, s := range shots {
		all = append(all, f(s))
	}
	return all
}

// newRowReport sums up what was seen. A peer that was void once is void.
func newRowReport(r *row, f field, shots [][]shot, voids []error) *rowReport {
	rep := &rowReport{Name: r.name, Title: r.title, Unit: r.measures().unit, Clients: r.clients, Axis: r.axis, X: r.x, measure: r.measures()}
	for i, c := range f {
		l := &line{Peer: c.name}
		rep.Lines = append(rep.Lines, l)
		if voids[i] != nil {
			l.Void = voids[i].Error()
			continue
		}
		rep.Rounds = len(shots[i])
		l.sumUp(r, shots[i])
		if i > 0 && voids[0] == nil {
			l.compare(r, f[0].name, shots[0])
		}
		b := slices.IndexFunc(f, func(other *contestant) bool { return other.name == c.base })
		if b >= 0 && voids[b] == nil && len(r.more) > 0 {
			l.Base, l.MoreBar = c.base, r.more[c.name]
			l.More = spreadOf(differences(each(shots[i], r.measures().of), each(shots[b], r.measures().of)))
		}
	}
	return rep
}

// sumUp is for a peer's own shots.
func (l *line) sumUp(r *row, shots []shot) {
	l.Shots = shots
	l.Figure = spreadOf(each(shots, r.measures().of))
	if r.measures() == processorTime {
		l.Rate = spreadOf(each(shots, shot.rate))
	}
	if strings.HasPrefix(l.Peer, "ours") {
		l.Limit = r.limit
	}
}

// compare is for what the first peer has come to.
func (l *line) compare(r *row, first string, shots []shot) {
	l.Ratio = spreadOf(ratios(each(shots, r.measures().of), each(l.Shots, r.measures().of)))
	if r.measures() == processorTime {
		l.RateRatio = spreadOf(ratios(each(shots, shot.rate), each(l.Shots, shot.rate)))
	}
	if first == "ours" {
		l.Bar = r.bars[l.Peer]
	}
}

// differences subtracts values of the same round.
func differences(values, from []float64) []float64 {
	var all []float64
	for i := range min(len(values), len(from)) {
		all = append(all, values[i]-from[i])
	}
	return all
}

// void is an error if anything was.
func (rep *report) void() error {
	var failures []error
	for _, r := range rep.Rows {
		for _, l := range r.Lines {
			if l.Void != "" {
				failures = append(failures, fmt.Errorf("%s: %s: %s", r.Name, l.Peer, l.Void))
			}
		}
	}
	return errors.Join(failures...)
}

// describeMachine says where a run took place.
func describeMachine() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d cores, %s %s, %s %s", runtime.NumCPU(), runtime.GOOS,
		cmp.Or(strings.TrimSpace(string(release)), "?"), runtime.Version(), runtime.GOARCH)
}

// writeHead writes what the tables have in common.
func (rep *report) writeHead(out io.Writer) {
	fmt.Fprintf(out, "%s; %s.\n\n", rep.Machine, rep.Network)
	for _, p := range rep.Peers {
		text := p.About
		if p.Version != "" {
			text += " (" + p.Version + ")"
		}
		fmt.Fprintf(out, "- %s: %s\n", p.Name, text)
	}
}

// writeTable writes a row: a table with a line for each peer.
func (rep *rowReport) writeTable(out io.Writer) {
	first := rep.Lines[0].Peer
	fmt.Fprintf(out, "\n### %s: %s\n\n%d rounds; median (least to most).\n\n", rep.Name, rep.Title, rep.Rounds)
	fmt.Fprintf(out, "| peer | %s | %s ÷ peer | should be | requests a second | %s ÷ peer |\n|---|---|---|---|---|---|\n",
		rep.measure.column, first, first)
	for _, l := range rep.Lines {
		if l.Void != "" {
			text, _, _ := strings.Cut(l.Void, "\n")
			fmt.Fprintf(out, "| %s | void: %s | | | | |\n", l.Peer, strings.ReplaceAll(text, "|", `\|`))
			continue
		}
		var bars []string
		for _, v := range l.verdicts() {
			bars = append(bars, v.text)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n", l.Peer,
			l.Figure.text(rep.measure.digits), l.Ratio.text(2), strings.Join(bars, "; "), l.Rate.text(0), l.RateRatio.text(2))
	}
	for _, l := range rep.Lines {
		if l.Base != "" && l.Void == "" {
			fmt.Fprintf(out, "\n%s is %s %s more than %s.\n", l.Peer, l.More.text(2), rep.Unit, l.Base)
		}
	}
}

// text writes a spread, or nothing where there is none.
func (s spread) text(digits int) string {
	if s == (spread{}) {
		return ""
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Min, digits, s.Max)
}

// A verdict is a bar and whether it was met.
type verdict struct {
	subject string // what the bar is for
	text    string
}

// verdicts say what a peer's bars are.
func (l *line) verdicts() (all []verdict) {
	if l.Limit != 0 {
		all = append(all, verdict{l.Peer, met(fmt.Sprintf("≤ %.0f", l.Limit), l.Figure.Median <= l.Limit)})
	}
	if l.Bar != 0 && l.Ratio != (spread{}) {
		all = append(all, verdict{"÷ " + l.Peer, met(fmt.Sprintf("≤ %.2f", l.Bar), l.Ratio.Median <= l.Bar)})
	}
	if l.MoreBar != 0 {
		all = append(all, verdict{l.Peer, met(fmt.Sprintf("≤ %.2f more than %s", l.MoreBar, l.Base), l.More.Median <= l.MoreBar)})
	}
	return all
}

func met(bar string, ok bool) string {
	if ok {
		return bar + ": met"
	}
	return bar + ": missed"
}
