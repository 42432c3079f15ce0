// Package wire is one connection's bytes over a net.Conn: input that has come
// and waits to be read, and output that is held back a moment so that it can
// leave with what follows. It knows nothing of HTTP.
//
// One goroutine reads a [Conn] and one writes it, which may be the same; others
// may set its deadlines and call Wake, Cut and Close. A [Sweeper] writes what was
// held for too long, and a watch reads ahead where somebody wants to know when
// the connection ends.
package wire

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/httpserver/internal/socket"
)

const (
	inputSize = 4096      // the input buffer, until more is needed
	outSize   = 4096      // that for held output
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

// A direct connection is one of package socket's.
type direct interface {
	// TryRead and TryWriteTwo do what can be done at once. What cannot is
	// syscall.EAGAIN.
	TryRead(p []byte) (int, error)
	TryWriteTwo(head, tail []byte) (int, error)
	// SendFile writes head and then n bytes of a file.
	SendFile(head []byte, file int, offset, n int64) (int64, error)
	// Park leaves the connection to itself until there is something to do.
	Park(job socket.Job, by time.Time) bool
	// Unpark has it resumed at once.
	Unpark()
	// Yield lets others be served.
	Yield()
	// Vigil begins a wait for something else.
	Vigil() socket.Vigil
}

// A Conn reads and writes one connection. Make one with [New].
type Conn struct {
	nc        net.Conn
	direct    direct // nc, if it is one
	system    bool   // nc is the system's own
	readsFrom bool   // nc has a copy of its own for files
	sweeper   *Sweeper
	stall     time.Duration // as StallLimit set them
	least     int64

	memory    *memory // that in and out began with; nil: they have none of it
	in        []byte  // in[r:w] has come and was not read
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
	c := &Conn{nc: nc, system: system, sweeper: sweeper}
	c.direct, _ = nc.(direct)
	_, c.readsFrom = nc.(io.ReaderFrom)
	return c
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
	if c.direct != nil {
		c.direct.Unpark()
	}
}

// IsIdle reports whether the connection is between requests, and was not woken.
func (c *Conn) IsIdle() bool { return c.idle.Load() && !c.woken.Load() }

// IsWoken reports whether Wake was called.
func (c *Conn) IsWoken() bool { return c.woken.Load() }

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

// End closes a connection that nobody uses any more.
func (c *Conn) End() {
	c.Close()
	c.r, c.w = 0, 0
	c.giveBack()
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
