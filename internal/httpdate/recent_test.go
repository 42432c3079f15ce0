package httpdate

import (
	"sync"
	"testing"
	"time"
)

// TestRecent: whatever was asked for before, by whomever, a date is the one that is asked for.
func TestRecent(t *testing.T) {
	var recent Recent
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 3000 {
				at := time.Unix(int64(i%500)*86399, 999).In(berlin)
				if got, want := recent.Format(at), Format(at); got != want {
					t.Errorf("%v is %q, want %q", at, got, want)
				}
			}
		})
	}
	all.Wait()
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		if got, want := recent.Format(at), Format(at); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
	at := time.Unix(981173106, 0)
	if n := testing.AllocsPerRun(100, func() { recent.Format(at) }); n != 0 {
		t.Errorf("%v allocations for a date that was asked for", n)
	}
}
