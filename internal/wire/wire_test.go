package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/httpserver/internal/strict"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// counted counts what a Conn asks of the connection below.
type counted struct {
	net.Conn
	reads, writes, readDeadlines, writeDeadlines atomic.Int64
}

func (c *counted) Read(p []byte) (int, error)  { c.reads.Add(1); return c.Conn.Read(p) }
func (c *counted) Write(p []byte) (int, error) { c.writes.Add(1); return c.Conn.Write(p) }
func (c *counted) SetReadDeadline(t time.Time) error {
	c.readDeadlines.Add(1)
	return c.Conn.SetReadDeadline(t)
}
func (c *counted) SetWriteDeadline(t time.Time) error {
	c.writeDeadlines.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// pipe gives a Conn and the client's end.
func pipe() (*Conn, *counted, net.Conn) {
	client, server := net.Pipe()
	below := &counted{Conn: server}
	return New(below, new(Sweeper)), below, client
}

// collect reads all that comes, and tells when each piece came.
func collect(client net.Conn) <-chan string {
	pieces := make(chan string, 100)
	go func() {
		defer close(pieces)
		b := make([]byte, 1<<20)
		for {
			n, err := client.Read(b)
			if n > 0 {
				pieces <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return pieces
}

func TestHold(t *testing.T) {
	for _, tc := range []struct {
		name  string
		steps func(c *Conn)
		want  []string
		after time.Duration // at most
	}{
		{"with a write", func(c *Conn) { c.Hold([]byte("a")); c.Write([]byte("b")) }, []string{"ab"}, 0},
		{"two, with a flush", func(c *Conn) { c.Hold([]byte("a")); c.Hold([]byte("b")); c.Flush() }, []string{"ab"}, 0},
		{"before a wait for input", func(c *Conn) { c.Hold([]byte("a")); c.Fill() }, []string{"a"}, 0},
		{"before a read", func(c *Conn) { c.Hold([]byte("a")); c.Read(make([]byte, 1)) }, []string{"a"}, 0},
		{"too much to hold", func(c *Conn) { c.Hold(bytes.Repeat([]byte("a"), maxHeld+1)) }, []string{strings.Repeat("a", maxHeld), "a"}, 0},
		{"with a large write", func(c *Conn) { c.Hold([]byte("a")); c.Write(bytes.Repeat([]byte("b"), maxHeld+1)) }, []string{"a", strings.Repeat("b", maxHeld), "b"}, 0},
		{"and nothing else", func(c *Conn) { c.Hold([]byte("a")) }, []string{"a"}, 2 * tick},
		{"and nothing else, after that again", func(c *Conn) {
			c.Hold([]byte("a"))
			c.Flush()
			c.Hold([]byte("b"))
		}, []string{"a", "b"}, 2 * tick},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _, client := pipe()
				pieces := collect(client)
				began := time.Now()
				go tc.steps(c)
				for _, want := range tc.want {
					if got := <-pieces; got != want {
						t.Errorf("%d bytes came: %.50q, want %d: %.50q", len(got), got, len(want), want)
					}
				}
				if waited := time.Since(began); waited > tc.after {
					t.Errorf("it took %v", waited)
				}
				client.Close()
				c.Close()
				for piece := range pieces {
					t.Errorf("more came: %q", piece)
				}
				synctest.Wait()
			})
		})
	}
}

// TestSweeperDoesNotWait: a client that takes nothing does not keep others from
// getting what is held for them.
func TestSweeperDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sweeper := new(Sweeper)
		stuckClient, stuckServer := net.Pipe()
		client, server := net.Pipe()
		stuck, c := New(stuckServer, sweeper), New(server, sweeper)
		stuck.Hold([]byte("never read"))
		time.Sleep(3 * tick) // its write waits now
		c.Hold([]byte("a"))
		began := time.Now()
		if _, err := io.ReadFull(client, make([]byte, 1)); err != nil || time.Since(began) > 2*tick {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		stuckClient.Close()
		client.Close()
		time.Sleep(3 * tick)
		sweeper.mu.Lock()
		defer sweeper.mu.Unlock()
		if sweeper.awake || len(sweeper.list) > 0 {
			t.Errorf("the sweeper is awake with nothing to do, for %d connections", len(sweeper.list))
		}
	})
}

// TestHoldIsBounded: what is held does not grow with what is given.
func TestHoldIsBounded(t *testing.T) {
	c, _, client := pipe()
	pieces := collect(client)
	for _, size := range []int{10, 1 << 20, maxHeld, 20} {
		c.Hold(bytes.Repeat([]byte("x"), size))
		c.mu.Lock() // the sweeper may be writing it, where a machine is busy
		held, memory := len(c.out), cap(c.out)
		c.mu.Unlock()
		if memory > 2*maxHeld || held > maxHeld {
			t.Errorf("after %d bytes %d are held, in memory for %d", size, held, memory)
		}
	}
	c.Flush()
	c.Close()
	total := 0
	for piece := range pieces {
		total += len(piece)
	}
	if want := 10 + 1<<20 + maxHeld + 20; total != want {
		t.Errorf("%d bytes came, want %d", total, want)
	}
}

// writing is a connection that writes while it is read, as TLS does.
type writing struct {
	net.Conn
	until time.Time // the write deadline
	reads []string
}

func (c *writing) SetWriteDeadline(t time.Time) error { c.until = t; return nil }
func (c *writing) Write(p []byte) (int, error)        { return len(p), nil }
func (c *writing) Read(p []byte) (int, error) {
	c.reads = append(c.reads, "never")
	if !c.until.IsZero() {
		c.reads[len(c.reads)-1] = time.Until(c.until).String()
	}
	return copy(p, "x"), nil
}

// TestReadsThatWrite: what a connection writes while it is read has a time to
// end, and one that is not over.
func TestReadsThatWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := net.Pipe()
		nc := &writing{Conn: server}
		c := New(nc, new(Sweeper))
		c.StallLimit(30*time.Second, 1)
		read := func(by time.Duration) {
			c.ReadBy(time.Time{})
			if by > 0 {
				c.ReadBy(time.Now().Add(by))
			}
			c.Read(make([]byte, 1))
		}
		read(60 * time.Second) // before anything was written
		time.Sleep(70 * time.Second)
		read(10 * time.Second) // the deadline of the first is good for this one
		c.Write([]byte("y"))
		time.Sleep(50 * time.Second) // that of the write is over
		read(60 * time.Second)
		read(0)
		c.SetWriteDeadline(time.Now().Add(time.Hour))
		read(60 * time.Second)
		want := []string{"1m30s", "20s", "1m30s", "never", "1h0m0s"}
		if !slices.Equal(nc.reads, want) {
			t.Errorf("%q, want %q", nc.reads, want)
		}
	})
}

// slowToSet takes its time to set a read deadline.
type slowToSet struct {
	net.Conn
	entered, leave chan struct{}
	set            atomic.Bool
}

func (c *slowToSet) SetReadDeadline(time.Time) error {
	c.entered <- struct{}{}
	<-c.leave
	c.set.Store(true)
	return nil
}

// TestWakeIsOver: when a connection is no longer idle, a Wake that found it so
// has set its deadline, and does not come in the way of another.
func TestWakeIsOver(t *testing.T) {
	_, server := net.Pipe()
	nc := &slowToSet{Conn: server, entered: make(chan struct{}), leave: make(chan struct{})}
	c := New(nc, new(Sweeper))
	c.SetIdle(true)
	go c.Wake()
	<-nc.entered
	go func() {
		for range 1000 {
			runtime.Gosched()
		}
		close(nc.leave)
	}()
	if c.SetIdle(false); !nc.set.Load() {
		t.Error("its deadline is still to come")
	}
}

// TestDeadlinesAreRare: a busy connection sets each deadline once.
func TestDeadlinesAreRare(t *testing.T) {
	c, below, client := pipe()
	pieces := collect(client)
	c.StallLimit(time.Minute, 0)
	for range 100 {
		go client.Write([]byte("x"))
		c.ReadBy(time.Now().Add(time.Minute))
		if err := c.Fill(); err != nil {
			t.Fatal(err)
		}
		c.Advance(len(c.Buffered()))
		if _, err := c.Write([]byte("y")); err != nil {
			t.Fatal(err)
		}
		<-pieces
	}
	// A connection that is not the system's own has one more, for what it writes by itself.
	if r, w := below.readDeadlines.Load(), below.writeDeadlines.Load(); r != 1 || w > 2 {
		t.Errorf("%d read deadlines, %d write deadlines", r, w)
	}
	client.Close()
}

// TestReadBy: a wait ends when it should, whatever deadlines went before it.
func TestReadBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, client := pipe()
		defer client.Close()
		for _, limit := range []time.Duration{60, 30, 90, 1, 0, 60} {
			limit *= time.Second
			began := time.Now()
			if limit == 0 {
				c.ReadBy(time.Time{})
				time.AfterFunc(1000*time.Second, func() { client.Write([]byte("x")) })
				if err := c.Fill(); err != nil || time.Since(began) != 1000*time.Second {
					t.Errorf("no limit: %v after %v", err, time.Since(began))
				}
				continue
			}
			c.ReadBy(began.Add(limit))
			if err := c.Fill(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != limit {
				t.Errorf("limit %v: %v after %v", limit, err, time.Since(began))
			}
		}
	})
}

func TestWake(t *testing.T) {
	for _, tc := range []struct {
		name string
		when func(c *Conn)
	}{
		{"before it is idle", func(c *Conn) { c.Wake() }},
		{"while it waits", func(c *Conn) { time.AfterFunc(time.Second, c.Wake) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _, client := pipe()
				defer client.Close()
				began := time.Now()
				tc.when(c)
				c.ReadBy(began.Add(time.Minute))
				c.SetIdle(true)
				if err := c.Fill(); err != ErrWoken || time.Since(began) > time.Second+wakeGrace {
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		})
	}
	t.Run("a request that has come is read", func(t *testing.T) {
		c, client := tcp(t)
		client.Write([]byte("x"))
		c.Wake()
		c.SetIdle(true)
		if err := c.Fill(); err != nil || string(c.Buffered()) != "x" {
			t.Errorf("%v, %q", err, c.Buffered())
		}
	})
	t.Run("not between requests", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, _, client := pipe()
			defer client.Close()
			c.SetIdle(true)
			c.Wake()
			c.SetIdle(false)
			c.ReadBy(time.Now().Add(time.Minute))
			time.AfterFunc(time.Second, func() { client.Write([]byte("x")) })
			if err := c.Fill(); err != nil {
				t.Errorf("a request's own wait ended: %v", err)
			}
		})
	})
}

// TestStall: a write may take as long as it moves.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, client := pipe()
		c.StallLimit(30*time.Second, 0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b := make([]byte, 10)
			for range 20 { // 400 seconds for 200 bytes
				time.Sleep(20 * time.Second)
				io.ReadFull(client, b)
			}
		}()
		began := time.Now()
		if _, err := c.Write(make([]byte, 200)); err != nil || time.Since(began) != 400*time.Second {
			t.Errorf("slow and steady: %v after %v", err, time.Since(began))
		}
		<-done
		began = time.Now()
		if _, err := c.Write(make([]byte, 200)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 60*time.Second {
			t.Errorf("nobody reads: %v after %v", err, time.Since(began))
		}
		if err := c.WriteErr(); err == nil {
			t.Error("the error is forgotten")
		}
		client.Close()
	})
}

// tcp gives a Conn over TCP, and the client's end.
func tcp(t *testing.T) (*Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, client := connect(t, l)
	return c, client.(*net.TCPConn)
}

// connect gives a Conn over a connection to l, and the client's end. It closes l.
func connect(t *testing.T, l net.Listener) (*Conn, net.Conn) {
	t.Helper()
	defer l.Close()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return New(server, new(Sweeper)), client
}

// halting gives its text in pieces, with a wait between them.
type halting struct {
	text  string
	piece int
	wait  time.Duration
}

func (h *halting) Read(p []byte) (int, error) {
	if h.text == "" {
		return 0, io.EOF
	}
	time.Sleep(h.wait)
	n := copy(p, h.text[:min(h.piece, len(h.text))])
	h.text = h.text[n:]
	return n, nil
}

// TestNothingIsLost: content whose source takes longer than the client may, and
// content for a client that takes its time, arrives whole.
func TestNothingIsLost(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(large), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		source func(t *testing.T, pause time.Duration) io.Reader
		want   string
		slow   bool // the client
	}{
		{"a halting source", func(_ *testing.T, pause time.Duration) io.Reader { return &halting{"0123456789", 1, pause} }, "0123456789", false},
		{"a string", func(*testing.T, time.Duration) io.Reader { return onlyReader{strings.NewReader(large)} }, large, true},
		{"a file", func(t *testing.T, _ time.Duration) io.Reader {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}, large, true},
		{"a pipe", func(t *testing.T, pause time.Duration) io.Reader {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
			go func() {
				defer w.Close()
				io.Copy(w, &halting{"0123456789", 2, pause})
			}()
			return r
		}, "0123456789", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			unhurried(t, func(unit time.Duration) error {
				return arrives(t, tc.source(t, 3*unit), tc.want, tc.slow, unit)
			})
		})
	}
}

// arrives sends from a source to a client that may have ten units for each write, and
// gives an error if not all has come.
func arrives(t *testing.T, source io.Reader, want string, slow bool, unit time.Duration) error {
	c, client := tcp(t)
	c.StallLimit(10*unit, 0)
	c.Write([]byte("x")) // arms the deadline, which has passed before the end
	got := make(chan []byte, 1)
	go func() {
		b := make([]byte, 1<<16)
		var all []byte
		for {
			if slow {
				time.Sleep(unit / 5)
			}
			n, err := client.Read(b)
			all = append(all, b[:n]...)
			if err != nil {
				got <- all
				return
			}
		}
	}()
	time.Sleep(15 * unit)
	sent, err := c.CopyFrom(source, -1)
	c.Close()
	all := string(<-got)
	switch {
	case !strings.HasPrefix("x"+want, all):
		return fmt.Errorf("%d bytes came, and others than were sent", len(all))
	case err != nil:
		return fmt.Errorf("%d of %d bytes, %w", sent, len(want), err)
	case sent != int64(len(want)) || len(all) != 1+len(want):
		return fmt.Errorf("%d bytes came, and %d were said to be sent, of %d", len(all)-1, sent, len(want))
	}
	return nil
}

// unhurried has somebody try something in units of 10 ms, and of twice that and so on
// where it is late, since a machine that is busy may be that itself.
func unhurried(t *testing.T, try func(unit time.Duration) error) {
	t.Helper()
	for unit := 10 * time.Millisecond; ; unit *= 2 {
		err := try(unit)
		if err == nil {
			return
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || unit > 500*time.Millisecond {
			t.Fatal(err)
		}
		t.Logf("in units of %v: %v", unit, err)
	}
}

type onlyReader struct{ io.Reader }

// TestHeadOfASlowSource: a head does not wait for the content behind it.
func TestHeadOfASlowSource(t *testing.T) {
	c, client := tcp(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	copied := make(chan error, 1)
	c.Hold([]byte("head"))
	go func() {
		_, err := c.CopyFrom(r, 7)
		copied <- err
	}()
	if _, err := io.ReadFull(client, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("content"))
	w.Close()
	if err := <-copied; err != nil {
		t.Error(err)
	}
}

// TestCloseNow: closing does not wait behind a write that is stuck.
func TestCloseNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, client := pipe()
		defer client.Close()
		c.StallLimit(time.Hour, 0)
		done := make(chan error, 1)
		go func() {
			_, err := c.Write([]byte("nobody reads this"))
			done <- err
		}()
		synctest.Wait()
		began := time.Now()
		c.CloseNow()
		if err := <-done; err == nil || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestReadBesideAWrite: reading does not wait behind a write that is stuck, for
// it may be what the client waits for.
func TestReadBesideAWrite(t *testing.T) {
	for _, tc := range []struct {
		name string
		read func(c *Conn) error
	}{
		{"Fill", (*Conn).Fill},
		{"Read", func(c *Conn) error { _, err := c.Read(make([]byte, 1)); return err }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, below, client := pipe()
			defer client.Close()
			entered := make(chan struct{}, 1)
			below.Conn = signalling{below.Conn, entered}
			go c.Write([]byte("nobody reads this"))
			<-entered
			done := make(chan error, 1)
			go func() { done <- tc.read(c) }()
			go client.Write([]byte("x"))
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("it waits for the write")
			}
		})
	}
}

// signalling tells when a write begins.
type signalling struct {
	net.Conn
	entered chan<- struct{}
}

func (s signalling) Write(p []byte) (int, error) {
	s.entered <- struct{}{}
	return s.Conn.Write(p)
}

// TestReclaimBesideTheSweeper: taking the write deadline back does not leave the
// sweeper without one.
func TestReclaimBesideTheSweeper(t *testing.T) {
	for _, tc := range []struct {
		name  string
		stall time.Duration
		own   func() time.Time
	}{
		{"the limit comes first", 50 * time.Millisecond, func() time.Time { return time.Now().Add(time.Hour) }},
		{"there is only the limit", 50 * time.Millisecond, func() time.Time { return time.Time{} }},
		{"their own comes first", time.Hour, func() time.Time { return time.Now().Add(100 * time.Millisecond) }},
		{"there is only their own", 0, func() time.Time { return time.Now().Add(100 * time.Millisecond) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, below, client := pipe()
			defer client.Close()
			entered := make(chan struct{}, 1)
			below.Conn = signalling{below.Conn, entered}
			c.StallLimit(tc.stall, 0)
			c.SetWriteDeadline(tc.own())
			c.Hold([]byte("nobody reads this"))
			<-entered
			done := make(chan struct{})
			go func() { c.Reclaim(); close(done) }()
			select {
			case <-done:
				if err := c.WriteErr(); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("the write does not end")
			}
		})
	}
}

// TestOwnDeadlineWins: a deadline that somebody sets while a read or a write
// begins is not lost to the limit's.
func TestOwnDeadlineWins(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(c *Conn)
	}{
		{"read", func(c *Conn) { c.ReadBy(time.Now().Add(time.Hour)); c.Read(make([]byte, 1)) }},
		{"write", func(c *Conn) { c.StallLimit(time.Hour, 0); c.Write([]byte("x")) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, below, client := pipe()
			client.Close()
			set := 0
			below.Conn = watched{below.Conn, func() {
				set++
				if c.owns.TryLock() {
					t.Error("another deadline could be set first, and be lost")
					c.owns.Unlock()
				}
			}}
			tc.do(c)
			if set == 0 {
				t.Error("no deadline was set")
			}
		})
	}
}

// watched tells when a deadline is set.
type watched struct {
	net.Conn
	deadline func()
}

func (w watched) SetReadDeadline(t time.Time) error {
	w.deadline()
	return w.Conn.SetReadDeadline(t)
}

func (w watched) SetWriteDeadline(t time.Time) error {
	w.deadline()
	return w.Conn.SetWriteDeadline(t)
}

// TestWakeWhileLingering: a Wake just before the deadline of the lingering ends
// it as one after that does.
func TestWakeWhileLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, below, client := pipe()
		defer client.Close()
		woken := false
		below.Conn = halfCloser{watched{below.Conn, func() {
			if !woken {
				woken = true
				c.Wake()
			}
		}}}
		c.nc = below.Conn
		began := time.Now()
		c.Linger(time.Hour, 1, true)
		if took := time.Since(began); took > wakeGrace {
			t.Errorf("it took %v", took)
		}
	})
}

type halfCloser struct{ net.Conn }

func (halfCloser) CloseWrite() error { return nil }

// TestFileReadAgain: a file that was read into a buffer, of which nothing could
// be written at first, arrives from its beginning.
func TestFileReadAgain(t *testing.T) {
	if !canLook {
		t.Skip("what was broken off is not tried again on this system")
	}
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	synctest.Test(t, func(t *testing.T) {
		_, server := net.Pipe()
		below := &buffering{Conn: server}
		c := New(below, new(Sweeper))
		c.StallLimit(time.Second, 0)
		n, err := c.CopyFrom(f, -1)
		if got := below.got.String(); n != 10 || err != nil || got != "0123456789" {
			t.Errorf("%d, %v: %q", n, err, got)
		}
	})
}

// buffering is a connection of the system's that copies by way of a buffer. It
// takes nothing at first.
type buffering struct {
	net.Conn
	by  time.Time
	got bytes.Buffer
}

func (*buffering) SyscallConn() (syscall.RawConn, error) { return nil, errors.ErrUnsupported }
func (b *buffering) SetWriteDeadline(by time.Time) error { b.by = by; return nil }

func (b *buffering) ReadFrom(r io.Reader) (int64, error) {
	late := time.Until(b.by) > lookTime
	p := make([]byte, 4)
	n, err := r.Read(p)
	if late {
		time.Sleep(time.Until(b.by))
		return 0, os.ErrDeadlineExceeded
	}
	if err != nil {
		return 0, err
	}
	b.got.Write(p[:n])
	rest, err := b.got.ReadFrom(r)
	return int64(n) + rest, err
}

// TestSweeperSurvives: a connection that panics ends, and nothing else does.
func TestSweeperSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, below, client := pipe()
		defer client.Close()
		below.Conn = explosive{below.Conn}
		c.Hold([]byte("x"))
		time.Sleep(3 * tick)
		if err := c.WriteErr(); err == nil || !strings.Contains(err.Error(), "on purpose") {
			t.Error(err)
		}
		if err := c.Flush(); err == nil {
			t.Error("it can be written to again")
		}
	})
}

type explosive struct{ net.Conn }

func (explosive) Write([]byte) (int, error) { panic("on purpose") }

// TestBrokenForGood: a connection whose write deadline cannot be mended, as
// TLS's, is given up at once.
func TestBrokenForGood(t *testing.T) {
	c, below, client := pipe()
	defer client.Close()
	below.Conn = stuck{below.Conn}
	c.StallLimit(time.Minute, 0)
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if n := below.writeDeadlines.Load(); n > 2 {
		t.Errorf("%d deadlines were set", n)
	}
	c.ReadBy(time.Now().Add(time.Minute))
	if err := c.Fill(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	c.ReadBy(time.Time{})
	if err := c.Fill(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if n := below.reads.Load(); n > 6 {
		t.Errorf("%d reads", n)
	}
}

type stuck struct{ net.Conn }

func (stuck) Read([]byte) (int, error)  { return 0, os.ErrDeadlineExceeded }
func (stuck) Write([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// TestBuffer: what is left unread survives growing and moving.
func TestBuffer(t *testing.T) {
	c, _, client := pipe()
	defer client.Close()
	text := make([]byte, 3*inputSize)
	for i := range text {
		text[i] = byte(i % 251)
	}
	go client.Write(text)
	got := []byte{}
	for len(got)+len(c.Buffered()) < len(text) {
		if err := c.Fill(); err != nil {
			t.Fatal(err)
		}
		if n := len(c.Buffered()); n > 100 && len(got) < inputSize {
			got = append(got, c.Buffered()[:100]...)
			c.Advance(100)
		}
	}
	rest := make([]byte, len(c.Buffered()))
	if n, err := c.Read(rest); n != len(rest) || err != nil {
		t.Fatal(n, err)
	}
	if got = append(got, rest...); !bytes.Equal(got, text) {
		t.Errorf("%d bytes came out, %d went in", len(got), len(text))
	}
}

func TestCopyFrom(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), copyBelow/8)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, large, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		n      int64
		sent   int64
		writes int64 // 0: as many as it takes
	}{
		{"a small part", 100, 100, 1},
		{"nothing", 0, 0, 0},
		{"a large part", copyBelow, copyBelow, 0},
		{"all", -1, int64(len(large)), 0},
		{"more than there is", int64(len(large)) + 100, int64(len(large)), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, below, client := pipe()
			got := make(chan []byte, 1)
			go func() {
				b, _ := io.ReadAll(client)
				got <- b
			}()
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			c.Hold([]byte("head "))
			sent, err := c.CopyFrom(f, tc.n)
			if err != nil || sent != tc.sent {
				t.Errorf("%d, %v", sent, err)
			}
			c.Flush()
			c.Close()
			if b := <-got; string(b) != "head "+string(large[:tc.sent]) {
				t.Errorf("%d bytes came", len(b))
			}
			if w := below.writes.Load(); tc.writes > 0 && w != tc.writes {
				t.Errorf("%d writes", w)
			}
		})
	}
}

// impossible is a reader that says it has read so many bytes more than it was asked
// for, or fewer than none.
type impossible int

func (i impossible) Read(p []byte) (int, error) {
	if i < 0 {
		return int(i), nil
	}
	return len(p) + int(i), nil
}

// TestCopyFromImpossible: nothing is written of what cannot have been read.
func TestCopyFromImpossible(t *testing.T) {
	for _, tc := range []struct {
		name string
		r    io.Reader
		n    int64
		want error
	}{
		{"more than asked for", impossible(1), 5, strict.ErrCount},
		{"far more", impossible(1 << 30), 5, strict.ErrCount},
		{"more than asked for, without a bound", impossible(1), -1, strict.ErrCount},
		{"more than asked for, bounded twice", &io.LimitedReader{R: impossible(1), N: 5}, 5, strict.ErrCount},
		{"less than nothing", impossible(-1), 5, strict.ErrCount},
		{"neither bytes nor an end", spinning{}, 5, io.ErrNoProgress},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, below, client := pipe()
			defer client.Close()
			if sent, err := c.CopyFrom(tc.r, tc.n); sent != 0 || !errors.Is(err, tc.want) {
				t.Errorf("%d, %v, want %v", sent, err, tc.want)
			}
			if n := below.writes.Load(); n > 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

type spinning struct{}

func (spinning) Read([]byte) (int, error) { return 0, nil }
