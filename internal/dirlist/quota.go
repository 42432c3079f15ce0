package dirlist

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Quota bounds what listings cost a server: how many are made at once, and how
// many names are kept because their page has not been taken yet. The zero Quota is
// ready. It may be used by any goroutine, and must not be copied.
type Quota struct {
	once  sync.Once
	turns chan struct{}
	held  atomic.Int64
}

const (
	// maxHeld is how many names may be kept in all, which takes some 150 MB.
	maxHeld = 1_000_000
	// free is up to how many a listing does not count, and takes no turn: they are no
	// more than what any slow reader keeps.
	free = 1000
)

// Short reports whether a directory of so many names takes no turn: it costs no more
// than other requests do.
func Short(names int) bool { return names <= free }

// Begin waits for the turn to read a directory and to make a listing of it, which
// end gives back. Half of the processors make listings at a time, so that the other
// half is there for those who ask for less. Who has waited for limit gets no turn.
func (q *Quota) Begin(limit time.Duration) (end func(), ok bool) {
	q.once.Do(func() { q.turns = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) })
	end = func() { <-q.turns }
	select {
	case q.turns <- struct{}{}:
		return end, true
	default:
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case q.turns <- struct{}{}:
		return end, true
	case <-timer.C:
		return nil, false
	}
}

// Hold counts the names of a listing until release is called, once or more. It
// reports false where they would be too many.
func (q *Quota) Hold(names int) (release func(), ok bool) {
	if names <= free {
		return func() {}, true
	}
	if q.held.Add(int64(names)) > maxHeld && !q.alone(names) {
		q.held.Add(-int64(names))
		return nil, false
	}
	var once sync.Once
	return func() { once.Do(func() { q.held.Add(-int64(names)) }) }, true
}

// alone reports whether nothing is held beside so many names: a directory that is
// larger than all that may be held can be listed still, once at a time.
func (q *Quota) alone(names int) bool { return q.held.Load() == int64(names) }
