package main

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// settings are what all runs have in common.
type settings struct {
	directory string // with the file
	short     bool
	lenient   bool // resident memory is not judged
}

// A short run has every limit of ours at a second, and who dribbles hurries.
const (
	shortLimit = time.Second
	shortPace  = 50 * time.Millisecond
	shortHold  = time.Second
	shortBound = 45 * time.Second // it ends sooner where all were cut off
)

// fullBound is longer than every limit of ours by default.
const fullBound = 75 * time.Second

// A result is a row of the table.
type result struct {
	*scenario
	server   string
	count    int
	lowered  bool // the count, for want of descriptors
	requests tally
	ends     []end
	opened   int
	watched  time.Duration // how long the attack was watched
	measured time.Duration // how long cpu is for
	inUse    int64         // growth of memory in use, at its highest
	resident int64         // growth of resident memory, at its highest
	cpu      time.Duration
	notes    []string
	faults   []string
}

// run runs a scenario against a server. The error is that it could not be run;
// what the server did wrong is in the result.
func run(s *scenario, server string, set settings) (*result, error) {
	r := &result{scenario: s, server: server}
	r.setCount(set.short)
	p, err := start(s.config(server, set))
	if err != nil {
		return nil, err
	}
	err = r.measure(p, set)
	if died := p.stop(); died != nil {
		// Then what failed in measuring it is no wonder.
		r.faults, err = append(r.faults, died.Error()), nil
	}
	r.judge(set)
	return r, err
}

// setCount decides how many connections there are: fewer where this process, or
// the child, may not have enough.
func (r *result) setCount(short bool) {
	const spare = 100 // for ordinary clients, pipes and what the runtime opens
	r.count = r.scenario.count
	if short {
		r.count = r.scenario.short
	}
	if most := ownDescriptors() - spare; r.count > most && !r.fleeting {
		r.count, r.lowered = max(most, 1), true
	}
}

func (s *scenario) config(server string, set settings) config {
	c := config{Server: server, Directory: set.directory, Descriptors: s.descriptors}
	if set.short {
		c.MaxConnections = s.maxShort
		if s.limitShort >= 0 {
			c.Limit = cmp.Or(s.limitShort, shortLimit)
		}
	}
	return c
}

// attackOn gives the attack, without what comes from the run.
func (r *result) attackOn(p *process, short bool) (a *attack, bound time.Duration) {
	if short {
		return &attack{server: p, count: r.count, pace: shortPace, hold: shortHold}, cmp.Or(r.boundShort, shortBound)
	}
	return &attack{server: p, count: r.count, pace: time.Second, hold: r.hold}, cmp.Or(r.bound, fullBound)
}

// measure lets the attack happen and measures the child meanwhile.
func (r *result) measure(p *process, set settings) error {
	before, err := warmUp(p)
	if err != nil {
		return err
	}
	a, bound := r.attackOn(p, set.short)
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	people := gather(p.addr, 30*time.Second)
	a.ctx, a.answered = ctx, people.answered.Load
	watching := watch(p, set.short, cancel)

	began := time.Now()
	r.scenario.attack(a)
	r.watched = time.Since(began)
	time.Sleep(least(set.short) - r.watched) // for ordinary requests enough to tell something

	inUse, err := watching.end()
	after, err2 := measureProcess(p.pid)
	r.measured = time.Since(began)
	r.requests = people.disperse()
	if err := cmp.Or(err, err2); err != nil {
		return err
	}
	r.inUse = max(0, inUse-before.inUse)
	r.resident = max(0, after.peak-before.resident)
	r.cpu = after.cpu - before.cpu
	r.take(a)
	return r.lookForRemains(p, before)
}

// least is how long ordinary clients go on at least.
func least(short bool) time.Duration {
	if short {
		return 300 * time.Millisecond
	}
	return 5 * time.Second
}

// take takes over what the attack has seen.
func (r *result) take(a *attack) {
	r.ends, r.opened, r.notes, r.faults = a.ends, a.count-a.unopened, a.notes, a.faults
	if a.unopened > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s could not be opened: %v", thousands(a.unopened), a.unmade))
	}
}

// lookForRemains waits until the child has let go of what the attack had it
// open, as it must once the clients are gone.
func (r *result) lookForRemains(p *process, before *state) error {
	const slack = 8 // files it keeps open, goroutines of its own
	by := time.Now().Add(10 * time.Second)
	for {
		u, err := p.usage()
		if err != nil {
			return err
		}
		now, err := measureProcess(p.pid)
		if err != nil {
			return err
		}
		goroutines, files := u.Goroutines-before.goroutines, now.descriptors-before.descriptors
		if goroutines <= slack && files <= slack {
			return nil
		}
		if time.Now().After(by) {
			r.faults = append(r.faults, fmt.Sprintf("left behind: %d goroutines and %d descriptors", goroutines, files))
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// judge adds to the faults what the numbers say. Times are no fault, but for
// what never ended.
func (r *result) judge(set settings) {
	fault := func(format string, args ...any) { r.faults = append(r.faults, fmt.Sprintf(format, args...)) }
	if r.requests.failed > 0 {
		fault("%d ordinary requests failed: %v", r.requests.failed, r.requests.err)
	}
	if r.requests.answered == 0 {
		fault("no ordinary request was answered")
	}
	if r.mustEnd && len(r.ends) < r.opened {
		fault("%d of %d connections were not ended within %s", r.opened-len(r.ends), r.opened, seconds(r.watched))
	}
	if r.mustKeep && len(r.ends) > 0 {
		fault("%d of %d connections were ended, of clients that were only slow", len(r.ends), r.opened)
	}
	if each := r.inUse / int64(max(r.opened, 1)); r.each > 0 && each > r.each {
		fault("%s in use for each connection, at most %s are allowed", size(each), size(r.each))
	}
	if each := r.resident / int64(max(r.opened, 1)); r.peak > 0 && each > r.peak && !set.lenient {
		fault("resident memory grew by %s for each connection, at most %s are allowed", size(each), size(r.peak))
	}
}
