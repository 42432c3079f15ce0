package httpserver_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/httpserver"
)

// asking does in DoGET and DoPOST what a test wants.
type asking struct {
	answers
	do func(h *asking)
}

func (h *asking) DoGET()  { h.do(h) }
func (h *asking) DoPOST() { h.do(h) }

// TestContextEnds has what ends the context of a request whose handler waits for
// nothing else, when, and why.
func TestContextEnds(t *testing.T) {
	const s = time.Second
	outer := errors.New("from BaseContext")
	for _, tc := range []struct {
		name   string
		do     func(h *asking)                                        // before Context
		during func(h *asking)                                        // after it
		other  func(s *httpserver.Server, client net.Conn)            // meanwhile
		base   func(t *testing.T) func(conn net.Conn) context.Context // BaseContext
		after  time.Duration
		cause  error
		log    string
	}{
		{name: "a deadline for reads", during: func(h *asking) { h.SetReadDeadline(time.Now().Add(10 * s)) }, after: 10 * s, cause: os.ErrDeadlineExceeded},
		{name: "a deadline for writes", during: func(h *asking) { h.SetWriteDeadline(time.Now().Add(10 * s)) }, after: 10 * s, cause: os.ErrDeadlineExceeded},
		{name: "a deadline on Connection", during: func(h *asking) { h.Connection.SetDeadline(time.Now().Add(10 * s)) }, after: 10 * s, cause: os.ErrDeadlineExceeded},
		{name: "a deadline set before", do: func(h *asking) { h.SetReadDeadline(time.Now().Add(10 * s)) }, after: 10 * s, cause: os.ErrDeadlineExceeded},
		{name: "a deadline that has passed", do: func(h *asking) { h.SetReadDeadline(time.Now()) }, cause: os.ErrDeadlineExceeded},
		{name: "a limit for reads", during: func(h *asking) { h.RFile.Read(make([]byte, 1)) }, after: 30 * s, cause: os.ErrDeadlineExceeded, log: "code 408, message Request Timeout"},
		{name: "a limit for reads, before", do: func(h *asking) { h.RFile.Read(make([]byte, 1)) }, after: 30 * s, cause: os.ErrDeadlineExceeded, log: "code 408, message Request Timeout"},
		{name: "a limit for writes", during: func(h *asking) { h.content("x") }, after: 33750 * time.Millisecond, cause: os.ErrDeadlineExceeded, log: "Request timed out"},
		{name: "a failed write", during: func(h *asking) { time.Sleep(10 * s); h.content("x") }, after: 10 * s, cause: io.ErrClosedPipe, log: "POST: client went away: io: read/write on closed pipe",
			other: func(_ *httpserver.Server, client net.Conn) { client.Close() }},
		{name: "a failed write, before", do: func(h *asking) { time.Sleep(10 * s); h.content("x") }, after: 10 * s, cause: io.ErrClosedPipe, log: "client went away",
			other: func(_ *httpserver.Server, client net.Conn) { client.Close() }},
		{name: "closing the connection", during: func(h *asking) { h.Connection.Close() }, cause: net.ErrClosed},
		{name: "Close", after: 10 * s, cause: httpserver.ErrServerClosed,
			other: func(s *httpserver.Server, _ net.Conn) { time.Sleep(10 * time.Second); s.Close() }},
		{name: "Close, before", do: func(*asking) { time.Sleep(20 * s) }, after: 20 * s, cause: httpserver.ErrServerClosed,
			other: func(s *httpserver.Server, _ net.Conn) { time.Sleep(10 * time.Second); s.Close() }},
		{name: "Shutdown, when its time is up", after: 10 * s, cause: httpserver.ErrServerClosed,
			other: func(s *httpserver.Server, _ net.Conn) {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				s.Shutdown(ctx)
			}},
		{name: "the context above", after: 10 * s, cause: outer, log: "no answer was sent",
			base: func(t *testing.T) func(net.Conn) context.Context {
				ctx, cancel := context.WithCancelCause(context.Background())
				time.AfterFunc(10*s, func() { cancel(outer) })
				return func(net.Conn) context.Context { return ctx }
			}},
		{name: "a client that ends its output does not", after: 3600 * s, cause: context.Canceled,
			other: func(_ *httpserver.Server, client net.Conn) { client.Close() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				var began time.Time
				var ctx context.Context
				h := &asking{}
				h.log = new(journal)
				h.do = func(h *asking) {
					began = time.Now()
					if tc.cause == context.Canceled {
						ctx = h.Context()
						select {
						case <-ctx.Done():
							t.Errorf("it ended: %v", context.Cause(ctx))
						case <-time.After(tc.after):
						}
						return
					}
					if tc.do != nil {
						tc.do(h)
					}
					ctx = h.Context()
					if again := h.Context(); again != ctx {
						t.Error("the second call gives another context")
					}
					if tc.during != nil {
						tc.during(h)
					}
					<-ctx.Done()
					if waited := time.Since(began); waited != tc.after {
						t.Errorf("after %v, want %v", waited, tc.after)
					}
				}
				srv := &httpserver.Server{Handler: h}
				if tc.base != nil {
					srv.BaseContext = tc.base(t)
				}
				served := make(chan struct{})
				go func() { srv.ServeConn(server); close(served) }()
				io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
				if tc.other != nil {
					tc.other(srv, client)
				}
				<-served
				if cause := context.Cause(ctx); !errors.Is(cause, tc.cause) {
					t.Errorf("because of %v, want %v", cause, tc.cause)
				}
				switch got := h.log.String(); {
				case tc.log != "" && !strings.Contains(got, tc.log):
					t.Errorf("log %q, want %q", got, tc.log)
				case tc.cause == httpserver.ErrServerClosed && got != "":
					t.Errorf("log %q: it was not the client that left", got)
				}
				srv.Close()
			})
		})
	}
}

// listeners has each kind of listener there is, and how to reach it.
var listeners = []struct {
	name   string
	listen func(t *testing.T) (net.Listener, func() net.Conn)
}{
	{"TCP", func(t *testing.T) (net.Listener, func() net.Conn) {
		l := listen(t)
		return l, func() net.Conn { return dial(t, l.Addr()) }
	}},
	{"Unix", func(t *testing.T) (net.Listener, func() net.Conn) {
		l := listenUnix(t)
		return l, func() net.Conn { return dial(t, l.Addr()) }
	}},
	{"TLS", func(t *testing.T) (net.Listener, func() net.Conn) {
		l := listen(t)
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}), func() net.Conn {
			return tls.Client(dial(t, l.Addr()), &tls.Config{InsecureSkipVerify: true})
		}
	}},
}

// certificate makes one that signs itself.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// onEach runs a test over each kind of connection, with a handler that does what
// the test wants.
func onEach(t *testing.T, do func(h *asking), test func(t *testing.T, conn net.Conn, log *journal)) {
	for _, kind := range listeners {
		t.Run(kind.name, func(t *testing.T) {
			checkLeaks(t)
			l, connect := kind.listen(t)
			h := &asking{do: do}
			h.ProtocolVersion = "HTTP/1.1"
			h.log = new(journal)
			s := &httpserver.ThreadingServer{}
			s.Handler = h
			inBackground(t, s, func() error { return s.Serve(l) })
			conn := connect()
			test(t, conn, h.log)
			conn.Close()
		})
	}
}

// TestContextReset: a client that resets its connection ends the context of a
// handler that neither reads nor writes, and that is one line of the log.
func TestContextReset(t *testing.T) {
	ended := make(chan error, 1)
	silent := func(h *asking) {
		h.SendResponseOnly(100, "")
		h.EndHeaders()
		h.WFile.Flush()
		ctx := h.Context()
		<-ctx.Done()
		ended <- context.Cause(ctx)
	}
	onEach(t, silent, func(t *testing.T, conn net.Conn, log *journal) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // the rest stays unread, which resets a Unix socket
			t.Fatal(err)
		}
		if outer, ok := conn.(*tls.Conn); ok {
			conn = outer.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
		select {
		case err := <-ended:
			if runtime.GOOS == "linux" && !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(err.Error(), "client went away: ") {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("not noticed")
		}
		for deadline := time.Now().Add(patience); len(log.all()) == 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if lines := log.all(); len(lines) != 1 || !strings.HasPrefix(lines[0], "GET: client went away: ") {
			t.Errorf("log %q", lines)
		}
	})
}

// TestContextHalfClose: a client that ends its output gets its answer.
func TestContextHalfClose(t *testing.T) {
	late := func(h *asking) {
		ctx := h.Context()
		time.Sleep(20 * time.Millisecond)
		h.content(fmt.Sprint(context.Cause(ctx)))
	}
	onEach(t, late, func(t *testing.T, conn net.Conn, _ *journal) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		conn.(interface{ CloseWrite() error }).CloseWrite()
		if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "\r\n\r\n<nil>") {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestContextGivesBack: what the watch reads ahead is there for the rest of the
// body and for the requests after it.
func TestContextGivesBack(t *testing.T) {
	body := make([]byte, 300_000)
	rand.Read(body)
	read := func(h *asking) {
		got := make([]byte, 1000)
		io.ReadFull(h.RFile, got[:min(h.ContentLength(), 1000)])
		ctx := h.Context()
		time.Sleep(10 * time.Millisecond)
		rest, err := io.ReadAll(h.RFile)
		same := h.ContentLength() == 0 || bytes.Equal(append(got, rest...), body)
		if h.Path == "/last" {
			h.CloseConnection = true
		}
		h.content(fmt.Sprintln(h.Path, same, err, ctx.Err()))
	}
	onEach(t, read, func(t *testing.T, conn net.Conn, log *journal) {
		go func() {
			for _, path := range []string{"/a", "/b", "/c", "/d", "/e"} {
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, len(body))
				conn.Write(body)
				fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
			}
			io.WriteString(conn, "GET /last HTTP/1.1\r\nHost: x\r\n\r\n")
		}()
		got, err := io.ReadAll(conn)
		if n := bytes.Count(got, []byte(" true <nil> <nil>\n")); n != 11 || err != nil {
			t.Errorf("%d answers of 11, %v: %s", n, err, got)
		}
		if got := log.String(); strings.Contains(got, "went away") {
			t.Errorf("log %q", got)
		}
	})
}

// TestContextUnread: a body that is not read is read away, or ends the
// connection, as without a watch.
func TestContextUnread(t *testing.T) {
	unread := func(h *asking) {
		h.Context()
		time.Sleep(10 * time.Millisecond)
		h.content("path " + h.Path)
	}
	onEach(t, unread, func(t *testing.T, conn net.Conn, _ *journal) {
		go func() {
			fmt.Fprintf(conn, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n%s", strings.Repeat("x", 100_000))
			fmt.Fprintf(conn, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n%s", strings.Repeat("x", 300_000))
			io.WriteString(conn, "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
		}()
		got, err := io.ReadAll(conn)
		if a, b := bytes.Index(got, []byte("path /a")), bytes.Index(got, []byte("path /b")); a < 0 || b < a || bytes.Contains(got, []byte("smuggled")) || err != nil {
			t.Errorf("%v: %s", err, got)
		}
	})
}

// TestContextTaken: a method that takes the connection for itself, and leaves it
// to a goroutine that outlives it.
func TestContextTaken(t *testing.T) {
	left := make(chan error, 1)
	ended := make(chan error, 1)
	take := func(h *asking) {
		ctx := h.Context()
		conn := h.Connection
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		p := make([]byte, 5)
		io.ReadFull(conn, p)
		conn.Write(p)
		go func() {
			_, err := io.Copy(io.Discard, conn)
			left <- err
		}()
		context.AfterFunc(ctx, func() { ended <- context.Cause(ctx) })
		time.Sleep(10 * time.Millisecond)
	}
	onEach(t, take, func(t *testing.T, conn net.Conn, _ *journal) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\nhello")
		if got, _ := io.ReadAll(conn); string(got) != "HTTP/1.1 200 OK\r\n\r\nhello" {
			t.Errorf("%q", got)
		}
		if err := <-ended; err != context.Canceled {
			t.Error(err)
		}
		if err := <-left; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// TestContextPanics: a panic ends the watch too.
func TestContextPanics(t *testing.T) {
	fall := func(h *asking) {
		h.Server.HandleError = func(net.Conn, any) {}
		h.Context()
		panic("on purpose")
	}
	onEach(t, fall, func(t *testing.T, conn net.Conn, _ *journal) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(got, []byte("HTTP/1.1 500 ")) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestContextIsLazy: only who asks for a context has a goroutine watch.
func TestContextIsLazy(t *testing.T) {
	count := func(h *asking) {
		before := watching()
		if h.Path == "/ask" {
			h.Context()
		}
		h.content(fmt.Sprintln(h.Path, max(0, watching()-before))) // the last one may be about to end
	}
	onEach(t, count, func(t *testing.T, conn net.Conn, _ *journal) {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /ask HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		got, _ := io.ReadAll(conn)
		for _, want := range []string{"/ 0\n", "/ask 1\n", "/c 0\n"} {
			if !bytes.Contains(got, []byte(want)) {
				t.Errorf("%q is not in %q", want, got)
			}
		}
	})
}

// watching counts the goroutines that watch a connection, for there are others
// that come and go.
func watching() int {
	b := make([]byte, 1<<20)
	return bytes.Count(b[:runtime.Stack(b, true)], []byte("created by example.com/httpserver/internal/wire.(*watch)"))
}

// tardy takes its time to set up.
type tardy struct {
	quiet
	ended chan error
}

func (h *tardy) Setup() {
	time.Sleep(time.Minute)
	h.BaseHandler.Setup()
	ctx := h.Context()
	<-ctx.Done()
	h.ended <- context.Cause(ctx)
}

// TestContextOfTheLate: a server that has closed before a connection was set up
// has closed for it too.
func TestContextOfTheLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		h := &tardy{ended: make(chan error, 1)}
		srv := &httpserver.Server{Handler: h}
		go srv.ServeConn(server)
		synctest.Wait()
		srv.Close()
		if err := <-h.ended; err != httpserver.ErrServerClosed {
			t.Error(err)
		}
	})
}

// deadlineless is a connection whose deadlines do nothing.
type deadlineless struct{ net.Conn }

func (deadlineless) SetReadDeadline(time.Time) error { return nil }

// TestContextCannotEnd: where the watch cannot be ended, the connection is.
func TestContextCannotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		h := &asking{do: func(h *asking) {
			h.Context()
			time.Sleep(time.Second) // it reads now
			h.content("text")
		}}
		h.ProtocolVersion = "HTTP/1.1"
		h.log = new(journal)
		go httpserver.ServeConn(deadlineless{server}, h)
		io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		began := time.Now()
		got, err := io.ReadAll(client)
		if waited := time.Since(began); err != nil || !strings.HasSuffix(string(got), "\r\n\r\ntext") || waited != 2*time.Second {
			t.Errorf("%q, %v after %v", got, err, waited)
		}
		synctest.Wait()
		if got := h.log.String(); got != `"GET / HTTP/1.1" 200 -` {
			t.Errorf("log %q", got)
		}
	})
}

type baseKey struct{}

// TestBaseContext: it is asked for a connection once, and only where a method
// asks.
func TestBaseContext(t *testing.T) {
	var asked atomic.Int32
	h := &asking{do: func(h *asking) {
		if h.Path != "/a" {
			h.content(fmt.Sprintln(h.Path, asked.Load(), h.Context().Value(baseKey{}), asked.Load()))
			return
		}
		h.content(fmt.Sprintln(h.Path, asked.Load()))
	}}
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
		s.BaseContext = func(conn net.Conn) context.Context {
			asked.Add(1)
			return context.WithValue(context.Background(), baseKey{}, conn.LocalAddr().Network())
		}
	})
	got := send(t, s, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n")
	for _, want := range []string{"/a 0\n", "/b 0 tcp 1\n", "/c 1 tcp 1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	t.Run("none", func(t *testing.T) {
		problems := make(chan any, 1)
		s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
			s.BaseContext = func(net.Conn) context.Context { return nil }
			s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
		})
		if got := send(t, s, "GET /b HTTP/1.0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 500 ") {
			t.Errorf("%q", got)
		}
		if problem := fmt.Sprint(<-problems); !strings.Contains(problem, "BaseContext") {
			t.Error(problem)
		}
	})
}

// TestRequestDeadlines: what a method sets takes the place of the server's
// limits for its request, and leaves the connection for the next.
func TestRequestDeadlines(t *testing.T) {
	for _, watched := range []bool{false, true} {
		t.Run(fmt.Sprintf("watched: %v", watched), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				h := new(asking)
				h.ProtocolVersion = "HTTP/1.1"
				h.do = func(h *asking) {
					if watched {
						h.Context()
					}
					if h.Path == "/own" {
						h.SetReadDeadline(time.Time{})
						h.SetWriteDeadline(time.Time{})
					}
					b, err := io.ReadAll(h.RFile)
					h.content(fmt.Sprintf("%s %v", b, err))
				}
				go httpserver.ServeConn(server, h)
				io.WriteString(client, "POST /own HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
				time.Sleep(time.Hour)
				io.WriteString(client, "hello")
				time.Sleep(time.Hour)
				expect(t, &briefly{client}, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello <nil>")
				io.WriteString(client, "POST /limits HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
				began := time.Now()
				got, _ := io.ReadAll(client)
				if waited := time.Since(began); waited != 30*time.Second || !strings.HasPrefix(string(got), "HTTP/1.1 408 Request Timeout\r\n") {
					t.Errorf("%q after %v", got, waited)
				}
			})
		})
	}
}

// TestContextIsARequests: what ended the context of a request, if the connection
// goes on, has nothing to do with the next.
func TestContextIsARequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		var first context.Context
		h := new(asking)
		h.ProtocolVersion = "HTTP/1.1"
		h.do = func(h *asking) {
			ctx := h.Context()
			if first == nil {
				first = ctx
				h.SetReadDeadline(time.Now().Add(time.Second))
				<-ctx.Done()
			} else if ctx == first {
				t.Error("it is the same")
			}
			time.Sleep(time.Hour)
			h.content(fmt.Sprint(context.Cause(ctx)))
		}
		go httpserver.ServeConn(server, h)
		for _, want := range []string{"Content-Length: 11\r\n\r\ni/o timeout", "Content-Length: 5\r\n\r\n<nil>"} {
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			expect(t, &briefly{client}, "HTTP/1.1 200 OK\r\n"+want)
		}
	})
}

// briefly reads answers in one piece each, without what brief takes out.
type briefly struct{ net.Conn }

func (c *briefly) Read(p []byte) (int, error) {
	b := make([]byte, 4096)
	n, err := c.Conn.Read(b)
	return copy(p, brief(string(b[:n]))), err
}

// TestMinProgress: the server's settings reach the writes.
func TestMinProgress(t *testing.T) {
	for _, tc := range []struct {
		name     string
		progress time.Duration
		least    int
		timeout  time.Duration // the handler's
		ends     time.Duration
	}{
		{"the default", 0, 0, 0, 33750 * time.Millisecond},
		{"less is enough", 0, 100, 0, 0},
		{"any will do", 0, -1, 0, 0},
		{"more", 0, 1 << 20, 0, 33750 * time.Millisecond},
		{"in other time", 80 * time.Second, 0, 0, 90 * time.Second},
		{"no bound", -1, 0, 0, 0},
		{"the handler's Timeout", 0, 0, 8 * time.Second, 9 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				var gone time.Duration
				h := new(asking)
				h.Timeout = tc.timeout
				h.do = func(h *asking) {
					began := time.Now()
					h.content(strings.Repeat("x", 10_000))
					gone = time.Since(began)
				}
				srv := &httpserver.Server{Handler: h, ProgressTimeout: tc.progress, MinProgress: tc.least}
				served := make(chan struct{})
				go func() { srv.ServeConn(server); close(served) }()
				io.WriteString(client, "GET / HTTP/1.0\r\n\r\n")
				var total int
				for b := make([]byte, 10); ; time.Sleep(time.Second) {
					n, err := io.ReadFull(client, b)
					if total += n; err != nil {
						break
					}
				}
				<-served
				if tc.ends == 0 && total < 10_000 || tc.ends > 0 && gone != tc.ends {
					t.Errorf("%d bytes in %v", total, gone)
				}
				srv.Close()
			})
		})
	}
}
