// Package dirlist renders a directory listing.
package dirlist

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/httpserver/internal/pystr"
)

// An Entry is one name in a directory. A link to a directory is both Dir and Link.
type Entry struct {
	Name string // bytes, of whatever encoding
	Dir  bool   // a directory, at the end of any links
	Link bool   // a symbolic link

	Size     int64     // of a file, in bytes
	Modified time.Time // zero: nobody knows
}

// Sort orders entries by name without regard to case, as CPython's key name.lower() does.
//
// Unlike CPython, names that differ in case alone follow in byte order: its order is the file system's.
func Sort(entries []Entry) {
	keyed := make([]keyedEntry, len(entries))
	for i, e := range entries {
		keyed[i] = keyedEntry{sortKey(e.Name), e}
	}
	slices.SortFunc(keyed, func(a, b keyedEntry) int {
		if order := strings.Compare(a.key, b.key); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
	for i, k := range keyed {
		entries[i] = k.Entry
	}
}

type keyedEntry struct {
	key string
	Entry
}

// sortKey returns a string whose byte order is the code point order of name.lower(). UTF-8 has that order by itself,
// but Python reads a byte that is none as one of the surrogates U+DC80 to U+DCFF.
func sortKey(name string) string {
	lower := pystr.Lower(name)
	if utf8.ValidString(lower) {
		return lower
	}
	var key []byte
	for i := 0; i < len(lower); {
		r, n := utf8.DecodeRuneInString(lower[i:])
		if c := lower[i]; r == utf8.RuneError && n == 1 {
			key = append(key, 0xed, 0xb0|c>>6, 0x80|c&0x3f) // U+DC00 + c, as UTF-8 would have it
		} else {
			key = append(key, lower[i:i+n]...)
		}
		i += n
	}
	return string(key)
}

// The page, in pieces: title stands twice, and there is an item for each entry.
const (
	beforeTitle = "<!DOCTYPE HTML>\n" +
		"<html lang=\"en\">\n" +
		"<head>\n" +
		"<meta charset=\"utf-8\">\n" +
		"<title>Directory listing for "
	beforeHeading = "</title>\n" +
		"</head>\n" +
		"<body>\n" +
		"<h1>Directory listing for "
	beforeItems = "</h1>\n" +
		"<hr>\n" +
		"<ul>\n"
	afterItems = "</ul>\n" +
		"<hr>\n" +
		"</body>\n" +
		"</html>\n"

	beforeLink = `<li><a href="`
	beforeText = `">`
	afterText  = "</a></li>\n"
)

// AppendPage appends to dst the page that CPython 3.11 shows for a directory, byte for byte. title is the decoded
// path of the request. A directory is marked with a slash, a link with an at sign.
//
// Unlike CPython, a link's target spells a name that is no UTF-8 by its bytes ("%FF", not the surrogate "%ED%B3%BF").
func AppendPage(dst []byte, title string, entries []Entry) []byte {
	dst = slices.Grow(dst, sizeHint(title, entries))
	dst = append(dst, beforeTitle...)
	dst = appendText(dst, title)
	dst = append(dst, beforeHeading...)
	dst = appendText(dst, title)
	dst = append(dst, beforeItems...)
	for _, e := range entries {
		dst = appendItem(dst, e)
	}
	return append(dst, afterItems...)
}

func appendItem(dst []byte, e Entry) []byte {
	dst = append(dst, beforeLink...)
	dst = appendHref(dst, e.Name)
	if e.Dir {
		dst = append(dst, '/')
	}
	dst = append(dst, beforeText...)
	dst = appendText(dst, e.Name)
	switch {
	case e.Link:
		dst = append(dst, '@')
	case e.Dir:
		dst = append(dst, '/')
	}
	return append(dst, afterText...)
}

// appendHref appends name percent-encoded, all but the unreserved characters (RFC 3986 §2.3) and the slash:
//
//	unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
//
// A colon is among the encoded, so no name reads as a scheme.
func appendHref(dst []byte, name string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(name) {
		if c := name[i]; isUnreserved(c) || c == '/' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&0xf])
		}
	}
	return dst
}

func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~'
}

// appendText appends s as HTML text. It may not stand in an attribute: quotation marks stay.
func appendText(dst []byte, s string) []byte {
	for {
		i := strings.IndexAny(s, "&<>")
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		}
		s = s[i+1:]
	}
}

// sizeHint is the page's size where nothing is escaped.
func sizeHint(title string, entries []Entry) int {
	n := len(beforeTitle) + len(beforeHeading) + len(beforeItems) + len(afterItems) + 2*len(title)
	for _, e := range entries {
		n += len(beforeLink) + len(beforeText) + len(afterText) + 2*len(e.Name) + len("/") + len("@")
	}
	return n
}
