package http1

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/httpserver/internal/reference"
)

// checkFault checks that an error is one of those statuses, and that its texts
// can stand in a status line and in the log as they are.
func checkFault(t *testing.T, input string, fault *Error, statuses ...int) {
	t.Helper()
	if !slices.Contains(statuses, fault.Status) || !strings.HasPrefix(fault.Rule, "RFC ") || HasControl(fault.Message+fault.Explain) {
		t.Errorf("%q: %+v", input, fault)
	}
}

// FuzzRequestLine: a line is taken if and only if the grammar has it, and then
// its parts are the grammar's; written again they are the same line.
func FuzzRequestLine(f *testing.F) {
	for _, line := range []string{"GET / HTTP/1.1\r\n", "GET /", "POST /", "SPAM  http://h/ HTTP/1.0", " / ", "GET /\x00 HTTP/1.1", "a b c d HTTP/2.0",
		"OPTIONS * HTTP/1.1\n", "CONNECT h:1 HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/01.0000000001 \r\n", "\r\n", "GET / HTTP/2.0\r", "GET / HTTP/00000000001.1", "GET * HTTP/1.1", "GET h:1 HTTP/1.1", "CONNECT h HTTP/1.1"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		l, fault := ParseRequestLine(line)
		want, status := reference.ParseRequestLine(line)
		if l != RequestLine(want) || (fault == nil) != (status == 0) || fault != nil && fault.Status != status {
			t.Fatalf("%q\n got %+v, %v\nwant %+v, %d", line, l, fault, want, status)
		}
		if fault != nil {
			checkFault(t, line, fault, 400, 505)
			return
		}
		if l.Method == "" {
			return
		}
		if l.Major < 0 || l.Major > 1 || l.Minor < 0 || int64(l.Minor) > 9999999999 || l.AtLeast(2, 0) || !l.AtLeast(0, 0) {
			t.Errorf("%q: version %d.%d", line, l.Major, l.Minor)
		}
		again := l.Method + " " + l.Target
		if l.Version != "" {
			again += " " + l.Version
		}
		if HasControl(again) || strings.ContainsAny(l.Method+l.Target+l.Version, " \t\r\n") {
			t.Errorf("%q: control or blank in %+v", line, l)
		}
		for _, end := range []string{"", "\n", "\r\n"} {
			if l2, fault := ParseRequestLine(again + end); fault != nil || l2 != l {
				t.Errorf("%q: %+v, written again %+v, %v", line, l, l2, fault)
			}
		}
	})
}

// scanCut gives a Scanner a section that comes in pieces: of the sizes given,
// and then the rest.
func scanCut(bounds Bounds, section string, sizes []byte) (n int, fault *Error) {
	s := Scanner{Bounds: bounds}
	end := 0
	for _, size := range sizes {
		end = min(end+int(size), len(section))
		if n, fault = s.Scan([]byte(section[:end])); n > 0 || fault != nil {
			return n, fault
		}
	}
	return s.Scan([]byte(section))
}

// scanSlowly is what a Scanner is to find.
func scanSlowly(bounds Bounds, section string) (n int, tooMuch bool) {
	for i, line := range strings.SplitAfter(section, "\n") {
		n += len(line)
		switch {
		case len(line) > bounds.MaxLine() || n > bounds.maxHead():
			return 0, true
		case line == "\n" || line == "\r\n":
			return n, false
		case strings.HasSuffix(line, "\n") && i+1 > bounds.maxFields():
			return 0, true
		}
	}
	return 0, false
}

// FuzzFields: a section is taken if and only if the grammar has it, its fields
// are the grammar's, and written again they are the same. However it is cut,
// it ends at the same place, or goes beyond the same bound.
func FuzzFields(f *testing.F) {
	for _, section := range []string{"Host: x\r\n\r\n", "A : b\r\n\r\n", "A: b\n c\n\n", "\r\n", "A: b\rC: d\r\n\r\n", "a:\x00\n\n",
		"A:\t \r\nB: c d \t\r\n\r\nE", "A: \xff\xc2\x85\n\r\n", "A b: c\n\n", "0:\n1:\n2:\n3:\n\n", "0:\n1:\n2:\n3:\n4:\n\n",
		strings.Repeat("a:\n", 100) + "\n", strings.Repeat("a:\n", 101) + "\n"} {
		f.Add(section, []byte{1, 1, 1, 0, 2})
	}
	f.Fuzz(func(t *testing.T, section string, sizes []byte) {
		for _, bounds := range []Bounds{{}, {Line: 20, Fields: 4, Head: 50}} {
			want, tooMuch := scanSlowly(bounds, section)
			n, whole := scanCut(bounds, section, nil)
			n2, cut := scanCut(bounds, section, sizes)
			if n != want || (whole != nil) != tooMuch || n2 != n || (cut == nil) != (whole == nil) || cut != nil && *cut != *whole {
				t.Fatalf("%q within %+v ends at %d, %v\nwhole: %d, %v\ncut to %v: %d, %v", section, bounds, want, tooMuch, n, whole, sizes, n2, cut)
			}
			if whole != nil {
				checkFault(t, section, whole, 431)
			}
		}
		fields, fault := ParseFields(section, nil)
		want, ok := reference.ParseFields(section)
		if (fault == nil) != ok || !slices.EqualFunc(fields, want, func(f Field, g reference.Field) bool { return f == Field(g) }) {
			t.Fatalf("%q\n got %q, %v\nwant %q, %v", section, fields, fault, want, ok)
		}
		if fault != nil {
			checkFault(t, section, fault, 400)
			return
		}
		var again strings.Builder
		for _, field := range fields {
			if !all(field.Name, isTchar) || HasControl(field.Value) || TrimOWS(field.Value) != field.Value {
				t.Fatalf("%q gave %q", section, field)
			}
			again.WriteString(field.Name + ": " + field.Value + "\r\n")
		}
		again.WriteString("\r\n")
		if got, fault := ParseFields(again.String(), nil); fault != nil || !slices.Equal(got, fields) {
			t.Errorf("%q: %q, written again %q, %v", section, fields, got, fault)
		}
		// What the scanner takes for a section holds all the fields there are.
		if n, _ := new(Scanner).Scan([]byte(section)); n > 0 {
			if got, fault := ParseFields(section[:n], nil); fault != nil || !slices.Equal(got, fields) {
				t.Errorf("%q: %q up to the scanner's end, %q beyond", section, got, fields)
			}
		}
	})
}

// parse parses a request line and a field section, if they are good.
func parse(line, section string) (l RequestLine, fields []Field, ok bool) {
	l, fault := ParseRequestLine(line)
	if fault != nil || l.Version == "" {
		return l, nil, false
	}
	fields, fault = ParseFields(section, nil)
	return l, fields, fault == nil
}

// FuzzFraming: the framing is the one that a slow reader finds; what could be
// read in two ways is refused; and neither the order of the fields, nor the
// spelling of their names, nor fields of other names make a difference.
func FuzzFraming(f *testing.F) {
	f.Add("POST / HTTP/1.1", "Host: x\r\nContent-Length: 5\r\n\r\n")
	f.Add("POST http://h:1/ HTTP/1.1", "Host: [::1]:80\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
	f.Add("GET / HTTP/1.0", "Connection: close, keep-alive\r\n\r\n")
	f.Add("POST / HTTP/1.1", "Host: x\nTransfer-Encoding: \t,ChunKed\nConnection: ,,close\t,\nConnection: keep-alive\n\n")
	f.Add("POST / HTTP/1.1", "Host: x\nTransfer-Encoding: chunked\nContent-Length: 0\n\n")
	f.Add("POST / HTTP/1.0", "Transfer-Encoding: chunked\nExpect: 100-continue\nExpect:\nExpect: x\n\n")
	f.Add("POST / HTTP/1.1", "Host: x\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n")
	f.Add("CONNECT h:443 HTTP/1.1", "Host: x\nContent-Length: 007\n\n")
	f.Fuzz(func(t *testing.T, line, section string) {
		l, fields, ok := parse(line, section)
		if !ok {
			return
		}
		framing, fault := ReadFraming(&l, fields)
		var plain []reference.Field
		for _, field := range fields {
			plain = append(plain, reference.Field(field))
		}
		want, status := reference.ReadFraming(reference.RequestLine(l), plain)
		if plainFraming(framing) != want || (fault == nil) != (status == 0) || fault != nil && fault.Status != status {
			t.Fatalf("%q %q\n got %+v, %v\nwant %+v, %d", line, section, framing, fault, want, status)
		}
		if fault != nil {
			checkFault(t, section, fault, 400, 501)
		}

		// Only lines of the same name have an order.
		shuffled := slices.Clone(fields)
		for i, field := range shuffled {
			shuffled[i].Name = strings.ToUpper(field.Name)
		}
		shuffled = slices.DeleteFunc(shuffled, func(field Field) bool {
			switch field.Name {
			case "HOST", "CONNECTION", "CONTENT-LENGTH", "TRANSFER-ENCODING", "EXPECT":
				return false
			}
			return true
		})
		slices.SortStableFunc(shuffled, func(f, g Field) int { return strings.Compare(f.Name, g.Name) })
		for range 2 {
			framing2, fault2 := ReadFraming(&l, shuffled)
			if framing2 != framing || (fault2 == nil) != (fault == nil) || fault != nil && *fault2 != *fault {
				t.Fatalf("%q %q: %+v, %v\nin another order %+v, %v", line, section, framing, fault, framing2, fault2)
			}
			slices.SortStableFunc(shuffled, func(f, g Field) int { return strings.Compare(g.Name, f.Name) })
		}

		// Content-Length and Transfer-Encoding are never taken together.
		for _, more := range []Field{{"Content-Length", "0"}, {"Transfer-Encoding", "chunked"}} {
			both := append(slices.Clone(fields), more)
			hasLength := slices.ContainsFunc(both, func(f Field) bool { return EqualName(f.Name, "Content-Length") })
			hasCoding := slices.ContainsFunc(both, func(f Field) bool { return EqualName(f.Name, "Transfer-Encoding") })
			if _, fault := ReadFraming(&l, both); hasLength && hasCoding && (fault == nil || fault.Status != 400) {
				t.Errorf("%q: %q was taken, %v", line, both, fault)
			}
		}
	})
}

// plainFraming gives a framing as the reference does.
func plainFraming(f Framing) reference.Framing {
	if f.Chunked {
		f.Length = -1
	}
	return reference.Framing{Length: f.Length, Host: f.Host, Close: f.Close, KeepAlive: f.KeepAlive, Expect: f.Expect}
}

// FuzzContentLength: a length is what math/big makes of the digits.
func FuzzContentLength(f *testing.F) {
	for _, value := range []string{"0", "00", "5", "9223372036854775807", "9223372036854775808", "18446744073709551621", "-1", "+1", "1_0", "0x1", "", "1,1", "٣"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		n, ok := ParseContentLength(value)
		if want, valid := reference.ContentLength(value); n != want || ok != valid {
			t.Errorf("ParseContentLength(%q) = %d, %v, want %d, %v", value, n, ok, want, valid)
		}
	})
}

// FuzzHost: a host is taken if and only if the grammar has it. What is taken,
// net/url reads as that host and nothing else, but for two kinds of name that
// it does not read at all: percent-encoded ones, of which it takes those of
// other characters than ASCII's only, and addresses of a future version of IP.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"x", "x:80", "x:", ":80", "127.0.0.1:1", "[::1]:80", "[1:2:3:4:5:6:7::]", "[::ffff:1.2.3.4]", "[::1.2.3.04]", "[v1.a:b]", "[fe80::1%25a]",
		"a:b:1", "%41", "%4", "u@h", "a,b", "[::1", "x:65536", "x:000001", "[1::2:3:4:5:6:7:8]", "a\\b", "[::1]x"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		ok := ValidHost(host)
		if want := reference.ValidHost(host); ok != want {
			t.Fatalf("ValidHost(%q) = %v, want %v", host, ok, want)
		}
		if !ok || strings.Contains(host, "%") || EqualName(host[:min(2, len(host))], "[v") {
			return
		}
		u, err := url.Parse("http://" + host)
		if err != nil || u.Host != host || u.User != nil || u.Path+u.RawQuery+u.Fragment != "" {
			t.Errorf("ValidHost(%q), and net/url gives %+v, %v", host, u, err)
		}
		scheme, authority, origin, absolute := CutAbsolute("http://" + host + "/x")
		if scheme != "http://" || authority != host || origin != "/x" || !absolute {
			t.Errorf("CutAbsolute of a target at %q: %q, %q, %q, %v", host, scheme, authority, origin, absolute)
		}
	})
}

// plainTarget tells a request line apart that net/http may take: single
// spaces, and a version of one digit on both sides.
var plainTarget = regexp.MustCompile(`^[^ \t]+ ([^ \t]+) HTTP/[0-9]\.[0-9]\r?\n$`)

// FuzzReadRequest: what this package and net/http.ReadRequest both take, both
// read alike: the request line, the host, the fields, the body's framing,
// whether the connection goes on, and where the head ends. What one takes and
// the other does not is taken for one of the reasons below, or is a fault.
//
// We take, net/http does not:
//
//   - a request line with more blanks than it needs, a version of more than
//     one digit a side, or none, as CPython does;
//   - a method that is no token, as CPython does;
//   - a target that net/url does not parse: we hand it on as it is;
//   - a Trailer field with a name in it that has no place there, on a chunked
//     request: we do not act on Trailer.
//
// net/http takes, we do not:
//
//   - a folded line, and white space in a name or before its colon
//     (RFC 9112 §5.1, §5.2);
//   - no Host on HTTP/1.1, and one that is no host (RFC 9112 §3.2), or such a
//     host in the target (§3.2.2);
//   - two lengths that agree, a length beside a coding, a coding on HTTP/1.0
//     (RFC 9112 §6.1, §6.3);
//   - CONNECT without a target, or with one that is not a host and a port, such
//     a target for other methods, and "*" for those that have no use for it
//     (RFC 9112 §3.2);
//   - HTTP/2.0 and later, more than 100 fields, and long lines.
//
// Both take, and read differently:
//
//   - the host of an absolute-form target whose scheme is not ours is the
//     target's to net/http, and Host's to us;
//   - the host of a target is without its percent-encoding to net/http;
//   - HTTP/0.x with "Connection: keep-alive" goes on for us, as in CPython;
//   - net/http adds a Cache-Control to "Pragma: no-cache", and takes Host,
//     Transfer-Encoding and, with that, Trailer out of the fields.
func FuzzReadRequest(f *testing.F) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://h:1/a?b HTTP/1.1\r\nHost: x\r\nconnection: x, CLOSE\r\n\r\nGET",
		"POST /a HTTP/1.0\nContent-Length: 05\nCONNECTION: keep-alive\n\n12345",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
		"CONNECT h:443 HTTP/1.1\r\nHost: h\r\nx-Y-z: \xff\t1 \r\nX-Y-Z:\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\nPragma: no-cache\r\n\r\n",
		"GET //h/x HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
		"GET / HTTP/1.1\nHost : x\n\n", "GET / HTTP/0.9\nConnection: keep-alive\n\n", "GET  /  HTTP/1.01\n\n", "<b> / HTTP/1.0\n\n", "GET /% HTTP/1.0\n\n",
	} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, input string) {
		line, rest, ended := strings.Cut(input, "\n")
		line += "\n"
		var s Scanner
		n, scanFault := s.Scan([]byte(rest))
		if blank := TrimOWS(cutLineEnd(line)) == ""; !ended || blank || len(line) > s.Bounds.MaxLine() || scanFault != nil || n == 0 {
			return
		}
		r := bufio.NewReader(strings.NewReader(input))
		theirs, err := http.ReadRequest(r)
		ours, fault := readHead(line, rest[:n])
		switch {
		case fault != nil && err != nil:
		case fault != nil:
			if !stricter(fault, line, rest[:n]) {
				t.Errorf("%q: %v, and net/http takes it: %+v", input, fault, theirs)
			}
		case err != nil:
			if !looser(ours, line) {
				t.Errorf("%q: %+v, and net/http says %v", input, ours, err)
			}
		default:
			compareHeads(t, input, ours, theirs)
			if left, _ := io.ReadAll(r); string(left) != rest[n:] {
				t.Errorf("%q: behind the head stands %q, to net/http %q", input, rest[n:], left)
			}
		}
	})
}

// A head is what we read.
type head struct {
	RequestLine
	fields []Field
	reference.Framing
}

func readHead(line, section string) (h head, fault *Error) {
	if h.RequestLine, fault = ParseRequestLine(line); fault != nil {
		return h, fault
	}
	if h.fields, fault = ParseFields(section, nil); fault != nil {
		return h, fault
	}
	framing, fault := ReadFraming(&h.RequestLine, h.fields)
	h.Framing = plainFraming(framing)
	return h, fault
}

// stricter reports whether we refuse for one of the reasons that net/http has
// not.
func stricter(fault *Error, line, section string) bool {
	switch fault.Rule {
	case "RFC 9112 §5.1", "RFC 9112 §5.2", "RFC 9112 §3.2", "RFC 9112 §3.2.2", "RFC 9112 §6.1", "RFC 9112 §6.3", "RFC 9110 §15.6.6":
		return true
	case "RFC 1945 §4.1", "RFC 9112 §3":
		return strings.HasPrefix(line, "CONNECT  HTTP/")
	case "RFC 9110 §5.1":
		return spacedName.MatchString(section)
	}
	return false
}

var spacedName = regexp.MustCompile(`(?m)^[^:\n]* [^:\n]*:`)

// looser reports whether net/http refuses for one of the reasons that we have
// not.
func looser(h head, line string) bool {
	target := h.Target
	if h.Method == "CONNECT" && !strings.HasPrefix(target, "/") {
		target = "http://" + target
	}
	_, err := url.ParseRequestURI(target)
	return !plainTarget.MatchString(line) || !all(h.Method, isTchar) || err != nil ||
		h.Length < 0 && slices.ContainsFunc(h.fields, func(f Field) bool { return EqualName(f.Name, "Trailer") })
}

func compareHeads(t *testing.T, input string, ours head, theirs *http.Request) {
	t.Helper()
	u, absolute := theirs.URL, strings.Contains(ours.Target, "://")
	if theirs.Method != ours.Method || theirs.RequestURI != ours.Target || theirs.Proto != ours.Version || theirs.ProtoMajor != ours.Major || theirs.ProtoMinor != ours.Minor {
		t.Errorf("%q: %+v, to net/http %q %q %q", input, ours.RequestLine, theirs.Method, theirs.RequestURI, theirs.Proto)
	}
	foreign := absolute && u.Host != "" && u.Scheme != "http" && u.Scheme != "https"
	if theirs.Host != ours.Host && !foreign && !strings.Contains(ours.Host, "%") {
		t.Errorf("%q: host %q, to net/http %q", input, ours.Host, theirs.Host)
	}
	if theirs.ContentLength != ours.Length || (len(theirs.TransferEncoding) > 0) != (ours.Length < 0) {
		t.Errorf("%q: length %d, to net/http %d %q", input, ours.Length, theirs.ContentLength, theirs.TransferEncoding)
	}
	if ends := ours.Close || !ours.KeepAlive && !ours.AtLeast(1, 1); theirs.Close != ends && ours.AtLeast(1, 0) {
		t.Errorf("%q: close %v, to net/http %v", input, ends, theirs.Close)
	}
	fields := http.Header{}
	for _, f := range ours.fields {
		fields.Add(f.Name, f.Value)
	}
	fields.Del("Host")
	fields.Del("Transfer-Encoding")
	if ours.Length < 0 {
		fields.Del("Trailer")
	}
	if _, control := fields["Cache-Control"]; fields.Get("Pragma") == "no-cache" && !control {
		fields["Cache-Control"] = []string{"no-cache"}
	}
	if !maps.EqualFunc(fields, theirs.Header, slices.Equal) {
		t.Errorf("%q\nfields %q\nto net/http %q", input, fmt.Sprint(fields), fmt.Sprint(theirs.Header))
	}
}

// A decoded is what Chunks makes of an input.
type decoded struct {
	content  string
	trailers []Field
	length   int // of what was taken
	done     bool
	fault    *Error
}

func (d decoded) String() string {
	return fmt.Sprintf("%.300q, trailers %.300q, %d bytes, done: %v, fault: %v", d.content, d.trailers, d.length, d.done, d.fault)
}

// decodeCut gives Chunks an input that comes in pieces: of the sizes given, and
// then the rest.
func decodeCut(t *testing.T, input string, sizes []byte) (d decoded) {
	t.Helper()
	var c Chunks
	for end := 0; ; {
		b := []byte(input[d.length:end])
		n, fault := c.Frame(b)
		if n < 0 || n > len(b) || c.Left() < 0 {
			t.Fatalf("%.300q: Frame took %d of %.300q, and %d bytes of content follow", input, n, b, c.Left())
		}
		b = b[n:]
		d.length += n
		if trailers, section := c.Trailers(); !c.Done() && (trailers != nil || section != "") {
			t.Fatalf("%.300q: trailers %q, %q before the body has ended", input, trailers, section)
		}
		if d.fault = fault; fault != nil {
			return d
		}
		took := min(c.Left(), int64(len(b)))
		d.content += string(b[:took])
		d.length += int(took)
		c.Took(took)
		switch {
		case c.Done():
			d.done = true
			d.trailers, _ = c.Trailers()
			return d
		case took > 0:
		case end == len(input):
			return d
		case len(sizes) == 0:
			end = len(input)
		default:
			end = min(end+int(sizes[0]), len(input))
			sizes = sizes[1:]
		}
	}
}

// FuzzChunks: a chunked body is taken if and only if the grammar has it, with
// the grammar's content and trailers, and nothing is taken of what stands
// behind it. However it is cut, and in whatever chunks it is written again,
// that is the same.
func FuzzChunks(f *testing.F) {
	for _, input := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "5;a=b\r\nhello\r\nA ;c = \"d\\\"\"\t;e\r\n0123456789\r\n000;f\r\nA: b\r\nC:\td \r\n\r\n5",
		"5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5;\nhello\r\n0\r\n\r\n", "5\r\nhello\rX0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\r\nhello\r\n0\r\nA: b\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\nA: b\r\nC : d\r\n\r\n",
		"ffffffffffffffff\r\n", "7fffffffffffffff\r\n", "00000000000000005\r\nhello\r\n", "1;a=\"\\", "2\r\nab\r", "+1\r\n", "0x1\r\n", "1;\r\n", "1;a=\r\n", "1\r;a\r\nx",
		"1;a=" + strings.Repeat("b", 4100) + "\r\n", strings.Repeat("1;a="+strings.Repeat("b", 4000)+"\r\nx\r\n", 5), "0\r\n" + strings.Repeat("a:\r\n", 101) + "\r\n",
	} {
		f.Add(input, []byte{1, 1, 1, 0, 2, 5})
	}
	f.Fuzz(func(t *testing.T, input string, sizes []byte) {
		whole := decodeCut(t, input, nil)
		if cut := decodeCut(t, input, sizes); !equalDecoded(cut, whole) {
			t.Fatalf("%.300q\ncut to %v: %v\nwhole: %v", input, sizes, cut, whole)
		}
		if whole.fault != nil {
			checkFault(t, input, whole.fault, 400, 431)
		}
		body, verdict := reference.ParseChunked(input)
		switch {
		case whole.done != (verdict == reference.Whole):
			if !beyondBounds(whole.fault, input) {
				t.Fatalf("%.300q\n got %v\nwant %.300q, %v", input, whole, body.Content, verdict)
			}
			return
		case whole.done:
			sameField := func(f Field, g reference.Field) bool { return f == Field(g) }
			if whole.content != body.Content || whole.length != body.Length || !slices.EqualFunc(whole.trailers, body.Trailers, sameField) {
				t.Fatalf("%.300q\n got %v\nwant %.300q, trailers %.300q, %d bytes", input, whole, body.Content, body.Trailers, body.Length)
			}
		case verdict == reference.Incomplete:
			if beyondBounds(whole.fault, input) {
				return
			}
			if whole.fault != nil || whole.content != body.Content {
				t.Errorf("%.300q\n got %v\nwant %.300q, and more", input, whole, body.Content)
			}
			return
		default:
			// A line is judged when it has come, and trailers all together.
			if d := decodeCut(t, input+"\r\n\r\n", nil); whole.fault == nil && d.fault == nil {
				t.Errorf("%.300q gives %v, and whole %v", input, whole, d)
			}
			return
		}
		for _, size := range []int{1, 7, 1 << 20} {
			again := encode(whole, size)
			want := whole
			want.length = len(again)
			if d := decodeCut(t, again+"0\r\n\r\n", sizes); !equalDecoded(d, want) {
				t.Errorf("%.300q\nwritten again %.300q\n got %v\nwant %v", input, again, d, want)
			}
		}
	})
}

func equalDecoded(a, b decoded) bool {
	sameFault := a.fault == b.fault || a.fault != nil && b.fault != nil && *a.fault == *b.fault
	return a.content == b.content && slices.Equal(a.trailers, b.trailers) && a.length == b.length && a.done == b.done && sameFault
}

// beyondBounds reports whether a body was refused for being large, and it is.
func beyondBounds(fault *Error, input string) bool {
	switch {
	case fault == nil:
		return false
	case fault.Status == 431:
		return strings.Count(input, "\n") > 100 || len(input) > 65536
	case strings.Contains(fault.Explain, "4096 bytes"):
		return len(input) >= 4096
	}
	return strings.Contains(fault.Explain, "more extensions than content") && len(input) > 16*1024
}

// encode writes a body again, in chunks of a size.
func encode(d decoded, size int) string {
	var b strings.Builder
	for content := range slices.Chunk([]byte(d.content), size) {
		fmt.Fprintf(&b, "%03X\r\n%s\r\n", len(content), content)
	}
	b.WriteString("0\r\n")
	for _, f := range d.trailers {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	return b.String() + "\r\n"
}
