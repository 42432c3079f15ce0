//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// A netConn is what the connections of package net can do, and ours.
type netConn interface {
	net.Conn
	syscall.Conn
	io.ReaderFrom
	CloseRead() error
	CloseWrite() error
	SetLinger(int) error
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetKeepAlivePeriod(time.Duration) error
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
}

var (
	_ netConn = (*Conn)(nil)
	_ netConn = (*net.TCPConn)(nil)
)

// A kind is one of the two kinds of connection that are to behave the same.
type kind struct {
	name string
	wrap func(*Group, net.Listener) net.Listener
}

var kinds = []kind{
	{"package net's", func(_ *Group, l net.Listener) net.Listener { return l }},
	{"ours", func(g *Group, l net.Listener) net.Listener { return g.Wrap(l) }},
}

// listen gives a listener of the kind, and its Group, until the test ends.
func (k kind) listen(t testing.TB, network, addr string) (net.Listener, *Group) {
	t.Helper()
	checkLeaks(t)
	below, err := net.Listen(network, addr)
	if err != nil {
		t.Skip(err)
	}
	g := new(Group)
	l := k.wrap(g, below)
	t.Cleanup(func() {
		l.Close()
		g.Close()
	})
	return l, g
}

// connect gives an accepted connection and its client, until the test ends.
func connect(t testing.TB, l net.Listener) (server netConn, client *net.TCPConn) {
	t.Helper()
	dialed, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		dialed.Close()
	})
	return conn.(netConn), dialed.(*net.TCPConn)
}

// pair is connect, of ours, with a listener of its own.
func pair(t testing.TB) (*Conn, *net.TCPConn) {
	t.Helper()
	l, _ := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	server, client := connect(t, l)
	return server.(*Conn), client
}

// checkLeaks checks at the test's end that no goroutine and no descriptor is left
// that was not there now.
func checkLeaks(t testing.TB) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // so that there is what the runtime waits with, which stays open
		r.Close()
		w.Close()
	}
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	t.Cleanup(func() {
		gone := func() bool { return runtime.NumGoroutine() <= goroutines && openDescriptors() <= descriptors }
		if !eventually(gone) {
			stacks := make([]byte, 1<<20)
			t.Errorf("goroutines: %d before, %d after; descriptors: %d before, %d after\n%s",
				goroutines, runtime.NumGoroutine(), descriptors, openDescriptors(), stacks[:runtime.Stack(stacks, true)])
		}
	})
}

func openDescriptors() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(fds)
}

// eventually reports whether something comes to be so.
func eventually(so func() bool) bool {
	for deadline := time.Now().Add(patience); !so(); runtime.Gosched() {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// settled waits until something is so, and fails where it does not come to be.
func settled(t testing.TB, what string, so func() bool) {
	t.Helper()
	if !eventually(so) {
		t.Fatalf("not in %v: %s", patience, what)
	}
}

// taken gives the result of a goroutine.
func taken[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		stacks := make([]byte, 1<<20)
		t.Fatalf("not in %v: %s\n%s", patience, what, stacks[:runtime.Stack(stacks, true)])
		panic("not reached")
	}
}

// descriptor gives the descriptor of a connection, for the test's own questions.
func descriptor(t testing.TB, c syscall.Conn) (fd int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(of uintptr) { fd = int(of) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// hasCome waits until n bytes are there to be read.
func hasCome(t testing.TB, c syscall.Conn, n int) {
	t.Helper()
	fd := descriptor(t, c)
	settled(t, fmt.Sprintf("%d bytes have come", n), func() bool {
		var available int32
		syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&available)))
		return int(available) >= n
	})
}

// The states of a TCP connection, as the system counts them.
const (
	stateClosed    = 7
	stateCloseWait = 8
)

// isInState waits until the system has a connection in a state.
func isInState(t testing.TB, c syscall.Conn, state byte) {
	t.Helper()
	fd := descriptor(t, c)
	settled(t, fmt.Sprintf("TCP state %d", state), func() bool {
		var info [1]byte // tcpi_state comes first
		size := uint32(len(info))
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		return errno == 0 && info[0] == state
	})
}

// reset closes a connection so that the other side gets a RST.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// sendUrgent sends one byte as urgent data.
func sendUrgent(t testing.TB, c *net.TCPConn, b byte) {
	t.Helper()
	if err := syscall.Sendmsg(descriptor(t, c), []byte{b}, nil, nil, syscall.MSG_OOB); err != nil {
		t.Fatal(err)
	}
}

// describe tells of an error what programs look at, and its text without ports.
func describe(err error) string {
	if err == nil {
		return "nil"
	}
	var parts []string
	for _, known := range []struct {
		name string
		err  error
	}{
		{"EOF", io.EOF}, {"closed", net.ErrClosed}, {"late", os.ErrDeadlineExceeded},
		{"EPIPE", syscall.EPIPE}, {"ECONNRESET", syscall.ECONNRESET}, {"EINVAL", syscall.EINVAL}, {"ENOTCONN", syscall.ENOTCONN},
	} {
		if errors.Is(err, known.err) {
			parts = append(parts, known.name)
		}
	}
	if timeout, ok := err.(interface{ Timeout() bool }); ok {
		parts = append(parts, fmt.Sprintf("timeout=%v", timeout.Timeout()))
	}
	if temporary, ok := err.(interface{ Temporary() bool }); ok {
		parts = append(parts, fmt.Sprintf("temporary=%v", temporary.Temporary()))
	}
	if op, ok := err.(*net.OpError); ok {
		parts = append(parts, fmt.Sprintf("%s %s", op.Op, op.Net))
		err = op.Err
	}
	return strings.Join(append(parts, ports.ReplaceAllString(fmt.Sprintf("%q", err), "127.0.0.1")), " ")
}

var ports = regexp.MustCompile(`127\.0\.0\.1:\d+`)
