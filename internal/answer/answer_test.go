package answer

import (
	"strings"
	"testing"
)

// TestAnswer runs the steps of a handler and looks at the books.
func TestAnswer(t *testing.T) {
	status := func(code int) func(*Answer) {
		return func(a *Answer) { a.Begin("HTTP/1.1", code, "x", false) }
	}
	field := func(name, value string) func(*Answer) { return func(a *Answer) { a.Field(name, value) } }
	end := func(a *Answer) { a.End() }
	for _, tc := range []struct {
		name      string
		steps     []func(*Answer)
		lines     string
		framed    bool
		remaining int64
		fault     string
	}{
		{"a length", []func(*Answer){status(200), field("Content-Length", "5"), end}, "HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n", true, 5, ""},
		{"no length", []func(*Answer){status(200), end}, "HTTP/1.1 200 x\r\n\r\n", false, -1, ""},
		{"chunked", []func(*Answer){status(200), field("transfer-encoding", "gzip, Chunked"), end}, "HTTP/1.1 200 x\r\ntransfer-encoding: gzip, Chunked\r\n\r\n", false, -1, ""},
		{"coded and not chunked", []func(*Answer){status(200), field("Transfer-Encoding", "gzip"), end}, "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\n\r\n", false, -1, ""},
		{"204", []func(*Answer){status(204), end}, "HTTP/1.1 204 x\r\n\r\n", true, 0, ""},
		{"304 with a length", []func(*Answer){status(304), field("Content-Length", "5"), end}, "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", true, 0, ""},
		{"101", []func(*Answer){status(101), end}, "HTTP/1.1 101 x\r\n\r\n", false, -1, ""},
		{"103, 200", []func(*Answer){status(103), field("Connection", "x"), field("Content-Length", "3"), end, status(200), field("Content-Length", "1"), end}, "HTTP/1.1 103 x\r\nConnection: x\r\n\r\nHTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n", true, 1, ""},
		{"the same length twice", []func(*Answer){status(200), field("Content-Length", "5"), field("Content-Length", "5"), end}, "HTTP/1.1 200 x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", true, 5, ""},
		{"begun again", []func(*Answer){status(200), field("Content-Length", "5"), status(404), end}, "HTTP/1.1 404 x\r\n\r\n", false, -1, ""},

		{"two lengths", []func(*Answer){status(200), field("Content-Length", "5"), field("Content-Length", "6")}, "HTTP/1.1 200 x\r\nContent-Length: 5\r\n", true, 5, "Content-Length: 6"},
		{"a length that is none", []func(*Answer){status(200), field("Content-Length", "-1")}, "HTTP/1.1 200 x\r\n", false, -1, "Content-Length: -1"},
		{"coding and length", []func(*Answer){status(200), field("Content-Length", "5"), field("Transfer-Encoding", "chunked")}, "HTTP/1.1 200 x\r\nContent-Length: 5\r\n", true, 5, "Transfer-Encoding beside"},
		{"204 with a length", []func(*Answer){status(204), field("Content-Length", "0"), end}, "HTTP/1.1 204 x\r\n\r\n", true, 0, ""},
		{"204 with a coding", []func(*Answer){status(204), field("Transfer-Encoding", "chunked"), end}, "HTTP/1.1 204 x\r\n\r\n", true, 0, ""},
		{"101 with a length", []func(*Answer){status(101), field("Content-Length", "0"), end}, "HTTP/1.1 101 x\r\n\r\n", false, -1, ""},
		{"103 with a coding", []func(*Answer){status(103), field("Transfer-Encoding", "chunked"), end}, "HTTP/1.1 103 x\r\n\r\n", false, -1, ""},
		{"coding that is not chunked, and length", []func(*Answer){status(200), field("Transfer-Encoding", "gzip"), field("Content-Length", "5")}, "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\n", false, -1, "Content-Length: 5"},
		{"a field before the status line", []func(*Answer){field("a", "b"), status(200)}, "a: b\r\n", false, -1, "a field before the status line"},
		{"a field after the end", []func(*Answer){status(200), end, field("a", "b")}, "HTTP/1.1 200 x\r\n\r\n", false, -1, "the field a after the end"},
		{"ESC in the reason", []func(*Answer){func(a *Answer) { a.Begin("HTTP/1.1", 200, "a\x1b", false) }}, "", false, -1, "control character"},
		{"a bad name", []func(*Answer){status(200), field("a b", "c")}, "HTTP/1.1 200 x\r\n", false, -1, `"a b" is no token`},
		{"an empty name", []func(*Answer){status(200), field("", "c")}, "HTTP/1.1 200 x\r\n", false, -1, `"" is no token`},
		{"LF in a value", []func(*Answer){status(200), field("a", "b\nc")}, "HTTP/1.1 200 x\r\n", false, -1, "value of a: \"b\nc\""},
		{"CR in a value", []func(*Answer){status(200), field("a", "b\rc")}, "HTTP/1.1 200 x\r\n", false, -1, "value of a"},
		{"NUL in a value", []func(*Answer){status(200), field("a", "b\x00c")}, "HTTP/1.1 200 x\r\n", false, -1, "value of a"},
		{"obs-text in a value", []func(*Answer){status(200), field("a", "D\xe4ng\t")}, "HTTP/1.1 200 x\r\na: D\xe4ng\t\r\n", false, -1, ""},
		{"a code of two digits", []func(*Answer){status(99)}, "", false, -1, "a status code of 99"},
		{"a code of four digits", []func(*Answer){status(1000)}, "", false, -1, "a status code of 1000"},
		{"999", []func(*Answer){status(999), end}, "HTTP/1.1 999 x\r\n\r\n", false, -1, ""},
		{"a second answer", []func(*Answer){status(200), end, status(500), field("a", "b"), end}, "", false, 0, "a second answer (500 x)"},
		{"LF in the reason", []func(*Answer){func(a *Answer) { a.Begin("HTTP/1.1", 200, "a\nb", false) }}, "", false, -1, "control character in the status line"},
		{"to HEAD", []func(*Answer){func(a *Answer) { a.Begin("HTTP/1.1", 200, "", true) }, field("Content-Length", "5"), end}, "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", true, 0, ""},
		{"raw lines", []func(*Answer){status(200), field("Content-Length", "5"), func(a *Answer) { a.Raw("x : y\n") }, end}, "HTTP/1.1 200 x\r\nContent-Length: 5\r\nx : y\n\r\n", false, -1, ""},
		{"sunk", []func(*Answer){status(200), end, func(a *Answer) { a.Sink() }, status(500), field("a", "b"), end}, "", false, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var a Answer
			for _, step := range tc.steps {
				step(&a)
			}
			fault := ""
			if a.Fault() != nil {
				fault = a.Fault().Error()
			}
			if got := string(a.lines); got != tc.lines || a.Framed() != tc.framed || a.Remaining() != tc.remaining {
				t.Errorf("got %q, framed %v, remaining %d\nwant %q, %v, %d", got, a.Framed(), a.Remaining(), tc.lines, tc.framed, tc.remaining)
			}
			if (fault == "") != (tc.fault == "") || !strings.Contains(fault, tc.fault) {
				t.Errorf("fault %q, want %q in it", fault, tc.fault)
			}
			a.Reset()
			if a.Begun() || len(a.lines) > 0 || a.Fault() != nil || a.Code() != 0 {
				t.Errorf("after Reset: %+v", a)
			}
		})
	}
}

// TestPartlySent: what was sent cannot be begun again.
func TestPartlySent(t *testing.T) {
	var a Answer
	a.Begin("HTTP/1.1", 200, "OK", false)
	a.Take()
	a.Begin("HTTP/1.1", 500, "", false)
	if a.Fault() == nil || len(a.lines) > 0 {
		t.Errorf("%v, %q", a.Fault(), a.lines)
	}
}

func TestShort(t *testing.T) {
	var a Answer
	a.Begin("HTTP/1.1", 200, "OK", false)
	a.Field("Content-Length", "5")
	a.End()
	a.Wrote(3)
	if err := a.Short(); err == nil || a.Remaining() != 2 {
		t.Errorf("%v, %d remain", err, a.Remaining())
	}
	a.Wrote(2)
	if err := a.Short(); err != nil || a.Remaining() != 0 {
		t.Errorf("%v, %d remain", err, a.Remaining())
	}
	a.Wrote(1) // -1 would be no length
	if err := a.Short(); err == nil || a.Remaining() != 0 {
		t.Errorf("after one too many: %v, %d remain", err, a.Remaining())
	}
}

// FuzzField: whatever a handler adds, a head has the lines that were meant.
func FuzzField(f *testing.F) {
	f.Add("X", "y")
	f.Add("X\r\nY", "z")
	f.Add("Content-Length", "5\r\n\r\nHTTP/1.1 200 OK")
	f.Fuzz(func(t *testing.T, name, value string) {
		var a Answer
		a.Begin("HTTP/1.1", 200, value, false)
		a.Field(name, value)
		a.Field("Last", "1")
		a.End()
		if a.Fault() != nil {
			return
		}
		lines := strings.Split(string(a.lines), "\r\n")
		if len(lines) != 5 || strings.ContainsAny(strings.Join(lines, ""), "\r\n\x00") {
			t.Errorf("%q: %q gave %q", name, value, a.lines)
		}
	})
}

// head makes the head of a small answer.
func head(a *Answer) {
	a.Reset()
	a.Begin("HTTP/1.1", 200, "OK", false)
	a.Field("Server", "BaseHTTP/0.1.0 Go/1.26.8")
	a.Field("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
	a.Field("Content-Type", "text/html; charset=utf-8")
	a.Field("Content-Length", "14")
	a.Field("X-Custom", "some value")
	a.End()
	a.Take()
}

func TestAllocations(t *testing.T) {
	var a Answer
	if n := testing.AllocsPerRun(100, func() { head(&a) }); n != 0 {
		t.Errorf("%v allocations for a head, want 0", n)
	}
}

func BenchmarkHead(b *testing.B) {
	var a Answer
	b.ReportAllocs()
	for b.Loop() {
		head(&a)
	}
}
