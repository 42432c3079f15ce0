package dirlist

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// name writes s where it can neither change the order of the text around it nor hide what it is: what visible puts in
// place of a character stands apart, and so do the blanks at both ends.
func (o *out) name(s string) {
	trimmed := strings.TrimLeft(s, " ")
	leading := len(s) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, " ")
	trailing := len(s) - leading - len(trimmed)

	o.raw("<bdi>")
	o.blanks(leading)
	o.substitute(trimmed, "<span>", "</span>")
	o.blanks(trailing)
	o.raw("</bdi>")
}

// path writes s name by name. Slashes stand outside, and a line may end at each: names from right to left keep their
// places.
func (o *out) path(s string) {
	first := true
	for name := range strings.SplitSeq(s, "/") {
		if !first {
			o.raw("/<wbr>")
		}
		first = false
		if name != "" {
			o.name(name)
		}
	}
}

func (o *out) blanks(n int) {
	for range n {
		o.raw("<span>\u2420</span>")
	}
}

// visible writes s as HTML text with something to see for each character that is not, or that moves others.
func (o *out) visible(s string) { o.substitute(s, "", "") }

// substitute writes s with those between before and after.
func (o *out) substitute(s, before, after string) {
	start, last := 0, rune(0)
	for i := 0; i < len(s); {
		c, n := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case c == utf8.RuneError && n == 1:
			o.text(s[start:i])
			o.raw("\uFFFD")
			start = i + n
		case isHidden(c, last):
			o.text(s[start:i])
			o.raw(before)
			o.raw(picture(c))
			o.raw(after)
			start = i + n
		}
		i += n
		last = c
	}
	o.text(s[start:])
}

// isHidden reports whether nobody would see c behind last, or whether it breaks the line or turns the text around.
func isHidden(c, last rune) bool {
	const nonJoiner, joiner = '\u200C', '\u200D'
	switch {
	case c < utf8.RuneSelf:
		return c < ' ' || c == 0x7f
	case c == nonJoiner, c == joiner:
		return last < utf8.RuneSelf // elsewhere scripts and emoji are spelled with them
	case unicode.Is(unicode.Prepended_Concatenation_Mark, c):
		return false
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

// picture gives what stands for a hidden character: one of the control pictures, or its number.
func picture(c rune) string {
	switch {
	case c < ' ':
		return controlPictures[3*c : 3*c+3]
	case c == 0x7f:
		return "\u2421"
	}
	return fmt.Sprintf("U+%04X", c)
}

const controlPictures = "\u2400\u2401\u2402\u2403\u2404\u2405\u2406\u2407\u2408\u2409\u240A\u240B\u240C\u240D\u240E\u240F" +
	"\u2410\u2411\u2412\u2413\u2414\u2415\u2416\u2417\u2418\u2419\u241A\u241B\u241C\u241D\u241E\u241F"
