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
	if s == nil || s.second != second || s.location != in {
		s = &stamp{second, in, format(now)}
		last.Store(s)
	}
	return s.text
}
