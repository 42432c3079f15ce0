package answer

import (
	"fmt"
	"strconv"
	"testing"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver/internal/http1"
)

// What follows are Begin and Field in their plain form, which the tests hold the
// ones that serve to.

func slowBegin(a *Answer, version string, code int, phrase string, toHEAD bool) {
	switch {
	case a.state == sunk:
		return
	case a.state == none && a.bare:
		a.refuse("a field before the status line (%d %s)", code, phrase)
		return
	case a.state == ended || a.partly:
		a.refuse("a second answer (%d %s) after the first", code, phrase)
		a.Sink()
		return
	case a.state == begun:
		a.Reset()
	}
	switch {
	case code < 100 || code > 999:
		a.refuse("a status code of %d", code)
		return
	case !httpguts.ValidHeaderFieldValue(version) || !httpguts.ValidHeaderFieldValue(phrase):
		a.refuse("a control character in the status line \"%s\"", version+" "+strconv.Itoa(code)+" "+phrase)
		return
	}
	a.state, a.code, a.toHEAD, a.written = begun, code, toHEAD, 0
	a.lines = append(a.lines, version...)
	a.lines = append(a.lines, ' ')
	a.lines = strconv.AppendInt(a.lines, int64(code), 10)
	a.lines = append(a.lines, ' ')
	a.lines = append(a.lines, phrase...)
	a.lines = append(a.lines, '\r', '\n')
}

func slowField(a *Answer, name, value string) {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		a.refuse("the field name \"%s\" is no token", name)
	case !httpguts.ValidHeaderFieldValue(value):
		a.refuse("a control character in the value of %s: \"%s\"", name, value)
	case a.state == ended:
		a.refuse("the field %s after the end of the head", name)
	case a.state < ended && slowNote(a, name, value):
		a.bare = a.bare || a.state == none && !a.raw
		a.lines = fmt.Appendf(a.lines, "%s: %s\r\n", name, value)
	}
}

func slowNote(a *Answer, name, value string) bool {
	switch {
	case http1.EqualName(name, "Connection"):
		a.connection = true
		a.closes = a.closes || http1.HasToken(value, "close")
	case http1.EqualName(name, "Content-Length"):
		if a.unframed() {
			return false
		}
		n, ok := http1.ParseContentLength(value)
		if !ok || a.coded || a.hasLength && n != a.length {
			a.refuse("Content-Length: %s", value)
			return false
		}
		a.hasLength, a.length = true, n
	case http1.EqualName(name, "Transfer-Encoding"):
		if a.unframed() {
			return false
		}
		if a.hasLength {
			a.refuse("Transfer-Encoding beside Content-Length")
			return false
		}
		a.coded = true
	}
	return true
}

// checkEqual makes a head both ways, of two lines, and looks at all that is kept
// of it in between.
func checkEqual(t *testing.T, version string, code int, phrase, name, value, name2, value2 string) {
	t.Helper()
	var a, slow Answer
	for _, step := range []struct {
		what         string
		do, doSlowly func()
	}{
		{"status line", func() { a.Begin(version, code, phrase, false) }, func() { slowBegin(&slow, version, code, phrase, false) }},
		{"field", func() { a.Field(name, value) }, func() { slowField(&slow, name, value) }},
		{"second field", func() { a.Field(name2, value2) }, func() { slowField(&slow, name2, value2) }},
		{"end", a.End, slow.End},
		{"field behind it", func() { a.Field(name, value) }, func() { slowField(&slow, name, value) }},
		{"second status line", func() { a.Begin(version, 200, phrase, true) }, func() { slowBegin(&slow, version, 200, phrase, true) }},
	} {
		step.do()
		step.doSlowly()
		if got, want := describe(a), describe(slow); got != want {
			t.Fatalf("%s: %q %d %q, %q: %q, %q: %q\n got %s\nwant %s", step.what, version, code, phrase, name, value, name2, value2, got, want)
		}
	}
}

// describe gives all that there is to an answer.
func describe(a Answer) string {
	lines, fault := a.lines, a.fault
	a.lines, a.fault = nil, nil
	return fmt.Sprintf("%q, %v, %+v", lines, fault, a)
}

// TestEqual puts together what heads are made of.
func TestEqual(t *testing.T) {
	names := []string{"Server", "Date", "date", "Content-Type", "Last-Modified", "Content-Length", "content-lengtH", "Connection", "CONNECTION", "Transfer-Encoding", "transfer-encoding",
		"", "X", "X Y", "Sërver", "Server ", "Serve\n", "Content-Lengt\x00"}
	values := []string{"", "5", "05", "6", "-1", "close", "a, Close", "chunked", "x\ty", "x\x7f", "a long value of many words\r\n", "D\xe4ng"}
	for _, code := range []int{-1, 0, 99, 100, 101, 103, 200, 204, 304, 404, 999, 1000} {
		for _, name := range names {
			for _, value := range values {
				for _, name2 := range names {
					checkEqual(t, "HTTP/1.1", code, "OK", name, value, name2, "5")
				}
			}
		}
		for _, phrase := range append(values, names...) {
			checkEqual(t, "HTTP/1.0", code, phrase, "A", "b", "C", "d")
			checkEqual(t, phrase, code, "", "A", "b", "C", "d")
		}
	}
}

// FuzzEqual holds heads to their plain form.
func FuzzEqual(f *testing.F) {
	f.Add("HTTP/1.1", 200, "OK", "Content-Length", "5", "Transfer-Encoding", "chunked")
	f.Add("HTTP/1.0", 103, "", "Server", "x\x00", "connection", "x, close")
	f.Fuzz(checkEqual)
}
