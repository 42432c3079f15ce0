package http1

import (
	"strconv"
	"strings"

	"example.com/httpserver/internal/pyrepr"
)

// A RequestLine is a method, a request target and a version (RFC 9112 §3).
type RequestLine struct {
	Method  string
	Target  string
	Version string // as sent; "" for the two words of HTTP/0.9
	Major   int
	Minor   int
}

// AtLeast reports whether the client speaks this version or a later one.
func (l *RequestLine) AtLeast(major, minor int) bool {
	return l.Major > major || l.Major == major && l.Minor >= minor
}

// ParseRequestLine parses a request line, with its line end or without.
//
//	request-line = method SP request-target SP HTTP-version
//
// Like CPython, runs of SP and HTAB separate, and two words are a request of
// HTTP/0.9. Unlike CPython, no other white space separates (RFC 9112 §3 warns
// of it), and a control character is a fault.
//
// A line of no words gives a zero RequestLine and no error: there is no
// request, and nobody to answer. One whose target alone is at fault is given
// with the error: what the method is, an answer has to know.
func ParseRequestLine(line string) (l RequestLine, err *Error) {
	if l.parsePlain(line) {
		return l, nil
	}
	line = cutLineEnd(line)
	method, rest := cutWord(line)
	if method == "" {
		return RequestLine{}, nil
	}
	target, rest := cutWord(rest)
	version, rest := cutWord(rest)
	if version == "" {
		return parseSimple(line, method, target)
	}
	more := rest != ""
	if more {
		version = lastWord(rest)
	}
	l = RequestLine{Method: method, Target: target, Version: version}
	if l.Major, l.Minor, err = parseVersion(version); err != nil {
		return RequestLine{}, err
	}
	if more || HasControl(line) {
		return RequestLine{}, badSyntax(line)
	}
	return l, checkTarget(method, target)
}

// parsePlain parses what nearly every client sends, at a fraction of the cost:
// single spaces, a target that begins with a slash, HTTP/1.0 or HTTP/1.1, CRLF.
// Any other line, good or bad, is left to who looks closer.
func (l *RequestLine) parsePlain(line string) bool {
	end := len(line) - len(" HTTP/1.1\r\n")
	if end < 0 || line[end:end+8] != " HTTP/1." || line[end+8]|1 != '1' || line[end+9:] != "\r\n" {
		return false
	}
	method, target := line[:end], ""
	for i := range len(method) {
		if method[i] == ' ' {
			method, target = method[:i], method[i+1:]
			break
		}
	}
	if target == "" || target[0] != '/' || !isVisible(method) || !isVisible(target) || method == "CONNECT" {
		return false
	}
	l.Method, l.Target, l.Version = method, target, line[end+1:end+9]
	l.Major, l.Minor = 1, int(line[end+8]-'0')
	return true
}

// parseSimple parses the two words of HTTP/0.9, which knows GET alone.
func parseSimple(line, method, target string) (RequestLine, *Error) {
	switch {
	case target == "" || HasControl(line):
		return RequestLine{}, badSyntax(line)
	case method != "GET":
		return RequestLine{}, &Error{Status: 400, Rule: "RFC 1945 §4.1",
			Message: "Bad HTTP/0.9 request type (" + pyrepr.Quote(method) + ")"}
	}
	return RequestLine{Method: method, Target: target, Major: 0, Minor: 9}, checkTarget(method, target)
}

// parseVersion parses what CPython takes for a version: digits on both sides
// of one dot, at most ten a side, leading zeros allowed. Version 2 and later
// are refused as such.
//
//	HTTP-version = HTTP-name "/" DIGIT "." DIGIT
func parseVersion(version string) (major, minor int, err *Error) {
	number, ok := strings.CutPrefix(version, "HTTP/")
	left, right, dot := strings.Cut(number, ".")
	if !ok || !dot || !isDigits(left) || !isDigits(right) || len(left) > 10 || len(right) > 10 {
		return 0, 0, &Error{Status: 400, Rule: "RFC 9112 §2.3",
			Message: "Bad request version (" + pyrepr.Quote(version) + ")"}
	}
	major, minor = atoi(left), atoi(right)
	if major >= 2 {
		return 0, 0, &Error{Status: 505, Rule: "RFC 9110 §15.6.6",
			Message: "Invalid HTTP version (" + number + ")"}
	}
	return major, minor, nil
}

// atoi takes digits. Where int has 32 bits, a number beyond them is the largest.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

func badSyntax(line string) *Error {
	return &Error{Status: 400, Rule: "RFC 9112 §3",
		Message: "Bad request syntax (" + pyrepr.Quote(line) + ")"}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// cutWord gives the first word of s and what follows it, without the blanks
// between.
func cutWord(s string) (word, rest string) {
	i := 0
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	j := i
	for j < len(s) && !isBlank(s[j]) {
		j++
	}
	k := j
	for k < len(s) && isBlank(s[k]) {
		k++
	}
	return s[i:j], s[k:]
}

func lastWord(s string) string {
	s = strings.TrimRight(s, " \t")
	return s[strings.LastIndexAny(s, " \t")+1:]
}
