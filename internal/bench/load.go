package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A target is a server and what a row asks of it.
type target struct {
	row     *row
	addr    string
	request string // the row's, with what makes it conditional
	content string // what is wanted; of a listing, what was seen first
	length  int64  // of an answer, head and all

	// The files that have request and content in them, for other programs.
	requestFile, contentFile string
	site                     *site
}

// An extent says how long a load is to be: so many requests or, for those that
// do not count them, that time.
type extent struct {
	requests int
	time     time.Duration
}

// A loader sends a target's requests.
type loader func(context.Context, *target, extent) (shot, error)

// inGo has clients in this process, which look at every byte.
func inGo(ctx context.Context, t *target, e extent) (shot, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, fmt.Errorf("the shot took longer than %v", shotBound))
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	var left atomic.Int64
	left.Store(int64(e.requests))
	var clients sync.WaitGroup
	began := time.Now()
	for range min(t.row.clients, e.requests) {
		clients.Go(func() {
			c := &client{ctx: ctx, target: t}
			defer c.hangUp()
			for left.Add(-1) >= 0 {
				if err := c.ask(); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	clients.Wait()
	elapsed := time.Since(began)
	err := context.Cause(ctx)
	fail(nil)
	return shot{Requests: e.requests, Elapsed: elapsed}, err
}

// inC is programs/load.c, which costs less.
func inC(ctx context.Context, t *target, e extent) (shot, error) {
	_, port, _ := strings.Cut(t.addr, ":")
	how := "close"
	if t.row.keep {
		how = "keep"
	}
	out, err := runLoad(ctx, t.site.load, port, strconv.Itoa(min(t.row.clients, e.requests)), strconv.Itoa(e.requests),
		how, strconv.Itoa(t.row.want.status), t.requestFile, t.contentFile)
	if err != nil {
		return shot{}, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	return shot{Requests: e.requests, Elapsed: time.Duration(nanoseconds)}, err
}

// runLoad runs a program that loads, and gives what it prints.
func runLoad(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, shotBound, fmt.Errorf("the shot took longer than %v", shotBound))
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s: %s%s", filepath.Base(name), failed.Stderr, out)
	}
	return string(out), err
}

// untilItListens has a program not die of an interrupt before it waits for one.
const untilItListens = `trap "" INT; exec "$@"`

// errRunning is for a program that has not ended.
var errRunning = errors.New("still running")

// wrkThreads is how many threads wrk has: as many as there are connections for,
// and two cores.
const wrkThreads = 2

// wrk is the program of that name. It looks at status lines and framing alone;
// that every answer was as long as it should be is checked here.
func wrk(ctx context.Context, t *target, e extent) (shot, error) {
	program, err := find("wrk")
	if err != nil {
		return shot{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.time+shotBound, errors.New("wrk does not end"))
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", untilItListens, "sh", program, "-t", strconv.Itoa(min(wrkThreads, t.row.clients)), "-c", strconv.Itoa(t.row.clients), "-d", "600s",
		"-s", filepath.Join(t.site.private, "load.lua"), "http://"+t.addr+"/", "--", t.requestFile, strconv.Itoa(t.row.atOnce()))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return shot{}, err
	}
	// It takes no parts of a second; an interrupt has it end and report. It may need
	// more than one: the first thread has to hear it.
	end := time.NewTicker(e.time)
	defer end.Stop()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for err = errRunning; err == errRunning; {
		select {
		case err = <-ended:
		case <-end.C:
			cmd.Process.Signal(os.Interrupt)
			end.Reset(100 * time.Millisecond)
		}
	}
	if ctx.Err() != nil {
		return shot{}, context.Cause(ctx)
	}
	if err != nil {
		return shot{}, fmt.Errorf("wrk: %w: %s", err, out.String())
	}
	return t.counted(out.String())
}

// counted reads what load.lua has printed.
func (t *target) counted(out string) (shot, error) {
	var requests, microseconds, bytes, connect, read, write, status, timeout, median, slowest int64
	_, line, _ := strings.Cut(out, "\ncounted ")
	if _, err := fmt.Sscan(line, &requests, &microseconds, &bytes, &connect, &read, &write, &status, &timeout, &median, &slowest); err != nil {
		return shot{}, fmt.Errorf("wrk wrote %q: %w", out, err)
	}
	if connect+read+write+status+timeout > 0 {
		return shot{}, fmt.Errorf("wrk counted failures: %d connect, %d read, %d write, %d status, %d timeout", connect, read, write, status, timeout)
	}
	if requests == 0 {
		return shot{}, errors.New("wrk got no answers")
	}
	// What it has read of answers that it did not wait for is among the bytes.
	if more := bytes - requests*t.length; more < 0 || more > int64(t.row.clients*t.row.atOnce())*t.length {
		return shot{}, fmt.Errorf("%d answers of %d bytes came to %d bytes", requests, t.length, bytes)
	}
	return shot{
		Requests: int(requests), Elapsed: time.Duration(microseconds) * time.Microsecond,
		Median: time.Duration(median) * time.Microsecond, P99: time.Duration(slowest) * time.Microsecond,
	}, nil
}

// raiseLimit lets this process and those it starts have as many descriptors as
// they may.
func raiseLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	// Go raises it too, but would start other programs with what it was before.
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
