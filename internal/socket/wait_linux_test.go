//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"math"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	for _, tc := range []struct {
		name     string
		t        time.Time
		min, max int64 // after the present moment
	}{
		{"now", time.Now(), -int64(time.Second), int64(time.Second)},
		{"now, by the wall clock", time.Now().Round(0), -int64(time.Second), int64(time.Second)},
		{"in an hour", time.Now().Add(time.Hour), int64(time.Hour - time.Second), int64(time.Hour)},
		{"in an hour, by the wall clock", time.Now().Round(0).Add(time.Hour), int64(time.Hour - time.Second), int64(time.Hour)},
	} {
		if got := moment(tc.t) - now(); got < tc.min || got > tc.max {
			t.Errorf("%s: %d", tc.name, got)
		}
	}
	for _, tc := range []struct {
		name string
		t    time.Time
		want int64
	}{
		{"never", time.Time{}, 0},
		{"never, elsewhere", time.Time{}.In(time.FixedZone("", 3600)), 0},
		{"long ago", time.Unix(1, 0), 1},
		{"before there was time", time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), 1},
		{"after all nanoseconds that can be counted", time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(100, 0, 0), math.MaxInt64},
		{"far", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64},
	} {
		if got := moment(tc.t); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestNoWakeUpIsLost: what happens at any moment of the way to a wait ends it.
func TestNoWakeUpIsLost(t *testing.T) {
	c, _ := pair(t)
	const rounds = 200_000
	goes, done := make(chan int), make(chan error, 1)
	go func() {
		for spin := range goes {
			for range spin {
				c.isClosed() // takes a moment
			}
			c.input.notify()
		}
	}()
	go func() {
		defer close(goes)
		for i := range rounds {
			goes <- i % 200
			if err := c.await(&c.input); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	if err := taken(t, "the end of all waits", done); err != nil {
		t.Error(err)
	}
}
