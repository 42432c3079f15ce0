//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"cmp"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A poller looks for what happens to connections, by an epoll instance that is
// itself in the runtime's poller: so whoever polls is a goroutine that waits like
// any other. It is one goroutine at a time, whose turn it is, and it serves the
// parked connections that have input itself, without a word to the scheduler.
//
// What is served may wait for something. Waits for the connection hand the turn
// over to another goroutine before they begin; of others the [Group]'s watchdog
// takes notice. Where these are many, every connection gets a goroutine.
type poller struct {
	group *Group
	epoll *os.File
	raw   syscall.RawConn
	ask   func(fd uintptr) bool // lookOrWait, made once

	// turn is the number of what the poller does: even while it polls, odd while
	// it serves a connection. Only who holds the turn writes it while it is even;
	// while it is odd, anybody may take the turn by making it the next even one.
	turn    atomic.Uint64
	seen    uint64 // by the watchdog
	waiting atomic.Bool

	// Of whoever holds the turn:
	events [maxEvents]event
	next   int // events[next:count] are still to be looked at
	count  int
	served int   // connections since it polled last
	began  int64 // when that was
	busy   int   // polls that have found something, since one that has not
	waited bool  // the present one did not find something at once

	workers workers

	mu    sync.Mutex
	conns atomic.Pointer[[]atomic.Pointer[Conn]] // by descriptor; grows under mu
}

// An event is the system's struct epoll_event.
type event = syscall.EpollEvent

const (
	maxEvents = 64

	// The poller lets other goroutines have a go after so many polls.
	maxBusy = 8

	epollET = 1 << 31
)

func newPoller(g *Group) (*poller, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	p := &poller{group: g, epoll: epoll}
	p.waited = true // the first poll that finds something has the watchdog begin
	p.waiting.Store(true)
	p.ask = p.lookOrWait
	p.workers.group = g
	p.conns.Store(new([]atomic.Pointer[Conn]))
	if p.raw, err = p.epoll.SyscallConn(); err == nil {
		err = p.epoll.SetReadDeadline(time.Time{}) // which fails where the runtime's poller has not taken it
	}
	if err != nil {
		p.epoll.Close()
		return nil, err
	}
	return p, nil
}

// newEpoll gives an epoll instance that is in the runtime's poller.
func newEpoll() (*os.File, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // so that package os takes it there
		syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), "epoll"), nil
}

// add has the poller look for what happens to a connection. What has happened
// already is told too.
func (p *poller) add(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	table := *p.conns.Load()
	if c.fd >= len(table) {
		larger := make([]atomic.Pointer[Conn], max(2*len(table), c.fd+64))
		for i := range table {
			larger[i].Store(table[i].Load())
		}
		table = larger
		p.conns.Store(&larger)
	}
	table[c.fd].Store(c)
	const what = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | syscall.EPOLLPRI | epollET
	var failure error
	err := p.raw.Control(func(epoll uintptr) { // which fails once the poller is closed
		failure = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, c.fd, &event{Events: what, Fd: int32(c.fd), Pad: c.number})
	})
	if err = cmp.Or(err, failure); err != nil {
		table[c.fd].Store(nil)
	}
	return err
}

// forget takes a connection out that is about to be closed, with which the system
// forgets it.
func (p *poller) forget(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	(*p.conns.Load())[c.fd].CompareAndSwap(c, nil)
}

// find gives the connection of an event, unless it has been closed since.
func (p *poller) find(e *event) *Conn {
	table := *p.conns.Load()
	if c := table[e.Fd].Load(); c != nil && c.number == e.Pad {
		return c
	}
	return nil
}

// run polls, and serves, for as long as it has the turn. The first turn is 0.
func (p *poller) run(turn uint64) {
	returned := false
	defer func() {
		if !returned { // what was served has ended the goroutine
			p.takeOver(p.turn.Load())
		}
	}()
	for {
		for p.next < p.count {
			e := &p.events[p.next]
			p.next++
			if c := p.find(e); c != nil && c.happened(e.Events) && !p.serve(c, &turn) {
				returned = true
				return
			}
		}
		if !p.poll() {
			returned = true
			return
		}
	}
}

// serve resumes the job of a connection. It reports whether the turn is still
// the caller's.
func (p *poller) serve(c *Conn, turn *uint64) bool {
	c.drained.Store(false)
	if p.group.pace.isSlow() {
		p.workers.give(c)
		return true
	}
	p.served++
	odd := *turn + 1
	*turn += 2
	c.serving.Store(odd)
	p.turn.Store(odd)
	c.job.Resume()
	return p.turn.CompareAndSwap(odd, odd+1)
}

// takeOver has another goroutine poll, where the turn is the given one, in which a
// connection is served.
func (p *poller) takeOver(turn uint64) {
	if turn&1 != 0 && p.turn.CompareAndSwap(turn, turn+1) {
		go p.run(turn + 1)
	}
}

// handOver is called before a connection waits.
func (c *Conn) handOver() {
	if c.serving.Load() == 0 {
		return
	}
	if turn := c.serving.Swap(0); turn != 0 {
		c.poller.Load().takeOver(turn)
	}
}

// poll looks for events, and waits for them. It reports false when the poller is
// closed.
func (p *poller) poll() bool {
	if p.busy++; p.busy > maxBusy {
		p.busy = 0
		runtime.Gosched()
	}
	// The descriptor is this one's for no longer than such a call lasts: the poller
	// may be closed meanwhile.
	if p.raw.Read(p.ask) != nil {
		return false
	}
	if p.waited {
		p.waited = false
		p.waiting.Store(false)
		p.group.watch()
	}
	return true
}

// lookOrWait looks for events. Where it reports false, the runtime has it called again
// when there are some.
func (p *poller) lookOrWait(fd uintptr) bool {
	found := p.look(fd)
	p.measure()
	if !found && !p.waited {
		p.busy, p.waited = 0, true
		p.waiting.Store(true)
	}
	return found
}

// measure counts what was served between the last two polls.
func (p *poller) measure() {
	now := now()
	if p.served > 0 {
		p.group.pace.served(p.served, time.Duration(now-p.began))
		p.served = 0
	}
	p.began = now
}

// look asks for events, without waiting.
func (p *poller) look(fd uintptr) bool {
	p.next, p.count = 0, 0
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&p.events)), maxEvents, 0, 0, 0)
	if errno != 0 || n == 0 {
		return false
	}
	p.count = int(n)
	return true
}

// happened notes what has happened to a connection, and reports whether its job is
// to be resumed.
func (c *Conn) happened(events uint32) (resume bool) {
	const in = syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	const out = syscall.EPOLLOUT | syscall.EPOLLHUP | syscall.EPOLLERR
	const end = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	if events&(end|syscall.EPOLLPRI) != 0 {
		c.hungUp.Store(events&end != 0 || c.hungUp.Load())
		c.unsure.Store(true)
	}
	if events&out != 0 && c.output.state.Load() != ready {
		c.output.notify()
	}
	return events&in != 0 && c.input.notify()
}

// register has a poller look after the connection, if none does. The connection
// is in use.
func (c *Conn) register() error {
	if c.registered.Load() {
		return nil
	}
	c.registering.Lock()
	defer c.registering.Unlock()
	if c.registered.Load() {
		return nil
	}
	p, err := c.group.poller()
	if err != nil {
		return err
	}
	c.number = c.group.numbers.Add(1)
	c.poller.Store(p) // before events can come
	if err := p.add(c); err != nil {
		c.poller.Store(nil)
		return os.NewSyscallError("epoll_ctl", err)
	}
	c.registered.Store(true) // before that, nobody relies on events
	return nil
}

// A Group is what serves the connections of a server. The zero Group is ready.
type Group struct {
	pace    pace
	numbers atomic.Int32
	turns   atomic.Uint32 // of pollers, to be the next connection's

	mu      sync.Mutex
	pollers []*poller
	closed  bool

	watching atomic.Bool
}

// start has the pollers run, one for each processor.
func (g *Group) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	for len(g.pollers) < runtime.GOMAXPROCS(0) {
		p, err := newPoller(g)
		if err != nil {
			return err
		}
		g.pollers = append(g.pollers, p)
		go p.run(0)
	}
	return nil
}

// poller gives the poller for another connection.
func (g *Group) poller() (*poller, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, net.ErrClosed
	}
	return g.pollers[int(g.turns.Add(1))%len(g.pollers)], nil
}

// Close ends the pollers. It is for when there are no connections any more.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for _, p := range g.pollers {
		p.epoll.Close()
		p.workers.end()
	}
	g.pollers = nil
}

// watchTime is how long a connection may be served, one to two times, until the
// others of its poller get another goroutine.
const watchTime = time.Millisecond

// watch sees to it that a connection which takes long does not keep others waiting,
// until all pollers wait.
func (g *Group) watch() {
	if !g.watching.Load() && g.watching.CompareAndSwap(false, true) {
		time.AfterFunc(watchTime, g.look)
	}
}

// look is one look at all pollers.
func (g *Group) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	busy := false
	for _, p := range g.pollers {
		turn := p.turn.Load()
		if turn&1 != 0 && turn == p.seen {
			g.pace.stuck()
			p.takeOver(turn)
		}
		p.seen = turn
		busy = busy || !p.waiting.Load()
	}
	if busy {
		time.AfterFunc(watchTime, g.look)
		return
	}
	g.watching.Store(false) // before they are dismissed: see wait
	for _, p := range g.pollers {
		p.workers.dismiss()
	}
	for _, p := range g.pollers { // one that began in between found it watched
		if !p.waiting.Load() {
			g.watch()
		}
	}
}
