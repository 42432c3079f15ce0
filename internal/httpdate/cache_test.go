package httpdate

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Each row asks the same cache, after those before it.
func TestCache(t *testing.T) {
	var cache Cache
	second := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		now      time.Time
		imf, log string
	}{
		{"the zero second", time.Time{}, "Mon, 01 Jan 0001 00:00:00 GMT", "01/Jan/0001 00:00:00"},
		{"another", second, "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 08:49:37"},
		{"the same", second.Add(999 * time.Millisecond), "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 08:49:37"},
		{"the same elsewhere", second.In(berlin), "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 09:49:37"},
		{"the next", second.Add(time.Second), "Sun, 06 Nov 1994 08:49:38 GMT", "06/Nov/1994 08:49:38"},
		{"the clock goes back", second, "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 08:49:37"},
	} {
		if got := cache.IMF(tt.now); got != tt.imf {
			t.Errorf("%s: IMF(%v) = %q, want %q", tt.name, tt.now, got, tt.imf)
		}
		if got := cache.Log(tt.now); got != tt.log {
			t.Errorf("%s: Log(%v) = %q, want %q", tt.name, tt.now, got, tt.log)
		}
	}
}

// TestNow looks at the clock in steps of all sizes, over the ends of seconds.
func TestNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache Cache
		check := func() {
			t.Helper()
			now := time.Now()
			if got, want := cache.Now(), Format(now); got != want {
				t.Errorf("at %v: Now() = %q, want %q", now, got, want)
			}
			if got, want := cache.LogNow(), FormatLog(now); got != want {
				t.Errorf("at %v: LogNow() = %q, want %q", now, got, want)
			}
		}
		for _, step := range []time.Duration{1, time.Microsecond, 7 * time.Millisecond, 49 * time.Millisecond, 51 * time.Millisecond, 499 * time.Millisecond, time.Second, 61 * time.Second} {
			for range 50 {
				check()
				time.Sleep(step)
			}
			time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second - step)))
			for range 3 {
				check()
				time.Sleep(step)
			}
		}
	})
}

// TestLogNowElsewhere: where local is may change at any time.
func TestLogNowElsewhere(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	synctest.Test(t, func(t *testing.T) {
		var cache Cache
		for _, in := range []*time.Location{time.UTC, berlin, time.UTC} {
			time.Local = in
			if got, want := cache.LogNow(), FormatLog(time.Now().In(in)); got != want {
				t.Errorf("in %v: LogNow() = %q, want %q", in, got, want)
			}
		}
	})
}

// TestRecheck: for how long a second is taken to last, once the clock was read.
func TestRecheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		within time.Duration
		good   time.Duration
	}{
		{"at the beginning of a second", 0, recheck},
		{"in its middle", 500 * time.Millisecond, recheck},
		{"before its end", time.Second - recheck + 1, recheck - 1},
		{"at its end", time.Second - 1, 1},
	} {
		var cache Cache
		cache.IMF(time.Unix(1, int64(tt.within)))
		if got := cache.imf.Load().good; got != tt.good {
			t.Errorf("%s: good for %v, want %v", tt.name, got, tt.good)
		}
	}
}

func TestCacheAllocs(t *testing.T) {
	var cache Cache
	now := time.Now()
	n := testing.AllocsPerRun(100, func() {
		cache.IMF(now)
		cache.Log(now)
	})
	if n != 0 {
		t.Errorf("%v allocations in the same second, want 0", n)
	}
	synctest.Test(t, func(t *testing.T) { // where time stands still
		var cache Cache
		n := testing.AllocsPerRun(100, func() {
			cache.Now()
			cache.LogNow()
		})
		if n != 0 {
			t.Errorf("%v allocations now, want 0", n)
		}
	})
}

func TestCacheConcurrently(t *testing.T) {
	var cache Cache
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 1000 {
				now := time.Unix(int64(i/10+g%2), 0)
				if got, want := cache.IMF(now), Format(now); got != want {
					t.Errorf("IMF(%v) = %q, want %q", now, got, want)
				}
				if got, want := cache.Log(now), FormatLog(now); got != want {
					t.Errorf("Log(%v) = %q, want %q", now, got, want)
				}
				cache.Now() // what the others have left there may be of another time
			}
		})
	}
	wg.Wait()
}

func BenchmarkCache(b *testing.B) {
	var cache Cache
	now := time.Now()
	b.Run("Now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cache.Now()
		}
	})
	b.Run("IMF", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cache.IMF(now)
		}
	})
	b.Run("Log", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cache.Log(now)
		}
	})
	b.Run("IMF in parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				cache.IMF(now)
			}
		})
	})
}
