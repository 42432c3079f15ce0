package lifetime

import (
	"slices"
	"time"
)

const (
	maxWoken  = 32   // members that MakeRoom wakes, of the set's 1 in 256
	perWoken  = 8    // idle members that it chooses each of them from
	maxLooked = 1024 // members that it looks at to find these
)

// settled is how long a member has been idle that is idle for MakeRoom. A client
// that asks one thing after the other is not.
const settled = 250 * time.Millisecond

// How long Enter waits until it looks for idle members again. The first is time
// for one that was woken to end.
const (
	minLook = 10 * time.Millisecond
	maxLook = 100 * time.Millisecond
)

// Enter adds m once there are less than limit members. Until then it waits, and
// wakes idle members to make room. It calls tick every interval, if that is not
// zero. Where tick reports false, and where the end begins, it gives up and
// reports false.
func (s *Set) Enter(m Member, limit int, interval time.Duration, tick func() bool) bool {
	if s.Add(m, limit) {
		return true
	}
	var ticks <-chan time.Time
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		ticks = ticker.C
	}
	pause := minLook
	look := time.NewTimer(pause)
	defer look.Stop()
	s.MakeRoom()
	for {
		left := s.Left() // before Add looks, or one that leaves in between is missed
		switch {
		case s.Add(m, limit):
			return true
		case s.Ending():
			return false
		}
		select {
		case <-left:
		case <-s.Begun():
		case <-ticks:
			if !tick() {
				return false
			}
		case <-look.C:
			s.MakeRoom()
			pause = min(2*pause, maxLook)
			look.Reset(pause)
		}
	}
}

// Left is closed when a member ends.
func (s *Set) Left() <-chan struct{} { return s.wait(&s.left) }

// MakeRoom wakes idle members, that is those which have been idle for a quarter
// of a second: one, or some where there are many. It chooses from a random
// sample, those that have been idle for longest, so that it takes about the same
// time however many members there are.
func (s *Set) MakeRoom() {
	for _, m := range s.idlest() {
		m.Wake()
	}
}

// idlest gives the members for MakeRoom to wake.
func (s *Set) idlest() []Member {
	type sleeper struct {
		Member
		since time.Time
	}
	var sample []sleeper
	now := time.Now()
	s.mu.Lock()
	count := max(1, min(len(s.members)/256, maxWoken))
	looked := 0
	for m := range s.members { // a map begins where it likes, and its order is no one's choice
		if since, idle := m.IdleSince(); idle && now.Sub(since) >= settled {
			sample = append(sample, sleeper{m, since})
		}
		if looked++; looked == maxLooked || len(sample) == count*perWoken {
			break
		}
	}
	s.mu.Unlock()
	slices.SortFunc(sample, func(a, b sleeper) int { return a.since.Compare(b.since) })
	sample = sample[:min(count, len(sample))]
	members := make([]Member, len(sample))
	for i, sleeper := range sample {
		members[i] = sleeper.Member
	}
	return members
}
