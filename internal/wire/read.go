package wire

import (
	"errors"
	"io"
	"os"
	"time"
)

// Fill writes what is held, waits for input and adds it to what is buffered.
func (c *Conn) Fill() error {
	if err := c.TryFlush(); err != nil {
		return err
	}
	switch {
	case c.in == nil:
		c.lend()
	case c.w == len(c.in) && c.r > 0:
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	case c.w == len(c.in):
		in := make([]byte, 2*len(c.in))
		copy(in, c.in)
		c.in = in
	}
	n, err := c.read(c.in[c.w:])
	c.w += n
	return err
}

// Read reads what is buffered or, after writing what is held, from the
// connection.
func (c *Conn) Read(p []byte) (int, error) {
	if c.r < c.w {
		n := copy(p, c.in[c.r:c.w])
		c.Advance(n)
		return n, nil
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.TryFlush(); err != nil {
		return 0, err
	}
	return c.read(p)
}

// read reads from the connection or, where that is read ahead, from there, up to
// readBy.
func (c *Conn) read(p []byte) (int, error) {
	for {
		if w := c.watch.Load(); w != nil {
			if n, err, ok := w.take(p, c.readBy); ok {
				return n, err
			}
		}
		if n, err, ok := c.readDirect(p); ok {
			return n, err
		}
	}
}

// readDirect reads from the connection. It reports false where there is a watch.
func (c *Conn) readDirect(p []byte) (n int, err error, ok bool) {
	c.directs.Add(1)
	defer c.leaveDirect()
	if c.watch.Load() != nil {
		return 0, nil, false
	}
	n, err = c.readBelow(p)
	if err != nil && err != io.EOF && err != ErrWoken && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.fail(err)
	}
	return n, err, true
}

// leaveDirect ends a direct read, which a watch may wait for to begin.
func (c *Conn) leaveDirect() {
	if c.directs.Add(-1) == 0 {
		if w := c.watch.Load(); w != nil {
			w.begin()
		}
	}
}

// readBelow reads from the connection itself. A deadline that was set for an
// earlier wait is left standing as long as it is no later than readBy: when it
// ends too early, the time left is seen here. So a connection that is busy sets
// none at all.
func (c *Conn) readBelow(p []byte) (int, error) {
	if !c.system {
		c.coverWrites()
	}
	for early := 0; ; {
		c.armRead()
		n, err := c.nc.Read(p)
		if n > 0 {
			return n, nil // an error that came with it comes again
		}
		if err == nil || c.ownRead.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if c.idle.Load() && c.woken.Load() {
			return 0, ErrWoken
		}
		now := time.Now()
		if !c.readBy.IsZero() && !now.Before(c.readBy) {
			return 0, err
		}
		// Wake may have set a deadline before ours, once. A connection that
		// goes on to end waits by itself would keep us here.
		if c.readArmed.IsZero() || now.Before(c.readArmed) {
			if early++; early > 1 {
				return 0, err
			}
		}
		c.setReadBy()
	}
}

// armRead sees to it that a read which begins now ends by readBy, or earlier.
func (c *Conn) armRead() {
	switch {
	case c.ownRead.Load():
		return
	case c.readBy.IsZero() && !c.readArmed.IsZero(),
		!c.readBy.IsZero() && (c.readArmed.IsZero() || c.readArmed.After(c.readBy)):
		c.setReadBy()
	}
	// Wake sets its deadline when it sees idle. Where it came before idle was
	// set, or before the deadline above, this is the one to set it.
	if c.idle.Load() && c.woken.Load() {
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
}

// setReadBy sets the deadline readBy, unless somebody has just set another: that
// may be there to end this very read.
func (c *Conn) setReadBy() {
	c.owns.Lock()
	defer c.owns.Unlock()
	if !c.ownRead.Load() {
		c.readArmed = c.readBy
		c.nc.SetReadDeadline(c.readBy)
	}
}
