package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// shootIdle starts the server anew, has so many connections ask once and stay,
// and gives what memory each of them takes.
func shootIdle(ctx context.Context, p *process, r *row, e extent) (_ shot, err error) {
	other, err := p.make.startOnce(ctx, p.site, r)
	if err != nil {
		return shot{}, err
	}
	defer func() { err = errors.Join(err, other.stop()) }()
	began := time.Now()
	// What a server sets up once is there after the first of them.
	first, err := other.occupy(ctx, p.target, max(1, e.requests/20))
	defer hangUpAll(first)
	if err != nil {
		return shot{}, err
	}
	before, err := other.settledMemory(ctx)
	if err != nil {
		return shot{}, err
	}
	then, err := other.occupy(ctx, p.target, e.requests)
	defer hangUpAll(then)
	if err != nil {
		return shot{}, err
	}
	after, err := other.settledMemory(ctx)
	return shot{Requests: e.requests, Elapsed: time.Since(began), Figure: float64(after-before) / float64(e.requests)}, err
}

// occupy has n clients ask once and keep their connections, a few at a time.
func (p *process) occupy(ctx context.Context, asked *target, n int) ([]*client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, errors.New("the connections took too long"))
	defer cancel()
	aimed := *asked
	aimed.addr = p.addr
	all := make([]*client, n)
	failures := make([]error, 8)
	var workers sync.WaitGroup
	for w := range failures {
		workers.Go(func() {
			for i := w; i < n && failures[w] == nil; i += len(failures) {
				all[i] = &client{ctx: ctx, target: &aimed}
				failures[w] = all[i].ask()
			}
		})
	}
	workers.Wait()
	return all, errors.Join(failures...)
}

func hangUpAll(clients []*client) {
	for _, c := range clients {
		if c != nil {
			c.hangUp()
		}
	}
}

// settledMemory waits until the memory of a server stays what it is. Servers of
// ours in Go are told to collect their garbage; else they would after two
// minutes.
func (p *process) settledMemory(ctx context.Context) (bytes int, err error) {
	const same = 64 << 10
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, errors.New("the server's memory does not settle"))
	defer cancel()
	for last := -same; ; {
		if p.collects {
			p.Process.Signal(syscall.SIGUSR1)
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
		now, err := p.memory()
		if err != nil || now-last < same && last-now < same {
			return now, err
		}
		last = now
	}
}

// memory is the proportional set size of a server's processes.
func (p *process) memory() (bytes int, err error) {
	all, err := readStats()
	if err != nil {
		return 0, err
	}
	for _, s := range below(p.Process.Pid, all) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.pid))
		if err != nil {
			return 0, err
		}
		n, err := parsePss(string(text))
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// parsePss reads the Pss of /proc/PID/smaps_rollup.
func parsePss(text string) (bytes int, err error) {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Pss:" && fields[2] == "kB" {
			n, err := strconv.Atoi(fields[1])
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no Pss in %.100q", text)
}
