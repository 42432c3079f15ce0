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
	"net"
	"os"
	"sync"
	"sync/atomic"
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

	mu         sync.Mutex // guards what follows; held while writing
	out        []byte     // held output
	werr       error      // the first error of a write
	stall      time.Duration
	writeArmed time.Time
	ownWrite   bool
	listed     bool // the sweeper has it
	old        bool // the sweeper has seen this output held before
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
	// Where another goroutine is writing, what is held leaves with that.
	if c.mu.TryLock() {
		err := c.flush()
		c.mu.Unlock()
		if err != nil {
			return 0, err
		}
	}
	return c.read(p)
}

// read reads from the connection, up to readBy. A deadline that was set for an
// earlier wait is left standing as long as it is no later than readBy: when it
// ends too early, the time left is seen here. So a connection that is busy sets
// none at all.
func (c *Conn) read(p []byte) (int, error) {
	for {
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
		if !c.readBy.IsZero() && !time.Now().Before(c.readBy) {
			return 0, err
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
// with os.ErrDeadlineExceeded. Zero is no limit.
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
	c.out = append(c.out, p...)
	if len(c.out) > maxHeld {
		return c.flush()
	}
	if !c.listed {
		c.listed = true
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
		c.out = append(c.out, p...)
		if err := c.flush(); err != nil {
			return 0, err
		}
		return len(p), nil
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
	if len(c.out) == 0 {
		return c.werr
	}
	_, err := c.write(c.out)
	c.out = c.out[:0]
	c.old = false
	if cap(c.out) > maxKept {
		c.out = nil
	}
	return err
}

// write writes p whole. The caller holds mu.
func (c *Conn) write(p []byte) (int, error) {
	n, err := c.progress(func() (int64, error) {
		n, err := c.nc.Write(p)
		p = p[n:]
		return int64(n), err
	})
	return int(n), err
}

// progress calls step until it is done, fails, or makes no progress for the
// stall limit. Like read, it sets a deadline only when the last one has passed.
// The caller holds mu.
func (c *Conn) progress(step func() (int64, error)) (total int64, err error) {
	if c.werr != nil {
		return 0, c.werr
	}
	moved := time.Now()
	if !c.ownWrite && c.stall > 0 && c.writeArmed.IsZero() {
		c.armWrite(moved)
	}
	for {
		n, err := step()
		total += n
		if err == nil {
			return total, nil
		}
		now := time.Now()
		if n > 0 {
			moved = now
		}
		if c.ownWrite || c.stall <= 0 || !errors.Is(err, os.ErrDeadlineExceeded) || now.Sub(moved) >= c.stall {
			c.werr = err
			return total, err
		}
		c.armWrite(now)
	}
}

func (c *Conn) armWrite(now time.Time) {
	c.writeArmed = now.Add(c.stall)
	c.nc.SetWriteDeadline(c.writeArmed)
}

// CopyFrom writes what is held and then at most n bytes of r, or all of it
// where n is negative. It gives the bytes of r that were written. A small file
// leaves in one write with what was held; a large one by the system's own copy
// (sendfile) where there is one.
func (c *Conn) CopyFrom(r io.Reader, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	file, isFile := r.(*os.File)
	if isFile && 0 < n && n < copyBelow {
		return c.readSmall(file, n)
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	if n > 0 {
		r = &io.LimitedReader{R: r, N: n}
	}
	if rf, ok := c.nc.(io.ReaderFrom); ok {
		return c.progress(func() (int64, error) { return rf.ReadFrom(r) })
	}
	return c.copy(r)
}

// readSmall appends at most n bytes of file to what is held, and writes.
func (c *Conn) readSmall(file *os.File, n int64) (int64, error) {
	if c.werr != nil {
		return 0, c.werr
	}
	held := len(c.out)
	need := held + int(n)
	if cap(c.out) < need {
		out := make([]byte, held, need)
		copy(out, c.out)
		c.out = out
	}
	got, rerr := io.ReadFull(file, c.out[held:need])
	c.out = c.out[:held+got]
	if err := c.flush(); err != nil {
		return 0, err
	}
	if rerr == io.EOF || rerr == io.ErrUnexpectedEOF {
		rerr = nil
	}
	return int64(got), rerr
}

// copy writes r piece by piece, each as soon as it is read.
func (c *Conn) copy(r io.Reader) (total int64, err error) {
	b := make([]byte, maxHeld)
	for {
		n, rerr := r.Read(b)
		if n > 0 {
			m, err := c.write(b[:n])
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

// SetWriteDeadline is to writes what SetReadDeadline is to reads.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.ownWrite = true
	c.mu.Unlock()
	return c.nc.SetWriteDeadline(t)
}

// Reclaim takes the deadlines back: the connection's own limits apply again.
func (c *Conn) Reclaim() {
	if c.ownRead.Load() {
		c.ownRead.Store(false)
		c.readArmed = time.Time{}
		c.nc.SetReadDeadline(time.Time{})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ownWrite {
		c.ownWrite = false
		c.writeArmed = time.Time{}
		c.nc.SetWriteDeadline(time.Time{})
	}
}

// Close closes the connection. It may be called by any goroutine. What is held
// is not written: call Flush first.
func (c *Conn) Close() error { return c.nc.Close() }

// Linger closes the connection so that the other side gets to read what was
// written to it: closing while input is unread would make the system reset the
// connection and take back what was sent. It ends the output and reads input
// away until the other side closes, for at most the given time and bytes.
func (c *Conn) Linger(limit time.Duration, bytes int64) {
	defer c.Close()
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(limit))
	io.CopyN(io.Discard, c.nc, bytes)
}
