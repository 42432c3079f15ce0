// Package pystr has methods of Python's str where Go's strings package answers differently.
package pystr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lower returns s as Python's str.lower does: Unicode's full mapping, where İ becomes two characters and
// a Σ that ends a word becomes ς. A byte that is not part of valid UTF-8 stays, as the lone surrogate that
// Python reads it as would.
func Lower(s string) string {
	switch scan(s) {
	case lowerASCII:
		return s
	case someASCII:
		return strings.ToLower(s)
	}
	buf := make([]byte, 0, len(s)+utf8.UTFMax)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError:
			buf = append(buf, s[i:i+n]...)
		case r == 'İ':
			buf = append(buf, "i\u0307"...)
		case r == 'Σ' && endsWord(s[:i], s[i+n:]):
			buf = append(buf, "ς"...)
		default:
			buf = utf8.AppendRune(buf, unicode.ToLower(r))
		}
		i += n
	}
	return string(buf)
}

// IsLowerASCII reports whether s is ASCII without a capital, and so its own Lower.
func IsLowerASCII(s string) bool { return scan(s) == lowerASCII }

// What scan saw, from the least work to the most.
const (
	lowerASCII = iota
	someASCII
	notASCII
)

func scan(s string) int {
	for len(s) >= 8 && isLower8(s) {
		s = s[8:]
	}
	seen := lowerASCII
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return notASCII
		case 'A' <= c && c <= 'Z':
			seen = someASCII
		}
	}
	return seen
}

// isLower8 reports whether eight bytes are ASCII and none is a capital. A byte is one of these if adding up to 'Z' does
// not reach its highest bit, while adding up to 'A' does.
func isLower8(s string) bool {
	const each = 0x0101010101010101
	word := uint64(s[7])<<56 | uint64(s[6])<<48 | uint64(s[5])<<40 | uint64(s[4])<<32 |
		uint64(s[3])<<24 | uint64(s[2])<<16 | uint64(s[1])<<8 | uint64(s[0])
	if word&(each*0x80) != 0 {
		return false
	}
	fromA, beyondZ := word+each*(0x80-'A'), word+each*(0x80-'Z'-1)
	return fromA&^beyondZ&(each*0x80) == 0
}

// endsWord is the Final_Sigma condition (Unicode 3.13, table 3-17): a cased letter before, none after,
// whatever case-ignorable characters stand between.
func endsWord(before, after string) bool {
	for before != "" {
		r, n := utf8.DecodeLastRuneInString(before)
		before = before[:len(before)-n]
		if isCaseIgnorable(r) {
			continue
		}
		if !isCased(r) {
			return false
		}
		for _, r := range after {
			if !isCaseIgnorable(r) {
				return !isCased(r)
			}
		}
		return true
	}
	return false
}

func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseIgnorable reports Unicode's Case_Ignorable. Beside five categories it takes in the Word_Break values
// MidLetter, MidNumLet and Single_Quote, which package unicode does not have.
func isCaseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r)
}

// IsSpace reports whether r is white space to Python's str.split and str.strip: what it is to Go, and the four
// information separators of ASCII.
func IsSpace(r rune) bool {
	return 0x1c <= r && r <= 0x1f || unicode.IsSpace(r)
}
