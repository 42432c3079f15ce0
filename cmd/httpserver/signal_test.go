//go:build unix

package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// A session is what a program says from its beginning to its end.
type session struct {
	Banner, Log, Farewell string
	Status                int
}

var varies = regexp.MustCompile(`\d\d/\w+/\d{4} \d\d:\d\d:\d\d`)

// sessionOf has a program answer a request, and interrupts it.
func sessionOf(t *testing.T, cmd *exec.Cmd) (s session) {
	t.Helper()
	cmd.Dir = t.TempDir()
	p := launch(t, cmd)
	resp, err := client.Get("http://" + p.addr + "/") // CPython is not ready for an interrupt before
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	p.signal(t, os.Interrupt)
	s.Farewell, s.Status = p.wait(t)
	_, port, _ := net.SplitHostPort(p.addr)
	s.Banner = strings.ReplaceAll(p.banner, port, "PORT")
	s.Log = varies.ReplaceAllString(p.stderr.String(), "DATE")
	return s
}

// The banner, the log, what an interrupt makes it say, and the exit status: CPython's, to the byte.
func TestBesidePython(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			if l, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
				t.Skip(err)
			} else {
				l.Close()
			}
			want := sessionOf(t, theirs(t, "0", "-b", host))
			if got := sessionOf(t, ours(t, "0", "-b", host)); got != want {
				t.Errorf("got %#v\nwant %#v", got, want)
			}
		})
	}
}

// A download that is under way when SIGTERM comes reaches its end; who comes then is turned away.
func TestTerminate(t *testing.T) {
	dir, _ := site(t)
	p := launch(t, ours(t, "0", "-b127.0.0.1", "-d"+dir))
	resp := download(t, p.addr)
	p.signal(t, syscall.SIGTERM)
	awaitClosed(t, p.addr)
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || n != bigSize-1000 {
		t.Errorf("the rest of the download: %d bytes, %v", n, err)
	}
	stdout, status := p.wait(t)
	if stdout != "" || status != 0 {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	if log := p.stderr.String(); strings.Count(log, "\n") != 1 || !strings.HasSuffix(log, `] "GET /big HTTP/1.1" 200 -`+"\n") {
		t.Errorf("the log is %q", log)
	}
}

// awaitClosed waits until nobody listens on addr.
func awaitClosed(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		conn, err := net.DialTimeout("tcp", addr, deadline)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("it still listens")
}

// An interrupt cuts a download; a second SIGTERM does.
func TestSignalsCut(t *testing.T) {
	dir, _ := site(t)
	for _, tt := range []struct {
		name    string
		signals []os.Signal
		status  int
	}{
		{"an interrupt", []os.Signal{os.Interrupt}, 0},
		{"SIGTERM twice", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, 128 + 15},
		{"SIGTERM, then an interrupt", []os.Signal{syscall.SIGTERM, os.Interrupt}, 128 + 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := launch(t, ours(t, "0", "-b127.0.0.1", "-d"+dir))
			resp := download(t, p.addr)
			for i, s := range tt.signals {
				if i > 0 {
					awaitClosed(t, p.addr) // signals of one number that nobody has seen yet are one
				}
				p.signal(t, s)
			}
			if _, status := p.wait(t); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Error("the download came to its end")
			}
		})
	}
}

// Every answer that a client has seen is in the log.
func TestNoLogLineIsLost(t *testing.T) {
	const clients, requests = 4, 25
	dir, content := site(t)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := launch(t, ours(t, "0", "-b127.0.0.1", "-d"+dir))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range requests {
					check(t, p.addr, content)
				}
			})
		}
		wg.Wait()
		p.signal(t, s)
		p.wait(t)
		if n := strings.Count(p.stderr.String(), `"GET /served_filename HTTP/1.1" 200 -`+"\n"); n != clients*requests {
			t.Errorf("%v: %d lines, want %d", s, n, clients*requests)
		}
	}
}

// Pipes whose other end is closed do not end it.
func TestPipesThatWentAway(t *testing.T) {
	dir, content := site(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := ours(t, "0", "-b127.0.0.1", "-d"+dir)
	cmd.Stderr = w
	p := launch(t, cmd)
	w.Close()
	p.stdout.Close()
	for range 2 {
		check(t, p.addr, content)
	}
	p.signal(t, os.Interrupt)
	if _, status := p.wait(t); status != 0 {
		t.Errorf("status %d: %v", status, p.cmd.ProcessState)
	}
}

// As with CPython, what a shell started in the background of a script does not hear the interrupt.
func TestIgnoredInterrupt(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not installed")
	}
	dir, content := site(t)
	cmd := ours(t, "0", "-b127.0.0.1", "-d"+dir)
	script := exec.Command(sh, append([]string{"-c", `trap "" INT; exec "$0" "$@"`}, cmd.Args...)...)
	script.Env = cmd.Env
	p := launch(t, script)
	p.signal(t, os.Interrupt)
	check(t, p.addr, content)
	p.signal(t, syscall.SIGTERM)
	if stdout, status := p.wait(t); stdout != "" || status != 0 {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
}
