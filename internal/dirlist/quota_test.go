package dirlist

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuotaTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Quota
		var ends []func()
		for range max(1, runtime.GOMAXPROCS(0)/2) {
			end, ok := q.Begin(time.Second)
			if !ok {
				t.Fatal("no turn though there is one")
			}
			ends = append(ends, end)
		}
		began := time.Now()
		if _, ok := q.Begin(time.Second); ok || time.Since(began) != time.Second {
			t.Errorf("a turn too many, or after %v", time.Since(began))
		}
		got := make(chan bool)
		go func() {
			end, ok := q.Begin(time.Minute)
			got <- ok
			end()
		}()
		synctest.Wait()
		ends[0]()
		if !<-got {
			t.Error("no turn though one was given back")
		}
		synctest.Wait()
		if _, ok := q.Begin(time.Second); !ok {
			t.Error("a turn was not given back")
		}
	})
}

func TestQuotaHold(t *testing.T) {
	var q Quota
	most, ok := q.Hold(maxHeld - 2000)
	if !ok {
		t.Fatal("no room at first")
	}
	for _, tc := range []struct {
		name  string
		names int
		want  bool
	}{
		{"as much as there is left", 2000, true},
		{"more than is left", 2001, false},
		{"a short one beside", free, true},
		{"one that is larger than all", maxHeld + 1, false},
	} {
		release, ok := q.Hold(tc.names)
		if ok != tc.want {
			t.Errorf("%s: %v", tc.name, ok)
		}
		if ok {
			release()
			release()
		}
	}
	most()
	if held := q.held.Load(); held != 0 {
		t.Errorf("%d are held in the end", held)
	}
	release, ok := q.Hold(maxHeld + 1)
	if !ok {
		t.Fatal("one that is larger than all, alone: no room")
	}
	if _, ok := q.Hold(free + 1); ok {
		t.Error("another beside it")
	}
	release()
}
