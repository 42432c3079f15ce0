//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"errors"
	"io"
	"math"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	for _, tc := range []struct {
		name     string
		t        time.Time
		min, max int64 // after the present moment
	}{
		{"now", time.Now(), -int64(time.Second), int64(time.Second)},
		{"now, by the wall clock", time.Now().Round(0), -int64(time.Second), int64(time.Second)},
		{"in an hour", time.Now().Add(time.Hour), int64(time.Hour - time.Second), int64(time.Hour)},
		{"in an hour, by the wall clock", time.Now().Round(0).Add(time.Hour), int64(time.Hour - time.Second), int64(time.Hour)},
	} {
		if got := moment(tc.t) - now(); got < tc.min || got > tc.max {
			t.Errorf("%s: %d", tc.name, got)
		}
	}
	for _, tc := range []struct {
		name string
		t    time.Time
		want int64
	}{
		{"never", time.Time{}, 0},
		{"never, elsewhere", time.Time{}.In(time.FixedZone("", 3600)), 0},
		{"long ago", time.Unix(1, 0), 1},
		{"before there was time", time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), 1},
		{"after all nanoseconds that can be counted", time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(100, 0, 0), math.MaxInt64},
		{"far", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64},
	} {
		if got := moment(tc.t); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestNoWakeUpIsLost: what happens at any moment of the way to a wait ends it.
func TestNoWakeUpIsLost(t *testing.T) {
	c, _ := pair(t)
	const rounds = 200_000
	goes, done := make(chan int), make(chan error, 1)
	go func() {
		for spin := range goes {
			for range spin {
				c.isClosed() // takes a moment
			}
			c.input.notify()
		}
	}()
	go func() {
		defer close(goes)
		for i := range rounds {
			goes <- i % 200
			if err := c.await(&c.input); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	if err := taken(t, "the end of all waits", done); err != nil {
		t.Error(err)
	}
}

// TestReadersShare: what one reader leaves is for the next, and no event tells it.
func TestReadersShare(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			l, _ := k.listen(t, "tcp", "127.0.0.1:0")
			c, client := connect(t, l)
			const readers = 8
			got := make(chan string, readers)
			for range readers {
				go func() {
					p := make([]byte, 1)
					n, err := c.Read(p)
					if err != nil {
						t.Error(err)
					}
					got <- string(p[:n])
				}()
			}
			time.Sleep(5 * time.Millisecond) // so that some wait, which has to be the same in the end
			client.Write([]byte("abcdefgh"))
			seen := map[string]bool{}
			for range readers {
				seen[taken(t, "a reader's byte", got)] = true
			}
			if len(seen) != readers {
				t.Errorf("%v", seen)
			}
		})
	}
}

// A job tells when it is resumed.
type job chan struct{}

func (j job) Resume() { j <- struct{}{} }

// TestReadOfAParkedConnection: it has no reader but its server. One that a handler
// has left behind does not wait, and so does not hold on to the descriptor.
func TestReadOfAParkedConnection(t *testing.T) {
	c, client := pair(t)
	j := make(job, 1)
	if !c.Park(j, time.Time{}) {
		t.Fatal("it does not park")
	}
	failed := make(chan error, 2)
	go func() { _, err := c.Read(make([]byte, 1)); failed <- err }()
	if err := taken(t, "the end of a read", failed); !errors.Is(err, errParked) {
		t.Error(err)
	}
	raw, _ := c.SyscallConn()
	go func() { failed <- raw.Read(func(uintptr) bool { return false }) }()
	if err := taken(t, "the end of a raw read", failed); !errors.Is(err, errParked) {
		t.Error(err)
	}
	client.Write([]byte("a"))
	taken(t, "the resumption", j)
	if n, err := c.TryRead(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestParkOfAConnectionThatIsRead: it does not park under a reader that a handler has
// left behind.
func TestParkOfAConnectionThatIsRead(t *testing.T) {
	c, client := pair(t)
	failed := make(chan error, 1)
	go func() { _, err := c.Read(make([]byte, 1)); failed <- err }()
	settled(t, "a reader waits", func() bool { return c.input.state.Load() == waiting })
	if c.Park(make(job, 1), time.Time{}) {
		t.Error("it parks")
	}
	if n, err := c.TryRead(make([]byte, 1)); n != 0 || err != syscall.EAGAIN {
		t.Errorf("%d, %v", n, err)
	}
	client.Write([]byte("a"))
	if err := taken(t, "the end of the read", failed); err != nil {
		t.Error(err)
	}
}

// TestTryWriteTwoDoesNotWait: not even for who is writing, to a client that takes
// nothing.
func TestTryWriteTwoDoesNotWait(t *testing.T) {
	c, client := pair(t)
	written := make(chan error, 1)
	go func() { _, err := c.Write(make([]byte, 64<<20)); written <- err }()
	settled(t, "a writer waits", func() bool { return c.output.state.Load() == waiting })
	tried := make(chan error, 1)
	go func() { _, err := c.TryWriteTwo([]byte("a"), []byte("b")); tried <- err }()
	if err := taken(t, "the end of TryWriteTwo", tried); err != syscall.EAGAIN {
		t.Error(err)
	}
	reset(client)
	if err := taken(t, "the end of the write", written); err == nil {
		t.Error("64 MiB went")
	}
}

// TestUrgentData: a read ends where urgent data does, with less than it asked for,
// although there is more behind that.
func TestUrgentData(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before func(*testing.T, *Conn)
	}{
		{"of a connection as it is accepted", func(*testing.T, *Conn) {}},
		{"of one that has waited", func(t *testing.T, c *Conn) {
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, client := pair(t)
			tc.before(t, c)
			const want = "abcdefghi"
			client.Write([]byte("abc"))
			sendUrgent(t, client, '!')
			client.Write([]byte("def"))
			hasCome(t, c, 3)
			time.Sleep(10 * time.Millisecond) // so that all events have come by then
			got := make([]byte, len(want))
			c.SetReadDeadline(time.Now().Add(patience))
			n, err := io.ReadFull(c, got[:6])
			if err != nil {
				t.Fatalf("%q, %v", got[:n], err)
			}
			client.Write([]byte("ghi"))
			if _, err = io.ReadFull(c, got[6:]); err != nil || string(got) != want {
				t.Fatalf("%q, %v", got, err)
			}
		})
	}
}

// TestWhatTheRaceDetectorKnows: what one side did before it wrote is known to have
// happened by the other one that has read it, as it is by package net.
func TestWhatTheRaceDetectorKnows(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			l, _ := k.listen(t, "tcp", "127.0.0.1:0")
			server, client := connect(t, l)
			shared := 0
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := make([]byte, 9)
				for range 3 {
					if _, err := server.Read(p); err != nil {
						t.Error(err)
					}
					shared++
					if _, err := server.Write([]byte("a")); err != nil {
						t.Error(err)
					}
				}
			}()
			p := make([]byte, 1)
			for range 3 {
				shared++
				client.Write([]byte("abc"))
				client.Read(p)
			}
			<-done
			if shared != 6 {
				t.Error(shared)
			}
		})
	}
}

// TestLateNews: a poller that has much to do may tell of input after the time to wait for
// it is over. Whoever gives up then looks once more.
func TestLateNews(t *testing.T) {
	untold := func(t *testing.T) *Conn {
		c, client := pair(t)
		if err := c.register(); err != nil {
			t.Fatal(err)
		}
		io.WriteString(client, "here")
		settled(t, "the input", func() bool { return c.input.state.CompareAndSwap(ready, none) })
		c.drained.Store(true) // as if the poller had not come to it
		return c
	}
	t.Run("Read", func(t *testing.T) {
		c := untold(t)
		b := make([]byte, 10)
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if n, err := c.Read(b); string(b[:n]) != "here" || err != nil {
			t.Errorf("%q, %v", b[:n], err)
		}
		if n, err := c.Read(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("then %d, %v", n, err)
		}
	})
	t.Run("Park", func(t *testing.T) {
		resumed := make(chan string, 1)
		for tries := 0; ; tries++ {
			c := untold(t)
			if c.Park(jobFunc(func() {
				b := make([]byte, 10)
				n, _ := c.TryRead(b)
				resumed <- string(b[:n])
			}), time.Now().Add(200*time.Millisecond)) {
				break
			}
			if tries == 10 { // else the poller had something to tell once more, as of an acknowledgement
				t.Fatal("it is not parked")
			}
		}
		if got := taken(t, "the end of the time", resumed); got != "here" {
			t.Errorf("%q was read", got)
		}
	})
}

// A jobFunc is a Job.
type jobFunc func()

func (f jobFunc) Resume() { f() }
