//go:build linux && !httpserver_pumps

package script

import (
	"os"
	"syscall"
	"time"
)

// pollEvery is how much output is read before the other descriptors are looked at again,
// although there is more output: a stranger that holds the pipe may write for ever.
const pollEvery = 1 << 20

// A watch is what there is to wait for with a script, in one epoll instance. Its descriptor
// is in the runtime's poller, so that waiting takes a goroutine and no thread, and one
// goroutine waits for all.
//
// All but deadline and wake are the owner's.
type watch struct {
	file  *os.File // the epoll instance
	epoll int      // its descriptor
	conn  syscall.RawConn
	try   func(uintptr) bool // look, which is made a value once

	out, err, leader int // descriptors, -1 when closed

	p         []byte // where next wants output
	n         int
	event     event
	unpolled  int // bytes of output since the other descriptors were looked at
	complaint []byte
	chunk     []byte // behind complaint

	armed time.Time // the deadline
}

// What the events of the epoll instance are about.
const (
	aboutOutput = iota
	aboutError
	aboutLeader
)

// newWatch takes the descriptors over.
func newWatch(out, err int) (watch, error) {
	w := watch{out: out, err: err, leader: -1}
	epoll, epollErr := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if epollErr != nil {
		w.closeDescriptors()
		return watch{}, os.NewSyscallError("epoll_create1", epollErr)
	}
	setNonblock(epoll) // or NewFile would keep it from the poller
	w.file = os.NewFile(uintptr(epoll), "script")
	w.epoll = epoll
	ctlErr := w.add(out, aboutOutput)
	if ctlErr == nil {
		ctlErr = w.add(err, aboutError)
	}
	if ctlErr == nil {
		w.conn, ctlErr = w.file.SyscallConn()
	}
	if ctlErr != nil {
		w.close()
		return watch{}, ctlErr
	}
	return w, nil
}

// add has the epoll instance say when fd can be read.
func (w *watch) add(fd int, about int32) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: about}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_ADD, fd, &event))
}

// deadline sets when next gives up; zero is never. It may do so before: setting it costs
// more than finding out that it was too early.
func (w *watch) deadline(t time.Time) {
	switch {
	case w.armed.IsZero() && t.IsZero():
		return
	case w.armed.After(time.Now()) && (t.IsZero() || !t.Before(w.armed)):
		return
	}
	w.armed = t
	w.file.SetReadDeadline(t)
}

// wake makes a next that waits, or else the next one, return expired.
func (w *watch) wake() {
	w.armed = past
	w.file.SetReadDeadline(past)
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
		return w.n, w.event
	case gone:
		if !w.readError() {
			w.closeError()
			return 0, expired
		}
		return 0, complaint
	}
	if w.try == nil {
		w.try = w.look
	}
	w.p = p
	err := w.conn.Read(w.try)
	w.p = nil
	if err != nil { // the deadline; nothing else can be wrong with an epoll instance
		return 0, expired
	}
	return w.n, w.event
}

// look sets event if there is one.
func (w *watch) look(uintptr) bool {
	if w.p != nil && w.unpolled < pollEvery && w.readOutput(w.p) {
		return true
	}
	w.unpolled = 0
	var events [3]syscall.EpollEvent
	n, err := syscall.EpollWait(w.epoll, events[:], 0)
	if err != nil {
		return false // interrupted? then the poller comes again
	}
	var out, leader bool
	for _, event := range events[:n] {
		switch event.Fd {
		case aboutOutput:
			out = true
		case aboutLeader:
			leader = true
		case aboutError:
			if event.Events&syscall.EPOLLIN == 0 {
				w.closeError()
			} else if w.readError() {
				return true
			}
		}
	}
	switch {
	case leader:
		w.n, w.event = 0, exited
		return true
	case out && w.p != nil:
		return w.readOutput(w.p)
	}
	return false
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
	}
	return true
}

// readError reports whether there was a complaint.
func (w *watch) readError() bool {
	if w.err < 0 {
		return false
	}
	if w.chunk == nil {
		w.chunk = make([]byte, maxLine)
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
	w.n, w.event = 0, complaint
	return true
}

func (w *watch) closeOutput() { closeDescriptor(&w.out) }

func (w *watch) closeError() { closeDescriptor(&w.err) }

// close ends the watch. A wake does nothing from now on.
func (w *watch) close() {
	w.closeDescriptors()
	w.file.Close()
}

func (w *watch) closeDescriptors() {
	closeDescriptor(&w.out)
	closeDescriptor(&w.err)
	closeDescriptor(&w.leader)
}
