package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An outcome is what an answer may be. The first of these that is set says what it is.
type outcome struct {
	missing  bool       // 404
	v        *version   // a file's version, as far as the request wants it
	mixed    []*version // while it is written over: any byte of any of them, and perhaps not all
	listing  *directory
	redirect bool   // 301, to the same with a slash
	failed   bool   // 502 or 403, of a script that is gone while it is looked at
	exact    []byte // 200 with this content
}

func (o outcome) String() string {
	switch {
	case o.missing:
		return "404"
	case o.v != nil:
		return o.v.String()
	case o.mixed != nil:
		return "what is being written over"
	case o.listing != nil:
		return "a listing"
	case o.redirect:
		return "a redirect"
	case o.failed:
		return "502 or 403"
	}
	return fmt.Sprintf("%d bytes", len(o.exact))
}

// An ask is a request, and what may come of it.
type ask struct {
	method string
	target string
	http10 bool
	closes bool // asks for the end of the connection
	expect bool // wants to be told to go on before it sends its body
	chunks bool // the body is chunked
	body   []byte
	ranges []byteRange
	when   condition

	id       int
	begin    moment // no byte that could bring an answer about was sent before
	possible func(a *answer) []outcome
}

// A condition is one of the fields that make a request conditional, and the version whose
// tag or time it names.
type condition struct {
	field string // "" for none
	tag   string // or, where there is none,
	date  time.Time
	of    *version // that the tag was sent with
}

// head gives the request up to its body.
func (k *ask) head() string {
	version := "HTTP/1.1"
	if k.http10 {
		version = "HTTP/1.0"
	}
	b := make([]byte, 0, 256)
	b = fmt.Appendf(b, "%s %s?id=%d %s\r\nHost: localhost\r\nUser-Agent: soak\r\n", k.method, k.target, k.id, version)
	if k.closes {
		b = append(b, "Connection: close\r\n"...)
	}
	if k.ranges != nil {
		b = fmt.Appendf(b, "Range: bytes=%s\r\n", rangeSet(k.ranges))
	}
	switch {
	case k.when.field == "":
	case k.when.tag != "":
		b = fmt.Appendf(b, "%s: %s\r\n", k.when.field, k.when.tag)
	default:
		b = fmt.Appendf(b, "%s: %s\r\n", k.when.field, formatDate(k.when.date))
	}
	if k.expect {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	switch {
	case k.chunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case k.body != nil:
		b = fmt.Appendf(b, "Content-Length: %d\r\n", len(k.body))
	}
	return string(append(b, "\r\n"...))
}

func (k *ask) String() string {
	text := fmt.Sprintf("%s %s?id=%d", k.method, k.target, k.id)
	if k.ranges != nil {
		text += " Range: " + rangeSet(k.ranges)
	}
	if k.when.field != "" {
		text += fmt.Sprintf(" %s: %s", k.when.field, k.when.tag)
		if k.when.tag == "" {
			text += formatDate(k.when.date)
		}
	}
	if k.body != nil {
		text += fmt.Sprintf(" with %d bytes, chunked: %v, expecting 100: %v", len(k.body), k.chunks, k.expect)
	}
	return text
}

const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

func formatDate(t time.Time) string { return t.UTC().Format(dateLayout) }

// statuses gives what a request may be answered with where a version is what it is for:
// more than one where nobody can tell (RFC 9110 §13.2.2).
func (k *ask) statuses(v *version) []int {
	ranged := []int{200}
	if k.ranges != nil && k.method == "GET" {
		ranged = []int{rangeStatus(k.ranges, v.size)}
	}
	same, weak := k.when.of == v, strings.HasPrefix(k.when.tag, "W/")
	second, known := v.second()
	either := func(yes bool, status int) []int { // while a time is not known, it may be both
		switch {
		case !known:
			return append(slices.Clone(ranged), status)
		case yes:
			return []int{status}
		}
		return ranged
	}
	switch k.when.field {
	case "If-None-Match":
		switch {
		case same && weak: // a file's tag is another one when it has come to rest
			return append(slices.Clone(ranged), 304)
		case same:
			return []int{304}
		}
	case "If-Match":
		if !same || weak {
			return []int{412}
		}
	case "If-Modified-Since":
		return either(!second.After(k.when.date), 304)
	case "If-Unmodified-Since":
		return either(second.After(k.when.date), 412)
	case "If-Range":
		switch {
		case k.when.tag != "" && same && !weak:
		case k.when.tag == "" && (!known || second.Equal(k.when.date)): // and whether it is at rest
			return append(slices.Clone(ranged), 200)
		default:
			return []int{200}
		}
	}
	return ranged
}

// rangeSet is what stands behind "bytes=".
func rangeSet(ranges []byteRange) string {
	var parts []string
	for _, r := range ranges {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, ",")
}

// A byteRange is one member of a Range: from first to last, from first on where last is
// negative, or the last ones where first is.
type byteRange struct{ first, last int }

func (r byteRange) String() string {
	switch {
	case r.first < 0:
		return "-" + strconv.Itoa(r.last)
	case r.last < 0:
		return strconv.Itoa(r.first) + "-"
	}
	return strconv.Itoa(r.first) + "-" + strconv.Itoa(r.last)
}

// of gives the bytes of size that a range stands for: none where it is not satisfiable.
func (r byteRange) of(size int) (from, to int) {
	switch {
	case r.first < 0:
		return max(0, size-r.last), size
	case r.first >= size:
		return 0, 0
	case r.last < 0:
		return r.first, size
	}
	return r.first, min(r.last+1, size)
}

// rangeStatus is what ranges of a representation are answered with.
func rangeStatus(ranges []byteRange, size int) int {
	for _, r := range ranges {
		if from, to := r.of(size); from < to {
			return 206
		}
	}
	if size == 0 && slices.ContainsFunc(ranges, func(r byteRange) bool { return r.first < 0 }) {
		return 200 // the last bytes of none
	}
	return 416
}

// wanted marks the bytes of size that ranges stand for, as runs that are apart.
func wanted(ranges []byteRange, size int) (runs [][2]int) {
	for _, r := range ranges {
		if from, to := r.of(size); from < to {
			runs = append(runs, [2]int{from, to})
		}
	}
	return joined(runs)
}

// joined sorts runs, and joins those that overlap or touch.
func joined(runs [][2]int) (apart [][2]int) {
	slices.SortFunc(runs, func(a, b [2]int) int { return a[0] - b[0] })
	for _, r := range runs {
		if n := len(apart); n > 0 && r[0] <= apart[n-1][1] {
			apart[n-1][1] = max(apart[n-1][1], r[1])
			continue
		}
		apart = append(apart, r)
	}
	return apart
}
