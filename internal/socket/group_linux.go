//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Group is what serves the connections of a server. The zero Group is ready.
type Group struct {
	pace    pace
	numbers atomic.Int32

	mu      sync.Mutex
	pollers []*poller
	closed  bool

	watching   atomic.Bool
	processors int32
	awake      atomic.Int32 // pollers that keep a processor
	crowded    atomic.Bool  // of late, what was to run had to wait for a processor
	due        atomic.Int64 // when the watchdog is to look again
}

// ownTime is how long a poller may keep its processor.
func (g *Group) ownTime() int64 {
	if g.awake.Load() < g.processors {
		return int64(ownTimeBeside)
	}
	return int64(ownTime)
}

// ownWait is how long a poller may wait with its processor.
func (g *Group) ownWait() time.Duration {
	if g.awake.Load() < g.processors && !g.crowded.Load() {
		return longWait
	}
	return shortWait
}

// start has the pollers run, one for each processor.
func (g *Group) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	if g.processors == 0 {
		g.processors = int32(runtime.GOMAXPROCS(0))
	}
	for len(g.pollers) < int(g.processors) {
		p, err := newPoller(g)
		if err != nil {
			return err
		}
		g.pollers = append(g.pollers, p)
		p.workers.give(errand{poll: true})
	}
	return nil
}

// poller gives the poller for another connection: the given one, which serves it
// and need not wake another then, unless that has more to look after than others. If
// nil is given, it is the one that has least.
func (g *Group) poller(best *poller) (*poller, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.pollers) == 0 {
		return nil, net.ErrClosed
	}
	fair := int32(4)
	if best == nil {
		best, fair = g.pollers[0], 0
	}
	for _, p := range g.pollers {
		if p.registered.Load()+fair < best.registered.Load() {
			best = p
		}
	}
	return best, nil
}

// freePoller gives a poller that accepts for nobody, or nil.
func (g *Group) freePoller(l *listener) *poller {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.pollers {
		if p.listener.CompareAndSwap(nil, l) {
			return p
		}
	}
	return nil
}

// Close ends the pollers. It is for when there are no connections any more.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for _, p := range g.pollers {
		p.close()
	}
	g.pollers = nil
}

// watchTime is how long a connection may be served, one to two times, until the
// others of its poller get another goroutine.
const watchTime = time.Millisecond

// watch sees to it that a connection which takes long does not keep others waiting,
// until all pollers wait.
func (g *Group) watch() {
	if !g.watching.Load() && g.watching.CompareAndSwap(false, true) {
		g.inspectSoon()
	}
}

// inspectSoon has the watchdog inspect after its time.
func (g *Group) inspectSoon() {
	g.due.Store(now() + int64(watchTime))
	time.AfterFunc(watchTime, g.inspect)
}

// lateTime is how much later than it was to look the watchdog looks where processors
// are scarce. Timers are some 0.1 ms late where they are not.
const lateTime = 500 * time.Microsecond

// inspect looks at all pollers, once.
func (g *Group) inspect() {
	g.crowded.Store(now()-g.due.Load() > int64(lateTime))
	g.mu.Lock()
	defer g.mu.Unlock()
	busy := false
	for _, p := range g.pollers {
		turn := p.turn.Load()
		if turn&1 != 0 && turn == p.seen {
			g.pace.stuck()
			p.takeOver(turn)
		}
		p.seen = turn
		busy = p.tellLate(now()) || busy || !p.waiting.Load()
	}
	if busy {
		g.inspectSoon()
		return
	}
	g.watching.Store(false) // before they are dismissed: see wait
	for _, p := range g.pollers {
		p.workers.dismiss()
	}
	for _, p := range g.pollers { // one that began in between found it watched
		if !p.waiting.Load() {
			g.watch()
		}
	}
}
