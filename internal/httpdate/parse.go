package httpdate

import (
	"slices"
	"strings"
	"time"

	"example.com/httpserver/internal/pystr"
)

// Parse reads an If-Modified-Since value. It takes what email.utils.parsedate_to_datetime takes: the three forms of
// RFC 9110 §5.6.7, and next to anything that mail programs ever wrote for them:
//
//	Sun, 06 Nov 1994 08:49:37 GMT	; IMF-fixdate
//	Sunday, 06-Nov-94 08:49:37 GMT	; RFC 850
//	Sun Nov  6 08:49:37 1994	; asctime
//	6 november 94 8.49
//
// ok is false for what CPython ignores: text that is no date, a date that does not exist, and a zone other
// than UTC. A zone that is missing or unknown counts as UTC.
func Parse(s string) (t time.Time, ok bool) {
	f, ok := split(s)
	if !ok || !f.arrange() || !isUTC(f.zone) {
		return time.Time{}, false
	}
	hour, minute, second, ok := splitClock(f.clock)
	if !ok {
		return time.Time{}, false
	}
	return date(f.year, f.month, f.day, hour, minute, second)
}

// fields are the parts of a date as written, in the order of an IMF-fixdate.
type fields struct{ day, month, year, clock, zone string }

// split cuts s at white space, leaves out the name of the day, and finds the parts that are stuck together.
func split(s string) (f fields, ok bool) {
	var store [6]string // the name of a day and five parts; what follows is not looked at
	words := appendWords(store[:0], s)
	if len(words) == 0 {
		return fields{}, false
	}
	if first := words[0]; strings.HasSuffix(first, ",") || index(weekdays, first) >= 0 {
		words = words[1:]
	} else {
		words[0] = first[strings.LastIndexByte(first, ',')+1:] // "Sun,06"
	}
	switch len(words) {
	case 0, 1, 2:
		return fields{}, false
	case 3: // RFC 850's "06-Nov-94 08:49:37 GMT"
		f.day, f.month, _ = strings.Cut(words[0], "-")
		f.month, f.year, _ = strings.Cut(f.month, "-")
		if strings.Contains(f.year, "-") {
			return fields{}, false
		}
		f.clock, f.zone = words[1], words[2]
	case 4: // no zone, or "08:49:37+0000"
		clock, zone := words[3], ""
		sign := strings.IndexByte(clock, '+')
		if sign < 0 {
			sign = strings.IndexByte(clock, '-')
		}
		if sign > 0 {
			clock, zone = clock[:sign], clock[sign:]
		}
		f = fields{words[0], words[1], words[2], clock, zone}
	default:
		f = fields{words[0], words[1], words[2], words[3], words[4]}
	}
	return f, f.day != "" && f.month != "" && f.year != ""
}

// appendWords appends words of s to dst up to its capacity. The bytes of s are latin-1, as CPython reads a field
// value, which has white space beyond ASCII.
func appendWords(dst []string, s string) []string {
	start := -1
	for i := 0; i <= len(s) && len(dst) < cap(dst); i++ {
		switch between := i == len(s) || pystr.IsSpace(rune(s[i])); {
		case between && start >= 0:
			dst, start = append(dst, s[start:i]), -1
		case !between && start < 0:
			start = i
		}
	}
	return dst
}

// arrange puts the parts where they belong: asctime has the month first and the year last, and others put the
// zone before the year.
func (f *fields) arrange() bool {
	if index(months, f.month) < 0 {
		f.day, f.month = f.month, f.day
	}
	f.day = strings.TrimSuffix(f.day, ",")
	if strings.IndexByte(f.year, ':') > 0 {
		f.year, f.clock = f.clock, f.year
	}
	f.year = strings.TrimSuffix(f.year, ",")
	if f.year == "" {
		return false
	}
	if !isDigit(f.year[0]) {
		f.year, f.zone = f.zone, f.year
	}
	return true
}

// isDigit is str.isdigit for latin-1: ¹, ² and ³ are digits, though int takes none of them.
func isDigit(c byte) bool {
	return '0' <= c && c <= '9' || c == 0xb9 || c == 0xb2 || c == 0xb3
}

// splitClock cuts "08:49:37", "08.49.37" or either without seconds.
func splitClock(clock string) (hour, minute, second string, ok bool) {
	clock = strings.TrimSuffix(clock, ",")
	sep := ":"
	if !strings.Contains(clock, sep) {
		sep = "."
	}
	hour, minute, ok = strings.Cut(clock, sep)
	minute, second, found := strings.Cut(minute, sep)
	if !found {
		second = "0"
	}
	return hour, minute, second, ok
}

// date is time.Date for numbers as text, but has no 31 February.
func date(year, month, day, hour, minute, second string) (t time.Time, ok bool) {
	var n [5]int
	for i, text := range [...]string{year, day, hour, minute, second} {
		if n[i], ok = parseInt(text); !ok {
			return time.Time{}, false
		}
	}
	mon := index(months, month)
	if mon < 0 || !in(n[1], 1, 31) || !in(n[2], 0, 23) || !in(n[3], 0, 59) || !in(n[4], 0, 59) {
		return time.Time{}, false
	}
	// Like CPython, 0 to 99 is a year from 1969 to 2068, as POSIX has it, and what is below counts from 2000.
	switch {
	case n[0] > 99:
	case n[0] > 68:
		n[0] += 1900
	default:
		n[0] += 2000
	}
	t = time.Date(n[0], time.January+time.Month(mon%12), n[1], n[2], n[3], n[4], 0, time.UTC)
	return t, in(n[0], 1, 9999) && t.Day() == n[1]
}

func in(n, low, high int) bool { return low <= n && n <= high }

// isUTC reports whether a zone counts as UTC: all do but the names of North America and a number other than 0.
func isUTC(zone string) bool {
	if index(otherZones, zone) >= 0 {
		return false
	}
	offset, ok := parseInt(zone)
	return !ok || offset == 0
}

var (
	weekdays   = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	otherZones = []string{"ast", "adt", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"}
	months     = []string{
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"january", "february", "march", "april", "may", "june",
		"july", "august", "september", "october", "november", "december",
	}
)

// index finds word in list, whatever its case. EqualFold alone would take "ſep" for "sep"; the lengths tell them apart.
func index(list []string, word string) int {
	return slices.IndexFunc(list, func(s string) bool {
		return len(s) == len(word) && strings.EqualFold(s, word)
	})
}

// parseInt reads s as Python's int does:
//
//	[ "+" / "-" ] 1*DIGIT *( "_" 1*DIGIT )
//
// with at most 4300 digits. A number that is out of any date's range is some number out of range.
func parseInt(s string) (n int, ok bool) {
	const maxDigits, tooLarge = 4300, 1 << 24
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	digits := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			digits++
			n = min(n*10+int(c-'0'), tooLarge)
		case c == '_' && i > 0 && s[i-1] != '_' && i < len(s)-1:
		default:
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, 0 < digits && digits <= maxDigits
}
