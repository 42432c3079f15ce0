package wiretest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Row is a request that two servers answer differently, in their own words.
type Row struct {
	Reason   string   // the heading that the row stands under
	Request  string   // as Unquote takes it
	Protocol []string // what the servers were told to speak: "1.0", "1.1"
	Version  []string // of CPython
	Theirs   string
	Ours     string
}

// All says in a table that a row is for every protocol, or every version of CPython.
const All = "all"

// columns are the header of a table's rows.
const columns = "| Request | `-p` | CPython | http.server | httpserver |\n|---|---|---|---|---|\n"

// ParseRows reads the rows of every table in a Markdown text that has these columns. protocols and versions are what
// "all" stands for.
func ParseRows(text string, protocols, versions []string) ([]Row, error) {
	var rows []Row
	reason, inTable := "", false
	for line := range strings.Lines(text) {
		title, isHeading := strings.CutPrefix(line, "#### ")
		switch {
		case isHeading:
			reason = strings.TrimSpace(title)
		case strings.HasPrefix(columns, line):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "|---"):
			cells := strings.Split(strings.TrimSpace(line), " | ")
			if len(cells) != 5 {
				return nil, fmt.Errorf("a row of %d cells: %s", len(cells), line)
			}
			rows = append(rows, Row{
				Reason:   reason,
				Request:  strings.Trim(cells[0], "|` "),
				Protocol: parseList(cells[1], protocols),
				Version:  parseList(cells[2], versions),
				Theirs:   cells[3],
				Ours:     strings.TrimSuffix(cells[4], " |"),
			})
		}
	}
	return rows, nil
}

func parseList(cell string, all []string) []string {
	if cell == All {
		return all
	}
	return strings.Split(cell, ", ")
}

// Format gives the row as a line of its table.
func (r Row) Format(protocols, versions []string) string {
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n",
		r.Request, formatList(r.Protocol, protocols), formatList(r.Version, versions), r.Theirs, r.Ours)
}

func formatList(list, all []string) string {
	if slices.Equal(list, all) {
		return All
	}
	return strings.Join(list, ", ")
}

// FormatRows gives a table with its header, the rows in order.
func FormatRows(rows []Row, protocols, versions []string) string {
	var b strings.Builder
	b.WriteString(columns)
	for _, row := range rows {
		b.WriteString(row.Format(protocols, versions))
	}
	return b.String()
}

// Merge joins rows that say the same of one request under several protocols and versions, and sorts them by request
// in the order of requests.
func Merge(rows []Row, requests []string) (merged []Row) {
	type key struct{ request, theirs, ours string }
	places := map[key]map[string][]string{} // the protocols of each version
	var keys []key
	reasons := map[string]string{}
	for _, r := range rows {
		k := key{r.Request, r.Theirs, r.Ours}
		if places[k] == nil {
			places[k] = map[string][]string{}
			keys = append(keys, k)
		}
		reasons[r.Request] = cmp.Or(reasons[r.Request], r.Reason)
		for _, v := range r.Version {
			places[k][v] = appendNew(places[k][v], r.Protocol)
		}
	}
	for _, k := range keys {
		byProtocols := map[string][]string{}
		for v, p := range places[k] {
			slices.Sort(p)
			byProtocols[strings.Join(p, ", ")] = append(byProtocols[strings.Join(p, ", ")], v)
		}
		for p, v := range byProtocols {
			slices.SortFunc(v, compareVersions)
			merged = append(merged, Row{reasons[k.request], k.request, strings.Split(p, ", "), v, k.theirs, k.ours})
		}
	}
	order := map[string]int{}
	for i, r := range requests {
		order[r] = i
	}
	slices.SortFunc(merged, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order[a.Request], order[b.Request]),
			slices.Compare(a.Protocol, b.Protocol), slices.CompareFunc(a.Version, b.Version, compareVersions))
	})
	return merged
}

func appendNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// compareVersions orders "3.9.1" before "3.11.7".
func compareVersions(a, b string) int {
	p, q := strings.Split(a, "."), strings.Split(b, ".")
	return slices.CompareFunc(p, q, func(m, n string) int {
		return cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n))
	})
}
