// Package pyrepr writes a string as Python's repr does: it stands so in CPython's messages, and so in ours.
package pyrepr

import "strings"

// Quote returns the repr of the text that the bytes of s spell in latin-1, which is how CPython reads a
// request line, in latin-1 again. Bytes beyond ASCII that are printable there stand as they are, so
// UTF-8 text comes out legible only where none of its bytes is a control.
func Quote(s string) string {
	return string(AppendQuote(make([]byte, 0, len(s)+len(`''`)), s))
}

// AppendQuote appends Quote(s) to dst.
func AppendQuote(dst []byte, s string) []byte {
	quote := quoteFor(s)
	dst = append(dst, quote)
	for i := range len(s) {
		switch c := s[i]; {
		case c == quote || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case !isPrintable(c):
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&0xf])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, quote)
}

const hex = "0123456789abcdef"

// quoteFor chooses the quotation mark: the double one only where it saves a backslash.
func quoteFor(s string) byte {
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		return '"'
	}
	return '\''
}

// isPrintable reports what str.isprintable says of latin-1: controls are not, nor are the two characters that
// show nothing, no-break space and soft hyphen.
func isPrintable(c byte) bool {
	return ' ' <= c && c <= '~' || 0xa1 <= c && c != 0xad
}
