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
	seconds := e.Modified.Unix()
	return !e.Modified.IsZero() && yearZero <= seconds && seconds < year10000
}

var (
	yearZero  = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	year10000 = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)
