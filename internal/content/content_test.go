package content

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// noted gives a request that says what lines say, each of them "Name: value".
func noted(lines ...string) *Request {
	r := new(Request)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		r.Note(name, value)
	}
	return r
}

// The dates of a representation that was changed in the middle of its second.
const (
	before = "Sun, 06 Nov 1994 08:49:36 GMT"
	at     = "Sun, 06 Nov 1994 08:49:37 GMT"
	after  = "Sun, 06 Nov 1994 08:49:38 GMT"
)

var modified = time.Date(1994, 11, 6, 8, 49, 37, 500_000_000, time.UTC)

func strong() *Version {
	return &Version{ETag: `"x"`, Modified: modified, Settled: true, Size: 10, Seekable: true}
}

func weak() *Version {
	return &Version{ETag: `W/"x"`, Modified: modified, Size: 10, Seekable: true}
}

func bare() *Version { return &Version{Size: 10, Seekable: true} }

// TestEvaluate sends conditions about a representation whose tag is "x", W/"x"
// or none.
func TestEvaluate(t *testing.T) {
	type row struct {
		name    string
		version *Version
		method  string
		lines   []string
		status  int
	}
	for section, rows := range map[string][]row{
		"RFC 9110 §13.1.1 If-Match": {
			{"the tag", strong(), "GET", []string{`If-Match: "x"`}, 200},
			{"another", strong(), "GET", []string{`If-Match: "y"`}, 412},
			{"the last of a list", strong(), "GET", []string{`If-Match: "a", W/"x" ,"x"`}, 200},
			{"the list goes on in another line", strong(), "GET", []string{`If-Match: "a"`, `if-match: "x"`}, 200},
			{"empty members", strong(), "GET", []string{"If-Match: ,, \"a\",\t, \"x\","}, 200},
			{"any", strong(), "GET", []string{"If-Match: *"}, 200},
			{"any, where there is no tag", bare(), "GET", []string{"If-Match: *"}, 200},
			{"a tag, where there is none", bare(), "GET", []string{`If-Match: "x"`}, 412},
			{"an empty tag, where there is none", bare(), "GET", []string{`If-Match: ""`}, 412},
			{"empty", strong(), "GET", []string{"If-Match:"}, 412},
			{"empty, where there is no tag", bare(), "GET", []string{"If-Match:"}, 412},
			{"weak in the request", strong(), "GET", []string{`If-Match: W/"x"`}, 412},
			{"weak here", weak(), "GET", []string{`If-Match: "x"`}, 412},
			{"weak both", weak(), "GET", []string{`If-Match: W/"x"`}, 412},
			{"POST", strong(), "POST", []string{`If-Match: "y"`}, 412},
			{"HEAD", strong(), "HEAD", []string{`If-Match: "y"`}, 412},
			{"any beside a tag names the tag", strong(), "GET", []string{`If-Match: "x", *`}, 200},
			{"any beside another tag", strong(), "GET", []string{`If-Match: "y", *`}, 412},
			{"any before the tag", strong(), "GET", []string{`If-Match: *, "x"`}, 412},
			{"any twice", strong(), "GET", []string{"If-Match: *, *"}, 412},
			{"any in each of two lines", strong(), "GET", []string{"If-Match: *", "If-Match: *"}, 412},
			{"any and an empty line", strong(), "GET", []string{"If-Match: *", "If-Match:"}, 412},
			{"no quotes", strong(), "GET", []string{"If-Match: x"}, 412},
			{"the tag before a fault", strong(), "GET", []string{`If-Match: "x", y`}, 200},
			{"the tag behind a fault", strong(), "GET", []string{`If-Match: y, "x"`}, 412},
			{"the tag in the line behind a fault", strong(), "GET", []string{`If-Match: y`, `If-Match: "x"`}, 412},
			{"no comma", strong(), "GET", []string{`If-Match: "x" "y"`}, 412},
			{"quotes that stay open", strong(), "GET", []string{`If-Match: "x`}, 412},
		},
		"RFC 9110 §13.1.2 If-None-Match": {
			{"the tag", strong(), "GET", []string{`If-None-Match: "x"`}, 304},
			{"another", strong(), "GET", []string{`If-None-Match: "y"`}, 200},
			{"HEAD", strong(), "HEAD", []string{`If-None-Match: "x"`}, 304},
			{"POST", strong(), "POST", []string{`If-None-Match: "x"`}, 412},
			{"PUT of what is not to be there", strong(), "PUT", []string{`If-None-Match: *`}, 412},
			{"the last of a list", strong(), "GET", []string{`If-None-Match: "a", "b" ,"x"`}, 304},
			{"a comma in a tag", strong(), "GET", []string{`If-None-Match: "a,b","x"`}, 304},
			{"the list goes on in other lines", strong(), "GET", []string{`If-None-Match: "a"`, "If-None-Match:", `If-None-Match: "x"`}, 304},
			{"any", strong(), "GET", []string{"If-None-Match: *"}, 304},
			{"any, where there is no tag", bare(), "GET", []string{"If-None-Match: *"}, 304},
			{"a tag, where there is none", bare(), "GET", []string{`If-None-Match: "x"`}, 200},
			{"an empty tag, where there is none", bare(), "GET", []string{`If-None-Match: ""`}, 200},
			{"a weak empty tag, where there is none", bare(), "GET", []string{`If-None-Match: W/""`}, 200},
			{"weak in the request", strong(), "GET", []string{`If-None-Match: W/"x"`}, 304},
			{"weak here", weak(), "GET", []string{`If-None-Match: "x"`}, 304},
			{"weak both", weak(), "GET", []string{`If-None-Match: W/"x"`}, 304},
			{"w/ in lower case is no tag", strong(), "GET", []string{`If-None-Match: w/"x"`}, 200},
			{"any beside another tag", strong(), "GET", []string{`If-None-Match: "y", *`}, 200},
			{"no quotes", strong(), "GET", []string{"If-None-Match: x"}, 200},
			{"a blank in the quotes", strong(), "GET", []string{`If-None-Match: "x "`}, 200},
			{"quotes that stay open", strong(), "GET", []string{`If-None-Match: "y, "x"`}, 200},
		},
		"RFC 9110 §13.1.3 If-Modified-Since": {
			{"at that time", strong(), "GET", []string{"If-Modified-Since: " + at}, 304},
			{"after it", strong(), "GET", []string{"If-Modified-Since: " + after}, 304},
			{"before it", strong(), "GET", []string{"If-Modified-Since: " + before}, 200},
			{"HEAD", strong(), "HEAD", []string{"If-Modified-Since: " + at}, 304},
			{"POST", strong(), "POST", []string{"If-Modified-Since: " + at}, 200},
			{"RFC 850", strong(), "GET", []string{"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"}, 304},
			{"asctime", strong(), "GET", []string{"If-Modified-Since: Sun Nov  6 08:49:37 1994"}, 304},
			{"as CPython takes it", strong(), "GET", []string{"If-Modified-Since: 6 nov 94 8.49.37"}, 304},
			{"no date", strong(), "GET", []string{"If-Modified-Since: yesterday"}, 200},
			{"empty", strong(), "GET", []string{"If-Modified-Since:"}, 200},
			{"nothing is known", bare(), "GET", []string{"If-Modified-Since: " + at}, 200},
			{"the first line counts", strong(), "GET", []string{"If-Modified-Since: " + before, "If-Modified-Since: " + at}, 200},
			{"and the second does not", strong(), "GET", []string{"If-Modified-Since: " + at, "If-Modified-Since: " + before}, 304},
			{"If-None-Match turns it off", strong(), "GET", []string{"If-Modified-Since: " + at, `If-None-Match: "y"`}, 200},
			{"so does an empty one", strong(), "GET", []string{"If-None-Match:", "If-Modified-Since: " + at}, 200},
		},
		"RFC 9110 §13.1.4 If-Unmodified-Since": {
			{"at that time", strong(), "GET", []string{"If-Unmodified-Since: " + at}, 200},
			{"after it", strong(), "GET", []string{"If-Unmodified-Since: " + after}, 200},
			{"before it", strong(), "GET", []string{"If-Unmodified-Since: " + before}, 412},
			{"HEAD", strong(), "HEAD", []string{"If-Unmodified-Since: " + before}, 412},
			{"POST", strong(), "POST", []string{"If-Unmodified-Since: " + before}, 412},
			{"RFC 850", strong(), "GET", []string{"If-Unmodified-Since: Sunday, 06-Nov-94 08:49:36 GMT"}, 412},
			{"asctime", strong(), "GET", []string{"If-Unmodified-Since: Sun Nov  6 08:49:36 1994"}, 412},
			{"no date", strong(), "GET", []string{"If-Unmodified-Since: yesterday"}, 200},
			{"only CPython would take it", strong(), "GET", []string{"If-Unmodified-Since: 6 nov 94 8.49.36"}, 200},
			{"another day of the week", strong(), "GET", []string{"If-Unmodified-Since: Mon, 06 Nov 1994 08:49:36 GMT"}, 200},
			{"a day that is not", strong(), "GET", []string{"If-Unmodified-Since: Thu, 31 Nov 1994 08:49:36 GMT"}, 200},
			{"a fraction", strong(), "GET", []string{"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36.5 GMT"}, 200},
			{"a list", strong(), "GET", []string{"If-Unmodified-Since: " + before + ", " + before}, 200},
			{"a list of asctime", strong(), "GET", []string{"If-Unmodified-Since: Sun Nov  6 08:49:36 1994, Sun Nov  6 08:49:36 1994"}, 200},
			{"two lines", strong(), "GET", []string{"If-Unmodified-Since: " + before, "If-Unmodified-Since: " + before}, 200},
			{"nothing is known", bare(), "GET", []string{"If-Unmodified-Since: " + before}, 200},
			{"If-Match turns it off", strong(), "GET", []string{"If-Unmodified-Since: " + before, `If-Match: "x"`}, 200},
		},
		"RFC 9110 §13.1.5 If-Range": {
			{"the tag", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: "x"`}, 206},
			{"another", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: "y"`}, 200},
			{"weak in the request", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: W/"x"`}, 200},
			{"weak both", weak(), "GET", []string{"Range: bytes=0-4", `If-Range: W/"x"`}, 200},
			{"a list", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: "x", "y"`}, 200},
			{"any is none", strong(), "GET", []string{"Range: bytes=0-4", "If-Range: *"}, 200},
			{"two lines", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: "x"`, `If-Range: "x"`}, 200},
			{"empty", bare(), "GET", []string{"Range: bytes=0-4", "If-Range:"}, 200},
			{"an empty tag, where there is none", bare(), "GET", []string{"Range: bytes=0-4", `If-Range: ""`}, 200},
			{"the date", strong(), "GET", []string{"Range: bytes=0-4", "If-Range: " + at}, 206},
			{"a later date is another", strong(), "GET", []string{"Range: bytes=0-4", "If-Range: " + after}, 200},
			{"an earlier one too", strong(), "GET", []string{"Range: bytes=0-4", "If-Range: " + before}, 200},
			{"the date is not settled", weak(), "GET", []string{"Range: bytes=0-4", "If-Range: " + at}, 200},
			{"no date is known", bare(), "GET", []string{"Range: bytes=0-4", "If-Range: Mon, 01 Jan 0001 00:00:00 GMT"}, 200},
			{"no Range", strong(), "GET", []string{`If-Range: "y"`}, 200},
			{"nothing can be served in parts", &Version{ETag: `"x"`, Size: 10}, "GET", []string{"Range: bytes=0-4", `If-Range: "x"`}, 200},
			{"it holds for a Range beyond the end", strong(), "GET", []string{"Range: bytes=10-", `If-Range: "x"`}, 416},
			{"it fails for a Range beyond the end", strong(), "GET", []string{"Range: bytes=10-", `If-Range: "y"`}, 200},
		},
		"RFC 9110 §13.2.1 when to evaluate": {
			{"nothing to evaluate", strong(), "GET", []string{"Host: x", "If: y", "If-Matsch: z", "Rangy: bytes=0-4"}, 200},
			{"OPTIONS", strong(), "OPTIONS", []string{`If-Match: "y"`, "If-None-Match: *"}, 200},
			{"TRACE", strong(), "TRACE", []string{`If-Match: "y"`}, 200},
			{"CONNECT", strong(), "CONNECT", []string{`If-Match: "y"`}, 200},
		},
		"RFC 9110 §13.2.2 precedence": {
			{"If-Match before If-None-Match", strong(), "GET", []string{`If-None-Match: "x"`, `If-Match: "y"`}, 412},
			{"both hold", strong(), "GET", []string{`If-None-Match: "x"`, `If-Match: "x"`}, 304},
			{"If-Unmodified-Since before If-None-Match", strong(), "GET", []string{`If-None-Match: "x"`, "If-Unmodified-Since: " + before}, 412},
			{"If-Unmodified-Since before If-Modified-Since", strong(), "GET", []string{"If-Modified-Since: " + at, "If-Unmodified-Since: " + before}, 412},
			{"If-None-Match before Range", strong(), "GET", []string{"Range: bytes=0-4", `If-None-Match: "x"`}, 304},
			{"If-None-Match holds, and Range applies", strong(), "GET", []string{"Range: bytes=0-4", `If-None-Match: "y"`}, 206},
			{"If-Match before Range", strong(), "GET", []string{"Range: bytes=0-4", `If-Match: "y"`}, 412},
			{"If-Match before a Range beyond the end", strong(), "GET", []string{"Range: bytes=10-", `If-Match: "y"`}, 412},
			{"If-Modified-Since before a Range beyond the end", strong(), "GET", []string{"Range: bytes=10-", "If-Modified-Since: " + at}, 304},
			{"all of them hold", strong(), "GET", []string{"Range: bytes=0-4", `If-Range: "x"`, `If-Match: "x"`, `If-None-Match: "y"`,
				"If-Modified-Since: " + at, "If-Unmodified-Since: " + before}, 206},
		},
		"RFC 9110 §14.2 Range": {
			{"GET", strong(), "GET", []string{"Range: bytes=0-4"}, 206},
			{"the name in another case", strong(), "GET", []string{"rANGE: bytes=0-4"}, 206},
			{"HEAD", strong(), "HEAD", []string{"Range: bytes=0-4"}, 200},
			{"HEAD, beyond the end", strong(), "HEAD", []string{"Range: bytes=10-"}, 200},
			{"POST", strong(), "POST", []string{"Range: bytes=0-4"}, 200},
			{"two lines", strong(), "GET", []string{"Range: bytes=0-4", "Range: bytes=5-6"}, 200},
			{"nothing can be served in parts", &Version{Size: 10}, "GET", []string{"Range: bytes=10-"}, 200},
		},
	} {
		t.Run(section, func(t *testing.T) {
			for _, tt := range rows {
				status, ranges := noted(tt.lines...).Evaluate(tt.method, tt.version)
				if status != tt.status {
					t.Errorf("%s: %s %q of %+v is %d, want %d", tt.name, tt.method, tt.lines, tt.version, status, tt.status)
				}
				if want := []Range{{0, 5}}; status == 206 && !slices.Equal(ranges, want) || status != 206 && ranges != nil {
					t.Errorf("%s: %d with the ranges %v", tt.name, status, ranges)
				}
			}
		})
	}
}

func TestEvaluateAllocs(t *testing.T) {
	v := strong()
	for _, tt := range []struct {
		name  string
		lines []string
	}{
		{"no conditions", []string{"Host: 127.0.0.1:8000", "Range-Unit: none", "Referer: x"}},
		{"a tag", []string{`If-None-Match: "y", "x"`}},
		{"a date", []string{"If-Modified-Since: " + at}},
	} {
		type line struct{ name, value string }
		var lines []line
		for _, l := range tt.lines {
			name, value, _ := strings.Cut(l, ": ")
			lines = append(lines, line{name, value})
		}
		n := testing.AllocsPerRun(100, func() {
			var r Request
			for _, l := range lines {
				r.Note(l.name, l.value)
			}
			r.Evaluate("GET", v)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, n)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	type line struct{ name, value string }
	common := []line{
		{"Host", "127.0.0.1:8000"}, {"User-Agent", "curl/7.88.1"}, {"Accept", "*/*"},
		{"Accept-Encoding", "gzip, deflate, br, zstd"}, {"Accept-Language", "en"}, {"Connection", "keep-alive"},
	}
	for _, bb := range []struct {
		name  string
		lines []line
	}{
		{"none", common},
		{"If-None-Match", append(common[:6:6], line{"If-None-Match", `"x"`})},
		{"Range", append(common[:6:6], line{"Range", "bytes=0-4"})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			v := strong()
			b.ReportAllocs()
			for b.Loop() {
				var r Request
				for _, l := range bb.lines {
					r.Note(l.name, l.value)
				}
				r.Evaluate("GET", v)
			}
		})
	}
}
