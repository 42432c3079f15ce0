package exchange

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A span is the context of a request: there is one only where it is asked for.
type span struct {
	mu     sync.Mutex // guards what follows
	ctx    context.Context
	cancel context.CancelCauseFunc
	over   error // why every context ends at once
}

// Context gives the context of the request, which ends with it, and when the
// connection can be of no more use to it. From its first call on the connection
// is watched. parent gives the context above it.
func (x *Exchange) Context(parent func() context.Context) context.Context {
	s := &x.span
	if s.ctx != nil {
		return s.ctx
	}
	ctx, cancel := context.WithCancelCause(parent())
	s.mu.Lock()
	s.ctx, s.cancel = ctx, cancel
	over := s.over
	s.mu.Unlock()
	if over != nil {
		cancel(over)
		return ctx
	}
	x.wire.Watch(func(err error) { cancel(s.reason(err)) })
	return ctx
}

// IsOver reports whether the context of the request has ended or would have, had
// somebody asked for it.
func (x *Exchange) IsOver() bool {
	s := &x.span
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over != nil || s.ctx != nil && s.ctx.Err() != nil || x.wire.Broken() != nil
}

// reason says why a context ends, where err is what a read or a write met.
func (s *span) reason(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return s.over
	}
	for _, known := range []error{os.ErrDeadlineExceeded, net.ErrClosed} {
		if errors.Is(err, known) {
			return known // not that the client went away
		}
	}
	return &GoneError{err}
}

// checkLate ends the context where a read ended because its time was up. The
// connection below does not know which of its waits was the last.
func (x *Exchange) checkLate(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		x.end(os.ErrDeadlineExceeded, func() {})
	}
}

// Cut ends the context, and every one that is asked for, because the connection
// is about to be closed below. It may be called by any goroutine.
func (x *Exchange) Cut(cause error) { x.end(cause, x.wire.Cut) }

// end ends the context, and every one that is asked for after it, in between
// which it does what whoever waits for the end is to find done.
func (x *Exchange) end(cause error, do func()) {
	s := &x.span
	s.mu.Lock()
	s.over = cmp.Or(s.over, cause)
	cancel := s.cancel
	s.mu.Unlock()
	do()
	if cancel != nil {
		cancel(cause)
	}
}

// endContext ends the context with its request.
func (x *Exchange) endContext() {
	s := &x.span
	if s.ctx == nil {
		return
	}
	s.cancel(nil)
	s.mu.Lock()
	s.ctx, s.cancel = nil, nil
	s.mu.Unlock()
	if !x.wire.Unwatch(!x.taken.Load()) {
		x.suspect.Store(true)
	}
}

// SetReadDeadline sets when waits for input end, in place of the limits, until
// the request ends. The zero time is never.
func (x *Exchange) SetReadDeadline(t time.Time) error { return x.wire.SetReadDeadline(t) }

// SetWriteDeadline is to writes what SetReadDeadline is to reads.
func (x *Exchange) SetWriteDeadline(t time.Time) error { return x.wire.SetWriteDeadline(t) }
