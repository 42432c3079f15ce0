package main

import (
	"math"
	"slices"
	"sync"
	"time"
)

// A moment is a time since the run began, by the clock that nobody sets.
type moment = time.Duration

const never moment = math.MaxInt64

// remembered is for how long a state that is over is known: longer than any request
// takes.
const remembered = 2 * patience

// A history is what something was, and when. Changes take time: what comes of one may
// be seen from its beginning on, and what was before it until its end.
type history[T any] struct {
	mu     sync.Mutex
	states []state[T]
}

type state[T any] struct {
	what        T
	from, until moment
}

// A turn is what a change does to a history.
type turn interface {
	begin(now moment)
	end(now moment)
}

// to is the turn to a state, with those that may be seen on the way.
func (h *history[T]) to(what T, onTheWay ...T) turn {
	return &historyTurn[T]{h, append(onTheWay, what)}
}

type historyTurn[T any] struct {
	*history[T]
	next []T
}

func (t *historyTurn[T]) begin(now moment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, what := range t.next {
		t.states = append(t.states, state[T]{what, now, never})
	}
}

func (t *historyTurn[T]) end(now moment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.states[:len(t.states)-1] {
		t.states[i].until = min(t.states[i].until, now)
	}
	t.states = slices.DeleteFunc(t.states, func(s state[T]) bool { return s.until < now-remembered })
}

// possible gives all that there was at some time between begin and end, the latest last.
func (h *history[T]) possible(begin, end moment) (all []T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.states {
		if s.from <= end && begin <= s.until {
			all = append(all, s.what)
		}
	}
	return all
}

// A clock tells how long the run has lasted.
type clock struct{ began time.Time }

func (c clock) now() moment { return time.Since(c.began) }

// wall gives the moment of a time by the clock on the wall, near enough.
func (c clock) date(m moment) time.Time { return c.began.Add(m) }

// change does something and notes what it does to histories.
func (c clock) change(do func() error, turns ...turn) error {
	now := c.now()
	for _, t := range turns {
		t.begin(now)
	}
	if err := do(); err != nil {
		return err
	}
	now = c.now()
	for _, t := range turns {
		t.end(now)
	}
	return nil
}
