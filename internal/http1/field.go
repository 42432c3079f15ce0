package http1

import (
	"bytes"
	"fmt"
	"strings"

	"example.com/httpserver/internal/pyrepr"
)

// A Field is one field line (RFC 9112 §5). Both strings are as sent; the value
// has lost the white space around it.
type Field struct {
	Name  string
	Value string
}

// A Scanner finds the end of a field section in bytes that arrive piece by
// piece. Each byte is looked at once, however the pieces are cut. The zero
// Scanner is ready for a section's first byte, and has the default bounds.
type Scanner struct {
	Bounds Bounds

	line  int // where the line begins that has no end yet
	seen  int // how far that line was searched
	lines int // field lines so far
}

// Scan looks at section, which begins with the section's first byte and has
// grown at its end since the last call. It gives the section's length with the
// empty line that ends it, or 0 if the end is still to come, or a 431.
func (s *Scanner) Scan(section []byte) (int, *Error) {
	maxLine, maxHead, maxFields := s.Bounds.MaxLine(), s.Bounds.maxHead(), s.Bounds.maxFields()
	for {
		i := bytes.IndexByte(section[s.seen:], '\n')
		if i < 0 {
			s.seen = len(section)
			return 0, s.bound(s.seen - s.line)
		}
		end := s.seen + i + 1
		size := end - s.line
		if size > maxLine || end > maxHead {
			return 0, s.bound(size)
		}
		if size == 1 || size == 2 && section[s.line] == '\r' {
			s.line, s.seen = end, end
			return end, nil
		}
		s.line, s.seen = end, end
		if s.lines++; s.lines > maxFields {
			return 0, tooLarge("Too many headers", "got more than %d headers", maxFields)
		}
	}
}

// bound checks the length of a line that may not have ended, and of the
// section up to its end.
func (s *Scanner) bound(line int) *Error {
	switch {
	case line > s.Bounds.MaxLine():
		return tooLarge("Line too long", "got more than %d bytes when reading header line", s.Bounds.MaxLine())
	case s.line+line > s.Bounds.maxHead():
		return tooLarge("", "got more than %d bytes of headers", s.Bounds.maxHead())
	}
	return nil
}

func tooLarge(message, explain string, bound int) *Error {
	return &Error{Status: 431, Message: message, Explain: fmt.Sprintf(explain, bound), Rule: "RFC 9110 §5.4"}
}

// ParseFields appends the field lines of section to fields and gives them
// back. The strings are parts of section. An empty line ends the section; what
// follows it is not looked at.
//
//	field-line = field-name ":" OWS field-value OWS
//
// A line end may be a bare LF (RFC 9112 §2.2). Every other departure is a 400,
// for what one recipient skips another obeys: white space before the colon
// (§5.1), a folded line (§5.2), a name that is no token, a control character.
func ParseFields(section string, fields []Field) ([]Field, *Error) {
	for begin := 0; begin < len(section); {
		colon := begin
		for colon < len(section) && isTchar(section[colon]) {
			colon++
		}
		if colon == begin || colon == len(section) || section[colon] != ':' {
			if line := cutLine(section[begin:]); line != "" {
				return fields, badName(line, colon-begin)
			}
			break
		}
		// The first control character is the line's end, or a fault.
		end := nextControl(section, colon+1)
		next := end + 1
		if end < len(section) && section[end] == '\r' {
			next++
		}
		if end < len(section) && (next > len(section) || section[next-1] != '\n') {
			return fields, badLine(cutLine(section[begin:]), "RFC 9110 §5.5", "A control character stands in the field's value")
		}
		fields = append(fields, Field{section[begin:colon], TrimOWS(section[colon+1 : end])})
		begin = next
	}
	return fields, nil
}

// cutLine gives the first line of s without its end.
func cutLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i+1]
	}
	return cutLineEnd(s)
}

// badName tells what is wrong with a field line whose name breaks off at end.
func badName(line string, end int) *Error {
	switch {
	case isBlank(line[0]):
		return badLine(line, "RFC 9112 §5.2", "A field line begins with white space: line folding is obsolete")
	case end == len(line):
		return badLine(line, "RFC 9112 §5", "A field line has no colon")
	case line[end] == ':':
		return badLine(line, "RFC 9112 §5", "A field line has no name before its colon")
	case isBlank(line[end]) && strings.HasPrefix(strings.TrimLeft(line[end:], " \t"), ":"):
		return badLine(line, "RFC 9112 §5.1", "White space stands between a field's name and its colon")
	}
	return badLine(line, "RFC 9110 §5.1", "A field's name holds a character that no name may hold")
}

// maxQuoted bounds how much of a faulty line an answer repeats.
const maxQuoted = 80

func badLine(line, rule, explain string) *Error {
	if len(line) > maxQuoted {
		line = line[:maxQuoted] + "..."
	}
	return &Error{Status: 400, Message: "Bad header line (" + pyrepr.Quote(line) + ")", Explain: explain, Rule: rule}
}

// TrimOWS takes optional white space off both ends (RFC 9110 §5.6.3):
//
//	OWS = *( SP / HTAB )
func TrimOWS(s string) string {
	begin, end := 0, len(s)
	for begin < end && isBlank(s[begin]) {
		begin++
	}
	for end > begin && isBlank(s[end-1]) {
		end--
	}
	return s[begin:end]
}

// EqualName reports whether a and b are the same field name, or the same
// token of any kind that ignores case: ASCII letters match in either case.
func EqualName(a, b string) bool { return len(a) == len(b) && equalFold(a, b) }

// equalFold is EqualName of names of the same length. Most that are compared are
// told apart by that, which is why it is not put where it is called.
//
//go:noinline
func equalFold(a, b string) bool {
	b = b[:len(a)]
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
