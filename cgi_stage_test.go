//go:build unix

package httpserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// TestMain lets the test binary be a CGI script: the one whose name it has.
func TestMain(m *testing.M) {
	if part := parts[partOf(os.Args[0])]; part != nil && os.Getenv("GATEWAY_INTERFACE") != "" {
		part()
		syscall.Exit(0) // os.Exit takes a second where there is the race detector
	}
	httpserver.SettleFor(patience)
	code := m.Run()
	if name, err := ownBinary(); err == nil {
		os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// parts are what the test binary can be as a script.
var parts map[string]func()

func init() {
	parts = map[string]func(){"say": playSay, "tell": playTell, "echo": playEcho, "puppet": playPuppet}
}

// partOf gives the part that a script of some name plays.
func partOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return strings.TrimPrefix(name, "nph-")
}

// playSay writes what the query asks for, at once, and then to standard error
// and exits as PATH_INFO says: "/3/complaint".
func playSay() {
	output, err := url.PathUnescape(os.Getenv("QUERY_STRING"))
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(output)
	words := strings.SplitN(os.Getenv("PATH_INFO"), "/", 3)
	if len(words) == 3 {
		os.Stderr.WriteString(words[2])
	}
	if len(words) > 1 {
		end(words[1])
	}
}

// end exits with a status or, if it is negative, by a signal.
func end(status string) {
	code, _ := strconv.Atoi(status)
	if code < 0 {
		signal.Reset(syscall.Signal(-code))
		syscall.Kill(os.Getpid(), syscall.Signal(-code))
		select {}
	}
	syscall.Exit(code)
}

// A told is what a script knows of itself.
type told struct {
	Args, Env       []string
	Dir             string
	UID, EUID       int
	GID, EGID       int
	Groups          []int
	PID, PGID, PPID int
	Open            []string // beside the three, where the system tells
	Stdin           string
}

// inherited are the descriptors that this process was started with beside the three.
var inherited = func() (names []string) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		name, err := os.Readlink("/proc/self/fd/" + entry.Name())
		own := strings.HasPrefix(name, "anon_inode:") || strings.HasPrefix(name, "/sys/fs/cgroup/") // of the runtime
		if fd, _ := strconv.Atoi(entry.Name()); fd > 2 && err == nil && !own {
			names = append(names, name)
		}
	}
	return names
}()

// playTell tells what it knows of itself.
func playTell() {
	input, _ := io.ReadAll(os.Stdin)
	dir, _ := os.Getwd()
	groups, _ := os.Getgroups()
	it := told{
		Args: os.Args, Env: os.Environ(), Dir: dir, UID: os.Getuid(), EUID: os.Geteuid(), GID: os.Getgid(), EGID: os.Getegid(), Groups: groups,
		PID: os.Getpid(), PGID: syscall.Getpgrp(), PPID: os.Getppid(), Stdin: string(input), Open: inherited,
	}
	io.WriteString(os.Stdout, "Content-Type: application/json\n\n")
	json.NewEncoder(os.Stdout).Encode(it)
}

// playEcho answers with the length that it was told and what it has read.
func playEcho() {
	input, err := io.ReadAll(os.Stdin)
	fmt.Fprintf(os.Stdout, "Content-Type: text/plain\n\n%q %d ", os.Getenv("CONTENT_LENGTH"), len(input))
	if err != nil {
		fmt.Fprint(os.Stdout, err)
	}
	os.Stdout.Write(input)
}

// stringsName is the variable that tells a puppet who pulls its strings.
const stringsName = "PUPPET_STRINGS"

// playPuppet does what the test says, line by line, and answers each.
func playPuppet() {
	conn, err := net.Dial("tcp", os.Getenv(stringsName))
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(conn, os.Getpid(), syscall.Getpgrp())
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		argument, err := strconv.Unquote(argument)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(conn, "%q\n", obey(command, argument))
	}
}

// obey does what a puppet is told, and says how that went: "" is well.
func obey(command, argument string) string {
	n, _ := strconv.Atoi(argument)
	switch command {
	case "write":
		_, err := os.Stdout.WriteString(argument)
		return complaint(err)
	case "complain":
		_, err := os.Stderr.WriteString(argument)
		return complaint(err)
	case "flood":
		_, err := io.CopyN(os.Stdout, zeros{}, int64(n))
		return complaint(err)
	case "rant":
		_, err := io.CopyN(os.Stderr, zeros{}, int64(n))
		return complaint(err)
	case "read":
		b := make([]byte, n)
		n, err := io.ReadFull(os.Stdin, b)
		return string(b[:n]) + complaint(err)
	case "count":
		n, err := io.Copy(io.Discard, os.Stdin)
		return strconv.FormatInt(n, 10) + complaint(err)
	case "close":
		return complaint(map[string]*os.File{"stdin": os.Stdin, "stdout": os.Stdout, "stderr": os.Stderr}[argument].Close())
	case "ignore":
		signal.Ignore(syscall.Signal(n))
		return ""
	case "spawn": // a puppet that has our standard output and error, in our group or in a session of its own
		name, err := os.Executable()
		child := &exec.Cmd{Path: name, Args: []string{"puppet"}, Stdout: os.Stdout, Stderr: os.Stderr, SysProcAttr: &syscall.SysProcAttr{Setsid: argument == "session"}}
		return complaint(errors.Join(err, child.Start()))
	case "exit":
		end(argument)
	}
	return "no such command: " + command
}

func complaint(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

// zeros is lines of zeros without end.
type zeros struct{}

var zeroLine = []byte(strings.Repeat("0", 79) + "\n")

func (zeros) Read(p []byte) (n int, err error) {
	for len(p)-n >= len(zeroLine) {
		n += copy(p[n:], zeroLine)
	}
	return n, nil
}

// A stage is a handler with the test binary for its scripts. Server and Date are
// fixed, so that answers are known to the byte.
type stage struct {
	httpserver.CGIHandler
	log *journal
}

func (h *stage) VersionString() string                 { return "S" }
func (h *stage) DateTimeString(at time.Time) string    { return "D" }
func (h *stage) LogMessage(format string, args ...any) { h.log.add(fmt.Sprintf(format, args...)) }
func (h *stage) cgiBin(name string) string             { return filepath.Join(h.Directory, "cgi-bin", name) }

// newStage makes a directory with scripts in its cgi-bin: all that the test binary
// can be, and those named.
func newStage(t testing.TB, names ...string) *stage {
	t.Helper()
	h := &stage{log: new(journal)}
	h.Directory = openDir(t)
	h.ProtocolVersion = "HTTP/1.1"
	for part := range parts {
		h.plant(t, "cgi-bin/"+part)
	}
	h.plant(t, "cgi-bin/nph-say")
	h.plant(t, "cgi-bin/nph-puppet")
	for _, name := range names {
		h.plant(t, name)
	}
	return h
}

// openDir makes a directory that everybody may enter: scripts of root's tests run as
// nobody, whom t.TempDir keeps out.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stage")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// plant puts the test binary below the directory.
func (h *stage) plant(t testing.TB, name string) {
	t.Helper()
	binary, err := ownBinary()
	if err == nil {
		err = os.Link(binary, h.path(t, name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ownBinary gives another name for the test binary, or for a copy of it, where
// everybody may execute it, and where directories for tests are.
var ownBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "stage")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "binary")
	binary, err := os.Executable()
	if err != nil || os.Link(binary, name) == nil && os.Chmod(name, 0o755) == nil {
		return name, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	os.Remove(name)
	return name, os.WriteFile(name, content, 0o755)
})

// serve is serveDuring, with what the server says about no request for nobody.
func (h *stage) serve(t *testing.T, options ...func(*httpserver.ThreadingServer)) *httpserver.ThreadingServer {
	t.Helper()
	discard := func(s *httpserver.ThreadingServer) { s.Logger = slog.New(slog.DiscardHandler) }
	return serveDuring(t, h, append([]func(*httpserver.ThreadingServer){discard}, options...)...)
}

// write puts a file below the directory.
func (h *stage) write(t testing.TB, name, content string, mode os.FileMode) {
	t.Helper()
	path := h.path(t, name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.Chmod(path, mode), os.Chtimes(path, modified, modified)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// path gives the path of a file below the directory, and makes the directories above it.
func (h *stage) path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(h.Directory, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// livesOn has answers not wait for the exit of scripts that close their output, since
// one of this test's lives on.
func livesOn(t *testing.T) {
	before := httpserver.SettleFor(time.Millisecond)
	t.Cleanup(func() { httpserver.SettleFor(before) })
}

// say gives the target that has a script write an output.
func say(output string) string { return "/cgi-bin/say?" + url.PathEscape(output) }

// Strings are what puppets hang on.
type cords struct{ l *net.TCPListener }

// strings has the scripts named puppet do what the test says.
func (h *stage) strings(t *testing.T) cords {
	t.Helper()
	l := listen(t).(*net.TCPListener)
	t.Cleanup(func() { l.Close() })
	h.CGIEnv = append(h.CGIEnv, stringsName+"="+l.Addr().String())
	return cords{l}
}

// A puppet is a script that does what the test says.
type puppet struct {
	t         *testing.T
	conn      net.Conn
	replies   *bufio.Reader
	pid, pgid int
}

// next gives the puppet that begins next. It ends with the test.
func (s cords) next(t *testing.T) *puppet {
	t.Helper()
	p, err := s.within(t, patience)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// within is next for a puppet that may not begin.
func (s cords) within(t *testing.T, limit time.Duration) (*puppet, error) {
	s.l.SetDeadline(time.Now().Add(limit))
	conn, err := s.l.Accept()
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(2 * patience))
	p := &puppet{t: t, conn: conn, replies: bufio.NewReader(conn)}
	_, err = fmt.Fscanln(p.replies, &p.pid, &p.pgid)
	return p, err
}

// hurried has a request begin a puppet that does nothing yet, and must not for longer than the
// limit: CGITimeout, or twice that and so on where scripts take so long to begin at all.
func hurried(t *testing.T, limit time.Duration, request string) (*stage, net.Conn, *puppet) {
	t.Helper()
	for {
		h := newStage(t)
		puppets := h.strings(t)
		h.CGITimeout = limit
		s := h.serve(t)
		checkIdle(t, s)
		conn := dial(t, s.ServerAddress())
		go io.WriteString(conn, request)
		p, err := puppets.within(t, 2*limit)
		if err == nil && h.complaints() == "" {
			return h, conn, p
		}
		if limit *= 2; limit > patience {
			t.Fatal(err, h.complaints())
		}
	}
}

// none checks that no puppet has begun.
func (s cords) none(t *testing.T) {
	t.Helper()
	s.l.SetDeadline(time.Now().Add(10 * time.Millisecond)) // one that has come is there at once
	if conn, err := s.l.Accept(); err == nil {
		conn.Close()
		t.Error("a script was run")
	}
}

// begin has the puppet do something, whenever that ends.
func (p *puppet) begin(command string, argument any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.conn, "%s %q\n", command, fmt.Sprint(argument)); err != nil {
		p.t.Fatalf("%s: %v", command, err)
	}
}

// try is begin for a puppet that the server may have ended already.
func (p *puppet) try(command string, argument any) {
	fmt.Fprintf(p.conn, "%s %q\n", command, fmt.Sprint(argument))
}

// reply gives what the puppet says of the command begun first.
func (p *puppet) reply() string {
	p.t.Helper()
	text, err := p.tryReply()
	if err != nil {
		p.t.Fatalf("the puppet is gone: %v", err)
	}
	return text
}

// tryReply is reply of a puppet that the server may have ended already.
func (p *puppet) tryReply() (string, error) {
	line, err := p.replies.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strconv.Unquote(strings.TrimSuffix(line, "\n"))
}

// do has the puppet do something, and gives what it says of it.
func (p *puppet) do(command string, argument any) string {
	p.t.Helper()
	p.begin(command, argument)
	return p.reply()
}

// write has the puppet write to its standard output.
func (p *puppet) write(text string) {
	p.t.Helper()
	if got := p.do("write", text); got != "" {
		p.t.Fatalf("write:%s", got)
	}
}

// awaitEnd waits until the process has ended by the server's doing, and everything of
// its group with it, reaped.
func (p *puppet) awaitEnd() {
	p.t.Helper()
	p.awaitExit()
	p.awaitGroup()
}

// awaitExit waits for the end of the process.
func (p *puppet) awaitExit() {
	p.t.Helper()
	rest, err := io.ReadAll(p.replies)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		p.t.Fatalf("the puppet %d lives on: %v", p.pid, err)
	}
	if bytes.Contains(rest, []byte("no such command")) {
		p.t.Fatalf("%s", rest)
	}
}

// awaitGroup waits until there is no process of the group, and no zombie that is ours.
func (p *puppet) awaitGroup() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); p.isGroup(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the group %d is there still", p.pgid)
		}
	}
}

// isGroup reports whether there is a process of the group. Where the system tells, those
// do not count that have ended and are for the system to reap, as it gets to it.
func (p *puppet) isGroup() bool {
	if syscall.Kill(-p.pgid, 0) == syscall.ESRCH {
		return false
	}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		stat, _ := os.ReadFile(name)
		var state string
		var parent, group int
		fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent, &group)
		if group == p.pgid && (state != "Z" || parent == os.Getpid()) {
			return true
		}
	}
	return len(names) == 0
}

// isReaped reports whether the process has ended and was reaped.
func (p *puppet) isReaped() bool { return syscall.Kill(p.pid, 0) == syscall.ESRCH }

// release lets a puppet go that is nobody's any more: one in a session of its own.
func (p *puppet) release() {
	p.t.Helper()
	p.conn.(*net.TCPConn).CloseWrite()
	p.awaitExit()
}

// lateLines are what a server says, through its Logger, about no request.
type lateLines chan string

func (l lateLines) option(s *httpserver.ThreadingServer) {
	s.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key != slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func (l lateLines) Write(p []byte) (int, error) {
	line, err := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(string(p), "msg="), "\n"))
	if err != nil {
		line = string(p)
	}
	l <- line
	return len(p), nil
}

// expect waits for lines.
func (l lateLines) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, want := range want {
		select {
		case got := <-l:
			if got != want {
				t.Errorf("the server says %q\nwant %q", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("the server does not say %q", want)
		}
	}
}
