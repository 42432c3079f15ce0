//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// listeners are the ways to a listener whose connections are ours, and package
// net's own.
var listeners = []kind{
	kinds[0],
	{"wrapped", func(g *Group, l net.Listener) net.Listener { return g.Wrap(l) }},
	{"borrowed", func(g *Group, l net.Listener) net.Listener { return g.Borrow(l) }},
}

// TestAccept: its errors are package net's, and so is when they come.
func TestAccept(t *testing.T) {
	type accepting struct {
		net.Listener
		below *net.TCPListener
	}
	for _, tc := range []struct {
		name string
		end  func(accepting)
		want error
	}{
		{"a deadline in the past", func(l accepting) { l.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"a deadline that comes", func(l accepting) {
			l.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(time.Millisecond))
		}, os.ErrDeadlineExceeded},
		{"Close", func(l accepting) { l.Listener.Close() }, net.ErrClosed},
		{"Close by its owner", func(l accepting) { l.below.Close() }, net.ErrClosed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, k := range listeners {
				if k.name == "wrapped" && tc.name == "Close by its owner" {
					continue // it has none but who has wrapped it
				}
				for _, before := range []bool{false, true} {
					t.Run(k.name+map[bool]string{true: ", before"}[before], func(t *testing.T) {
						var below net.Listener
						l, _ := kind{k.name, func(g *Group, l net.Listener) net.Listener { below = l; return k.wrap(g, l) }}.listen(t, "tcp", "127.0.0.1:0")
						failed := make(chan error, 1)
						if before {
							tc.end(accepting{l, below.(*net.TCPListener)})
						}
						go func() { _, err := l.Accept(); failed <- err }()
						if !before {
							time.Sleep(time.Millisecond)
							tc.end(accepting{l, below.(*net.TCPListener)})
						}
						err := taken(t, "the end of Accept", failed)
						var op *net.OpError
						if !errors.Is(err, tc.want) || !errors.As(err, &op) || op.Op != "accept" || op.Net != "tcp" || op.Addr == nil {
							t.Errorf("%v", err)
						}
						if tc.want != net.ErrClosed {
							return
						}
						again, err := net.Listen("tcp", l.Addr().String()) // at once: nothing holds on to it
						if err != nil {
							t.Fatal(err)
						}
						again.Close()
					})
				}
			}
		})
	}
}

// TestCloseWhileAcceptBegins: whenever a listener is closed, who accepts is told that, and
// of nothing that it is made of.
func TestCloseWhileAcceptBegins(t *testing.T) {
	for _, k := range listeners {
		t.Run(k.name, func(t *testing.T) {
			for range 200 {
				below, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				g := new(Group)
				l := k.wrap(g, below)
				failed := make(chan error, 1)
				go func() { _, err := l.Accept(); failed <- err }()
				for range rand.IntN(3) {
					runtime.Gosched()
				}
				l.Close()
				if err := taken(t, "the end of Accept", failed); !errors.Is(err, net.ErrClosed) {
					t.Fatal(err)
				}
				g.Close()
			}
			below, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			g := new(Group)
			defer g.Close()
			l, ok := k.wrap(g, below).(*listener)
			below.Close()
			if !ok { // package net's
				return
			}
			l.poller = g.pollers[0]
			l.Close()
			for name, err := range map[string]error{
				"setGate": l.setGate(syscall.EPOLL_CTL_MOD, syscall.EPOLLIN),
				"listen":  l.listen(syscall.EPOLL_CTL_ADD),
			} {
				if err != net.ErrClosed {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// TestAcceptAgain: connections come after a deadline, many at once, and while one waits.
func TestAcceptAgain(t *testing.T) {
	for _, k := range listeners {
		t.Run(k.name, func(t *testing.T) {
			l, _ := k.listen(t, "tcp", "127.0.0.1:0")
			deadline := l.(interface{ SetDeadline(time.Time) error })
			deadline.SetDeadline(time.Now().Add(time.Millisecond))
			if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			deadline.SetDeadline(time.Time{})
			for _, many := range []int{1, 50, 1} {
				accepted := make(chan net.Addr, many)
				go func() {
					for range many {
						conn, err := l.Accept()
						if err != nil {
							t.Error(err)
							return
						}
						accepted <- conn.RemoteAddr()
						conn.Close()
					}
				}()
				dialed := map[string]bool{}
				for range many {
					conn, err := net.Dial("tcp", l.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					dialed[conn.LocalAddr().String()] = true
				}
				for range many {
					if addr := taken(t, "a connection", accepted).String(); !dialed[addr] {
						t.Errorf("%s was accepted, or accepted again", addr)
					} else {
						delete(dialed, addr)
					}
				}
			}
		})
	}
}

// TestAcceptOfABlockingListener: whoever has it too may make it so, as a child that it
// was handed down to. Then who waits keeps a thread, but nobody from running.
func TestAcceptOfABlockingListener(t *testing.T) {
	for _, k := range listeners {
		t.Run(k.name, func(t *testing.T) {
			l, _ := k.listen(t, "tcp", "127.0.0.1:0")
			var failure error
			control := func(f func(fd uintptr)) error { f(uintptr(descriptor(t, l.(*net.TCPListener)))); return nil }
			if l, ok := l.(*listener); ok {
				control = l.control
			}
			err := control(func(fd uintptr) { failure = syscall.SetNonblock(int(fd), false) })
			if err = cmp.Or(err, failure); err != nil {
				t.Fatal(err)
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			accepted := make(chan error, 4)
			for range cap(accepted) {
				go func() {
					conn, err := l.Accept()
					if err == nil {
						conn.Close()
					}
					accepted <- err
				}()
			}
			time.Sleep(time.Millisecond)
			for range cap(accepted) {
				conn, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
			for range cap(accepted) {
				if err := taken(t, "a connection", accepted); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestNotOurs: what is no listener of TCP stays as it is, and so does one that is
// closed, or comes when the group is.
func TestNotOurs(t *testing.T) {
	checkLeaks(t)
	tcp := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	closed, wrapped := tcp(), tcp()
	closed.Close()
	var open, ended Group
	ended.Close()
	t.Cleanup(open.Close)
	wrapped = open.Wrap(wrapped)
	t.Cleanup(func() { wrapped.Close() })
	unix, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for _, tc := range []struct {
		name string
		g    *Group
		l    net.Listener
	}{
		{"a Unix socket", &open, unix},
		{"one that is ours already", &open, wrapped},
		{"one that is closed", &open, closed},
		{"one that comes when the group is closed", &ended, tcp()},
		{"one that is something else besides", &open, struct{ net.Listener }{tcp()}},
	} {
		for name, wrap := range map[string]func(net.Listener) net.Listener{"Wrap": tc.g.Wrap, "Borrow": tc.g.Borrow} {
			if l := wrap(tc.l); l != tc.l {
				t.Errorf("%s, %s: %T", name, tc.name, l)
			}
		}
	}
}

// TestAcceptWithoutDescriptors: the error says so, nobody is lost, and it goes on
// when there are some.
func TestAcceptWithoutDescriptors(t *testing.T) {
	for _, k := range listeners {
		t.Run(k.name, func(t *testing.T) {
			l, _ := k.listen(t, "tcp", "127.0.0.1:0")
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			var before syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
				t.Fatal(err)
			}
			few := before
			few.Cur = 3
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
				t.Skip(err)
			}
			_, err = l.Accept()
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
				t.Fatal(err)
			}
			var syscallError *os.SyscallError
			if !errors.Is(err, syscall.EMFILE) || !errors.As(err, &syscallError) || syscallError.Syscall != "accept4" {
				t.Errorf("%v", err)
			}
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if conn.RemoteAddr().String() != client.LocalAddr().String() {
				t.Errorf("another one came: %v", conn.RemoteAddr())
			}
			conn.Close()
		})
	}
}

// TestAcceptForOfABlockingListener: who polls does not wait for a connection, with all
// others that it looks after.
func TestAcceptForOfABlockingListener(t *testing.T) {
	l, _ := onePoller(t)
	server, client := connect(t, l)
	served := make(chan struct{}, 1)
	park(t, server.(*Conn), time.Time{}, func(*Conn) { served <- struct{}{} })
	taking := make(chan net.Conn, 2)
	ended := make(chan error, 1)
	go func() {
		_, err := l.(*listener).AcceptFor(func(c net.Conn) bool { taking <- c; return true })
		ended <- err
	}()
	settled(t, "connections are accepted for it", func() bool { return l.(*listener).running.Load() })
	if err := syscall.SetNonblock(l.(*listener).fd, false); err != nil {
		t.Fatal(err)
	}
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	defer taken(t, "a connection", taking).Close()
	client.Write([]byte("a"))
	taken(t, "the service of another one", served)
	l.Close()
	if err := taken(t, "the end of AcceptFor", ended); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
