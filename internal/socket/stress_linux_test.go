//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// An echo serves a connection as a server does: it answers what has come and parks,
// and ends the connection where there is nothing more to come.
type echo struct {
	c       *Conn
	idle    time.Duration // how long it waits; 0: for ever
	resumed atomic.Int32  // at once: more than one must not be
	faults  chan<- string
	ended   func()
	slow    bool // now and then it waits for something
	served  *atomic.Int64
}

func (e *echo) Resume() {
	if n := e.resumed.Add(1); n != 1 {
		e.faults <- fmt.Sprintf("resumed %d times at once", n)
	}
	if !e.serve() {
		e.c.Close()
		e.ended()
	}
}

// serve reports whether the connection is parked.
func (e *echo) serve() bool {
	p := make([]byte, 512)
	by := time.Time{}
	if e.idle > 0 {
		by = time.Now().Add(e.idle)
	}
	for {
		n, err := e.c.TryRead(p)
		switch {
		case err == syscall.EAGAIN && e.idle > 0 && !time.Now().Before(by):
			return false
		case err == syscall.EAGAIN:
			e.resumed.Store(0)
			if e.c.Park(e, by) {
				return true
			}
			e.resumed.Store(1)
			if e.c.isClosed() {
				return false
			}
			continue
		case err != nil:
			return false
		}
		if e.slow && rand.N(8) == 0 {
			time.Sleep(rand.N(3 * time.Millisecond))
		}
		if e.slow && rand.N(8) == 0 { // a wait for more
			e.c.SetReadDeadline(time.Now().Add(rand.N(2 * time.Millisecond)))
			more, err := e.c.Read(p[n:min(n+1, len(p))])
			if n += more; err != nil && err != io.EOF && !errors.Is(err, os.ErrDeadlineExceeded) {
				return false
			}
		}
		if e.served != nil {
			e.served.Add(1)
		}
		if _, err := e.c.Write(p[:n]); err != nil {
			return false
		}
	}
}

// serveEchoes accepts until the listener is closed, and waits then for the end of all.
func serveEchoes(l net.Listener, serve func(*Conn) *echo) (wait func()) {
	var open sync.WaitGroup
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Add(1)
			e := serve(conn.(*Conn))
			e.ended = open.Done
			go e.Resume()
		}
	}()
	return func() { <-done; open.Wait() }
}

// TestParkedConnectionsAreIdle: ten thousand that wait have no goroutine, and are
// served when something comes, or their time is over, or they are closed.
func TestParkedConnectionsAreIdle(t *testing.T) {
	many := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(2*many+100) {
		many = int(limit.Cur-100) / 2 // two descriptors each
	}
	t.Logf("%d connections", many)
	l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	goroutines := runtime.NumGoroutine()
	resumed := make(chan *Conn, many)
	conns, clients := make([]*Conn, many), make([]net.Conn, many)
	for i := range many {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		conns[i], clients[i] = server.(*Conn), client
		park(t, conns[i], time.Now().Add(time.Hour), func(c *Conn) { resumed <- c })
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	all := func(what string) {
		t.Helper()
		seen := map[*Conn]bool{}
		for range many {
			seen[taken(t, what, resumed)] = true
		}
		if len(seen) != many || len(resumed) > 0 {
			t.Errorf("%s: %d of %d were resumed, and %d again", what, len(seen), many, len(resumed))
		}
	}
	for _, client := range clients {
		client.Write([]byte("a"))
	}
	all("something has come")
	p := make([]byte, 9)
	for _, c := range conns {
		if n, err := c.TryRead(p); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		park(t, c, time.Now().Add(time.Second), func(c *Conn) { resumed <- c }) // or it is over before it is parked
	}
	all("its time is over")
	for _, c := range conns {
		park(t, c, time.Time{}, func(c *Conn) { resumed <- c })
	}
	for _, c := range conns {
		c.Unpark()
	}
	all("it was unparked")
	for _, c := range conns {
		park(t, c, time.Now().Add(time.Hour), func(c *Conn) { resumed <- c })
	}
	for _, c := range conns {
		c.Close()
	}
	all("it was closed")
	settled(t, "the watchdog has ended", func() bool { return !g.watching.Load() })
}

// TestEchoes: whatever is sent comes back, whole and in order, in all ways of being
// served, while other clients leave as they like.
func TestEchoes(t *testing.T) {
	for _, tc := range []struct {
		name       string
		slow, pace bool
		idle       time.Duration
	}{
		{name: "quick"},
		{name: "with waits", slow: true},
		{name: "by workers", pace: true},
		{name: "by workers, with waits", pace: true, slow: true},
		{name: "with an idle time", idle: 5 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
			if tc.pace {
				slowGroup(g)
			}
			faults := make(chan string, 100)
			wait := serveEchoes(l, func(c *Conn) *echo { return &echo{c: c, slow: tc.slow, idle: tc.idle, faults: faults} })
			const clients, rounds = 32, 60
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() {
					random := rand.New(rand.NewPCG(uint64(i), 1))
					for range 4 {
						if fault := echoClient(l.Addr(), random, rounds); fault != "" {
							faults <- fault
						}
					}
				})
			}
			done := make(chan struct{})
			go func() { defer close(done); all.Wait(); l.Close(); wait() }()
			taken(t, "the end of all connections", done)
			for len(faults) > 0 {
				t.Error(<-faults)
			}
		})
	}
}

// echoClient sends pieces and expects them back, and then leaves in some way.
func echoClient(addr net.Addr, random *rand.Rand, rounds int) (fault string) {
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	for range rounds {
		sent := make([]byte, 1+random.IntN(1500))
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		first := random.IntN(len(sent) + 1)
		conn.Write(sent[:first])
		if random.IntN(4) == 0 {
			runtime.Gosched()
		}
		conn.Write(sent[first:])
		got := make([]byte, len(sent))
		if n, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
			return fmt.Sprintf("of %d bytes %d came back, %v", len(sent), n, err)
		}
	}
	switch tcp := conn.(*net.TCPConn); random.IntN(4) {
	case 0:
		reset(tcp)
	case 1:
		conn.Write([]byte("last"))
		reset(tcp)
	case 2:
		conn.Write([]byte("last"))
		tcp.CloseWrite()
		if got, err := io.ReadAll(conn); err != nil || string(got) != "last" {
			return fmt.Sprintf("%q came back before the end, %v", got, err)
		}
	}
	return ""
}

// TestCloseWhileEverythingHappens: reads, writes, files, deadlines, parking and
// closing by many goroutines at once end, all of them, and leave nothing behind.
func TestCloseWhileEverythingHappens(t *testing.T) {
	l, _ := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	for round := range rounds {
		random := rand.New(rand.NewPCG(uint64(round), 2))
		dialed, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c, client := server.(*Conn), dialed.(*net.TCPConn)
		client.SetDeadline(time.Now().Add(patience))
		parked, resumed := new(atomic.Int32), new(atomic.Int32)
		var calls sync.WaitGroup
		for range 1 + random.IntN(6) {
			what, wait := random.IntN(12), time.Duration(random.IntN(300))*time.Microsecond
			calls.Go(func() {
				time.Sleep(wait)
				switch what {
				case 0, 1:
					c.Read(make([]byte, 1000))
				case 2:
					c.Write(make([]byte, 1<<20))
				case 3:
					file, err := os.Open(name)
					if err != nil {
						t.Error(err)
						return
					}
					defer file.Close()
					c.ReadFrom(file)
				case 4:
					c.SetReadDeadline(time.Now().Add(wait))
				case 5:
					c.SetDeadline(time.Unix(1, 0))
				case 6:
					c.CloseWrite()
				case 7:
					c.CloseRead()
				case 8:
					c.TryRead(make([]byte, 10))
				case 9:
					c.TryWriteTwo([]byte("abc"), make([]byte, 100_000))
				case 10:
					c.LocalAddr()
					c.SetNoDelay(true)
				case 11:
					c.Unpark()
				}
			})
		}
		if random.IntN(2) == 0 {
			by := time.Time{}
			if random.IntN(2) == 0 {
				by = time.Now().Add(time.Millisecond)
			}
			calls.Go(func() {
				if c.Park(&task{c, func(*Conn) { resumed.Add(1) }}, by) {
					parked.Add(1)
				}
			})
		}
		for range random.IntN(4) {
			client.Write(make([]byte, random.IntN(3000)))
		}
		switch random.IntN(4) {
		case 0:
			reset(client)
		case 1:
			client.CloseWrite()
		case 2:
			syscall.Sendmsg(descriptor(t, client), []byte("!"), nil, nil, syscall.MSG_OOB)
		}
		time.Sleep(time.Duration(random.IntN(500)) * time.Microsecond)
		closing := random.IntN(3)
		for range 1 + closing {
			calls.Go(func() { c.Close() })
		}
		done := make(chan struct{})
		go func() { defer close(done); calls.Wait() }()
		taken(t, fmt.Sprintf("the end of all calls of round %d", round), done)
		client.Close()
		if !eventually(func() bool { return resumed.Load() == parked.Load() }) {
			t.Fatalf("round %d: parked %d times, resumed %d times", round, parked.Load(), resumed.Load())
		}
		if uses := c.uses.Load(); uses != closedForGood {
			t.Fatalf("round %d: the descriptor is in use still: %d", round, uses)
		}
	}
}

// TestCloseOfTheGroup: with connections at work, those that park or wait find out.
func TestCloseOfTheGroup(t *testing.T) {
	for range 20 {
		l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
		var open []*Conn
		for range 20 {
			server, client := connect(t, l)
			open = append(open, server.(*Conn))
			go client.Write([]byte("abc"))
		}
		var calls sync.WaitGroup
		for _, c := range open {
			calls.Go(func() {
				if !c.Park(&task{c, func(*Conn) {}}, time.Time{}) {
					c.TryRead(make([]byte, 9))
				}
			})
		}
		calls.Go(g.Close)
		calls.Go(g.Close)
		calls.Go(g.inspect)
		calls.Wait()
		for _, c := range open {
			c.Close()
		}
	}
}
