package http1

import (
	"bytes"
	"strings"
)

// Bounds on what frames a chunked body. A line that gives a chunk's size has
// few bytes of its own; what makes it long are extensions, which nobody reads.
const (
	maxChunkLine  = 4 * 1024  // bytes in a line, with its line end
	maxUnpaid     = 16 * 1024 // bytes of extensions beyond those of the content they came with
	maxSizeDigits = 16        // in a chunk's size, leading zeros included
)

// The rules that a fault breaks: of chunks, and of their extensions, which a
// recipient ought to bound.
const (
	chunkRule     = "RFC 9112 §7.1"
	extensionRule = "RFC 9112 §7.1.1"
)

// Chunks takes the framing off a chunked body (RFC 9112 §7.1) that arrives
// piece by piece:
//
//	chunked-body = *chunk last-chunk trailer-section CRLF
//	chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//	chunk-size   = 1*HEXDIG
//	last-chunk   = 1*("0") [ chunk-ext ] CRLF
//
// Make one with the Bounds of its trailer section. Frame is called until Done,
// but for content: Left says how much of that comes next, and Took how much of
// it was taken.
//
// A line ends in CRLF. RFC 9112 §2.2 lets a bare LF pass in a head; within a
// body, recipients that disagree on where a line ends are how requests are
// smuggled.
type Chunks struct {
	Bounds Bounds

	state    chunkState
	left     int64 // of this chunk's content
	unpaid   int64 // bytes of extensions that content has not made up for
	scanner  Scanner
	section  string
	trailers []Field
}

type chunkState uint8

const (
	inSize    chunkState = iota // at a line with a size
	inContent                   // in a chunk's content
	inEnd                       // at the CRLF behind it
	inTrailer                   // in the trailer section
	done
)

// Left gives how many bytes of content come next. Where there are none, Frame
// goes on.
func (c *Chunks) Left() int64 { return c.left }

// Took says that n bytes of content were taken, at most Left.
func (c *Chunks) Took(n int64) {
	if c.left -= n; c.left == 0 && c.state == inContent {
		c.state = inEnd
	}
}

// Done reports whether the body has ended, trailers and all.
func (c *Chunks) Done() bool { return c.state == done }

// Trailers gives the trailer fields, and the section they stand in, once the
// body has ended.
func (c *Chunks) Trailers() (fields []Field, section string) { return c.trailers, c.section }

// Frame reads framing off the start of b, and gives how many bytes that were.
// It stops at content and at the body's end. Where it stops before either, it
// needs more bytes, behind those that it has left in b.
func (c *Chunks) Frame(b []byte) (n int, err *Error) {
	for {
		var m int
		switch c.state {
		case inSize:
			m, err = c.readSize(b[n:])
		case inEnd:
			m, err = c.readEnd(b[n:])
		case inTrailer:
			m, err = c.readTrailers(b[n:])
		}
		n += m
		if m == 0 || err != nil {
			return n, err
		}
	}
}

// readSize reads a line with a size and extensions.
func (c *Chunks) readSize(b []byte) (int, *Error) {
	line, n, err := cutChunkLine(b)
	if n == 0 || err != nil {
		return 0, err
	}
	size, extensions, err := parseChunkLine(line)
	if err != nil {
		return 0, err
	}
	if c.unpaid = max(0, c.unpaid+int64(extensions)-size); c.unpaid > maxUnpaid {
		return 0, badChunk(extensionRule, "The chunks have more extensions than content")
	}
	c.left, c.state = size, inContent
	if size == 0 {
		c.state, c.scanner = inTrailer, Scanner{Bounds: c.Bounds}
	}
	return n, nil
}

// cutChunkLine gives the line at the start of b without its CRLF, and its
// length with it, or 0 where it has not come in full.
func cutChunkLine(b []byte) (line string, n int, err *Error) {
	i := bytes.IndexByte(b, '\n')
	switch {
	case i >= maxChunkLine || i < 0 && len(b) >= maxChunkLine:
		return "", 0, badChunk(extensionRule, "The line that gives a chunk's size is longer than 4096 bytes")
	case i < 0:
		return "", 0, nil
	case i == 0 || b[i-1] != '\r':
		return "", 0, badChunk(chunkRule, "The line that gives a chunk's size does not end in CRLF")
	}
	return string(b[:i-1]), i + 1, nil
}

// parseChunkLine parses a size, and checks the extensions behind it.
//
//	chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//	chunk-ext-name = token
//	chunk-ext-val  = token / quoted-string
func parseChunkLine(line string) (size int64, extensions int, err *Error) {
	digits := 0
	for ; digits < len(line) && isHex(line[digits]); digits++ {
		if digits == maxSizeDigits || size > (1<<63-1)>>4 {
			return 0, 0, badChunk(chunkRule, "A chunk's size is too large")
		}
		size = size<<4 | int64(hexValue(line[digits]))
	}
	if digits == 0 {
		return 0, 0, badChunk(chunkRule, "A chunk's size is hexadecimal digits")
	}
	rest := line[digits:]
	for rest != "" {
		var ok bool
		if rest, ok = cutExtension(rest); !ok {
			return 0, 0, badChunk(extensionRule, "A chunk's size is followed by what is no extension")
		}
	}
	return size, len(line) - digits, nil
}

// cutExtension takes one extension off s.
func cutExtension(s string) (rest string, ok bool) {
	if s, ok = strings.CutPrefix(trimBlanksLeft(s), ";"); !ok {
		return "", false
	}
	name, s := cutToken(trimBlanksLeft(s))
	if name == "" {
		return "", false
	}
	value, hasValue := strings.CutPrefix(trimBlanksLeft(s), "=")
	if !hasValue {
		return s, true
	}
	value = trimBlanksLeft(value)
	if strings.HasPrefix(value, `"`) {
		return cutQuoted(value)
	}
	token, s := cutToken(value)
	return s, token != ""
}

func trimBlanksLeft(s string) string { return strings.TrimLeft(s, " \t") }

// cutToken takes a token off s, or nothing.
func cutToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && isTchar(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

// cutQuoted takes a quoted-string off s, which begins with its quotation mark
// (RFC 9110 §5.6.4).
//
//	quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
//	quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
func cutQuoted(s string) (rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch {
		case isControl(s[i]):
			return "", false
		case s[i] == '"':
			return s[i+1:], true
		case s[i] == '\\':
			if i++; i < len(s) && isControl(s[i]) {
				return "", false
			}
		}
	}
	return "", false
}

// readEnd reads the CRLF behind a chunk's content.
func (c *Chunks) readEnd(b []byte) (int, *Error) {
	switch {
	case len(b) > 0 && b[0] != '\r' || len(b) > 1 && b[1] != '\n':
		return 0, badChunk(chunkRule, "A chunk's content is not followed by CRLF")
	case len(b) < 2:
		return 0, nil
	}
	c.state = inSize
	return 2, nil
}

// readTrailers reads the trailer section, which is held to what a header
// section is (RFC 9112 §7.1.2).
func (c *Chunks) readTrailers(b []byte) (int, *Error) {
	n, err := c.scanner.Scan(b)
	if n == 0 || err != nil {
		return 0, err
	}
	section := string(b[:n])
	for line := range strings.Lines(section) {
		if !strings.HasSuffix(line, "\r\n") {
			return 0, badChunk(chunkRule, "A line of the trailer section does not end in CRLF")
		}
	}
	fields, err := ParseFields(section, nil)
	if err != nil {
		return 0, err // and what stands before the fault is not given either
	}
	c.trailers, c.section, c.state = fields, section, done
	return n, nil
}

func badChunk(rule, explain string) *Error {
	return &Error{Status: 400, Message: "Bad chunk", Explain: explain, Rule: rule}
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
