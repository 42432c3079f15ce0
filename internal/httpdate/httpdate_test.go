package httpdate

import (
	"testing"
	"time"
)

var berlin = time.FixedZone("CET", 3600)

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in       time.Time
		imf, log string
	}{
		{"RFC 9110 §5.6.7", time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC), "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 08:49:37"},
		{"the fraction is dropped", time.Date(1994, 11, 6, 8, 49, 37, 999999999, time.UTC), "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994 08:49:37"},
		{"elsewhere", time.Date(2026, 1, 1, 0, 30, 0, 0, berlin), "Wed, 31 Dec 2025 23:30:00 GMT", "01/Jan/2026 00:30:00"},
		{"before 1970", time.Unix(-1, 500).UTC(), "Wed, 31 Dec 1969 23:59:59 GMT", "31/Dec/1969 23:59:59"},
		{"a young year", time.Date(476, 9, 4, 1, 2, 3, 0, time.UTC), "Fri, 04 Sep 0476 01:02:03 GMT", "04/Sep/0476 01:02:03"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Format(tt.in); got != tt.imf {
				t.Errorf("Format(%v) = %q, want %q", tt.in, got, tt.imf)
			}
			if got := string(AppendFormat([]byte("Date: "), tt.in)); got != "Date: "+tt.imf {
				t.Errorf("AppendFormat(%v) = %q, want %q", tt.in, got, "Date: "+tt.imf)
			}
			if got := FormatLog(tt.in); got != tt.log {
				t.Errorf("FormatLog(%v) = %q, want %q", tt.in, got, tt.log)
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		Format(now)
	}
}
