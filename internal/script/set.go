package script

import (
	"container/list"
	"context"
	"os"
	"sync"
	"time"
)

// waitersPerTurn bounds how many wait in Enter, as a multiple of how many may run.
const waitersPerTurn = 16

const (
	// closeGrace is how long the groups have from TERM to KILL when the set is closed.
	closeGrace = 500 * time.Millisecond

	// closeLimit is how long Close waits after KILL for those that nothing ends, like a
	// process that waits for a disk which does not answer.
	closeLimit = 10 * time.Second
)

// A Set is the scripts of a server. The zero value is ready. Its methods are for any
// goroutine.
type Set struct {
	mu       sync.Mutex
	running  int       // turns taken
	waiting  list.List // of *waiter, in order
	starting int       // scripts on their way into scripts
	scripts  map[*Script]struct{}
	linger   int           // goroutines that see to scripts which their callers have closed
	null     *os.File      // the null device, once it was needed
	closed   chan struct{} // not nil: Close was called; closed: and has ended
	empty    chan struct{} // closed when Close has nothing more to wait for
}

// A Turn is leave to run a script.
type Turn struct {
	set  *Set
	once sync.Once
}

// waiter is a call of Enter that waits.
type waiter struct {
	limit int
	ready chan struct{} // closed when err is there, or the turn is the waiter's
	err   error
}

// Enter waits until less than limit scripts run in the set, and for those that came
// before. A limit below zero is none. It gives up with ErrFull after patience, or at once
// if too many wait already, with ErrClosed when the set is closed, and with the cause of
// ctx's end.
func (s *Set) Enter(ctx context.Context, limit int, patience time.Duration) (*Turn, error) {
	s.mu.Lock()
	switch {
	case s.closed != nil:
		s.mu.Unlock()
		return nil, ErrClosed
	case limit < 0 || s.running < limit && s.waiting.Len() == 0:
		s.running++
		s.mu.Unlock()
		return &Turn{set: s}, nil
	case patience <= 0 || s.waiting.Len() >= waitersPerTurn*limit:
		s.mu.Unlock()
		return nil, ErrFull
	}
	w := &waiter{limit: limit, ready: make(chan struct{})}
	place := s.waiting.PushBack(w)
	s.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case <-w.ready:
		err = w.err
	case <-timer.C:
		err = s.giveUp(w, place, ErrFull)
	case <-ctx.Done():
		err = s.giveUp(w, place, context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	return &Turn{set: s}, nil
}

// giveUp ends w's wait with err, unless it has just ended otherwise.
func (s *Set) giveUp(w *waiter, place *list.Element, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.ready:
		return w.err
	default:
	}
	s.waiting.Remove(place)
	s.admit() // those behind may have waited for this one only
	return err
}

// admit gives turns to those who wait, in order, as far as there are some.
func (s *Set) admit() {
	for place := s.waiting.Front(); place != nil; place = s.waiting.Front() {
		w := place.Value.(*waiter)
		if s.running >= w.limit {
			return
		}
		s.running++
		s.waiting.Remove(place)
		close(w.ready)
	}
}

// Leave gives the turn back. Once Start has succeeded the turn is the script's and Leave
// does nothing, nor does it a second time.
func (t *Turn) Leave() {
	t.once.Do(func() {
		t.set.mu.Lock()
		defer t.set.mu.Unlock()
		t.set.running--
		t.set.admit()
	})
}

// Start starts a script. The turn is its until its group is gone. An error is the
// system's, with the path; see Exhausted.
func (t *Turn) Start(p *Program) (*Script, error) {
	null, err := t.set.begin(p.Stdin == nil && !p.hasPipe())
	if err != nil {
		return nil, err
	}
	s := &Script{set: t.set, timeout: p.Timeout, log: p.Log, silent: p.Silent}
	if err := s.start(p, null); err != nil {
		t.set.began(nil)
		return nil, err
	}
	t.once.Do(func() {})
	if !t.set.began(s) {
		s.End(ErrClosed)
	}
	return s, nil
}

// begin notes that a script is being started, and returns the null device if wanted.
func (s *Set) begin(wantNull bool) (null *os.File, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return nil, ErrClosed
	}
	if wantNull && s.null == nil {
		if s.null, err = os.Open(os.DevNull); err != nil {
			return nil, err
		}
	}
	s.starting++
	return s.null, nil
}

// began notes that it was started, or, if nil, was not. It reports false when the set was
// closed meanwhile.
func (s *Set) began(script *Script) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting--
	if script != nil {
		if s.scripts == nil {
			s.scripts = make(map[*Script]struct{})
		}
		s.scripts[script] = struct{}{}
	}
	s.checkEmpty()
	return s.closed == nil
}

// leave is called when a script's group is gone.
func (s *Set) leave(script *Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.scripts, script)
	s.running--
	s.admit()
	s.checkEmpty()
}

// lingers notes that one goroutine more, or less, sees to a script that is closed.
func (s *Set) lingers(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.linger += change
	s.checkEmpty()
}

func (s *Set) checkEmpty() {
	if s.empty != nil && s.starting == 0 && s.linger == 0 && len(s.scripts) == 0 {
		select {
		case <-s.empty:
		default:
			close(s.empty)
		}
	}
}

// Close ends all scripts and lets no more begin. The groups get TERM, and KILL half a
// second later. It returns when all leaders are reaped and what Script.Close has left behind has ended;
// every call does. Only what not even
// KILL ends is left to itself, 10 s later.
func (s *Set) Close() {
	s.mu.Lock()
	if s.closed != nil {
		s.mu.Unlock()
		<-s.closed
		return
	}
	s.closed, s.empty = make(chan struct{}), make(chan struct{})
	for place := s.waiting.Front(); place != nil; place = s.waiting.Front() {
		w := place.Value.(*waiter)
		w.err = ErrClosed
		s.waiting.Remove(place)
		close(w.ready)
	}
	s.checkEmpty()
	s.mu.Unlock()

	s.endAll()

	s.mu.Lock()
	if s.null != nil {
		s.null.Close()
	}
	s.mu.Unlock()
	close(s.closed)
}

// endAll is Close's wait. Those whose owners are busy elsewhere are looked at from here,
// ever less often.
func (s *Set) endAll() {
	for _, script := range s.all() {
		script.End(ErrClosed)
	}
	begun := time.Now()
	killed := false
	pause := time.Millisecond
	look := time.NewTimer(pause)
	defer look.Stop()
	for {
		select {
		case <-s.empty:
			return
		case <-look.C:
		}
		for _, script := range s.all() {
			script.exited(false)
		}
		switch since := time.Since(begun); {
		case since > closeGrace+closeLimit:
			return
		case since > closeGrace && !killed:
			killed = true
			for _, script := range s.all() {
				script.kill()
			}
			pause = time.Millisecond
		}
		pause = min(2*pause, 20*time.Millisecond)
		look.Reset(pause)
	}
}

func (s *Set) all() []*Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	scripts := make([]*Script, 0, len(s.scripts))
	for script := range s.scripts {
		scripts = append(scripts, script)
	}
	return scripts
}
