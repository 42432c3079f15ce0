package httpserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// quiet is a handler that keeps what it would log.
type quiet struct {
	httpserver.BaseHandler
	log *journal
}

func (h *quiet) LogMessage(format string, args ...any) { h.log.add(fmt.Sprintf(format, args...)) }

// A journal is lines, from any goroutine. A nil one forgets them.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = nil
}

func (j *journal) String() string { return strings.Join(j.all(), "\n") }

// modified is when the files that tests serve were changed.
var modified = time.Date(2024, 2, 29, 12, 34, 56, 500_000_000, time.UTC)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// serveDuring serves handler on a ThreadingServer until the test ends, and checks
// then that nothing is left of it.
func serveDuring(t *testing.T, handler httpserver.RequestHandler, options ...func(*httpserver.ThreadingServer)) *httpserver.ThreadingServer {
	t.Helper()
	checkLeaks(t)
	s, err := httpserver.NewThreadingServer("127.0.0.1:0", handler)
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range options {
		option(s)
	}
	inBackground(t, s, s.ServeForever)
	return s
}

// inBackground serves until the test ends.
func inBackground(t *testing.T, s io.Closer, serve func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- serve() }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != httpserver.ErrServerClosed {
			t.Errorf("serving ended with %v", err)
		}
	})
}

// listen gives a listener on a free port.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// listenUnix gives a listener on a Unix socket.
func listenUnix(t *testing.T) net.Listener {
	t.Helper()
	if noUnixSockets() {
		t.Skip("this system has no Unix sockets")
	}
	dir, err := os.MkdirTemp("", "") // t.TempDir's name may be too long for a socket's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// noUnixSockets reports whether the system has none, as Windows may.
func noUnixSockets() bool {
	const familyNotSupported = 10047 // WSAEAFNOSUPPORT
	l, err := net.Listen("unix", filepath.Join(os.TempDir(), fmt.Sprintf("httpserver-test-%d", os.Getpid())))
	if err == nil {
		l.Close()
	}
	return runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(familyNotSupported))
}

// checkLeaks checks at the test's end that no goroutine and no descriptor is
// left that was not there now.
func checkLeaks(t *testing.T) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // so that there is what the runtime waits with, which stays open
		r.Close()
		w.Close()
	}
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	t.Cleanup(func() {
		deadline := time.Now().Add(patience)
		for runtime.NumGoroutine() > goroutines || openDescriptors() > descriptors {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("goroutines: %d before, %d after; descriptors: %d before, %d after\n%s",
					goroutines, runtime.NumGoroutine(), descriptors, openDescriptors(), stacks[:runtime.Stack(stacks, true)])
				return
			}
			runtime.Gosched()
		}
	})
}

// openDescriptors counts this process's descriptors where the system tells.
func openDescriptors() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil || runtime.GOOS == "windows" { // Wine shows those of the system below it
		return 0
	}
	return len(fds)
}

// dial connects to a server, until the test ends.
func dial(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// send sends raw bytes, ends the input, and gives all that comes back.
func send(t *testing.T, s *httpserver.ThreadingServer, raw string) string {
	t.Helper()
	conn := dial(t, s.ServerAddress())
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("%q: after %q: %v", raw, answer, err)
	}
	return string(answer)
}

// expect reads exactly what is wanted.
func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(r, got)
	if string(got[:n]) != want {
		t.Fatalf("got %q, %v\nwant %q", got[:n], err, want)
	}
}

// readUntil reads up to a text, and no further.
func readUntil(t *testing.T, r io.Reader, end string) string {
	t.Helper()
	var got []byte
	for b := make([]byte, 1); !bytes.HasSuffix(got, []byte(end)); {
		n, err := r.Read(b)
		if got = append(got, b[:n]...); err != nil {
			t.Fatalf("%v after %q", err, got)
		}
	}
	return string(got)
}

// brief takes Server and Date out of answers, whose values change.
func brief(answer string) string {
	var kept []string
	for line := range strings.SplitAfterSeq(answer, "\r\n") {
		if !strings.HasPrefix(line, "Server: ") && !strings.HasPrefix(line, "Date: ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
