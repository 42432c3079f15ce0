package exchange

import (
	"strings"

	"example.com/httpserver/internal/http1"
)

// fields are those of a request, and the memory for them. Clients repeat
// themselves: of one request after the other that comes on a connection the field
// sections are mostly the same. So a section is kept with its fields, if it is
// small, and when the same bytes come again they are neither copied nor parsed.
type fields struct {
	list    []http1.Field
	of      string // the section that list was made of, where it is to be kept
	section string // the section that may come again
	taken   bool   // list is this request's

	framing http1.Framing // what list says of it
	minor   int           // to a client of HTTP/1.minor, whose target is a path; -1: nothing yet
}

// maxRepeated bounds the head that is kept from one request to the next.
const maxRepeated = 1024

// release lets go of the last request's fields, unless they may come again.
func (f *fields) release() {
	f.taken = false
	if f.of == "" {
		clear(f.list)
		f.framing, f.minor = http1.Framing{}, -1
	}
}

// keep notes a section that has come, as the end of head, which is of one piece
// with it.
func (f *fields) keep(head, section string) {
	f.section = ""
	if len(head) <= maxRepeated {
		f.section = section
	}
}

// again gives the section that b begins with, where it is the one that came last,
// or "". No section is the beginning of another, since an empty line ends it.
func (f *fields) again(b []byte) string {
	n := len(f.section)
	if n == 0 || len(b) < n || string(b[:n]) != f.section {
		return ""
	}
	return f.section
}

// ParseFields parses the field section of a request, or another for the handler.
// The first time for a request, the fields are good until the next one.
func (x *Exchange) ParseFields(section string) ([]http1.Field, *http1.Error) {
	f := &x.fields
	if f.taken {
		return http1.ParseFields(section, nil)
	}
	f.taken = true
	if f.of != "" && f.of == section {
		return f.list, nil
	}
	list, fault := http1.ParseFields(section, f.list[:0])
	if more := len(f.list) - len(list); more > 0 {
		clear(f.list[len(list):]) // what the last one had more
	}
	f.list, f.of, f.minor = list, "", -1
	if fault == nil && section == f.section {
		f.of = section
	}
	return list, fault
}

// ReadFraming reads the framing of the request, whose line was parsed, from its
// fields. What it gives is good until the next request.
func (x *Exchange) ReadFraming(list []http1.Field) (*http1.Framing, *http1.Error) {
	f, l := &x.fields, &x.line
	isPath := l.Major == 1 && strings.HasPrefix(l.Target, "/") && l.Method != "CONNECT"
	isSame := len(list) > 0 && len(list) == len(f.list) && &list[0] == &f.list[0]
	if isSame && isPath && f.minor == l.Minor {
		return &f.framing, nil
	}
	framing, fault := http1.ReadFraming(l, list)
	f.framing, f.minor = framing, -1
	if fault == nil && isSame && isPath {
		f.minor = l.Minor
	}
	return &f.framing, fault
}
