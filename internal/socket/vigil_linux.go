//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"math"
	"runtime"
	"syscall"
	"time"

	"example.com/httpserver/internal/ppoll"
)

// A Vigil is a wait for something that is not the connection's own and mostly comes in a
// moment, by who serves the connection: for a program that was started to answer a
// request. It is for one goroutine.
//
// The time from its beginning until that has come is not held against the connections,
// unless it was long: it is the program's, which works meanwhile.
type Vigil struct {
	c     *Conn
	began int64
}

// Vigil begins one. If others wait to be served, they are so from now on by another
// goroutine.
func (c *Conn) Vigil() Vigil {
	if p := c.servedBy(); p != nil && (c.othersWait || p.hasNews()) {
		c.handOver()
		c.moves = true
	}
	return Vigil{c: c, began: now()}
}

// Await waits until a descriptor can be read, for limit at most, and reports whether it
// can. Where it cannot, the caller has to wait in another way for what is left.
//
// As long as nobody else is to be served, a poller keeps its processor, for as long as
// it may to wait for events: to leave it and to get one again costs more than much that
// is waited for. Then, or for others, it is left, and who polls looks for the descriptor too.
func (v Vigil) Await(fd int, limit time.Duration) (ready bool) {
	if v.c == nil {
		return false
	}
	until := now() + int64(limit)
	if p := v.c.servedBy(); p != nil {
		ready, news := p.keepVigil(fd, min(until, now()+int64(p.group.ownWait())))
		if ready || news {
			v.excuse()
		}
		if ready {
			return true
		}
		v.c.handOver()
	}
	p, err := v.c.group.poller(v.c.poller.Load())
	ready = err == nil && p.await(fd, until)
	if ready {
		v.excuse()
	}
	return ready
}

// excuse has the time since the beginning not count.
func (v Vigil) excuse() {
	took := now() - v.began
	if p := v.c.servedBy(); p != nil {
		p.excused.Add(took)
	} else if v.c.excused != nil {
		*v.c.excused = time.Duration(took)
	}
}

// hasNews reports whether there are events.
func (p *poller) hasNews() bool {
	_, news := p.keepVigil(-1, 0)
	return news
}

// keepVigil waits until a descriptor can be read, there are events, or it is too late.
func (p *poller) keepVigil(fd int, until int64) (ready, news bool) {
	fds := []ppoll.FD{{FD: int32(fd), Events: ppoll.In}, {FD: int32(p.epoll), Events: ppoll.In}}
	for {
		left := until - now()
		err := ppoll.Hold(fds, time.Duration(left))
		ready, news = fds[0].Ready != 0, fds[1].Ready != 0
		if ready || news || err != nil || left <= 0 {
			return ready, news
		}
	}
}

// An awaiter is somebody who waits, while somebody else polls, for a descriptor that is
// no connection's.
type awaiter struct {
	told  chan bool // once: it can be read, or it is too late
	until int64     // when that is
}

// await waits until a descriptor can be read, or it is too late.
func (p *poller) await(fd int, until int64) (ready bool) {
	if now() >= until {
		return false
	}
	number := p.group.numbers.Add(1) & math.MaxInt32
	a := &awaiter{told: make(chan bool, 1), until: until}
	p.setAwaiter(number, a)
	if p.lookOnce(fd, number) != nil {
		p.takeAwaiter(number)
		return false
	}
	p.group.watch()
	if ready = <-a.told; !ready {
		p.control(syscall.EPOLL_CTL_DEL, fd, nil)
	}
	return ready
}

// lookOnce has the poller look once whether a descriptor that is no connection's can be
// read. It may have done so before.
func (p *poller) lookOnce(fd int, number int32) error {
	e := event{Events: syscall.EPOLLIN | syscall.EPOLLONESHOT, Fd: number, Pad: ofAwaiter}
	err := p.control(syscall.EPOLL_CTL_ADD, fd, &e)
	if err == syscall.EEXIST {
		err = p.control(syscall.EPOLL_CTL_MOD, fd, &e)
	}
	return err
}

func (p *poller) setAwaiter(number int32, a *awaiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awaiters == nil {
		p.awaiters = make(map[int32]*awaiter)
	}
	p.awaiters[number] = a
}

// takeAwaiter gives an awaiter to who is to tell it, who is one alone, or nil.
func (p *poller) takeAwaiter(number int32) *awaiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.awaiters[number]
	delete(p.awaiters, number)
	return a
}

// tell tells an awaiter that what it awaits has come, and leaves it the processor: it
// has little left to do, and there may be nobody else to run it.
func (p *poller) tell(number int32) {
	a := p.takeAwaiter(number)
	if a == nil {
		return
	}
	a.told <- true
	began := now()
	runtime.Gosched()
	p.excused.Add(now() - began)
}

// tellLate tells those for whom it is too late at a moment, and reports whether others
// wait on.
func (p *poller) tellLate(at int64) (more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for number, a := range p.awaiters {
		if at >= a.until {
			delete(p.awaiters, number)
			a.told <- false
		}
	}
	return len(p.awaiters) > 0
}

// move leaves the connection, which nobody waits for, to the poller that has least to
// look after. Connections come to be looked after by one poller as long as they are few,
// which is best where each takes little.
func (c *Conn) move() {
	c.moves = false
	c.registering.Lock()
	defer c.registering.Unlock()
	old := c.poller.Load()
	if old == nil || !c.registered.Load() {
		return
	}
	p, err := c.group.poller(nil)
	if err != nil || p.registered.Load()+1 >= old.registered.Load() {
		return
	}
	c.registered.Store(false)
	c.drained.Store(false)
	old.forget(c)
	if old.control(syscall.EPOLL_CTL_DEL, c.fd, nil) == nil && p.add(c) == nil {
		c.poller.Store(p)
		c.registered.Store(true)
		return
	}
	c.poller.Store(nil)
}
