package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/httpserver/internal/accept"
	"example.com/httpserver/internal/class"
	"example.com/httpserver/internal/docroot"
	"example.com/httpserver/internal/exchange"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/lifetime"
	"example.com/httpserver/internal/wire"
)

// Version is the module's version, and the default ServerVersion's. It mirrors
// __version__.
const Version = "0.1.0"

// sysVersion is the runtime's version, as in "Go/1.26.8".
var sysVersion = func() string {
	number, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	return "Go/" + number
}()

// ErrServerClosed is what the methods of a server that listen or serve give
// after Shutdown or Close. These two may be called again.
var ErrServerClosed = errors.New("httpserver: server closed")

// A Server listens for connections and serves one at a time, each to its end,
// with a handler of its own. It mirrors http.server.HTTPServer. A client that
// opens a connection and says nothing keeps the others waiting for as long as
// IdleTimeout: [ThreadingServer] is for everyone else.
//
// Make one with [NewServer], or set Handler and call Serve. The fields are set
// before it serves and not changed afterwards; the methods may be called by any
// goroutine, at any time.
type Server struct {
	// Handler is the handler that every connection gets a copy of.
	Handler RequestHandler
	// NewHandler makes the handler for a connection, in place of the copy. With
	// it, Handler may be nil: set the fields of a Server and call Listen or
	// Serve, in place of NewServer.
	NewHandler func() RequestHandler
	// Addr is where Listen listens, as "host:port". Without a host, that is all
	// interfaces, for IPv6 and IPv4. Port 0 is any that is free. If empty, ":0".
	Addr string

	// VerifyRequest reports whether to serve a connection. If nil, every one is
	// served. The accept loop waits for its answer.
	VerifyRequest func(net.Conn) bool
	// HandleError is told what a handler panicked with, on the goroutine that
	// panicked: debug.Stack shows where. If nil, the problem and the stack go to
	// standard error, or to Logger.
	HandleError func(conn net.Conn, problem any)
	// ServiceActions is called by the accept loop after every connection and
	// at least twice a second. On a listener that has no SetDeadline method it
	// is called after connections only.
	ServiceActions func()

	// Logger takes what the server and its handlers log, as records with the
	// parts of a line as attributes. If nil, lines go to standard error.
	Logger *slog.Logger

	// IdleTimeout bounds the wait for a request to begin. If zero, 60 seconds;
	// if negative, there is no bound.
	IdleTimeout time.Duration
	// HeadTimeout bounds the time from a request's first byte to the end of its
	// head. If zero, 30 seconds; if negative, there is no bound. A head that
	// comes too late is answered 408.
	HeadTimeout time.Duration
	// ProgressTimeout bounds the time spent waiting for MinProgress bytes of a
	// body to come, or of an answer to be taken. A body that is too slow is
	// answered 408. That an answer is taken too slowly may be noticed late,
	// after up to four times as long, since the system's buffers take some for
	// it. If zero, 30 seconds; if negative, there is no bound.
	ProgressTimeout time.Duration
	// MinProgress is how many bytes have to move in each ProgressTimeout that is
	// spent waiting, or all that is left if that is less: a client that sends a
	// byte now and then does not hold on. If zero, 4096; if negative, any
	// progress will do.
	MinProgress int
	// MaxLineBytes bounds the request line, and each field line, in bytes with
	// the line end. A longer one is answered 414 or 431. If zero, 65,536; if
	// negative, there is no bound. It mirrors _MAXLINE.
	MaxLineBytes int
	// MaxFieldLines bounds the number of field lines in a header section, or a
	// trailer section. More are answered 431. If zero, 100; if negative, there is
	// no bound. It mirrors _MAXHEADERS.
	MaxFieldLines int
	// MaxHeadBytes bounds a header section, or a trailer section, in bytes. A
	// longer one is answered 431. If zero, 262,144; if negative, there is no
	// bound.
	MaxHeadBytes int
	// MaxDrainBytes bounds, in bytes, what is read away of a body that a method
	// has left unread, so that the connection can go on. Where there is more, the
	// connection closes behind the answer. If zero, 262,144; if negative, nothing
	// is read away.
	MaxDrainBytes int
	// Timeout bounds the wait of HandleRequest. If zero, there is no bound.
	Timeout time.Duration

	// ServerName and ServerPort say where the server listens. Listen and Serve
	// set them. The name is the host of Addr, or the machine's own; unlike in
	// CPython it is not looked up in DNS.
	ServerName string
	ServerPort int

	open    lifetime.Set
	sweeper wire.Sweeper
	dates   httpdate.Cache
	roots   docroot.Roots

	mu       sync.Mutex
	listener net.Listener // from Listen
}

// A ThreadingServer serves every connection on a goroutine of its own. It
// mirrors http.server.ThreadingHTTPServer.
type ThreadingServer struct {
	Server
}

// NewServer makes a [Server] that listens on addr, as [Server.Addr] describes
// it. The port is bound when it returns, and its errors are those of
// net.Listen. It panics where handler cannot be one, naming what is wrong: see
// [RequestHandler].
func NewServer(addr string, handler RequestHandler) (*Server, error) {
	s := &Server{Addr: addr, Handler: handler}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

// NewThreadingServer makes a [ThreadingServer] as NewServer does a Server.
func NewThreadingServer(addr string, handler RequestHandler) (*ThreadingServer, error) {
	s := &ThreadingServer{Server{Addr: addr, Handler: handler}}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) start() error {
	s.check()
	return s.Listen()
}

// check panics where the handler is none.
func (s *Server) check() {
	if s.Handler == nil {
		if s.NewHandler == nil {
			panic("httpserver: a server needs a Handler or NewHandler")
		}
		return
	}
	c := classOf(s.Handler)
	if err := c.CopyFault(); err != nil && s.NewHandler == nil {
		panic("httpserver: " + err.Error())
	}
	instance := c.Copy(s.Handler).(RequestHandler)
	instance.bind(instance) // panics where a hook is overridden with another signature
}

// classOf gives the class of a handler, and panics where it is none.
func classOf(handler RequestHandler) *class.Class {
	if handler == nil {
		panic("httpserver: the handler is nil")
	}
	c := class.Of(handler, reflect.TypeFor[BaseHandler]())
	if err := c.Fault(); err != nil {
		panic("httpserver: " + err.Error())
	}
	if reflect.ValueOf(handler).IsNil() {
		panic(fmt.Sprintf("httpserver: the handler is a nil %T", handler))
	}
	return c
}

// Listen binds Addr. ServeForever does it where it was not done. It mirrors
// server_bind and server_activate.
func (s *Server) Listen() error {
	if s.open.Ending() {
		return ErrServerClosed
	}
	l, err := net.Listen(accept.Network(s.Addr), cmp.Or(s.Addr, ":0"))
	if err != nil {
		hint := ""
		if s.Addr != "" && !strings.Contains(s.Addr, ":") {
			hint = fmt.Sprintf(" (write %q for a port, %q for a host)", ":"+s.Addr, s.Addr+":8000")
		}
		return fmt.Errorf("httpserver: %w%s", err, hint)
	}
	s.mu.Lock()
	bound := s.listener != nil
	if !bound {
		s.listener = l
	}
	s.mu.Unlock()
	switch {
	case bound:
		l.Close()
		return errors.New("httpserver: listening already")
	case !s.open.AddListener(l):
		l.Close()
		return ErrServerClosed
	}
	s.setName(l)
	return nil
}

// setName sets ServerName and ServerPort where they are not set.
func (s *Server) setName(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && s.ServerPort == 0 {
		s.ServerPort = tcp.Port
	}
	if s.ServerName != "" {
		return
	}
	host, _, _ := net.SplitHostPort(s.Addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host, _ = os.Hostname()
	}
	s.ServerName = cmp.Or(host, "localhost")
}

// ServerAddress is the address that Listen bound, or nil.
func (s *Server) ServerAddress() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// ServeForever serves the connections that come to Addr, until Shutdown or
// Close. It returns when the server has shut down, connections and all, with
// ErrServerClosed; before that, with the error that made accepting impossible.
func (s *Server) ServeForever() error { return s.serveForever(s.serveHere) }

// ServeForever is [Server.ServeForever] with a goroutine for each connection.
func (s *ThreadingServer) ServeForever() error { return s.serveForever(s.serveApart) }

// Serve is ServeForever on a listener of the caller's: a Unix socket, TLS, an
// inherited descriptor. It closes l before it returns.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, s.serveHere) }

// Serve is [Server.Serve] with a goroutine for each connection.
func (s *ThreadingServer) Serve(l net.Listener) error { return s.serve(l, s.serveApart) }

// HandleRequest waits for one connection and serves it. After Timeout it gives
// an error that is os.ErrDeadlineExceeded; once there is a connection, the
// server's other limits hold. It gives nil when a connection was served, or
// turned away by VerifyRequest, which need not have brought a request: who waits
// for one calls it until the handler has seen it.
func (s *Server) HandleRequest() error { return s.handleRequest(s.serveHere) }

// HandleRequest waits for one connection and begins to serve it. The request may
// be in flight when it returns: Shutdown waits for it, and Close cuts it. To use
// what a request has left behind, take Server.
func (s *ThreadingServer) HandleRequest() error { return s.handleRequest(s.serveApart) }

// ServeConn serves one connection with handler itself, which is not copied, and
// closes it; that takes two seconds more where the client has sent what nobody
// read. It does so with the settings of a zero Server, to which it sets the
// handler's Server: [Server.ServeConn] is for others.
func ServeConn(conn net.Conn, handler RequestHandler) {
	s := &Server{Handler: handler}
	c := s.connect(conn, classOf(handler), handler)
	defer s.Close()
	defer c.end()
	c.serve()
}

// ServeConn serves one connection, however the caller came by it, with a handler
// of the server's and its settings, and closes it. Shutdown and Close reach it
// as they do others.
func (s *Server) ServeConn(conn net.Conn) error {
	s.check()
	if s.open.Ending() {
		conn.Close()
		return ErrServerClosed
	}
	s.accepted(conn, func(c *connection) {
		defer c.end()
		c.serve()
	})
	return nil
}

func (s *Server) serveForever(process func(*connection)) error {
	l, err := s.bound()
	if err != nil {
		return err
	}
	return s.serve(l, process)
}

// bound gives the listener of Listen.
func (s *Server) bound() (net.Listener, error) {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	switch {
	case s.open.Ending():
		return nil, ErrServerClosed
	case l != nil:
		return l, nil
	}
	if err := s.Listen(); err != nil {
		return nil, err
	}
	return s.bound()
}

// serve accepts connections until l is closed.
func (s *Server) serve(l net.Listener, process func(*connection)) error {
	s.check()
	if !s.open.AddListener(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.open.RemoveListener(l)
	defer l.Close()
	s.setName(l)
	accept.SetDeadline(l, 0) // HandleRequest may have left one
	var pause accept.Pause
	for {
		err := s.acceptOne(l, process)
		switch {
		case err == nil:
			pause = 0
		case s.open.Ending():
			s.awaitEnd()
			return ErrServerClosed
		case isTimeout(err):
			// It was ours for ServiceActions, or HandleRequest's, or is one that
			// we cannot take off.
			if !accept.SetDeadline(l, 0) {
				s.sleep(pause.Next())
			}
		case accept.IsTemporary(err):
			if pause == 0 {
				s.logServer("accept: "+err.Error()+"; trying again", slog.LevelError)
			}
			s.sleep(pause.Next())
		default:
			return fmt.Errorf("httpserver: %w", err)
		}
		if s.ServiceActions != nil {
			s.ServiceActions()
		}
	}
}

// acceptOne accepts a connection and has it processed.
func (s *Server) acceptOne(l net.Listener, process func(*connection)) error {
	if s.ServiceActions != nil {
		accept.SetDeadline(l, pollInterval)
	}
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	s.accepted(conn, process)
	return nil
}

// pollInterval is how often ServiceActions is called, as CPython's
// poll_interval.
const pollInterval = 500 * time.Millisecond

// handleRequest accepts one connection, waiting for Timeout at the most.
func (s *Server) handleRequest(process func(*connection)) error {
	s.check()
	l, err := s.bound()
	if err != nil {
		return err
	}
	accept.SetDeadline(l, s.Timeout)
	conn, err := l.Accept()
	switch {
	case s.open.Ending():
		if err == nil {
			conn.Close()
		}
		return ErrServerClosed
	case err != nil:
		return fmt.Errorf("httpserver: %w", err)
	}
	s.accepted(conn, process)
	return nil
}

// accepted has a new connection processed, or turned away.
func (s *Server) accepted(conn net.Conn, process func(*connection)) {
	defer func() {
		if problem := recover(); problem != nil {
			s.handleError(conn, problem)
			conn.Close()
		}
	}()
	if s.VerifyRequest != nil && !s.VerifyRequest(conn) {
		conn.Close()
		return
	}
	handler := s.newHandler()
	if c := s.connect(conn, classOf(handler), handler); c != nil {
		process(c)
	}
}

func (s *Server) newHandler() RequestHandler {
	if s.NewHandler != nil {
		return s.NewHandler()
	}
	return classOf(s.Handler).Copy(s.Handler).(RequestHandler)
}

// serveHere serves a connection to its end, but for the wait until the client
// has read its last answer. It has a goroutine all the same: a handler that ends
// it, as a test's t.Fatal does, would end the accept loop.
func (s *Server) serveHere(c *connection) {
	served := make(chan struct{})
	go func() {
		defer func() {
			closed := c.close()
			close(served)
			if !closed {
				c.linger()
			}
		}()
		c.serve()
	}()
	<-served
}

func (s *Server) serveApart(c *connection) {
	go func() {
		defer c.end()
		c.serve()
	}()
}

// Shutdown ends the server in peace: no new connections, an end to those that
// are between requests, and time for the requests in flight until ctx ends. It
// gives nil when all have ended; when ctx ended first it closes the rest and
// gives ctx's error, and ErrServerClosed when Close did. A handler that calls it
// waits for itself: let it use a goroutine. An answer without end, as a stream
// of events, keeps it waiting until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.open.End()
	defer s.roots.Close()
	select {
	case <-s.open.Ended():
		return nil
	default:
	}
	select {
	case <-s.open.Ended():
		return nil
	case <-s.open.Abandoned():
		return ErrServerClosed
	case <-ctx.Done():
		s.open.Abandon()
		return ctx.Err()
	}
}

// Close ends the server at once: it closes the listeners and all connections.
// Handlers that are at work see their reads and writes fail.
func (s *Server) Close() error {
	err := s.open.End()
	s.open.Abandon()
	s.roots.Close()
	return err
}

// awaitEnd waits until the connections have ended, or have been cut.
func (s *Server) awaitEnd() {
	select {
	case <-s.open.Ended():
	case <-s.open.Abandoned():
	}
}

// sleep waits for d, or for the end of the server.
func (s *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.open.Begun():
	}
}

// rootOf gives the Root for a directory. A connection keeps the one that it
// used last.
func (c *connection) rootOf(directory string, follow bool) *docroot.Root {
	key := docroot.Key{Directory: directory, Follow: follow}
	if c.root == nil || c.rootKey != key {
		c.rootKey, c.root = key, c.server.roots.Get(key)
	}
	return c.root
}

// handleError tells HandleError, or the log, what a handler panicked with. It
// is called while the goroutine panics.
func (s *Server) handleError(conn net.Conn, problem any) {
	if s.HandleError != nil {
		defer func() {
			if again := recover(); again != nil {
				s.logPanic(conn, again)
			}
		}()
		s.HandleError(conn, problem)
		return
	}
	s.logPanic(conn, problem)
}

// logPanic logs a panic with its stack, between CPython's lines.
func (s *Server) logPanic(conn net.Conn, problem any) {
	if s.Logger != nil {
		s.Logger.Error("exception occurred during processing of request",
			"remote", fmt.Sprint(conn.RemoteAddr()), "panic", fmt.Sprint(problem), "stack", string(debug.Stack()))
		return
	}
	const rule = "----------------------------------------\n"
	fmt.Fprintf(os.Stderr, "%sException occurred during processing of request from %v\npanic: %v\n\n%s%s",
		rule, EscapeControls(fmt.Sprint(conn.RemoteAddr())), EscapeControls(fmt.Sprint(problem)), debug.Stack(), rule)
}

// logServer logs what concerns no connection.
func (s *Server) logServer(message string, level slog.Level) {
	if s.Logger != nil {
		s.Logger.Log(context.Background(), level, message)
		return
	}
	fmt.Fprintf(os.Stderr, "httpserver: %s\n", message)
}

// limits gives the limits for a handler that may have a Timeout of its own.
func (s *Server) limits(timeout time.Duration) exchange.Limits {
	limits := exchange.Limits{
		Idle:     cmp.Or(s.IdleTimeout, 60*time.Second),
		Head:     cmp.Or(s.HeadTimeout, 30*time.Second),
		Progress: cmp.Or(s.ProgressTimeout, 30*time.Second),
		Least:    max(0, int64(cmp.Or(s.MinProgress, 4096))),
		Drain:    max(0, int64(cmp.Or(s.MaxDrainBytes, 256*1024))),
		Bounds:   http1.Bounds{Line: orNoBound(s.MaxLineBytes), Fields: orNoBound(s.MaxFieldLines), Head: orNoBound(s.MaxHeadBytes)},
	}
	if timeout > 0 {
		limits.Idle, limits.Head, limits.Progress, limits.Least = timeout, timeout, timeout, 0
	}
	return limits
}

// orNoBound gives a bound on sizes: a negative one is none.
func orNoBound(n int) int {
	if n < 0 {
		return math.MaxInt
	}
	return n
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// A connection is what a handler keeps of its connection, behind a pointer:
// the handler itself stays small.
type connection struct {
	*exchange.Exchange
	server  *Server
	class   *class.Class
	shared  atomic.Pointer[exchange.Exchange] // the same, for Wake
	nc      net.Conn                          // as accepted
	handler RequestHandler

	verbs     *class.Verbs  // from the first request on
	fields    []http1.Field // memory for Headers
	parsed    bool          // and whether this request's are in it
	output    WriteFlusher  // the exchange's own
	rfile     io.Reader     // RFile and WFile as Setup left them
	wfile     WriteFlusher
	rootKey   docroot.Key
	root      *docroot.Root // for that
	refusing  bool          // a 500 takes the place of an answer
	answering bool          // there is a request that an answer is owed to

	log     logMemory
	version [3]string // VersionString and the two parts it was made of
}

// connect binds a handler to a connection. It gives nil, and closes the
// connection, where the server has closed.
func (s *Server) connect(nc net.Conn, cl *class.Class, handler RequestHandler) *connection {
	c := &connection{server: s, class: cl, nc: nc, handler: handler}
	h := handler.base()
	handler.bind(handler)
	h.c, h.Server, h.Connection, h.ClientAddress = c, s, nc, nc.RemoteAddr()
	if !s.open.Add(c) {
		nc.Close()
		return nil
	}
	return c
}

// setUp makes the exchange over the handler's Connection, which its Setup may
// have wrapped.
func (c *connection) setUp(h *BaseHandler) {
	x := exchange.New(h.Connection, &c.server.sweeper, c.server.limits(h.Timeout))
	c.Exchange = x
	h.Connection = x.Conn()
	h.RFile = (*requestBody)(c)
	c.output = x.Output()
	h.WFile = newWFile(x.Output(), h.WBufSize)
	c.shared.Store(x)
	if c.server.open.Ending() {
		x.Wake() // Wake may have come before there was an exchange
	}
}

// A requestBody is the exchange's, with errors that a handler knows.
type requestBody connection

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.Exchange.Body().Read(p)
	if fault, ok := err.(*http1.Error); ok {
		err = newRequestError(fault)
	}
	return n, err
}

// Wake ends the connection's wait for a request.
func (c *connection) Wake() {
	if x := c.shared.Load(); x != nil {
		x.Wake()
	}
}

// Cut closes the connection under its handler. What it is wrapped in, as TLS,
// might want to say good-bye first.
func (c *connection) Cut() {
	nc := c.nc
	if outer, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = outer.NetConn()
	}
	nc.Close()
}

// serve runs the handler.
func (c *connection) serve() {
	defer c.rescue()
	c.handler.Setup()
	h := c.handler.base()
	c.rfile, c.wfile = h.RFile, h.WFile
	defer c.handler.Finish()
	defer c.rescue()
	c.handler.Handle()
}

// rescue ends a panic: the server hears of it, and a client that waits for an
// answer gets a 500 where the head of one had not ended.
func (c *connection) rescue() {
	problem := recover()
	if problem == nil {
		return
	}
	c.server.handleError(c.nc, problem)
	if !c.answering || !c.Replace() {
		return
	}
	defer func() { recover() }() // SendError may be what panics
	h := c.handler.base()
	h.WFile, h.CloseConnection = c.wfile, true
	c.handler.SendError(500, "", "")
}

// close ends the connection, or reports that this takes time: then linger has to
// do it.
func (c *connection) close() (closed bool) {
	if c.Exchange == nil {
		c.nc.Close()
	} else if !c.Exchange.Close() {
		return false
	}
	c.server.open.Remove(c)
	return true
}

func (c *connection) linger() {
	defer c.server.open.Remove(c)
	c.Exchange.Linger()
}

// end is close, however long it takes.
func (c *connection) end() {
	if !c.close() {
		c.linger()
	}
}

// joinVersions joins the parts of VersionString, once for the same parts.
func (c *connection) joinVersions(server, sys string) string {
	if c == nil {
		return server + " " + sys
	}
	if c.version[1] != server || c.version[2] != sys {
		c.version = [3]string{server + " " + sys, server, sys}
	}
	return c.version[0]
}
