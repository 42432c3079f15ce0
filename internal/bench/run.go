package main

import (
	"context"
	"fmt"
	"time"
)

// A shot is what was seen of one peer in one round.
type shot struct {
	Round    int           `json:"round"`
	Requests int           `json:"requests"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	CPU      time.Duration `json:"cpu_ns"`
}

// cost is microseconds of processor time for a request.
func (s shot) cost() float64 { return float64(s.CPU.Nanoseconds()) / 1e3 / float64(s.Requests) }

// rate is requests per second.
func (s shot) rate() float64 { return float64(s.Requests) / s.Elapsed.Seconds() }

// measure gives every peer its turn in every round: A B C, B C A, …, so that none
// always comes after the same other, and a slow moment of the machine is shared.
// A peer whose answers are not right is void and gets no more turns. The error
// is that the run was ended.
func measure(ctx context.Context, r *row, f field, o options) (*rowReport, error) {
	requests := o.requests
	if requests == 0 {
		requests = r.requests
	}
	shots := make([][]shot, len(f))
	voids := make([]error, len(f))
	turn := func(round, i int) {
		if voids[i] != nil || ctx.Err() != nil {
			return
		}
		s, err := f[i].player.shot(ctx, r, requests)
		if err != nil {
			voids[i] = fmt.Errorf("round %d: %w", round, err)
			return
		}
		s.Round = round
		shots[i] = append(shots[i], s)
	}
	for i, c := range f {
		voids[i] = c.warm(ctx, r, min(requests, 100))
	}
	for round := range o.rounds {
		for i := range f {
			turn(round+1, (round+i)%len(f))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("the run was ended: %w", err)
	}
	return newRowReport(r, requests, f, shots, voids), nil
}

// warm checks that a peer can play a row, and has it do so for a moment: first
// times are slower.
func (c *contestant) warm(ctx context.Context, r *row, n int) error {
	if c.failure != nil {
		return c.failure
	}
	if !c.plays(r) {
		return errNotPlayed
	}
	if err := c.player.check(ctx, r); err != nil {
		return err
	}
	_, err := c.player.shot(ctx, r, n)
	return err
}
