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
	"example.com/httpserver/internal/dirlist"
	"example.com/httpserver/internal/docroot"
	"example.com/httpserver/internal/exchange"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/lifetime"
	"example.com/httpserver/internal/report"
	"example.com/httpserver/internal/script"
	"example.com/httpserver/internal/socket"
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
	// served. The accept loop waits for its answer. It is asked before
	// MaxConnections is: who is turned away takes nobody's place.
	VerifyRequest func(net.Conn) bool
	// HandleError is told what a handler panicked with, on the goroutine that
	// panicked: debug.Stack shows where. If nil, the problem and the stack go to
	// LogOutput, or to Logger.
	HandleError func(conn net.Conn, problem any)
	// ServiceActions is called by the accept loop after every connection and
	// at least twice a second. On a listener that has no SetDeadline method it
	// is called after connections only. What it panics with goes where
	// HandleError's default does, and the loop goes on.
	ServiceActions func()

	// LogOutput takes the lines that the server and its handlers log, each with one
	// Write, from one goroutine at a time. A Write that takes its time has the
	// others wait, and their requests with them; what it gives is not looked at. If
	// nil, lines go to os.Stderr.
	LogOutput io.Writer
	// Logger takes the same as records, with the parts of a line as attributes. If
	// nil, there are lines.
	Logger *slog.Logger

	// IdleTimeout bounds the wait for a request to begin, a TLS handshake before
	// it included. If zero, 60 seconds;
	// if negative, there is no bound.
	IdleTimeout time.Duration
	// HeadTimeout bounds the time from a request's first byte to the end of its
	// head. If zero, 30 seconds; if negative, there is no bound. A head that
	// comes too late is answered 408.
	HeadTimeout time.Duration
	// ProgressTimeout bounds the waits for the bytes of a body, and for the
	// client to take those of an answer: in each such time of waiting MinProgress
	// of them have to move, or all that are left. Time in which nobody waits, as
	// between the events of a stream, does not count. A client that takes nothing
	// is noticed in an eighth more time, and one that stops, or takes too little,
	// after two and a quarter times as long at the most; what the system's
	// buffers take for it counts as taken. A body that is too slow is answered
	// 408. If zero, 30 seconds; if negative, there is no bound.
	ProgressTimeout time.Duration
	// MinProgress is how many bytes have to move in ProgressTimeout, or all that
	// are left, so that a byte now and then does not hold on. If zero, 4096; if
	// negative, any progress will do. A handler's Timeout asks for the same rate.
	// A write to a connection that cannot take up one that was cut short, as TLS,
	// is made in pieces of up to 32 KiB, each of which has to be taken in that
	// time.
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
	// MaxConnections bounds the connections that are open at once. If zero,
	// 10,000; if negative, there is no bound. When there are as many, the next
	// one waits, and others after it in the system's backlog, until one ends. To
	// make room, connections that wait for a request are ended, of a random
	// sample those that have done so for longest, but for a quarter of a second
	// at least; a request that comes at that moment is still answered, with
	// "Connection: close". The same is done when the system has no descriptor or
	// memory left for another connection.
	MaxConnections int
	// MaxConnectionsPerAddress bounds the connections that are open at once from
	// one IPv4 address, or from the /64 of an IPv6 one: each one beyond it is
	// closed at once, before VerifyRequest is asked. If zero, 1,000; if negative,
	// there is no bound. Loopback has none, nor has what is no TCP address. Behind
	// a proxy on another machine all clients have its address.
	MaxConnectionsPerAddress int
	// BaseContext gives the context above those of the requests of a connection.
	// It is called for a connection at most once, when the first of its requests
	// asks for Context. If nil, context.Background().
	BaseContext func(conn net.Conn) context.Context
	// Timeout bounds the wait of HandleRequest. If zero or negative, there is no
	// bound.
	Timeout time.Duration

	// ServerName and ServerPort say where the server listens. Listen and Serve
	// set them. The name is the host of Addr, or the machine's own; unlike in
	// CPython it is not looked up in DNS.
	ServerName string
	ServerPort int

	logging   sync.Mutex // while LogOutput is written to
	open      lifetime.Set
	addresses accept.Addresses
	notices   struct{ failed, full, refused report.Notice }
	sockets   socket.Group
	sweeper   wire.Sweeper
	dates     httpdate.Cache
	recent    httpdate.Recent // dates that are not the present one
	roots     docroot.Roots
	files     docroot.Files
	hashes    docroot.Hashes
	listings  dirlist.Quota
	scripts   script.Set        // of CGIHandler
	users     script.Identities // as whom they run

	mu       sync.Mutex
	listener net.Listener // from Listen
}

// A ThreadingServer serves connections at the same time, as if each had a goroutine
// of its own. It mirrors http.server.ThreadingHTTPServer.
//
// On Linux, a TCP connection that waits for a request has no goroutine, unless its
// handler has a Handle of its own. Requests are served by whoever has noticed them, as
// long as that takes next to no time, and else by a goroutine of their own: a method
// may wait as long as it likes.
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
	if err := instance.check(); err != nil {
		panic("httpserver: " + err.Error())
	}
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
// server_bind and server_activate. Connections that the accept loop has not come
// to yet wait in a backlog as long as the system allows: on Linux that is
// net.core.somaxconn at this moment, 4096 unless somebody has changed it.
func (s *Server) Listen() error {
	if s.open.Ending() {
		return ErrServerClosed
	}
	l, err := accept.Listen(s.Addr)
	if err != nil {
		hint := ""
		if s.Addr != "" && !strings.Contains(s.Addr, ":") {
			hint = fmt.Sprintf(" (write %q for a port, %q for a host)", ":"+s.Addr, s.Addr+":8000")
		}
		return fmt.Errorf("httpserver: %w%s", err, hint)
	}
	l = s.sockets.Wrap(l)
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
func (s *Server) ServeForever() error { return s.serveForever(s.serveHere, false) }

// ServeForever is [Server.ServeForever] for connections that are served at the same
// time.
func (s *ThreadingServer) ServeForever() error { return s.serveForever(s.serveApart, true) }

// Serve is ServeForever on a listener of the caller's: a Unix socket, TLS, an
// inherited descriptor. It closes l before it returns. ServerAddress is for
// Listen: ask l for its own. Several may be served at once, under the same limits:
//
//	srv := &httpserver.ThreadingServer{Server: httpserver.Server{Handler: h}}
//	l, err := tls.Listen("tcp", ":8443", config)
//	if err != nil {
//		log.Fatal(err)
//	}
//	log.Fatal(srv.Serve(l))
func (s *Server) Serve(l net.Listener) error { return s.serve(l, s.serveHere, false) }

// Serve is [Server.Serve] for connections that are served at the same
// time.
func (s *ThreadingServer) Serve(l net.Listener) error { return s.serve(l, s.serveApart, true) }

// HandleRequest waits for one connection and serves it. After Timeout it gives
// an error that is os.ErrDeadlineExceeded; once there is a connection, the
// server's other limits hold. It gives nil when a connection was served, or
// turned away by VerifyRequest or MaxConnectionsPerAddress, which need not have
// brought a request: who waits for one calls it until the handler has seen it.
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
	s.open.Add(c, -1)
	defer s.Close()
	defer c.end()
	c.serve()
}

// ServeConn serves one connection, however the caller came by it, with a handler
// of the server's and its settings, and closes it. Shutdown and Close reach it
// as they do others. It counts among MaxConnections and MaxConnectionsPerAddress,
// and may be ended to make room, but is itself neither refused nor kept waiting:
// how many to accept is for the caller to say.
func (s *Server) ServeConn(conn net.Conn) error {
	s.check()
	if s.open.Ending() {
		conn.Close()
		return ErrServerClosed
	}
	return s.accepted(conn, admission{connections: -1, perAddress: -1}, func(c *connection) {
		defer c.end()
		c.serve()
	})
}

func (s *Server) serveForever(process func(*connection), apart bool) error {
	l, err := s.bound()
	if err != nil {
		return err
	}
	return s.serve(l, process, apart)
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

// serve accepts connections until l is closed. apart says that process does not
// wait until they have been served.
func (s *Server) serve(l net.Listener, process func(*connection), apart bool) error {
	s.check()
	l = s.sockets.Borrow(l)
	if !s.open.AddListener(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.open.RemoveListener(l)
	defer l.Close()
	s.setName(l)
	in := s.admission(pollInterval, func() bool { s.serviceActions(); return true })
	loop := accept.Loop{
		Listener: l,
		Serve:    func(conn net.Conn) { s.accepted(conn, in, process) },
		Failed:   s.acceptFailed,
		Interval: pollInterval,
		Ending:   s.open.Begun(),
	}
	if apart && s.VerifyRequest == nil && s.NewHandler == nil {
		atOnce := in
		atOnce.atOnce = true
		loop.Take = func(conn net.Conn) bool { return s.accepted(conn, atOnce, process) != errNoRoom }
	}
	if s.ServiceActions != nil {
		loop.Tick, loop.Take = s.serviceActions, nil
	}
	err := loop.Run()
	if s.open.Ending() {
		s.awaitEnd()
		s.scripts.Close()
		return ErrServerClosed
	}
	return fmt.Errorf("httpserver: %w", err)
}

// acceptFailed logs an error of the accept loop that may pass, and lets
// connections end where that may help.
func (s *Server) acceptFailed(err error) {
	s.report().Notice(&s.notices.failed, time.Minute, slog.LevelError, "accept: %v; trying again", err)
	if accept.IsExhausted(err) {
		s.makeRoom()
	}
}

// makeRoom lets go of what can be done without where the system has run out of
// descriptors or memory: those of files that are kept, and connections that are idle.
func (s *Server) makeRoom() {
	s.files.MakeRoom()
	s.open.MakeRoom()
}

// serviceActions calls ServiceActions, which may panic.
func (s *Server) serviceActions() {
	if s.ServiceActions == nil {
		return
	}
	defer func() {
		if problem := recover(); problem != nil {
			s.report().Panic("", problem, debug.Stack())
		}
	}()
	s.ServiceActions()
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
	began := time.Now()
	accept.SetDeadline(l, s.Timeout)
	conn, err := l.Accept()
	switch {
	case s.open.Ending():
		if err == nil {
			conn.Close()
		}
		return ErrServerClosed
	case err != nil:
		if accept.IsExhausted(err) {
			s.makeRoom() // for the next call
		}
		return fmt.Errorf("httpserver: %w", err)
	}
	left := time.Duration(0)
	if s.Timeout > 0 {
		left = max(1, s.Timeout-time.Since(began))
	}
	return s.accepted(conn, s.admission(left, func() bool { return false }), process)
}

// An admission is what a new connection has to pass. While it waits for room,
// tick is called every interval, and reports whether to go on waiting.
type admission struct {
	connections int  // as MaxConnections; negative: no bound
	perAddress  int  // as MaxConnectionsPerAddress; negative: no bound
	atOnce      bool // or not at all: see errNoRoom
	interval    time.Duration
	tick        func() bool
}

// admission is by the server's settings.
func (s *Server) admission(interval time.Duration, tick func() bool) admission {
	return admission{cmp.Or(s.MaxConnections, 10_000), cmp.Or(s.MaxConnectionsPerAddress, 1000), false, interval, tick}
}

// accepted has a new connection processed, or turned away. It gives an error
// where there was no room for it for as long as it could wait.
func (s *Server) accepted(conn net.Conn, in admission, process func(*connection)) error {
	origin, ok := s.addresses.Enter(conn.RemoteAddr(), in.perAddress)
	if !ok {
		conn.Close()
		s.report().Notice(&s.notices.refused, time.Second, slog.LevelWarn,
			"%d connections from %v are open, as many as MaxConnectionsPerAddress allows: another was refused", in.perAddress, origin)
		return nil
	}
	entered, left := false, false
	defer func() {
		problem := recover()
		if problem != nil {
			s.handleError(conn, problem)
		}
		if problem != nil || !entered && !left {
			conn.Close()
		}
		if !entered {
			s.addresses.Leave(origin)
		}
	}()
	if s.VerifyRequest != nil && !s.VerifyRequest(conn) {
		return nil
	}
	handler := s.newHandler()
	c := s.connect(conn, classOf(handler), handler)
	c.origin = origin
	if entered = s.enter(c, in); entered {
		process(c)
		return nil
	}
	switch {
	case s.open.Ending():
		return ErrServerClosed
	case in.atOnce:
		left = true
		return errNoRoom
	}
	return fmt.Errorf("httpserver: MaxConnections are open: %w", os.ErrDeadlineExceeded)
}

// errNoRoom says that a connection which was to be processed at once would have to
// wait for others to end. It is as it was.
var errNoRoom = errors.New("httpserver: MaxConnections are open")

// enter adds a connection to what is open, and waits where that is as many as
// may be.
func (s *Server) enter(c *connection, in admission) bool {
	if s.open.Add(c, in.connections) {
		return true
	}
	if s.open.Ending() || in.atOnce {
		return false
	}
	s.report().Notice(&s.notices.full, time.Minute, slog.LevelWarn,
		"%d connections are open, as many as MaxConnections allows: others wait", in.connections)
	return s.open.Enter(c, in.connections, in.interval, in.tick)
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
	c.parks = true
	if served, ok := c.nc.(interface{ IsServedAtOnce() bool }); ok && served.IsServedAtOnce() {
		c.Resume()
		return
	}
	go c.Resume()
}

// Shutdown ends the server in peace: no new connections, an end to those that
// are between requests, and time for the requests in flight until ctx ends. It
// gives nil when all have ended; when ctx ended first it closes the rest and
// gives ctx's error, and ErrServerClosed when Close did. A handler that calls it
// waits for itself: let it use a goroutine. An answer without end, as a stream
// of events, keeps it waiting until ctx ends.
// Scripts of a CGIHandler that are left then are ended as Close ends them, which may
// take half a second longer than ctx lasts.
func (s *Server) Shutdown(ctx context.Context) error {
	s.open.End()
	s.closeSockets()
	defer s.roots.Close()
	defer s.files.Close()
	defer s.scripts.Close()
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
// Handlers that are at work see their reads and writes fail. Scripts of a CGIHandler
// are told to end, and killed where they do not within half a second: none is left
// when it returns.
func (s *Server) Close() error {
	err := s.open.End()
	s.closeSockets()
	s.open.Abandon()
	s.scripts.Close()
	s.files.Close()
	s.roots.Close()
	return err
}

// closeSockets ends what serves connections, once there are none and will be none.
func (s *Server) closeSockets() {
	if s.open.HasEnded() {
		s.sockets.Close()
	}
}

// awaitEnd waits until the connections have ended, or have been cut.
func (s *Server) awaitEnd() {
	select {
	case <-s.open.Ended():
	case <-s.open.Abandoned():
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
				s.report().Panic(fmt.Sprint(conn.RemoteAddr()), again, debug.Stack())
			}
		}()
		s.HandleError(conn, problem)
		return
	}
	s.report().Panic(fmt.Sprint(conn.RemoteAddr()), problem, debug.Stack())
}

// report is the log for what is about no request.
func (s *Server) report() report.Log { return report.Log{Logger: s.Logger, Text: (*logLines)(s)} }

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
		if limits.Progress > 0 {
			limits.Least = int64(float64(limits.Least) * float64(timeout) / float64(limits.Progress))
		}
		limits.Idle, limits.Head, limits.Progress = timeout, timeout, timeout
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
	origin  accept.Origin                     // what it counts for
	handler RequestHandler

	verbs     *class.Verbs // from the first request on
	output    WriteFlusher // the exchange's own
	rfile     io.Reader    // RFile and WFile as Setup left them
	wfile     WriteFlusher
	rootKey   docroot.Key
	root      *docroot.Root // for that
	refusing  bool          // a 500 takes the place of an answer
	answering bool          // there is a request that an answer is owed to
	begun     bool          // Setup has returned
	parks     bool          // it may wait without a goroutine
	left      bool          // Handle has left the requests to Resume

	log     logMemory
	version [3]string       // VersionString and the two parts it was made of
	base    context.Context // above those of the requests; nil until one asks
	cut     atomic.Bool     // the server has closed
}

// connect binds a handler to a connection.
func (s *Server) connect(nc net.Conn, cl *class.Class, handler RequestHandler) *connection {
	c := &connection{server: s, class: cl, nc: nc, handler: handler}
	h := handler.base()
	handler.bind(handler)
	h.c, h.Server, h.Connection, h.ClientAddress = c, s, nc, nc.RemoteAddr()
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
	if c.cut.Load() {
		x.Cut(ErrServerClosed) // and so may Cut
	}
}

// baseContext gives the context above those of the requests.
func (c *connection) baseContext() context.Context {
	if c.base == nil {
		c.base = context.Background()
		if s := c.server; s.BaseContext != nil {
			if c.base = s.BaseContext(c.nc); c.base == nil {
				panic("httpserver: BaseContext gave no context")
			}
		}
	}
	return c.base
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

// IdleSince tells since when the connection waits for a request.
func (c *connection) IdleSince() (since time.Time, idle bool) {
	if x := c.shared.Load(); x != nil {
		return x.IdleSince()
	}
	return time.Time{}, false
}

// isLast reports whether no request can follow the present one.
func (c *connection) isLast() bool { return c.server.open.Ending() || c.IsWoken() }

// Cut closes the connection under its handler. What it is wrapped in, as TLS,
// might want to say good-bye first.
func (c *connection) Cut() {
	c.cut.Store(true)
	if x := c.shared.Load(); x != nil {
		x.Cut(ErrServerClosed)
	}
	nc := c.nc
	if outer, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = outer.NetConn()
	}
	nc.Close()
}

// serve runs the handler, from the connection's beginning to its end.
func (c *connection) serve() {
	defer c.finish()
	defer c.rescue()
	c.begin()
	c.handler.Handle()
}

func (c *connection) begin() {
	c.handler.Setup()
	h := c.handler.base()
	c.rfile, c.wfile = h.RFile, h.WFile
	c.begun = true
}

func (c *connection) finish() {
	if c.begun {
		defer c.rescue()
		c.handler.Finish()
	}
}

// Resume serves a connection that may wait without a goroutine: from its beginning,
// and then whenever there is something to do. Where nobody overrides Handle, it is
// not called again for that.
func (c *connection) Resume() {
	parked := false
	defer func() {
		if !parked { // and so it is nobody else's yet
			c.finish()
			c.end()
		}
	}()
	defer c.rescue()
	if !c.begun {
		c.begin()
		if c.handler.Handle(); !c.left {
			return
		}
	}
	parked = c.answerRequests()
}

// answerRequests answers what requests there are, as Handle does, and reports
// whether the connection waits parked for more.
func (c *connection) answerRequests() (parked bool) {
	h := c.handler.base()
	for n := 1; ; n++ {
		if c.class.HandleOneRequest.IsOurs() && c.Exchange.Park(c) {
			return true
		}
		if n%inARow == 0 {
			c.Exchange.Yield()
		}
		c.handler.HandleOneRequest()
		if h.CloseConnection {
			return false
		}
		h.forget()
	}
}

// inARow is how many requests of a connection are answered before others have a go.
// One that always has another request would have a processor for itself, until the
// scheduler sees to it, which is late for those who wait behind some of them.
const inARow = 64

// leaveHandle tells Handle whether it can leave the requests to Resume: it was called by
// that, and not by a Handle of the handler's own, which may do something when
// there are no more.
func (c *connection) leaveHandle() bool {
	c.left = c.parks && c.class.Handle.Look(isResume)
	return c.left
}

// noteRequest finds out whether HandleOneRequest is nobody's override. One might speak
// before the client does, so only where there is none is a connection parked.
func (c *connection) noteRequest() {
	if c.left {
		c.class.HandleOneRequest.Look(isAnswerRequests)
	}
}

// isResume and isAnswerRequests report whether a function is that of this name, above.
func isResume(function string) bool { return isOfConnection(function, "Resume") }

func isAnswerRequests(function string) bool { return isOfConnection(function, "answerRequests") }

func isOfConnection(function, name string) bool {
	return strings.HasSuffix(function, "httpserver.(*connection)."+name)
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
	closed = true // where it panics, too
	defer func() {
		if closed {
			c.leave()
		}
	}()
	defer c.rescueEnd()
	if c.Exchange == nil {
		c.nc.Close()
		return true
	}
	closed = c.Exchange.Close()
	return closed
}

func (c *connection) linger() {
	defer c.leave()
	defer c.rescueEnd()
	c.Exchange.Linger()
}

// rescueEnd ends a panic of what Setup has wrapped the connection in, which is
// closed below that.
func (c *connection) rescueEnd() {
	if problem := recover(); problem != nil {
		c.server.handleError(c.nc, problem)
		c.Cut()
	}
}

// leave makes room for another connection.
func (c *connection) leave() {
	c.server.addresses.Leave(c.origin)
	c.server.open.Remove(c)
	c.server.closeSockets()
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
