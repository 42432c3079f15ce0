package main

import (
	"context"
	"errors"
	"time"
)

// A measure is what is measured in a row.
type measure struct {
	column string // the head of a table's column
	unit   string
	digits int // behind the point
	of     func(shot) float64
	shoot  func(context.Context, *process, *row, extent) (shot, error)
}

var (
	processorTime = &measure{"CPU a request, µs", "µs", 1, shot.cost, shootLoad}
	idleMemory    = &measure{"memory a connection, bytes", "bytes", 0, shot.figure, shootIdle}
	startTime     = &measure{"exec to first byte, ms", "ms", 1, shot.figure, shootStarts}
)

// measures gives what is measured in a row.
func (r *row) measures() *measure {
	if r.measure == nil {
		return processorTime
	}
	return r.measure
}

// shootLoad has clients send requests, and looks what they have cost.
func shootLoad(ctx context.Context, p *process, r *row, e extent) (shot, error) {
	pid := p.Process.Pid
	before, err := settled(ctx, pid, p.standing)
	if err != nil {
		return shot{}, err
	}
	seen, err := r.load(ctx, p.target, e)
	if err != nil {
		return shot{}, err
	}
	p.asked += seen.Requests
	after, err := settled(ctx, pid, p.standing)
	seen.CPU = after - before
	return seen, err
}

// shootStarts starts the server again and again, for a request each, and gives
// the median of the times from exec to an answer's first byte.
func shootStarts(ctx context.Context, p *process, r *row, e extent) (shot, error) {
	var times []float64
	began := time.Now()
	for range e.requests {
		took, err := p.first(ctx)
		if err != nil {
			return shot{}, err
		}
		times = append(times, float64(took.Nanoseconds())/1e6)
	}
	return shot{Requests: e.requests, Elapsed: time.Since(began), Figure: spreadOf(times).Median}, nil
}

// first starts another of the same servers, and gives the time until it begins
// to answer. The answer is checked like any other.
func (p *process) first(ctx context.Context) (took time.Duration, err error) {
	addr, err := freeAddr()
	if err != nil {
		return 0, err
	}
	cmd, err := p.make(p.site, p.target.row, addr)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	other, err := launch(cmd)
	if err != nil {
		return 0, err
	}
	other.addr = addr.String()
	defer func() { err = errors.Join(err, other.stop()) }()
	conn, err := other.connect(ctx, 50*time.Microsecond)
	if err != nil {
		return 0, err
	}
	c := &client{ctx: ctx, target: p.target}
	c.attach(conn)
	defer c.hangUp()
	if err := c.send(p.target.request); err != nil {
		return 0, err
	}
	if _, err := c.in.Peek(1); err != nil {
		return 0, err
	}
	took = time.Since(began)
	_, err = readAnswer(c.in, p.target, 0)
	return took, err
}
