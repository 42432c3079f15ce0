package accept

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// A Loop accepts the connections of a listener, one after the other.
type Loop struct {
	Listener net.Listener
	// Serve takes a connection. The next one waits in the system's backlog until
	// it returns.
	Serve func(net.Conn)
	// Take does what Serve does, on any goroutine, for a listener that has one for
	// it, unless that has to wait: then it reports false. If nil, it is not used.
	Take func(net.Conn) bool
	// Failed is told of an error that may pass. The loop pauses after it and
	// tries again.
	Failed func(error)
	// Tick is called after every connection, and after Interval without one where
	// the listener knows deadlines. If nil, the loop sleeps in between.
	Tick     func()
	Interval time.Duration
	// Ending ends a pause when it is closed.
	Ending <-chan struct{}

	took atomic.Bool // Take was called, so that what had failed works
}

// Run accepts until that fails for good, and gives the error.
func (l *Loop) Run() error {
	SetDeadline(l.Listener, 0) // another user may have left one
	var pause Pause
	for {
		conn, err := l.accept()
		if l.took.Swap(false) {
			pause = 0
		}
		switch {
		case err == nil:
			pause = 0
			l.Serve(conn)
		case l.isEnding():
			return err
		case errors.Is(err, os.ErrDeadlineExceeded):
			// It was ours for Tick, or another user's, or is one that we cannot
			// take off.
			if !SetDeadline(l.Listener, 0) {
				l.sleep(pause.Next())
			}
		case IsTemporary(err):
			l.Failed(err)
			l.sleep(pause.Next())
		default:
			return err
		}
		if l.Tick != nil {
			l.Tick()
		}
	}
}

func (l *Loop) accept() (net.Conn, error) {
	if l.Tick != nil {
		SetDeadline(l.Listener, l.Interval)
	}
	if direct, ok := l.Listener.(interface {
		AcceptFor(take func(net.Conn) bool) (net.Conn, error)
	}); ok && l.Take != nil {
		if conn, err := direct.AcceptFor(l.take); conn != nil || err != nil {
			return conn, err
		}
	}
	return l.Listener.Accept()
}

func (l *Loop) take(conn net.Conn) bool {
	if !l.took.Load() {
		l.took.Store(true)
	}
	return l.Take(conn)
}

func (l *Loop) isEnding() bool {
	select {
	case <-l.Ending:
		return true
	default:
		return false
	}
}

func (l *Loop) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.Ending:
	}
}
