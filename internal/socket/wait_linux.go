//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"errors"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A direction is the input or the output of a connection, and who waits for it.
type direction struct {
	state atomic.Int32
	by    atomic.Int64  // the deadline, as moment gives it; 0: none
	wake  chan struct{} // made by the first who waits; holds one at most
	turn  sync.Mutex    // one uses it at a time: what one leaves is for the next
}

// The states of a direction.
const (
	none    = iota // nobody waits, and nothing is known to have happened
	ready          // something has, and nobody has looked yet
	waiting        // a goroutine waits
	parked         // the input's: nobody waits, and the Job is to be resumed
)

// notify tells that something has happened to it. It reports whether it was
// parked: then whoever calls resumes the Job.
func (d *direction) notify() (resume bool) {
	for {
		switch d.state.Load() {
		case none:
			if d.state.CompareAndSwap(none, ready) {
				return false
			}
		case ready:
			return false
		case waiting:
			if d.state.CompareAndSwap(waiting, ready) {
				d.poke()
				return false
			}
		case parked:
			if d.state.CompareAndSwap(parked, none) {
				return true
			}
		}
	}
}

// kick has whoever waits look again.
func (d *direction) kick() {
	if d.state.Load() == waiting { // who comes to wait later looks then
		d.poke()
	}
}

func (d *direction) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// moment gives a time in nanoseconds after the epoch, by the clock that nobody sets:
// a step of the other neither ends waits nor makes them longer. The zero time is 0,
// and none other is.
func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if t != t.Round(0) { // it has that clock's reading: no clock need be read again
		return max(1, int64(t.Sub(epoch)))
	}
	left := int64(time.Until(t))
	if now := now(); left < math.MaxInt64-now {
		return max(1, now+left)
	}
	return math.MaxInt64
}

// now is the present moment.
func now() int64 { return int64(time.Since(epoch)) }

var epoch = time.Now()

func (d *direction) setBy(t time.Time) {
	d.by.Store(moment(t))
	d.kick()
}

// overdue gives os.ErrDeadlineExceeded where the deadline has passed.
func (d *direction) overdue() error {
	if by := d.by.Load(); by != 0 && now() >= by {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// errParked is what a goroutine gets that a handler has left behind, where the
// connection has gone on to wait for the next request.
var errParked = errors.New("the connection waits for its server")

// use has the caller use a direction, alone.
func (c *Conn) use(d *direction) {
	if !d.turn.TryLock() { // who uses it may take long
		c.handOver()
		d.turn.Lock()
	}
}

// await waits until something has happened to a direction, its deadline comes or
// the connection is closed. The caller uses the connection, and the direction.
func (c *Conn) await(d *direction) error {
	if err := c.register(); err != nil {
		return err
	}
	c.handOver()
	if d.wake == nil {
		d.wake = make(chan struct{}, 1)
	}
	var alarm *time.Timer
	for {
		if d.state.CompareAndSwap(ready, none) {
			if d == &c.input {
				c.drained.Store(false)
			}
			return nil
		}
		if !d.state.CompareAndSwap(none, waiting) {
			switch d.state.Load() {
			case waiting: // since before
			case parked:
				return errParked
			default:
				continue // it has happened just now
			}
		}
		// What was changed before it could be seen that somebody waits is seen here.
		by := d.by.Load()
		left := time.Duration(by - now())
		switch {
		case c.isClosed():
			d.state.CompareAndSwap(waiting, none)
			return net.ErrClosed
		case by != 0 && left <= 0:
			d.state.CompareAndSwap(waiting, none)
			return os.ErrDeadlineExceeded
		case by == 0:
			<-d.wake
			continue
		case alarm == nil:
			alarm = time.NewTimer(left)
			defer alarm.Stop()
		default:
			alarm.Reset(left)
		}
		select {
		case <-d.wake:
		case <-alarm.C:
		}
	}
}

// Yield lets others have a go. It is for who serves a connection that has always more
// to do.
func (c *Conn) Yield() {
	c.handOver()
	runtime.Gosched()
}

// Park leaves the connection to itself until input comes, the given time has, or
// it is closed: then job is resumed. The zero time is never. It reports false
// where something has come already: then there may be something to read. While it
// is parked nobody reads it, and who has parked it has no more to do with it.
func (c *Conn) Park(job Job, by time.Time) bool {
	if !c.enter() {
		return false
	}
	defer c.leave()
	if c.hungUp.Load() || c.register() != nil {
		return false
	}
	if c.moves {
		c.move()
	}
	until := moment(by)
	c.job = job
	c.idleBy.Store(until)
	serving := c.serving.Swap(0) // for who resumes it
	c.arm(until)
	if !c.input.state.CompareAndSwap(none, parked) {
		c.serving.Store(serving)
		return false // ready: TryRead sees that
	}
	c.arm(until) // again, where the alarm went off before it could see this
	// A Close that came before this did not see it parked.
	if c.isClosed() && c.input.state.CompareAndSwap(parked, none) {
		c.serving.Store(serving)
		return false
	}
	return true
}

// Unpark resumes the job of a connection that is parked, or is about to be.
func (c *Conn) Unpark() {
	c.drained.Store(false) // what has come may be on its way through a busy poller
	if c.input.notify() {
		go c.job.Resume()
	}
}

// arm sets the alarm, unless it is set already to ring by then. The connection is in
// use, so that it is not released.
func (c *Conn) arm(until int64) {
	if set := c.rings.Load(); until == 0 || set != 0 && set <= until {
		return
	}
	c.registering.Lock()
	defer c.registering.Unlock()
	if set := c.rings.Load(); set != 0 && set <= until {
		return
	}
	c.rings.Store(until)
	after := time.Duration(until - now())
	if c.alarm == nil {
		c.alarm = time.AfterFunc(after, c.ring)
		return
	}
	c.alarm.Reset(after)
}

// ring looks whether the time to wait is over. The alarm is set once for many
// waits, so mostly there is some left.
func (c *Conn) ring() {
	if c.isOver() {
		c.Unpark()
	}
}

// isOver reports whether the time to wait is over, or sets the alarm again.
func (c *Conn) isOver() bool {
	c.registering.Lock()
	defer c.registering.Unlock()
	for {
		by := c.idleBy.Load()
		left := by - now()
		if left <= 0 || c.isClosed() {
			c.rings.Store(0)
			return true
		}
		c.rings.Store(by)
		if c.idleBy.Load() >= by { // or who parks it has not seen this, and does not arm
			c.alarm.Reset(time.Duration(left))
			return false
		}
	}
}
