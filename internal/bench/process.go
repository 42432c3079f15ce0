package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a server that has been started.
type process struct {
	cmd      *exec.Cmd
	addr     string // where it serves
	standing int    // how many processes it consists of when nobody asks for anything
	stdin    io.Closer
	said     *said
	ended    chan struct{} // closed when it has
	failure  error         // how it ended; to be read after that
}

// startPatience is for a server to listen, and to end.
const startPatience = 10 * time.Second

// launch starts a server. Its standard input is a pipe that ends with this
// process; what it writes to standard error is held against it.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, said: new(said), ended: make(chan struct{})}
	cmd.Stderr = p.said
	// Ctrl-C is for this process, which then ends its servers.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.failure = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// serves waits until something answers at p.addr, and then counts the processes.
func (p *process) serves(ctx context.Context) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Whatever the answer is: a server that gives one has begun to serve, and
	// said so if it is one that does.
	conn.SetDeadline(time.Now().Add(startPatience))
	if _, err := fmt.Fprintf(conn, get10, "/"); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return err
	}
	p.said.forget()
	all, err := readStats()
	p.standing = len(below(p.cmd.Process.Pid, all))
	return err
}

// connect dials p.addr until something listens there.
func (p *process) connect(ctx context.Context) (net.Conn, error) {
	for deadline := time.Now().Add(startPatience); ; {
		conn, err := dial(ctx, p.addr)
		if err == nil {
			return conn, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the server does not listen: %w", err)
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("the server has ended: %v, saying %q", p.failure, p.said.text())
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// check asks once for what a row asks for.
func (p *process) check(ctx context.Context, r *row) error {
	_, err := p.shot(ctx, r, 1)
	return err
}

// shot has clients send n requests, and looks what they have cost.
func (p *process) shot(ctx context.Context, r *row, n int) (shot, error) {
	pid := p.cmd.Process.Pid
	before, err := settled(ctx, pid, p.standing)
	if err != nil {
		return shot{}, err
	}
	elapsed, err := load(ctx, p.addr, r, n)
	if err != nil {
		return shot{}, cmp.Or(p.complaint(), err)
	}
	after, err := settled(ctx, pid, p.standing)
	if err != nil {
		return shot{}, err
	}
	return shot{Requests: n, Elapsed: elapsed, CPU: after - before}, p.complaint()
}

// complaint is an error if the server has written to standard error: nothing
// that is measured should give it cause to.
func (p *process) complaint() error {
	if text := p.said.text(); text != "" {
		return fmt.Errorf("the server says %q", text)
	}
	return nil
}

// stop ends the server: ours when their input ends, others when they are told,
// and all by force when that takes too long.
func (p *process) stop() error {
	p.stdin.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(startPatience):
	}
	p.cmd.Process.Kill()
	<-p.ended
	return errors.New("a server had to be killed")
}

// said is a server's standard error: it keeps the beginning.
type said struct {
	mu   sync.Mutex
	kept []byte
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, p[:min(len(p), 2048-len(s.kept))]...)
	return len(p), nil
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.kept)
}

func (s *said) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}

// child is this program as a server.
func child(c config) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return exec.Command(self, childFlag, string(text)), nil
}

// startChild gives the function that starts one of the servers in child.go.
func startChild(name string) func(context.Context, *site) (player, error) {
	return func(ctx context.Context, s *site) (player, error) {
		cmd, err := child(config{Server: name, Directory: s.directory, Profile: s.profile})
		if err != nil {
			return nil, err
		}
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		cmd.Stdout = w
		p, err := launch(cmd)
		w.Close()
		if err != nil {
			return nil, err
		}
		r.SetReadDeadline(time.Now().Add(startPatience))
		line, err := bufio.NewReader(r).ReadString('\n')
		if err == nil {
			p.addr = strings.TrimSpace(line)
			err = p.serves(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, p.complaint(), p.stop())
		}
		return p, nil
	}
}
