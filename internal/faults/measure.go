package main

import (
	"fmt"
	"time"
)

// A state is what a child uses at some moment.
type state struct {
	resident, peak int64 // memory in RAM, now and at the most
	cpu            time.Duration
	descriptors    int
	inUse          int64 // by the child's own account, as the next
	goroutines     int
}

// measureProcess asks the system, without troubling the child.
func measureProcess(pid int) (*state, error) {
	var s state
	var err error
	if s.resident, s.peak, err = resident(pid); err != nil {
		return nil, err
	}
	if s.cpu, err = cpuTime(pid); err != nil {
		return nil, err
	}
	if s.descriptors, err = descriptors(pid); err != nil {
		return nil, err
	}
	return &s, nil
}

// warmUp has a child do each kind of thing once, so that its first growth is not
// put down to the attack, and then measures it at rest.
func warmUp(p *process) (*state, error) {
	for _, keep := range []bool{false, true} {
		o := &ordinary{addr: p.addr, keep: keep, patience: 10 * time.Second}
		for range 20 {
			if err := o.request(); err != nil {
				return nil, fmt.Errorf("before the attack: %w", err)
			}
		}
		o.close()
	}
	time.Sleep(50 * time.Millisecond) // for the connections to end on its side
	u, err := p.usage()
	if err != nil {
		return nil, err
	}
	s, err := measureProcess(p.pid)
	if err != nil {
		return nil, err
	}
	s.inUse, s.goroutines = u.inUse(), u.Goroutines
	return s, nil
}

// inUse is memory that is not free, nor waiting to be found free. What a span
// has to spare between objects is not in it: that comes and goes by some 100 kB.
func (u usage) inUse() int64 { return int64(u.Heap + u.Stack) }

// tooMuch is where a server is stopped from taking the machine down.
const tooMuch = 4 << 30

// A watching asks a child again and again what it has in use.
type watching struct {
	quit   chan struct{}
	result chan watched
}

type watched struct {
	inUse int64 // the highest
	err   error
}

// watch begins to watch. It calls abort where the child takes too much memory.
func watch(p *process, short bool, abort func()) *watching {
	first, then := 500*time.Millisecond, 2*time.Second
	if short {
		first, then = 100*time.Millisecond, 250*time.Millisecond
	}
	w := &watching{make(chan struct{}), make(chan watched, 1)}
	go func() {
		var seen watched
		defer func() { w.result <- seen }()
		for pause := first; ; pause = then {
			select {
			case <-w.quit:
				return
			case <-time.After(pause):
			}
			u, err := p.usage()
			if err != nil {
				seen.err = err
				return
			}
			seen.inUse = max(seen.inUse, u.inUse())
			if seen.inUse > tooMuch {
				abort()
			}
		}
	}()
	return w
}

// end gives the highest that was seen.
func (w *watching) end() (inUse int64, err error) {
	close(w.quit)
	seen := <-w.result
	return seen.inUse, seen.err
}
