package lifetime

import (
	"net"
	"testing"
	"time"
)

type member struct {
	woken, cut int
	idle       time.Time // since when; zero: it is not
}

func (m *member) Wake()                        { m.woken++ }
func (m *member) Cut()                         { m.cut++ }
func (m *member) IdleSince() (time.Time, bool) { return m.idle, !m.idle.IsZero() && m.woken == 0 }

func given(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestSet(t *testing.T) {
	var s Set
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, b := new(member), new(member)
	if !s.AddListener(l) || !s.Add(a, -1) || !s.Add(b, -1) {
		t.Fatal("a fresh Set refuses")
	}
	s.Remove(b)
	begun, ended, abandoned := s.Begun(), s.Ended(), s.Abandoned()
	if s.Ending() || given(begun) || given(ended) {
		t.Error("it ended by itself")
	}
	for range 2 {
		if err := s.End(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is open")
	}
	if !s.Ending() || !given(begun) || given(ended) || a.woken == 0 || b.woken != 0 || a.cut != 0 {
		t.Errorf("after End: %+v, %+v", a, b)
	}
	if s.Add(b, -1) || s.AddListener(l) {
		t.Error("an ending Set takes more")
	}
	s.Abandon()
	if !given(abandoned) || a.cut != 1 {
		t.Errorf("after Abandon: %+v", a)
	}
	s.Remove(a)
	if !given(ended) {
		t.Error("it has not ended")
	}
	s.End()
	s.Abandon()
}

func TestEndOfAnEmptySet(t *testing.T) {
	var s Set
	s.End()
	if !given(s.Ended()) || !given(s.Begun()) {
		t.Error("it has not ended")
	}
}
