// Package dirlist renders a directory listing: as CPython's page, as one with sizes and times, or as JSON.
package dirlist

import "time"

// An Entry is one name in a directory. A link to a directory is both Dir and Link.
type Entry struct {
	Name string // bytes, of whatever encoding
	Dir  bool   // a directory, at the end of any links
	Link bool   // a symbolic link

	Size     int64     // of a file, in bytes
	Modified time.Time // zero: nobody knows
}

// hasSize reports whether Size says how long the file is. A link whose target nobody may look at has neither size nor
// time; a file without a time alone may well be one of an embed.FS.
func (e *Entry) hasSize() bool {
	return !e.Dir && e.Size >= 0 && !(e.Link && e.Size == 0 && e.Modified.IsZero())
}

// hasTime reports whether Modified is known and can be written: RFC 3339 has four digits for the year.
func (e *Entry) hasTime() bool {
	year := e.Modified.UTC().Year()
	return !e.Modified.IsZero() && 0 <= year && year <= 9999
}
