//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"math"
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
// over to another goroutine before they begin, and a [Vigil] does where others come
// meanwhile; of all else the [Group]'s watchdog takes notice. Where these are many,
// every connection gets a goroutine.
type poller struct {
	group *Group
	epoll int // what tells of connections
	// gate is an epoll instance too, and tells the runtime that epoll has something
	// to tell, when somebody is waiting for that: if the runtime heard of all of it,
	// it would wake an idle thread each time, to find nothing to do.
	gate *os.File
	raw  syscall.RawConn       // gate
	ask  func(fd uintptr) bool // lookOrWait, made once

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
	armed  bool  // the gate tells of events
	coarse bool  // there is no epoll_pwait2
	waited bool  // the present one did not find something at once
	slept  bool  // and has left its processor to others, for the wait
	gave   int64 // when it last did

	// excused is how long of the present time was spent on what is not held against the
	// connections: to send files, which waits for nothing, and a [Vigil]. Whoever serves adds to it.
	excused atomic.Int64

	workers    workers
	registered atomic.Int32             // connections
	listener   atomic.Pointer[listener] // whose connections it accepts

	mu       sync.Mutex
	awaiters map[int32]*awaiter                     // by number
	conns    atomic.Pointer[[]atomic.Pointer[Conn]] // by descriptor; grows under mu
}

// An event is the system's struct epoll_event.
type event = syscall.EpollEvent

const (
	maxEvents = 64

	// The poller lets other goroutines have a go after so many polls.
	maxBusy = 64

	// It accepts so many connections until it looks at others again.
	maxAccepted = 16

	// So long it waits in the system call itself, with its processor, before it leaves
	// that to others and goes through the runtime's poller, which costs much more at
	// both ends: long where there is another processor and nobody waits for one. A
	// signal ends it, with which the runtime stops the world.
	longWait  = time.Millisecond
	shortWait = 100 * time.Microsecond

	// The poller keeps its processor no longer than such a time. Where there is
	// another one, that looks for what there is to do; to give way has it woken.
	ownTime       = 500 * time.Microsecond
	ownTimeBeside = 5 * time.Millisecond

	epollET = 1 << 31

	// ofListener is the number of the listener's events.
	ofListener = -1
	// ofAwaiter is that of events of what is neither, which have a number for a descriptor.
	ofAwaiter = -2
)

func newPoller(g *Group) (*poller, error) {
	gate, err := newEpoll()
	if err != nil {
		return nil, err
	}
	p := &poller{group: g, gate: gate}
	p.waited, p.slept = true, true // the first poll that finds something has the watchdog begin
	p.waiting.Store(true)
	p.ask = p.lookOrWait
	p.workers.poller = p
	p.conns.Store(new([]atomic.Pointer[Conn]))
	if p.raw, err = gate.SyscallConn(); err == nil {
		err = gate.SetReadDeadline(time.Time{}) // which fails where the runtime's poller has not taken it
	}
	if err == nil {
		p.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	}
	if err != nil {
		gate.Close()
		return nil, err
	}
	if err := p.setGate(syscall.EPOLL_CTL_ADD, 0); err != nil {
		p.close()
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
	p.registered.Add(1)
	const what = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | syscall.EPOLLPRI | epollET
	err := p.control(syscall.EPOLL_CTL_ADD, c.fd, &event{Events: what, Fd: int32(c.fd), Pad: c.number})
	if err != nil {
		table[c.fd].Store(nil)
		p.registered.Add(-1)
	}
	return err
}

// control changes what the poller looks for.
func (p *poller) control(what, fd int, e *event) error {
	var failure error
	err := p.raw.Control(func(uintptr) { // which fails once the poller is closed
		failure = syscall.EpollCtl(p.epoll, what, fd, e)
	})
	return unlessClosed(err, failure)
}

// setGate says what the gate is to tell of: there are events, or nothing.
func (p *poller) setGate(what int, events uint32) error {
	var failure error
	err := p.raw.Control(func(gate uintptr) {
		failure = syscall.EpollCtl(int(gate), what, p.epoll, &event{Events: events, Fd: int32(p.epoll)})
	})
	return unlessClosed(err, failure)
}

// close ends the poller.
func (p *poller) close() {
	p.gate.Close() // which waits for calls under way
	p.tellLate(math.MaxInt64)
	syscall.Close(p.epoll)
	p.workers.end()
}

// forget takes a connection out that is about to be closed, with which the system
// forgets it.
func (p *poller) forget(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (*p.conns.Load())[c.fd].CompareAndSwap(c, nil) {
		p.registered.Add(-1)
	}
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
			if !p.handle(&p.events[p.next], &turn) {
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

// handle looks at the next event. It reports whether the turn is still the
// caller's.
func (p *poller) handle(e *event, turn *uint64) bool {
	if e.Pad == ofListener {
		return p.acceptSome(turn)
	}
	p.next++
	if e.Pad == ofAwaiter {
		p.tell(e.Fd)
		return true
	}
	c := p.find(e)
	if c == nil || !c.happened(e.Events) {
		return true
	}
	c.drained.Store(false)
	if p.group.pace.isSlow() {
		p.workers.give(errand{c: c})
		return true
	}
	odd := p.begin(c, turn)
	c.job.Resume()
	return p.turn.CompareAndSwap(odd, odd+1)
}

// begin makes the turn one in which a connection is served.
func (p *poller) begin(c *Conn, turn *uint64) (odd uint64) {
	p.served++
	odd = *turn + 1
	*turn += 2
	if c.server.Load() != p { // mostly it is
		c.server.Store(p)
	}
	if c.excused != nil {
		c.excused = nil
	}
	c.othersWait = p.next < p.count
	c.serving.Store(odd)
	p.turn.Store(odd)
	return odd
}

// acceptSome takes connections of the listener and has them served at once, as long as
// there are some and that is possible.
func (p *poller) acceptSome(turn *uint64) bool {
	p.next++ // it is told of again, as long as there are some
	for i := range maxAccepted {
		l := p.listener.Load()
		if l == nil {
			break
		}
		if i == 0 {
			l.dontWait()
		}
		if p.group.pace.isSlow() {
			l.leave(nil, nil)
			break
		}
		c := l.next()
		if c == nil {
			break
		}
		odd := p.begin(c, turn)
		if !l.take(c) {
			c.serving.Store(0)
			l.leave(c, nil)
		}
		if !p.turn.CompareAndSwap(odd, odd+1) {
			return false
		}
	}
	return true
}

// takeOver has another goroutine poll, where the turn is the given one, in which a
// connection is served.
func (p *poller) takeOver(turn uint64) {
	if turn&1 != 0 && p.turn.CompareAndSwap(turn, turn+1) {
		p.workers.give(errand{poll: true, turn: turn + 1})
	}
}

// handOver is called before a connection waits.
func (c *Conn) handOver() {
	if c.serving.Load() == 0 {
		return
	}
	if turn := c.serving.Swap(0); turn != 0 {
		c.server.Load().takeOver(turn)
	}
}

// servedBy gives the poller that serves the connection, if one does.
func (c *Conn) servedBy() *poller {
	if c.serving.Load() == 0 {
		return nil
	}
	return c.server.Load()
}

// IsServedAtOnce reports whether the caller serves the connection for a poller that
// has nobody else to go on, until it waits.
func (c *Conn) IsServedAtOnce() bool { return c.serving.Load() != 0 }

// poll looks for events, and waits for them. It reports false when the poller is
// closed.
func (p *poller) poll() bool {
	if p.busy++; p.busy > maxBusy || p.began-p.gave > p.group.ownTime() {
		p.busy, p.gave = 0, p.began
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

// lookOrWait looks for events. Where it reports false, the runtime has it called
// again when there are some.
func (p *poller) lookOrWait(gate uintptr) bool {
	found := p.look(0)
	p.measure()
	if p.slept {
		p.slept, p.gave = false, p.began
		p.group.awake.Add(1)
	}
	if !found && !p.waited {
		p.busy, p.waited = 0, true
		p.waiting.Store(true)
		found = p.look(p.group.ownWait())
		p.began = now()
	}
	if !found && !p.armed {
		p.arm(gate, syscall.EPOLLIN)
		found = p.look(0) // what has come before that is not told: nobody empties the gate's own list
	}
	switch {
	case !found:
		p.slept = true
		p.group.awake.Add(-1)
	case p.armed:
		p.arm(gate, 0)
	}
	return found
}

// arm says what the gate is to tell of: there are events, or nothing.
func (p *poller) arm(gate uintptr, events uint32) {
	p.armed = events != 0
	syscall.EpollCtl(int(gate), syscall.EPOLL_CTL_MOD, p.epoll, &event{Events: events, Fd: int32(p.epoll)})
}

// measure counts what was served between the last two polls.
func (p *poller) measure() {
	now := now()
	if p.served > 0 {
		took := now - p.began - p.excused.Swap(0)
		p.group.pace.served(p.served, time.Duration(max(0, took)))
		p.served = 0
	}
	p.began = now
}

// look asks for events, and waits for some as long as it may.
func (p *poller) look(wait time.Duration) bool {
	p.next, p.count = 0, 0
	limit := syscall.NsecToTimespec(int64(wait))
	var n uintptr
	errno := syscall.ENOSYS
	if !p.coarse {
		n, _, errno = syscall.RawSyscall6(sysEpollPwait2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events)), maxEvents, uintptr(unsafe.Pointer(&limit)), 0, 0)
	}
	if errno != 0 && errno != syscall.EINTR { // before Linux 5.11, or in a sandbox that does not know it
		p.coarse = true
		n, _, errno = syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events)), maxEvents, 0, 0, 0)
	}
	if errno != 0 || n == 0 {
		return false
	}
	p.count = int(n)
	return true
}

// sysEpollPwait2 is the number of that call, the same for all processors.
const sysEpollPwait2 = 441

// happened notes what has happened to a connection, and reports whether its job is
// to be resumed.
func (c *Conn) happened(events uint32) (resume bool) {
	const in = syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	const out = syscall.EPOLLOUT | syscall.EPOLLHUP | syscall.EPOLLERR
	const reset = syscall.EPOLLHUP | syscall.EPOLLERR
	const end = syscall.EPOLLRDHUP | reset
	if events&(end|syscall.EPOLLPRI) != 0 {
		c.hungUp.Store(events&end != 0 || c.hungUp.Load())
		c.unsure.Store(true)
	}
	if events&reset != 0 {
		c.reset.Store(true)
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
	p, err := c.group.poller(c.servedBy())
	if err != nil {
		return err
	}
	c.number = c.group.numbers.Add(1) & math.MaxInt32
	c.poller.Store(p) // before events can come
	if err := p.add(c); err != nil {
		c.poller.Store(nil)
		return os.NewSyscallError("epoll_ctl", err)
	}
	c.registered.Store(true) // before that, nobody relies on events
	return nil
}
