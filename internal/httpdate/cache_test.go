package httpdate

import (
	"sync"
	"testing"
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
			}
		})
	}
	wg.Wait()
}

func BenchmarkCache(b *testing.B) {
	var cache Cache
	now := time.Now()
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
