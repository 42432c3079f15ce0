//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"sync"
	"time"
)

// Workers are goroutines that serve connections where these take long. Those that
// have nothing to do stay for the next, until they are dismissed: to make a new one,
// and to let its stack grow, costs more than to wake one.
type workers struct {
	group *Group

	mu    sync.Mutex
	idle  []chan *Conn // the last one that came to be is the next to be used
	ended bool         // nobody stays any more
}

// maxIdle bounds how many stay.
const maxIdle = 64

// give has a connection served.
func (w *workers) give(c *Conn) {
	w.mu.Lock()
	n := len(w.idle)
	if n == 0 {
		w.mu.Unlock()
		go w.work(c)
		return
	}
	next := w.idle[n-1]
	w.idle = w.idle[:n-1]
	w.mu.Unlock()
	next <- c
}

// work serves a connection, and those that come after it.
func (w *workers) work(c *Conn) {
	var next chan *Conn
	for c != nil {
		began := time.Now()
		c.job.Resume()
		w.group.pace.served(1, time.Since(began))
		if next == nil {
			next = make(chan *Conn, 1)
		}
		if !w.wait(next) {
			return
		}
		c = <-next
	}
}

// wait puts a worker among those that have nothing to do. They are dismissed when the
// watchdog ends: one that comes later has nobody to do that.
func (w *workers) wait(next chan *Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || len(w.idle) == maxIdle || !w.group.pace.isSlow() || !w.group.watching.Load() {
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
		next <- nil
	}
	w.idle = nil
}
