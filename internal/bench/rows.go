package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A row is a load: one request, sent again and again, and the one right answer.
type row struct {
	name     string // group/kind
	title    string
	request  string // as it is sent
	keep     bool   // a connection is used for many requests, not for one
	clients  int    // how many there are, each with one request at a time
	requests int    // in a shot: enough that a tick of /proc, 10 ms, is a small part of it
	want     answer

	// bars are what ours may cost at most, as a multiple of what a peer does.
	bars map[string]float64
}

// An answer is what a server has to say. How it is framed is its own business.
type answer struct {
	status      int
	contentType string
	content     string
}

// shotBound is how long a shot may take: what takes longer has gone wrong.
const shotBound = 60 * time.Second

// What curl sends, in both versions.
const (
	fields = "Host: localhost\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n"
	get11  = "GET %s HTTP/1.1\r\n" + fields
	get10  = "GET %s HTTP/1.0\r\n" + fields
)

var (
	hello   = answer{200, "text/plain", "hello\n"}
	cgiBars = map[string]float64{"nethttp": 1, "lighttpd": 1, "gospawn": 1.3}
)

var allRows = []*row{
	{
		name:    "cgi/keep-alive",
		title:   "CGI, a tiny C program, 4 clients that keep their connection",
		request: fmt.Sprintf(get11, scriptPath), keep: true,
		clients: 4, requests: 2000, want: hello, bars: cgiBars,
	},
	{
		name:    "cgi/close",
		title:   "CGI, a tiny C program, 4 clients with a connection for each request",
		request: fmt.Sprintf(get10, scriptPath),
		clients: 4, requests: 2000, want: hello, bars: cgiBars,
	},
	{
		name:    "cgi/one",
		title:   "CGI, a tiny C program, 1 client that keeps its connection",
		request: fmt.Sprintf(get11, scriptPath), keep: true,
		clients: 1, requests: 1500, want: hello, bars: cgiBars,
	},
}

// group is the part of a row's name that it has in common with others. A peer
// that can play a group can play all of its rows.
func (r *row) group() string {
	group, _, _ := strings.Cut(r.name, "/")
	return group
}

// chooseRows gives the rows by their names or their groups' names.
func chooseRows(names string) ([]*row, error) {
	var chosen []*row
	for name := range strings.SplitSeq(names, ",") {
		before := len(chosen)
		for _, r := range allRows {
			if (r.name == name || r.group() == name) && !slices.Contains(chosen, r) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("no row that is not chosen yet is called %q: -list lists them", name)
		}
	}
	return chosen, nil
}
