// Package logline writes one line of the log, in the form that CPython's log_message gives it.
package logline

import "unicode/utf8"

// Append appends the line
//
//	ADDR - - [DATE] MESSAGE
//
// with its newline to dst. All three are escaped as AppendEscaped does, so one record is one line of valid UTF-8
// whatever a client sent.
func Append(dst []byte, addr, date, message string) []byte {
	dst = AppendEscaped(dst, addr)
	dst = append(dst, " - - ["...)
	dst = AppendEscaped(dst, date)
	dst = append(dst, "] "...)
	dst = AppendEscaped(dst, message)
	return append(dst, '\n')
}

// AppendEscaped appends message to dst with each control character (C0, DEL and C1) as \xhh and each backslash
// doubled.
//
// Unlike CPython, which reads what a client sent as latin-1, we keep UTF-8 as it is; a byte that is not part
// of any becomes \xhh as well.
func AppendEscaped(dst []byte, message string) []byte {
	done := 0 // message[:done] is in dst
	for i := 0; i < len(message); {
		c, size := message[i], 1
		if ' ' <= c && c <= '~' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(message[i:])
			if size > 1 {
				if !isC1(r) {
					i += size
					continue
				}
				c = byte(r)
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
