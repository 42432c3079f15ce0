//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"cmp"
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Wrap gives a listener whose connections are of type *Conn, where l is a
// *net.TCPListener; other listeners stay as they are. To close it closes l, and
// nobody else does.
func (g *Group) Wrap(l net.Listener) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	file, err := tcp.File() // another descriptor of the same socket, in the runtime's poller
	if err != nil {
		return l
	}
	return g.wrap(tcp, file, nil)
}

// Borrow is Wrap for a listener of somebody who may close it: then it does not go on
// under another descriptor, and Accept ends soon, as there is nothing that would tell.
func (g *Group) Borrow(l net.Listener) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	lender, err := tcp.SyscallConn()
	if err != nil {
		return l
	}
	file, err := newEpoll()
	if err != nil {
		return l
	}
	return g.wrap(tcp, file, lender)
}

// wrap makes a listener that waits by file, or leaves l as it is.
func (g *Group) wrap(tcp *net.TCPListener, file *os.File, lender syscall.RawConn) net.Listener {
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // which fails where the runtime's poller has not taken it
	}
	l := &listener{TCPListener: tcp, group: g, file: file, raw: raw, lender: lender, end: make(chan acceptance, 1)}
	if err == nil && lender != nil {
		err = l.borrow()
	}
	if err == nil {
		err = g.start()
	}
	if err != nil {
		l.release()
		return tcp
	}
	// What package net sets for every connection is inherited from the listener.
	l.control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, keepAliveSeconds)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, keepAliveSeconds)
	})
	return l
}

const keepAliveSeconds = 15 // package net's

// A listener accepts connections by their descriptors.
type listener struct {
	*net.TCPListener
	group  *Group
	file   *os.File        // to wait by
	raw    syscall.RawConn // the same
	lender syscall.RawConn // the TCPListener, where it is borrowed; file is an epoll instance that has it
	look   *time.Timer     // whether that was closed

	// Of AcceptFor, while it runs.
	poller  *poller
	take    func(net.Conn) bool
	running atomic.Bool
	end     chan acceptance
}

// lookTime is how often it is looked whether the owner has closed what was borrowed.
const lookTime = 100 * time.Millisecond

// borrow has file tell of connections to the lender's listener.
func (l *listener) borrow() error {
	var failure error
	err := l.raw.Control(func(epoll uintptr) {
		err := l.lender.Control(func(fd uintptr) {
			failure = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, int(fd), &event{Events: syscall.EPOLLIN, Fd: int32(fd)})
		})
		failure = cmp.Or(err, failure)
	})
	if err = cmp.Or(err, failure); err != nil {
		return err
	}
	l.look = time.AfterFunc(time.Hour, func() {
		if l.control(func(uintptr) {}) != nil {
			l.leave(nil, net.ErrClosed)
			l.file.Close()
			return
		}
		l.look.Reset(lookTime)
	})
	l.look.Reset(lookTime) // now that the function above can know it
	return nil
}

// control calls f with the descriptor of the socket that listens.
func (l *listener) control(f func(fd uintptr)) error {
	if l.lender != nil {
		return l.lender.Control(f)
	}
	return l.raw.Control(f)
}

// An acceptance is how an accept ended.
type acceptance struct {
	conn net.Conn
	err  error
}

// AcceptFor has connections taken as they come, by a goroutine that has nothing else
// to do until take returns, so take may serve them. It returns with one for which
// take has reported false, or with an error. Where it returns neither, connections
// are to be accepted by Accept for now.
func (l *listener) AcceptFor(take func(net.Conn) bool) (net.Conn, error) {
	if l.group.pace.isSlow() {
		return nil, nil
	}
	l.poller = l.group.freePoller(l)
	if l.poller == nil {
		return nil, nil
	}
	defer l.poller.listener.Store(nil)
	l.take = take
	l.running.Store(true)
	if err := l.listen(syscall.EPOLL_CTL_ADD); err != nil {
		l.running.Store(false)
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	end := <-l.end
	if end.err != nil {
		end.err = &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: end.err}
	}
	return end.conn, end.err
}

// listen begins or ends that the poller looks for connections.
func (l *listener) listen(what int) error {
	var failure error
	err := l.control(func(fd uintptr) {
		failure = l.poller.control(what, &event{Events: syscall.EPOLLIN, Fd: int32(fd), Pad: ofListener})
	})
	if err != nil { // package os does not say this of a RawConn
		err = net.ErrClosed
	}
	return cmp.Or(err, failure)
}

// next takes a connection that waits to be accepted, or gives nil. What it fails
// with ends AcceptFor.
func (l *listener) next() (c *Conn) {
	if !l.running.Load() {
		return nil
	}
	err := l.control(func(fd uintptr) {
		var err error
		if c, err = l.group.accept(int(fd)); err != nil && err != syscall.EAGAIN {
			l.leave(nil, os.NewSyscallError("accept4", err))
		}
	})
	if err != nil {
		l.leave(nil, net.ErrClosed)
	}
	return c
}

// leave ends AcceptFor.
func (l *listener) leave(conn net.Conn, err error) {
	if l.running.CompareAndSwap(true, false) {
		l.listen(syscall.EPOLL_CTL_DEL)
		l.end <- acceptance{conn, err}
	}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	return c, nil
}

func (l *listener) accept() (*Conn, error) {
	var c *Conn
	var failure error
	accept := func(fd uintptr) { c, failure = l.group.accept(int(fd)) }
	err := l.raw.Read(func(fd uintptr) bool {
		switch {
		case l.lender == nil:
			accept(fd)
		case l.lender.Control(accept) != nil:
			failure = net.ErrClosed
		}
		return failure != syscall.EAGAIN
	})
	switch {
	case failure == net.ErrClosed:
		return nil, failure
	case failure != nil && failure != syscall.EAGAIN:
		return nil, os.NewSyscallError("accept4", failure)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, err
	case err != nil: // package os does not say this of a RawConn
		return nil, net.ErrClosed
	}
	return c, nil
}

// accept takes a connection, if one waits.
func (g *Group) accept(listener int) (*Conn, error) {
	c := &Conn{group: g}
	var name syscall.RawSockaddrInet6 // with room for that of IPv4
	size := uint32(unsafe.Sizeof(name))
	for {
		// It may wait, where somebody has made the listener blocking, as a process that it was handed down to.
		fd, _, errno := syscall.Syscall6(syscall.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)),
			syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			c.fd = int(fd)
			c.setPeer(&name)
			return c, nil
		case syscall.EINTR, syscall.ECONNABORTED: // the next one, then
		default:
			return nil, errno
		}
	}
}

// setPeer notes the address of the other side.
func (c *Conn) setPeer(name *syscall.RawSockaddrInet6) {
	port := (*[2]byte)(unsafe.Pointer(&name.Port))
	c.peer.Port = int(port[0])<<8 | int(port[1])
	if name.Family == syscall.AF_INET {
		name := (*syscall.RawSockaddrInet4)(unsafe.Pointer(name))
		c.peer.IP = c.address[:copy(c.address[:], name.Addr[:])]
		return
	}
	c.peer.IP = c.address[:copy(c.address[:], name.Addr[:])]
	c.peer.Zone = zoneName(name.Scope_id)
}

// zoneName is the name of an interface, as in an address of IPv6.
func zoneName(index uint32) string {
	if index == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(index))
}

// SetDeadline ends the waits of Accept at a time.
func (l *listener) SetDeadline(t time.Time) error { return l.file.SetReadDeadline(t) }

// Close ends the listening.
func (l *listener) Close() error {
	l.release()
	return l.TCPListener.Close()
}

// release closes what is beside the TCPListener.
func (l *listener) release() {
	if l.look != nil {
		l.look.Stop()
	}
	l.leave(nil, net.ErrClosed)
	l.file.Close()
}
