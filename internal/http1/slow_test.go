package http1

import (
	"bytes"
	"strings"

	"example.com/httpserver/internal/pyrepr"
)

// What follows are the parsers in their plain form: each looks at one byte after
// the other, and at each thing by itself. The tests hold those that serve to
// them, to the letter of a fault.

func slowParseRequestLine(line string) (RequestLine, *Error) {
	line = cutLineEnd(line)
	method, rest := cutWord(line)
	if method == "" {
		return RequestLine{}, nil
	}
	target, rest := cutWord(rest)
	version, rest := cutWord(rest)
	if version == "" {
		return slowParseSimple(line, method, target)
	}
	more := rest != ""
	if more {
		version = lastWord(rest)
	}
	l := RequestLine{Method: method, Target: target, Version: version}
	var err *Error
	if l.Major, l.Minor, err = parseVersion(version); err != nil {
		return RequestLine{}, err
	}
	if more || slowHasControl(line) {
		return RequestLine{}, badSyntax(line)
	}
	return l, slowCheckTarget(method, target)
}

func slowParseSimple(line, method, target string) (RequestLine, *Error) {
	switch {
	case target == "" || slowHasControl(line):
		return RequestLine{}, badSyntax(line)
	case method != "GET":
		return RequestLine{}, &Error{Status: 400, Rule: "RFC 1945 §4.1",
			Message: "Bad HTTP/0.9 request type (" + pyrepr.Quote(method) + ")"}
	}
	return RequestLine{Method: method, Target: target, Major: 0, Minor: 9}, slowCheckTarget(method, target)
}

func slowHasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

func slowCheckTarget(method, target string) *Error {
	explain := ""
	switch {
	case method == "CONNECT":
		if !slowIsAuthority(target) {
			explain = "The target of CONNECT is a host and a port"
		}
	case slowIsAuthority(target):
		explain = "A host and a port are a target for CONNECT alone"
	case target == "*" && !takesAsterisk(method):
		explain = "The target * is for OPTIONS"
	}
	if explain == "" {
		return nil
	}
	return &Error{Status: 400, Message: "Bad request target (" + pyrepr.Quote(target) + ")", Explain: explain, Rule: "RFC 9112 §3.2"}
}

func slowIsAuthority(s string) bool {
	if s[0] == '/' {
		return false
	}
	colon := strings.LastIndexByte(s, ':')
	return colon >= 0 && isDigits(s[colon+1:]) && slowValidHost(s)
}

func slowValidHost(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
	}
	if port != "" && (!isDigits(port) || len(port) > 5 || atoi(port) > 65535) {
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && isIPLiteral(literal)
	}
	return slowIsRegName(host)
}

func slowIsRegName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		} else if !slowIsNameChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func slowIsNameChar(c byte) bool {
	switch c {
	case '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	}
	return isAlnum(c)
}

type slowScanner struct {
	Bounds            Bounds
	line, seen, lines int
}

func (s *slowScanner) Scan(section []byte) (int, *Error) {
	for {
		i := bytes.IndexByte(section[s.seen:], '\n')
		if i < 0 {
			s.seen = len(section)
			return 0, s.bound(s.seen - s.line)
		}
		end := s.seen + i + 1
		line := section[s.line:end]
		if err := s.bound(len(line)); err != nil {
			return 0, err
		}
		s.line, s.seen = end, end
		if len(line) == 1 || len(line) == 2 && line[0] == '\r' {
			return end, nil
		}
		if s.lines++; s.lines > s.Bounds.maxFields() {
			return 0, tooLarge("Too many headers", "got more than %d headers", s.Bounds.maxFields())
		}
	}
}

func (s *slowScanner) bound(line int) *Error {
	switch {
	case line > s.Bounds.MaxLine():
		return tooLarge("Line too long", "got more than %d bytes when reading header line", s.Bounds.MaxLine())
	case s.line+line > s.Bounds.maxHead():
		return tooLarge("", "got more than %d bytes of headers", s.Bounds.maxHead())
	}
	return nil
}

func slowParseFields(section string, fields []Field) ([]Field, *Error) {
	for section != "" {
		line := section
		if i := strings.IndexByte(section, '\n'); i >= 0 {
			line, section = section[:i+1], section[i+1:]
		} else {
			section = ""
		}
		line = cutLineEnd(line)
		if line == "" {
			break
		}
		colon := 0
		for colon < len(line) && slowIsTchar(line[colon]) {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return fields, badName(line, colon)
		}
		value := slowTrimOWS(line[colon+1:])
		if slowHasControl(value) {
			return fields, badLine(line, "RFC 9110 §5.5", "A control character stands in the field's value")
		}
		fields = append(fields, Field{line[:colon], value})
	}
	return fields, nil
}

func slowIsTchar(c byte) bool { return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 }

func slowTrimOWS(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func slowEqualName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func slowReadFraming(l *RequestLine, fields []Field) (Framing, *Error) {
	var f Framing
	var hosts, lengths int
	var length string
	var codings, expectations []string
	for _, field := range fields {
		switch len(field.Name) {
		case len("Host"):
			if slowEqualName(field.Name, "Host") {
				hosts++
				f.Host = field.Value
			}
		case len("Expect"):
			if slowEqualName(field.Name, "Expect") {
				if field.Value != "" { // an empty line adds nothing to a list (RFC 9110 §5.6.1)
					expectations = append(expectations, field.Value)
				}
			}
		case len("Connection"):
			if slowEqualName(field.Name, "Connection") {
				slowReadConnection(&f, field.Value)
			}
		case len("Content-Length"):
			if slowEqualName(field.Name, "Content-Length") {
				lengths++
				length = field.Value
			}
		case len("Transfer-Encoding"):
			if slowEqualName(field.Name, "Transfer-Encoding") {
				codings = append(codings, field.Value)
			}
		}
	}
	f.KeepAlive = f.KeepAlive && !f.Close
	f.Expect = strings.Join(expectations, ", ")
	if err := slowCheckHost(&f, l, hosts); err != nil {
		return Framing{}, err
	}
	if codings != nil {
		if err := slowCheckCodings(l, codings, lengths); err != nil {
			return Framing{}, err
		}
		f.Chunked = true
	}
	if lengths > 0 {
		n, ok := slowParseContentLength(length)
		if !ok || lengths > 1 {
			return Framing{}, &Error{Status: 400, Message: "Bad Content-Length", Rule: "RFC 9112 §6.3",
				Explain: "Content-Length is one decimal number, given once"}
		}
		f.Length = n
	}
	return f, nil
}

func slowReadConnection(f *Framing, value string) {
	f.Close = f.Close || slowHasToken(value, "close")
	f.KeepAlive = f.KeepAlive || slowHasToken(value, "keep-alive")
}

func slowHasToken(list, token string) bool {
	for member := range strings.SplitSeq(list, ",") {
		if slowEqualName(slowTrimOWS(member), token) {
			return true
		}
	}
	return false
}

func slowCheckHost(f *Framing, l *RequestLine, hosts int) *Error {
	explain := ""
	switch {
	case hosts > 1:
		explain = "A request names one Host"
	case hosts == 0 && l.AtLeast(1, 1):
		explain = "A request of HTTP/1.1 names its Host"
	case hosts == 1 && !slowValidHost(f.Host):
		explain = "The value of Host is not a host with an optional port"
	}
	if explain != "" {
		return &Error{Status: 400, Message: "Bad Host header", Explain: explain, Rule: "RFC 9112 §3.2"}
	}
	if l.Method == "CONNECT" {
		f.Host = l.Target
	} else if _, authority, _, ok := CutAbsolute(l.Target); ok {
		if !slowValidHost(authority) {
			return &Error{Status: 400, Message: "Bad request target", Rule: "RFC 9112 §3.2.2",
				Explain: "The authority of the request target is not a host with an optional port"}
		}
		f.Host = authority
	}
	return nil
}

func slowCheckCodings(l *RequestLine, lines []string, lengths int) *Error {
	bad := func(rule, explain string) *Error {
		return &Error{Status: 400, Message: "Bad Transfer-Encoding", Explain: explain, Rule: rule}
	}
	chunked, last, unknown, empty := 0, "", false, false
	for _, line := range lines {
		for coding := range strings.SplitSeq(line, ",") {
			switch last = slowTrimOWS(coding); {
			case slowEqualName(last, "chunked"):
				chunked++
			case last == "":
				empty = true
			default:
				unknown = true
			}
		}
	}
	switch {
	case lengths > 0:
		return bad("RFC 9112 §6.1", "Transfer-Encoding and Content-Length exclude each other")
	case !l.AtLeast(1, 1):
		return bad("RFC 9112 §6.1", "Transfer-Encoding came with HTTP/1.1")
	case !slowEqualName(last, "chunked"):
		return bad("RFC 9112 §6.3", "The last transfer coding of a request is chunked")
	case chunked > 1:
		return bad("RFC 9112 §7", "A body is chunked once")
	case empty:
		return bad("RFC 9110 §5.6.1", "A list of transfer codings has no empty members")
	case unknown:
		return &Error{Status: 501, Message: "Unsupported transfer coding", Rule: "RFC 9112 §6.1"}
	}
	return nil
}

func slowParseContentLength(value string) (n int64, ok bool) {
	if !isDigits(value) {
		return 0, false
	}
	for i := range len(value) {
		d := int64(value[i] - '0')
		if n > (1<<63-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
