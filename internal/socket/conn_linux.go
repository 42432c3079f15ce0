//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A Conn is a TCP connection by its descriptor. It is a net.Conn: its methods may
// be called by any goroutine.
type Conn struct {
	fd    int
	group *Group
	// uses counts, by twos, the calls that use the descriptor; it is odd once the
	// connection is closed. Whoever is the last then closes the descriptor.
	uses atomic.Int64

	peer    net.TCPAddr
	address [16]byte // peer's
	local   atomic.Pointer[net.TCPAddr]

	registering sync.Mutex
	poller      atomic.Pointer[poller] // which looks for events; nil until somebody has to wait
	registered  atomic.Bool            // and has been told so
	number      int32                  // tells it from those that had the descriptor before
	serving     atomic.Uint64          // the poller's turn in which it is served, or 0
	server      atomic.Pointer[poller] // whose turn that is
	excused     *time.Duration         // of the worker that serves it: what is not held against it; else nil
	othersWait  bool                   // there were more events when it began to be served
	moves       bool                   // another poller is to look for events, if that has less to do
	hungUp      atomic.Bool            // the other side's end is in the input, or worse
	reset       atomic.Bool            // nothing gets to the other side any more
	unsure      atomic.Bool            // there may be more behind a read that came short: an end, or urgent data
	drained     atomic.Bool            // the input was read to its end; an event tells of more

	input, output direction

	job    Job
	idleBy atomic.Int64 // when waiting parked ends, as moment gives it; 0: never
	alarm  *time.Timer  // for that; it may be late, and then sees to the rest
	rings  atomic.Int64 // when it does; 0: it is not set
}

// Read reads what has come, or waits for it.
func (c *Conn) Read(p []byte) (int, error) {
	if !c.enter() {
		return 0, c.failure("read", net.ErrClosed)
	}
	defer c.leave()
	if len(p) == 0 {
		return 0, nil
	}
	c.use(&c.input)
	defer c.input.turn.Unlock()
	for {
		if err := c.input.overdue(); err != nil {
			return 0, c.failure("read", err)
		}
		n, err := c.receive(p)
		switch {
		case n > 0:
			return n, nil
		case err == io.EOF:
			return 0, err
		case err != syscall.EAGAIN:
			return 0, c.failure("read", os.NewSyscallError("read", err))
		}
		err = c.await(&c.input)
		if err == os.ErrDeadlineExceeded { // what has come may be on its way through a busy poller
			c.drained.Store(false)
			if n, _ := c.receive(p); n > 0 {
				return n, nil
			}
		}
		if err != nil {
			return 0, c.failure("read", err)
		}
	}
}

// TryRead reads what has come, without waiting: if nothing has, it gives
// syscall.EAGAIN.
func (c *Conn) TryRead(p []byte) (int, error) {
	if c.isDrained() && c.input.state.Load() != ready && !c.isClosed() {
		return 0, syscall.EAGAIN
	}
	if !c.enter() {
		return 0, net.ErrClosed
	}
	defer c.leave()
	if !c.input.turn.TryLock() {
		return 0, syscall.EAGAIN // what comes is for who is reading
	}
	defer c.input.turn.Unlock()
	return c.receive(p)
}

// AwaitReset waits until nothing gets to the other side any more, mostly since that has
// reset the connection, and gives syscall.ECONNRESET then. It is a Read that takes
// nothing: it sees a reset behind input, and behind its end.
func (c *Conn) AwaitReset() error {
	if !c.enter() {
		return c.failure("read", net.ErrClosed)
	}
	defer c.leave()
	c.use(&c.input)
	defer c.input.turn.Unlock()
	for !c.reset.Load() {
		err := c.input.overdue()
		if err == nil {
			err = c.await(&c.input)
		}
		if err != nil {
			return c.failure("read", err)
		}
	}
	return c.failure("read", os.NewSyscallError("read", syscall.ECONNRESET))
}

// isDrained reports whether there is nothing to read, unless an event has come since.
// Where the last read has found less than it asked for, that is known without asking:
// events are seen as long as the connection is registered.
func (c *Conn) isDrained() bool {
	return c.drained.Load() && c.registered.Load() && !c.unsure.Load()
}

// receive reads once.
func (c *Conn) receive(p []byte) (int, error) {
	if c.isDrained() && !c.input.state.CompareAndSwap(ready, none) {
		return 0, syscall.EAGAIN
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
			syscall.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno != 0:
			c.setDrained(errno == syscall.EAGAIN)
			return 0, errno
		}
		c.haveRead()
		if n == 0 {
			return 0, io.EOF
		}
		c.setDrained(int(n) < len(p))
		return int(n), nil
	}
}

func (c *Conn) setDrained(drained bool) {
	if c.drained.Load() != drained { // mostly it is
		c.drained.Store(drained)
	}
}

// TryWriteTwo writes head and then tail as far as that goes without waiting, in one
// system call. It gives syscall.EAGAIN where nothing goes.
func (c *Conn) TryWriteTwo(head, tail []byte) (int, error) {
	if !c.enter() {
		return 0, c.failure("write", net.ErrClosed)
	}
	defer c.leave()
	if !c.output.turn.TryLock() {
		return 0, syscall.EAGAIN // to wait for who is writing has to have a limit
	}
	defer c.output.turn.Unlock()
	n, errno := c.send(head, tail, 0)
	switch errno {
	case 0:
		return n, nil
	case syscall.EAGAIN:
		return 0, errno
	}
	return 0, c.failure("write", os.NewSyscallError("write", errno))
}

// Write writes p whole.
func (c *Conn) Write(p []byte) (int, error) { return c.WriteTwo(p, nil) }

// WriteTwo writes head and then tail, in one system call where they fit.
func (c *Conn) WriteTwo(head, tail []byte) (total int, err error) {
	if !c.enter() {
		return 0, c.failure("write", net.ErrClosed)
	}
	defer c.leave()
	c.use(&c.output)
	defer c.output.turn.Unlock()
	for len(head)+len(tail) > 0 {
		if err := c.output.overdue(); err != nil {
			return total, c.failure("write", err)
		}
		n, errno := c.send(head, tail, 0)
		if errno == syscall.EAGAIN {
			if err := c.await(&c.output); err != nil {
				return total, c.failure("write", err)
			}
			continue
		}
		if errno != 0 {
			return total, c.failure("write", os.NewSyscallError("write", errno))
		}
		total += n
		if n < len(head) {
			head = head[n:]
			continue
		}
		head, tail = tail[n-len(head):], nil
	}
	return total, nil
}

// send writes once.
func (c *Conn) send(head, tail []byte, flags uintptr) (int, syscall.Errno) {
	willWrite()
	flags |= syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	if len(head) == 0 {
		head, tail = tail, nil
	}
	for {
		var n uintptr
		var errno syscall.Errno
		if len(tail) == 0 {
			n, _, errno = syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&head[0])), uintptr(len(head)), flags, 0, 0)
		} else {
			parts := [2]syscall.Iovec{{Base: &head[0], Len: uint64(len(head))}, {Base: &tail[0], Len: uint64(len(tail))}}
			message := syscall.Msghdr{Iov: &parts[0], Iovlen: 2}
			n, _, errno = syscall.RawSyscall(syscall.SYS_SENDMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&message)), flags)
		}
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return 0, errno
		}
		return int(n), 0
	}
}

// SendFile writes head and then n bytes of a file from an offset on, and tells
// how much of both was written. It ends early where the file does.
func (c *Conn) SendFile(head []byte, file int, offset, n int64) (total int64, err error) {
	if !c.enter() {
		return 0, c.failure("readfrom", net.ErrClosed)
	}
	defer c.leave()
	c.use(&c.output)
	defer c.output.turn.Unlock()
	for len(head) > 0 || n > 0 {
		if err := c.output.overdue(); err != nil {
			return total, c.failure("readfrom", err)
		}
		began := now()
		sent, err := c.sendSome(&head, file, &offset, &n)
		if p := c.servedBy(); p != nil {
			p.excused.Add(now() - began)
		}
		total += sent
		switch {
		case err == nil && sent == 0:
			return total, nil // the file has ended
		case err == nil || err == syscall.EINTR:
		case err != syscall.EAGAIN:
			return total, c.failure("readfrom", os.NewSyscallError("sendfile", err))
		default:
			if err := c.await(&c.output); err != nil {
				return total, c.failure("readfrom", err)
			}
		}
	}
	return total, nil
}

// readAhead is what the system mostly has of a file, if it has the beginning.
const readAhead = 128 << 10

// maxSendfile bounds one sendfile, which keeps others from being served.
const maxSendfile = 4 << 20

// sendSome writes some of what is left of the head or, when that has gone, of the
// file. The head waits in the system for the file's first bytes (MSG_MORE).
func (c *Conn) sendSome(head *[]byte, file int, offset, left *int64) (int64, error) {
	if len(*head) > 0 {
		const msgMore = 0x8000
		n, errno := c.send(*head, nil, msgMore)
		if errno != 0 {
			return 0, errno
		}
		*head = (*head)[n:]
		return int64(n), nil
	}
	count := min(*left, maxSendfile)
	before := *offset
	var n uintptr
	var errno syscall.Errno
	if isCached(file, before) && (count <= readAhead || isCached(file, before+count-1)) {
		n, _, errno = syscall.RawSyscall6(syscall.SYS_SENDFILE, uintptr(c.fd), uintptr(file), uintptr(unsafe.Pointer(offset)), uintptr(count), 0, 0)
	} else {
		n, _, errno = syscall.Syscall6(syscall.SYS_SENDFILE, uintptr(c.fd), uintptr(file), uintptr(unsafe.Pointer(offset)), uintptr(count), 0, 0)
	}
	if errno != 0 {
		*offset = before
		return 0, errno
	}
	*left -= int64(n)
	return int64(n), nil
}

// isCached reports whether the system has a byte of a file in memory, so that to
// send it waits for no disk. It is asked before what would keep a processor from
// all other goroutines until it is done, and is no promise: what lies between may
// have to be read, from a disk that can tell, which those of other machines cannot.
func isCached(file int, offset int64) bool {
	var b byte
	const nowait = 8 // RWF_NOWAIT
	part := syscall.Iovec{Base: &b, Len: 1}
	n, _, errno := syscall.RawSyscall6(sysPreadv2, uintptr(file), uintptr(unsafe.Pointer(&part)), 1, uintptr(offset), 0, nowait)
	return errno == 0 && n == 1
}

// sysPreadv2 is the number of that call, which package syscall does not have.
var sysPreadv2 = map[string]uintptr{"amd64": 327, "arm64": 286}[runtime.GOARCH]

// failure makes the error of an operation, as package net does.
func (c *Conn) failure(op string, err error) error {
	if err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// enter begins a use of the descriptor, unless it is closed.
func (c *Conn) enter() bool {
	if c.uses.Add(2)&1 != 0 {
		c.leave()
		return false
	}
	return true
}

// leave ends a use.
func (c *Conn) leave() {
	if c.uses.Add(-2) == 1 && c.uses.CompareAndSwap(1, closedForGood) {
		c.release()
	}
}

// closedForGood is an odd number that no enter and leave bring back to 1.
const closedForGood = -1<<40 | 1

// Close closes the connection under whoever uses it.
func (c *Conn) Close() error {
	for {
		uses := c.uses.Load()
		if uses&1 != 0 {
			return c.failure("close", net.ErrClosed)
		}
		if c.uses.CompareAndSwap(uses, uses+3) { // closed, and in use by us
			break
		}
	}
	c.input.kick()
	c.output.kick()
	c.Unpark()
	c.leave()
	return nil
}

func (c *Conn) isClosed() bool { return c.uses.Load()&1 != 0 }

// release closes the descriptor. Nobody uses it any more, or will.
func (c *Conn) release() {
	c.registering.Lock()
	if p := c.poller.Load(); p != nil {
		p.forget(c)
	}
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.registering.Unlock()
	syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(c.fd), 0, 0)
}

// RemoteAddr is the address of the other side, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return &c.peer }

// LocalAddr is the address on this side, a *net.TCPAddr. After Close it is known
// where somebody has asked before.
func (c *Conn) LocalAddr() net.Addr {
	if addr := c.local.Load(); addr != nil {
		return addr
	}
	addr := new(net.TCPAddr)
	if !c.enter() {
		return addr
	}
	defer c.leave()
	name, err := syscall.Getsockname(c.fd)
	if err != nil {
		return addr
	}
	switch name := name.(type) {
	case *syscall.SockaddrInet4:
		addr.IP, addr.Port = name.Addr[:], name.Port
	case *syscall.SockaddrInet6:
		addr.IP, addr.Port, addr.Zone = name.Addr[:], name.Port, zoneName(name.ZoneId)
	}
	c.local.Store(addr)
	return addr
}

// SetDeadline sets when reads and writes fail with os.ErrDeadlineExceeded.
func (c *Conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline is SetDeadline for reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.input, t) }

// SetWriteDeadline is SetDeadline for writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.output, t) }

func (c *Conn) setDeadline(d *direction, t time.Time) error {
	if c.isClosed() {
		return c.failure("set", net.ErrClosed)
	}
	d.setBy(t)
	return nil
}

// CloseWrite ends the output.
func (c *Conn) CloseWrite() error { return c.shutdown(syscall.SHUT_WR) }

// CloseRead ends the input.
func (c *Conn) CloseRead() error { return c.shutdown(syscall.SHUT_RD) }

func (c *Conn) shutdown(how int) error {
	return c.control("close", func(fd int) error { return os.NewSyscallError("shutdown", syscall.Shutdown(fd, how)) })
}

// control calls f with the descriptor.
func (c *Conn) control(op string, f func(fd int) error) error {
	if !c.enter() {
		return c.failure(op, net.ErrClosed)
	}
	defer c.leave()
	if err := f(c.fd); err != nil {
		return c.failure(op, err)
	}
	return nil
}
