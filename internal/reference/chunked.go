package reference

import (
	"math"
	"strconv"
	"strings"
)

// A Verdict is what there is to say of a text that should begin with something.
type Verdict int

const (
	Whole      Verdict = iota // it does
	Incomplete                // it would, with more behind it
	Bad                       // it does not, whatever may follow
)

// A Body is a message body, as far as it goes.
type Body struct {
	Content   string
	Announced int64 // bytes of content: more than there are, where it is incomplete
	Trailers  []Field
	Length    int // on the wire, where it is whole
}

// ReadBody reads the body that input begins with.
func ReadBody(f Framing, input string) (Body, Verdict) {
	switch n := int64(len(input)); {
	case f.Length < 0:
		return ParseChunked(input)
	case f.Length > n:
		return Body{Content: input, Announced: f.Length}, Incomplete
	}
	return Body{Content: input[:f.Length], Announced: f.Length, Length: int(f.Length)}, Whole
}

// ParseChunked reads the chunked body that input begins with, to the letter of
// the grammar but for one thing: a size has at most 16 digits, and fits into
// 63 bits.
//
//	chunked-body = *chunk last-chunk trailer-section CRLF
//	chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//	last-chunk   = 1*("0") [ chunk-ext ] CRLF
func ParseChunked(input string) (body Body, verdict Verdict) {
	rest := input
	for {
		line, verdict := cutLine(&rest, func(line string) bool { return chunkSize(line) >= 0 },
			"\n", "\r\n", "0\r\n", "a\r\n", "\"\r\n", "a\"\r\n", ";a\r\n")
		if verdict != Whole {
			return body, verdict
		}
		size := chunkSize(line)
		if size == 0 {
			break
		}
		body.Announced += size
		n := min(size, int64(len(rest)))
		body.Content += rest[:n]
		if rest = rest[n:]; n < size {
			return body, Incomplete
		}
		if _, verdict := cutLine(&rest, func(line string) bool { return line == "\r\n" }, "\n", "\r\n"); verdict != Whole {
			return body, verdict
		}
	}
	for {
		line, verdict := cutLine(&rest, func(line string) bool { return line == "\r\n" || trailerLine.MatchString(line) },
			"\n", "\r\n", ":\r\n", "a:\r\n")
		if verdict != Whole {
			return body, verdict
		}
		if line == "\r\n" {
			body.Length = len(input) - len(rest)
			return body, Whole
		}
		m := trailerLine.FindStringSubmatch(line)
		body.Trailers = append(body.Trailers, Field{m[1], m[2]})
	}
}

// chunkSize gives the size that a line announces, or -1.
func chunkSize(line string) int64 {
	m := chunkLine.FindStringSubmatch(line)
	if m == nil {
		return -1
	}
	size, err := strconv.ParseUint(m[1], 16, 64)
	if err != nil || size > math.MaxInt64 {
		return -1
	}
	return int64(size)
}

// cutLine takes a line off rest that is valid. Where the line has no end, it
// would be valid if one of the endings made it so.
func cutLine(rest *string, valid func(line string) bool, endings ...string) (string, Verdict) {
	line, more, ended := strings.Cut(*rest, "\n")
	if ended {
		if line += "\n"; !valid(line) {
			return "", Bad
		}
		*rest = more
		return line, Whole
	}
	for _, ending := range endings {
		if valid(line + ending) {
			return "", Incomplete
		}
	}
	return "", Bad
}
