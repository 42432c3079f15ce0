package wire

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver/internal/socket"
)

// A parking is a direct connection over another, as the test wants it to be.
type parking struct {
	net.Conn
	tries   int
	reads   []string // what TryRead gives, one after the other; then there is nothing
	refuses int      // how often Park does
	parked  int
	job     socket.Job
}

func (p *parking) TryRead(b []byte) (int, error) {
	p.tries++
	if len(p.reads) == 0 {
		return 0, syscall.EAGAIN
	}
	text := p.reads[0]
	p.reads = p.reads[1:]
	if text == "" {
		return 0, io.EOF
	}
	return copy(b, text), nil
}

func (p *parking) TryWriteTwo(head, tail []byte) (int, error) {
	n, err := p.Write(append(head[:len(head):len(head)], tail...))
	return n, err
}

func (p *parking) SendFile([]byte, int, int64, int64) (int64, error) { return 0, syscall.EINVAL }

func (p *parking) Park(job socket.Job, by time.Time) bool {
	if p.refuses > 0 {
		p.refuses--
		return false
	}
	p.parked++
	p.job = job
	return true
}

func (p *parking) Unpark() {}

func (p *parking) Yield() {}

func (p *parking) Vigil() socket.Vigil { return socket.Vigil{} }

type noJob struct{}

func (noJob) Resume() {}

// TestPark: a connection is left where nothing has come and it lets itself be left,
// and never tried for ever.
func TestPark(t *testing.T) {
	for _, tc := range []struct {
		name     string
		prepare  func(*Conn, *parking)
		by       time.Time
		parks    bool
		buffered string
		maxTries int
	}{
		{"nothing has come", func(*Conn, *parking) {}, time.Time{}, true, "", 1},
		{"and there is time", func(*Conn, *parking) {}, time.Now().Add(time.Hour), true, "", 1},
		{"and there is none", func(*Conn, *parking) {}, time.Now(), false, "", 1},
		{"something has come", func(_ *Conn, p *parking) { p.reads = []string{"abc"} }, time.Time{}, false, "abc", 1},
		{"something has come, and there is no time", func(_ *Conn, p *parking) { p.reads = []string{"abc"} }, time.Now(), false, "abc", 1},
		{"the end has come", func(_ *Conn, p *parking) { p.reads = []string{""} }, time.Time{}, false, "", 1},
		{"something is buffered", func(c *Conn, _ *parking) { c.in = []byte("abc"); c.w = 3 }, time.Time{}, false, "abc", 0},
		{"something has happened", func(_ *Conn, p *parking) { p.refuses = 1 }, time.Time{}, true, "", 2},
		{"it will not be left", func(_ *Conn, p *parking) { p.refuses = 1 << 30 }, time.Time{}, false, "", maxParks},
		{"it was woken", func(c *Conn, _ *parking) { c.Wake() }, time.Time{}, false, "", 1},
		{"it is watched", func(c *Conn, _ *parking) { c.watch.Store(new(watch)) }, time.Time{}, false, "", 0},
		{"it has a deadline of somebody's", func(c *Conn, _ *parking) { c.SetReadDeadline(time.Time{}) }, time.Time{}, false, "", 0},
		{"a write has failed", func(c *Conn, _ *parking) { c.failWrite(io.ErrShortWrite) }, time.Time{}, false, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := net.Pipe()
			defer client.Close()
			defer server.Close()
			below := &parking{Conn: server}
			c := New(below, new(Sweeper))
			tc.prepare(c, below)
			parks := c.Park(noJob{}, tc.by, true)
			if parks != tc.parks || below.parked > 0 != tc.parks || below.tries > tc.maxTries || string(c.Buffered()) != tc.buffered {
				t.Errorf("parks: %v, parked %d times, %d reads, then %q is buffered", parks, below.parked, below.tries, c.Buffered())
			}
			if idle := c.idle.Load(); idle != tc.parks {
				t.Errorf("idle: %v", idle)
			}
			if parks && (c.in != nil || c.out != nil || c.memory != nil) {
				t.Error("it keeps its memory")
			}
		})
	}
}

// TestParkWritesWhatIsHeld: nothing is left with the connection.
func TestParkWritesWhatIsHeld(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	pieces := collect(client)
	c := New(&parking{Conn: server}, new(Sweeper))
	c.Hold([]byte("abc"))
	if !c.Park(noJob{}, time.Time{}, false) {
		t.Error("it does not park")
	}
	if got := <-pieces; got != "abc" {
		t.Errorf("%q", got)
	}
}

// TestReadsDoNotWaitForWrites: a client that takes nothing until what it sends is
// read does not keep it from being read, whatever has become of the input's memory.
func TestReadsDoNotWaitForWrites(t *testing.T) {
	for _, tc := range []struct {
		name string
		read func(*Conn)
	}{
		{"Fill", func(c *Conn) {
			if err := c.Fill(); err != nil || string(c.Buffered()) != "abc" {
				t.Errorf("%q, %v", c.Buffered(), err)
			}
		}},
		{"Park", func(c *Conn) {
			if !c.Park(noJob{}, time.Time{}, false) {
				t.Error("it does not park")
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := net.Pipe()
			writing := make(chan struct{})
			c := New(&parking{Conn: &telling{Conn: server, writing: writing}}, new(Sweeper))
			written := make(chan error, 1)
			go func() { _, err := c.Write([]byte("answer")); written <- err }()
			<-writing
			go client.Write([]byte("abc"))
			done := make(chan struct{})
			go func() { defer close(done); tc.read(c) }()
			select {
			case <-done:
			case <-time.After(patience):
				t.Error("it waits for the write")
			}
			client.Close()
			if <-written == nil {
				t.Error("the write has not waited")
			}
			server.Close()
			<-done
		})
	}
}

// A telling connection tells when it is written to.
type telling struct {
	net.Conn
	writing chan struct{}
}

func (c *telling) Write(p []byte) (int, error) { close(c.writing); return c.Conn.Write(p) }
