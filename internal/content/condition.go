package content

import (
	"strings"
	"time"

	"example.com/httpserver/internal/httpdate"
)

// names reports whether the value of If-Match or If-None-Match stands for the
// entity tag of what is there (RFC 9110 §13.1.1, §13.1.2):
//
//	If-Match = "*" / #entity-tag
//
// All lines are one list. It ends where it cannot be read any further: what
// stands before is plain, while behind, the quotes may not be what they seem.
// So a "*" beside other members means nothing.
func (f *field) names(tag string, equal func(a, b string) bool) bool {
	if f.value == "*" && f.more == nil {
		return true
	}
	named, sound := listNames(f.value, tag, equal)
	for i := 0; !named && sound && i < len(f.more); i++ {
		named, sound = listNames(f.more[i], tag, equal)
	}
	return named
}

// listNames looks for an entity tag in one line of a list. The line is sound if
// it could be read up to where it was looked at.
func listNames(list, tag string, equal func(a, b string) bool) (named, sound bool) {
	for {
		list = strings.TrimLeft(list, " \t,") // empty members too (RFC 9110 §5.6.1.2)
		if list == "" {
			return false, true
		}
		member, rest, ok := cutTag(list)
		if !ok {
			return false, false
		}
		if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != ',' {
			return false, false
		}
		if equal(member, tag) {
			return true, true
		}
		list = rest
	}
}

// notModified reports whether If-Modified-Since says that the client has this
// version (RFC 9110 §13.1.3). Like CPython, the first line counts, and next to
// anything that was ever taken for a date.
func (r *Request) notModified(v *Version) bool {
	if !r.modifiedSince.present || v.Modified.IsZero() {
		return false
	}
	t, ok := httpdate.Parse(r.modifiedSince.value)
	return ok && !v.second().After(t)
}

// modifiedAfter reports whether If-Unmodified-Since fails (RFC 9110 §13.1.4).
func (r *Request) modifiedAfter(v *Version) bool {
	value, ok := r.unmodifiedSince.only()
	if !ok || v.Modified.IsZero() {
		return false
	}
	t, ok := parseDate(value)
	return ok && v.second().After(t)
}

// sameVersion reports whether If-Range, if it is there, lets Range apply
// (RFC 9110 §13.1.5):
//
//	If-Range = entity-tag / HTTP-date
//
// Parts of two versions make a file that never was, so it takes a strong
// validator: no weak tag, and no date of a second that is not over by now.
// Whether that second saw two versions nobody knows, as RFC 9110 §8.8.2.2 asks
// the server to: a client that goes by dates alone can mix versions that were
// written within one second, as with other servers. One that goes by tags cannot.
func (r *Request) sameVersion(v *Version) bool {
	if !r.ifRange.present {
		return true
	}
	value, ok := r.ifRange.only()
	if !ok {
		return false
	}
	if _, rest, ok := cutTag(value); ok {
		return rest == "" && equalStrongly(value, v.ETag)
	}
	t, ok := parseDate(value)
	return ok && v.Settled && !v.Modified.IsZero() && v.second().Equal(t)
}

// second gives the time that a Last-Modified can say.
func (v *Version) second() time.Time { return v.Modified.Truncate(time.Second) }

// parseDate reads an HTTP-date (RFC 9110 §5.6.7) and nothing else: where
// CPython has no word, what is no date, or a list of dates, has to be ignored
// (§13.1.4). A day of the week that is not the date's makes it none.
//
//	HTTP-date = IMF-fixdate / rfc850-date / asctime-date
func parseDate(s string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Format(layout) == s {
			return t, true
		}
	}
	return time.Time{}, false
}

var dateLayouts = [...]string{
	"Mon, 02 Jan 2006 15:04:05 GMT",
	"Monday, 02-Jan-06 15:04:05 GMT",
	"Mon Jan _2 15:04:05 2006",
}
