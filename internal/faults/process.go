package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A process is the child, as its parent sees it.
type process struct {
	addr string // where it serves
	pid  int

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *complaints

	asking sync.Mutex // one question at a time
}

// start starts a child.
func start(c config) (*process, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self, childFlag, string(text)), stderr: new(complaints)}
	p.cmd.Stderr = p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.pid = p.cmd.Process.Pid
	defer p.endAfter(childPatience).Stop()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the child did not start: %w (%v)", err, p.stop())
	}
	p.addr = strings.TrimSpace(line)
	return p, nil
}

// childPatience is for a child that says nothing, although it has no more to do
// than collect garbage.
const childPatience = 30 * time.Second

// endAfter ends the child by force, unless it is stopped: then waits for what it
// says end too.
func (p *process) endAfter(d time.Duration) *time.Timer {
	return time.AfterFunc(d, func() { p.cmd.Process.Kill() })
}

// usage asks the child what it uses.
func (p *process) usage() (usage, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	defer p.endAfter(childPatience).Stop()
	var u usage
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		return u, err
	}
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(line, &u)
}

// stop ends the child, by force where it does not end by itself. The error says
// that it had ended before, or ended badly, or had something to complain of.
func (p *process) stop() error {
	p.stdin.Close()
	defer p.endAfter(childPatience).Stop()
	err := p.cmd.Wait()
	if what := p.stderr.worst(); what != "" {
		return fmt.Errorf("standard error has %q", what)
	}
	if err != nil {
		return fmt.Errorf("the child died: %w", err)
	}
	return nil
}

// complaints is a child's standard error: it keeps the first line that tells of
// a panic or the like, and only counts the others.
type complaints struct {
	mu    sync.Mutex
	part  []byte // of a line
	lines int
	first string
}

// disaster matches a line that no server may ever write. What a log line quotes
// of a request comes later in its line.
var disaster = regexp.MustCompile(`^(panic: |fatal error: |the server ended|[\d/]+ [\d:]+ http: panic serving|` +
	`Exception occurred|WARNING: DATA RACE|goroutine \d+ \[)`)

func (c *complaints) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.part = append(c.part, p...)
	for {
		line, rest, ended := bytes.Cut(c.part, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		c.lines++
		if c.first == "" && disaster.Match(line) {
			c.first = string(line)
		}
		c.part = append(c.part[:0], rest...)
	}
}

// worst gives the line to worry about, or nothing.
func (c *complaints) worst() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}
