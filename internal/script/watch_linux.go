//go:build linux && !httpserver_pumps

package script

import (
	"os"
	"syscall"
	"time"

	"example.com/httpserver/internal/ppoll"
)

// pollEvery is how much output is read before the other descriptors have their turn,
// although there is more output: a stranger that holds the pipe may write for ever.
const pollEvery = 1 << 20

// swiftness is how long only the exit is waited for, at first: whoever is done by then has
// to be waited for once, and not for the output, its end and the exit one after the other.
var swiftness = 2 * time.Millisecond

// together is how long the first output is held back in case that its end comes, so that the
// caller can send a short answer at once.
var together = time.Millisecond

// A watch is what there is to wait for with a script. Most scripts are done in a moment, and
// so long it is waited for in a system call, which takes a thread, unless Program.Await
// knows a cheaper way.
// From then on there is an epoll instance, whose descriptor is in the runtime's poller, so
// that waiting takes a goroutine and no thread.
//
// All but deadline, wake and settle are the owner's.
type watch struct {
	out, err, leader int // descriptors, -1 when closed

	p         []byte // where next wants output
	n         int
	event     event
	begun     bool // there was output
	full      bool // the last output has filled p, so that there may be more
	unpolled  int  // bytes of output since the other descriptors had their turn
	complaint []byte
	chunk     []byte // behind complaint

	// Before settle:
	slow  time.Time // when the moment will have passed; zero until somebody waits
	swift time.Time // when it is too late to have been swift
	until time.Time // the deadline
	// await is Program.Await, until that has been asked.
	await func(fd int, limit time.Duration) (ready bool)

	// After it:
	file  *os.File // the epoll instance
	epoll int      // its descriptor
	conn  syscall.RawConn
	try   func(uintptr) bool // look, which is made a value once
	armed time.Time          // the deadline
}

// What poll and the epoll instance are asked about, in this order.
const (
	aboutOutput = iota
	aboutError
	aboutLeader
)

// newWatch takes the descriptors over.
func newWatch(out, err int) watch { return watch{out: out, err: err, leader: -1} }

// settle gets ready to wait for long, after next has said that it is slow. If there is no
// descriptor to be had for that, it is tried again a moment later: the thread that waits
// until then does no harm, while ending the script would.
func (w *watch) settle() {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		w.slow = time.Now().Add(moment)
		return
	}
	setNonblock(epoll) // or NewFile would keep it from the poller
	file := os.NewFile(uintptr(epoll), "script")
	conn, err := file.SyscallConn()
	for about, fd := range [...]int{aboutOutput: w.out, aboutError: w.err, aboutLeader: w.leader} {
		if err == nil && fd >= 0 {
			event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(about)}
			err = syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event)
		}
	}
	if err != nil {
		file.Close()
		w.slow = time.Now().Add(moment)
		return
	}
	w.file, w.epoll, w.conn, w.try = file, epoll, conn, w.look
}

// deadline sets when next gives up; zero is never. It may do so before: setting it costs
// more than finding out that it was too early.
func (w *watch) deadline(t time.Time) {
	w.until = t
	switch {
	case w.file == nil:
		return
	case w.armed.IsZero() && t.IsZero():
		return
	case w.armed.After(time.Now()) && (t.IsZero() || !t.Before(w.armed)):
		return
	}
	w.armed = t
	w.file.SetReadDeadline(t)
}

// wake makes a next that waits, or else the next one, return expired. Before settle it does
// nothing, as next will return in a moment anyway.
func (w *watch) wake() {
	if w.file != nil {
		w.armed = past
		w.file.SetReadDeadline(past)
	}
}

// next waits until there is output, which it reads into p if that is not nil, a complaint,
// the leader's exit or the deadline. If the script is gone it does not wait: it returns
// what is there, then outputEnd, or expired if p is nil.
func (w *watch) next(p []byte, gone bool) (n int, what event) {
	switch {
	case p != nil && w.out < 0:
		return 0, outputEnd
	case gone && p != nil:
		if !w.readOutput(p) {
			w.closeOutput()
			return 0, outputEnd
		}
		for w.event == output && w.n < len(p) {
			if !w.readMore(p) {
				w.closeOutput()
				w.event = lastOutput
			}
		}
		return w.n, w.event
	case gone:
		if !w.readError() {
			w.closeError()
			return 0, expired
		}
		return 0, complaint
	}
	w.p = p
	defer func() { w.p = nil }()
	if w.file == nil {
		w.poll()
	} else if w.conn.Read(w.try) != nil { // the deadline; nothing else can be wrong with an epoll instance
		return 0, expired
	}
	return w.n, w.event
}

// poll is next before settle.
func (w *watch) poll() {
	if w.slow.IsZero() {
		now := time.Now()
		w.slow, w.swift = now.Add(moment), now.Add(swiftness)
	}
	if w.p != nil && w.full && w.unpolled < pollEvery && w.readOutput(w.p) {
		return
	}
	for {
		now := time.Now()
		left, end := w.slow.Sub(now), slow
		if due := w.until.Sub(now); !w.until.IsZero() && due < left {
			left, end = due, expired
		}
		fds := [...]ppoll.FD{{FD: int32(w.out), Events: ppoll.In}, {FD: int32(w.err), Events: ppoll.In}, {FD: int32(w.leader), Events: ppoll.In}}
		if w.p == nil {
			fds[aboutOutput].FD = -1 // or its end would end every wait
		}
		if await := w.await; await != nil {
			w.await = nil
			if await(w.leader, min(left, w.swift.Sub(now))) {
				w.n, w.event = 0, exited
				return
			}
			continue
		}
		if swift := w.swift.Sub(now); swift > 0 {
			fds[aboutOutput].FD, fds[aboutError].FD = -1, -1
			left = min(left, swift)
		}
		err := ppoll.Wait(fds[:], left)
		out, complaints, leader := fds[aboutOutput].Ready, fds[aboutError].Ready, fds[aboutLeader].Ready
		if err != nil || left <= 0 && out == 0 && leader == 0 { // complaints without an end hold nothing up
			w.n, w.event = 0, end
			return
		}
		if w.see(uint32(out), uint32(complaints), uint32(leader)) {
			break
		}
	}
	if w.event == output && !w.begun {
		w.begun = true
		w.gather(w.p)
	}
}

// gather reads what comes behind the first output within a millisecond, as far as there is
// room, and looks for the end. It stops where a stranger holds the output of a leader that
// has exited.
func (w *watch) gather(p []byte) {
	for until := time.Now().Add(together); w.event == output && w.n < len(p); {
		// Looked at in this order: once it has exited, the end is there.
		fds := [...]ppoll.FD{{FD: int32(w.leader), Events: ppoll.In}, {FD: int32(w.out), Events: ppoll.In}}
		left := time.Until(until)
		err := ppoll.Wait(fds[:], left)
		switch leader, out := fds[0].Ready, fds[1].Ready; {
		case out&ppoll.In != 0:
			w.readMore(p)
		case out != 0:
			w.closeOutput()
			w.event = lastOutput
		case leader != 0, err != nil, left <= 0:
			return
		}
	}
}

// look sets event if there is one.
func (w *watch) look(uintptr) bool {
	if w.p != nil && w.unpolled < pollEvery && w.readOutput(w.p) {
		return true
	}
	var events [3]syscall.EpollEvent
	n, err := syscall.EpollWait(w.epoll, events[:], 0)
	if err != nil {
		return false // interrupted? then the poller comes again
	}
	var ready [len(events)]uint32
	for _, event := range events[:n] {
		ready[event.Fd] = event.Events
	}
	return w.see(ready[aboutOutput], ready[aboutError], ready[aboutLeader])
}

// see sets event by what the descriptors are ready for, if that makes one. The exit comes
// first, or a stranger that writes for ever would hide it, and then, unless there is a lot,
// the output: who waits for it need not wait for the log.
func (w *watch) see(out, complaints, leader uint32) bool {
	if complaints != 0 && complaints&ppoll.In == 0 {
		w.closeError()
	}
	if leader != 0 {
		w.n, w.event = 0, exited
		return true
	}
	if w.p == nil {
		out = 0
	}
	if out == 0 || w.unpolled >= pollEvery {
		w.unpolled = 0
		if complaints&ppoll.In != 0 && w.readError() {
			return true
		}
	}
	switch {
	case out == 0:
		return false
	case out&ppoll.In == 0:
		w.closeOutput()
		w.n, w.event = 0, outputEnd
		return true
	}
	return w.readOutput(w.p)
}

// readOutput reports whether there was output, or its end.
func (w *watch) readOutput(p []byte) bool {
	n, err := readNow(w.out, p)
	switch {
	case err == syscall.EAGAIN:
		return false
	case n <= 0:
		w.closeOutput()
		w.n, w.event = 0, outputEnd
	default:
		w.n, w.event = n, output
		w.unpolled += n
		w.full = n == len(p)
	}
	return true
}

// readMore is readOutput behind the output that was read just now.
func (w *watch) readMore(p []byte) bool {
	n := w.n
	if !w.readOutput(p[n:]) {
		return false
	}
	w.n += n
	if w.event == outputEnd {
		w.event = lastOutput
	}
	return true
}

// readError reports whether there was a complaint.
func (w *watch) readError() bool {
	if w.err < 0 {
		return false
	}
	if w.chunk == nil {
		w.chunk = make([]byte, 256) // most scripts have nothing to say here
	}
	n, err := readNow(w.err, w.chunk)
	switch {
	case err == syscall.EAGAIN:
		return false
	case n <= 0:
		w.closeError()
		return false
	}
	w.complaint = w.chunk[:n]
	if n == len(w.chunk) {
		w.chunk = make([]byte, maxLine)
	}
	w.n, w.event = 0, complaint
	return true
}

func (w *watch) closeOutput() { closeDescriptor(&w.out) }

func (w *watch) closeError() { closeDescriptor(&w.err) }

// close ends the watch. A wake does nothing from now on.
func (w *watch) close() {
	w.closeDescriptors()
	if w.file != nil {
		w.file.Close()
	}
}

func (w *watch) closeDescriptors() {
	closeDescriptor(&w.out)
	closeDescriptor(&w.err)
	closeDescriptor(&w.leader)
}
