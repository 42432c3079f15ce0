package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/httpserver/internal/bench/child"
)

// A command is what starts a server.
type command struct {
	*exec.Cmd
	collects bool   // whether SIGUSR1 has it collect its garbage
	log      string // the file that it logs requests to, if it does
}

// A process is a server that has been started.
type process struct {
	*command
	addr     string // where it serves
	site     *site
	make     recipe  // for another of it
	target   *target // what it is asked, once that is known
	standing int     // how many processes it may consist of when nobody asks for anything
	asked    int     // how many requests it has answered that were counted
	stdin    io.Closer
	said     *said
	ended    chan struct{} // closed when it has
	failure  error         // how it ended; to be read after that
}

// startPatience is for a server to listen, and to end.
const startPatience = 10 * time.Second

// launch starts a server. Its standard input is a pipe that ends with this
// process; what it writes to standard error is held against it, if that does
// not go somewhere else.
func launch(cmd *command) (*process, error) {
	p := &process{command: cmd, said: new(said), ended: make(chan struct{})}
	if cmd.Stderr == nil {
		cmd.Stderr = p.said
	}
	// Ctrl-C is for this process, which then ends its servers.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	err = cmd.Start()
	if log, ok := cmd.Stderr.(*os.File); ok {
		err = errors.Join(err, log.Close()) // it is the server's now
	}
	if err != nil {
		return nil, err
	}
	go func() {
		p.failure = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// A recipe gives the command that is a server at an address, being what a row
// needs. It may write files into the site's private directory.
type recipe func(s *site, r *row, addr *net.TCPAddr) (*command, error)

// start starts a server. Servers do not say which port they were given, so they
// get one that was free a moment ago; where somebody else was faster, another.
func (make recipe) start(ctx context.Context, s *site, r *row) (player, error) {
	var failures []error
	for range 3 {
		p, err := make.startOnce(ctx, s, r)
		if err == nil {
			return p, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func (make recipe) startOnce(ctx context.Context, s *site, r *row) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	cmd, err := make(s, r, addr)
	if err != nil {
		return nil, err
	}
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	p.addr, p.site, p.make = addr.String(), s, make
	if err := p.serves(ctx, r); err != nil {
		return nil, errors.Join(err, p.complaint(), p.stop())
	}
	return p, nil
}

// freeAddr gives an address of the loopback interface that nobody listens on.
func freeAddr() (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr), nil
}

// serves waits until something answers at p.addr, and then counts the processes,
// if there will be others for a while.
func (p *process) serves(ctx context.Context, r *row) error {
	conn, err := p.connect(ctx, 5*time.Millisecond)
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
	p.standing = math.MaxInt
	if r.application != child.Scripts {
		return nil // what it consists of stays, once it has all been started
	}
	all, err := readStats()
	p.standing = len(below(p.Process.Pid, all))
	return err
}

// connect dials p.addr until something listens there, with waits between.
func (p *process) connect(ctx context.Context, wait time.Duration) (net.Conn, error) {
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
		case <-time.After(wait):
		}
	}
}

// check finds out what to ask, and asks once. What a server that answers has
// said so far was about its start.
func (p *process) check(ctx context.Context, r *row) (err error) {
	if p.target, err = aim(ctx, p.site, r, p.addr); err != nil {
		return errors.Join(err, p.complaint())
	}
	p.said.forget()
	return nil
}

// shot measures. Before that, every byte of an answer is looked at.
func (p *process) shot(ctx context.Context, r *row, e extent) (shot, error) {
	if err := p.target.check(ctx); err != nil {
		return shot{}, cmp.Or(p.complaint(), err)
	}
	seen, err := r.measures().shoot(ctx, p, r, e)
	return seen, cmp.Or(p.complaint(), err)
}

// complaint is an error if the server has written to standard error: nothing
// that is measured should give it cause to.
func (p *process) complaint() error {
	if text := p.said.text(); text != "" {
		return fmt.Errorf("the server says %.500q", text)
	}
	return nil
}

// stop tells the server to end, and ends it by force when that takes too long.
func (p *process) stop() error {
	p.Process.Signal(syscall.SIGTERM)
	p.stdin.Close()
	select {
	case <-p.ended:
		return p.checkLog()
	case <-time.After(startPatience):
	}
	p.Process.Kill()
	<-p.ended
	return errors.New("a server had to be killed")
}

// checkLog looks whether a server that logs requests has logged all of them.
func (p *process) checkLog() error {
	if p.log == "" {
		return nil
	}
	text, err := os.ReadFile(p.log)
	if n := bytes.Count(text, []byte("\n")); err == nil && n < p.asked {
		return fmt.Errorf("%s: %d lines for %d requests", filepath.Base(p.log), n, p.asked)
	}
	return errors.Join(err, os.Remove(p.log))
}

// said is a server's standard error: it keeps the beginning.
type said struct {
	mu   sync.Mutex
	kept []byte
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, p[:min(len(p), 64<<10-len(s.kept))]...)
	return len(p), nil
}

// harmless is what servers may say: that a client has gone, as some have at the
// end of a load; and, late where the machine is busy, that it has begun.
var harmless = []string{"broken pipe", "connection reset by peer", "ready to serve requests", "server started"}

// text gives it without what is harmless.
func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(s.kept)) {
		if !slices.ContainsFunc(harmless, func(words string) bool { return strings.Contains(line, words) }) {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}

func (s *said) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}

// goServer is the recipe of a server written in Go: they have the package child
// in common. The variant log writes its log into a file.
func goServer(b build, variant string) recipe {
	return func(s *site, r *row, addr *net.TCPAddr) (*command, error) {
		args := []string{"-address", addr.String(), "-application", r.application, "-directory", s.directory, "-variant", variant}
		if s.profile != "" {
			args = append(args, "-profile", s.profileOf(r, b, variant))
		}
		cmd := &command{Cmd: exec.Command(s.program(b), args...), collects: true}
		if r.procs > 0 {
			cmd.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", r.procs))
		}
		if variant == "log" {
			return cmd, cmd.logTo(filepath.Join(s.private, fmt.Sprintf("ours-%d.log", addr.Port)))
		}
		return cmd, nil
	}
}

// logTo has a command write standard error to a file.
func (c *command) logTo(file string) error {
	f, err := os.Create(file)
	c.Stderr, c.log = f, file
	return err
}
