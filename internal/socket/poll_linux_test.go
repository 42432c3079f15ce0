//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestNoPoller: where nobody can look after a connection, those that would wait get
// an error, each of them, and those that need not wait go on.
func TestNoPoller(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(*Conn, *Group)
	}{
		{"the group is closed", func(_ *Conn, g *Group) { g.Close() }},
		{"the poller is closed", func(_ *Conn, g *Group) {
			for _, p := range g.pollers {
				p.gate.Close()
			}
		}},
		{"the system refuses", func(c *Conn, g *Group) {
			// It does so for want of memory, which is not to be had in a test, and for what is there already.
			for _, p := range g.pollers {
				syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, c.fd, &event{})
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
			server, client := connect(t, l)
			c := server.(*Conn)
			tc.end(c, g)
			if c.Park(make(job, 1), time.Time{}) {
				t.Error("it parks")
			}
			var waits sync.WaitGroup
			for range 4 {
				waits.Go(func() {
					if _, err := c.Read(make([]byte, 1)); err == nil {
						t.Error("a read has waited, and found something")
					}
				})
				waits.Go(func() {
					if _, err := c.Write(make([]byte, 64<<20)); err == nil {
						t.Error("64 MiB went")
					}
				})
			}
			done := make(chan struct{})
			go func() { defer close(done); waits.Wait() }()
			taken(t, "the end of all waits", done)
			client.Write([]byte("abc"))
			hasCome(t, c, 3)
			if n, err := c.Read(make([]byte, 9)); n != 3 || err != nil {
				t.Errorf("read %d, %v", n, err)
			}
			for _, p := range g.pollers {
				if fd := descriptor(t, c); fd < len(*p.conns.Load()) && (*p.conns.Load())[fd].Load() != nil {
					t.Error("a poller keeps it all the same")
				}
			}
		})
	}
}

// TestTableGrows: connections are found whatever their descriptors are, and none is
// after it was closed, nor by the events of those that had the descriptor before.
func TestTableGrows(t *testing.T) {
	l, g := onePoller(t)
	p := g.pollers[0]
	jobs := make(chan *Conn, 1)
	const many = 300
	var conns []*Conn
	var clients []*net.TCPConn
	for range many {
		server, client := connect(t, l)
		c := server.(*Conn)
		conns, clients = append(conns, c), append(clients, client)
		park(t, c, time.Time{}, func(c *Conn) { jobs <- c })
	}
	for i, c := range conns {
		clients[i].Write([]byte("a"))
		if got := taken(t, "the resumption", jobs); got != c {
			t.Errorf("another one was resumed: %d, not %d", got.fd, c.fd)
		}
		if found := p.find(&event{Fd: int32(c.fd), Pad: c.number}); found != c {
			t.Errorf("%d: %p", c.fd, found)
		}
		if found := p.find(&event{Fd: int32(c.fd), Pad: c.number - 1}); found != nil {
			t.Errorf("%d: found by an earlier number", c.fd)
		}
		c.Close()
		if found := p.find(&event{Fd: int32(c.fd), Pad: c.number}); found != nil {
			t.Errorf("%d: found after it was closed", c.fd)
		}
	}
}
