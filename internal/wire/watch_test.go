package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// overTLS gives a Conn over TLS over TCP, and the client's end, after the
// handshake.
func overTLS(t *testing.T) (*Conn, *tls.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, below := tcp(t)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server, client := tls.Server(c.nc, config), tls.Client(below, &tls.Config{InsecureSkipVerify: true})
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return New(server, new(Sweeper)), client
}

// connections has each kind of connection there is.
var connections = []struct {
	name string
	make func(t *testing.T) (*Conn, net.Conn)
}{
	{"pipe", func(t *testing.T) (*Conn, net.Conn) { c, _, client := pipe(); return c, client }},
	{"TCP", func(t *testing.T) (*Conn, net.Conn) { c, client := tcp(t); return c, client }},
	{"Unix", func(t *testing.T) (*Conn, net.Conn) { c, client := unix(t); return c, client }},
	{"TLS", func(t *testing.T) (*Conn, net.Conn) { c, client := overTLS(t); return c, client }},
}

// noGoroutines checks at the test's end that none is left that was not there.
func noGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Fatalf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
			}
		}
	})
}

func never(t *testing.T) func(error) { return func(err error) { t.Errorf("gone: %v", err) } }

// TestWatchLosesNothing: what comes is read once and in order, however watches
// begin and end meanwhile.
func TestWatchLosesNothing(t *testing.T) {
	for _, kind := range connections {
		t.Run(kind.name, func(t *testing.T) {
			noGoroutines(t)
			c, client := kind.make(t)
			text := make([]byte, 1<<20)
			random := mathrand.NewChaCha8([32]byte{})
			random.Read(text)
			go func() {
				for rest := text; len(rest) > 0; {
					n := min(len(rest), 1+mathrand.IntN(3*maxWatched))
					client.Write(rest[:n])
					rest = rest[n:]
				}
				client.Close()
			}()
			c.ReadBy(time.Now().Add(time.Minute))
			var got []byte
			watched, p := false, make([]byte, 2*inputSize)
			for {
				if mathrand.IntN(4) == 0 {
					if watched = !watched; watched {
						c.Watch(func(error) {})
					} else if !c.Unwatch(true) {
						t.Fatal("the watch does not end")
					}
				}
				if mathrand.IntN(2) == 0 {
					runtime.Gosched()
				}
				var n int
				var err error
				if mathrand.IntN(2) == 0 {
					n, err = c.Read(p[:1+mathrand.IntN(len(p)-1)])
					got = append(got, p[:n]...)
				} else {
					err = c.Fill()
					n = mathrand.IntN(len(c.Buffered()) + 1)
					got = append(got, c.Buffered()[:n]...)
					c.Advance(n)
				}
				if err != nil {
					got = append(got, c.Buffered()...)
					if err != io.EOF {
						t.Errorf("%v", err)
					}
					break
				}
			}
			if !bytes.Equal(got, text) {
				t.Errorf("%d bytes came out of %d, or others", len(got), len(text))
			}
			c.Close()
		})
	}
}

// TestWatchIsBounded: a watch reads so far ahead and no further, and ends while
// it waits for room.
func TestWatchIsBounded(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(t *testing.T, c *Conn)
	}{
		{"read on", func(t *testing.T, c *Conn) {
			if b, err := io.ReadAll(readerFunc(c.Read)); len(b) != 1<<20 || err != nil {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		}},
		{"unwatched", func(t *testing.T, c *Conn) {
			if !c.Unwatch(true) {
				t.Error("not ended")
			}
			if n := len(c.Buffered()); n == 0 || n > maxWatched {
				t.Errorf("%d bytes were read ahead", n)
			}
			if b, err := io.ReadAll(readerFunc(c.Read)); len(b) != 1<<20 || err != nil {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		}},
		{"closed", func(t *testing.T, c *Conn) { c.Close() }},
		{"cut", func(t *testing.T, c *Conn) { c.Cut(); c.nc.Close() }},
		{"lingers", func(t *testing.T, c *Conn) { c.Linger(time.Second, 1<<10, false) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, below, client := pipe()
				go func() {
					client.Write(make([]byte, 1<<20))
					client.Close()
				}()
				c.Watch(func(err error) {
					if !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
						t.Error(err)
					}
				})
				synctest.Wait()
				reads := below.reads.Load()
				time.Sleep(time.Hour)
				if n := below.reads.Load(); n != reads {
					t.Errorf("%d reads, then %d", reads, n)
				}
				tc.end(t, c)
				c.Close()
			})
		})
	}
}

// TestWatchTells has what ends a connection, and what does not.
func TestWatchTells(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(c *Conn, client net.Conn)
		want error // nil: it is not told
	}{
		{"nothing", func(c *Conn, client net.Conn) {}, nil},
		{"input", func(c *Conn, client net.Conn) { go client.Write([]byte("x")) }, nil},
		{"the end of the input", func(c *Conn, client net.Conn) { client.Close() }, nil},
		{"a write that fails", func(c *Conn, client net.Conn) { client.Close(); c.Write([]byte("x")) }, io.ErrClosedPipe},
		{"a write that takes too long", func(c *Conn, client net.Conn) { c.StallLimit(time.Second, 0); c.Write([]byte("x")) }, os.ErrDeadlineExceeded},
		{"held output that fails", func(c *Conn, client net.Conn) { client.Close(); c.Hold([]byte("x")); time.Sleep(time.Second) }, io.ErrClosedPipe},
		{"a deadline for reads", func(c *Conn, client net.Conn) {
			c.SetReadDeadline(time.Now().Add(time.Second))
			time.Sleep(time.Second)
		}, os.ErrDeadlineExceeded},
		{"a deadline for writes", func(c *Conn, client net.Conn) {
			c.SetWriteDeadline(time.Now().Add(time.Second))
			time.Sleep(time.Second)
		}, os.ErrDeadlineExceeded},
		{"a deadline that has passed", func(c *Conn, client net.Conn) { c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"a deadline that is put off", func(c *Conn, client net.Conn) {
			c.SetReadDeadline(time.Now().Add(time.Second))
			c.SetWriteDeadline(time.Now().Add(time.Second))
			c.SetReadDeadline(time.Now().Add(10 * time.Hour))
			c.SetWriteDeadline(time.Time{})
			time.Sleep(time.Hour)
		}, nil},
		{"a deadline that is taken back", func(c *Conn, client net.Conn) {
			c.SetReadDeadline(time.Now().Add(time.Second))
			c.SetWriteDeadline(time.Now().Add(time.Second))
			c.Reclaim()
			time.Sleep(time.Hour)
		}, nil},
		{"a read limit, which may be renewed", func(c *Conn, client net.Conn) { c.ReadBy(time.Now().Add(time.Second)); c.Read(make([]byte, 1)) }, nil},
		{"a deadline on the connection below", func(c *Conn, client net.Conn) { c.nc.SetReadDeadline(time.Unix(1, 0)) }, nil},
		{"closing", func(c *Conn, client net.Conn) { c.Close() }, net.ErrClosed},
		{"closing after the end of the input", func(c *Conn, client net.Conn) { client.Close(); synctest.Wait(); c.Close() }, net.ErrClosed},
		{"no more than once", func(c *Conn, client net.Conn) {
			c.SetReadDeadline(time.Unix(1, 0))
			c.SetWriteDeadline(time.Unix(1, 0))
			synctest.Wait()
			c.SetReadDeadline(time.Unix(2, 0))
		}, os.ErrDeadlineExceeded},
	} {
		for _, first := range []string{"the watch first", "the end first"} {
			t.Run(tc.name+"/"+first, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _, client := pipe()
					var told []error
					watch := func() { c.Watch(func(err error) { told = append(told, err) }) }
					if first == "the watch first" {
						watch()
						synctest.Wait()
						tc.do(c, client)
					} else {
						tc.do(c, client)
						synctest.Wait()
						watch()
					}
					synctest.Wait()
					switch {
					case tc.want == nil && len(told) > 0, len(told) > 1:
						t.Errorf("told %v", told)
					case tc.want != nil && len(told) == 0:
						t.Error("told nothing")
					case tc.want != nil && !errors.Is(told[0], tc.want) && !(tc.want == net.ErrClosed && errors.Is(told[0], io.ErrClosedPipe)):
						t.Errorf("told %v, want %v", told, tc.want)
					}
					if !c.Unwatch(true) {
						t.Error("the watch does not end")
					}
					told = nil
					c.Close()
					client.Close()
					synctest.Wait()
					if told != nil {
						t.Errorf("told %v after its end", told)
					}
				})
			})
		}
	}
}

// TestWatchReset: a client that resets its connection is noticed, whatever is
// between, also behind more input than is read ahead, and behind its end; and what was read
// ahead is there still.
func TestWatchReset(t *testing.T) {
	for _, kind := range connections[1:] {
		for _, tc := range []struct {
			name   string
			length int
			end    bool // of the input
			late   bool // the client resets when that has been seen
		}{
			{"silent", 0, false, true},
			{"more than is read ahead", 3 * maxWatched, false, true},
			{"more than is read ahead, all at once", 3 * maxWatched, false, false},
			{"the end", 0, true, true},
			{"the end, all at once", 0, true, false},
			{"some, and the end", 100, true, true},
		} {
			t.Run(kind.name+", "+tc.name, func(t *testing.T) {
				if runtime.GOOS != "linux" && (tc.end || tc.length > maxWatched) {
					t.Skip("this system tells of a reset by a read alone")
				}
				noGoroutines(t)
				c, client := kind.make(t)
				told := make(chan error, 1)
				c.Watch(func(err error) { told <- err })
				if _, err := client.Write(make([]byte, tc.length)); err != nil {
					t.Fatal(err)
				}
				if tc.end {
					client.(interface{ CloseWrite() error }).CloseWrite()
				}
				if tc.late {
					waitsForReset(t, c, tc.length > maxWatched, tc.end)
				}
				select {
				case err := <-told:
					t.Fatalf("before: %v", err)
				default:
				}
				reset(t, c, client)
				select {
				case err := <-told:
					if runtime.GOOS == "linux" && !errors.Is(err, syscall.ECONNRESET) {
						t.Error(err)
					}
				case <-time.After(patience):
					t.Error("not noticed")
				}
				// What the client's system has not sent yet is lost by the reset.
				if b, err := io.ReadAll(readerFunc(c.Read)); tc.late && (len(b) < min(tc.length, maxWatched-maxChunk) || tc.end && err != nil) {
					t.Errorf("%d bytes, then %v", len(b), err)
				}
				c.Close()
			})
		}
	}
}

// endsLate is a connection that gives the end of its input when the reader is to stop.
type endsLate struct {
	*net.TCPConn
	ended, stop chan struct{}
	stopping    func()
}

func (nc *endsLate) Read(p []byte) (int, error) {
	n, err := nc.TCPConn.Read(p)
	if err == io.EOF {
		close(nc.ended)
		<-nc.stop
	}
	return n, err
}

func (nc *endsLate) SetReadDeadline(by time.Time) error {
	defer func() {
		if by.Equal(aLongTimeAgo) {
			nc.stopping()
		}
	}()
	return nc.TCPConn.SetReadDeadline(by)
}

func (nc *endsLate) AwaitReset() error { return awaitReset(nc.TCPConn) }

// TestUnwatchAtTheEnd: the input may end while a watch is being ended. Then that has not
// failed, and the next watch notices a reset.
func TestUnwatchAtTheEnd(t *testing.T) {
	noGoroutines(t)
	c, client := tcp(t)
	nc := &endsLate{TCPConn: c.nc.(*net.TCPConn), ended: make(chan struct{}), stop: make(chan struct{})}
	nc.stopping = sync.OnceFunc(func() { close(nc.stop) })
	c = New(nc, new(Sweeper))
	c.Watch(never(t))
	client.CloseWrite()
	<-nc.ended
	if !c.Unwatch(true) {
		t.Fatal("the watch does not end")
	}
	told := make(chan error, 1)
	c.Watch(func(err error) { told <- err })
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d bytes, then %v", n, err)
	}
	if runtime.GOOS == "linux" {
		reset(t, c, client)
		select {
		case err := <-told:
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("not noticed")
		}
	}
	c.Close()
}

// waitsForReset waits until the watch does: it has no room, or has seen the end.
func waitsForReset(t *testing.T, c *Conn, full, end bool) {
	t.Helper()
	if w := c.watch.Load(); full || end {
		eventually(t, "the watch waits", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.looking || end && w.err == io.EOF
		})
	}
}

// TestWatchGoesOn: a watch that waits for a reset, since there is no room, reads on when
// there is some, and ends when it is to.
func TestWatchGoesOn(t *testing.T) {
	for _, kind := range connections {
		t.Run(kind.name, func(t *testing.T) {
			noGoroutines(t)
			c, client := kind.make(t)
			c.Watch(never(t))
			text := make([]byte, 20*maxWatched)
			mathrand.NewChaCha8([32]byte{}).Read(text)
			go client.Write(text)
			c.ReadBy(time.Now().Add(time.Minute))
			for rest := text; len(rest) > 0; {
				p := make([]byte, min(len(rest), 1+mathrand.IntN(2*maxWatched)))
				if mathrand.IntN(4) == 0 {
					time.Sleep(time.Millisecond) // so that it fills up
				}
				n, err := io.ReadFull(readerFunc(c.Read), p)
				if err != nil || !bytes.Equal(p, rest[:n]) {
					t.Fatalf("%d left: %v, or other bytes", len(rest), err)
				}
				rest = rest[n:]
			}
			go client.Write(text)
			waitsForReset(t, c, kind.name != "pipe", false)
			if !c.Unwatch(true) {
				t.Error("the watch does not end")
			}
			got := make([]byte, len(text))
			if _, err := io.ReadFull(readerFunc(c.Read), got); err != nil || !bytes.Equal(got, text) {
				t.Errorf("behind the watch: %v, or other bytes", err)
			}
			c.Close()
			client.Close()
		})
	}
}

// reset resets a connection. On a Unix socket that is closing it with something
// unread.
func reset(t *testing.T, c *Conn, client net.Conn) {
	t.Helper()
	if outer, ok := client.(*tls.Conn); ok {
		client = outer.NetConn()
	}
	switch client := client.(type) {
	case *net.TCPConn:
		client.SetLinger(0)
	case *net.UnixConn:
		if _, err := c.Write([]byte("unread")); err != nil {
			t.Error(err)
		}
	}
	client.Close()
}

// TestWatchKeepsLimits: waits for input end when they should under a watch too.
func TestWatchKeepsLimits(t *testing.T) {
	const s = time.Second
	for _, tc := range []struct {
		name  string
		set   func(c *Conn)
		after time.Duration
		want  error
	}{
		{"a limit", func(c *Conn) { c.ReadBy(time.Now().Add(30 * s)) }, 30 * s, os.ErrDeadlineExceeded},
		{"a limit that has passed", func(c *Conn) { c.ReadBy(time.Now()) }, 0, os.ErrDeadlineExceeded},
		{"no limit", func(c *Conn) { c.ReadBy(time.Time{}) }, 1000 * s, nil},
		{"a deadline", func(c *Conn) { c.ReadBy(time.Now().Add(30 * s)); c.SetReadDeadline(time.Now().Add(50 * s)) }, 50 * s, os.ErrDeadlineExceeded},
		{"no deadline", func(c *Conn) { c.ReadBy(time.Now().Add(30 * s)); c.SetReadDeadline(time.Time{}) }, 1000 * s, nil},
		{"a deadline while it waits", func(c *Conn) {
			time.AfterFunc(10*s, func() { c.SetReadDeadline(time.Unix(1, 0)) })
		}, 10 * s, os.ErrDeadlineExceeded},
		{"woken", func(c *Conn) { c.SetIdle(true); time.AfterFunc(10*s, c.Wake) }, 10 * s, ErrWoken},
		{"woken in vain", func(c *Conn) { time.AfterFunc(10*s, c.Wake) }, 1000 * s, nil},
		{"closed", func(c *Conn) { time.AfterFunc(10*s, func() { c.CloseNow() }) }, 10 * s, net.ErrClosed},
	} {
		for _, order := range []string{"watch, set", "set, watch", "read, watch"} {
			if tc.after == 0 && order == "read, watch" {
				continue
			}
			t.Run(tc.name+"/"+order, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _, client := pipe()
					defer client.Close()
					defer c.Close()
					watch := func() { c.Watch(func(error) {}) }
					began := time.Now()
					late := time.AfterFunc(1000*s, func() { client.Write([]byte("x")) })
					defer late.Stop()
					switch order {
					case "watch, set":
						watch()
						tc.set(c)
					case "set, watch":
						tc.set(c)
						watch()
					case "read, watch":
						tc.set(c)
						time.AfterFunc(time.Second, watch)
					}
					_, err := c.Read(make([]byte, 10))
					ok := errors.Is(err, tc.want) || tc.want == net.ErrClosed && errors.Is(err, io.ErrClosedPipe)
					if waited := time.Since(began); !ok || waited-tc.after > wakeGrace || waited < tc.after {
						t.Errorf("%v after %v, want %v after %v", err, waited, tc.want, tc.after)
					}
				})
			})
		}
	}
}

// TestWatchBehindARead: a read that has begun goes on, and what it does not take
// is for the watch.
func TestWatchBehindARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, below, client := pipe()
		got := make(chan string)
		go func() {
			p := make([]byte, 4)
			n, _ := c.Read(p)
			got <- string(p[:n])
		}()
		synctest.Wait()
		var told atomic.Bool
		c.Watch(func(error) { told.Store(true) })
		synctest.Wait()
		if n := below.reads.Load(); n != 1 {
			t.Errorf("%d reads at once", n)
		}
		go client.Write([]byte("sometext"))
		if s := <-got; s != "some" {
			t.Errorf("%q", s)
		}
		synctest.Wait()
		if n := below.reads.Load(); n != 3 {
			t.Errorf("%d reads", n)
		}
		p := make([]byte, 10)
		if n, err := c.Read(p); string(p[:n]) != "text" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		client.Close()
		c.Close()
		synctest.Wait()
	})
	t.Run("that never ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, below, client := pipe()
			var reader sync.WaitGroup
			reader.Go(func() { c.Read(make([]byte, 4)) })
			synctest.Wait()
			c.Watch(never(t))
			began := time.Now()
			if !c.Unwatch(true) || time.Since(began) > 0 {
				t.Error("the watch does not end")
			}
			client.Close()
			reader.Wait()
			if n := below.reads.Load(); n != 1 {
				t.Errorf("%d reads", n)
			}
			c.Close()
		})
	})
}

// TestUnwatchWhileRead: a watch that somebody reads from goes on for them.
func TestUnwatchWhileRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, client := pipe()
		c.Watch(never(t))
		got := make(chan string)
		go func() {
			p := make([]byte, 4)
			n, _ := c.Read(p)
			got <- string(p[:n])
		}()
		synctest.Wait()
		if !c.Unwatch(true) {
			t.Error("closed")
		}
		go client.Write([]byte("text"))
		if s := <-got; s != "text" {
			t.Errorf("%q", s)
		}
		c.Close()
		synctest.Wait()
	})
}

// TestLingerUnderWatch: what was written arrives although there is more to read
// than the watch takes.
func TestLingerUnderWatch(t *testing.T) {
	noGoroutines(t)
	c, client := tcp(t)
	c.Watch(func(error) {})
	answer := make(chan string, 1)
	go func() {
		client.Write(make([]byte, 100_000))
		b, err := io.ReadAll(client)
		client.Close()
		answer <- fmt.Sprint(string(b), err)
	}()
	c.Write([]byte("answer"))
	c.Linger(10*time.Second, 1<<20, false)
	if got := <-answer; got != "answer<nil>" {
		t.Error(got)
	}
}

// deadlineless is a connection whose deadlines do nothing.
type deadlineless struct{ net.Conn }

func (deadlineless) SetReadDeadline(time.Time) error { return nil }

// panicking is one that panics.
type panicking struct{ net.Conn }

func (panicking) Read([]byte) (int, error) { panic("on purpose") }

// TestWatchOfOthers has connections that do not behave.
func TestWatchOfOthers(t *testing.T) {
	for _, tc := range []struct {
		name  string
		wrap  func(net.Conn) net.Conn
		told  string
		ended bool
		after time.Duration
	}{
		{"no deadlines", func(nc net.Conn) net.Conn { return deadlineless{nc} }, "", false, stopTime},
		{"no end of timeouts", func(nc net.Conn) net.Conn { return stuck{nc} }, "i/o timeout", true, 0},
		{"a panic", func(nc net.Conn) net.Conn { return panicking{nc} }, "on purpose", true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, below, client := pipe()
				below.Conn = tc.wrap(below.Conn)
				told := ""
				c.Watch(func(err error) { told = err.Error() })
				synctest.Wait()
				if !strings.Contains(told, tc.told) || tc.told == "" && told != "" {
					t.Errorf("told %q, want %q", told, tc.told)
				}
				if n := below.reads.Load(); n > maxTimeouts+1 {
					t.Errorf("%d reads", n)
				}
				began := time.Now()
				if ended := c.Unwatch(true); ended != tc.ended || time.Since(began) != tc.after {
					t.Errorf("ended: %v after %v, want %v after %v", ended, time.Since(began), tc.ended, tc.after)
				}
				c.ReadBy(began.Add(time.Minute))
				if n, err := c.Read(make([]byte, 1)); err == nil {
					t.Errorf("read %d bytes", n)
				}
				client.Close()
				c.Close()
			})
		})
	}
}

// careless is a connection whose deadlines are those of the one below, which it does not set.
type careless struct{ *net.TCPConn }

func (careless) SetReadDeadline(time.Time) error { return nil }

// TestWatchOfCareless: where deadlines end no wait, a watch that has no room waits for
// nothing that only they could end.
func TestWatchOfCareless(t *testing.T) {
	noGoroutines(t)
	c, client := tcp(t)
	c = New(careless{c.nc.(*net.TCPConn)}, new(Sweeper))
	c.Watch(never(t))
	text := make([]byte, 3*maxWatched)
	mathrand.NewChaCha8([32]byte{}).Read(text)
	if _, err := client.Write(text); err != nil {
		t.Fatal(err)
	}
	w := c.watch.Load()
	eventually(t, "the watch does not look for a reset", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.blind
	})
	c.ReadBy(time.Now().Add(patience))
	got := make([]byte, len(text))
	if n, err := io.ReadFull(readerFunc(c.Read), got); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v, or other bytes", n, err)
	}
	client.Close()
	c.Unwatch(false)
	c.Close()
}

// late is a connection whose wait for a reset is always over at once.
type late struct {
	*net.TCPConn
	asked atomic.Int32
}

func (nc *late) AwaitReset() error { nc.asked.Add(1); return os.ErrDeadlineExceeded }

// TestWatchGivesUp: a wait for a reset that is always over at once is not begun again for
// ever, neither behind the end of the input nor where there is no room to read.
func TestWatchGivesUp(t *testing.T) {
	for _, tc := range []struct {
		name   string
		length int
	}{
		{"the end", 0},
		{"no room", 3 * maxWatched},
	} {
		t.Run(tc.name, func(t *testing.T) {
			noGoroutines(t)
			c, client := tcp(t)
			nc := &late{TCPConn: c.nc.(*net.TCPConn)}
			c = New(nc, new(Sweeper))
			c.Watch(never(t))
			if _, err := client.Write(make([]byte, tc.length)); err != nil {
				t.Fatal(err)
			}
			w := c.watch.Load()
			if tc.length == 0 {
				client.CloseWrite()
			}
			eventually(t, "it gives up", func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.blind || nc.asked.Load() > maxTimeouts && !isRunning("wire.(*watch).pump(")
			})
			if n := nc.asked.Load(); n != maxTimeouts+1 {
				t.Errorf("it has tried %d times", n)
			}
			if b, err := io.ReadAll(io.LimitReader(readerFunc(c.Read), int64(tc.length))); len(b) != tc.length || err != nil {
				t.Errorf("%d bytes, then %v", len(b), err)
			}
			c.Unwatch(false)
			c.Close()
		})
	}
}

// isRunning reports whether a goroutine is in a function.
func isRunning(function string) bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte(function))
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// TestWatchAndTheRest races what other goroutines may do against a watch.
func TestWatchAndTheRest(t *testing.T) {
	noGoroutines(t)
	for range 20 {
		c, client := tcp(t)
		ctx, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for _, do := range []func(){
			c.Wake,
			func() { c.SetReadDeadline(time.Now().Add(time.Hour)) },
			func() { c.SetWriteDeadline(time.Now().Add(time.Hour)) },
			func() { c.Write([]byte("x")) },
			func() { client.Write([]byte("x")) },
			func() { c.Hold([]byte("y")) },
		} {
			others.Go(func() {
				for ctx.Err() == nil {
					do()
					runtime.Gosched()
				}
			})
		}
		others.Go(func() { io.Copy(io.Discard, client) })
		for range 20 {
			c.Watch(func(error) {})
			c.Read(make([]byte, 10))
			if !c.Unwatch(true) {
				t.Error("the watch does not end")
			}
			if _, err := c.Read(make([]byte, 10)); err != nil {
				t.Error(err)
			}
		}
		cancel()
		c.Close()
		others.Wait()
	}
}
