package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// A server is a process that serves the site, and its log.
type server struct {
	name   string
	addr   string
	ledger *ledger

	cmd    *exec.Cmd
	stdin  io.WriteCloser // of a child
	stdout *bufio.Reader
	asking sync.Mutex // one question at a time

	log     *os.File
	read    int64 // of the log
	exited  chan struct{}
	exitErr error // once it has

	samples []sample
}

// startServer starts the command, or a child with the handler of that name. Its log is a
// file in dir.
func startServer(ctx context.Context, name, dir, root string) (*server, error) {
	s := &server{name: name, ledger: &ledger{command: name == "command", other: map[string]int{}}, exited: make(chan struct{})}
	var err error
	if s.ledger.command {
		s.cmd, err = commandLine(ctx, dir, root)
	} else {
		s.cmd, err = childLine(name, root)
	}
	if err != nil {
		return nil, err
	}
	if s.log, err = os.OpenFile(filepath.Join(dir, name+".log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return nil, err
	}
	s.cmd.Stderr = s.log
	endWithUs(s.cmd)
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdout = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.stdout.ReadString('\n')
	if s.addr = findAddress(line); s.addr == "" {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		text, _ := os.ReadFile(s.log.Name())
		return nil, fmt.Errorf("%s did not start: %q, %w, %s", name, line, err, text)
	}
	return s, nil
}

var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// findAddress finds where a server listens in the line that says so.
func findAddress(line string) string { return address.FindString(line) }

// commandLine builds the command, as this program was built, and says how to run it.
func commandLine(ctx context.Context, dir, root string) (*exec.Cmd, error) {
	program := filepath.Join(dir, "httpserver")
	args := append([]string{"build", "-o", program}, buildFlags()...)
	build := exec.CommandContext(ctx, "go", append(args, "example.com/httpserver/cmd/httpserver")...)
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go %v: %w\n%s", build.Args, err, out)
	}
	return exec.Command(program, "--cgi", "-p", "HTTP/1.1", "-b", "127.0.0.1", "-d", root, "0"), nil
}

// buildFlags are those that this program was built with and that matter.
func buildFlags() (flags []string) {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		switch {
		case s.Key == "-tags":
			flags = append(flags, "-tags="+s.Value)
		case s.Key == "-race" && s.Value == "true":
			flags = append(flags, "-race")
		}
	}
	return flags
}

func childLine(name, root string) (*exec.Cmd, error) {
	text, err := json.Marshal(config{Handler: name, Directory: root})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	return exec.Command(self, childFlag, string(text)), err
}

// usage asks a child what it uses; the command cannot be asked.
func (s *server) usage(question string) (u usage, err error) {
	if s.ledger.command {
		return u, nil
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if _, err := io.WriteString(s.stdin, question+"\n"); err != nil {
		return u, err
	}
	line, err := s.stdout.ReadBytes('\n')
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(line, &u)
}

// await waits for the process, on a goroutine of its own that ends with it.
func (s *server) await() {
	go func() {
		s.exitErr = s.cmd.Wait()
		close(s.exited)
	}()
}

// terminate tells the server to end.
func (s *server) terminate() error {
	select {
	case <-s.exited:
		return fmt.Errorf("it had ended: %w", s.exitErr)
	default:
	}
	return s.cmd.Process.Signal(syscall.SIGTERM)
}

// awaitEnd waits for the server to end by itself.
func (s *server) awaitEnd(long time.Duration) error {
	select {
	case <-s.exited:
	case <-time.After(long):
		return fmt.Errorf("it had not ended %v after a SIGTERM", long)
	}
	if s.exitErr != nil {
		return fmt.Errorf("after a SIGTERM: %w", s.exitErr)
	}
	return nil
}

// kill ends the process, whatever it does, and lets go of its log.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.exited
	s.log.Close()
}

// readLog takes in what is new in the log. What was read takes no more room on the disk.
func (s *server) readLog() error {
	to, err := s.ledger.read(s.log, s.read)
	s.read = to
	if err == nil {
		forget(s.log, to)
	}
	return err
}
