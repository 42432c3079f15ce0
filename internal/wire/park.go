package wire

import (
	"runtime"
	"sync"
	"syscall"
	"time"

	"example.com/httpserver/internal/socket"
)

// Park leaves a connection that waits for a request to itself, without a goroutine
// and without a buffer, until input comes, the given time has or Wake is called:
// then job is resumed. The zero time is never. It reports false where there is
// something to do at once, or the connection is none that can be left: then the
// caller goes on, and reads. Otherwise it has no more to do with the connection.
//
// What is held is written before. again says that it was parked before with the
// same job and time, which may be over.
func (c *Conn) Park(job socket.Job, by time.Time, again bool) bool {
	if c.direct == nil || c.r < c.w || c.watch.Load() != nil || c.ownRead.Load() {
		return false
	}
	if c.idle.Load() {
		c.SetIdle(false)
	}
	if c.TryFlush() != nil {
		return false
	}
	for i := range maxParks {
		if c.in == nil {
			c.lend()
		}
		n, err := c.direct.TryRead(c.in)
		if c.w = n; err != syscall.EAGAIN {
			return false // an error is met again
		}
		if (again || i > 0) && !by.IsZero() && !time.Now().Before(by) {
			return false
		}
		c.giveBack()
		c.idle.Store(true)
		// Wake looks at idle after it has said woken, so one of us sees the other.
		if c.woken.Load() {
			c.SetIdle(false)
			return false
		}
		if c.direct.Park(job, by) {
			return true
		}
		c.SetIdle(false)
	}
	return false
}

// maxParks is how often a connection is tried that will not be left. Mostly that is
// for something that has happened and was seen already; but it may have no place among
// what is looked after, or somebody else may be reading it: then the caller waits.
const maxParks = 3

// Yield lets other connections be served, and other goroutines run.
func (c *Conn) Yield() {
	if c.direct != nil {
		c.direct.Yield()
		return
	}
	runtime.Gosched()
}

// Vigil begins a wait for something else than the connection, or gives one that does not
// wait.
func (c *Conn) Vigil() socket.Vigil {
	if c.direct == nil {
		return socket.Vigil{}
	}
	return c.direct.Vigil()
}

// A memory is for the input and the output of a connection while it is served.
type memory struct {
	in  [inputSize]byte
	out [outSize]byte
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// lend gives a connection that is to be served its memory.
func (c *Conn) lend() {
	if c.direct == nil {
		c.in = make([]byte, inputSize)
		return
	}
	m := memories.Get().(*memory)
	c.memory, c.in = m, m.in[:]
	if !c.mu.TryLock() {
		return // somebody is writing: who reads must not wait for that, and it has its output
	}
	defer c.mu.Unlock()
	if c.out == nil {
		c.out = m.out[:0]
	}
}

// giveBack takes the memory of a connection that is not served, unless some of it
// is still in use.
func (c *Conn) giveBack() {
	if c.memory == nil || !c.mu.TryLock() {
		return // the sweeper is writing, to a client that may take its time
	}
	defer c.mu.Unlock()
	// A handler may have left a goroutine behind that reads.
	if len(c.out) > 0 || c.r < c.w || c.directs.Load() > 0 || c.watch.Load() != nil {
		return
	}
	m := c.memory
	c.memory, c.in, c.out = nil, nil, nil
	c.r, c.w = 0, 0
	memories.Put(m)
}
