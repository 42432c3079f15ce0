package httpserver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/httpserver"
)

func shutDown(t *testing.T, s *httpserver.ThreadingServer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestListen(t *testing.T) {
	checkLeaks(t)
	s, err := httpserver.NewServer("localhost:0", new(answers))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if addr := s.ServerAddress().(*net.TCPAddr); s.ServerPort == 0 || s.ServerPort != addr.Port || s.ServerName != "localhost" {
		t.Errorf("ServerName %q, ServerPort %d, bound to %v", s.ServerName, s.ServerPort, addr)
	}
	if _, err := httpserver.NewServer(s.ServerAddress().String(), new(answers)); err == nil {
		t.Error("the port was bound twice")
	} else if op, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("%v holds no *net.OpError", err)
	} else if !strings.HasPrefix(err.Error(), "httpserver: ") {
		t.Errorf("%v, %v", err, op)
	}
	if err := s.Listen(); err == nil {
		t.Error("Listen twice")
	}
}

// TestDualStack: without a host, a server listens to both families.
func TestDualStack(t *testing.T) {
	checkLeaks(t)
	s, err := httpserver.NewThreadingServer(":0", new(answers))
	if err != nil {
		t.Fatal(err)
	}
	inBackground(t, s, s.ServeForever)
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(s.ServerPort)))
		if err != nil {
			if host == "::1" && !hasIPv6() {
				t.Log("this machine has no IPv6")
				continue
			}
			t.Fatal(err)
		}
		io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
		got, _ := io.ReadAll(conn)
		conn.Close()
		if !strings.HasSuffix(string(got), "path /a") {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

// TestServerServeConn: a connection that the caller has accepted is served with
// the server's settings, and ends with it.
func TestServerServeConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &httpserver.Server{Handler: new(answers), IdleTimeout: time.Second}
		for _, request := range []string{"GET /a HTTP/1.0\r\n\r\n", ""} {
			client, server := net.Pipe()
			began := time.Now()
			served := make(chan error, 1)
			go func() { served <- s.ServeConn(server) }()
			io.WriteString(client, request)
			got, _ := io.ReadAll(client)
			if request != "" && !strings.HasSuffix(string(got), "path /a") || time.Since(began) > 2*time.Second {
				t.Errorf("%q after %v", got, time.Since(began))
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
		client, server := net.Pipe()
		time.AfterFunc(time.Millisecond, func() { s.Shutdown(context.Background()) })
		s.ServeConn(server)
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Error(err)
		}
		_, server = net.Pipe()
		if err := s.ServeConn(server); err != httpserver.ErrServerClosed {
			t.Error(err)
		}
	})
}

func TestListenErrors(t *testing.T) {
	s := &httpserver.Server{Handler: new(answers)}
	s.Close()
	if err := s.Listen(); err != httpserver.ErrServerClosed {
		t.Errorf("after Close: %v", err)
	}
	srv, err := httpserver.NewServer("8000", new(answers))
	if srv != nil || err == nil || !strings.Contains(err.Error(), `(write ":8000" for a port`) {
		t.Errorf("%v, %v", srv, err)
	}
}

// TestIPv4Only: an address of IPv4 is no address of IPv6.
func TestIPv4Only(t *testing.T) {
	s, err := httpserver.NewServer("0.0.0.0:0", new(answers))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if addr := s.ServerAddress().String(); !strings.HasPrefix(addr, "0.0.0.0:") {
		t.Errorf("bound to %s", addr)
	}
}

func TestUnixSocket(t *testing.T) {
	checkLeaks(t)
	l := listenUnix(t)
	s := &httpserver.ThreadingServer{}
	s.Handler = new(answers)
	inBackground(t, s, func() error { return s.Serve(l) })
	conn := dial(t, l.Addr())
	io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
	if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "path /a") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestServerIsOneAtATime: the second connection waits for the first.
func TestServerIsOneAtATime(t *testing.T) {
	checkLeaks(t)
	h := &streamer{step: make(chan string)}
	s, err := httpserver.NewServer("127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	inBackground(t, s, s.ServeForever)
	first, second := dial(t, s.ServerAddress()), dial(t, s.ServerAddress())
	io.WriteString(first, "GET / HTTP/1.0\r\n\r\n")
	io.WriteString(second, "GET / HTTP/1.0\r\n\r\n")
	expect(t, first, "HTTP/1.0 200 OK\r\n\r\n")
	second.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := second.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the second was served beside the first: %d, %v", n, err)
	}
	second.SetReadDeadline(time.Now().Add(patience))
	h.step <- "first"
	close(h.step)
	expect(t, first, "first")
	expectEOF(t, first)
	expect(t, second, "HTTP/1.0 200 OK\r\n\r\n")
	expectEOF(t, second)
}

func TestHandleRequest(t *testing.T) {
	checkLeaks(t)
	s, err := httpserver.NewServer("127.0.0.1:0", new(answers))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Timeout = time.Millisecond
	if err := s.HandleRequest(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("with nobody there: %v", err)
	}
	s.Timeout = patience
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
	if err := s.HandleRequest(); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(conn); !strings.HasSuffix(string(got), "path /a") {
		t.Errorf("%q", got)
	}
	// The deadline that HandleRequest set does not bother ServeForever.
	done := make(chan error, 1)
	go func() { done <- s.ServeForever() }()
	conn = dial(t, s.ServerAddress())
	io.WriteString(conn, "GET /b HTTP/1.0\r\n\r\n")
	if got, _ := io.ReadAll(conn); !strings.HasSuffix(string(got), "path /b") {
		t.Errorf("%q", got)
	}
	s.Close()
	<-done
	if err := s.HandleRequest(); err != httpserver.ErrServerClosed {
		t.Errorf("after Close: %v", err)
	}
}

func TestEndBeforeServing(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(*httpserver.ThreadingServer) error
	}{
		{"Shutdown", func(s *httpserver.ThreadingServer) error { return s.Shutdown(context.Background()) }},
		{"Close", func(s *httpserver.ThreadingServer) error { return s.Close() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			checkLeaks(t)
			s, err := httpserver.NewThreadingServer("127.0.0.1:0", new(answers))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := tc.end(s); err != nil {
					t.Error(err)
				}
			}
			for range 2 {
				if err := s.ServeForever(); err != httpserver.ErrServerClosed {
					t.Errorf("ServeForever: %v", err)
				}
			}
			l := listen(t)
			if err := s.Serve(l); err != httpserver.ErrServerClosed {
				t.Errorf("Serve: %v", err)
			}
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Serve left its listener open: %v", err)
			}
		})
	}
}

// TestShutdownWakesIdle: connections between requests end at once, new ones
// too.
func TestShutdownWakesIdle(t *testing.T) {
	h := new(answers)
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	fresh, used := dial(t, s.ServerAddress()), dial(t, s.ServerAddress())
	io.WriteString(used, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := used.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	shutDown(t, s) // which would wait for IdleTimeout otherwise
	expectEOF(t, used)
	fresh.Read(make([]byte, 1)) // ended, or reset where it was never accepted
	if _, err := net.Dial("tcp", s.ServerAddress().String()); err == nil {
		t.Error("it still listens")
	}
}

// TestShutdownInFlight: 100 slow answers are completed, and told of the end.
func TestShutdownInFlight(t *testing.T) {
	h := &streamer{step: make(chan string)}
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	var conns []net.Conn
	for range 100 {
		conn := dial(t, s.ServerAddress())
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		expect(t, conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		conns = append(conns, conn)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	for range conns {
		h.step <- "x"
	}
	select {
	case err := <-ended:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	close(h.step)
	total := 0
	for _, conn := range conns {
		rest, err := io.ReadAll(conn)
		if err != nil {
			t.Error(err)
		}
		total += len(rest)
	}
	if err := <-ended; err != nil || total != 100 {
		t.Errorf("Shutdown: %v, %d of 100 bytes came", err, total)
	}
}

// TestShutdownCuts: when its time is up it closes what is left.
func TestShutdownCuts(t *testing.T) {
	h := &streamer{step: make(chan string)}
	s := serveDuring(t, h)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	expect(t, conn, "HTTP/1.0 200 OK\r\n\r\n")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	expectEOF(t, conn)
	close(h.step)
}

// TestCloseDuringHandler: Close ends a handler that waits for its client.
func TestCloseDuringHandler(t *testing.T) {
	h := new(streamer)
	h.log = new(journal)
	s := serveDuring(t, h)
	conn := dial(t, s.ServerAddress())
	io.WriteString(conn, "POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n")
	expect(t, conn, "HTTP/1.0 200 OK\r\n\r\n") // the handler reads the body
	s.Close()
	expectEOF(t, conn)
	for deadline := time.Now().Add(patience); s.Shutdown(context.Background()) != nil && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := h.log.String(); got != "" {
		t.Errorf("log: %q", got) // it was not the client that left
	}
}

// TestManyConnections: 1,000 connections leave nothing behind.
func TestManyConnections(t *testing.T) {
	s := serveDuring(t, new(answers))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				conn, err := net.Dial("tcp", s.ServerAddress().String())
				if err != nil {
					t.Error(err)
					return
				}
				conn.SetDeadline(time.Now().Add(patience))
				io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
				if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "path /a") {
					t.Errorf("%q, %v", got, err)
				}
				conn.Close()
			}
		})
	}
	wg.Wait()
}

func TestServerHooks(t *testing.T) {
	var refuse atomic.Bool
	actions := make(chan struct{}, 1000)
	s := serveDuring(t, new(answers), func(s *httpserver.ThreadingServer) {
		s.VerifyRequest = func(conn net.Conn) bool { return !refuse.Load() }
		s.ServiceActions = func() {
			select {
			case actions <- struct{}{}:
			default:
			}
		}
	})
	for range 3 { // with nobody there
		select {
		case <-actions:
		case <-time.After(patience):
			t.Fatal("ServiceActions was not called")
		}
	}
	if got := send(t, s, "GET /a HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "path /a") {
		t.Errorf("%q", got)
	}
	refuse.Store(true)
	conn := dial(t, s.ServerAddress())
	if got, _ := io.ReadAll(conn); len(got) > 0 {
		t.Errorf("a refused connection got %q", got)
	}
	refuse.Store(false)
	if got := send(t, s, "GET /a HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "path /a") {
		t.Errorf("afterwards: %q", got)
	}
}

// numbered is made by NewHandler.
type numbered struct {
	quiet
	number int64
}

func (h *numbered) DoGET() { h.SendResponseOnly(int(h.number), ""); h.EndHeaders() }

func TestNewHandler(t *testing.T) {
	checkLeaks(t)
	var made atomic.Int64
	l := listen(t)
	s := &httpserver.ThreadingServer{}
	s.NewHandler = func() httpserver.RequestHandler { return &numbered{number: 600 + made.Add(1)} }
	inBackground(t, s, func() error { return s.Serve(l) })
	for _, want := range []string{"601", "602"} {
		conn := dial(t, l.Addr())
		io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
		expect(t, conn, "HTTP/1.0 "+want+" \r\n\r\n")
		expectEOF(t, conn)
	}
}

// failing is a listener that runs out of descriptors.
type failing struct {
	net.Listener
	times atomic.Int64
	err   error
}

func (l *failing) Accept() (net.Conn, error) {
	if l.times.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: l.err}
	}
	return l.Listener.Accept()
}

func TestAcceptFails(t *testing.T) {
	checkLeaks(t)
	l := listen(t)
	var log bytes.Buffer
	failing := &failing{Listener: l, err: os.NewSyscallError("accept4", errTooManyFiles)}
	failing.times.Store(4)
	s := &httpserver.ThreadingServer{}
	s.Handler = new(answers)
	s.Logger = slog.New(slog.NewTextHandler(&log, nil))
	done := make(chan error, 1)
	go func() { done <- s.Serve(failing) }()
	conn := dial(t, l.Addr())
	io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
	if got, _ := io.ReadAll(conn); !strings.HasSuffix(string(got), "path /a") {
		t.Errorf("%q", got)
	}
	s.Close()
	<-done
	if strings.Count(log.String(), "too many open files") != 1 {
		t.Errorf("log: %q", &log)
	}

	l = listen(t)
	broken := errors.New("broken for good")
	failing2 := &failing2{l, broken}
	s = &httpserver.ThreadingServer{}
	s.Handler = new(answers)
	if err := s.Serve(failing2); !errors.Is(err, broken) {
		t.Errorf("Serve: %v", err)
	}
}

type failing2 struct {
	net.Listener
	err error
}

func (l *failing2) Accept() (net.Conn, error) { return nil, l.err }

// patient counts how often it is asked for a connection.
type patient struct {
	*net.TCPListener
	asked atomic.Int64
}

func (l *patient) Accept() (net.Conn, error) {
	l.asked.Add(1)
	return l.TCPListener.Accept()
}

// TestAcceptDoesNotSpin: a deadline that somebody has set on the listener
// passes once.
func TestAcceptDoesNotSpin(t *testing.T) {
	checkLeaks(t)
	l := listen(t)
	counted := &patient{TCPListener: l.(*net.TCPListener)}
	s := &httpserver.ThreadingServer{}
	s.Handler = new(answers)
	done := make(chan error, 1)
	go func() { done <- s.Serve(counted) }()
	for range 3 {
		counted.SetDeadline(time.Now())
		conn := dial(t, l.Addr())
		io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
		if got, _ := io.ReadAll(conn); !strings.HasSuffix(string(got), "path /a") {
			t.Errorf("%q", got)
		}
	}
	s.Close()
	<-done
	if n := counted.asked.Load(); n > 20 {
		t.Errorf("it asked %d times", n)
	}
}

// leaving ends its goroutine in the middle of a request.
type leaving struct{ answers }

func (h *leaving) DoPUT() { runtime.Goexit() }

// TestGoexit: a handler that ends its goroutine ends nothing else.
func TestGoexit(t *testing.T) {
	checkLeaks(t)
	s, err := httpserver.NewServer("127.0.0.1:0", new(leaving))
	if err != nil {
		t.Fatal(err)
	}
	inBackground(t, s, s.ServeForever)
	for request, want := range map[string]string{"PUT / HTTP/1.0\r\n\r\n": "", "GET /a HTTP/1.0\r\n\r\n": "path /a"} {
		conn := dial(t, s.ServerAddress())
		io.WriteString(conn, request)
		if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), want) {
			t.Errorf("%q: %q, %v", request, got, err)
		}
	}
}

// TestLogger: a structured log gets the parts.
func TestLogger(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	s := serveDuring(t, new(plain), func(s *httpserver.ThreadingServer) { s.Logger = logger })
	send(t, s, "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n")
	send(t, s, "NOSUCH /c HTTP/1.0\r\n\r\n")
	send(t, s, "PANIC /d HTTP/1.0\r\n\r\n")
	shutDown(t, s)
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{
		"level=INFO msg=request remote=127.0.0.1 method=GET target=/a?b version=HTTP/1.1 status=200\n",
		"level=WARN msg=\"code 501, message Unsupported method ('NOSUCH')\" remote=127.0.0.1 method=NOSUCH target=/c version=HTTP/1.0\n",
		"level=ERROR msg=\"exception occurred during processing of request\" remote=127.0.0.1:",
		"panic=\"on purpose\" stack=",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in\n%s", want, &log)
		}
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// plain logs as the library does.
type plain struct{ httpserver.BaseHandler }

func (h *plain) DoGET()   { h.SendResponse(200, ""); h.EndHeaders() }
func (h *plain) DoPANIC() { panic("on purpose") }

// counting counts the calls that reach the connections of a listener.
type counting struct {
	net.Listener
	writes, files atomic.Int64
}

func (l *counting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{conn.(*net.TCPConn), l}, nil
}

type countingConn struct {
	*net.TCPConn
	l *counting
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.l.writes.Add(1)
	return c.TCPConn.Write(p)
}

// ReadFrom counts what net leaves to sendfile: a file, or some of one.
func (c *countingConn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		r, _ := limited.R.(*os.File)
		if r != nil {
			c.l.files.Add(1)
		}
	}
	return c.TCPConn.ReadFrom(r)
}

// TestSystemCalls counts writes: a small answer takes one, pipelined ones share
// one, and a large file goes by the system's own copy.
func TestSystemCalls(t *testing.T) {
	dir := t.TempDir()
	small, large := make([]byte, 1024), make([]byte, 1<<20)
	rand.Read(small)
	rand.Read(large)
	os.WriteFile(filepath.Join(dir, "small"), small, 0o644)
	os.WriteFile(filepath.Join(dir, "large"), large, 0o644)
	for _, tc := range []struct {
		name, requests string
		writes, files  int64
		ends           []byte
	}{
		{"a small answer", "NOSUCH / HTTP/1.0\r\n\r\n", 1, 0, []byte("</html>\n")},
		{"a small file", "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 1, 0, small},
		{"a listing", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1, 0, []byte("</html>\n")},
		{"a head alone", "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n", 1, 0, []byte("\r\n\r\n")},
		{"16 pipelined", strings.Repeat("HEAD /small HTTP/1.1\r\nHost: x\r\n\r\n", 15) + "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 2, 0, small},
		{"100 pipelined", strings.Repeat("HEAD /small HTTP/1.1\r\nHost: x\r\n\r\n", 99) + "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 10, 0, small}, // one, but what is held for 8 ms leaves
		{"a large file", "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", 1, 1, large},
	} {
		t.Run(tc.name, func(t *testing.T) {
			checkLeaks(t)
			l := listen(t)
			counted := &counting{Listener: l}
			s := &httpserver.ThreadingServer{}
			h := new(quietFiles)
			h.Directory = dir
			h.ProtocolVersion = "HTTP/1.1"
			s.Handler = h
			inBackground(t, s, func() error { return s.Serve(counted) })
			conn := dial(t, l.Addr())
			io.WriteString(conn, tc.requests)
			conn.(*net.TCPConn).CloseWrite()
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.HasSuffix(got, tc.ends) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if w, f := counted.writes.Load(), counted.files.Load(); w < 1 || w > tc.writes && runtime.GOOS != "windows" || f != tc.files { // where files take longer than what is held waits
				t.Errorf("%d writes, %d files; want %d, %d", w, f, tc.writes, tc.files)
			}
		})
	}
}

type quietFiles struct{ httpserver.SimpleHandler }

func (h *quietFiles) LogMessage(string, ...any) {}

// TestOwnerClosesListener: who has made a listener may close it, and serving ends
// with an error. Nothing listens on by then.
func TestOwnerClosesListener(t *testing.T) {
	checkLeaks(t)
	s := &httpserver.ThreadingServer{Server: httpserver.Server{Handler: new(answers)}}
	defer s.Close()
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	ask(t, dial(t, l.Addr()))
	l.Close()
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Error(err)
	} else {
		again.Close()
	}
	select {
	case err := <-done:
		if !errors.Is(err, net.ErrClosed) || errors.Is(err, httpserver.ErrServerClosed) {
			t.Errorf("serving ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("it serves on")
	}
}

// speaksFirst has something to say before its client does, and then no more.
type speaksFirst struct{ httpserver.BaseHandler }

func (h *speaksFirst) HandleOneRequest() {
	io.WriteString(h.WFile, "hello\n")
	h.WFile.Flush()
}

// TestHandleOneRequestOverridden: an override of HandleOneRequest is called at once, and
// once, unless it says that the connection goes on.
func TestHandleOneRequestOverridden(t *testing.T) {
	server, err := httpserver.NewServer("127.0.0.1:0", &speaksFirst{})
	if err != nil {
		t.Fatal(err)
	}
	inBackground(t, server, server.ServeForever)
	for name, addr := range map[string]net.Addr{
		"Server":          server.ServerAddress(),
		"ThreadingServer": serveDuring(t, &speaksFirst{}).ServerAddress(),
	} {
		for _, says := range []string{"", "x"} {
			for range 2 { // it is found out at the first connection
				conn := dial(t, addr)
				io.WriteString(conn, says)
				conn.SetReadDeadline(time.Now().Add(patience))
				got := make([]byte, 64)
				n, err := io.ReadFull(conn, got)
				if string(got[:n]) != "hello\n" || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s, a client that says %q: got %q, %v", name, says, got[:n], err)
				}
				conn.Close()
			}
		}
	}
}
