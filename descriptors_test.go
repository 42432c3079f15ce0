//go:build unix

package httpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// TestFewDescriptors: a process that has few serves more clients than that, as
// long as some of them are idle, and serves again when those that are not have
// ended.
func TestFewDescriptors(t *testing.T) {
	const descriptors = 50
	if os.Getenv("HTTPSERVER_FEW_DESCRIPTORS") != "" {
		serveWithFew(descriptors)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestFewDescriptors$")
	child.Env = append(os.Environ(), "HTTPSERVER_FEW_DESCRIPTORS=1")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer stdin.Close()
	stdout := bufio.NewReader(out)
	var port int
	if _, err := fmt.Fscanf(stdout, "port %d\n", &port); err != nil {
		t.Fatal(err)
	}
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}

	for range 2 * descriptors {
		dial(t, addr) // and say nothing
	}
	for range descriptors {
		ask(t, dial(t, addr)) // and stay
	}

	// Those that hold on leave nothing for one more.
	var held []net.Conn
	for range 2 * descriptors {
		conn := dial(t, addr)
		io.WriteString(conn, "HOLD / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
		held = append(held, conn)
	}
	expect(t, held[0], "HTTP/1.1 200 OK\r\n")
	last := dial(t, addr)
	io.WriteString(last, askA)
	last.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := last.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("it was served, beside %d that hold on", len(held))
	}
	last.SetReadDeadline(time.Now().Add(patience))
	for _, conn := range held {
		conn.Close()
	}
	readUntil(t, last, "path /a")

	stdin.Close()
	var asked, lines int
	if _, err := fmt.Fscanf(stdout, "asked %d lines %d\n", &asked, &lines); err != nil {
		t.Fatal(err)
	}
	// 351 connections, and an error at each pause.
	if asked > 5000 || lines < 1 || lines > 2 {
		t.Errorf("Accept was called %d times, and the log has %d lines about it", asked, lines)
	}
}

// holding holds a connection until its client ends it.
type holding struct{ answers }

func (h *holding) DoHOLD() {
	h.SendResponseOnly(200, "")
	h.EndHeaders()
	io.Copy(io.Discard, h.RFile)
}

// serveWithFew is the child: it serves until its input ends.
func serveWithFew(descriptors int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		panic(err)
	}
	setTo(&limit.Cur, descriptors)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var log strings.Builder
	counted := &patient{TCPListener: l.(*net.TCPListener)}
	s := &httpserver.ThreadingServer{}
	h := new(holding)
	h.ProtocolVersion = "HTTP/1.1"
	s.Handler = h
	s.Logger = slog.New(slog.NewTextHandler(lockedWriter{new(sync.Mutex), &log}, nil))
	done := make(chan error, 1)
	go func() { done <- s.Serve(counted) }()
	fmt.Printf("port %d\n", l.Addr().(*net.TCPAddr).Port)
	io.Copy(io.Discard, os.Stdin)
	s.Close()
	<-done
	fmt.Printf("asked %d lines %d\n", counted.asked.Load(), strings.Count(log.String(), "too many open files"))
}

// setTo sets a number whose type is not the same on every system.
func setTo[T int64 | uint64](number *T, n int) { *number = T(n) }
