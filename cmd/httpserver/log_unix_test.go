//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A crowd are clients that ask for the same file, one request after the other, each on a connection of its own.
type crowd struct {
	answered [64]int // how many answers each client has had
	clients  sync.WaitGroup
	underWay chan struct{} // closed when some have had a few
}

// gather has clients ask until the server goes, or at most times.
func gather(t *testing.T, addr string, most int) *crowd {
	t.Helper()
	c := &crowd{underWay: make(chan struct{})}
	once := sync.OnceFunc(func() { close(c.underWay) })
	for i := range c.answered {
		c.clients.Go(func() {
			conn, err := net.DialTimeout("tcp", addr, deadline)
			if err != nil {
				return
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(deadline))
			in := bufio.NewReader(conn)
			for c.answered[i] < most {
				fmt.Fprintf(conn, "GET /served_filename?client=%d&request=%d HTTP/1.1\r\nHost: x\r\n\r\n", i, c.answered[i])
				if !answered(in) {
					return
				}
				if c.answered[i]++; c.answered[i] == min(20, most) {
					once()
				}
			}
		})
	}
	return c
}

// answered reads an answer.
func answered(in *bufio.Reader) bool {
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == "\r\n" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	n, err := in.Discard(length)
	return n > 0 && err == nil
}

var crowdLine = regexp.MustCompile(`^127\.0\.0\.1 - - \[[^]]*\] "GET /served_filename\?client=(\d+)&request=(\d+) HTTP/1\.1" 200 -\n$`)

// check looks for the line of every answer, in the order of each client, in a log that has no others but what
// expected gives. A request that was cut may have a line, too.
func (c *crowd) check(t *testing.T, log string, others ...string) {
	t.Helper()
	var logged [len(c.answered)]int
	for line := range strings.Lines(log) {
		m := crowdLine.FindStringSubmatch(line)
		if m == nil {
			if !slices.ContainsFunc(others, func(other string) bool { return strings.Contains(line, other) }) {
				t.Errorf("the log has %q", line)
			}
			continue
		}
		client, _ := strconv.Atoi(m[1])
		if request, _ := strconv.Atoi(m[2]); request != logged[client] {
			t.Fatalf("client %d: request %d is logged where %d was next", client, request, logged[client])
		}
		logged[client]++
	}
	for i, n := range c.answered {
		if logged[i] < n || logged[i] > n+1 {
			t.Errorf("client %d: %d answers, %d lines", i, n, logged[i])
		}
	}
}

// Whichever way the program ends under load, whoever got an answer has a line, whether the log is a file or a pipe.
func TestLogOfCrowd(t *testing.T) {
	dir, _ := site(t)
	cut := []string{"write tcp ", "connection reset", "closed"} // what is logged of requests that were cut
	for _, tt := range []struct {
		name    string
		signals []os.Signal
		status  int // -1: by the signal
	}{
		{"SIGTERM", []os.Signal{syscall.SIGTERM}, 0},
		{"an interrupt", []os.Signal{os.Interrupt}, 0},
		{"a hangup", []os.Signal{syscall.SIGHUP}, -1},
		{"a quit", []os.Signal{syscall.SIGQUIT}, 2}, // as Go has it, with its goroutines
		{"SIGTERM and another signal", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, 128 + 15},
	} {
		for _, to := range []string{"a file", "a pipe"} {
			t.Run(tt.name+" and "+to, func(t *testing.T) {
				cmd := ours(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
				file := filepath.Join(t.TempDir(), "log")
				if to == "a file" {
					f, err := os.Create(file)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					cmd.Stderr = f
				}
				p := launch(t, cmd)
				var stalled io.Closer
				if len(tt.signals) > 1 {
					stalled = download(t, p.addr).Body // has it wait for the second
					defer stalled.Close()
				}
				c := gather(t, p.addr, 1e9)
				receive(t, c.underWay)
				for i, s := range tt.signals {
					if i > 0 {
						awaitClosed(t, p.addr)
					}
					p.signal(t, s)
				}
				_, status := p.wait(t)
				c.clients.Wait()
				if status != tt.status {
					t.Errorf("status %d, want %d: %v", status, tt.status, p.cmd.ProcessState)
				}
				log := p.stderr.Bytes()
				if to == "a file" {
					var err error
					if log, err = os.ReadFile(file); err != nil {
						t.Fatal(err)
					}
				}
				lines, goroutines, quit := strings.Cut(string(log), "SIGQUIT: quit\n")
				if quit && !strings.Contains(goroutines, "goroutine 1 ") {
					t.Errorf("after SIGQUIT: %q", goroutines)
				}
				c.check(t, lines, append(cut, `"GET /big HTTP/1.1" 200 -`)...)
			})
		}
	}
}

// A line that comes after silence is in the file when the answer is there. Others are soon, and nobody need end the
// program for that, nor can it lose them then.
func TestLogIsWrittenSoon(t *testing.T) {
	dir, content := site(t)
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := ours(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
	cmd.Stderr = f
	p := launch(t, cmd)
	check(t, p.addr, content)
	const line = `"GET /served_filename HTTP/1.1" 200 -` + "\n"
	if log, err := os.ReadFile(f.Name()); err != nil || !strings.HasSuffix(string(log), line) {
		t.Errorf("the log is %q, %v", log, err)
	}
	c := gather(t, p.addr, 50)
	c.clients.Wait()
	var log []byte
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if log, err = os.ReadFile(f.Name()); err != nil || bytes.Count(log, []byte("\n")) == 1+50*len(c.answered) {
			break
		}
	}
	p.signal(t, syscall.SIGKILL)
	p.wait(t)
	after, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Equal(after, log) {
		t.Errorf("%d bytes of the log were %d: %v", len(after), len(log), err)
	}
	c.check(t, string(log), line)
	for i, n := range c.answered {
		if n != 50 {
			t.Errorf("client %d: %d answers", i, n)
		}
	}
}

// pipeOf gives the program a pipe for its log, and the end to read it from.
func pipeOf(t *testing.T, args ...string) (p *program, log *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd := ours(t, args...)
	cmd.Stderr = w
	p = launch(t, cmd)
	w.Close()
	return p, r
}

// A reader that is slow keeps requests waiting, and loses nothing.
func TestSlowLogReader(t *testing.T) {
	const requests = 200 // of each client: more than the pipe and the program hold together
	dir, _ := site(t)
	p, r := pipeOf(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
	c := gather(t, p.addr, requests)
	var log bytes.Buffer
	read := make(chan error, 1)
	go func() {
		b := make([]byte, 3000)
		for {
			n, err := r.Read(b)
			log.Write(b[:n])
			if err != nil {
				read <- err
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
	}()
	c.clients.Wait()
	p.signal(t, syscall.SIGTERM)
	if _, status := p.wait(t); status != 0 {
		t.Errorf("status %d", status)
	}
	if err := receive(t, read); err != io.EOF {
		t.Error(err)
	}
	c.check(t, log.String())
	for i, n := range c.answered {
		if n != requests {
			t.Errorf("client %d: %d answers", i, n)
		}
	}
}

// A reader that has stopped has requests wait, and the program ends all the same when it is told to.
func TestStuckLogReader(t *testing.T) {
	dir, _ := site(t)
	p, r := pipeOf(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
	c := gather(t, p.addr, 1e9)
	receive(t, c.underWay)
	awaitStandstill(t, p.addr)
	p.signal(t, os.Interrupt)
	if stdout, status := p.wait(t); status != 0 || stdout != "\nKeyboard interrupt received, exiting.\n" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	c.clients.Wait()
	// What is in the pipe is whole lines, and all of them from the beginning.
	r.SetReadDeadline(time.Now().Add(deadline))
	log, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(string(log)) {
		if !crowdLine.MatchString(line) && !strings.HasSuffix(line, `] "GET /served_filename HTTP/1.1" 200 -`+"\n") {
			t.Errorf("the log has %q", line)
		}
	}
	if len(log) == 0 {
		t.Error("nothing is in the pipe")
	}
}

// awaitStandstill waits until a request is not answered any more.
func awaitStandstill(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		conn, err := net.DialTimeout("tcp", addr, deadline)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
		io.WriteString(conn, "GET /served_filename HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		_, err = io.ReadAll(conn)
		conn.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
	t.Fatal("requests are still answered")
}

// Both outputs in one file come in the order in which they were written.
func TestOneFileForBoth(t *testing.T) {
	dir, _ := site(t)
	cmd := ours(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	r.SetReadDeadline(time.Now().Add(deadline))
	in := bufio.NewReader(r)
	banner, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c := gather(t, addressIn(t, banner), 20)
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(in)
		rest <- string(text)
	}()
	c.clients.Wait()
	cmd.Process.Signal(os.Interrupt)
	log, ok := strings.CutSuffix(receive(t, rest), "\nKeyboard interrupt received, exiting.\n")
	if !ok {
		t.Error("the farewell does not come last")
	}
	c.check(t, log)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
