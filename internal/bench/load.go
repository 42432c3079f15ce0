package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// load has a row's clients send n requests between them, and gives the time
// until the last has its answer. The first answer that is not right ends it.
func load(ctx context.Context, addr string, r *row, n int) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, fmt.Errorf("the shot took longer than %v", shotBound))
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	var left atomic.Int64
	left.Store(int64(n))
	var clients sync.WaitGroup
	began := time.Now()
	for range min(r.clients, n) {
		clients.Go(func() {
			c := &client{ctx: ctx, addr: addr, row: r}
			defer c.hangUp()
			for left.Add(-1) >= 0 {
				if err := c.ask(); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	clients.Wait()
	elapsed := time.Since(began)
	err := context.Cause(ctx)
	fail(nil)
	return elapsed, err
}

// A client has one request at a time.
type client struct {
	ctx  context.Context // when it is done, whatever is waited for ends
	addr string
	row  *row

	conn net.Conn // nil: the next request needs one
	in   *bufio.Reader
	stop func() bool
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// ask sends a request and checks the answer.
func (c *client) ask() error {
	if c.conn == nil {
		conn, err := dial(c.ctx, c.addr)
		if err != nil {
			return err
		}
		c.conn = conn
		c.in = bufio.NewReader(conn)
		c.stop = context.AfterFunc(c.ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	}
	if _, err := io.WriteString(c.conn, c.row.request); err != nil {
		return err
	}
	again, err := readAnswer(c.in, c.row)
	if err != nil {
		return err
	}
	if !again {
		c.hangUp()
	}
	return nil
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.stop()
		c.conn.Close()
		c.conn = nil
	}
}

// readAnswer reads an answer and says what is wrong with it. Unless there may be
// another on the connection, the end of that has to follow.
func readAnswer(in *bufio.Reader, r *row) (again bool, err error) {
	got, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, fmt.Errorf("an answer that is none: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(got.Body, int64(len(r.want.content)+1)))
	if err != nil {
		return false, fmt.Errorf("the content: %w", err)
	}
	if a := (answer{got.StatusCode, got.Header.Get("Content-Type"), string(content)}); a != r.want {
		return false, fmt.Errorf("the answer is %.200q, and should be %.200q", fmt.Sprint(a), fmt.Sprint(r.want))
	}
	again = r.keep && !got.Close
	if again {
		// What follows the end of a chunked body is read with the next of it.
		if _, err := got.Body.Read(make([]byte, 1)); err != io.EOF {
			return false, fmt.Errorf("the content does not end: %v", err)
		}
		if n := in.Buffered(); n > 0 {
			return false, fmt.Errorf("%d bytes follow the answer", n)
		}
		return true, nil
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n > 0 {
		return false, errors.Join(fmt.Errorf("%d bytes follow the answer", n), err)
	}
	return false, nil
}
