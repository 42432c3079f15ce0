//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"sync"
	"time"
)

// Workers are goroutines that do what a poller leaves to others: to serve connections
// where these take long, and to poll while one is served that waits. Those that have
// nothing to do stay for the next time, until they are dismissed: to make a new one, and
// to let its stack grow, costs more than to wake one.
type workers struct {
	poller *poller

	mu    sync.Mutex
	idle  []chan errand // the last one that came to be is the next to be used
	ended bool          // nobody stays any more
}

// An errand is for a worker: a connection to serve, or the turn to poll in. The zero errand
// is to go.
type errand struct {
	c    *Conn
	poll bool
	turn uint64
}

const (
	maxIdle     = 64 // bounds how many stay where connections take long
	maxIdleFast = 4  // and where they do not
)

// give has an errand done.
func (w *workers) give(t errand) {
	w.mu.Lock()
	n := len(w.idle)
	if n == 0 {
		w.mu.Unlock()
		go w.work(t)
		return
	}
	next := w.idle[n-1]
	w.idle = w.idle[:n-1]
	w.mu.Unlock()
	next <- t
}

// work does an errand, and those that come after it.
func (w *workers) work(t errand) {
	var next chan errand
	excused := new(time.Duration)
	for t != (errand{}) {
		if t.poll {
			w.poller.run(t.turn)
		} else {
			began := time.Now()
			t.c.excused, *excused = excused, 0
			t.c.job.Resume()
			w.poller.group.pace.served(1, time.Since(began)-*excused)
		}
		if next == nil {
			next = make(chan errand, 1)
		}
		if !w.wait(next) {
			return
		}
		t = <-next
	}
}

// wait puts a worker among those that have nothing to do. They are dismissed when the
// watchdog ends: one that comes later has nobody to do that.
func (w *workers) wait(next chan errand) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	limit := maxIdleFast
	if w.poller.group.pace.isSlow() {
		limit = maxIdle
	}
	if w.ended || len(w.idle) >= limit || !w.poller.group.watching.Load() {
		return false
	}
	w.idle = append(w.idle, next)
	return true
}

// end dismisses those that have nothing to do, now and later.
func (w *workers) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.dismiss()
}

// dismiss ends those that have nothing to do.
func (w *workers) dismiss() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, next := range w.idle {
		next <- errand{}
	}
	w.idle = nil
}
