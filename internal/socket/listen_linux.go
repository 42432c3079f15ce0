//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
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
// *net.TCPListener, which is closed then: the socket goes on under a descriptor that
// the runtime's poller does not know, as it would wake a thread for every connection.
// Other listeners stay as they are.
func (g *Group) Wrap(l net.Listener) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return l
	}
	fd := -1
	raw.Control(func(of uintptr) {
		if n, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0); errno == 0 {
			fd = int(n)
		}
	})
	if fd < 0 {
		return l
	}
	own, err := g.wrap(&listener{tcp: tcp, fd: fd})
	if err != nil {
		syscall.Close(fd)
		return l
	}
	tcp.Close()
	return own
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
	borrowed, err := g.wrap(&listener{tcp: tcp, lender: lender})
	if err != nil {
		return l
	}
	borrowed.watchLender()
	return borrowed
}

// wrap completes a listener.
func (g *Group) wrap(l *listener) (*listener, error) {
	gate, err := newEpoll()
	if err != nil {
		return nil, err
	}
	l.group, l.gate, l.end = g, gate, make(chan acceptance, 1)
	if l.raw, err = gate.SyscallConn(); err == nil {
		err = gate.SetReadDeadline(time.Time{}) // which fails where the runtime's poller has not taken it
	}
	if err == nil {
		err = l.setGate(syscall.EPOLL_CTL_ADD, 0)
	}
	if err == nil {
		err = g.start()
	}
	if err != nil {
		gate.Close()
		return nil, err
	}
	// What package net sets for every connection is inherited from the listener.
	l.control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, keepAliveSeconds)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, keepAliveSeconds)
	})
	return l, nil
}

const keepAliveSeconds = 15 // package net's

// A listener accepts connections by their descriptors.
type listener struct {
	tcp    *net.TCPListener // closed, unless it is borrowed
	group  *Group
	fd     int             // the socket's
	lender syscall.RawConn // or that of the TCPListener, where it is borrowed
	check  *time.Timer     // whether that was closed
	gate   *os.File        // an epoll instance that tells of connections, when Accept waits
	raw    syscall.RawConn // gate

	// Of AcceptFor, while it runs.
	poller  *poller
	take    func(net.Conn) bool
	running atomic.Bool
	end     chan acceptance
}

// checkTime is how often it is checked whether the owner has closed what was borrowed.
const checkTime = 100 * time.Millisecond

// watchLender looks now and then whether the owner has closed the TCPListener.
func (l *listener) watchLender() {
	l.check = time.AfterFunc(time.Hour, func() {
		if l.control(func(uintptr) {}) != nil {
			l.leave(nil, net.ErrClosed)
			l.gate.Close()
			return
		}
		l.check.Reset(checkTime)
	})
	l.check.Reset(checkTime) // now that the function above can know it
}

// control calls f with the descriptor of the socket that listens.
func (l *listener) control(f func(fd uintptr)) error {
	if l.lender != nil {
		return l.lender.Control(f)
	}
	return l.raw.Control(func(uintptr) { f(uintptr(l.fd)) }) // which fails once the gate is closed, and the socket is after it
}

// setGate says what the gate is to tell of: connections, or nothing.
func (l *listener) setGate(what int, events uint32) error {
	var failure error
	err := l.raw.Control(func(gate uintptr) {
		err := l.control(func(fd uintptr) {
			failure = syscall.EpollCtl(int(gate), what, int(fd), &event{Events: events, Fd: int32(fd)})
		})
		failure = unlessClosed(err, failure)
	})
	return unlessClosed(err, failure)
}

// unlessClosed gives what a function called by a RawConn has failed with, or net.ErrClosed
// where err says that it was not called: package os has another error for that.
func unlessClosed(err, failure error) error {
	if err != nil {
		return net.ErrClosed
	}
	return failure
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
		failure = l.poller.control(what, int(fd), &event{Events: syscall.EPOLLIN, Fd: int32(fd), Pad: ofListener})
	})
	return unlessClosed(err, failure)
}

// next takes a connection that waits to be accepted, or gives nil. What it fails
// with ends AcceptFor.
func (l *listener) next() (c *Conn) {
	if !l.running.Load() {
		return nil
	}
	err := l.control(func(fd uintptr) {
		var err error
		if c, err = l.group.acceptAt(int(fd)); err != nil && err != syscall.EAGAIN {
			l.leave(nil, os.NewSyscallError("accept4", err))
		}
	})
	if err != nil {
		l.leave(nil, net.ErrClosed)
	}
	return c
}

// dontWait has a listener not wait that somebody has made blocking, as a process that
// it was handed down to: who polls must not wait, and nobody could take its turn over.
func (l *listener) dontWait() {
	l.control(func(fd uintptr) {
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		if errno == 0 && flags&syscall.O_NONBLOCK == 0 {
			syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_SETFL, flags|syscall.O_NONBLOCK)
		}
	})
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
	c, err := l.await()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	return c, nil
}

func (l *listener) await() (*Conn, error) {
	var c *Conn
	var failure error
	accept := func(fd uintptr) { c, failure = l.group.acceptAt(int(fd)) }
	armed := false
	err := l.raw.Read(func(uintptr) bool {
		if l.control(accept) != nil {
			failure = net.ErrClosed
		}
		if failure != syscall.EAGAIN {
			return true
		}
		if !armed {
			if err := l.setGate(syscall.EPOLL_CTL_MOD, syscall.EPOLLIN); err != nil {
				failure = err
				return true
			}
			armed = true
			if l.control(accept) != nil { // what has come before that is not told
				failure = net.ErrClosed
			}
		}
		return failure != syscall.EAGAIN
	})
	if armed {
		l.setGate(syscall.EPOLL_CTL_MOD, 0)
	}
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

// acceptAt takes a connection that waits at a descriptor, or gives syscall.EAGAIN.
func (g *Group) acceptAt(listener int) (*Conn, error) {
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

// Addr is the address that is listened at.
func (l *listener) Addr() net.Addr { return l.tcp.Addr() }

// SetDeadline ends the waits of Accept at a time.
func (l *listener) SetDeadline(t time.Time) error { return l.gate.SetReadDeadline(t) }

// Close ends the listening.
func (l *listener) Close() error {
	if l.check != nil {
		l.check.Stop()
	}
	l.leave(nil, net.ErrClosed)
	err := l.gate.Close() // which waits for calls under way
	if l.lender != nil {
		return l.tcp.Close()
	}
	if err == nil { // the first Close
		syscall.Close(l.fd)
	}
	return err
}
