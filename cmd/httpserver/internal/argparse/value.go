package argparse

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// True notes that an option was there.
func True(dst *bool) func([]string) error {
	return func([]string) error {
		*dst = true
		return nil
	}
}

// Const gives an option whose value was left out that value.
func Const(value string, set func([]string) error) func([]string) error {
	return func(values []string) error {
		if len(values) == 0 {
			values = []string{value}
		}
		return set(values)
	}
}

// Braced is what the usage calls a value that is one of the choices: "{plain,rich}".
func Braced(choices ...string) string { return "{" + strings.Join(choices, ",") + "}" }

// Text stores an argument's value.
func Text(dst *string) func([]string) error {
	return func(values []string) error {
		*dst = values[0]
		return nil
	}
}

// OneOf stores an argument's value, which is one of the choices.
func OneOf(dst *string, choices ...string) func([]string) error {
	return func(values []string) error {
		if slices.Contains(choices, values[0]) {
			*dst = values[0]
			return nil
		}
		quoted := make([]string, len(choices))
		for i, choice := range choices {
			quoted[i] = Quote(choice)
		}
		return fmt.Errorf("invalid choice: %s (choose from %s)", Quote(values[0]), strings.Join(quoted, ", "))
	}
}

// Int stores an argument's value, an integer from low to high.
func Int(dst *int, low, high int) func([]string) error {
	return func(values []string) error {
		n, ok := ParseInt(values[0])
		if !ok {
			return errors.New("invalid int value: " + Quote(values[0]))
		}
		if n < low || n > high {
			return fmt.Errorf("invalid choice: %s (choose from %d to %d)", Quote(values[0]), low, high)
		}
		*dst = n
		return nil
	}
}

// ParseInt reads what Python's int reads:
//
//	*WSP [ "+" / "-" ] 1*DIGIT *( "_" 1*DIGIT ) *WSP
//
// with the digits of any script. A number beyond the range of int is its nearest end.
func ParseInt(s string) (n int, ok bool) {
	const maxDigits = 4300 // sys.get_int_max_str_digits
	s = strings.Trim(toASCII(s), " \t\n\r\v\f")
	digits := strings.TrimPrefix(s, "-")
	if digits == s {
		digits = strings.TrimPrefix(s, "+")
	}
	sign := s[:len(s)-len(digits)]
	groups := strings.Split(digits, "_")
	for _, group := range groups {
		if group == "" || strings.Trim(group, "0123456789") != "" {
			return 0, false
		}
	}
	digits = strings.Join(groups, "")
	if len(digits) > maxDigits {
		return 0, false
	}
	n, _ = strconv.Atoi(sign + digits) // it can only be out of range
	return n, true
}

// toASCII turns digits and white space into ASCII's.
func toASCII(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
}

// digitValue gives the value of a decimal digit. Those of a script stand in a row from 0 to 9 (The Unicode Standard,
// section 4.6), and rows that touch are one range.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return -1
}

// Quote quotes a text as Python's repr does, for what a complaint repeats. (internal/pyrepr does it for bytes that
// are latin-1, as a request's.)
func Quote(s string) string {
	quote := '\''
	if strings.Contains(s, `'`) && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for i, r := range s {
		switch {
		case isStray(r, s[i:]):
			b.WriteByte(s[i]) // for printable
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// printable gives a message as it comes out of Python, which reads a byte that is not UTF-8 as a lone surrogate.
func printable(s string) string {
	var b strings.Builder
	for i, r := range s {
		if isStray(r, s[i:]) {
			fmt.Fprintf(&b, `\udc%02x`, s[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isStray reports whether r, decoded from the beginning of s, is a byte that is not UTF-8.
func isStray(r rune, s string) bool {
	return r == utf8.RuneError && !strings.HasPrefix(s, "\ufffd")
}
