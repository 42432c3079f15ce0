package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// settings are what a run is told.
type settings struct {
	seed    uint64
	long    time.Duration
	most    int // requests
	every   time.Duration
	servers []string
	kinds   []kind
	changes []change
	rest    time.Duration // how long a server may take to let go of what a load had it open
	grace   time.Duration // and to end when it is told to
	keep    bool          // the directory is kept where something was wrong
	out     io.Writer     // for the tables

	untilFault bool // the first thing that is wrong ends the load
}

// A run is a site, the servers that serve it, the clients that ask them, and what was
// wrong.
type run struct {
	settings
	*site
	dir     string
	running []*server

	mu      sync.Mutex
	endLoad func()
	faults  []string
	more    int // faults that are not told
	tallies map[string]*tally
	changed map[string]int
}

// A lockedWriter is for several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// A tally is what one kind of clients was answered.
type tally struct {
	visits, answered int
	statuses         map[int]int
}

// fault notes that something was wrong.
func (r *run) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.untilFault && r.endLoad != nil {
		r.endLoad()
	}
	if len(r.faults) == maxFaults {
		r.more++
		return
	}
	text := fmt.Sprintf(format, args...)
	r.faults = append(r.faults, text)
	fmt.Fprintf(r.out, "\nFAULT after %.1f s: %s\n\n", r.now().Seconds(), text)
}

// runAll runs everything. The error is all that was wrong.
func runAll(ctx context.Context, set settings) (err error) {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	set.out = &lockedWriter{w: set.out}
	r := &run{settings: set, dir: dir, tallies: map[string]*tally{}, changed: map[string]int{}}
	defer func() {
		if err == nil || len(r.faults) == 0 || !set.keep {
			err = errors.Join(err, os.RemoveAll(dir))
			return
		}
		err = fmt.Errorf("%w\nwhat was served, and the logs, are in %s; the seed was %d", err, dir, set.seed)
	}()
	if err := os.Chmod(dir, 0o755); err != nil { // scripts run as nobody where the server is root
		return err
	}
	if r.site, err = newSite(dir, clock{time.Now()}, newNoise(set.seed)); err != nil {
		return err
	}
	defer r.files.Close()
	defer func() {
		for _, s := range r.running {
			s.kill()
		}
	}()
	if err := r.start(ctx); err != nil {
		return err
	}
	before, err := r.calm()
	if err != nil {
		return err
	}
	r.load(ctx)
	r.comeToRest(before)
	r.end()
	return r.report()
}

func (r *run) start(ctx context.Context) error {
	for _, name := range r.settings.servers {
		s, err := startServer(ctx, name, r.dir, r.root())
		if err != nil {
			return err
		}
		s.await()
		r.running = append(r.running, s)
		if err := r.touch(s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// touch asks for a file, and for a script if the clients are to: what the first of these
// has a server open is open for good.
func (r *run) touch(s *server) error {
	c := r.newClient(s.addr, s.ledger, 0)
	defer c.close()
	_, err := c.ask(c.get(r.groups["still"][1]))
	if err == nil && slices.ContainsFunc(r.kinds, func(k kind) bool { return k.scripts }) {
		err = cgi(context.Background(), c)
	}
	return err
}

// calm gives samples of all servers, once connections have ended on their side too.
func (r *run) calm() (all []sample, err error) {
	time.Sleep(100 * time.Millisecond)
	for _, s := range r.running {
		x, err := s.sample(r.now(), collect)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, x)
	}
	return all, nil
}

// load has the site change and the clients ask, and takes samples, until the time is up
// or there were requests enough.
func (r *run) load(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.long)
	defer cancel()
	r.mu.Lock()
	r.endLoad = cancel
	r.mu.Unlock()
	var clients, changers sync.WaitGroup
	changing, stopChanging := context.WithCancel(context.Background())
	for i, c := range r.changes {
		changers.Go(func() {
			times, err := c.keepChanging(changing, r.site, rand.New(rand.NewPCG(r.seed, uint64(1_000_000+i))))
			if err != nil {
				r.fault("the site: %v", err)
				cancel()
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.changed[c.name] = times
		})
	}
	var number uint64
	for _, s := range r.running {
		for _, k := range r.kinds {
			for range k.count {
				number++
				c := r.newClient(s.addr, s.ledger, number)
				clients.Go(func() { r.visitAgain(ctx, s, &k, c) })
			}
		}
	}
	r.watch(ctx, cancel)
	clients.Wait()
	stopChanging()
	changers.Wait()
}

// visitAgain has a client do what its kind does until ctx ends.
func (r *run) visitAgain(ctx context.Context, s *server, k *kind, c *client) {
	pause(ctx, time.Duration(c.r.Int64N(int64(k.rest)))) // or all would begin at once
	visits := 0
	for visits == 0 || ctx.Err() == nil {
		visits++
		err := k.visit(ctx, c)
		c.close()
		if err != nil {
			r.fault("%s: %s: %v", s.name, k.name, err)
			pause(ctx, time.Second)
		}
		pause(ctx, k.rest)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := s.name + ": " + k.name
	if r.tallies[name] == nil {
		r.tallies[name] = &tally{statuses: map[int]int{}}
	}
	t := r.tallies[name]
	t.visits += visits
	t.answered += c.answered
	for status, n := range c.statuses {
		if n > 0 {
			t.statuses[status] += n
		}
	}
}

// watch takes samples, and ends the load where there were requests enough, or a server
// has died.
func (r *run) watch(ctx context.Context, cancel func()) {
	fmt.Fprint(r.out, tableHead)
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sent := 0
		for _, s := range r.running {
			x, err := s.sample(r.now(), "")
			if err != nil {
				r.fault("%s: %v", s.name, err)
				cancel()
				return
			}
			s.samples = append(s.samples, x)
			s.writeRow(r.out, x)
			sent += x.requests
		}
		if sent >= r.most {
			cancel()
		}
	}
}

// comeToRest waits until the servers have let go of what the load had them open, or it is
// clear that they do not.
func (r *run) comeToRest(before []sample) {
	by := time.Now().Add(r.settings.rest)
	for {
		after, err := r.calm()
		if err != nil {
			r.fault("%v", err)
			return
		}
		var faults []string
		for i, s := range r.running {
			faults = append(faults, s.remains(before[i], after[i])...)
		}
		if len(faults) == 0 || time.Now().After(by) {
			fmt.Fprintf(r.out, "\nAt rest before the load, and after it:\n\n%s", tableHead)
			for i, s := range r.running {
				s.writeRow(r.out, before[i])
				s.writeRow(r.out, after[i])
			}
			for _, f := range faults {
				r.fault("%s", f)
			}
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// end has the servers terminated while some take large files slowly, who get them whole,
// and others are idle.
func (r *run) end() {
	var all sync.WaitGroup
	for i, s := range r.running {
		all.Go(func() {
			if err := r.endServer(s, uint64(2_000_000+100*i)); err != nil {
				r.fault("%s: %v", s.name, err)
			}
		})
	}
	all.Wait()
}

func (r *run) endServer(s *server, seed uint64) error {
	const inFlight, idlers = 4, 10
	var idle []*client
	for i := range idlers {
		c := r.newClient(s.addr, s.ledger, seed+uint64(i))
		defer c.close()
		if _, err := c.ask(c.get(r.groups["still"][i])); err != nil {
			return err
		}
		idle = append(idle, c)
	}
	told := make(chan struct{})
	begun := make(chan error, inFlight)
	ended := make(chan error, inFlight)
	for i := range inFlight {
		c := r.newClient(s.addr, s.ledger, seed+idlers+uint64(i))
		go func() { ended <- c.beTheLast(r.groups["big"][i%2], begun, told) }()
	}
	var all []error
	for range inFlight {
		all = append(all, <-begun)
	}
	all = append(all, s.terminate())
	close(told)
	if err := s.awaitEnd(r.grace); err != nil {
		s.cmd.Process.Kill()
		return errors.Join(append(all, err)...)
	}
	for _, c := range idle {
		all = append(all, c.in.readEnd())
	}
	for range inFlight {
		all = append(all, <-ended)
	}
	return errors.Join(all...)
}

// beTheLast takes the first bytes of an answer, says so, and takes the others when the
// server has been told to end; which then it does.
func (c *client) beTheLast(it *item, begun chan<- error, told <-chan struct{}) (err error) {
	defer c.close()
	reads := 0
	_, err = c.readSlowly(c.get(it), func() {
		if reads++; reads == 2 {
			begun <- nil
			<-told
		}
	})
	if reads < 2 {
		begun <- err
	}
	if err == nil {
		err = c.in.readEnd()
	}
	return err
}

// report prints what the clients had for answers, judges the samples and the logs, and
// gives all that was wrong.
func (r *run) report() error {
	fmt.Fprintln(r.out)
	total := 0
	for _, s := range r.running {
		for _, f := range s.judge(r.out) {
			r.fault("%s", f)
		}
		if err := s.readLog(); err != nil {
			r.fault("%s: %v", s.name, err)
		}
		answered, faults := s.ledger.close()
		for _, f := range faults {
			r.fault("%s: %s", s.name, f)
		}
		total += answered
	}
	fmt.Fprintf(r.out, "\n| clients | visits | answers | by status |\n|---|---:|---:|---|\n")
	for _, s := range r.running {
		for _, k := range r.kinds {
			r.writeTally(s.name + ": " + k.name)
		}
	}
	fmt.Fprintf(r.out, "\n| changes | times |\n|---|---:|\n")
	for _, c := range r.changes {
		fmt.Fprintf(r.out, "| %s | %d |\n", c.name, r.changed[c.name])
	}
	fmt.Fprintf(r.out, "\n%d answers in %.0f s, of %d versions of files; seed %d.\n", total, r.now().Seconds(), r.count(), r.seed)
	if len(r.faults) == 0 {
		return nil
	}
	if r.more > 0 {
		r.faults = append(r.faults, fmt.Sprintf("and %d more", r.more))
	}
	return fmt.Errorf("%d faults:\n- %s", len(r.faults)+r.more, strings.Join(r.faults, "\n- "))
}

func (r *run) writeTally(name string) {
	t := r.tallies[name]
	var texts []string
	for _, status := range slices.Sorted(maps.Keys(t.statuses)) {
		texts = append(texts, fmt.Sprintf("%d: %d", status, t.statuses[status]))
	}
	fmt.Fprintf(r.out, "| %s | %d | %d | %s |\n", name, t.visits, t.answered, strings.Join(texts, ", "))
}
