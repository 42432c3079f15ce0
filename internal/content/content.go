// Package content decides what of a representation a request is to get: all of
// it, parts of it, or nothing because the client has it or asked for another
// version (RFC 9110 §8.8, §13, §14). It reads field values and writes the
// content of a multipart answer; it sends nothing.
package content

import (
	"time"

	"example.com/httpserver/internal/http1"
)

// A Request is what a request says of the content it wants. The zero value is a
// request that says nothing.
type Request struct {
	match, noneMatch               field // If-Match, If-None-Match
	modifiedSince, unmodifiedSince field // If-Modified-Since, If-Unmodified-Since
	ifRange, ranges                field // If-Range, Range
	conditional                    bool  // one of them is there
}

// A field is the lines of one field, of which there is rarely more than one.
type field struct {
	present bool
	value   string // of the first line
	more    []string
}

// only gives the value of a field that has one line. A field that is no list
// and has several is not valid (RFC 9110 §5.3).
func (f *field) only() (value string, ok bool) {
	return f.value, f.present && f.more == nil
}

// A Version is the selected representation (RFC 9110 §3.2) as it is now.
type Version struct {
	ETag     string    // as sent, with its quotes and its W/; "" for none
	Modified time.Time // zero if unknown
	Settled  bool      // the second of Modified is over
	Size     int64     // in bytes
	Seekable bool      // parts of it can be served
}

// Note takes one field line and keeps what concerns the content. It is to get
// every line of a request, in their order.
func (r *Request) Note(name, value string) {
	f := r.field(name)
	if f == nil {
		return
	}
	value = http1.TrimOWS(value)
	if f.present {
		f.more = append(f.more, value)
		return
	}
	f.present, f.value, r.conditional = true, value, true
}

// field gives the place for a field, or nil for one of no concern.
func (r *Request) field(name string) *field {
	switch len(name) {
	case len("Range"):
		if http1.EqualName(name, "Range") {
			return &r.ranges
		}
	case len("If-Match"): // and If-Range
		switch {
		case http1.EqualName(name, "If-Match"):
			return &r.match
		case http1.EqualName(name, "If-Range"):
			return &r.ifRange
		}
	case len("If-None-Match"):
		if http1.EqualName(name, "If-None-Match") {
			return &r.noneMatch
		}
	case len("If-Modified-Since"):
		if http1.EqualName(name, "If-Modified-Since") {
			return &r.modifiedSince
		}
	case len("If-Unmodified-Since"):
		if http1.EqualName(name, "If-Unmodified-Since") {
			return &r.unmodifiedSince
		}
	}
	return nil
}

// Evaluate says how to answer a request that would get a 200 if it had no
// conditions: with 200, 206, 304, 412 or 416, in the order of RFC 9110 §13.2.2.
// A 206 has ranges, at least one, which are apart from each other and in the
// order in which they were first asked for; one is sent by itself, more as a
// [Multipart].
func (r *Request) Evaluate(method string, v *Version) (status int, ranges []Range) {
	if !r.conditional {
		return 200, nil
	}
	reads := method == "GET" || method == "HEAD"
	switch method {
	case "CONNECT", "OPTIONS", "TRACE": // they select no representation (RFC 9110 §13.2.1)
		return 200, nil
	}
	switch {
	case r.match.present:
		if !r.match.names(v.ETag, equalStrongly) {
			return 412, nil
		}
	case r.modifiedAfter(v):
		return 412, nil
	}
	switch {
	case r.noneMatch.present:
		if r.noneMatch.names(v.ETag, equalWeakly) {
			if reads {
				return 304, nil
			}
			return 412, nil
		}
	case reads && r.notModified(v):
		return 304, nil
	}
	if method != "GET" || !v.Seekable || !r.sameVersion(v) {
		return 200, nil
	}
	if value, ok := r.ranges.only(); ok {
		return selectRanges(value, v.Size)
	}
	return 200, nil
}
