package wire

import "time"

// SetReadDeadline and SetWriteDeadline hand the deadline over to the caller:
// the connection's own limits no longer apply.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.owns.Lock()
	defer c.owns.Unlock()
	c.ownRead.Store(true)
	c.ownReadBy = t
	return c.setRead(t)
}

// setRead sets a deadline for reads, whoever reads the connection. The caller
// holds owns.
func (c *Conn) setRead(t time.Time) error {
	if w := c.watch.Load(); w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.set(&w.read, t)
		if w.begun {
			return nil
		}
	}
	return c.nc.SetReadDeadline(t)
}

// OwnRead reports whether a read deadline of SetReadDeadline holds.
func (c *Conn) OwnRead() bool { return c.ownRead.Load() }

// SetWriteDeadline is to writes what SetReadDeadline is to reads.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.owns.Lock()
	defer c.owns.Unlock()
	c.ownWrite.Store(true)
	c.ownWriteBy = t
	if w := c.watch.Load(); w != nil {
		w.mu.Lock()
		w.set(&w.write, t)
		w.mu.Unlock()
	}
	return c.nc.SetWriteDeadline(t)
}

// Reclaim takes the deadlines back: the connection's own limits apply again. It
// is for a moment at which nobody reads or writes, but for the sweeper.
func (c *Conn) Reclaim() {
	if c.ownRead.Load() {
		c.owns.Lock()
		c.ownRead.Store(false)
		c.ownReadBy = time.Time{}
		c.setRead(time.Time{})
		c.readArmed = time.Time{}
		c.owns.Unlock()
	}
	if c.ownWrite.Load() {
		c.reclaimWrite()
	}
}

// reclaimWrite waits for the sweeper where that is writing, so it leaves it the
// deadline that somebody set, or the stall limit where that ends earlier.
func (c *Conn) reclaimWrite() {
	if !c.mu.TryLock() {
		c.owns.Lock()
		own := c.ownWriteBy
		c.owns.Unlock()
		by := time.Now().Add(c.stall)
		if c.stall > 0 && (own.IsZero() || by.Before(own)) {
			c.SetWriteDeadline(by)
		}
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	c.SetWriteDeadline(time.Time{})
	c.ownWrite.Store(false)
	c.writeArmed = time.Time{}
	c.window = window{}
}
