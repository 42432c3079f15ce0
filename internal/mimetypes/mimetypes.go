// Package mimetypes guesses a file's media type from its name, as Python's module of that name does for its strict
// types.
package mimetypes

import (
	"maps"
	"strings"

	"example.com/httpserver/internal/pystr"
)

// A Table maps extensions to media types. The zero value knows none. It may be asked from several goroutines at once
// while nothing is parsed into it.
type Table struct {
	types map[string]string // ".txt" to "text/plain"
}

// Builtin returns the table that is the same on every host. All callers share it, so Parse panics on it: what is
// to grow is its Clone.
func Builtin() *Table { return &builtin }

// Clone returns a table of its own with what t knows.
func (t *Table) Clone() *Table { return &Table{maps.Clone(t.types)} }

// Guess returns the media type that name's extension stands for, and the encoding wrapped around it ("gzip" for
// "x.tar.gz"); each may be empty. An extension may be in any case, except that of an encoding (".Z" is compress,
// ".z" nothing). Like CPython from 3.13 on, name is a path and never a URL.
func (t *Table) Guess(name string) (mediaType, encoding string) { return t.GuessSplit(SplitExt(name)) }

// GuessSplit is Guess for a name that SplitExt has cut.
func (t *Table) GuessSplit(base, ext string) (mediaType, encoding string) {
	lower := pystr.Lower(ext)
	if typeExt, encodingExt, ok := long(lower); ok {
		return t.types[typeExt], encodingOf(encodingExt)
	}
	if encoding = encodingOf(ext); encoding != "" {
		_, ext = SplitExt(base)
		lower = pystr.Lower(ext)
	}
	return t.types[lower], encoding
}

// SplitExt cuts off name's extension, with its dot. Like CPython, dots that begin a file's name begin no extension:
// ".html" and "...html" have none.
func SplitExt(name string) (base, ext string) {
	file := name[strings.LastIndexByte(name, '/')+1:]
	dot := strings.LastIndexByte(file, '.')
	if dot < 0 || isDots(file[:dot]) {
		return name, ""
	}
	cut := len(name) - len(file) + dot
	return name[:cut], name[cut:]
}

func isDots(s string) bool { return strings.Trim(s, ".") == "" }

// KnownFiles returns the paths of the mime.types files that CPython reads into its table, in order: later
// ones win. One path is there twice.
func KnownFiles() []string {
	return []string{
		"/etc/mime.types",
		"/etc/httpd/mime.types",
		"/etc/httpd/conf/mime.types",
		"/etc/apache/mime.types",
		"/etc/apache2/mime.types",
		"/usr/local/etc/httpd/conf/mime.types",
		"/usr/local/lib/netscape/mime.types",
		"/usr/local/etc/httpd/conf/mime.types",
		"/usr/local/etc/mime.types",
	}
}
