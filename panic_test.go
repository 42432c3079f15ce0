package httpserver_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/httpserver"
)

// shaky panics in the hook that is named by armed, but not for the client that
// is spared.
type shaky struct {
	httpserver.SimpleHandler
	armed  *atomic.Value
	spared *atomic.Value
}

func (h *shaky) at(hook string) {
	if h.armed.Load() == hook && h.spared.Load() != h.ClientAddress.String() {
		panic("in " + hook)
	}
}

func (h *shaky) Setup()             { h.at("Setup"); h.SimpleHandler.Setup() }
func (h *shaky) Handle()            { h.at("Handle"); h.SimpleHandler.Handle() }
func (h *shaky) Finish()            { h.at("Finish"); h.SimpleHandler.Finish() }
func (h *shaky) HandleOneRequest()  { h.at("HandleOneRequest"); h.SimpleHandler.HandleOneRequest() }
func (h *shaky) ParseRequest() bool { h.at("ParseRequest"); return h.SimpleHandler.ParseRequest() }
func (h *shaky) ParseHeaders(section string) (httpserver.Headers, error) {
	h.at("ParseHeaders")
	return h.SimpleHandler.ParseHeaders(section)
}
func (h *shaky) HandleExpect100() bool {
	h.at("HandleExpect100")
	return h.SimpleHandler.HandleExpect100()
}
func (h *shaky) MethodTable() map[string]func() { h.at("MethodTable"); return nil }
func (h *shaky) SendError(code int, message, explain string) {
	h.at("SendError")
	h.SimpleHandler.SendError(code, message, explain)
}
func (h *shaky) SendResponse(code int, message string) {
	h.at("SendResponse")
	h.SimpleHandler.SendResponse(code, message)
}
func (h *shaky) SendResponseOnly(code int, message string) {
	h.at("SendResponseOnly")
	h.SimpleHandler.SendResponseOnly(code, message)
}
func (h *shaky) SendHeader(name, value string) {
	h.at("SendHeader")
	h.SimpleHandler.SendHeader(name, value)
}
func (h *shaky) EndHeaders()   { h.at("EndHeaders"); h.SimpleHandler.EndHeaders() }
func (h *shaky) FlushHeaders() { h.at("FlushHeaders"); h.SimpleHandler.FlushHeaders() }
func (h *shaky) LogRequest(code int, size int64) {
	h.at("LogRequest")
	h.SimpleHandler.LogRequest(code, size)
}
func (h *shaky) LogError(format string, args ...any) {
	h.at("LogError")
	h.SimpleHandler.LogError(format, args...)
}

// LogMessage calls the hooks of a line, and forgets it.
func (h *shaky) LogMessage(string, ...any) {
	h.at("LogMessage")
	h.Self().AddressString()
	h.Self().LogDateTimeString()
}
func (h *shaky) VersionString() string { h.at("VersionString"); return h.SimpleHandler.VersionString() }
func (h *shaky) DateTimeString(t time.Time) string {
	h.at("DateTimeString")
	return h.SimpleHandler.DateTimeString(t)
}
func (h *shaky) LogDateTimeString() string {
	h.at("LogDateTimeString")
	return h.SimpleHandler.LogDateTimeString()
}
func (h *shaky) AddressString() string   { h.at("AddressString"); return h.SimpleHandler.AddressString() }
func (h *shaky) SendHead() io.ReadCloser { h.at("SendHead"); return h.SimpleHandler.SendHead() }
func (h *shaky) ListDirectory(path string) io.ReadCloser {
	h.at("ListDirectory")
	return h.SimpleHandler.ListDirectory(path)
}
func (h *shaky) TranslatePath(path string) string {
	h.at("TranslatePath")
	return h.SimpleHandler.TranslatePath(path)
}
func (h *shaky) CopyFile(source io.Reader, outputFile io.Writer) {
	h.at("CopyFile")
	h.SimpleHandler.CopyFile(source, outputFile)
}
func (h *shaky) GuessType(path string) string {
	h.at("GuessType")
	return h.SimpleHandler.GuessType(path)
}
func (h *shaky) DoPUT() { h.at("DoPUT"); h.SendError(403, "", "") }

// TestPanicInEveryHook: it costs the connection, and nothing else.
func TestPanicInEveryHook(t *testing.T) {
	dir := t.TempDir()
	const content = "hello, world\n"
	if err := os.WriteFile(filepath.Join(dir, "hello.txt"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	const get = "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n"
	requests := map[string]string{ // where it is not that one that reaches the hook
		"HandleExpect100": "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
		"SendError":       "NOSUCH / HTTP/1.1\r\nHost: x\r\n\r\n",
		"LogError":        "NOSUCH / HTTP/1.1\r\nHost: x\r\n\r\n",
		"ListDirectory":   "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"DoPUT":           "PUT / HTTP/1.1\r\nHost: x\r\n\r\n",
	}
	hooks := []string{"DoPUT", "SendHead", "ListDirectory", "TranslatePath", "CopyFile", "GuessType"}
	menu := reflect.TypeFor[httpserver.RequestHandler]()
	for i := range menu.NumMethod() {
		if m := menu.Method(i); m.IsExported() {
			hooks = append(hooks, m.Name)
		}
	}
	for _, hook := range hooks {
		for _, kind := range []string{"Server", "ThreadingServer"} {
			t.Run(hook+" on a "+kind, func(t *testing.T) {
				checkLeaks(t)
				h := &shaky{armed: new(atomic.Value), spared: new(atomic.Value)}
				h.Directory = dir
				h.ProtocolVersion = "HTTP/1.1"
				problems := make(chan any, 10)
				s := &httpserver.ThreadingServer{}
				s.Handler = h
				s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
				l := listen(t)
				serve := s.Serve
				if kind == "Server" {
					serve = s.Server.Serve
				}
				inBackground(t, s, func() error { return serve(l) })

				var neighbour net.Conn
				if kind == "ThreadingServer" {
					neighbour = dial(t, l.Addr())
					h.spared.Store(neighbour.LocalAddr().String())
					io.WriteString(neighbour, get)
					readUntil(t, neighbour, content)
				}
				h.armed.Store(hook)
				for range 2 {
					conn := dial(t, l.Addr())
					io.WriteString(conn, cmp.Or(requests[hook], get))
					conn.(*net.TCPConn).CloseWrite()
					if got, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("it is open, after %q", got) // a reset is as good, where nothing was read
					}
					conn.Close()
					select {
					case problem := <-problems:
						if problem != "in "+hook {
							t.Errorf("HandleError got %v", problem)
						}
					case <-time.After(patience):
						t.Fatal("it was not called, or its panic is lost")
					}
				}
				h.armed.Store("")
				if neighbour != nil {
					io.WriteString(neighbour, get)
					readUntil(t, neighbour, content)
				}
				conn := dial(t, l.Addr())
				io.WriteString(conn, get)
				readUntil(t, conn, content)
				if len(problems) > 0 {
					t.Errorf("HandleError got %v, too", <-problems)
				}
			})
		}
	}
}

// panicky is a slog.Handler that panics.
type panicky struct{ slog.Handler }

func (panicky) Enabled(context.Context, slog.Level) bool { panic("in Enabled") }

// TestPanicInServerHooks: the same for the hooks that a server has itself.
func TestPanicInServerHooks(t *testing.T) {
	var armed atomic.Bool
	for _, tc := range []struct {
		name   string
		hooks  func(s *httpserver.Server)
		logged string // of what HandleError does not get
	}{
		{"VerifyRequest", func(s *httpserver.Server) {
			s.VerifyRequest = func(net.Conn) bool { return !armed.Load() || never("VerifyRequest") }
		}, "panic=\"in VerifyRequest\""},
		{"NewHandler", func(s *httpserver.Server) {
			s.NewHandler = func() httpserver.RequestHandler {
				if armed.Load() {
					never("NewHandler")
				}
				return new(answers)
			}
		}, "panic=\"in NewHandler\""},
		{"NewHandler that gives none", func(s *httpserver.Server) {
			s.NewHandler = func() httpserver.RequestHandler {
				if armed.Load() {
					return nil
				}
				return new(answers)
			}
		}, "panic=\"httpserver: the handler is nil\""},
		{"HandleError", func(s *httpserver.Server) {
			s.VerifyRequest = func(net.Conn) bool { return !armed.Load() || never("VerifyRequest") }
			s.HandleError = func(net.Conn, any) { never("HandleError") }
		}, "panic=\"in HandleError\""},
		{"ServiceActions", func(s *httpserver.Server) {
			s.ServiceActions = func() {
				if armed.Load() {
					never("ServiceActions")
				}
			}
		}, "msg=\"exception occurred during ServiceActions\" panic=\"in ServiceActions\""},
	} {
		for _, kind := range []string{"Server", "ThreadingServer"} {
			t.Run(tc.name+" of a "+kind, func(t *testing.T) {
				checkLeaks(t)
				armed.Store(false)
				var mu sync.Mutex
				var log bytes.Buffer
				s := &httpserver.ThreadingServer{}
				s.Handler = new(answers)
				s.Logger = slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))
				tc.hooks(&s.Server)
				l := listen(t)
				serve := s.Serve
				if kind == "Server" {
					serve = s.Server.Serve
				}
				inBackground(t, s, func() error { return serve(l) })
				for _, bad := range []bool{false, true, true, false} {
					armed.Store(bad)
					conn := dial(t, l.Addr())
					if !bad || tc.name == "ServiceActions" {
						io.WriteString(conn, "GET /a HTTP/1.0\r\n\r\n")
						if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "path /a") {
							t.Errorf("%q, %v", got, err)
						}
					} else {
						expectEOF(t, conn)
					}
				}
				s.Shutdown(context.Background())
				mu.Lock()
				defer mu.Unlock()
				if !strings.Contains(log.String(), tc.logged) {
					t.Errorf("%s is not in\n%s", tc.logged, &log)
				}
			})
		}
	}
}

// never panics.
func never(hook string) bool { panic("in " + hook) }

// TestPanicInLogger: what is behind a Logger is somebody else's, too.
func TestPanicInLogger(t *testing.T) {
	problems := make(chan any, 10)
	s := serveDuring(t, new(plain), func(s *httpserver.ThreadingServer) {
		s.Logger = slog.New(panicky{})
		s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
	})
	for range 2 {
		conn := dial(t, s.ServerAddress())
		io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
		io.ReadAll(conn)
		if problem := <-problems; problem != "in Enabled" {
			t.Errorf("HandleError got %v", problem)
		}
	}
}

// shakyConn is a connection that panics where one is written to.
type shakyConn struct{ net.Conn }

func (shakyConn) Write([]byte) (int, error) { panic("in Write") }

// wrapping wraps its connection.
type wrapping struct{ quiet }

func (h *wrapping) Setup() {
	h.Connection = shakyConn{h.Connection}
	h.quiet.Setup()
}

func (h *wrapping) DoGET() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", "4")
	h.EndHeaders()
	io.WriteString(h.WFile, "text")
}

func (h *wrapping) DoTAKE() { io.WriteString(h.Connection, "mine") }

// TestPanicInConnection: and so is what Setup has wrapped a connection in, at
// work and at its end.
func TestPanicInConnection(t *testing.T) {
	for _, request := range []string{
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"TAKE / HTTP/1.0\r\n\r\n",
		"nonsense\r\n",
	} {
		for _, kind := range []string{"Server", "ThreadingServer"} {
			t.Run(brief(request)+" of a "+kind, func(t *testing.T) {
				checkLeaks(t)
				s := &httpserver.ThreadingServer{}
				s.Handler = new(wrapping)
				problems := make(chan any, 10)
				s.HandleError = func(_ net.Conn, problem any) { problems <- problem }
				l := listen(t)
				serve := s.Serve
				if kind == "Server" {
					serve = s.Server.Serve
				}
				inBackground(t, s, func() error { return serve(l) })
				for range 2 {
					conn := dial(t, l.Addr())
					io.WriteString(conn, request)
					expectEOF(t, conn)
					if problem := <-problems; problem != "in Write" {
						t.Errorf("HandleError got %v", problem)
					}
				}
				if err := s.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
