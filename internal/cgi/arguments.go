package cgi

import (
	"strings"

	"example.com/httpserver/internal/urlpath"
)

// maxSearch bounds the query that is made a command line. Windows has room for
// 32,767 characters in all.
const maxSearch = 8192

// Arguments gives the words that a script gets on its command line: those of a
// query that is a search, as that of GET or HEAD is without an unencoded "="
// (RFC 3875 §4.4):
//
//	search-string = search-word *( "+" search-word )
//	search-word   = 1*schar
//
// There are none at all if one of them cannot be given: for an empty word or a
// broken escape, for a control character, or if it begins with "-". A program
// takes that for an option, and a stranger would have chosen it: "?-s" had PHP
// show the source of scripts (CVE-2012-1823).
//
// What a shell could act on has a backslash before it (§7.2), but not on
// Windows. There such a word is not given: what interprets batch files reads no
// such escapes, "/" begins options, and letters outside ASCII may be turned
// into others, a hyphen among them (CVE-2024-4577).
//
// Unlike CPython, the words are decoded and stand apart, and without a query
// there is no empty one.
func Arguments(method, query, goos string) []string {
	if method != "GET" && method != "HEAD" || query == "" || len(query) > maxSearch || strings.Contains(query, "=") {
		return nil
	}
	words := strings.Split(query, "+")
	for i, word := range words {
		word, ok := decodeWord(word)
		if !ok {
			return nil
		}
		escaped := escapeWord(word)
		if goos == "windows" && (escaped != word || !isPlainWord(word)) {
			return nil
		}
		words[i] = escaped
	}
	return words
}

// decodeWord decodes a word, and reports whether it can be an argument.
func decodeWord(word string) (string, bool) {
	for i := 0; ; {
		j := strings.IndexByte(word[i:], '%')
		if j < 0 {
			break
		}
		i += j + 1
		if len(word) < i+2 || !isHex(word[i]) || !isHex(word[i+1]) {
			return "", false
		}
		i += 2
	}
	word = urlpath.Unquote(word)
	if word == "" || word[0] == '-' {
		return "", false
	}
	for i := range len(word) {
		if word[i] < ' ' || word[i] == 0x7f {
			return "", false
		}
	}
	return word, true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// escapeWord puts a backslash before every character that is active in the
// Bourne shell, or might be: before all of ASCII but those that are known not to.
func escapeWord(word string) string {
	n := 0
	for i := range len(word) {
		if isActive(word[i]) {
			n++
		}
	}
	if n == 0 {
		return word
	}
	b := make([]byte, 0, len(word)+n)
	for i := range len(word) {
		if isActive(word[i]) {
			b = append(b, '\\')
		}
		b = append(b, word[i])
	}
	return string(b)
}

func isActive(c byte) bool {
	return c < 0x80 && !isAlnum(c) && strings.IndexByte("%+,-./:=@_", c) < 0
}

// isPlainWord reports whether a word without active characters is one on
// Windows too.
func isPlainWord(word string) bool {
	for i := range len(word) {
		if word[i] >= 0x80 || word[i] == '%' {
			return false
		}
	}
	return word[0] != '/'
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
