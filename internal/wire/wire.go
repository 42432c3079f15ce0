// Package wire is one connection's bytes over a net.Conn: input that has come
// and waits to be read, and output that is held back a moment so that it can
// leave with what follows. It knows nothing of HTTP.
//
// One goroutine reads and writes a [Conn]; others may call Wake and Close, and
// a [Sweeper] writes what was held for too long.
package wire

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	inputSize = 4096      // the input buffer, until more is needed
	maxKept   = 64 * 1024 // a larger buffer is not kept for later
	maxHeld   = 32 * 1024 // held output beyond this is written
	copyBelow = 64 * 1024 // up to here a file is read and leaves with its head; beyond, sendfile is cheaper

	// wakeGrace lets a request that is already in the socket be read although
	// the server is shutting down.
	wakeGrace = 5 * time.Millisecond
)

// ErrWoken ends the wait of an idle connection after [Conn.Wake].
var ErrWoken = errors.New("wire: idle connection woken")

// A Conn reads and writes one connection. Make one with [New].
type Conn struct {
	nc      net.Conn
	sweeper *Sweeper

	in        []byte // in[r:w] has come and was not read
	r, w      int
	readBy    time.Time   // when a wait for input ends; zero: never
	readArmed time.Time   // the deadline nc was given
	ownRead   atomic.Bool // somebody set a read deadline on the connection: leave it
	idle      atomic.Bool // between requests
	woken     atomic.Bool

	held     atomic.Uint64 // which output is held: a number of its own, or 0
	listed   atomic.Bool   // the sweeper has it
	seen     uint64        // which output the sweeper saw held
	ownWrite atomic.Bool   // as ownRead

	mu         sync.Mutex // guards what follows; held while writing
	out        []byte     // held output
	holds      uint64     // how many there have been
	werr       error      // the first error of a write
	stall      time.Duration
	writeArmed time.Time
}

// New gives a Conn over nc whose held output sweeper looks after.
func New(nc net.Conn, sweeper *Sweeper) *Conn {
	return &Conn{nc: nc, sweeper: sweeper}
}

// NetConn gives the connection below.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Buffered gives the input that has come and was not read. It is good until
// the next call that reads.
func (c *Conn) Buffered() []byte { return c.in[c.r:c.w] }

// Advance drops the first n bytes of what is buffered.
func (c *Conn) Advance(n int) {
	c.r += n
	if c.r == c.w {
		c.r, c.w = 0, 0
		if cap(c.in) > maxKept {
			c.in = nil
		}
	}
}

// ReadBy sets when a wait for input ends with os.ErrDeadlineExceeded. The zero
// time is never.
func (c *Conn) ReadBy(t time.Time) { c.readBy = t }

// SetIdle says whether the connection is between requests, where Wake ends its
// wait.
func (c *Conn) SetIdle(idle bool) { c.idle.Store(idle) }

// Wake ends the wait of a connection that is idle, or comes to be, with
// ErrWoken. It may be called by any goroutine, at any time.
func (c *Conn) Wake() {
	c.woken.Store(true)
	if c.idle.Load() {
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
}

// Fill writes what is held, waits for input and adds it to what is buffered.
func (c *Conn) Fill() error {
	if err := c.Flush(); err != nil {
		return err
	}
	switch {
	case c.in == nil:
		c.in = make([]byte, inputSize)
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
	if err := c.tryFlush(); err != nil {
		return 0, err
	}
	return c.read(p)
}

// tryFlush writes what is held, unless another goroutine is writing: then it
// leaves with that, or by the sweeper.
func (c *Conn) tryFlush() error {
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	return c.flush()
}

// read reads from the connection, up to readBy. A deadline that was set for an
// earlier wait is left standing as long as it is no later than readBy: when it
// ends too early, the time left is seen here. So a connection that is busy sets
// none at all.
func (c *Conn) read(p []byte) (int, error) {
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
		c.readArmed = c.readBy
		c.nc.SetReadDeadline(c.readBy)
	}
}

func (c *Conn) armRead() {
	switch {
	case c.ownRead.Load():
		return
	case c.readBy.IsZero() && !c.readArmed.IsZero(),
		!c.readBy.IsZero() && (c.readArmed.IsZero() || c.readArmed.After(c.readBy)):
		c.readArmed = c.readBy
		c.nc.SetReadDeadline(c.readBy)
	}
	// Wake sets its deadline when it sees idle. Where it came before idle was
	// set, or before the deadline above, this is the one to set it.
	if c.idle.Load() && c.woken.Load() {
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
}

// StallLimit sets how long a write may go without any progress before it ends
// with os.ErrDeadlineExceeded. That is noticed a quarter later where nothing of
// the write has gone, and after twice as long again where some has. Zero is no
// limit.
func (c *Conn) StallLimit(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stall = d
}

// Hold keeps p to be written with what follows: by the next write or flush,
// before the next wait for input, or by the sweeper.
func (c *Conn) Hold(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return c.werr
	}
	if len(c.out) == 0 {
		c.holds++
		c.held.Store(c.holds)
	}
	c.out = append(c.out, p...)
	if len(c.out) > maxHeld {
		return c.flush()
	}
	if !c.listed.Load() && !c.listed.Swap(true) {
		c.sweeper.add(c)
	}
	return nil
}

// Write writes what is held and p, in one system call where they are small.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 {
		return c.write(p)
	}
	if len(p) <= maxHeld {
		held := len(c.out)
		c.out = append(c.out, p...)
		n, err := c.flushed()
		return max(0, n-held), err
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.write(p)
}

// Flush writes what is held.
func (c *Conn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flush()
}

func (c *Conn) flush() error {
	_, err := c.flushed()
	return err
}

// flushed writes what is held, and tells how much of it was written. The caller
// holds mu.
func (c *Conn) flushed() (int, error) {
	if len(c.out) == 0 {
		return 0, c.werr
	}
	c.held.Store(0)
	n, err := c.write(c.out)
	c.out = c.out[:0]
	if cap(c.out) > maxKept {
		c.out = nil
	}
	return n, err
}

// write writes p whole. A connection that is not the system's own, as TLS, may
// be unable to take up a write that was cut short, so it gets its bytes in
// pieces that a slow client can take before the stall limit. The caller holds
// mu.
func (c *Conn) write(p []byte) (total int, err error) {
	size := len(p)
	if _, ok := c.nc.(syscall.Conn); !ok {
		size = maxHeld
	}
	for {
		piece := p[:min(size, len(p))]
		n, err := c.progress(func(int64) (int64, error) {
			n, err := c.nc.Write(piece)
			piece = piece[n:]
			return int64(n), err
		})
		total += int(n)
		p = p[n:]
		if err != nil || len(p) == 0 {
			return total, err
		}
	}
}

// progress calls step until it is done, fails, or has made no progress for the
// stall limit; step is told how far it has come, and goes on from there. A
// deadline is set only where the last one does not leave enough time, so a
// connection that is busy sets one every few seconds. The caller holds mu.
func (c *Conn) progress(step func(done int64) (int64, error)) (done int64, err error) {
	if c.werr != nil {
		return 0, c.werr
	}
	for {
		c.armWrite()
		n, err := step(done)
		done += n
		if err == nil {
			return done, nil
		}
		if n == 0 || c.ownWrite.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			c.werr = err
			return done, err
		}
	}
}

// armWrite sees to it that a write which begins now has the stall limit's time.
func (c *Conn) armWrite() {
	if c.stall <= 0 || c.ownWrite.Load() {
		return
	}
	if now := time.Now(); c.writeArmed.Sub(now) < c.stall {
		c.writeArmed = now.Add(c.stall + c.stall/4)
		c.nc.SetWriteDeadline(c.writeArmed)
	}
}

// CopyFrom writes what is held and then at most n bytes of r, or all of it
// where n is negative. It gives the bytes of r that were written. A small file
// leaves in one write with what was held, a large one by the system's own copy
// (sendfile) where there is one; anything else piece by piece, each as soon as
// it is read.
func (c *Conn) CopyFrom(r io.Reader, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	if n < 0 {
		n = math.MaxInt64
	}
	if file, ok := r.(*os.File); ok {
		// What has a position can be read again from there, and does not wait.
		if start, err := file.Seek(0, io.SeekCurrent); err == nil {
			if n < copyBelow {
				return c.copySmall(file, n)
			}
			if rf, ok := c.nc.(io.ReaderFrom); ok {
				return c.copyFile(rf, file, start, n)
			}
		}
	}
	return c.copy(&io.LimitedReader{R: r, N: n})
}

// copySmall appends at most n bytes of file to what is held, and writes.
func (c *Conn) copySmall(file *os.File, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return 0, c.werr
	}
	held := len(c.out)
	c.out = slices.Grow(c.out, int(n))
	got, rerr := io.ReadFull(file, c.out[held:held+int(n)])
	c.out = c.out[:held+got]
	written, err := c.flushed()
	if err == nil && rerr != io.EOF && rerr != io.ErrUnexpectedEOF {
		err = rerr
	}
	return int64(max(0, written-held)), err
}

// copyFile leaves at most n bytes of file to the connection. Where that falls
// back on reading and writing, and a write ends too early, what was read and
// not written is read again.
func (c *Conn) copyFile(rf io.ReaderFrom, file *os.File, start, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.progress(func(done int64) (int64, error) {
		if done > 0 {
			if _, err := file.Seek(start+done, io.SeekStart); err != nil {
				return 0, err
			}
		}
		return rf.ReadFrom(&io.LimitedReader{R: file, N: n - done})
	})
}

// copy writes r piece by piece. It waits for r without keeping others from
// writing, so that what is held still leaves in time.
func (c *Conn) copy(r io.Reader) (total int64, err error) {
	b := make([]byte, maxHeld)
	for {
		n, rerr := r.Read(b)
		if n > 0 {
			m, err := c.Write(b[:n])
			total += int64(m)
			if err != nil {
				return total, err
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, rerr
		}
	}
}

// WriteErr gives the first error that a write met, or nil.
func (c *Conn) WriteErr() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.werr
}

// SetReadDeadline and SetWriteDeadline hand the deadline over to the caller:
// the connection's own limits no longer apply.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.ownRead.Store(true)
	return c.nc.SetReadDeadline(t)
}

// OwnRead reports whether a read deadline of SetReadDeadline holds.
func (c *Conn) OwnRead() bool { return c.ownRead.Load() }

// SetWriteDeadline is to writes what SetReadDeadline is to reads.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.ownWrite.Store(true)
	return c.nc.SetWriteDeadline(t)
}

// Reclaim takes the deadlines back: the connection's own limits apply again. It
// is for a moment at which nobody reads or writes.
func (c *Conn) Reclaim() {
	if c.ownRead.Load() {
		c.ownRead.Store(false)
		c.readArmed = time.Time{}
		c.nc.SetReadDeadline(time.Time{})
	}
	if c.ownWrite.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ownWrite.Store(false)
		c.writeArmed = time.Time{}
		c.nc.SetWriteDeadline(time.Time{})
	}
}

// CloseWrite writes what is held and ends the output, where the connection can.
func (c *Conn) CloseWrite() error {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	if err := c.tryFlush(); err != nil {
		return err
	}
	return half.CloseWrite()
}

// CloseNow writes what is held if nobody is writing, and closes the connection
// under whoever is.
func (c *Conn) CloseNow() error {
	c.tryFlush()
	return c.nc.Close()
}

// Close closes the connection. It may be called by any goroutine. What is held
// is not written: call Flush first.
func (c *Conn) Close() error { return c.nc.Close() }

// Linger closes the connection so that the other side gets to read what was
// written to it: closing while input is unread would make the system reset the
// connection and take back what was sent. It ends the output and reads input
// away until the other side closes, for at most the given time and bytes. idle
// says that nothing is known to be unread: then Wake ends the wait.
func (c *Conn) Linger(limit time.Duration, bytes int64, idle bool) {
	defer c.Close()
	if c.CloseWrite() != nil {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(limit))
	c.idle.Store(idle)
	if idle && c.woken.Load() {
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
	io.CopyN(io.Discard, c.nc, bytes)
}
