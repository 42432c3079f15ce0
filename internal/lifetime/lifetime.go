// Package lifetime keeps what a server has open, listeners and connections, so
// that it stays within a bound, and can end: in peace, or at once.
package lifetime

import (
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Member is an open connection.
type Member interface {
	// Wake ends the wait of a connection that is between requests.
	Wake()
	// IdleSince tells since when it waits so, where it does and was not woken.
	IdleSince() (since time.Time, idle bool)
	// Cut closes the connection under its user.
	Cut()
}

// A Set is what is open. The zero Set is ready, and may be used by any
// goroutine.
type Set struct {
	mu        sync.Mutex // guards what follows
	listeners map[net.Listener]struct{}
	members   map[Member]struct{}
	left      signal // a new one for each time
	begun     signal
	ended     signal
	abandoned signal

	ending atomic.Bool // what begun says, for those who do not wait
}

// Ending reports whether the end has begun.
func (s *Set) Ending() bool { return s.ending.Load() }

// Begun is closed when the end begins.
func (s *Set) Begun() <-chan struct{} { return s.wait(&s.begun) }

// Ended is closed when the end has begun and no member is left.
func (s *Set) Ended() <-chan struct{} { return s.wait(&s.ended) }

// HasEnded reports whether the end has begun and no member is left.
func (s *Set) HasEnded() bool {
	if !s.ending.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended.given
}

// Abandoned is closed when what is left need not be waited for.
func (s *Set) Abandoned() <-chan struct{} { return s.wait(&s.abandoned) }

// AddListener adds l, which End will close. After End it reports false.
func (s *Set) AddListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending.Load() {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	return true
}

// RemoveListener forgets l.
func (s *Set) RemoveListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// Add adds a member, where there are less than limit; a negative limit is none.
// After End it reports false.
func (s *Set) Add(m Member, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending.Load() || limit >= 0 && len(s.members) >= limit {
		return false
	}
	if s.members == nil {
		s.members = map[Member]struct{}{}
	}
	s.members[m] = struct{}{}
	return true
}

// Remove forgets a member, which has ended.
func (s *Set) Remove(m Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, m)
	if s.left.ch != nil { // somebody waits
		s.left.give()
		s.left = signal{}
	}
	s.checkEnd()
}

// End closes the listeners and wakes the members. It may be called again.
func (s *Set) End() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending.Store(true)
	s.begun.give()
	var errs []error
	for l := range s.listeners {
		errs = append(errs, l.Close())
	}
	clear(s.listeners)
	for m := range s.members {
		m.Wake()
	}
	s.checkEnd()
	return errors.Join(errs...)
}

// Abandon cuts the members that are left, and lets nobody wait for them.
func (s *Set) Abandon() {
	s.mu.Lock()
	members := slices.Collect(maps.Keys(s.members))
	s.abandoned.give()
	s.mu.Unlock()
	for _, m := range members { // one that takes its time keeps nobody else waiting
		m.Cut()
	}
}

func (s *Set) checkEnd() {
	if s.ending.Load() && len(s.members) == 0 {
		s.ended.give()
	}
}

func (s *Set) wait(what *signal) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return what.channel()
}

// A signal is a channel that is closed once. The first who needs it makes it,
// so that the zero Set works.
type signal struct {
	ch    chan struct{}
	given bool
}

func (s *signal) channel() chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) give() {
	if !s.given {
		s.given = true
		close(s.channel())
	}
}
