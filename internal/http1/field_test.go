package http1

import (
	"slices"
	"strings"
	"testing"
)

func TestParseFields(t *testing.T) {
	for _, tc := range []struct {
		name, section string
		want          []Field
		explain       string // of the error, its beginning
	}{
		{"none", "\r\n", nil, ""},
		{"RFC 9112 §5 a field", "Host: x\r\n\r\n", []Field{{"Host", "x"}}, ""},
		{"RFC 9112 §5 order and spelling stay", "B: 1\r\na: 2\r\nB: 3\r\n\r\n", []Field{{"B", "1"}, {"a", "2"}, {"B", "3"}}, ""},
		{"RFC 9112 §5 white space around the value", "A:\t x \t\r\nB:y\r\n\r\n", []Field{{"A", "x"}, {"B", "y"}}, ""},
		{"RFC 9112 §5 empty value", "A:\r\nB: \r\n\r\n", []Field{{"A", ""}, {"B", ""}}, ""},
		{"RFC 9112 §5 colons in the value", "A: b: c:\r\n\r\n", []Field{{"A", "b: c:"}}, ""},
		{"RFC 9110 §5.5 tab and obs-text in the value", "A: b\tc\xff\r\n\r\n", []Field{{"A", "b\tc\xff"}}, ""},
		{"RFC 9110 §5.6.2 every token character", "!#$%&'*+-.^_`|~09AZaz: x\r\n\r\n", []Field{{"!#$%&'*+-.^_`|~09AZaz", "x"}}, ""},
		{"RFC 9112 §2.2 bare LF", "A: b\nC: d\n\n", []Field{{"A", "b"}, {"C", "d"}}, ""},
		{"what follows the empty line", "A: b\r\n\r\nC d\r\n", []Field{{"A", "b"}}, ""},

		{"RFC 9112 §5 no colon", "Host\r\n\r\n", nil, "A field line has no colon"},
		{"RFC 9112 §5 no name", ": x\r\n\r\n", nil, "A field line has no name"},
		{"RFC 9112 §5.1 space before the colon", "Host : x\r\n\r\n", nil, "White space stands between"},
		{"RFC 9112 §5.1 tab before the colon", "Host\t: x\r\n\r\n", nil, "White space stands between"},
		{"RFC 9112 §5.1 words before the colon", "From x y: z\r\n\r\n", nil, "A field's name holds"},
		{"RFC 9112 §5.2 folded", "A: b\r\n c\r\n\r\n", []Field{{"A", "b"}}, "A field line begins with white space"},
		{"RFC 9112 §5.2 first line folded", " a: b\r\n\r\n", nil, "A field line begins with white space"},
		{"RFC 9112 §5.2 folded by a tab", "A: b\n\tc: d\n\n", []Field{{"A", "b"}}, "A field line begins with white space"},
		{"RFC 9110 §5.1 parenthesis in the name", "A(b): c\r\n\r\n", nil, "A field's name holds"},
		{"RFC 9110 §5.1 obs-text in the name", "\xc3\xa4: c\r\n\r\n", nil, "A field's name holds"},
		{"RFC 9110 §5.1 NUL in the name", "A\x00: c\r\n\r\n", nil, "A field's name holds"},
		{"RFC 9110 §5.5 NUL in the value", "A: b\x00c\r\n\r\n", nil, "A control character"},
		{"RFC 9110 §5.5 ESC in the value", "A: \x1bc\r\n\r\n", nil, "A control character"},
		{"RFC 9110 §5.5 DEL in the value", "A: \x7f\r\n\r\n", nil, "A control character"},
		{"RFC 9112 §2.2 CR in the value", "A: b\rC: d\r\n\r\n", nil, "A control character"},
		{"RFC 9112 §2.2 two CR at the end", "A: b\r\r\n\r\n", nil, "A control character"},
		{"RFC 9112 §2.2 CR alone on a line", "A: b\r\n\r\r\n", []Field{{"A", "b"}}, "A field's name holds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseFields(tc.section, nil)
			explain := ""
			if err != nil {
				explain = err.Explain
				if err.Status != 400 || !strings.HasPrefix(err.Rule, "RFC 91") {
					t.Errorf("%q: %+v", tc.section, err)
				}
			}
			if !slices.Equal(got, tc.want) || (err == nil) != (tc.explain == "") || !strings.HasPrefix(explain, tc.explain) {
				t.Errorf("ParseFields(%q)\n got %q, %q\nwant %q, %q…", tc.section, got, explain, tc.want, tc.explain)
			}
		})
	}
}

func TestBadLineIsCutShort(t *testing.T) {
	_, err := ParseFields(strings.Repeat("x", 5000)+"\r\n\r\n", nil)
	if err == nil || len(err.Message) > 2*maxQuoted {
		t.Errorf("the message repeats %d bytes", len(err.Message))
	}
}

// TestScanner runs every section whole, a byte at a time and with more bytes
// behind it.
func TestScanner(t *testing.T) {
	line := func(n int) string { return "A: " + strings.Repeat("x", n-5) + "\r\n" }
	lines := func(n int) string { return strings.Repeat("A: b\r\n", n) }
	for _, tc := range []struct {
		name, section string
		status        int
	}{
		{"empty", "\r\n", 0},
		{"empty, bare LF", "\n", 0},
		{"fields", "A: b\r\nC: d\r\n\r\n", 0},
		{"bare LF", "A: b\nC: d\n\n", 0},
		{"mixed", "A: b\nC: d\r\n\n", 0},
		{"CR CR LF ends nothing", "\r\r\n\r\n", 0},
		{"a line of 65536", line(65536) + "\r\n", 0},
		{"a line of 65537", line(65537) + "\r\n", 431},
		{"a line without end", line(70000)[:69000], 431},
		{"100 lines", lines(100) + "\r\n", 0},
		{"101 lines", lines(101) + "\r\n", 431},
		{"101 lines and no end", lines(101), 431},
		{"more than 262144 bytes", strings.Repeat(line(65535), 4) + "A:b\r\n\r\n", 431},
		{"just under 262144 bytes", strings.Repeat(line(65534), 4) + "A:b\r\n\r\n", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			whole := len(tc.section)
			if tc.status != 0 {
				whole = 0
			}
			check := func(how string, n int, err *Error) {
				t.Helper()
				status := 0
				if err != nil {
					status = err.Status
				}
				if n != whole || status != tc.status {
					t.Errorf("%s: got %d, %d; want %d, %d", how, n, status, whole, tc.status)
				}
			}
			n, err := new(Scanner).Scan([]byte(tc.section))
			check("whole", n, err)
			n, err = new(Scanner).Scan([]byte(tc.section + "\r\nGET / HTTP/1.1\r\n\r\n"))
			check("with more behind it", n, err)
			s, section := new(Scanner), []byte(tc.section)
			for i := range section {
				if n, err = s.Scan(section[:i+1]); n != 0 || err != nil {
					break
				}
			}
			check("a byte at a time", n, err)
		})
	}
}

func TestTrimOWS(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"blanks alone", " \t ", ""},
		{"both ends", "\t a \t", "a"},
		{"what is inside stays", " a \t b ", "a \t b"},
		{"a line end is none", " \r\n", "\r\n"},
		{"a no-break space is none", "\u00a0a", "\u00a0a"},
	} {
		if got := TrimOWS(tc.in); got != tc.want {
			t.Errorf("%s: TrimOWS(%q) = %q, want %q", tc.name, tc.in, got, tc.want)
		}
	}
}
