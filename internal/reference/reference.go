// Package reference reads requests as the grammar of RFC 9112 has them: from
// text that is whole, by regular expressions, slowly. It shares nothing with
// the parsers that serve, and tests hold those against it.
package reference

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Field is a field line.
type Field struct{ Name, Value string }

// A RequestLine is a request line.
type RequestLine struct {
	Method, Target, Version string
	Major, Minor            int
}

// The grammar of RFC 9110 §5.6 and RFC 9112. Where a class is written as what
// it leaves out, obs-text is in it.
const (
	token    = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	ows      = `[\t ]*`
	lineEnd  = `\r?\n`
	word     = `[^\x00-\x20\x7f]+`
	value    = `((?:[^\x00-\x20\x7f](?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?)`
	quoted   = `"(?:[^\x00-\x08\x0a-\x1f\x7f"\\]|\\[^\x00-\x08\x0a-\x1f\x7f])*"`
	chunkExt = ows + ";" + ows + token + "(?:" + ows + "=" + ows + "(?:" + token + "|" + quoted + "))?"
)

var (
	emptyLine   = regexp.MustCompile(`^` + lineEnd)
	blankLine   = regexp.MustCompile(`^` + ows + `(?:` + lineEnd + `)?$`)
	lastWord    = regexp.MustCompile(`^` + ows + `(?:[^\t ]+[\t ]+){2,}(HTTP/[0-9]{1,10}\.[0-9]{1,10})` + ows + `(?:` + lineEnd + `)?$`)
	version     = regexp.MustCompile(`^HTTP/([0-9]{1,10})\.([0-9]{1,10})$`)
	requestLine = regexp.MustCompile(`^` + ows + `(` + word + `)[\t ]+(` + word + `)(?:[\t ]+(HTTP/[0-9]{1,10}\.[0-9]{1,10}))?` + ows + `(?:` + lineEnd + `)?$`)
	fieldLine   = regexp.MustCompile(`^(` + token + `):` + ows + value + ows + `(?:` + lineEnd + `)?$`)
	trailerLine = regexp.MustCompile(`^(` + token + `):` + ows + value + ows + `\r\n$`)
	chunkLine   = regexp.MustCompile(`^([0-9A-Fa-f]{1,16})(?:` + chunkExt + `)*\r\n$`)
	digits      = regexp.MustCompile(`^[0-9]+$`)
	withPort    = regexp.MustCompile(`:[0-9]+$`)
	absolute    = regexp.MustCompile(`(?i)^https?://([^/?#]*)`)
)

// ParseRequestLine parses a request line, with its line end or without. The
// status is that of the refusal, or 0. A line of blanks is a zero RequestLine,
// and so is one that is refused, unless for its target alone.
func ParseRequestLine(line string) (l RequestLine, status int) {
	if blankLine.MatchString(line) {
		return l, 0
	}
	if m := lastWord.FindStringSubmatch(line); m != nil {
		if major, _ := parseVersion(m[1]); major > 1 {
			return l, 505
		}
	}
	m := requestLine.FindStringSubmatch(line)
	if m == nil || m[3] == "" && m[1] != "GET" {
		return l, 400
	}
	l = RequestLine{Method: m[1], Target: m[2], Version: m[3], Minor: 9}
	if l.Version != "" {
		l.Major, l.Minor = parseVersion(l.Version)
	}
	if !validTarget(l.Method, l.Target) {
		return l, 400
	}
	return l, 0
}

// validTarget reports whether a method may have that target (RFC 9112 §3.2):
// CONNECT has a host and a port, which are for no other, and "*" is not for
// those that RFC 9110 and RFC 5789 define, but OPTIONS.
func validTarget(method, target string) bool {
	authority := isAuthority(target)
	switch method {
	case "CONNECT":
		return authority
	case "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH":
		return !authority && target != "*"
	}
	return !authority
}

func isAuthority(target string) bool { return ValidHost(target) && withPort.MatchString(target) }

func parseVersion(s string) (major, minor int) {
	v := version.FindStringSubmatch(s)
	major, _ = strconv.Atoi(v[1])
	minor, _ = strconv.Atoi(v[2])
	return major, minor
}

// SectionLength gives the length of the field section that input begins with,
// with the empty line that ends it, or 0 where that is missing.
func SectionLength(input string) int {
	n := 0
	for line := range strings.SplitAfterSeq(input, "\n") {
		n += len(line)
		if emptyLine.MatchString(line) {
			return n
		}
	}
	return 0
}

// ParseFields parses a field section up to its empty line, or its end. ok is
// false where a line is at fault.
func ParseFields(section string) (fields []Field, ok bool) {
	for line := range strings.SplitAfterSeq(section, "\n") {
		if line == "" || emptyLine.MatchString(line) {
			break
		}
		m := fieldLine.FindStringSubmatch(line)
		if m == nil {
			return fields, false
		}
		fields = append(fields, Field{m[1], m[2]})
	}
	return fields, true
}

// A Head is a request line and a field section, as they stand and as they are
// read.
type Head struct {
	Line, Section string
	RequestLine
	Fields []Field
	Framing
}

// NoRequest is the status of a line of blanks.
const NoRequest = -1

// ReadHead reads the head that input begins with. The status is that of the
// refusal, or 0; a head that is incomplete is a 400. Two words are a head of
// their own, without a field section.
func ReadHead(input string) (h Head, status int) {
	line, rest, ended := strings.Cut(input, "\n")
	if !ended {
		return h, 400
	}
	h.Line = line + "\n"
	if h.RequestLine, status = ParseRequestLine(h.Line); status != 0 {
		return h, status
	}
	if h.Method == "" {
		return h, NoRequest
	}
	if h.Version == "" {
		return h, 0
	}
	n := SectionLength(rest)
	if n == 0 {
		return h, 400
	}
	h.Section = rest[:n]
	var ok bool
	if h.Fields, ok = ParseFields(h.Section); !ok {
		return h, 400
	}
	h.Framing, status = ReadFraming(h.RequestLine, h.Fields)
	return h, status
}

// AtLeast reports whether the version is this one or a later one.
func (l RequestLine) AtLeast(major, minor int) bool {
	return l.Major > major || l.Major == major && l.Minor >= minor
}

// Framing is what a head says of its body and its connection.
type Framing struct {
	Length    int64 // -1: chunked
	Host      string
	Close     bool
	KeepAlive bool
	Expect    string
}

// Has reports whether there is a field of that name with that element in its
// list, in any case.
func Has(fields []Field, name, element string) bool {
	return count(elements(values(fields, name)), lower(element)) > 0
}

// values gives the values of all fields of that name.
func values(fields []Field, name string) (values []string) {
	for _, f := range fields {
		if lower(f.Name) == lower(name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// elements gives the elements of a list, in lower case, empty ones as well.
func elements(lines []string) (elements []string) {
	for _, line := range lines {
		for _, element := range strings.Split(line, ",") {
			elements = append(elements, lower(strings.Trim(element, " \t")))
		}
	}
	return elements
}

// lower is ASCII's: no other letter is the same as one of these.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func count(list []string, element string) (n int) {
	for _, e := range list {
		if e == element {
			n++
		}
	}
	return n
}

// ReadFraming reads the framing (RFC 9112 §3.2, §3.3, §6). The status is that of the
// refusal, or 0.
func ReadFraming(l RequestLine, fields []Field) (f Framing, status int) {
	atLeast11 := l.AtLeast(1, 1)
	hosts, lengths := values(fields, "Host"), values(fields, "Content-Length")
	codings := elements(values(fields, "Transfer-Encoding"))
	options := elements(values(fields, "Connection"))
	refuse := func(status int) (Framing, int) { return Framing{}, status }
	if len(hosts) > 1 || len(hosts) == 0 && atLeast11 || len(hosts) == 1 && !ValidHost(hosts[0]) {
		return refuse(400)
	}
	f.Host = strings.Join(hosts, "")
	if isAuthority(l.Target) {
		f.Host = l.Target
	}
	if m := absolute.FindStringSubmatch(l.Target); m != nil {
		if f.Host = m[1]; !ValidHost(f.Host) {
			return refuse(400)
		}
	}
	if n := len(codings); n > 0 {
		if len(lengths) > 0 || !atLeast11 || codings[n-1] != "chunked" || count(codings, "chunked") > 1 || count(codings, "") > 0 {
			return refuse(400)
		}
		if n > 1 {
			return refuse(501)
		}
		f.Length = -1
	} else if len(lengths) > 0 {
		n, ok := ContentLength(lengths[0])
		if !ok || len(lengths) > 1 {
			return refuse(400)
		}
		f.Length = n
	}
	f.Close = count(options, "close") > 0
	f.KeepAlive = count(options, "keep-alive") > 0 && !f.Close
	f.Expect = strings.Join(slices.DeleteFunc(values(fields, "Expect"), func(line string) bool { return line == "" }), ", ")
	return f, 0
}

// ContentLength parses a Content-Length that is one number below 2^63.
func ContentLength(value string) (int64, bool) {
	n := new(big.Int)
	if !digits.MatchString(value) {
		return 0, false
	}
	n.SetString(value, 10)
	if !n.IsInt64() {
		return 0, false
	}
	return n.Int64(), true
}

// host is RFC 3986 §3.2.2 and §3.2.3, but with a host that is not empty.
var host = func() *regexp.Regexp {
	const (
		hexdig = `[0-9A-Fa-f]`
		h16    = hexdig + `{1,4}`
		octet  = `(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
		ls32   = `(?:` + h16 + `:` + h16 + `|` + octet + `(?:\.` + octet + `){3})`
		name   = `[A-Za-z0-9._~!$&'()*+,;=-]`
	)
	ipv6 := `(?:` + strings.Join([]string{
		`(?:` + h16 + `:){6}` + ls32,
		`::(?:` + h16 + `:){5}` + ls32,
		`(?:` + h16 + `)?::(?:` + h16 + `:){4}` + ls32,
		`(?:(?:` + h16 + `:){0,1}` + h16 + `)?::(?:` + h16 + `:){3}` + ls32,
		`(?:(?:` + h16 + `:){0,2}` + h16 + `)?::(?:` + h16 + `:){2}` + ls32,
		`(?:(?:` + h16 + `:){0,3}` + h16 + `)?::` + h16 + `:` + ls32,
		`(?:(?:` + h16 + `:){0,4}` + h16 + `)?::` + ls32,
		`(?:(?:` + h16 + `:){0,5}` + h16 + `)?::` + h16,
		`(?:(?:` + h16 + `:){0,6}` + h16 + `)?::`,
	}, "|") + `)`
	future := `[vV]` + hexdig + `+\.(?:` + name + `|:)+`
	return regexp.MustCompile(`^(?:\[(?:` + ipv6 + `|` + future + `)\]|(?:` + name + `|%` + hexdig + hexdig + `)+)(?::([0-9]{0,5}))?$`)
}()

// ValidHost reports whether s is a host with an optional port.
func ValidHost(s string) bool {
	m := host.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	port, _ := strconv.Atoi(m[1])
	return port <= 65535
}
