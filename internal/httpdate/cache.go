package httpdate

import (
	"sync/atomic"
	"time"
)

// A Cache keeps the last date it formatted, since a busy server asks for the same second thousands of times. The
// zero value is ready. It may be used from several goroutines at once, and not be copied after its first use.
type Cache struct {
	imf, log atomic.Pointer[stamp]
}

// A stamp is a formatted second. It never changes once it is shared.
type stamp struct {
	second   int64
	location *time.Location
	text     string
	read     time.Time     // when the clock said so
	good     time.Duration // for how long after that it is taken to
}

// recheck is how long a stamp is good at most. The time that has passed since the clock was read is known at half the
// cost of reading it, but would not tell that somebody has set it.
const recheck = 50 * time.Millisecond

// Now returns Format of the current time. It is not late, but by as much as somebody has set the clock within the
// last 50 ms.
func (c *Cache) Now() string {
	if s := c.imf.Load(); s != nil && time.Since(s.read) < s.good {
		return s.text
	}
	return c.IMF(time.Now())
}

// LogNow returns FormatLog of the current time, as Now does Format.
func (c *Cache) LogNow() string {
	if s := c.log.Load(); s != nil && s.location == time.Local && time.Since(s.read) < s.good {
		return s.text
	}
	return c.Log(time.Now())
}

// IMF returns Format(now).
func (c *Cache) IMF(now time.Time) string { return cached(&c.imf, now, time.UTC, Format) }

// Log returns FormatLog(now).
func (c *Cache) Log(now time.Time) string { return cached(&c.log, now, now.Location(), FormatLog) }

// Goroutines that meet a new second together each format it, which is cheaper than to have them wait. The clock
// may go back: any second but the last is formatted again.
func cached(last *atomic.Pointer[stamp], now time.Time, in *time.Location, format func(time.Time) string) string {
	second := now.Unix()
	s := last.Load()
	switch {
	case s == nil || s.second != second || s.location != in:
		s = &stamp{second: second, location: in, text: format(now)}
	case now.Sub(s.read).Abs() < s.good:
		return s.text
	default:
		s = &stamp{second: second, location: in, text: s.text}
	}
	s.read, s.good = now, min(recheck, time.Second-time.Duration(now.Nanosecond()))
	last.Store(s)
	return s.text
}
