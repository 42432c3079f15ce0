// Package urlpath reads the path out of a request target and makes a file's
// name of it, or a target of a path. Everything is bytes: %FF is the byte 0xFF
// and nothing else.
package urlpath

import (
	"strings"

	"example.com/httpserver/internal/http1"
)

// Cut takes the path off a target: what stands before a fragment or a query.
// Like CPython (since 3.13.4), the fragment is cut first.
func Cut(target string) (path, rest string) {
	end := len(target)
	if i := strings.IndexByte(target, '#'); i >= 0 {
		end = i
	}
	if i := strings.IndexByte(target[:end], '?'); i >= 0 {
		end = i
	}
	return target[:end], target[end:]
}

// Of gives the path of a request target, "/" for the absolute-form that has none
// (RFC 9110 §4.2.3).
func Of(target string) string {
	_, _, origin, _ := http1.CutAbsolute(target)
	path, _ := Cut(origin)
	return path
}

// Query gives the query of a request target, without the question mark.
func Query(target string) string {
	_, rest := Cut(target)
	query, _, _ := strings.Cut(strings.TrimPrefix(rest, "?"), "#")
	return query
}

// Unquote decodes the percent-encoded bytes of s (RFC 3986 §2.1). Like
// CPython, a percent sign that begins no such byte stands for itself.
func Unquote(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '%') {
		b = append(b, s[:i]...)
		s = s[i:]
		n := 1
		c := s[0]
		if len(s) > 2 && hex(s[1]) >= 0 && hex(s[2]) >= 0 {
			n = 3
			c = byte(hex(s[1])<<4 | hex(s[2]))
		}
		b = append(b, c)
		s = s[n:]
	}
	return string(append(b, s...))
}

// Quote encodes the bytes of a path that Unquote, or Cut, would take for something
// else (RFC 3986 §2.1).
func Quote(path string) string {
	if !strings.ContainsAny(path, "%?#") {
		return path
	}
	return quoter.Replace(path)
}

var quoter = strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23")

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// EndsInSlash reports whether path ends with a slash, written plainly or as
// %2F: both name a directory (CPython since 3.13.4).
func EndsInSlash(path string) bool {
	return strings.HasSuffix(path, "/") || strings.HasSuffix(path, "%2f") || strings.HasSuffix(path, "%2F")
}

// Local makes a decoded path a file's name relative to the root: words with a
// slash between, "" for the root itself. Like CPython, "." and empty words
// vanish, ".." takes the word before it with it, and none climbs out of the
// root. On Windows some words are no names; see localWindows.
func Local(path string, windows bool) string {
	if name := strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"); isLocal(name) && !windows {
		return name
	}
	var words []string
	for word := range strings.SplitSeq(path, "/") {
		switch word {
		case "", ".":
		case "..":
			words = words[:max(0, len(words)-1)]
		default:
			words = append(words, word)
		}
	}
	if windows {
		words = localWindows(words)
	}
	return strings.Join(words, "/")
}

// isLocal reports whether name is a Local one, as that of nearly every path is, so that
// nothing has to be taken apart.
func isLocal(name string) bool {
	begins := true // a word
	for i := range len(name) {
		c := name[i]
		if begins && (c == '/' || c == '.') {
			return false
		}
		begins = c == '/'
	}
	return name == "" || !begins
}

// Redirect gives the origin-form target that names the same directory with a
// slash at the end of its path. The query and the fragment stay, but a "?" or
// "#" with nothing behind it goes, like CPython.
//
// Unlike CPython, the answer leads nowhere else: it begins with one slash,
// however many slashes or backslashes there were, plain or encoded, since
// clients read "//host" and "/\host" as another site; and a first word with a
// colon gets a slash, lest it be read as a scheme.
func Redirect(target string) string {
	path, rest := Cut(target)
	query, fragment, _ := strings.Cut(rest, "#")
	if query == "?" {
		query = ""
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return onSite(path) + "/" + query + fragment
}

// onSite is path as far as its last word, without the slashes that could name
// a host.
func onSite(path string) string {
	word := path
	for rest := cutSlash(word); rest != word; rest = cutSlash(word) {
		word = rest
	}
	first, _, _ := strings.Cut(word, "/")
	if word == "" || word == path && !strings.Contains(first, ":") {
		return word
	}
	return "/" + word
}

// cutSlash takes one leading slash or backslash off s, in any spelling.
func cutSlash(s string) string {
	if s != "" && (s[0] == '/' || s[0] == '\\') {
		return s[1:]
	}
	if len(s) >= 3 {
		switch s[:3] {
		case "%2f", "%2F", "%5c", "%5C":
			return s[3:]
		}
	}
	return s
}
