//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// Wrap gives a listener whose connections are of type *Conn, where l is a
// *net.TCPListener; other listeners stay as they are. To close it closes l.
func (g *Group) Wrap(l net.Listener) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	file, err := tcp.File() // another descriptor of the same socket, in the runtime's poller
	if err != nil {
		return l
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = g.start()
	}
	if err != nil {
		file.Close()
		return l
	}
	// What package net sets for every connection is inherited from the listener.
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, keepAliveSeconds)
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, keepAliveSeconds)
	})
	return &listener{tcp, g, file, raw}
}

const keepAliveSeconds = 15 // package net's

// A listener accepts connections by their descriptors.
type listener struct {
	*net.TCPListener
	group *Group
	file  *os.File
	raw   syscall.RawConn
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
	err := l.raw.Read(func(fd uintptr) bool {
		c, failure = l.group.accept(int(fd))
		return failure != syscall.EAGAIN
	})
	switch {
	case failure != nil && failure != syscall.EAGAIN:
		return nil, os.NewSyscallError("accept4", failure)
	case errors.Is(err, os.ErrClosed):
		return nil, net.ErrClosed
	case err != nil:
		return nil, err
	}
	return c, nil
}

// accept takes a connection, if one waits.
func (g *Group) accept(listener int) (*Conn, error) {
	c := &Conn{group: g}
	var name syscall.RawSockaddrInet6 // with room for that of IPv4
	size := uint32(unsafe.Sizeof(name))
	for {
		fd, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)),
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
	l.file.Close()
	return l.TCPListener.Close()
}
