// Package logline writes one line of the log, in the form that CPython's log_message gives it.
package logline

import (
	"unicode"
	"unicode/utf8"
)

// Append appends the line
//
//	ADDR - - [DATE] MESSAGE
//
// with its newline to dst. All three are escaped as AppendEscaped does, so one record is one line of valid UTF-8
// whatever a client sent.
func Append[T string | []byte](dst []byte, addr, date string, message T) []byte {
	dst = appendStart(dst, addr, date)
	dst = AppendEscaped(dst, message)
	return append(dst, '\n')
}

func appendStart(dst []byte, addr, date string) []byte {
	dst = AppendEscaped(dst, addr)
	dst = append(dst, " - - ["...)
	dst = AppendEscaped(dst, date)
	return append(dst, "] "...)
}

// AppendEscaped appends message to dst with each control character (C0, DEL and C1) as \xhh and each backslash
// doubled.
//
// Unlike CPython, which reads what a client sent as latin-1, we keep UTF-8 as it is; a byte that is not part
// of any becomes \xhh as well.
func AppendEscaped[T string | []byte](dst []byte, message T) []byte {
	done := 0 // message[:done] is in dst
	for i := 0; i < len(message); {
		c, size := message[i], 1
		if ' ' <= c && c <= '~' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(string(message[i:min(i+utf8.UTFMax, len(message))]))
			if size > 1 {
				if isC1(r) {
					c = byte(r)
				} else if isUnseen(r) {
					size = 1 // byte by byte, as what is no UTF-8
				} else {
					i += size
					continue
				}
			}
		}
		dst = append(dst, message[done:i]...)
		if c == '\\' {
			dst = append(dst, `\\`...)
		} else {
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&0xf])
		}
		i += size
		done = i
	}
	return append(dst, message[done:]...)
}

const hex = "0123456789abcdef"

func isC1(r rune) bool { return 0x80 <= r && r <= 0x9f }

// isUnseen reports whether r ends a line for some who show text, or turns its
// direction: a log that holds it reads otherwise than it is. CPython escapes
// them too, since they hold C1 controls when read as latin-1.
func isUnseen(r rune) bool {
	return r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Bidi_Control, r)
}
