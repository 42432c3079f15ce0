package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A row is a load: one request, sent again and again, and the one right answer.
type row struct {
	name        string // group/kind
	title       string
	application string // what a server has to be: one of child's
	request     string // as it is sent, but for what makes it conditional
	keep        bool   // a connection is used for many requests, not for one
	conditional bool   // ask with what the server's first answer gave to ask with
	pipeline    int    // how many requests are sent at once; if zero, one
	clients     int    // how many connections there are at once
	requests    int    // in a shot: enough that it takes about a second. If zero, as many as a second gives
	times       int    // how many times longer than others a shot is that counts no requests; if zero, no longer
	load        loader
	want        answer
	measure     *measure // what is measured; if nil, processor time

	// What has to be there to be asked for, and is the content that is wanted.
	size    int // a file of so many bytes
	part    span
	entries int // a directory of so many files

	// procs is how many processors a server is to use. If zero, all.
	procs int
	// x is where the row stands among those of its kind that show how a cost
	// grows, and axis is what it is in, if it does.
	x    float64
	axis string

	// bars are what ours may cost at most, as a multiple of what a peer does.
	bars map[string]float64
	// limit is what ours may come to at most, in the unit of the measure.
	limit float64
	// more is what peers may come to at most beyond what their base does, in the
	// unit of the measure.
	more map[string]float64
}

// A span is a part of a file: none, if it has no end.
type span struct{ from, to int }

// An answer is what a server has to say. How it is framed is its own business.
type answer struct {
	status      int
	contentType string // without parameters
	content     string
}

// shotBound is how long a shot may take: what takes longer has gone wrong.
const shotBound = 60 * time.Second

// atOnce is how many requests are sent at once.
func (r *row) atOnce() int { return max(1, r.pipeline) }

// group is the part of a row's name that it has in common with others.
func (r *row) group() string {
	group, _, _ := strings.Cut(r.name, "/")
	return group
}

// quick is a selection that takes a few minutes.
const quick = "hello/keep-alive,hello/pipelined,hello/close,post/1k,file/1k,file/16k"

// called says whether a name is that of a row, or of several and it is among them.
func (r *row) called(name string) bool {
	switch name {
	case r.name, r.group():
		return true
	case "all":
		return r.axis == ""
	}
	return r.axis != "" && name == r.group()+"/"+r.axis
}

// chooseRows gives the rows by their names, their groups' or their axes'. All
// but those that grow are "all".
func chooseRows(names string) ([]*row, error) {
	var chosen []*row
	for name := range strings.SplitSeq(names, ",") {
		before := len(chosen)
		for _, r := range allRows {
			if r.called(name) && !slices.Contains(chosen, r) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("no row that is not chosen yet is called %q: -list lists them", name)
		}
	}
	return chosen, nil
}
