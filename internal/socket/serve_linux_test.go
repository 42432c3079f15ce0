//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// A task is a Job that a test writes.
type task struct {
	conn *Conn
	run  func(*Conn)
}

func (j *task) Resume() { j.run(j.conn) }

// onePoller gives a listener whose connections all have the same poller.
func onePoller(t testing.TB) (net.Listener, *Group) {
	t.Helper()
	before := runtime.GOMAXPROCS(1)
	l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	runtime.GOMAXPROCS(before)
	if n := len(g.pollers); n != 1 {
		t.Fatalf("%d pollers", n)
	}
	return l, g
}

// park parks a connection and has run called when it is resumed.
func park(t testing.TB, c *Conn, by time.Time, run func(*Conn)) {
	t.Helper()
	if !c.Park(&task{c, run}, by) {
		t.Fatal("it does not park")
	}
}

// noWatchdog keeps the watchdog of a group from running.
func noWatchdog(g *Group) { g.watching.Store(true) }

// TestHandOver: a connection that waits while it is served, for whatever it is that
// comes over it, has handed the turn over to another goroutine before. There is no
// watchdog that might do it.
func TestHandOver(t *testing.T) {
	for _, tc := range []struct {
		name string
		wait func(*Conn) error
	}{
		{"Read", func(c *Conn) error { c.TryRead(make([]byte, 1)); _, err := c.Read(make([]byte, 1)); return err }},
		{"Read, after Park has refused", func(c *Conn) error {
			c.TryRead(make([]byte, 1))
			c.input.notify()
			if c.Park(&task{}, time.Time{}) {
				panic("it parks")
			}
			_, err := c.Read(make([]byte, 1))
			return err
		}},
		{"Read, while another reads", func(c *Conn) error {
			c.TryRead(make([]byte, 1))
			first := make(chan struct{})
			go func() { close(first); c.Read(make([]byte, 1)) }()
			<-first
			_, err := c.Read(make([]byte, 1))
			return err
		}},
		{"Write", func(c *Conn) error { _, err := c.Write(make([]byte, 64<<20)); return err }},
		{"WriteTwo", func(c *Conn) error { _, err := c.WriteTwo([]byte("a"), make([]byte, 64<<20)); return err }},
		{"a raw read", func(c *Conn) error {
			raw, _ := c.SyscallConn()
			return raw.Read(func(uintptr) bool { return false })
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, g := onePoller(t)
			noWatchdog(g)
			waits, waitsClient := connect(t, l)
			other, otherClient := connect(t, l)
			done := make(chan error, 1)
			served := make(chan struct{}, 1)
			park(t, waits.(*Conn), time.Time{}, func(c *Conn) { done <- tc.wait(c) })
			park(t, other.(*Conn), time.Time{}, func(*Conn) { served <- struct{}{} })
			waitsClient.Write([]byte("a"))
			time.Sleep(time.Millisecond)
			otherClient.Write([]byte("a"))
			taken(t, "the service of another connection", served)
			select {
			case err := <-done:
				t.Errorf("it has not waited: %v", err)
			default:
			}
			waits.Close()
			if taken(t, "the end of the wait", done) == nil {
				t.Error("it has got what it waited for")
			}
		})
	}
}

// TestWatchdog: one that waits for something else does not keep others of its poller
// from being served, and may wait for just that.
func TestWatchdog(t *testing.T) {
	for _, tc := range []struct {
		name string
		wait func(released chan struct{})
	}{
		{"a channel", func(released chan struct{}) { <-released }},
		{"a loop", func(released chan struct{}) {
			for !isClosed(released) {
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, _ := onePoller(t)
			const many = 20
			var waiting atomic.Int32
			released, done := make(chan struct{}), make(chan struct{}, many)
			for range many {
				server, client := connect(t, l)
				park(t, server.(*Conn), time.Time{}, func(*Conn) {
					if waiting.Add(1) == many { // the last one lets all go
						close(released)
					}
					tc.wait(released)
					done <- struct{}{}
				})
				client.Write([]byte("a"))
			}
			for range many {
				taken(t, "the end of one that waited for the others", done)
			}
		})
	}
}

// TestWatchdogFromTheBeginning: the poller's first poll may find something at once.
func TestWatchdogFromTheBeginning(t *testing.T) {
	l, g := onePoller(t)
	waits, waitsClient := connect(t, l)
	other, otherClient := connect(t, l)
	waitsClient.Write([]byte("a"))
	otherClient.Write([]byte("a"))
	hasCome(t, waits, 1)
	hasCome(t, other, 1)

	// Another one, which has both of them before it begins.
	p, err := newPoller(g)
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.pollers[0].close()
	g.pollers[0] = p
	g.mu.Unlock()
	var served atomic.Int32
	both := make(chan struct{})
	for _, c := range []netConn{waits, other} {
		park(t, c.(*Conn), time.Time{}, func(*Conn) {
			if served.Add(1) == 2 {
				close(both)
			}
			<-both
		})
	}
	go p.run(0)
	taken(t, "the service of both", both)
}

// TestGoexit: a job that ends its goroutine, as a test does that fails, does not end
// the polling, whoever polls by then.
func TestGoexit(t *testing.T) {
	for _, tc := range []struct {
		name string
		run  func(*Conn)
	}{
		{"at once", func(*Conn) { runtime.Goexit() }},
		{"after a wait", func(c *Conn) {
			c.TryRead(make([]byte, 1))
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			c.Read(make([]byte, 1))
			runtime.Goexit()
		}},
		{"after the watchdog has come", func(*Conn) { time.Sleep(5 * watchTime); runtime.Goexit() }},
	} {
		for _, slow := range []bool{false, true} {
			t.Run(tc.name+map[bool]string{true: ", of a worker"}[slow], func(t *testing.T) {
				l, g := onePoller(t)
				if slow {
					slowGroup(g)
				}
				const many = 20
				var clients []*net.TCPConn
				served := make(chan struct{}, many)
				for range many {
					server, client := connect(t, l)
					clients = append(clients, client)
					park(t, server.(*Conn), time.Time{}, func(c *Conn) {
						defer func() { served <- struct{}{} }()
						tc.run(c)
					})
				}
				for _, client := range clients {
					client.Write([]byte("a"))
				}
				for range many {
					taken(t, "the service of a connection", served)
				}
			})
		}
	}
}

// isClosed reports whether a channel is closed, of which nobody sends.
func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
