package main

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/pythontest"
)

// deadline bounds every wait.
const deadline = 30 * time.Second

// TestMain lets the test binary be the command.
func TestMain(m *testing.M) {
	if os.Getenv("HTTPSERVER_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// runShort runs the command where it has nothing to serve.
func runShort(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, &out, &err, func() <-chan os.Signal {
		stop := make(chan os.Signal, 1)
		stop <- os.Interrupt
		return stop
	})
	return out.String(), err.String(), status
}

// help is what -h shows, on a terminal of 80 columns.
//
//go:embed testdata/help.txt
var help string

// usage is what stands before a complaint.
var usage = func() string {
	summary, _, _ := strings.Cut(help, "\n\n")
	return summary + "\nhttpserver: error: "
}()

func parse(t *testing.T, args ...string) options {
	t.Helper()
	o := defaultOptions()
	if err := newParser(&o).Parse(args); err != nil {
		t.Errorf("%q: %v", args, err)
	}
	return o
}

func TestCommandLineTestCase(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	defaults := parse(t)
	t.Run("test_port_flag", func(t *testing.T) {
		for _, port := range []int{0, 8000, 65535} {
			want := defaults
			want.port = port
			if got := parse(t, strconv.Itoa(port)); !reflect.DeepEqual(got, want) {
				t.Errorf("%d: got %+v", port, got)
			}
		}
	})
	for _, tt := range []struct {
		name   string
		flags  []string
		values []string
		set    func(o *options, value string)
	}{
		{"test_directory_flag", []string{"-d", "--directory"}, []string{".", "/foo", "\\bar", "/", "C:\\", "C:\\foo", "C:\\bar", "/home/user", "./foo/foo2", "D:\\foo\\bar"}, func(o *options, v string) { o.directory = v }},
		{"test_bind_flag", []string{"-b", "--bind"}, []string{"localhost", "127.0.0.1", "::1", "0.0.0.0", "8.8.8.8"}, func(o *options, v string) { o.bind = v }},
		{"test_protocol_flag", []string{"-p", "--protocol"}, []string{"HTTP/1.0", "HTTP/1.1"}, func(o *options, v string) { o.protocol = v }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, flag := range tt.flags {
				for _, value := range tt.values {
					want := defaults
					tt.set(&want, value)
					if got := parse(t, flag, value); !reflect.DeepEqual(got, want) {
						t.Errorf("%s %s: got %+v", flag, value, got)
					}
				}
			}
		})
	}
	t.Run("test_no_arguments", func(t *testing.T) {
		if want := (options{port: 8000, bind: "*", directory: ".", protocol: "HTTP/1.0"}); !reflect.DeepEqual(defaults, want) {
			t.Errorf("got %+v", defaults)
		}
	})
	t.Run("test_help_flag", func(t *testing.T) {
		for _, flag := range []string{"-h", "--help"} {
			stdout, stderr, status := runShort(t, flag)
			if !strings.HasPrefix(stdout, "usage: httpserver ") || stderr != "" || status != 0 {
				t.Errorf("%s: status %d, stdout %q, stderr %q", flag, status, stdout, stderr)
			}
		}
	})
	t.Run("test_unknown_flag", func(t *testing.T) {
		want := usage + "unrecognized arguments: --unknown-flag\n"
		if stdout, stderr, status := runShort(t, "--unknown-flag"); stdout != "" || stderr != want || status != 2 {
			t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
		}
	})
	t.Run("version", func(t *testing.T) {
		for _, flag := range []string{"-V", "--version", "--ver"} {
			if stdout, stderr, status := runShort(t, flag); stdout != "httpserver "+httpserver.Version+"\n" || stderr != "" || status != 0 {
				t.Errorf("%s: status %d, stdout %q, stderr %q", flag, status, stdout, stderr)
			}
		}
	})
}

func TestScriptTestCase(t *testing.T) {
	for _, tt := range []struct {
		name     string
		hosts    []string
		networks []string
	}{
		{"test_server_test_unspec", []string{allInterfaces}, []string{"tcp"}},
		{"test_server_test_localhost", []string{"localhost"}, []string{"tcp4", "tcp6"}},
		{"test_server_test_ipv6", []string{"2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::1"}, []string{"tcp6"}},
		{"test_server_test_ipv6 and IPv4", []string{"::"}, []string{"tcp"}},
		{"test_server_test_ipv4", []string{"0.0.0.0", "8.8.8.8", "127.0.0.1"}, []string{"tcp4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, host := range tt.hosts {
				network, ip, err := bestAddress(host)
				if err != nil || !slices.Contains(tt.networks, network) {
					t.Errorf("bestAddress(%q) = %q, %q, %v", host, network, ip, err)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing\n")
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		stderr string // on unix
	}{
		{"no port number", []string{"abc"}, 2, usage + "argument port: invalid int value: 'abc'\n"},
		{"a port too high", []string{"70000"}, 2, usage + "argument port: invalid choice: '70000' (choose from 0 to 65535)\n"},
		{"a port too low", []string{"-1"}, 2, usage + "argument port: invalid choice: '-1' (choose from 0 to 65535)\n"},
		{"two ports", []string{"1", "2"}, 2, usage + "unrecognized arguments: 2\n"},
		{"a protocol that is none", []string{"-p", "x"}, 2, usage + "argument -p/--protocol: invalid choice: 'x' (choose from 'HTTP/1.0', 'HTTP/1.1')\n"},
		{"a protocol we do not speak", []string{"-p", "HTTP/2"}, 2, usage + "argument -p/--protocol: invalid choice: 'HTTP/2' (choose from 'HTTP/1.0', 'HTTP/1.1')\n"},
		{"no directory", []string{"-d", missing}, 1, "httpserver: cannot serve " + strconv.Quote(missing) + ": no such file or directory\n"},
		{"an empty directory name", []string{"-d", ""}, 1, "httpserver: cannot serve \"\": no such file or directory\n"},
		{"a file as directory", []string{"-d", file}, 1, "httpserver: cannot serve " + strconv.Quote(file) + ": not a directory\n"},
		{"a port in use", []string{"-b", "127.0.0.1", port}, 1, "httpserver: cannot listen on 127.0.0.1 port " + port + ": address already in use (choose another, or 0 for any that is free)\n"},
		{"an address of another machine", []string{"-b", "255.1.1.1", "0"}, 1, "httpserver: cannot listen on 255.1.1.1 port 0: cannot assign requested address (no interface of this machine has that address)\n"},
		{"an empty address", []string{"-b", "", "0"}, 1, "httpserver: cannot listen on \"\": no such host\n"},
		{"an address that is none", []string{"-b", "a\nb", "0"}, 1, "httpserver: cannot listen on \"a\\nb\": no such host\n"},
		{"an address with a port", []string{"-b", "127.0.0.1:0"}, 1, "httpserver: cannot listen on \"127.0.0.1:0\": no such host (the port is an argument of its own: -b ADDRESS PORT)\n"},
		{"an address in brackets", []string{"-b", "[::1]"}, 1, "httpserver: cannot listen on \"[::1]\": no such host (brackets belong in URLs only)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, status := runShort(t, tt.args...)
			if stdout != "" || status != tt.status || stderr != tt.stderr && runtime.GOOS == "linux" {
				t.Errorf("status %d, stdout %q, stderr %q, want status %d, %q", status, stdout, stderr, tt.status, tt.stderr)
			}
		})
	}
	t.Run("a working directory that is gone", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("Windows keeps it")
		}
		gone := filepath.Join(dir, "gone")
		if err := os.Mkdir(gone, 0o777); err != nil {
			t.Fatal(err)
		}
		t.Chdir(gone)
		if err := os.Remove(gone); err != nil {
			t.Fatal(err)
		}
		const want = "httpserver: cannot serve the current directory: no such file or directory\n"
		if _, stderr, status := runShort(t, "-b", "127.0.0.1", "0"); status != 1 || stderr != want {
			t.Errorf("status %d, stderr %q", status, stderr)
		}
	})
}

func TestAdvice(t *testing.T) {
	if got := portAdvice(syscall.EACCES, 80); !strings.Contains(got, "from 1024 on") {
		t.Errorf("port 80: %q", got)
	}
	if got := portAdvice(syscall.EACCES, 8000); got != "" {
		t.Errorf("port 8000: %q", got)
	}
}

func TestComplain(t *testing.T) {
	var b strings.Builder
	complain(&b, errors.Join(errors.New("httpserver: one"), errors.New("two")))
	if got, want := b.String(), "httpserver: one\nhttpserver: two\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A running is the command at work in this process.
type running struct {
	addr    string
	signals chan os.Signal
	status  chan int
	stderr  *syncBuffer
}

// A syncBuffer is a buffer for two goroutines. Each write is also told, and is refused with err.
type syncBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan string
	err     error
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	b.b.Write(p)
	b.mu.Unlock()
	if b.written != nil {
		b.written <- string(p)
	}
	return len(p), b.err
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs the command until a signal comes. What it prints, stdout.written gives.
func start(t *testing.T, stdout *syncBuffer, args ...string) *running {
	t.Helper()
	r := &running{signals: make(chan os.Signal, 2), status: make(chan int, 1), stderr: &syncBuffer{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.status <- run(args, stdout, r.stderr, func() <-chan os.Signal { return r.signals })
	}()
	t.Cleanup(func() {
		for range 2 { // the second ends it, whatever it is at
			select {
			case r.signals <- syscall.SIGTERM:
			case <-ended:
			}
		}
		receive(t, ended)
	})
	r.addr = addressIn(t, receive(t, stdout.written))
	return r
}

func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(deadline):
		t.Fatal("nothing came")
	}
	return v
}

var bannerPattern = regexp.MustCompile(`^Serving (HTTP|HTTPS) on (.+) port (\d+) \((http://[^/]+/)\) \.\.\.\n$`)

func addressIn(t *testing.T, banner string) string {
	t.Helper()
	m := bannerPattern.FindStringSubmatch(banner)
	if m == nil {
		t.Fatalf("the banner is %q", banner)
	}
	return net.JoinHostPort(m[2], m[3])
}

// client opens a connection for each request.
var client = http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true}}

// check gets served_filename and compares it with content.
func check(t *testing.T, addr string, content []byte) {
	t.Helper()
	resp, err := client.Get("http://" + addr + "/served_filename")
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || !bytes.Equal(got, content) {
		t.Errorf("%s: %s, %q, %v, want %q", addr, resp.Status, got, err, content)
	}
}

// site makes a directory with two files: served_filename, with the content that it returns, and big, which no
// socket's buffer holds.
func site(t *testing.T) (dir string, content []byte) {
	t.Helper()
	dir, content = t.TempDir(), make([]byte, 32)
	rand.Read(content)
	if err := os.WriteFile(filepath.Join(dir, "served_filename"), content, 0o666); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(dir, "big"))
	if err == nil {
		err = errors.Join(big.Truncate(bigSize), big.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, content
}

const bigSize = 64 << 20

// download begins to read /big and returns in its midst.
func download(t *testing.T, addr string) *http.Response {
	t.Helper()
	resp, err := client.Get("http://" + addr + "/big")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestServe(t *testing.T) {
	dir, content := site(t)
	elsewhere := t.TempDir()
	for _, tt := range []struct {
		name string
		cwd  string
		args []string
	}{
		{"the working directory", dir, nil},
		{"a dot", dir, []string{"-d", "."}},
		{"a relative directory", filepath.Dir(dir), []string{"-d" + filepath.Base(dir)}},
		{"an absolute directory", elsewhere, []string{"--dir=" + dir}},
		{"a directory with a slash", elsewhere, []string{"--dir", dir + "/"}},
		{"HTTP/1.1", dir, []string{"-p", "HTTP/1.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.cwd)
			r := start(t, &syncBuffer{written: make(chan string, 9)}, append(tt.args, "0", "-b", "127.0.0.1")...)
			check(t, r.addr, content)
			r.signals <- os.Interrupt
			if status := receive(t, r.status); status != 0 {
				t.Errorf("status %d: %s", status, r.stderr)
			}
		})
	}
}

func TestProtocol(t *testing.T) {
	dir, _ := site(t)
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		r := start(t, &syncBuffer{written: make(chan string, 9)}, "0", "-b127.0.0.1", "-p"+version, "-d"+dir)
		conn, err := net.DialTimeout("tcp", r.addr, deadline)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(deadline))
		fmt.Fprintf(conn, "GET /served_filename HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), version+" 200 OK\r\n") {
			t.Errorf("%s: %.40q, %v", version, answer, err)
		}
	}
}

// Without -b, a server can be reached over IPv6 and IPv4.
func TestDefaultBind(t *testing.T) {
	dir, content := site(t)
	r := start(t, &syncBuffer{written: make(chan string, 9)}, "0", "-d", dir)
	host, port, _ := net.SplitHostPort(r.addr)
	hosts := []string{"127.0.0.1", "::1"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		l.Close()
	} else {
		hosts = hosts[:1]
	}
	if host != "::" && len(hosts) == 2 {
		t.Errorf("it listens on %s", host)
	}
	for _, host := range hosts {
		check(t, net.JoinHostPort(host, port), content)
	}
}

func TestBanner(t *testing.T) {
	for _, tt := range []struct{ ip, want string }{
		{"0.0.0.0", "Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...\n"},
		{"::", "Serving HTTP on :: port 8000 (http://[::]:8000/) ...\n"},
		{"::1", "Serving HTTP on ::1 port 8000 (http://[::1]:8000/) ...\n"},
	} {
		if got := banner(&net.TCPAddr{IP: net.ParseIP(tt.ip), Port: 8000}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.ip, got, tt.want)
		}
	}
}

// It serves without anyone to hear of it.
func TestStdoutThatFails(t *testing.T) {
	dir, content := site(t)
	stdout := &syncBuffer{written: make(chan string, 9), err: syscall.EPIPE}
	r := start(t, stdout, "0", "-b127.0.0.1", "-d"+dir)
	check(t, r.addr, content)
	r.signals <- os.Interrupt
	if status := receive(t, r.status); status != 0 {
		t.Errorf("status %d", status)
	}
}

// Where nobody takes the message of the first interrupt, the second ends the program.
func TestInterruptTwice(t *testing.T) {
	stdout := &syncBuffer{written: make(chan string)}
	r := start(t, stdout, "0", "-b127.0.0.1", "-d"+t.TempDir())
	r.signals <- os.Interrupt
	r.signals <- os.Interrupt
	if status := receive(t, r.status); status != 128+2 {
		t.Errorf("status %d", status)
	}
	receive(t, stdout.written)
}

func TestTerminateTwice(t *testing.T) {
	dir, _ := site(t)
	r := start(t, &syncBuffer{written: make(chan string, 9)}, "0", "-b127.0.0.1", "-d"+dir)
	resp := download(t, r.addr)
	r.signals <- syscall.SIGTERM
	r.signals <- syscall.SIGTERM
	if status := receive(t, r.status); status != 128+15 {
		t.Errorf("status %d", status)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the download came to its end")
	}
}

func TestPatience(t *testing.T) {
	dir, _ := site(t)
	var stderr syncBuffer
	s := service{stdout: io.Discard, log: newLog(&stderr), patience: 50 * time.Millisecond}
	if err := s.open(&options{bind: "127.0.0.1", directory: dir}); err != nil {
		t.Fatal(err)
	}
	signals, status := make(chan os.Signal), make(chan int, 1)
	go func() { status <- s.serve(signals) }()
	resp := download(t, s.listener.Addr().String())
	signals <- syscall.SIGTERM
	if status := receive(t, status); status != 0 {
		t.Errorf("status %d", status)
	}
	const want = `"GET /big HTTP/1.1" 200 -` + "\nhttpserver: cut the requests that had not ended after 50ms\n"
	if _, got, _ := strings.Cut(stderr.String(), "] "); got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the download came to its end")
	}
}

// A listener that fails ends the program.
func TestServeFails(t *testing.T) {
	var stderr syncBuffer
	s := service{listener: brokenListener{}, stdout: io.Discard, log: newLog(&stderr)}
	s.server = &httpserver.ThreadingServer{Server: httpserver.Server{Handler: &httpserver.SimpleHandler{}}}
	if status, got, want := s.serve(nil), stderr.String(), "httpserver: broken\n"; status != 1 || got != want {
		t.Errorf("status %d, stderr %q, want %q", status, got, want)
	}
}

type brokenListener struct{}

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("broken") }
func (brokenListener) Close() error              { return nil }
func (brokenListener) Addr() net.Addr            { return &net.TCPAddr{} }

// A program is the command, or CPython's, as a process.
type program struct {
	cmd    *exec.Cmd
	banner string
	addr   string
	stdout *os.File
	stderr bytes.Buffer // after wait
}

// ours gives the command as a process.
func ours(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, args...)
	cmd.Env = append(os.Environ(), "HTTPSERVER_TEST_COMMAND=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// theirs gives python -m http.server as a process.
func theirs(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	return exec.Command(python, append([]string{"-u", "-m", "http.server"}, args...)...)
}

// launch starts a program and reads its banner.
func launch(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	stdout, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: cmd, stdout: stdout}
	cmd.Stdout = w
	if cmd.Stderr == nil {
		cmd.Stderr = &p.stderr
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdout.Close()
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	stdout.SetReadDeadline(time.Now().Add(deadline))
	var line []byte
	for b := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")); line = append(line, b...) {
		if _, err := stdout.Read(b); err != nil {
			t.Fatalf("after %q: %v", line, err)
		}
	}
	p.banner = string(line)
	p.addr = addressIn(t, p.banner)
	return p
}

// wait gives what the program prints from now on and its exit status.
func (p *program) wait(t *testing.T) (stdout string, status int) {
	t.Helper()
	timer := time.AfterFunc(deadline, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	rest, err := io.ReadAll(p.stdout)
	if err != nil && !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	p.cmd.Wait()
	return string(rest), p.cmd.ProcessState.ExitCode()
}

func TestCommandLineRunTimeTestCase(t *testing.T) {
	t.Run("test_http_client", func(t *testing.T) {
		dir, content := site(t)
		cmd := ours(t, "--bind", "127.0.0.1", "0")
		cmd.Dir = dir
		p := launch(t, cmd)
		if m := bannerPattern.FindStringSubmatch(p.banner); m[1] != "HTTP" || m[2] != "127.0.0.1" || m[4] != "http://"+p.addr+"/" {
			t.Errorf("the banner is %q", p.banner)
		}
		check(t, p.addr, content)
	})
}

// Where there is nothing to serve, the exit status is CPython's and so is the complaint.
func TestExitStatusOfPython(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	vectors := [][]string{{"-h"}, {"abc"}, {"--nope"}, {"-b"}, {"8000", "9000"}, {"--=x"}, {"-hx"}, {"-b", "", "0"}, {"-b", "255.1.1.1", "0"}}
	var want []struct {
		Status int
		Stderr string
	}
	version := pythontest.Run(t, `
import subprocess
out = []
for args in inp:
    p = subprocess.run([sys.executable, '-m', 'http.server', *args], capture_output=True, text=True)
    out.append({'Status': p.returncode, 'Stderr': p.stderr})
`, vectors, &want)
	for i, args := range vectors {
		_, stderr, status := runShort(t, args...)
		if status != want[i].Status {
			t.Errorf("%q: status %d, want %d", args, status, want[i].Status)
		}
		_, got, _ := strings.Cut(stderr, "httpserver: error: ")
		_, message, _ := strings.Cut(want[i].Stderr, ": error: ")
		message = strings.Replace(message, "--protocol\n", "--protocol, "+strings.Join(newer, ", ")+"\n", 1)
		if status == 2 && version.Before(3, 12) && got != message {
			t.Errorf("%q: %q, want %q", args, got, message)
		}
	}
}
