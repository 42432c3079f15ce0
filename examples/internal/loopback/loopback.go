// Package loopback is for the tests of the examples. It runs their servers and
// talks to them as a client that nobody helps: raw bytes out, raw bytes in.
// Every wait has a deadline.
package loopback

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// Patience is how long anything may take.
const Patience = 10 * time.Second

// Serve serves until the test ends, and gives the address. Afterwards it holds
// the server to leaving no goroutine behind.
func Serve(t *testing.T, srv *httpserver.ThreadingServer) string {
	t.Helper()
	before := runtime.NumGoroutine()
	served := make(chan error, 1)
	go func() { served <- srv.ServeForever() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := Wait(t, served); !errors.Is(err, httpserver.ErrServerClosed) {
			t.Errorf("ServeForever: got %v, want ErrServerClosed", err)
		}
		NoMoreGoroutines(t, before)
	})
	return srv.ServerAddress().String()
}

// NoMoreGoroutines waits until there are no more goroutines than before. The
// end of one is nothing that a channel tells.
func NoMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(Patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines were left:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// Wait gives what comes out of c.
func Wait[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(Patience):
		t.Fatal("nothing came in time")
	}
	return v
}

// Ask sends a request over a connection of its own, and gives all that comes
// until the server closes it.
func Ask(t *testing.T, addr, request string) string {
	t.Helper()
	c := Dial(t, addr)
	defer c.Close()
	c.Send(request)
	return c.Rest()
}

// A Conn is a client's connection. Its methods may be called by any goroutine
// of the test, one at a time.
type Conn struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

// Dial connects. The connection closes with the test.
func Dial(t *testing.T, addr string) *Conn {
	t.Helper()
	nc, err := net.DialTimeout("tcp", addr, Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(Patience))
	return &Conn{nc, t, bufio.NewReader(nc)}
}

// Send sends a request, or a part of one, as it stands.
func (c *Conn) Send(request string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, request); err != nil {
		c.t.Errorf("sending %.60q: %v", request, err)
	}
}

// Ask sends a request and gives the one answer to it.
func (c *Conn) Ask(request string) string {
	c.t.Helper()
	c.Send(request)
	return c.Answer(strings.HasPrefix(request, "HEAD "))
}

// Answer gives the next answer: its head, and the content that Content-Length
// announces. toHEAD says that there is none.
func (c *Conn) Answer(toHEAD bool) string {
	c.t.Helper()
	var head strings.Builder
	length := 0
	for {
		line, err := c.r.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			c.t.Errorf("reading a head: %v after %q", err, head.String())
			return head.String()
		}
		if line == "\r\n" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") && !toHEAD {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	content := make([]byte, length)
	if n, err := io.ReadFull(c.r, content); err != nil {
		c.t.Errorf("reading %d bytes of content: %v after %q", length, err, content[:n])
	}
	return Mask(head.String()) + string(content)
}

// Rest gives all that comes until the server closes the connection.
func (c *Conn) Rest() string {
	c.t.Helper()
	rest, err := io.ReadAll(c.r)
	if err != nil {
		c.t.Errorf("reading to the end: %v after %q", err, rest)
	}
	return Mask(string(rest))
}

// PublicDir gives a directory that every user may enter, until the test ends: a
// script of root's server runs as nobody, who may not enter one of t.TempDir.
func PublicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "httpserver")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// varying are the fields that differ from run to run and from Go to Go.
var varying = regexp.MustCompile(`(?m)^(Server|Date|ETag): [^\r]*`)

// Mask puts a * for the values of Server, Date and ETag.
func Mask(answer string) string { return varying.ReplaceAllString(answer, "$1: *") }

// Lines joins the lines of a message.
func Lines(lines ...string) string { return strings.Join(lines, "\r\n") }

// Same fails if got is not want.
func Same(t *testing.T, request, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%.200q\ngot:\n%q\nwant:\n%q", request, got, want)
	}
}
