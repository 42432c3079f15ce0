//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// TestConn runs the tests that there are for every net.Conn, on both sides.
func TestConn(t *testing.T) {
	for _, swapped := range []bool{false, true} {
		t.Run(map[bool]string{false: "ours first", true: "ours second"}[swapped], func(t *testing.T) {
			l, _ := kinds[1].listen(t, "tcp", "127.0.0.1:0")
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				if c1, err = net.Dial("tcp", l.Addr().String()); err != nil {
					return
				}
				if c2, err = l.Accept(); err != nil {
					return
				}
				stop = func() { c1.Close(); c2.Close() }
				if !swapped {
					c1, c2 = c2, c1
				}
				return
			})
		})
	}
}

// A script is what is done with a connection, and notes what came of it.
type script struct {
	t      *testing.T
	server netConn
	client *net.TCPConn
	notes  []string
}

func (s *script) note(what string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(what, args...))
}

func (s *script) read(n int) {
	p := make([]byte, n)
	n, err := s.server.Read(p)
	s.note("read %q %s", p[:n], describe(err))
}

func (s *script) write(text string) {
	n, err := s.server.Write([]byte(text))
	s.note("write %d %s", n, describe(err))
}

// writeMuch writes more than goes.
func (s *script) writeMuch() {
	n, err := s.server.Write(make([]byte, 64<<20))
	s.note("write %v %s", n < 64<<20, describe(err))
}

// sends has the client send, and waits until it has come.
func (s *script) sends(text string) {
	if _, err := io.WriteString(s.client, text); err != nil {
		s.t.Fatal(err)
	}
	hasCome(s.t, s.server, len(text))
}

// gets notes what the client gets, up to the end.
func (s *script) gets() {
	s.client.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(s.client)
	s.note("the client got %d bytes, %.40q %s", len(got), got, describe(err))
}

// sendsOn is sends to somebody who waits for it.
func (s *script) sendsOn(text string) { io.WriteString(s.client, text) }

// during notes what a call gives that waits, while something else is done.
func (s *script) during(call func(), do func()) {
	done := make(chan struct{})
	go func() { defer close(done); call() }()
	time.Sleep(5 * time.Millisecond) // it may or may not wait by then: both are to give the same
	do()
	taken(s.t, "the end of a call that waits", done)
}

// replaced has a read wait whose deadline is replaced by another before it comes,
// if the machine is not too busy for that.
func (s *script) replaced(by time.Time) {
	for early := 10 * time.Millisecond; early < patience; early *= 2 {
		s.notes = nil
		s.server.SetReadDeadline(time.Now().Add(early))
		s.during(func() { s.read(9) }, func() { s.server.SetReadDeadline(by); time.Sleep(early); s.sendsOn("abc") })
		if strings.Contains(s.notes[0], "abc") {
			return
		}
		s.server.SetReadDeadline(future)
		s.server.Read(make([]byte, 9))
	}
}

func (s *script) file(content string) *os.File {
	name := filepath.Join(s.t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.open(name)
}

func (s *script) open(name string) *os.File {
	file, err := os.Open(name)
	if err != nil {
		s.t.Skip(err)
	}
	s.t.Cleanup(func() { file.Close() })
	return file
}

// fill writes until no more goes.
func (s *script) fill() {
	s.server.SetWriteBuffer(4096)
	p := make([]byte, 1<<20)
	for {
		s.server.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		if n, err := s.server.Write(p); err != nil && n == 0 {
			s.note("%s", describe(err))
			return
		}
	}
}

var past, future, farFuture = time.Unix(1, 0), time.Now().Add(time.Hour), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// TestLikePackageNet: the same script gives the same on both kinds of connection.
func TestLikePackageNet(t *testing.T) {
	for _, tc := range []struct {
		name string
		run  func(*script)
	}{
		{"data, in pieces", func(s *script) { s.sends("abcdef"); s.read(4); s.read(4); s.sends("g"); s.read(4) }},
		{"data that comes while one waits", func(s *script) {
			s.during(func() { s.read(9) }, func() { io.WriteString(s.client, "abc") })
		}},
		{"EOF", func(s *script) { s.client.CloseWrite(); s.read(1); s.read(1); s.write("a") }},
		{"EOF while one waits", func(s *script) { s.during(func() { s.read(1) }, func() { s.client.CloseWrite() }); s.read(1) }},
		{"data and EOF", func(s *script) {
			s.sends("abc")
			s.client.CloseWrite()
			isInState(s.t, s.server, stateCloseWait)
			s.read(2)
			s.read(2)
			s.read(2)
		}},
		{"data, a wait, data and EOF at once", func(s *script) {
			s.sends("a")
			s.read(9)
			s.during(func() { s.read(9) }, func() { io.WriteString(s.client, "b"); s.client.CloseWrite() })
			s.read(9)
			s.read(9)
		}},
		{"answer to a half-closed one", func(s *script) {
			s.sends("abc")
			s.client.CloseWrite()
			s.read(9)
			s.read(9)
			s.write("answer")
			s.server.Close()
			s.gets()
		}},
		{"RST", func(s *script) {
			reset(s.client)
			isInState(s.t, s.server, stateClosed)
			s.read(1)
			s.read(1)
			s.write("a")
			s.write("a")
		}},
		{"RST, then a write", func(s *script) {
			reset(s.client)
			isInState(s.t, s.server, stateClosed)
			s.write("a")
			s.read(1)
			s.write("a")
		}},
		{"RST while one waits", func(s *script) { s.during(func() { s.read(1) }, func() { reset(s.client) }); s.read(1) }},
		{"data and RST", func(s *script) {
			s.sends("abc")
			reset(s.client)
			isInState(s.t, s.server, stateClosed)
			s.read(9)
			s.read(9)
		}},
		{"RST behind EOF", func(s *script) {
			s.client.CloseWrite()
			s.read(1)
			reset(s.client)
			isInState(s.t, s.server, stateClosed)
			s.read(1)
			s.write("a")
			s.read(1)
		}},
		{"RST while one writes", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { s.writeMuch() }, func() { reset(s.client) })
			s.write("a")
		}},
		{"RST while a file is sent", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { _, err := s.server.ReadFrom(s.file(strings.Repeat("a", 1<<20))); s.note("%v", err != nil) }, func() { reset(s.client) })
			_, err := s.server.ReadFrom(s.file("abc"))
			s.note("%s", describe(err))
		}},
		{"CloseWrite", func(s *script) {
			s.note("%s", describe(s.server.CloseWrite()))
			s.write("a")
			s.sends("abc")
			s.read(9)
			s.note("%s", describe(s.server.CloseWrite()))
			s.server.Close()
			s.gets()
		}},
		{"a file behind CloseWrite", func(s *script) {
			s.server.CloseWrite()
			n, err := s.server.ReadFrom(s.file("abc"))
			s.note("%d %s", n, describe(err))
		}},
		{"CloseRead", func(s *script) { s.note("%s", describe(s.server.CloseRead())); s.read(9); s.write("a") }},
		{"CloseRead with data", func(s *script) { s.sends("abc"); s.server.CloseRead(); s.read(9); s.read(9) }},
		{"CloseRead while one waits", func(s *script) { s.during(func() { s.read(9) }, func() { s.server.CloseRead() }) }},
		{"CloseRead after a read", func(s *script) {
			s.sends("abc")
			s.read(9)
			s.server.SetReadDeadline(time.Now().Add(time.Millisecond))
			s.read(9)
			s.server.SetReadDeadline(time.Time{})
			s.server.CloseRead()
			s.read(9)
		}},
		{"CloseRead of what the other has left", func(s *script) {
			reset(s.client)
			isInState(s.t, s.server, stateClosed)
			s.note("%s", describe(s.server.CloseRead()))
			s.note("%s", describe(s.server.CloseWrite()))
		}},
		{"CloseWrite while one writes", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { s.writeMuch() }, func() { s.server.CloseWrite() })
		}},

		{"a deadline in the past", func(s *script) {
			s.sends("abc")
			s.server.SetDeadline(past)
			s.read(9)
			s.write("a")
			s.server.SetDeadline(time.Time{})
			s.read(9)
			s.write("a")
		}},
		{"a deadline that comes", func(s *script) {
			s.server.SetReadDeadline(time.Now().Add(time.Millisecond))
			s.read(9)
			s.read(9)
			s.sends("abc")
			s.read(9)
			s.server.SetReadDeadline(future)
			s.read(9)
		}},
		{"a deadline far away", func(s *script) {
			s.server.SetDeadline(farFuture)
			s.during(func() { s.read(9) }, func() { s.sendsOn("abc") })
			s.write("a")
		}},
		{"a deadline in the future", func(s *script) {
			s.server.SetDeadline(future)
			s.during(func() { s.read(9) }, func() { s.sendsOn("abc") })
			s.write("a")
		}},
		{"a deadline of the wall clock", func(s *script) {
			s.server.SetDeadline(time.Now().Round(0).Add(time.Millisecond))
			s.read(9)
			s.server.SetDeadline(future.Round(0))
			s.write("a")
		}},
		{"a deadline before there was time", func(s *script) {
			s.server.SetDeadline(time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC))
			s.read(9)
			s.write("a")
		}},
		{"a deadline while one waits", func(s *script) {
			s.during(func() { s.read(9) }, func() { s.server.SetReadDeadline(time.Now().Add(time.Millisecond)) })
		}},
		{"a deadline in the past while one waits", func(s *script) { s.during(func() { s.read(9) }, func() { s.server.SetReadDeadline(past) }) }},
		{"a later deadline while one waits", func(s *script) { s.replaced(future) }},
		{"no deadline while one waits", func(s *script) { s.replaced(time.Time{}) }},
		{"a deadline for writes while one reads", func(s *script) {
			s.during(func() { s.read(9) }, func() { s.server.SetWriteDeadline(past); s.sendsOn("abc") })
		}},
		{"a deadline while one writes", func(s *script) {
			s.fill()
			s.write("a")
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { s.writeMuch() }, func() { s.server.SetWriteDeadline(past) })
		}},
		{"a deadline while a file is sent", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() {
				_, err := s.server.ReadFrom(s.file(strings.Repeat("a", 1<<20)))
				s.note("%v", errors.Is(err, os.ErrDeadlineExceeded))
			}, func() { s.server.SetWriteDeadline(past) })
		}},

		{"Close", func(s *script) {
			s.note("%s", describe(s.server.Close()))
			s.note("%s", describe(s.server.Close()))
			s.gets()
		}},
		{"anything after Close", func(s *script) {
			local, remote := s.server.LocalAddr().String(), s.server.RemoteAddr().String()
			s.server.Close()
			s.read(1)
			s.read(0)
			s.write("a")
			s.write("")
			s.note("%s", describe(s.server.SetDeadline(future)))
			s.note("%s", describe(s.server.SetReadDeadline(future)))
			s.note("%s", describe(s.server.SetWriteDeadline(time.Time{})))
			s.note("%s", describe(s.server.CloseRead()))
			s.note("%s", describe(s.server.CloseWrite()))
			s.note("%s", describe(s.server.SetNoDelay(true)))
			s.note("%s", describe(s.server.SetLinger(0)))
			s.note("%s", describe(s.server.SetKeepAlive(true)))
			s.note("%s", describe(s.server.SetKeepAlivePeriod(time.Second)))
			s.note("%s", describe(s.server.SetReadBuffer(4096)))
			s.note("%s", describe(s.server.SetWriteBuffer(4096)))
			_, err := s.server.ReadFrom(s.file("abc"))
			s.note("%v", err != nil)
			_, err = s.server.ReadFrom(strings.NewReader("abc"))
			s.note("%s", describe(err))
			s.note("%v %v", s.server.LocalAddr().String() == local, s.server.RemoteAddr().String() == remote)
		}},
		{"Close while one reads", func(s *script) { s.during(func() { s.read(9) }, func() { s.server.Close() }); s.gets() }},
		{"Close while one writes", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { s.writeMuch() }, func() { s.server.Close() })
		}},
		{"Close while a file is sent", func(s *script) {
			s.fill()
			s.server.SetWriteDeadline(time.Time{})
			s.during(func() { _, err := s.server.ReadFrom(s.file(strings.Repeat("a", 1<<20))); s.note("%v", err != nil) }, func() { s.server.Close() })
		}},
		{"Close with unread input", func(s *script) { s.sends("abc"); s.server.Close(); s.gets() }},
		{"nothing", func(s *script) {
			s.read(0)
			s.write("")
			s.sends("abc")
			s.read(0)
			s.read(9)
			s.client.CloseWrite()
			s.read(0)
		}},

		{"options", func(s *script) {
			for _, err := range []error{s.server.SetNoDelay(false), s.server.SetLinger(1), s.server.SetLinger(-1), s.server.SetKeepAlive(false),
				s.server.SetKeepAlivePeriod(1500 * time.Millisecond), s.server.SetReadBuffer(8192), s.server.SetWriteBuffer(8192)} {
				s.note("%s", describe(err))
			}
			s.options()
		}},
		{"options as accepted", func(s *script) { s.options() }},
		{"addresses", func(s *script) {
			s.note("%v %v", s.server.LocalAddr().String() == s.client.RemoteAddr().String(), s.server.RemoteAddr().String() == s.client.LocalAddr().String())
			s.note("%T %s %T %s", s.server.LocalAddr(), s.server.LocalAddr().Network(), s.server.RemoteAddr(), s.server.RemoteAddr().Network())
		}},

		{"a file", func(s *script) { s.sendFile(s.file("abcdef"), -1, 0) }},
		{"the rest of a file", func(s *script) { s.sendFile(s.file("abcdef"), -1, 4) }},
		{"a part of a file", func(s *script) { s.sendFile(s.file("abcdef"), 3, 1) }},
		{"more than a file has", func(s *script) { s.sendFile(s.file("abcdef"), 100, 0) }},
		{"none of a file", func(s *script) { s.sendFile(s.file("abcdef"), 0, 0) }},
		{"behind a file's end", func(s *script) { s.sendFile(s.file("abcdef"), -1, 100) }},
		{"an empty file", func(s *script) { s.sendFile(s.file(""), -1, 0) }},
		{"a device", func(s *script) { s.sendFile(s.open("/dev/zero"), 100_000, 0) }},
		{"a file of the system's", func(s *script) { s.sendFile(s.open("/proc/version"), -1, 0) }},
		{"one that it does not copy by itself", func(s *script) { s.sendFile(s.open("/proc/self/environ"), -1, 0) }},
		{"a part of one", func(s *script) { s.sendFile(s.open("/proc/self/environ"), 10, 3) }},
		{"a directory", func(s *script) { s.sendFile(s.open("/"), -1, 0) }},
		{"a large file", func(s *script) {
			go io.Copy(io.Discard, s.client)
			n, err := s.server.ReadFrom(s.file(strings.Repeat("0123456789", 1<<20)))
			s.note("%d %s", n, describe(err))
		}},
		{"a file that is closed", func(s *script) {
			file := s.file("abc")
			file.Close()
			n, err := s.server.ReadFrom(file)
			s.note("%d %v", n, err != nil)
		}},
		{"a pipe", func(s *script) {
			r, w, _ := os.Pipe()
			defer r.Close()
			io.WriteString(w, "abc")
			w.Close()
			n, err := s.server.ReadFrom(r)
			s.note("%d %s", n, describe(err))
			s.server.Close()
			s.gets()
		}},
		{"a reader", func(s *script) {
			n, err := s.server.ReadFrom(strings.NewReader("abc"))
			s.note("%d %s", n, describe(err))
			s.server.Close()
			s.gets()
		}},
		{"a reader with a bound", func(s *script) {
			limited := &io.LimitedReader{R: strings.NewReader("abcdef"), N: 4}
			n, err := s.server.ReadFrom(limited)
			s.note("%d %s %d", n, describe(err), limited.N)
			s.server.Close()
			s.gets()
		}},

		{"its descriptor, to read", func(s *script) {
			s.sends("abc")
			s.rawRead(9, true)
			s.during(func() { s.rawRead(9, true) }, func() { s.sendsOn("de") })
			s.sends("f")
			s.read(9)
		}},
		{"its descriptor, read in part", func(s *script) { s.sends("abc"); s.rawRead(1, true); s.read(1); s.rawRead(9, true) }},
		{"its descriptor, until it is late", func(s *script) { s.server.SetReadDeadline(time.Now().Add(time.Millisecond)); s.rawRead(9, true) }},
		{"its descriptor, when it is late", func(s *script) {
			s.sends("abc")
			s.server.SetReadDeadline(past)
			s.rawRead(9, true)
			s.server.SetReadDeadline(time.Time{})
			s.read(9)
		}},
		{"its descriptor, while it is closed", func(s *script) { s.during(func() { s.rawRead(9, true) }, func() { s.server.Close() }) }},
		{"its descriptor, after it was closed", func(s *script) {
			raw, err := s.server.SyscallConn()
			s.note("%s", describe(err))
			s.server.Close()
			s.note("%s", describe(raw.Control(func(uintptr) { s.note("called") })))
			s.note("%s", describe(raw.Read(func(uintptr) bool { s.note("called"); return true })))
			s.note("%s", describe(raw.Write(func(uintptr) bool { s.note("called"); return true })))
			_, err = s.server.SyscallConn()
			s.note("%v", err != nil)
		}},
		{"its descriptor, to write", func(s *script) {
			raw, _ := s.server.SyscallConn()
			calls := 0
			s.note("%s", describe(raw.Write(func(fd uintptr) bool {
				calls++
				_, err := syscall.Write(int(fd), []byte("abc"))
				return err != syscall.EAGAIN
			})))
			s.note("%d", calls)
			s.server.SetWriteDeadline(past)
			s.note("%s", describe(raw.Write(func(fd uintptr) bool { s.note("called"); return true })))
			s.server.Close()
			s.gets()
		}},

		{"urgent data", func(s *script) {
			s.sends("abc")
			sendUrgent(s.t, s.client, '!')
			io.WriteString(s.client, "def")
			hasCome(s.t, s.server, 3)
			s.server.SetReadDeadline(time.Now().Add(patience))
			s.readAll(6)
		}},
		{"urgent data, once it is waited for", func(s *script) {
			s.server.SetReadDeadline(time.Now().Add(time.Millisecond))
			s.read(9) // so that events are looked for
			io.WriteString(s.client, "abc")
			sendUrgent(s.t, s.client, '!')
			io.WriteString(s.client, "def")
			sendUrgent(s.t, s.client, '!')
			io.WriteString(s.client, "ghi")
			time.Sleep(10 * time.Millisecond) // and found
			s.server.SetReadDeadline(time.Now().Add(patience))
			s.readAll(9)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var notes [2]string
			for i, k := range kinds {
				t.Run(k.name, func(t *testing.T) {
					l, _ := k.listen(t, "tcp", "127.0.0.1:0")
					s := &script{t: t}
					s.server, s.client = connect(t, l)
					stuck := time.AfterFunc(patience, func() { s.server.Close() })
					defer stuck.Stop()
					tc.run(s)
					notes[i] = strings.Join(s.notes, "\n")
				})
			}
			if notes[0] != notes[1] {
				t.Errorf("package net:\n%s\nours:\n%s", notes[0], notes[1])
			}
		})
	}
}

// readAll notes n bytes, in however many reads they come.
func (s *script) readAll(n int) {
	p := make([]byte, n)
	n, err := io.ReadFull(s.server, p)
	s.note("read in all %q %s", p[:n], describe(err))
}

func (s *script) rawRead(n int, done bool) {
	raw, err := s.server.SyscallConn()
	if err != nil {
		s.note("%s", describe(err))
		return
	}
	p := make([]byte, n)
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		n, failure = syscall.Read(int(fd), p)
		return failure != syscall.EAGAIN
	})
	if failure != nil || err != nil {
		n = 0
	}
	s.note("raw read %q %s", p[:n], describe(err))
}

func (s *script) options() {
	fd := descriptor(s.t, s.server)
	for _, o := range []struct {
		name          string
		level, option int
	}{
		{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
		{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
		{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
		{"TCP_KEEPINTVL", syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL},
		{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
		{"SO_LINGER", syscall.SOL_SOCKET, syscall.SO_LINGER},
		{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF},
		{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF},
		{"SO_OOBINLINE", syscall.SOL_SOCKET, syscall.SO_OOBINLINE},
		{"FD_CLOEXEC", -1, syscall.F_GETFD},
		{"O_NONBLOCK", -1, syscall.F_GETFL},
	} {
		var value int
		var err error
		if o.level < 0 {
			n, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(o.option), 0)
			value = int(n)
		} else {
			value, err = syscall.GetsockoptInt(fd, o.level, o.option)
		}
		s.note("%s %d %v", o.name, value, err)
	}
}

// sendFile writes a file from an offset on, bounded unless n is negative, and notes
// what came of it.
func (s *script) sendFile(file *os.File, n, offset int64) {
	if offset > 0 {
		file.Seek(offset, io.SeekStart)
	}
	var r io.Reader = file
	limited := &io.LimitedReader{R: file, N: n}
	if n >= 0 {
		r = limited
	}
	n, err := s.server.ReadFrom(r)
	position, _ := file.Seek(0, io.SeekCurrent)
	s.note("%d failed=%v, position %d, left %d", n, err != nil, position, limited.N)
	s.server.Close()
	s.gets()
}

// TestAddresses: those of both sides are package net's, on all networks.
func TestAddresses(t *testing.T) {
	for _, tc := range []struct{ network, addr, dial string }{
		{"tcp4", "127.0.0.1:0", "127.0.0.1"},
		{"tcp6", "[::1]:0", "::1"},
		{"tcp", "[::]:0", "127.0.0.1"},
		{"tcp", "[::]:0", "::1"},
	} {
		t.Run(tc.addr+" "+tc.dial, func(t *testing.T) {
			for _, k := range kinds {
				t.Run(k.name, func(t *testing.T) {
					l, _ := k.listen(t, tc.network, tc.addr)
					_, port, _ := net.SplitHostPort(l.Addr().String())
					client, err := net.Dial("tcp", net.JoinHostPort(tc.dial, port))
					if err != nil {
						t.Skip(err)
					}
					defer client.Close()
					server, err := l.Accept()
					if err != nil {
						t.Fatal(err)
					}
					defer server.Close()
					for _, sides := range [][2]net.Addr{{server.LocalAddr(), client.RemoteAddr()}, {server.RemoteAddr(), client.LocalAddr()}} {
						got, want := sides[0].(*net.TCPAddr), sides[1].(*net.TCPAddr)
						if !got.IP.Equal(want.IP) || got.Port != want.Port || got.Zone != want.Zone || got.String() != want.String() {
							t.Errorf("%#v, want %#v", got, want)
						}
					}
				})
			}
		})
	}
}

// TestAwaitReset: a reset is told of, whatever there is to read, and nothing else is but a
// deadline and Close.
func TestAwaitReset(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(c *Conn, client *net.TCPConn) // before somebody waits, or then
		want error
	}{
		{"a reset", func(_ *Conn, client *net.TCPConn) { reset(client) }, syscall.ECONNRESET},
		{"behind input", func(c *Conn, client *net.TCPConn) { io.WriteString(client, "text"); reset(client) }, syscall.ECONNRESET},
		{"behind the end", func(_ *Conn, client *net.TCPConn) { client.CloseWrite(); reset(client) }, syscall.ECONNRESET},
		{"a deadline", func(c *Conn, _ *net.TCPConn) { c.SetReadDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		{"a deadline behind the end", func(c *Conn, client *net.TCPConn) {
			client.CloseWrite()
			c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		}, os.ErrDeadlineExceeded},
		{"Close", func(c *Conn, _ *net.TCPConn) { c.Close() }, net.ErrClosed},
		{"Close behind input", func(c *Conn, client *net.TCPConn) { io.WriteString(client, "text"); c.Close() }, net.ErrClosed},
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, %v", tc.name, first), func(t *testing.T) {
				checkLeaks(t)
				c, client := pair(t)
				got := make(chan error, 1)
				if first {
					tc.do(c, client)
				}
				go func() { got <- c.AwaitReset() }()
				if !first {
					settled(t, "waiting", func() bool { return c.input.state.Load() == waiting })
					tc.do(c, client)
				}
				if err := taken(t, "the end of the wait", got); !errors.Is(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				client.Close()
				c.Close()
			})
		}
	}
}

// TestReadAfterAwaitReset: a wait for a reset that is broken off has taken nothing, and
// hides nothing.
func TestReadAfterAwaitReset(t *testing.T) {
	checkLeaks(t)
	c, client := pair(t)
	defer client.Close()
	defer c.Close()
	for range 100 {
		got := make(chan error, 1)
		go func() { got <- c.AwaitReset() }()
		io.WriteString(client, "text")
		c.SetReadDeadline(time.Unix(1, 0))
		if err := taken(t, "the end of the wait", got); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(patience))
		p := make([]byte, 4)
		if _, err := io.ReadFull(c, p); err != nil || string(p) != "text" {
			t.Fatalf("read %q, %v", p, err)
		}
	}
}
