package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A shot is what was seen of one peer in one round.
type shot struct {
	Round    int           `json:"round"`
	Requests int           `json:"requests"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	CPU      time.Duration `json:"cpu_ns"`
	Median   time.Duration `json:"latency_median_ns,omitempty"`
	P99      time.Duration `json:"latency_p99_ns,omitempty"`
	Figure   float64       `json:"figure,omitempty"` // what was measured, if that was not processor time
}

// figure is what was measured, if that was not processor time.
func (s shot) figure() float64 { return s.Figure }

// cost is microseconds of processor time for a request.
func (s shot) cost() float64 { return float64(s.CPU.Nanoseconds()) / 1e3 / float64(s.Requests) }

// rate is requests per second.
func (s shot) rate() float64 { return float64(s.Requests) / s.Elapsed.Seconds() }

// play starts the peers of a row, measures, and ends them.
func play(ctx context.Context, r *row, peers []*peer, s *site, o options) (rep *rowReport, err error) {
	r = r.expect()
	f := startAll(ctx, peers, s, r)
	defer func() { err = errors.Join(err, f.stop()) }()
	return measureRow(ctx, r, f, o)
}

// extentOf says how long a shot of a row is.
func (o options) extentOf(r *row) extent {
	e := extent{requests: r.requests, time: o.Time}
	if o.Requests > 0 {
		e.requests = o.Requests
	}
	e.time *= time.Duration(max(1, r.times))
	return e
}

// measureRow gives every peer its turn in every round: A B C, B C A, …, so that none
// always comes after the same other, and a slow moment of the machine is shared.
// A peer whose answers are not right is void and gets no more turns. The error
// is that the run was ended.
func measureRow(ctx context.Context, r *row, f field, o options) (*rowReport, error) {
	e := o.extentOf(r)
	shots := make([][]shot, len(f))
	voids := make([]error, len(f))
	turn := func(round, i int) {
		if voids[i] != nil || ctx.Err() != nil {
			return
		}
		s, err := f[i].player.shot(ctx, r, f[i].share(e))
		if err != nil {
			voids[i] = fmt.Errorf("round %d: %w", round, err)
			return
		}
		s.Round = round
		shots[i] = append(shots[i], s)
	}
	for i, c := range f {
		voids[i] = c.warm(ctx, r, extent{min(e.requests, 100), e.time / 4})
	}
	for round := range o.Rounds {
		for i := range f {
			turn(round+1, (round+i)%len(f))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("the run was ended: %w", err)
	}
	rep := newRowReport(r, f, shots, voids)
	if o.Syscalls {
		return rep, countAll(ctx, r, f, e, rep)
	}
	return rep, nil
}

// warm checks that a peer can play a row, and has it do so for a moment: first
// times are slower.
func (c *contestant) warm(ctx context.Context, r *row, e extent) error {
	if c.failure != nil {
		return c.failure
	}
	if err := c.player.check(ctx, r); err != nil {
		return err
	}
	_, err := c.player.shot(ctx, r, e)
	return err
}
