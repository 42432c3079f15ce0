// Package wire is one connection's bytes over a net.Conn: input that has come
// and waits to be read, and output that is held back a moment so that it can
// leave with what follows. It knows nothing of HTTP.
//
// One goroutine reads a [Conn] and one writes it, which may be the same; others
// may set its deadlines and call Wake, Cut and Close. A [Sweeper] writes what was held for too long, and a watch
// reads ahead where somebody wants to know when the connection ends.
package wire

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"runtime"
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

	// lastMoment is how long a client that goes on sending has to read its
	// answer, once no more is read.
	lastMoment = 500 * time.Millisecond

	// lookTime is for a last look at whether a slow client has taken some.
	lookTime = 50 * time.Millisecond

	// wakeGrace lets a request that is already in the socket be read although
	// the server is shutting down.
	wakeGrace = 5 * time.Millisecond
)

// ErrWoken ends the wait of an idle connection after [Conn.Wake].
var ErrWoken = errors.New("wire: idle connection woken")

// A Conn reads and writes one connection. Make one with [New].
type Conn struct {
	nc      net.Conn
	system  bool // nc is the system's own
	sweeper *Sweeper
	stall   time.Duration // as StallLimit set them
	least   int64

	in        []byte // in[r:w] has come and was not read
	r, w      int
	readBy    time.Time   // when a wait for input ends; zero: never
	readArmed time.Time   // the deadline nc was given
	ownRead   atomic.Bool // somebody set a read deadline on the connection: leave it
	idle      atomic.Bool // between requests
	woken     atomic.Bool
	waking    sync.Mutex   // held by Wake
	directs   atomic.Int32 // reads of the connection, but for the watch's
	watch     atomic.Pointer[watch]
	broken    atomic.Pointer[error] // the first error of a read or write that ended the connection

	owns                  sync.Mutex // guards what follows, that the watch has the same, and nc's deadlines
	ownReadBy, ownWriteBy time.Time  // what somebody set

	held     atomic.Uint64 // which output is held: a number of its own, or 0
	listed   atomic.Bool   // the sweeper has it
	seen     uint64        // which output the sweeper saw held
	ownWrite atomic.Bool   // as ownRead

	mu         sync.Mutex // guards what follows; held while writing; taken before owns
	out        []byte     // held output
	holds      uint64     // how many there have been
	werr       error      // the first error of a write
	writeArmed time.Time
	window     window
}

// New gives a Conn over nc whose held output sweeper looks after.
func New(nc net.Conn, sweeper *Sweeper) *Conn {
	_, system := nc.(syscall.Conn)
	return &Conn{nc: nc, system: system, sweeper: sweeper}
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
// wait. Once it is not, Wake sets no deadline any more.
func (c *Conn) SetIdle(idle bool) {
	c.idle.Store(idle)
	if !idle && c.woken.Load() {
		c.awaitWake()
	}
}

// awaitWake waits for a Wake that is at it.
func (c *Conn) awaitWake() {
	c.waking.Lock()
	defer c.waking.Unlock()
}

// Wake ends the wait of a connection that is idle, or comes to be, with
// ErrWoken. It may be called by any goroutine, at any time.
func (c *Conn) Wake() {
	c.woken.Store(true)
	c.waking.Lock()
	defer c.waking.Unlock()
	if !c.idle.Load() {
		return
	}
	if w := c.watch.Load(); w == nil || !w.reads() {
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
}

// IsIdle reports whether the connection is between requests, and was not woken.
func (c *Conn) IsIdle() bool { return c.idle.Load() && !c.woken.Load() }

// IsWoken reports whether Wake was called.
func (c *Conn) IsWoken() bool { return c.woken.Load() }

// Fill writes what is held, waits for input and adds it to what is buffered.
func (c *Conn) Fill() error {
	if err := c.TryFlush(); err != nil {
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
	if err := c.TryFlush(); err != nil {
		return 0, err
	}
	return c.read(p)
}

// TryFlush is Flush, unless another goroutine is writing: then what is held
// leaves with that, or by the sweeper. Who reads must not wait for a write: the
// client may take no more of it until more of what it sends is read.
func (c *Conn) TryFlush() error {
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	return c.flush()
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

// Broken gives the first error that ended the connection, as far as anybody
// noticed, or nil. It is net.ErrClosed where this side has closed it.
func (c *Conn) Broken() error {
	if err := c.broken.Load(); err != nil {
		return *err
	}
	return nil
}

var errClosed = net.ErrClosed // of which there is a pointer

// fail keeps the first error that ended the connection, and tells whoever
// watches it.
func (c *Conn) fail(err error) {
	c.broken.CompareAndSwap(nil, &err)
	if w := c.watch.Load(); w != nil {
		w.tell(err)
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

// Hold keeps p to be written with what follows: by the next write or flush,
// before the next wait for input, or by the sweeper.
func (c *Conn) Hold(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.werr != nil {
		return c.werr
	}
	if len(c.out)+len(p) > maxHeld {
		if err := c.flush(); err != nil || len(p) > maxHeld {
			_, err = c.write(p)
			return err
		}
	}
	if len(p) == 0 {
		return nil
	}
	if len(c.out) == 0 {
		c.holds++
		c.held.Store(c.holds)
	}
	c.out = append(c.out, p...)
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
	if !c.system {
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

// uncoverWatch takes the deadline off a connection that is read ahead, where
// coverWrites does not come by. The caller holds mu.
func (c *Conn) uncoverWatch() { c.setWriteBy(time.Time{}) }

func (c *Conn) failWrite(err error) {
	if err != nil {
		c.werr = err
		c.fail(err)
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
	first := true
	return c.progress(func(done int64) (int64, error) {
		if !first {
			if _, err := file.Seek(start+done, io.SeekStart); err != nil {
				return 0, err
			}
		}
		first = false
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

// CloseWrite writes what is held and ends the output, where the connection can.
func (c *Conn) CloseWrite() error {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	if err := c.TryFlush(); err != nil {
		return err
	}
	return half.CloseWrite()
}

// CloseNow writes what is held if nobody is writing, and closes the connection
// under whoever is.
func (c *Conn) CloseNow() error {
	c.TryFlush()
	return c.Close()
}

// Close closes the connection. It may be called by any goroutine. What is held
// is not written: call Flush first.
func (c *Conn) Close() error {
	c.Cut()
	if w := c.watch.Load(); w != nil {
		w.tell(net.ErrClosed)
	}
	return c.nc.Close()
}

// Cut is for who is about to close the connection below: it ends what waits for
// something else than that.
func (c *Conn) Cut() {
	c.broken.CompareAndSwap(nil, &errClosed)
	if w := c.watch.Load(); w != nil {
		w.close()
	}
}

// Linger closes the connection so that the other side gets to read what was
// written to it: closing while input is unread would make the system reset the
// connection and take back what was sent. It ends the output and reads input
// away until the other side closes, for at most the given time and bytes. After
// those it reads no more, so that the other side has to stop and look, and gives
// it a moment for that. idle says that nothing is known to be unread: then Wake
// ends the wait.
func (c *Conn) Linger(limit time.Duration, bytes int64, idle bool) {
	defer c.Close()
	if c.CloseWrite() != nil {
		return
	}
	by := time.Now().Add(limit)
	c.idle.Store(idle)
	if !c.system {
		c.nc.SetWriteDeadline(by) // see coverWrites
	}
	if w := c.watch.Load(); w != nil {
		io.CopyN(io.Discard, readerFunc(func(p []byte) (int, error) {
			n, err, ok := w.take(p, by)
			if !ok {
				return 0, io.EOF
			}
			return n, err
		}), bytes)
		return
	}
	c.nc.SetReadDeadline(by)
	if idle && c.woken.Load() { // perhaps before that deadline was set
		c.nc.SetReadDeadline(time.Now().Add(wakeGrace))
	}
	if n, _ := io.CopyN(io.Discard, c.nc, bytes); n == bytes {
		time.Sleep(min(time.Until(by), lastMoment))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
