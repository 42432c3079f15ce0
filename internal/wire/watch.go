package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	maxWatched = 32 * 1024 // what a watch reads ahead at most
	minChunk   = 1024      // and what it reads at once, at first: most clients just wait
	maxChunk   = 16 * 1024 // and at most

	// stopTime bounds the wait for a read to end whose deadline has passed. A
	// connection that knows deadlines needs next to nothing of it.
	stopTime = time.Second

	// maxTimeouts bounds how often in a row what a watch waits for may bring nothing: by a
	// deadline that nobody waits for, as Wake leaves one behind at times, or
	// because somebody writes nothing to the other end of a pipe.
	maxTimeouts = 100
)

// A watch reads a connection ahead, on a goroutine of its own, so that its end
// is noticed while nobody wants to read. Readers take what it has read. It has
// no deadline on the connection: those of the readers are its own.
type watch struct {
	c    *Conn
	done chan struct{} // closed when the goroutine reads no more

	timeouts int // how often in a row the goroutine has waited for nothing; its own

	mu       sync.Mutex // guards what follows
	changed  sync.Cond  // some of it did
	buf      bytes.Buffer
	err      error       // why no more will come
	begun    bool        // the goroutine reads
	looking  bool        // it waits for a reset, since there is no room to read
	blind    bool        // it cannot do so, or has seen one
	stopping bool        // it is to end
	off      bool        // it has been taken off the connection
	readers  int         // how many wait, or are about to
	gone     func(error) // whom to tell why the connection is of no more use
	read     deadline    // the deadlines that somebody set
	write    deadline
}

// A deadline is a time and the timer that tells when it comes.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

// Watch has gone told, once, when the connection can be of no more use: the
// error of a read or a write, but not io.EOF, or os.ErrDeadlineExceeded when a
// deadline of SetReadDeadline or SetWriteDeadline has passed, whether or not
// anybody reads or writes. That is until Unwatch. gone must not call back.
//
// The connection is read ahead for that, up to a bound. Beyond it, and after an
// io.EOF, a reset is noticed where the system tells of one by other means than a
// read, and by a write elsewhere.
func (c *Conn) Watch(gone func(error)) {
	if !c.system && c.mu.TryLock() { // who is writing does the same behind its write
		c.uncoverWatch()
		c.mu.Unlock()
	}
	c.owns.Lock()
	defer c.owns.Unlock()
	w := c.watch.Load()
	if w == nil {
		w = &watch{c: c, done: make(chan struct{})}
		w.changed.L = &w.mu
	}
	w.mu.Lock()
	w.gone = gone
	w.set(&w.read, c.ownReadBy)
	w.set(&w.write, c.ownWriteBy)
	w.mu.Unlock()
	// A read that has begun goes on, and begins the watch when it returns; one
	// that begins from now on finds the watch.
	c.watch.Store(w)
	if c.directs.Load() == 0 {
		w.begin()
	}
	if err := c.broken.Load(); err != nil {
		w.tell(*err)
	}
	w.expire()
}

// Unwatch ends the telling. With stop it ends the watch, at a moment when nobody
// reads: what was read ahead is buffered input again. It reports false where that
// could not be done but by closing the connection.
func (c *Conn) Unwatch(stop bool) bool {
	w := c.watch.Load()
	if w == nil {
		return true
	}
	w.mu.Lock()
	w.gone = nil
	w.set(&w.write, time.Time{})
	if !stop || w.err != nil || w.readers > 0 {
		w.mu.Unlock()
		return true // it is in use, or has ended, with something left to read perhaps
	}
	w.stopping = true
	w.changed.Broadcast()
	begun := w.begun
	w.mu.Unlock()
	if begun && !w.stop() {
		return false
	}

	c.owns.Lock()
	defer c.owns.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if begun {
		c.nc.SetReadDeadline(c.ownReadBy)
	}
	if w.err != nil {
		return true // it has ended by itself meanwhile
	}
	w.off = true
	w.set(&w.read, time.Time{})
	w.changed.Broadcast()
	if ahead := w.buf.Bytes(); len(ahead) > 0 {
		c.in = append(slices.Grow(c.in[:c.w], max(inputSize, len(ahead))), ahead...)
		c.w, c.in = len(c.in), c.in[:cap(c.in)]
	}
	c.watch.Store(nil)
	return true
}

// stop waits for the goroutine to read no more, as it is to. It closes a connection
// whose deadlines do nothing.
func (w *watch) stop() bool {
	w.c.nc.SetReadDeadline(aLongTimeAgo)
	patience := time.NewTimer(stopTime)
	defer patience.Stop()
	select {
	case <-w.done:
		return true
	case <-patience.C:
		w.c.nc.SetWriteDeadline(aLongTimeAgo) // it may be a write that does not end: see coverWrites
		w.c.Close()
		return false
	}
}

var aLongTimeAgo = time.Unix(1, 0)

// begin has the goroutine read, unless it does, or need not any more.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun || w.stopping || w.err != nil {
		return
	}
	w.begun = true
	w.c.readArmed = time.Time{}
	w.c.nc.SetReadDeadline(time.Time{})
	go w.pump()
}

// pump reads until the connection ends, or the watch does. Behind the end of the
// input it is a reset alone that it waits for, which nobody waits for in turn.
func (w *watch) pump() {
	err := w.readAhead()
	if err != nil && err != io.EOF {
		w.c.fail(err)
	}
	close(w.done)
	for err == io.EOF && !w.awaitReset() {
	}
}

// awaitReset waits until the connection is reset, or closed, which it tells, and reads
// nothing. It reports false where somebody has ended the wait by a deadline.
func (w *watch) awaitReset() (done bool) {
	err := w.c.awaitReset()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return !w.again()
	case err != errors.ErrUnsupported:
		w.c.fail(err)
	}
	return true
}

// again has the goroutine wait once more where a deadline has ended its wait, or reports
// false where that has been so too often.
func (w *watch) again() bool {
	if w.timeouts++; w.timeouts > maxTimeouts {
		return false
	}
	w.c.nc.SetReadDeadline(time.Time{})
	return true
}

// stall waits until something changes, while there is no room to read more. The caller
// holds mu.
func (w *watch) stall() {
	if w.blind {
		w.changed.Wait()
		return
	}
	w.looking = true
	w.mu.Unlock()
	done := w.awaitReset()
	w.mu.Lock()
	w.looking, w.blind = false, done
}

// readAhead gives the error that ends the connection's input, or nil where the
// watch ends before it.
func (w *watch) readAhead() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := make([]byte, minChunk)
	for {
		for w.buf.Len()+len(p) > maxWatched && !w.stopping && w.err == nil {
			w.stall()
		}
		if w.stopping || w.err != nil {
			return w.err
		}
		w.mu.Unlock()
		n, err := w.readOnce(p)
		w.mu.Lock()
		if n > 0 {
			w.timeouts = 0
			if w.err == nil {
				w.buf.Write(p[:n])
			}
			w.changed.Broadcast()
			if n == len(p) && n < maxChunk {
				p = make([]byte, 2*n)
			}
			continue // an error that came with it comes again
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			if w.stopping {
				return nil
			}
			if w.again() {
				continue
			}
			if err == nil {
				err = io.ErrNoProgress
			}
		}
		if w.err == nil {
			w.err = err
		}
		w.changed.Broadcast()
		return err
	}
}

// readOnce reads from the connection. A panic, of one that a handler has
// wrapped, would be nobody's here, and end the program.
func (w *watch) readOnce(p []byte) (n int, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			n, err = 0, fmt.Errorf("wire: reading the connection panicked: %v", problem)
		}
	}()
	return w.c.nc.Read(p)
}

// take reads what has been read ahead, or waits for it, up to the given time:
// the zero time is never. It reports false where the watch was taken off the
// connection.
func (w *watch) take(p []byte, by time.Time) (n int, err error, ok bool) {
	c := w.c
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readers++
	defer func() { w.readers-- }()
	var alarm *time.Timer
	for {
		own := c.ownRead.Load()
		switch {
		case w.off:
			return 0, nil, false
		case own && w.read.passed():
			return 0, os.ErrDeadlineExceeded, true
		case w.buf.Len() > 0:
			full := !w.hasRoom()
			n, _ = w.buf.Read(p)
			if full && w.hasRoom() { // once, and not for each byte of who reads them one by one
				w.changed.Broadcast()
				if w.looking {
					c.nc.SetReadDeadline(aLongTimeAgo)
				}
			}
			return n, nil, true
		case w.err != nil:
			return 0, w.err, true
		case c.idle.Load() && c.woken.Load():
			return 0, ErrWoken, true
		}
		if !own && !by.IsZero() {
			left := time.Until(by)
			if left <= 0 {
				return 0, os.ErrDeadlineExceeded, true
			}
			if alarm == nil {
				alarm = time.AfterFunc(left, w.wake)
				defer alarm.Stop()
			} else {
				alarm.Reset(left)
			}
		}
		w.changed.Wait()
	}
}

// hasRoom reports whether more may be read ahead, however much that is at once. The caller
// holds mu.
func (w *watch) hasRoom() bool { return w.buf.Len()+maxChunk <= maxWatched }

// wake has readers look again at what they wait for.
func (w *watch) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.Broadcast()
}

// reads reports whether it is the watch that reads, and wakes its readers.
func (w *watch) reads() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed.Broadcast()
	return w.begun
}

// tell tells why the connection is of no more use, once.
func (w *watch) tell(err error) {
	w.mu.Lock()
	gone := w.gone
	w.gone = nil
	w.mu.Unlock()
	if gone != nil {
		gone(err)
	}
}

// close ends the watch of a connection that is being closed.
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = net.ErrClosed
	}
	w.buf.Reset()
	w.set(&w.read, time.Time{})
	w.set(&w.write, time.Time{})
	w.changed.Broadcast()
}

// set sets a deadline. The caller holds mu.
func (w *watch) set(d *deadline, at time.Time) {
	d.at = at
	switch {
	case at.IsZero():
		if d.timer != nil {
			d.timer.Stop()
		}
	case d.timer == nil:
		d.timer = time.AfterFunc(time.Until(at), w.expire)
	default:
		d.timer.Reset(time.Until(at))
	}
	w.changed.Broadcast()
}

// expire tells of deadlines that have passed.
func (w *watch) expire() {
	w.mu.Lock()
	passed := w.read.passed() || w.write.passed()
	for _, d := range []*deadline{&w.read, &w.write} {
		if !d.at.IsZero() && !d.passed() {
			d.timer.Reset(time.Until(d.at)) // it came early, by another clock
		}
	}
	w.changed.Broadcast()
	w.mu.Unlock()
	if passed {
		w.tell(os.ErrDeadlineExceeded)
	}
}

func (d *deadline) passed() bool { return !d.at.IsZero() && time.Until(d.at) <= 0 }
