package lifetime

import (
	"testing"
	"testing/synctest"
	"time"
)

// epoch is when the clock of these tests begins.
var epoch = time.Unix(1_000_000, 0)

// bubble is when that of a synctest bubble does.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// TestMakeRoom: the longest idle are woken, and nobody who is not idle.
func TestMakeRoom(t *testing.T) {
	for _, tc := range []struct {
		name       string
		idle, busy int
		woken      int
		exact      bool // the sample is all there are
	}{
		{"nobody", 0, 0, 0, true},
		{"nobody idle", 0, 5, 0, true},
		{"one", 1, 0, 1, true},
		{"one of two", 2, 0, 1, true},
		{"one of eight", 8, 0, 1, true},
		{"one of many that are busy", 1, 500, 1, true},
		{"one of a sample", 200, 0, 1, false},
		{"some of many", 2560, 0, 10, false},
		{"no more than that", 100_000, 0, maxWoken, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Set
			var idle, busy []*member
			for i := range tc.idle {
				idle = append(idle, &member{idle: epoch.Add(time.Duration(i))})
				s.Add(idle[i], -1)
			}
			for i := range tc.busy {
				busy = append(busy, new(member))
				s.Add(busy[i], -1)
			}
			s.MakeRoom()
			woken := 0
			for i, m := range idle {
				woken += m.woken
				if tc.exact && m.woken > 0 && i >= tc.woken {
					t.Errorf("number %d was woken, the longest idle is 0", i)
				}
			}
			for _, m := range busy {
				if m.woken > 0 {
					t.Error("one was woken that is not idle")
				}
			}
			if woken != tc.woken {
				t.Errorf("%d were woken, want %d", woken, tc.woken)
			}
		})
	}
}

// TestMakeRoomIsRandom: all but those who have been idle for less time than
// others may be chosen, wherever they stand.
func TestMakeRoomIsRandom(t *testing.T) {
	var s Set
	members := make([]*member, 100)
	for i := range members {
		members[i] = &member{idle: epoch.Add(time.Duration(i))}
		s.Add(members[i], -1)
	}
	for range 50 {
		s.MakeRoom()
	}
	early, late := 0, 0
	for i, m := range members {
		if m.woken > 1 {
			t.Errorf("number %d was woken %d times", i, m.woken)
		}
		if i < 50 {
			early += m.woken
		} else {
			late += m.woken
		}
	}
	if early+late != 50 || early < late {
		t.Errorf("%d of the earlier half were woken, %d of the later", early, late)
	}
}

func TestEnter(t *testing.T) {
	for _, tc := range []struct {
		name    string
		members []*member
		limit   int
		during  func(s *Set, members []*member) // while it waits
		entered bool
		waited  time.Duration
		ticks   int
		woken   int
	}{
		{"there is room", []*member{{}}, 2, nil, true, 0, 0, 0},
		{"no bound", []*member{{}}, -1, nil, true, 0, 0, 0},
		{"one leaves", []*member{{}, {}}, 2, func(s *Set, members []*member) {
			time.Sleep(1234 * time.Millisecond)
			s.Remove(members[1])
		}, true, 1234 * time.Millisecond, 2, 0},
		{"one is woken, and leaves", []*member{{idle: epoch.Add(1)}, {idle: epoch}}, 2, func(s *Set, members []*member) {
			time.Sleep(5 * time.Millisecond)
			s.Remove(members[1])
		}, true, 5 * time.Millisecond, 0, 1},
		{"one is woken that goes on, so another is", []*member{{idle: epoch}, {idle: epoch}}, 2, func(s *Set, members []*member) {
			time.Sleep(15 * time.Millisecond)
			s.Remove(members[0])
		}, true, 15 * time.Millisecond, 0, 2},
		{"one is not idle for long", []*member{{idle: bubble}, {}}, 2, func(s *Set, members []*member) {
			time.Sleep(310 * time.Millisecond)
			s.Remove(members[0])
		}, true, 310 * time.Millisecond, 0, 1},
		{"the end begins", []*member{{}, {}}, 2, func(s *Set, _ []*member) {
			time.Sleep(time.Second / 4)
			s.End()
		}, false, time.Second / 4, 0, 2 /* by End */},
		{"tick gives up", []*member{{}, {}}, 2, nil, false, 5 * time.Second, 10, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s Set
				for _, m := range tc.members {
					s.Add(m, -1)
				}
				if tc.during != nil {
					go tc.during(&s, tc.members)
				}
				began, ticks := time.Now(), 0
				entered := s.Enter(new(member), tc.limit, time.Second/2, func() bool {
					ticks++
					return ticks < 10
				})
				woken := 0
				for _, m := range tc.members {
					woken += m.woken
				}
				if waited := time.Since(began); entered != tc.entered || waited != tc.waited || ticks != tc.ticks || woken != tc.woken {
					t.Errorf("%v after %v, %d ticks, %d woken; want %v after %v, %d, %d",
						entered, waited, ticks, woken, tc.entered, tc.waited, tc.ticks, tc.woken)
				}
				if got := len(s.members); entered && tc.limit >= 0 && got > tc.limit {
					t.Errorf("%d members, %d are allowed", got, tc.limit)
				}
			})
		})
	}
}

// TestEnterTogether: several wait, and each that leaves makes room for one.
func TestEnterTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Set
		members := []*member{{}, {}, {}}
		for _, m := range members {
			s.Add(m, -1)
		}
		entered := make(chan bool, 5)
		for range cap(entered) {
			go func() { entered <- s.Enter(new(member), 3, 0, nil) }()
		}
		for i, m := range members {
			synctest.Wait()
			if len(entered) != i || len(s.members) != 3 {
				t.Errorf("%d have entered, there are %d", len(entered), len(s.members))
			}
			s.Remove(m)
		}
		s.End()
		synctest.Wait()
		if len(entered) != 5 {
			t.Errorf("%d have come to know", len(entered))
		}
	})
}
