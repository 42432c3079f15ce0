//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestJudge: the pace is slow where more than a part of the time goes to what takes
// long, and not because of what the system has kept us waiting.
func TestJudge(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, tc := range []struct {
		name      string
		all, long int64
		slow      bool
	}{
		{"nothing", 0, 0, false},
		{"all quick", 100 * ms, 0, false},
		{"as much as may be", 100 * ms, 25 * ms, false},
		{"a little more", 100 * ms, 25*ms + 1, true},
		{"all slow", 100 * ms, 100 * ms, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, before := range []bool{false, true} {
				// As if all that time this process has waited for processors had been seen.
				p := &pace{delayed: 1 << 62}
				p.slow.Store(before)
				p.all.Store(tc.all)
				p.long.Store(tc.long)
				p.count.Store(judgeAfter)
				p.judge()
				if p.isSlow() != tc.slow {
					t.Errorf("slow: %v, where it was %v before", p.isSlow(), before)
				}
				if p.all.Load() != 0 || p.long.Load() != 0 || p.count.Load() != 0 {
					t.Errorf("%d of %d, %d are left for the next time", p.long.Load(), p.all.Load(), p.count.Load())
				}
			}
		})
	}
}

// TestJudgeKnowsWhoIsBusy: what our threads have waited for processors since the last
// judgement is nobody's fault.
func TestJudgeKnowsWhoIsBusy(t *testing.T) {
	// More threads than processors wait for these.
	before := runtime.GOMAXPROCS(runtime.NumCPU() + 4)
	var stop atomic.Bool
	for range runtime.NumCPU() + 4 {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	busy := eventually(func() bool { return waitedForProcessors() > int64(20*time.Millisecond) })
	stop.Store(true)
	runtime.GOMAXPROCS(before)
	if !busy {
		t.Skip("the system does not tell")
	}
	p := new(pace)
	for _, slow := range []bool{false, true} { // the second time, that was known
		p.all.Store(int64(10 * time.Millisecond))
		p.long.Store(int64(10 * time.Millisecond))
		if p.judge(); p.isSlow() != slow && !slow {
			t.Errorf("slow: %v, want %v", p.isSlow(), slow)
		}
	}
	if p.delayed < int64(20*time.Millisecond) {
		t.Errorf("it has seen %v", time.Duration(p.delayed))
	}
}

// TestServed: a judgement comes after so many, and by what each of them took.
func TestServed(t *testing.T) {
	for _, tc := range []struct {
		name  string
		n     int
		took  time.Duration
		times int
		slow  bool
	}{
		{"too few to say", judgeAfter - 1, time.Hour, 1, false},
		{"slow ones", 1, 2 * longTime, judgeAfter, true},
		{"quick ones", 1, longTime, judgeAfter, false},
		{"quick ones, together", 64, 64 * longTime, judgeAfter / 64, false},
		{"slow ones, together", 64, 64*longTime + 1, judgeAfter / 64, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &pace{delayed: 1 << 62}
			for range tc.times {
				p.served(tc.n, tc.took)
			}
			if p.isSlow() != tc.slow {
				t.Errorf("slow: %v", p.isSlow())
			}
		})
	}
}

// TestStuck: what the watchdog meets counts as having taken long.
func TestStuck(t *testing.T) {
	p := &pace{delayed: 1 << 62}
	p.served(judgeAfter-1, 3*watchTime)
	p.stuck()
	p.served(1, 0)
	if p.isSlow() {
		t.Error("one of three is a quarter of all")
	}
	p.served(judgeAfter-1, 3*watchTime)
	p.stuck()
	p.stuck()
	if p.served(1, 0); !p.isSlow() {
		t.Error("two of five are no more than a quarter")
	}
}

// slowGroup has connections served by workers: the pace stays slow.
func slowGroup(g *Group) {
	g.pace.slow.Store(true)
	g.pace.judging.Store(true) // and nobody judges
}

func (w *workers) countIdle() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.idle)
}

// atWork has n connections served, until all of them are at it.
func atWork(t *testing.T, l net.Listener, n int) (letGo func()) {
	t.Helper()
	began, goOn := make(chan struct{}, n), make(chan struct{})
	for range n {
		server, client := connect(t, l)
		park(t, server.(*Conn), time.Time{}, func(*Conn) { began <- struct{}{}; <-goOn })
		client.Write([]byte("a"))
	}
	for range n {
		taken(t, "the service of a connection", began)
	}
	return func() { close(goOn) }
}

// TestWorkers: where serving is slow, each connection is served apart from the others;
// who has done that stays for the next, as long as there is something to do.
func TestWorkers(t *testing.T) {
	l, g := onePoller(t)
	slowGroup(g)
	w := &g.pollers[0].workers
	const many = maxIdle + 20
	letGo := atWork(t, l, many)
	settled(t, "the poller waits, and the watchdog has ended", func() bool { return !g.watching.Load() })
	before := runtime.NumGoroutine()
	letGo()
	settled(t, "workers that come too late for the watchdog have ended", func() bool { return runtime.NumGoroutine() <= before-many })

	g.watching.Store(true) // with a watchdog they stay, up to a bound, and are used again
	before = runtime.NumGoroutine()
	letGo = atWork(t, l, many)
	letGo()
	settled(t, "as many workers stay as may, and the others have ended", func() bool {
		return w.countIdle() == maxIdle && runtime.NumGoroutine() <= before+maxIdle
	})
	before = runtime.NumGoroutine()
	letGo = atWork(t, l, 1)
	if n := w.countIdle(); n != maxIdle-1 {
		t.Errorf("%d are idle beside one that works", n)
	}
	letGo()
	settled(t, "it stays again", func() bool { return w.countIdle() == maxIdle })
	g.inspect() // the watchdog's last
	settled(t, "all are dismissed", func() bool { return w.countIdle() == 0 && runtime.NumGoroutine() <= before-maxIdle })
}

// TestWorkerAfterClose: the last connection closes the group, and its worker does not
// stay.
func TestWorkerAfterClose(t *testing.T) {
	l, g := onePoller(t) // which sees to it that none does
	slowGroup(g)
	server, client := connect(t, l)
	done := make(chan struct{})
	park(t, server.(*Conn), time.Time{}, func(c *Conn) {
		c.Close()
		g.Close()
		close(done)
	})
	client.Write([]byte("a"))
	taken(t, "the end", done)
}
