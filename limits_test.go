package httpserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/httpserver"
)

// A pipes is a listener whose connections are net.Pipe's, for use in a bubble.
// It has limit descriptors; none is no limit.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	limit  int64
	open   atomic.Int64
	asked  atomic.Int64
}

func (l *pipes) Accept() (net.Conn, error) {
	l.asked.Add(1)
	if l.limit > 0 && l.open.Load() >= l.limit {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errTooManyFiles)}
	}
	select {
	case conn := <-l.conns:
		l.open.Add(1)
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return from("127.0.0.1") }

// dial connects from an address.
func (l *pipes) dial(addr net.Addr) net.Conn {
	client, server := net.Pipe()
	l.conns <- &pipeEnd{Conn: server, remote: addr, listener: l}
	return client
}

type pipeEnd struct {
	net.Conn
	remote   net.Addr
	listener *pipes
	once     sync.Once
}

func (c *pipeEnd) RemoteAddr() net.Addr { return c.remote }

func (c *pipeEnd) Close() error {
	c.once.Do(func() { c.listener.open.Add(-1) })
	return c.Conn.Close()
}

func from(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 40000} }

// servePipes serves answers over HTTP/1.1 on pipes, for the rest of a bubble.
func servePipes(t *testing.T, options ...func(*httpserver.ThreadingServer, *pipes)) (l *pipes, log *bytes.Buffer) {
	t.Helper()
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	log = new(bytes.Buffer)
	l = &pipes{conns: make(chan net.Conn, 100), closed: make(chan struct{})}
	s := &httpserver.ThreadingServer{}
	s.Handler = h
	s.Logger = slog.New(slog.NewTextHandler(lockedWriter{new(sync.Mutex), log}, nil))
	s.IdleTimeout = -1
	for _, option := range options {
		option(s, l)
	}
	inBackground(t, s, func() error { return s.Serve(l) })
	return l, log
}

const askA = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

// ask sends a request over a connection that is kept, and gives the answer.
func ask(t *testing.T, conn net.Conn) string {
	t.Helper()
	if _, err := io.WriteString(conn, askA); err != nil {
		t.Fatal(err)
	}
	return readUntil(t, conn, "path /a")
}

// isOpen reports whether the server keeps an idle connection.
func isOpen(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	conn.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// TestMaxConnections: when there are as many connections as may be, the one
// that has been idle for longest makes room for the next.
func TestMaxConnections(t *testing.T) {
	for _, tc := range []struct {
		name string
		use  func(t *testing.T, a, b net.Conn)
		ends string // which of the two
	}{
		{"that have sent nothing", func(*testing.T, net.Conn, net.Conn) {}, "a"},
		{"between requests", func(t *testing.T, a, b net.Conn) { ask(t, b); time.Sleep(time.Nanosecond); ask(t, a) }, "b"},
		{"one of each", func(t *testing.T, a, b net.Conn) { ask(t, a) }, "b"},
		{"in a head", func(t *testing.T, a, b net.Conn) { io.WriteString(a, askA[:5]) }, "b"},
		{"in an answer", func(t *testing.T, a, b net.Conn) { io.WriteString(a, askA); a.Read(make([]byte, 1)) }, "b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, log := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) { s.MaxConnections = 2 })
				conns := map[string]net.Conn{}
				for _, name := range []string{"a", "b"} {
					conns[name] = l.dial(from("192.0.2.1"))
					time.Sleep(time.Second) // so that a is the one that is idle for longer
				}
				tc.use(t, conns["a"], conns["b"])
				time.Sleep(time.Second)
				began := time.Now()
				c := l.dial(from("192.0.2.1"))
				if got := ask(t, c); strings.Contains(got, "Connection:") {
					t.Errorf("the one that came in got %q", got)
				}
				if waited := time.Since(began); waited > 10*time.Millisecond {
					t.Errorf("it waited %v", waited)
				}
				if n, err := conns[tc.ends].Read(make([]byte, 1)); n > 0 || err != io.EOF {
					t.Errorf("%s: %d, %v", tc.ends, n, err)
				}
				delete(conns, tc.ends)
				for name, conn := range conns {
					if strings.HasPrefix(tc.name, "in a") {
						if tc.name == "in a head" {
							io.WriteString(conn, askA[5:])
						}
						readUntil(t, conn, "path /a")
					} else if !isOpen(conn) {
						t.Errorf("%s was ended, too", name)
					}
					conn.Close()
				}
				c.Close()
				synctest.Wait()
				if n := l.open.Load(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
				if got := log.String(); strings.Count(got, "\n") != strings.Count(got, "msg=request")+1 ||
					!strings.Contains(got, `level=WARN msg="2 connections are open, as many as MaxConnections allows: others wait"`) {
					t.Errorf("log:\n%s", got)
				}
			})
		})
	}
}

// TestMaxConnectionsManyTimes: a full server goes on, and says so once a minute.
func TestMaxConnectionsManyTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) { s.MaxConnections = 3 })
		for range 1000 {
			conn := l.dial(from("192.0.2.1"))
			defer conn.Close()
			ask(t, conn)
			if n := l.open.Load(); n > 4 {
				t.Fatalf("%d connections are open, 3 and one that waits may be", n)
			}
			time.Sleep(100 * time.Second / 1000)
		}
		if n := strings.Count(log.String(), "MaxConnections"); n != 2 {
			t.Errorf("%d lines in two minutes:\n%s", n, log)
		}
	})
}

// TestWokenAnswersOnce: a request that comes as its connection is to end is
// answered, and told so.
func TestWokenAnswersOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) { s.MaxConnections = 1 })
		first := l.dial(from("192.0.2.1"))
		if got := ask(t, first); strings.Contains(got, "Connection:") {
			t.Errorf("at first: %q", got)
		}
		time.Sleep(time.Second)
		second := l.dial(from("192.0.2.1"))
		synctest.Wait() // it has been woken, and no time has gone by
		if got := ask(t, first); !strings.Contains(got, "\r\nConnection: close\r\n") {
			t.Errorf("after that: %q", got)
		}
		expectEOF(t, first)
		if got := ask(t, second); strings.Contains(got, "Connection:") {
			t.Errorf("the second: %q", got)
		}
		second.Close()
	})
}

// TestMaxConnectionsWaits: where nobody is idle the next one waits, and
// ServiceActions goes on being called.
func TestMaxConnectionsWaits(t *testing.T) {
	for _, tc := range []struct {
		name     string
		end      func(s *httpserver.ThreadingServer, step chan string)
		answered bool
	}{
		{"until one ends", func(_ *httpserver.ThreadingServer, step chan string) { close(step) }, true},
		{"until Close", func(s *httpserver.ThreadingServer, step chan string) { s.Close(); close(step) }, false},
		{"until Shutdown", func(s *httpserver.ThreadingServer, step chan string) {
			ended := make(chan error)
			go func() { ended <- s.Shutdown(context.Background()) }()
			synctest.Wait()
			close(step)
			if err := <-ended; err != nil {
				panic(err)
			}
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				step := make(chan string)
				var server *httpserver.ThreadingServer
				var actions atomic.Int64
				l, _ := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) {
					server = s
					s.Handler = &streamer{step: step}
					s.MaxConnections = 1
					s.ServiceActions = func() { actions.Add(1) }
				})
				first, second := l.dial(from("192.0.2.1")), l.dial(from("192.0.2.1"))
				defer first.Close()
				defer second.Close()
				io.WriteString(first, "GET / HTTP/1.0\r\n\r\n")
				expect(t, first, "HTTP/1.0 200 OK\r\n\r\n")
				synctest.Wait()
				before := actions.Load()
				time.Sleep(time.Minute)
				if n := actions.Load() - before; n != 120 {
					t.Errorf("ServiceActions was called %d times in a minute", n)
				}
				if n := l.asked.Load(); n > 2 {
					t.Errorf("Accept was called %d times", n)
				}
				tc.end(server, step)
				expectEOF(t, first)
				io.WriteString(second, "GET / HTTP/1.0\r\n\r\n")
				got, err := io.ReadAll(second)
				if answered := string(got) == "HTTP/1.0 200 OK\r\n\r\n"; err != nil || answered != tc.answered {
					t.Errorf("the one that waited got %q, %v", got, err)
				}
			})
		})
	}
}

// TestMaxConnectionsAndVerifyRequest: who is turned away takes nobody's place.
func TestMaxConnectionsAndVerifyRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) {
			s.MaxConnections = 1
			s.VerifyRequest = func(conn net.Conn) bool { return conn.RemoteAddr().(*net.TCPAddr).IP.String() != "192.0.2.6" }
		})
		good := l.dial(from("192.0.2.1"))
		ask(t, good)
		for range 10 {
			expectEOF(t, l.dial(from("192.0.2.6")))
		}
		ask(t, good)
		if strings.Contains(log.String(), "MaxConnections") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// TestMaxConnectionsOneAtATime: a Server's connections are one that is served
// and those that linger.
func TestMaxConnectionsOneAtATime(t *testing.T) {
	checkLeaks(t)
	s, err := httpserver.NewServer("127.0.0.1:0", new(answers))
	if err != nil {
		t.Fatal(err)
	}
	s.MaxConnections = 2
	s.Logger = slog.New(slog.DiscardHandler)
	inBackground(t, s, s.ServeForever)
	var conns []net.Conn
	for range 6 {
		conn := dial(t, s.ServerAddress())
		io.WriteString(conn, "GET /a HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n") // of which nothing comes
		conns = append(conns, conn)
	}
	for i, conn := range conns {
		if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "path /a") {
			t.Errorf("number %d: %q, %v", i, got, err)
		}
		conn.Close() // and no longer lingers
	}
}

// TestMaxConnectionsOfHandleRequest: the wait for room is part of Timeout.
func TestMaxConnectionsOfHandleRequest(t *testing.T) {
	checkLeaks(t)
	h := &streamer{step: make(chan string)}
	s, err := httpserver.NewThreadingServer("127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.MaxConnections = 1
	s.Logger = slog.New(slog.DiscardHandler)
	s.Timeout = patience
	first := dial(t, s.ServerAddress())
	io.WriteString(first, "GET / HTTP/1.0\r\n\r\n")
	if err := s.HandleRequest(); err != nil {
		t.Fatal(err)
	}
	expect(t, first, "HTTP/1.0 200 OK\r\n\r\n")

	refused := dial(t, s.ServerAddress())
	for s.Timeout = 30 * time.Millisecond; ; s.Timeout *= 2 {
		err := s.HandleRequest()
		if errors.Is(err, os.ErrDeadlineExceeded) && strings.Contains(err.Error(), "MaxConnections") {
			break
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || s.Timeout > patience { // else it may have been over before it began
			t.Fatalf("with one that stays: %v", err)
		}
	}
	expectEOF(t, refused)

	s.Timeout = 0
	second := dial(t, s.ServerAddress())
	io.WriteString(second, "GET / HTTP/1.0\r\n\r\n")
	handled := make(chan error, 1)
	go func() { handled <- s.HandleRequest() }()
	close(h.step)
	expectEOF(t, first)
	if err := <-handled; err != nil {
		t.Error(err)
	}
	expect(t, second, "HTTP/1.0 200 OK\r\n\r\n")
	expectEOF(t, second)
}

// TestServeConnCounts: connections of ServeConn's are served however many there
// are, and make room like others.
func TestServeConnCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server *httpserver.ThreadingServer
		l, _ := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) {
			server = s
			s.MaxConnections, s.MaxConnectionsPerAddress = 2, 2
		})
		var served sync.WaitGroup
		var conns []net.Conn
		for range 5 {
			client, conn := net.Pipe()
			served.Go(func() { server.ServeConn(&pipeEnd{Conn: conn, remote: from("192.0.2.1"), listener: l}) })
			ask(t, client)
			conns = append(conns, client)
		}
		expectEOF(t, l.dial(from("192.0.2.1"))) // there are enough of these
		other := l.dial(from("192.0.2.2"))
		ask(t, other)
		open := 0
		for _, conn := range conns {
			if isOpen(conn) {
				open++
			}
			conn.Close()
		}
		if open != 1 {
			t.Errorf("%d of 5 are open, beside the one that came", open)
		}
		served.Wait()
		again := l.dial(from("192.0.2.1"))
		ask(t, again)
		again.Close()
		other.Close()
	})
}

// TestMaxConnectionsPerAddress: what is beyond it is closed at once, with a
// line a second.
func TestMaxConnectionsPerAddress(t *testing.T) {
	unix := &net.UnixAddr{Name: "@", Net: "unix"}
	for _, tc := range []struct {
		name    string
		limit   int
		open    []net.Addr // each is served
		next    net.Addr
		refused bool
	}{
		{"below it", 3, []net.Addr{from("192.0.2.1"), from("192.0.2.1")}, from("192.0.2.1"), false},
		{"beyond it", 2, []net.Addr{from("192.0.2.1"), from("192.0.2.1")}, from("192.0.2.1"), true},
		{"mapped to IPv6", 1, []net.Addr{from("192.0.2.1")}, from("::ffff:192.0.2.1"), true},
		{"another address", 1, []net.Addr{from("192.0.2.1")}, from("192.0.2.2"), false},
		{"one network of IPv6", 1, []net.Addr{from("2001:db8::1")}, from("2001:db8::ffff:1"), true},
		{"two networks of IPv6", 1, []net.Addr{from("2001:db8::1")}, from("2001:db8:0:1::1"), false},
		{"loopback", 1, []net.Addr{from("127.0.0.1"), from("127.0.0.1")}, from("127.0.0.1"), false},
		{"loopback of IPv6", 1, []net.Addr{from("::1"), from("::1")}, from("::1"), false},
		{"a Unix socket", 1, []net.Addr{unix, unix}, unix, false},
		{"no bound", -1, []net.Addr{from("192.0.2.1"), from("192.0.2.1")}, from("192.0.2.1"), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var verified atomic.Int64
				l, log := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) {
					s.MaxConnectionsPerAddress = tc.limit
					s.VerifyRequest = func(net.Conn) bool { verified.Add(1); return true }
				})
				var conns []net.Conn
				for _, addr := range tc.open {
					conn := l.dial(addr)
					ask(t, conn)
					conns = append(conns, conn)
				}
				if !tc.refused {
					ask(t, l.dial(tc.next))
					return
				}
				before := verified.Load()
				for range 40 { // in two seconds
					expectEOF(t, l.dial(tc.next))
					time.Sleep(50 * time.Millisecond)
				}
				if n := verified.Load() - before; n != 0 {
					t.Errorf("VerifyRequest was asked %d times", n)
				}
				if got := log.String(); strings.Count(got, "MaxConnectionsPerAddress") != 2 || !strings.Contains(got, "(19 more since") {
					t.Errorf("log:\n%s", got)
				}
				for _, conn := range conns {
					ask(t, conn) // it was not these that ended
					conn.Close()
				}
				synctest.Wait()
				ask(t, l.dial(tc.next)) // there is room again
			})
		})
	}
}

// TestPerAddressIsForgotten: whatever becomes of connections, they count until
// they end and no longer.
func TestPerAddressIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		what := make(chan string, 1)
		l, _ := servePipes(t, func(s *httpserver.ThreadingServer, _ *pipes) {
			s.MaxConnectionsPerAddress = 1
			s.HandleError = func(net.Conn, any) {}
			handler := s.Handler
			s.NewHandler = func() httpserver.RequestHandler {
				select {
				case <-what:
					panic("on purpose")
				default:
				}
				h := *handler.(*answers)
				return &h
			}
			s.VerifyRequest = func(net.Conn) bool {
				select {
				case w := <-what:
					switch w {
					case "refuse":
						return false
					case "verify":
						panic("on purpose")
					}
					what <- w
				default:
				}
				return true
			}
		})
		for range 3 {
			for _, w := range []string{"refuse", "verify", "make"} {
				what <- w
				expectEOF(t, l.dial(from("192.0.2.1")))
			}
			for _, request := range []string{
				"",
				"GET /a HTTP/1.0\r\n\r\n",
				"PANIC / HTTP/1.0\r\n\r\n",
				"POST /a HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n",
				"nonsense\r\n\r\n",
			} {
				conn := l.dial(from("192.0.2.1"))
				io.WriteString(conn, request)
				time.Sleep(time.Millisecond)
				go io.Copy(io.Discard, conn)
				time.Sleep(time.Millisecond)
				conn.Close()
				time.Sleep(10 * time.Second)
			}
		}
		ask(t, l.dial(from("192.0.2.1")))
	})
}

// TestOutOfDescriptors: idle connections end, so that new ones are served; where
// there are none to end, the loop waits and does not spin.
func TestOutOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := make(chan string)
		l, log := servePipes(t, func(s *httpserver.ThreadingServer, l *pipes) {
			s.Handler = &streamer{quiet: quiet{BaseHandler: httpserver.BaseHandler{ProtocolVersion: "HTTP/1.0"}}, step: step}
			l.limit = 3
		})
		const request, head = "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"
		idle := []net.Conn{l.dial(from("192.0.2.1")), l.dial(from("192.0.2.1")), l.dial(from("192.0.2.1"))}
		time.Sleep(time.Second)
		var busy []net.Conn
		for range idle {
			conn := l.dial(from("192.0.2.1"))
			io.WriteString(conn, request)
			expect(t, conn, head)
			busy = append(busy, conn)
		}
		for _, conn := range idle {
			expectEOF(t, conn)
		}
		// Now all three are at work: a fourth has to wait.
		fourth := l.dial(from("192.0.2.1"))
		synctest.Wait()
		before := l.asked.Load()
		time.Sleep(time.Minute)
		if n := l.asked.Load() - before; n < 100 || n > 200 {
			t.Errorf("it asked %d times in a minute", n)
		}
		if n := strings.Count(log.String(), "too many open files"); n > 3 {
			t.Errorf("log:\n%s", log)
		}
		close(step)
		for _, conn := range busy {
			expectEOF(t, conn)
		}
		io.WriteString(fourth, request)
		expect(t, fourth, head)
		expectEOF(t, fourth)
	})
}

// TestBacklog: a burst that comes while the accept loop is held waits in the
// system, and every one of it is answered.
func TestBacklog(t *testing.T) {
	burst := 100 // some systems hold 128
	if n, err := os.ReadFile("/proc/sys/net/core/somaxconn"); err == nil {
		if most, err := strconv.Atoi(strings.TrimSpace(string(n))); err == nil {
			burst = min(1000, most)
		}
	}
	held := make(chan struct{})
	s := serveDuring(t, new(answers), func(s *httpserver.ThreadingServer) {
		s.VerifyRequest = func(net.Conn) bool { <-held; return true }
	})
	var conns []net.Conn
	for range burst {
		conn, err := net.Dial("tcp", s.ServerAddress().String())
		if errors.Is(err, errTooManyFiles) {
			close(held)
			t.Skip("this process may not have enough descriptors")
		} else if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
		conns = append(conns, conn)
	}
	close(held)
	for i, conn := range conns {
		if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "path /a") {
			t.Fatalf("number %d: %q, %v", i, got, err)
		}
	}
}
