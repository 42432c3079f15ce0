package wire

import (
	"errors"
	"os"
	"runtime"
	"time"
)

// StallLimit bounds the waits of writes: in each such time of waiting the other
// side has to take the given number of bytes, or the write ends with
// os.ErrDeadlineExceeded. With no number any progress will do; with no time
// there is no limit. Time in which nobody writes does not count.
//
// What misses the limit is noticed in an eighth more time, or after twice as
// long again where it met it before. It is for before the first write.
func (c *Conn) StallLimit(d time.Duration, least int64) {
	c.stall, c.least = d, max(1, least)
}

// A window is the waiting of writes since enough was taken last, over as many
// writes as it takes.
type window struct {
	waited time.Duration
	taken  int64
	// met says that enough was taken since the deadline was set. Until that is
	// set again, which is soon, the time that writes take is not looked at: so
	// a busy connection looks at the clock once for each write.
	met bool
}

// canLook says that a write of which nothing went, as the system tells, can be
// tried again. Windows does not know how much of a write that it broke off went.
const canLook = runtime.GOOS != "windows"

// progress calls step until it is done, fails, or has made too little progress
// for the stall limit; step is told how far it has come, and goes on from there.
// A deadline is set only where the last one does not leave enough time, so a
// connection that is busy sets one every few seconds. The caller holds mu.
func (c *Conn) progress(step func(done int64) (int64, error)) (done int64, err error) {
	if c.werr != nil {
		return 0, c.werr
	}
	began := c.armWrite()
	if !c.system && c.watch.Load() != nil {
		defer c.uncoverWatch()
	}
	for looked := false; ; {
		n, err := step(done)
		done += n
		if began.IsZero() || c.ownWrite.Load() {
			c.failWrite(err)
			return done, err
		}
		if err == nil {
			c.window.add(c, n, began)
			return done, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			c.failWrite(err)
			return done, err
		}
		now := time.Now()
		more := c.window.renew(c, n, now.Sub(began))
		if more == 0 && c.system && canLook && !looked && c.window.waited >= c.stall {
			// The system says that there is room only when there is a lot. A
			// client that is slow may have made some all the same.
			looked, more = true, lookTime
		} else {
			looked = false
		}
		if more == 0 {
			c.failWrite(err)
			return done, err
		}
		began = now
		c.setWrite(now.Add(more))
	}
}

func (c *Conn) failWrite(err error) {
	if err != nil {
		c.werr = err
		c.fail(err)
	}
}

// took counts n bytes of a write that has not waited.
func (w *window) took(c *Conn, n int64) {
	if w.met {
		return
	}
	if w.taken += n; w.taken >= c.least {
		*w = window{met: true}
	}
}

// add counts n bytes of a write that is done.
func (w *window) add(c *Conn, n int64, began time.Time) {
	if w.met {
		return
	}
	if w.taken += n; w.taken >= c.least {
		*w = window{met: true}
		return
	}
	w.waited += time.Since(began)
}

// renew counts n bytes of a write whose time is up, after a wait. It gives the
// time for which it may go on, or none.
func (w *window) renew(c *Conn, n int64, waited time.Duration) time.Duration {
	w.taken += n
	w.waited += waited
	switch {
	case w.taken >= c.least:
		*w = window{}
		return c.stall
	case w.waited < c.stall && n > 0: // somebody else's deadline
		return c.stall - w.waited
	}
	w.met = false
	return 0
}

// armWrite sees to it that a write which begins now has what is left of the
// stall limit's time, and not much more. It gives the time where there is a
// limit.
func (c *Conn) armWrite() time.Time {
	if c.stall <= 0 || c.ownWrite.Load() {
		return time.Time{}
	}
	now := time.Now()
	need, slack := c.stall-c.window.waited, c.stall/8
	if left := c.writeArmed.Sub(now); left < need || left > need+slack {
		c.setWrite(now.Add(need + slack))
	}
	return now
}

// setWrite sets the deadline for a write. The caller holds mu.
func (c *Conn) setWrite(t time.Time) {
	c.window.met = false
	c.setWriteBy(t)
}

// setWriteBy is to writes what setReadBy is to reads. The caller holds mu.
func (c *Conn) setWriteBy(t time.Time) {
	c.owns.Lock()
	defer c.owns.Unlock()
	if !c.ownWrite.Load() {
		c.writeArmed = t
		c.nc.SetWriteDeadline(t)
	}
}

// coverWrites bounds the writes that a connection makes by itself while it is
// read, as TLS does to answer a key update: they have until the read ends, and
// the stall limit more. A deadline that an earlier write has left would end too
// early, and break the connection. Whoever is writing has set one.
func (c *Conn) coverWrites() {
	if c.stall <= 0 || c.ownWrite.Load() || !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	by := c.readBy
	if c.ownRead.Load() {
		c.owns.Lock()
		by = c.ownReadBy
		c.owns.Unlock()
	}
	switch {
	case by.IsZero() && !c.writeArmed.IsZero():
		c.setWriteBy(by)
	case !by.IsZero() && c.writeArmed.Before(by):
		c.setWriteBy(by.Add(c.stall))
	}
}

// uncoverWatch takes the deadline off a connection that is read ahead, where
// coverWrites does not come by. The caller holds mu.
func (c *Conn) uncoverWatch() { c.setWriteBy(time.Time{}) }
