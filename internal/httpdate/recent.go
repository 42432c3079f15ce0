package httpdate

import (
	"sync/atomic"
	"time"
)

// A Recent keeps some of the dates that it formatted: those of files are asked for again and again. The zero value is
// ready. It may be used from several goroutines at once, and not be copied after its first use.
type Recent struct {
	dates [64]atomic.Pointer[formatted]
}

// A formatted is a second and its date. It never changes once it is shared.
type formatted struct {
	second int64
	text   string
}

// Format returns Format(t).
func (r *Recent) Format(t time.Time) string {
	second := t.Unix()
	place := &r.dates[uint64(second)*0x9e3779b97f4a7c15>>58] // seconds are often even
	d := place.Load()
	if d == nil || d.second != second {
		d = &formatted{second, Format(t)}
		place.Store(d)
	}
	return d.text
}
