// Package httpdate writes the dates of header fields and of the log, and reads those of If-Modified-Since as
// leniently as CPython does.
package httpdate

import "time"

const (
	imf = "Mon, 02 Jan 2006 15:04:05 GMT"
	log = "02/Jan/2006 15:04:05"
)

// Format returns t as an IMF-fixdate (RFC 9110 §5.6.7), without its fraction of a second:
//
//	Sun, 06 Nov 1994 08:49:37 GMT
func Format(t time.Time) string { return t.UTC().Format(imf) }

// AppendFormat appends Format(t) to dst.
func AppendFormat(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, imf) }

// FormatLog returns t as the log shows it, in t's own location:
//
//	06/Nov/1994 08:49:37
func FormatLog(t time.Time) string { return t.Format(log) }
