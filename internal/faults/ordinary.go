package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// An ordinary client asks for the small answer, again and again, in peace: it
// pauses after each.
type ordinary struct {
	addr     string
	keep     bool          // one connection for all, as long as it lasts
	patience time.Duration // for an answer

	conn net.Conn // the one that is kept
	in   *bufio.Reader
}

// pause is how long an ordinary client rests. Without it two of them would keep
// a core busy.
const pause = 10 * time.Millisecond

// A tally is what came of ordinary requests.
type tally struct {
	answered, failed int
	worst            time.Duration // the longest wait for an answer
	err              error         // the first failure
}

func (t *tally) count(took time.Duration, err error) {
	if err == nil {
		t.answered++
		t.worst = max(t.worst, took)
		return
	}
	t.failed++
	if t.err == nil {
		t.err = err
	}
}

// errGone says that a connection ended before a byte of the answer.
var errGone = errors.New("the connection ended before the answer")

// request does one request. A server may end a connection that is between two
// requests, so on a kept one that was found gone it tries again, once, as every
// client does.
func (o *ordinary) request() error {
	kept := o.conn != nil
	err := o.try()
	if kept && errors.Is(err, errGone) {
		err = o.try()
	}
	return err
}

func (o *ordinary) try() (err error) {
	if o.conn == nil {
		conn, err := net.DialTimeout("tcp", o.addr, o.patience)
		if err != nil {
			return err
		}
		o.conn, o.in = conn, bufio.NewReader(conn)
	}
	defer func() {
		if err != nil || !o.keep {
			o.close()
		}
	}()
	o.conn.SetDeadline(time.Now().Add(o.patience))
	field := "Connection: close\r\n"
	if o.keep {
		field = ""
	}
	if _, err := io.WriteString(o.conn, "GET /small HTTP/1.1\r\nHost: localhost\r\n"+field+"\r\n"); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if _, err := o.in.Peek(1); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	answer, err := http.ReadResponse(o.in, nil)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != 200 || string(content) != smallText:
		return fmt.Errorf("the answer was %s with %q", answer.Status, content)
	case !o.keep:
		_, err = o.in.ReadByte()
		if err != io.EOF {
			return fmt.Errorf("after the answer, the end of the connection was to come: %w", err)
		}
	}
	if answer.Close {
		o.close()
	}
	return nil
}

func (o *ordinary) close() {
	if o.conn != nil {
		o.conn.Close()
		o.conn = nil
	}
}

// A crowd is the ordinary clients of a run: one that keeps its connection and
// one that makes a new one for each request.
type crowd struct {
	quit     chan struct{}
	clients  sync.WaitGroup
	answered atomic.Int64 // so far

	mu  sync.Mutex
	all tally
}

func gather(addr string, patience time.Duration) *crowd {
	c := &crowd{quit: make(chan struct{})}
	for _, keep := range []bool{false, true} {
		c.clients.Go(func() { c.stroll(&ordinary{addr: addr, keep: keep, patience: patience}) })
	}
	return c
}

func (c *crowd) stroll(o *ordinary) {
	defer o.close()
	for {
		began := time.Now()
		err := o.request()
		took := time.Since(began)
		c.mu.Lock()
		c.all.count(took, err)
		c.mu.Unlock()
		if err == nil {
			c.answered.Add(1)
		}
		select {
		case <-c.quit:
			return
		case <-time.After(pause):
		}
	}
}

// disperse lets the clients end their requests and tells what came of them all.
func (c *crowd) disperse() tally {
	close(c.quit)
	c.clients.Wait()
	return c.all
}
