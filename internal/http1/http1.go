// Package http1 is the syntax of an HTTP/1.x request (RFC 9112), over text that
// is already there: the request line, the field section, what the fields say
// about the message's framing, and the chunks of a body. It does no input or
// output; an [Error] carries the answer that the fault deserves.
package http1

import (
	"cmp"
	"math/bits"
	"strconv"
)

// Bounds on a head, or on a trailer section. Zero is the default. The defaults
// of the first two are CPython's; a line is measured with its line end, as
// there. Unlike CPython, 100 field lines pass (it counts the empty line too),
// and the section as a whole has a bound.
type Bounds struct {
	Line   int // bytes in the request line, or in one field line
	Fields int // field lines
	Head   int // bytes in the field section
}

// MaxLine gives the bound on a line.
func (b *Bounds) MaxLine() int { return cmp.Or(b.Line, 65536) }

func (b *Bounds) maxFields() int { return cmp.Or(b.Fields, 100) }

func (b *Bounds) maxHead() int { return cmp.Or(b.Head, 256*1024) }

// An Error is a head or a body that is not served, and how to answer it.
type Error struct {
	Status  int
	Message string // the reason phrase, in CPython's words where it has some; "" for the standard one
	Explain string // a sentence for the page; "" for the standard one
	Rule    string // the rule that was broken, as "RFC 9112 §3.2"
}

func (e *Error) Error() string {
	text := strconv.Itoa(e.Status)
	if e.Message != "" {
		text += " " + e.Message
	}
	if e.Explain != "" {
		text += ": " + e.Explain
	}
	return text + " (" + e.Rule + ")"
}

// isTchar reports whether c may stand in a token (RFC 9110 §5.6.2):
//
//	tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." /
//	        "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
func isTchar(c byte) bool { return class[c]&tchar != 0 }

// isControl reports whether c is a control character that no line of a head
// may hold (RFC 9110 §5.5, RFC 9112 §2.2): every CTL but HTAB.
func isControl(c byte) bool { return class[c]&control != 0 }

// isNameChar reports whether c is unreserved or one of sub-delims
// (RFC 3986 §2.2, §2.3).
func isNameChar(c byte) bool { return class[c]&nameChar != 0 }

const (
	tchar = 1 << iota
	control
	nameChar
)

// class sorts bytes once, since every byte of every head is looked at.
var class = func() (t [256]byte) {
	for c := range t {
		switch {
		case isAlnum(byte(c)):
			t[c] = tchar | nameChar
		case c < ' ' && c != '\t', c == 0x7f:
			t[c] = control
		}
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] |= tchar
	}
	for _, c := range "-._~!$&'()*+,;=" {
		t[c] |= nameChar
	}
	return t
}()

// IsToken reports whether s is a token, as names of fields and methods are.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTchar(s[i]) {
			return false
		}
	}
	return s != ""
}

// HasControl reports whether s holds a control character, other than HTAB.
func HasControl(s string) bool { return nextControl(s, 0) < len(s) }

// nextControl gives where the first control character of s is, other than HTAB,
// from i on, or the length of s.
func nextControl(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		if m := controls(word(s[i : i+8])); m != 0 {
			if i += bits.TrailingZeros64(m) / 8; s[i] != '\t' {
				return i
			}
			i -= 7 // to the byte behind it
		}
	}
	for i < len(s) && !isControl(s[i]) {
		i++
	}
	return i
}

// isVisible reports whether s has a byte, and none that is a control character
// or a blank.
func isVisible(s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			if s[i] <= ' ' || s[i] == 0x7f {
				return false
			}
		}
		return s != ""
	}
	last := word(s[len(s)-8:])
	for ; len(s) > 8; s = s[8:] {
		if invisibles(word(s)) != 0 {
			return false
		}
	}
	return invisibles(last) == 0
}

// word gives the first eight bytes of s, the first one lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// Of eight bytes, what they are each.
const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// controls marks the bytes of w that are control characters, HTAB among them,
// by their highest bit. No byte's sum reaches the next.
func controls(w uint64) uint64 {
	low := w &^ high
	return (^(low + 0x60*ones) | (low + ones)) &^ w & high
}

// invisibles is controls for blanks, too.
func invisibles(w uint64) uint64 {
	low := w &^ high
	return (^(low + 0x5f*ones) | (low + ones)) &^ w & high
}

// cutLineEnd takes the line end off line: a LF and the CR before it.
func cutLineEnd(line string) string {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}

func isDigits(s string) bool { return all(s, isDigit) }
