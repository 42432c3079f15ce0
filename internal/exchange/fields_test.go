package exchange

import (
	"slices"
	"strings"
	"testing"

	"example.com/httpserver/internal/http1"
)

// TestFields: requests come one after the other, and the fields of each are its
// own, whatever has come before.
func TestFields(t *testing.T) {
	x := new(Exchange)
	long := "X-Long: " + strings.Repeat("x", maxRepeated) + "\r\n\r\n"
	for at, tt := range []struct {
		name    string
		section string
		again   bool // it is known
		listed  bool // and so are its fields
	}{
		{"the first", "Host: a\r\nX: 1\r\n\r\n", false, false},
		{"the same", "Host: a\r\nX: 1\r\n\r\n", true, true},
		{"another byte", "Host: a\r\nX: 2\r\n\r\n", false, false},
		{"the same again", "Host: a\r\nX: 2\r\n\r\n", true, true},
		{"in other letters", "host: a\r\nX: 2\r\n\r\n", false, false},
		{"another line end", "host: a\nX: 2\r\n\r\n", false, false},
		{"fewer", "Host: a\r\n\r\n", false, false},
		{"more", "Host: a\r\nX: 1\r\nY: 2\r\nZ: 3\r\n\r\n", false, false},
		{"a length", "Host: a\r\nContent-Length: 5\r\n\r\n", false, false},
		{"a length again", "Host: a\r\nContent-Length: 5\r\n\r\n", true, true},
		{"chunks", "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n", false, false},
		{"chunks again", "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n", true, true},
		{"two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", false, false},
		{"two lengths again", "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", true, true},
		{"none", "\r\n", false, false},
		{"none again", "\r\n", true, true},
		{"a fault", "Host: a\r\nX : 1\r\n\r\n", false, false},
		{"the same fault", "Host: a\r\nX : 1\r\n\r\n", true, false},
		{"none after it", "Host: b\r\n\r\n", false, false},
		{"too long to be kept", long, false, false},
		{"and again", long, false, false},
		{"a short one", "Host: b\r\n\r\n", false, false},
		{"the same, for the last time", "Host: b\r\n\r\n", true, true},
	} {
		x.fields.release()
		input := tt.section + "GET / HTTP/1.1\r\nHost: next\r\n\r\n"
		section := x.fields.again([]byte(input))
		if (section != "") != tt.again || tt.again && section != tt.section {
			t.Errorf("%s: known as %q, want %v", tt.name, section, tt.again)
		}
		if part := x.fields.again([]byte(tt.section[:len(tt.section)-1])); part != "" {
			t.Errorf("%s: %q is known before its end", tt.name, part)
		}
		if section == "" {
			section = strings.Clone(tt.section)
			x.fields.keep("GET / HTTP/1.1\r\n"+section, section)
		}
		if listed := x.fields.of == section && section != ""; listed != tt.listed {
			t.Errorf("%s: fields are known: %v, want %v", tt.name, listed, tt.listed)
		}
		lines := []string{"GET / HTTP/1.1\r\n", "GET /a HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", "POST / HTTP/1.0\r\n", "GET / HTTP/1.1\r\n", "GET http://h/ HTTP/1.1\r\n", "CONNECT h:1 HTTP/1.1\r\n", "GET / HTTP/0.9\r\n", "OPTIONS * HTTP/1.1\r\n"}
		var first []http1.Field
		for _, when := range []string{"at first", "of the handler's own"} {
			got, fault := x.ParseFields(section)
			if when == "at first" {
				first = got
			}
			want, wantFault := http1.ParseFields(tt.section, nil)
			if !slices.Equal(got, want) || (fault == nil) != (wantFault == nil) || fault != nil && *fault != *wantFault {
				t.Errorf("%s, %s: %q, %v, want %q, %v", tt.name, when, got, fault, want, wantFault)
			}
			more := append(got[:len(got):len(got)], http1.Field{Name: "Content-Length", Value: "5"})
			for _, list := range [][]http1.Field{got, got[:len(got)/2], got, nil, got, more, got, want, got} {
				for i := range 2*len(lines) + 1 {
					line := lines[(i+at)%len(lines)] // another is the first in each row, and the last
					l, _ := x.ParseRequestLine(line)
					framing, fault := x.ReadFraming(list)
					want, wantFault := http1.ReadFraming(l, list)
					if *framing != want || (fault == nil) != (wantFault == nil) || fault != nil && *fault != *wantFault {
						t.Errorf("%s, %s: framing of %q, %q: %+v, %v, want %+v, %v", tt.name, when, line, list, *framing, fault, want, wantFault)
					}
				}
			}
		}
		x.ParseRequestLine("GET / HTTP/1.1\r\n")
		x.ReadFraming(first) // for the next row to find
		if other, _ := x.ParseFields("Other: x\r\n\r\n"); len(other) != 1 || other[0].Name != "Other" {
			t.Errorf("%s: another section gives %q", tt.name, other)
		}
	}
}

// TestFieldsRelease: what is not kept is let go of.
func TestFieldsRelease(t *testing.T) {
	for _, tt := range []struct{ name, first, second string }{
		{"a long section", "X-Long: " + strings.Repeat("x", maxRepeated) + "\r\n\r\n", ""},
		{"a fault", "A: b\r\nC: d\r\nE : f\r\n\r\n", ""},
		{"fewer fields", "A: b\r\nC: d\r\nE: f\r\n\r\n", "A: b\r\n\r\n"},
	} {
		x := new(Exchange)
		for _, section := range []string{tt.first, tt.second} {
			if section != "" {
				x.fields.release()
				x.fields.keep(section, section)
				x.ParseFields(section)
			}
		}
		kept := 0
		if x.fields.of != "" {
			kept = len(x.fields.list)
		}
		x.fields.release()
		for _, f := range x.fields.list[kept:cap(x.fields.list)] {
			if f != (http1.Field{}) {
				t.Errorf("%s: %q is kept", tt.name, f)
			}
		}
	}
}
