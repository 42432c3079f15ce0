package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// brittle is a connection that cannot take up a write which was cut short, as
// TLS.
type brittle struct {
	net.Conn
	err error
}

func (c *brittle) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		c.err = err
		n = 0
	}
	return n, err
}

// sip reads n bytes at a time, and waits before each. It ends with the
// connection, or after a number of times if there is one.
func sip(client net.Conn, n int, wait time.Duration, times int) {
	b := make([]byte, n)
	for i := 0; times == 0 || i < times; i++ {
		time.Sleep(wait)
		if _, err := io.ReadFull(client, b); err != nil {
			return
		}
	}
}

// TestWindow has what a client may do with an answer. The limit is 30 seconds,
// in which it has to take 4096 bytes.
func TestWindow(t *testing.T) {
	const s = time.Second
	large := func(c *Conn) error { _, err := c.Write(make([]byte, 1<<20)); return err }
	many := func(size int, pause time.Duration, times int) func(*Conn) error {
		return func(c *Conn) error {
			p := make([]byte, size)
			for range times {
				if _, err := c.Write(p); err != nil {
					return err
				}
				time.Sleep(pause)
			}
			return nil
		}
	}
	file := func(c *Conn) error {
		f, err := os.CreateTemp("", "")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name())
		defer f.Close()
		f.Truncate(1 << 20)
		_, err = c.CopyFrom(f, -1)
		return err
	}
	for _, tc := range []struct {
		name   string
		server func(*Conn) error
		client func(net.Conn)
		ends   time.Duration // when it is cut; 0: never
		tls    time.Duration // and where pieces have to be taken whole; 0: then too
	}{
		{"takes nothing", large, func(net.Conn) {}, 33750 * time.Millisecond, 0},
		{"takes nothing of a little", many(10, 0, 1), func(net.Conn) {}, 33750 * time.Millisecond, 0},
		{"takes nothing of a file", file, func(net.Conn) {}, 33750 * time.Millisecond, 0},
		{"trickles, one write", large, func(c net.Conn) { sip(c, 100, s, 0) }, 33750 * time.Millisecond, 0},
		{"trickles, a file", file, func(c net.Conn) { sip(c, 100, s, 0) }, 33750 * time.Millisecond, 0},
		{"a few bytes every 29 s", large, func(c net.Conn) { sip(c, 50, 29*s, 0) }, 33750 * time.Millisecond, 0},
		{"trickles, many writes", many(100, 0, 1000), func(c net.Conn) { sip(c, 100, s, 0) }, 33750 * time.Millisecond, 0},
		// Waits of 25 s and 5 s, with pauses, are the limit. The next is too much.
		{"trickles, writes with pauses", many(100, 20*s, 1000), func(c net.Conn) { sip(c, 100, 25*s, 0) }, 73750 * time.Millisecond, 0},
		{"takes enough, then stops", large, func(c net.Conn) { sip(c, 1<<16+5000, 0, 1) }, 63750 * time.Millisecond, 33750 * time.Millisecond},
		// Enough at once, a trickle until just before the deadline has to be set
		// again, and a write that ends just before it: then the next is looked at.
		{"takes enough, then trickles", many(4096, 0, 1000), func(c net.Conn) {
			sip(c, 4096, 0, 1)
			sip(c, 4096, 33*s, 1)
			sip(c, 10, s, 0)
		}, (33*s + 33750*time.Millisecond), 0},
		{"slow, but fast enough", large, func(c net.Conn) { sip(c, 16<<10, s, 0) }, 0, 0},
		{"slow, but fast enough, a file", file, func(c net.Conn) { sip(c, 16<<10, s, 0) }, 0, 0},
		{"slow, but fast enough, many writes", many(100, 0, 10000), func(c net.Conn) { sip(c, 16<<10, s, 0) }, 0, 0},
		{"just enough, many writes", many(1024, 0, 100), func(c net.Conn) { sip(c, 1024, 7*s, 0) }, 0, 0},
		{"just enough, one write", large, func(c net.Conn) { sip(c, 4096, 29*s, 0) }, 0, 33750 * time.Millisecond},
		{"events every 25 s", many(20, 25*s, 1000), func(c net.Conn) { sip(c, 20, 0, 0) }, 0, 0},
		{"events every 10 min", many(20, 600*s, 100), func(c net.Conn) { sip(c, 20, 0, 0) }, 0, 0},
		{"events at once and all the time", many(20, time.Millisecond, 100000), func(c net.Conn) { sip(c, 20, 0, 0) }, 0, 0},
	} {
		for _, kind := range []string{"plain", "system", "brittle"} {
			t.Run(tc.name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, below, client := pipe()
					ends := tc.ends
					switch kind {
					case "system":
						c.system = true
						if ends > 0 && canLook {
							ends += lookTime
						}
					case "brittle":
						below.Conn = &brittle{Conn: below.Conn}
						if tc.tls > 0 {
							ends = tc.tls
						}
					}
					c.StallLimit(30*s, 4096)
					began := time.Now()
					done := make(chan struct{})
					go func() { tc.client(client); close(done) }()
					err := tc.server(c)
					gone := time.Since(began)
					client.Close()
					<-done
					switch {
					case ends == 0 && err != nil:
						t.Errorf("cut after %v: %v", gone, err)
					case ends > 0 && (!errors.Is(err, os.ErrDeadlineExceeded) || gone != ends):
						t.Errorf("%v after %v, want it cut after %v", err, gone, ends)
					}
					if n, most := below.writeDeadlines.Load(), 3+int64(gone/(30*s/8)); n > most {
						t.Errorf("%d deadlines in %v", n, gone)
					}
				})
			})
		}
	}
}

// TestWindowOverSockets: the system says only when there is a lot of room that
// there is some again. A client that is slow is not cut for that.
func TestWindowOverSockets(t *testing.T) {
	if !canLook {
		t.Skip("not on this system")
	}
	t.Parallel()
	unhurried(t, func(unit time.Duration) error {
		c, client := unix(t)
		c.StallLimit(50*unit, 4096)
		go sip(client, 5<<10, 5*unit, 0) // the room comes after 160 units
		began := time.Now()
		for sent := 0; sent < 300<<10; sent += 8 << 10 {
			if _, err := c.Write(make([]byte, 8<<10)); err != nil {
				return fmt.Errorf("cut after %v and %d bytes: %w", time.Since(began), sent, err)
			}
		}
		return nil
	})
}

// unix gives a Conn over a Unix socket, and the client's end.
func unix(t *testing.T) (*Conn, *net.UnixConn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "") // t.TempDir's name may be too long for a socket's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(10047)) { // WSAEAFNOSUPPORT
		t.Skip("this system has no Unix sockets")
	}
	if err != nil {
		t.Fatal(err)
	}
	c, client := connect(t, l)
	return c, client.(*net.UnixConn)
}
