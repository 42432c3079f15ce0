//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// pipe gives the ends of a pipe, until the test ends.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Close(fds[0])
		syscall.Close(fds[1])
	})
	return fds[0], fds[1]
}

// A keeper is who keeps a vigil in a test: who serves a connection.
type keeper struct {
	name string
	slow bool // a worker, and not the poller
	poll bool // it is the poller, as long as it does not wait
}

var keepers = []keeper{
	{name: "a poller", poll: true},
	{name: "a worker", slow: true},
	{name: "a goroutine of its own"},
}

// serve has keep called by the keeper, who serves the connection of a client, and
// returns when that has ended.
func (k keeper) serve(t *testing.T, keep func(g *Group, c, other *Conn, client, others *net.TCPConn)) {
	t.Helper()
	l, g := onePoller(t)
	noWatchdog(g)
	if k.slow {
		slowGroup(g)
	}
	server, client := connect(t, l)
	second, others := connect(t, l)
	done := make(chan struct{})
	run := func(c *Conn) {
		defer close(done)
		keep(g, c, second.(*Conn), client, others)
	}
	if k.poll || k.slow {
		park(t, server.(*Conn), time.Time{}, run)
		client.Write([]byte("a"))
	} else {
		go run(server.(*Conn))
	}
	taken(t, "the end of the vigil", done)
}

// TestVigil: a vigil ends when what is awaited comes, before or after it began, and is
// over when it does not come; and those who wait for the poller are served meanwhile.
func TestVigil(t *testing.T) {
	for _, k := range keepers {
		t.Run(k.name, func(t *testing.T) {
			t.Run("it has come", func(t *testing.T) {
				r, w := pipe(t)
				syscall.Write(w, []byte("x"))
				k.serve(t, func(_ *Group, c, _ *Conn, _, _ *net.TCPConn) {
					if !c.Vigil().Await(r, patience) {
						t.Error("nothing can be read")
					}
					if got := c.IsServedAtOnce(); got != k.poll {
						t.Errorf("served at once: %v", got)
					}
				})
			})
			t.Run("its end has come", func(t *testing.T) {
				var fds [2]int
				if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
					t.Fatal(err)
				}
				defer syscall.Close(fds[0])
				syscall.Close(fds[1])
				k.serve(t, func(_ *Group, c, _ *Conn, _, _ *net.TCPConn) {
					if !c.Vigil().Await(fds[0], patience) {
						t.Error("the end cannot be read")
					}
				})
			})
			t.Run("it comes to another descriptor, too", func(t *testing.T) {
				r, w := pipe(t)
				k.serve(t, func(_ *Group, c, _ *Conn, _, _ *net.TCPConn) {
					copied, _ := syscall.Dup(r)
					defer syscall.Close(copied)
					time.AfterFunc(longWait/4, func() { syscall.Write(w, []byte("x")) })
					if v := c.Vigil(); !v.Await(copied, patience) || !v.Await(r, patience) {
						t.Error("nothing can be read")
					}
				})
			})
			t.Run("it comes late", func(t *testing.T) {
				r, w := pipe(t)
				k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
					v := c.Vigil()
					written := make(chan struct{})
					go func() {
						defer close(written)
						if eventually(func() bool { return awaiters(g) == 1 }) { // the poller does not wait for it any longer
							syscall.Write(w, []byte("x"))
						}
					}()
					if !v.Await(r, patience) {
						t.Error("nothing can be read")
					}
					if c.IsServedAtOnce() {
						t.Error("the poller has waited for it")
					}
					taken(t, "the writer's end", written)
					noAwaiters(t, g)
				})
			})
			t.Run("it does not come", func(t *testing.T) {
				r, w := pipe(t)
				k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
					g.watching.Store(false) // the watchdog tells who is late
					if began := time.Now(); c.Vigil().Await(r, 2*longWait) || time.Since(began) < 2*longWait {
						t.Errorf("over in %v", time.Since(began))
					}
					noAwaiters(t, g)
					syscall.Write(w, []byte("x"))
					if !c.Vigil().Await(r, patience) { // the descriptor is no longer looked after
						t.Error("then nothing can be read")
					}
					settled(t, "the watchdog has ended", func() bool { return !g.watching.Load() })
				})
			})
			t.Run("no time", func(t *testing.T) {
				r, _ := pipe(t)
				k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
					if c.Vigil().Await(r, 0) {
						t.Error("something can be read")
					}
					noAwaiters(t, g)
				})
			})
			t.Run("others are served meanwhile", func(t *testing.T) {
				r, w := pipe(t)
				k.serve(t, func(_ *Group, c, other *Conn, _, others *net.TCPConn) {
					park(t, other, time.Time{}, func(*Conn) { syscall.Write(w, []byte("x")) })
					others.Write([]byte("b"))
					if !c.Vigil().Await(r, patience) {
						t.Error("nothing can be read")
					}
				})
			})
			t.Run("others come meanwhile", func(t *testing.T) {
				r, w := pipe(t)
				k.serve(t, func(_ *Group, c, other *Conn, _, others *net.TCPConn) {
					park(t, other, time.Time{}, func(*Conn) { syscall.Write(w, []byte("x")) })
					v := c.Vigil()
					time.AfterFunc(longWait/4, func() { others.Write([]byte("b")) })
					if !v.Await(r, patience) {
						t.Error("nothing can be read")
					}
				})
			})
			t.Run("no descriptor", func(t *testing.T) {
				k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
					c.handOver() // a poller itself is told that something is wrong with it
					if c.Vigil().Await(1<<20, patience) {
						t.Error("something can be read")
					}
					noAwaiters(t, g)
				})
			})
		})
	}
	if (Vigil{}).Await(0, patience) {
		t.Error("a vigil of no connection can wait")
	}
}

// TestManyVigils: those of many connections at once, which come in any order.
func TestManyVigils(t *testing.T) {
	for _, k := range keepers[:2] {
		t.Run(k.name, func(t *testing.T) {
			l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
			if k.slow {
				slowGroup(g)
			}
			const many, times = 40, 25
			ends := make(chan int, many)
			for i := range many {
				server, client := connect(t, l)
				r, w := pipe(t)
				left := times
				var serve func(*Conn)
				serve = func(c *Conn) {
					for {
						if n, err := c.TryRead(make([]byte, 1)); err == syscall.EAGAIN {
							if c.Park(&task{c, serve}, time.Time{}) {
								return
							}
							continue
						} else if n == 0 {
							return
						}
						v := c.Vigil()
						// Some come at once, some in a moment, and some late.
						after := time.Duration((i+left)%4) * longWait / 2
						time.AfterFunc(after, func() { syscall.Write(w, []byte("x")) })
						if !v.Await(r, patience) {
							t.Error("nothing can be read")
						}
						syscall.Read(r, make([]byte, 1))
						if left--; left == 0 {
							ends <- i
							return
						}
						client.Write([]byte("a"))
					}
				}
				park(t, server.(*Conn), time.Time{}, serve)
				client.Write([]byte("a"))
			}
			for range many {
				taken(t, "the end of a connection", ends)
			}
			noAwaiters(t, g)
			g.mu.Lock()
			defer g.mu.Unlock()
			registered := 0
			for _, p := range g.pollers {
				registered += int(p.registered.Load())
			}
			if registered != many {
				t.Errorf("%d connections are looked after", registered)
			}
		})
	}
}

// TestVigilAtTheEnd: a vigil that outlives the connections ends with the pollers.
func TestVigilAtTheEnd(t *testing.T) {
	l, g := onePoller(t)
	noWatchdog(g)
	server, _ := connect(t, l)
	c := server.(*Conn)
	r, _ := pipe(t)
	over := make(chan bool, 1)
	go func() { over <- c.Vigil().Await(r, time.Hour) }()
	settled(t, "somebody waits", func() bool { return awaiters(g) == 1 })
	c.Close()
	l.Close()
	g.Close()
	if taken(t, "the end of the vigil", over) {
		t.Error("something can be read")
	}
	if c.Vigil().Await(r, time.Hour) {
		t.Error("then something can be read")
	}
}

// TestVigilsTime: the time of a vigil that ends soon is not held against the
// connections, and that of one that takes long is.
func TestVigilsTime(t *testing.T) {
	for _, k := range keepers[:2] {
		t.Run(k.name, func(t *testing.T) {
			r, w := pipe(t)
			k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
				excused := func() time.Duration {
					if k.slow {
						return *c.excused
					}
					return time.Duration(g.pollers[0].excused.Load())
				}
				v := c.Vigil()
				began := now()
				for now() == began {
				}
				syscall.Write(w, []byte("x"))
				if atLeast := time.Duration(now() - began); !v.Await(r, patience) || excused() < atLeast {
					t.Errorf("%v of %v and more", excused(), atLeast)
				}
			})
			k.serve(t, func(g *Group, c, _ *Conn, _, _ *net.TCPConn) {
				g.watching.Store(false)
				r, _ := pipe(t)
				if c.Vigil().Await(r, 2*longWait) {
					t.Error("it has come")
				}
				if k.slow && *c.excused != 0 || !k.slow && g.pollers[0].excused.Load() != 0 {
					t.Error("it is excused")
				}
				settled(t, "the watchdog has ended", func() bool { return !g.watching.Load() })
			})
		})
	}
}

// TestMove: a connection whose vigil others had to wait for is left to a poller that has
// less to look after, and goes on to be served.
func TestMove(t *testing.T) {
	before := runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(before)
	l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	const many = 6
	conns, clients := make([]*Conn, many), make([]*net.TCPConn, many)
	served := make(chan int, many)
	serve := func(i int) func(*Conn) {
		return func(c *Conn) {
			c.TryRead(make([]byte, 1))
			served <- i
		}
	}
	var first *poller
	for i := range conns {
		server, client := connect(t, l)
		conns[i], clients[i] = server.(*Conn), client
		conns[i].server.Store(g.pollers[0])
		conns[i].serving.Store(1) // as one that this poller has accepted
		park(t, conns[i], time.Time{}, serve(i))
		first = conns[0].poller.Load()
	}
	placed := func() (there, elsewhere int32) {
		for _, p := range g.pollers {
			if p == first {
				there = p.registered.Load()
			} else {
				elsewhere += p.registered.Load()
			}
		}
		return there, elsewhere
	}
	if there, elsewhere := placed(); there != many-1 || elsewhere != 1 { // while they are few, they are where they were
		t.Fatalf("%d and %d", there, elsewhere)
	}
	for range 2 { // twice, and those that have been moved are left where they are
		for i, c := range conns {
			c.moves = true
			clients[i].Write([]byte("a"))
			taken(t, "the service of a connection", served)
			park(t, c, time.Time{}, serve(i))
		}
		if there, elsewhere := placed(); there != many/2 || elsewhere != many/2 {
			t.Errorf("%d and %d", there, elsewhere)
		}
	}
	for i, c := range conns {
		clients[i].Close()
		taken(t, "the end of a connection", served)
		c.Close()
	}
	if there, elsewhere := placed(); there+elsewhere != 0 {
		t.Errorf("%d and %d are left", there, elsewhere)
	}
}

// awaiters gives how many wait to be told of something.
func awaiters(g *Group) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.pollers {
		p.mu.Lock()
		n += len(p.awaiters)
		p.mu.Unlock()
	}
	return n
}

// noAwaiters checks that nobody is left to be told of anything.
func noAwaiters(t *testing.T, g *Group) {
	t.Helper()
	if n := awaiters(g); n > 0 {
		t.Errorf("%d wait", n)
	}
}
