package http1

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// checkEqual holds everything that reads a head to its plain form: the values,
// and where there is a fault, the fault as it stands.
func checkEqual(t *testing.T, line, section string, bounds Bounds) {
	t.Helper()
	same := func(what string, equal bool, got, want any, fault, wantFault *Error) {
		t.Helper()
		if !equal || (fault == nil) != (wantFault == nil) || fault != nil && *fault != *wantFault {
			t.Fatalf("%s of %q, %q\n got %#v, %v\nwant %#v, %v", what, line, section, got, fault, want, wantFault)
		}
	}
	l, fault := ParseRequestLine(line)
	slowLine, slowFault := slowParseRequestLine(line)
	same("request line", l == slowLine, l, slowLine, fault, slowFault)

	scanner, slow := Scanner{Bounds: bounds}, slowScanner{Bounds: bounds}
	for end := 0; ; end += 1 + end/2 { // as it might arrive
		end = min(end, len(section))
		n, fault := scanner.Scan([]byte(section[:end]))
		want, slowFault := slow.Scan([]byte(section[:end]))
		same("end", n == want, n, want, fault, slowFault)
		if n > 0 || fault != nil || end == len(section) {
			break
		}
	}

	fields, fault := ParseFields(section, nil)
	slowFields, slowFault := slowParseFields(section, nil)
	same("fields", slices.Equal(fields, slowFields), fields, slowFields, fault, slowFault)

	for _, l := range []RequestLine{l, {Method: "POST", Target: "/", Version: "HTTP/1.1", Major: 1, Minor: 1}} {
		if l.Method == "" {
			continue
		}
		framing, fault := ReadFraming(&l, slowFields)
		slowFraming, slowFault := slowReadFraming(&l, slowFields)
		same("framing", framing == slowFraming, framing, slowFraming, fault, slowFault)
	}
	for _, s := range []string{line, section} {
		for _, is := range []struct {
			what      string
			got, want bool
		}{
			{"host", ValidHost(s), slowValidHost(s)},
			{"control", HasControl(s), slowHasControl(s)},
			{"token", IsToken(s), s != "" && strings.IndexFunc(s, func(r rune) bool { return r > 0x7f || !slowIsTchar(byte(r)) }) < 0},
			{"visible", isVisible(s), s != "" && !slowHasControl(s) && !strings.ContainsAny(s, " \t")},
			{"trimmed", TrimOWS(s) == slowTrimOWS(s), true},
			{"name", EqualName(s, line), slowEqualName(s, line)},
			{"member of a list", HasToken(section, s), slowHasToken(section, s)},
		} {
			if is.got != is.want {
				t.Fatalf("%s in %q: %v, want %v", is.what, s, is.got, is.want)
			}
		}
		n, ok := ParseContentLength(s)
		if want, valid := slowParseContentLength(s); ok != valid || ok && n != want {
			t.Fatalf("length %q: %d, %v, want %d, %v", s, n, ok, want, valid)
		}
	}
}

// TestEqual looks at every byte at every place of texts of every length up to
// two words of eight bytes, alone and before another: the parsers look at eight
// bytes together.
func TestEqual(t *testing.T) {
	for size := range 18 {
		plain := strings.Repeat("a", size)
		for at := range size + 1 {
			for c := range 256 {
				for _, more := range []string{"", "\x7f", "\t", "\xff"} {
					s := plain[:at] + string([]byte{byte(c)}) + more + plain[at:]
					checkEqual(t, s, s, Bounds{})
					if at%8 != size%8 && c > 0x20 && c < 0x7f {
						continue // the parsers do not tell such places apart within longer ones
					}
					checkEqual(t, "GET /"+s+" HTTP/1.1\r\n", "Host: "+s+"\r\nA: b\r\n\r\n", Bounds{})
					checkEqual(t, s+" / HTTP/1.0\r\n", s+": x\r\n\r\nA: b\r\n\r\n", Bounds{})
				}
			}
		}
	}
}

// TestEqualParts puts together what heads are made of.
func TestEqualParts(t *testing.T) {
	methods := []string{"", "GET", "HEAD", "CONNECT", "OPTIONS", "SPAM", "G\x00T", "g\xff", " GET", "\tGET"}
	blanks := []string{"", " ", "  ", "\t", " \t "}
	targets := []string{"", "/", "/a?b", "//a", "*", "a:1", "http://h/", "/\x7f", "/a\tb", "/a b"}
	versions := []string{"", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/01.1", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", "HTTP/11.1", "HTTP/1.", "HTTP/1.11", "HTTP/1/1"}
	ends := []string{"", "\n", "\r\n", "\r", "\r\r\n", "\n\n"}
	section := "Host: x\r\n\r\n"
	for _, method := range methods {
		for _, first := range blanks {
			for _, target := range targets {
				for _, second := range blanks {
					for _, version := range versions {
						for _, end := range ends[:4] {
							checkEqual(t, method+first+target+second+version+end, section, Bounds{})
						}
					}
				}
			}
		}
	}
	names := []string{"", "Host", "hOST", "Content-Length", "content-lengtH", "Transfer-Encoding", "Connection", "Expect", "Accept", "A B", " A", "A\t", "Ä"}
	values := []string{"", "x", "[::1]:80", "x:99999", "x:65535", "x:065535", "x:1:2", "%41", "%4", "5", "05", "-1", "9223372036854775807", "9223372036854775808", "92233720368547758070",
		"chunked", "CHUNKED", "gzip, chunked", "chunked,", "keep-alive", "close", "Close , keep-alive", ",keep-Alive,x", "100-continue", "a\x00b", "a\rb", "\x7f", "a\tb", strings.Repeat("x", 40)}
	for _, name := range names {
		for _, colon := range []string{":", ": ", ":\t ", " :", ""} {
			for _, value := range values {
				for _, end := range ends {
					line := name + colon + value + end
					checkEqual(t, "GET / HTTP/1.1\r\n", "Host: x\r\n"+line+"\r\n", Bounds{})
					checkEqual(t, "GET / HTTP/1.0\r\n", line+"Host: y\r\nContent-Length: 7\n"+line+"\n", Bounds{Line: 30, Fields: 3, Head: 50})
				}
			}
		}
	}
	for _, bounds := range []Bounds{{Line: 9}, {Head: 11}, {Head: 10}, {Fields: 1}, {Line: math.MaxInt, Fields: math.MaxInt, Head: math.MaxInt}} {
		for _, section := range []string{"", "\r\n", "Host: x\r\n\r\n", "Host: x\n\n", "Host: xy\r\n\r\n", "A:\r\nB:\r\n\r\n"} {
			checkEqual(t, "", section, bounds)
		}
	}
}

// FuzzEqual holds the parsers to their plain forms.
func FuzzEqual(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\n", "Host: x\r\nUser-Agent: test test\r\n\r\n", 0, 0, 0)
	f.Add("SPAM /a\xff?b HTTP/1.0\r\n", "Host: [::1]:80\nConnection: a, close\r\nContent-Length: 012\n\n", 20, 3, 60)
	f.Add("GET /\x7f HTTP/1.1\r\n", "Transfer-Encoding: gzip,\tchunked\r\nExpect: x\r\nA: \tb\x1fc \r\n\r\n", 30, 2, 0)
	f.Add("GET  http://h/ HTTP/1.1\n", "Host : x\r\n folded\r\nA: b\r\r\n", 0, 0, 30)
	f.Fuzz(func(t *testing.T, line, section string, most, fields, head int) {
		checkEqual(t, line, section, Bounds{most, fields, head})
	})
}
