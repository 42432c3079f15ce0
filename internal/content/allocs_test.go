package content

import (
	"testing"
	"time"
)

// TestAllocations: what nearly every request for a file asks of this package.
func TestAllocations(t *testing.T) {
	v := Version{ETag: `"a"`, Modified: time.Unix(981173106, 0), Settled: true, Size: 1000, Seekable: true}
	for _, tc := range []struct {
		name, field, value string
		status             int
		want               float64
	}{
		{"no conditions", "Accept", "*/*", 200, 0},
		{"a tag", "If-None-Match", `"b", "a"`, 304, 0},
		{"a date", "If-Modified-Since", "Sat, 03 Feb 2001 04:05:06 GMT", 304, 0},
		{"a range", "Range", "bytes=0-99", 206, 1},
	} {
		got := testing.AllocsPerRun(100, func() {
			var r Request
			r.Note("Host", "example.com")
			r.Note(tc.field, tc.value)
			if status, _ := r.Evaluate("GET", &v); status != tc.status {
				t.Fatalf("%s: %d, want %d", tc.name, status, tc.status)
			}
		})
		if got != tc.want {
			t.Errorf("%s: %v allocations, want %v", tc.name, got, tc.want)
		}
	}
}
