//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// SetNoDelay says whether small writes leave at once (TCP_NODELAY), as they do
// unless it is called.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.setOption(syscall.IPPROTO_TCP, syscall.TCP_NODELAY, number(noDelay))
}

// SetKeepAlive says whether the system asks a silent other side whether it is
// still there.
func (c *Conn) SetKeepAlive(keepAlive bool) error {
	return c.setOption(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, number(keepAlive))
}

// SetKeepAlivePeriod sets after what silence it does, in whole seconds.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.setOption(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, int((d+time.Second-1)/time.Second))
}

// SetReadBuffer sets the size of the system's buffer for input, in bytes.
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.setOption(syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

// SetWriteBuffer sets the size of the system's buffer for output, in bytes.
func (c *Conn) SetWriteBuffer(bytes int) error {
	return c.setOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

// SetLinger is that of *net.TCPConn.
func (c *Conn) SetLinger(seconds int) error {
	linger := syscall.Linger{Onoff: 1, Linger: int32(seconds)}
	if seconds < 0 {
		linger = syscall.Linger{}
	}
	return c.control("set", func(fd int) error {
		return os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &linger))
	})
}

func (c *Conn) setOption(level, option, value int) error {
	return c.control("set", func(fd int) error {
		return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(fd, level, option, value))
	})
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ReadFrom writes what r gives until it ends; a file by the system's own copy, where
// it has one for it.
func (c *Conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, _ := r.(*io.LimitedReader)
	source, most := r, int64(1<<62)
	if limited != nil {
		source, most = limited.R, limited.N
	}
	if file, ok := source.(*os.File); ok {
		n, err = c.readFile(file, most)
	} else {
		err = errNoSendfile
	}
	if limited != nil {
		limited.N -= n
	}
	if IsNoSendfile(err) {
		var more int64
		more, err = io.Copy(writerOnly{c}, r)
		if n += more; err != nil {
			err = c.failure("readfrom", err)
		}
	}
	return n, err
}

// errNoSendfile is that of what cannot be sent by the system's own copy.
var errNoSendfile = syscall.EINVAL

// readFile writes at most n bytes of a file by the system's own copy.
func (c *Conn) readFile(file *os.File, n int64) (sent int64, err error) {
	offset, err := file.Seek(0, io.SeekCurrent)
	raw, rerr := file.SyscallConn()
	if err != nil || rerr != nil {
		return 0, errNoSendfile
	}
	if failure := raw.Control(func(fd uintptr) { sent, err = c.SendFile(nil, int(fd), offset, n) }); failure != nil {
		return 0, errNoSendfile // to read it tells why
	}
	if sent > 0 {
		file.Seek(offset+sent, io.SeekStart)
	}
	return sent, err
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }

// SyscallConn gives the connection for calls of the caller's own.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn{c}, nil }

// A rawConn is a Conn as a syscall.RawConn.
type rawConn struct{ c *Conn }

func (r rawConn) Control(f func(fd uintptr)) error {
	return r.c.control("raw-control", func(fd int) error { f(uintptr(fd)); return nil })
}

func (r rawConn) Read(f func(fd uintptr) (done bool)) error { return r.wait("raw-read", &r.c.input, f) }

func (r rawConn) Write(f func(fd uintptr) (done bool)) error {
	return r.wait("raw-write", &r.c.output, f)
}

func (r rawConn) wait(op string, d *direction, f func(fd uintptr) (done bool)) error {
	if !r.c.enter() {
		return r.c.failure(op, net.ErrClosed)
	}
	defer r.c.leave()
	r.c.use(d)
	defer d.turn.Unlock()
	if d == &r.c.input {
		r.c.drained.Store(false) // f may leave some
	}
	if err := d.overdue(); err != nil {
		return r.c.failure(op, err)
	}
	for !f(uintptr(r.c.fd)) {
		if err := r.c.await(d); err != nil {
			return r.c.failure(op, err)
		}
	}
	return nil
}
