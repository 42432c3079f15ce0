package httpserver

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"example.com/httpserver/internal/accept"
)

// An admission is what a new connection has to pass. While it waits for room,
// tick is called every interval, and reports whether to go on waiting.
type admission struct {
	connections int // as MaxConnections; negative: no bound
	perAddress  int // as MaxConnectionsPerAddress; negative: no bound
	interval    time.Duration
	tick        func() bool
}

// admission is by the server's settings.
func (s *Server) admission(interval time.Duration, tick func() bool) admission {
	return admission{cmp.Or(s.MaxConnections, 10_000), cmp.Or(s.MaxConnectionsPerAddress, 1000), interval, tick}
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
	entered := false
	defer func() {
		problem := recover()
		if problem != nil {
			s.handleError(conn, problem)
		}
		if problem != nil || !entered {
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
	if s.open.Ending() {
		return ErrServerClosed
	}
	return fmt.Errorf("httpserver: MaxConnections are open: %w", os.ErrDeadlineExceeded)
}

// enter adds a connection to what is open, and waits where that is as many as
// may be.
func (s *Server) enter(c *connection, in admission) bool {
	if s.open.Add(c, in.connections) {
		return true
	}
	if s.open.Ending() {
		return false
	}
	s.report().Notice(&s.notices.full, time.Minute, slog.LevelWarn,
		"%d connections are open, as many as MaxConnections allows: others wait", in.connections)
	return s.open.Enter(c, in.connections, in.interval, in.tick)
}

// acceptFailed logs an error of the accept loop that may pass, and lets
// connections end where that may help.
func (s *Server) acceptFailed(err error) {
	s.report().Notice(&s.notices.failed, time.Minute, slog.LevelError, "accept: %v; trying again", err)
	if accept.IsExhausted(err) {
		s.open.MakeRoom()
	}
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
