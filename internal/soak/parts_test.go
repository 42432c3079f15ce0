package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNoise: a few bytes tell their version, wherever they stand in it.
func TestNoise(t *testing.T) {
	n := newNoise(3)
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		number, offset, length := r.IntN(period), r.IntN(3*period), 8+r.IntN(2*period)
		var b bytes.Buffer
		n.write(&b, number, offset, length)
		if b.Len() != length || n.differ(number, offset, b.Bytes()) >= 0 {
			t.Fatalf("version %d from %d on: %d bytes of %d", number, offset, b.Len(), length)
		}
		if got, ok := n.identify(offset, b.Bytes()); !ok || got != number {
			t.Fatalf("version %d from %d on is taken for %d, %v", number, offset, got, ok)
		}
		at := r.IntN(length)
		b.Bytes()[at] ^= 1
		if got := n.differ(number, offset, b.Bytes()); got != at {
			t.Fatalf("they differ at %d, and not at %d", got, at)
		}
	}
}

// TestHistory: what may be seen is what was there at some time of the request.
func TestHistory(t *testing.T) {
	h := new(history[string])
	for _, step := range []struct {
		begin, end moment
		turn       turn
	}{
		{0, 1, h.to("a")},
		{10, 12, h.to("c", "b")},
		{20, 22, h.to("d")},
	} {
		step.turn.begin(step.begin)
		step.turn.end(step.end)
	}
	h.to("e").begin(30) // it goes on
	for _, tc := range []struct {
		begin, end moment
		want       string
	}{
		{2, 9, "a"},
		{2, 11, "a b c"},
		{11, 11, "a b c"},
		{13, 19, "c"},
		{13, 21, "c d"},
		{2, 25, "a b c d"},
		{23, 29, "d"},
		{31, 40, "d e"},
		{99, 100, "d e"},
	} {
		if got := strings.Join(h.possible(tc.begin, tc.end), " "); got != tc.want {
			t.Errorf("from %d to %d: %s, and not %s", tc.begin, tc.end, got, tc.want)
		}
	}
	h.to("f").end(remembered + 100)
	if len(h.states) > 2 {
		t.Errorf("what is long over is remembered: %v", h.states)
	}
}

func TestRanges(t *testing.T) {
	for _, tc := range []struct {
		ranges []byteRange
		size   int
		status int
		wanted [][2]int
	}{
		{[]byteRange{{0, 9}}, 100, 206, [][2]int{{0, 10}}},
		{[]byteRange{{90, 200}}, 100, 206, [][2]int{{90, 100}}},
		{[]byteRange{{90, -1}}, 100, 206, [][2]int{{90, 100}}},
		{[]byteRange{{-1, 10}}, 100, 206, [][2]int{{90, 100}}},
		{[]byteRange{{-1, 1000}}, 100, 206, [][2]int{{0, 100}}},
		{[]byteRange{{100, -1}}, 100, 416, nil},
		{[]byteRange{{100, -1}, {-1, 1}}, 100, 206, [][2]int{{99, 100}}},
		{[]byteRange{{50, 59}, {0, 9}, {8, 20}, {21, 21}}, 100, 206, [][2]int{{0, 22}, {50, 60}}},
		{[]byteRange{{0, -1}}, 0, 416, nil},
		{[]byteRange{{-1, 5}}, 0, 200, nil},
	} {
		if got := rangeStatus(tc.ranges, tc.size); got != tc.status {
			t.Errorf("%s of %d: %d, and not %d", rangeSet(tc.ranges), tc.size, got, tc.status)
		}
		if got := wanted(tc.ranges, tc.size); !slices.Equal(got, tc.wanted) {
			t.Errorf("%s of %d: %v, and not %v", rangeSet(tc.ranges), tc.size, got, tc.wanted)
		}
	}
}

// TestLedger: the log is taken in as it grows, with every line once.
func TestLedger(t *testing.T) {
	l := &ledger{other: map[string]int{}}
	for _, status := range []int{200, 404, 200, 0, 0, 206} {
		if id := l.next(); status > 0 {
			l.answered(id, status)
		}
	}
	const begin = "127.0.0.1 - - [23/Nov/2026 04:46:38] "
	text := begin + `"GET /a?id=0 HTTP/1.1" 200 -` + "\n" +
		begin + "code 404, message File not found\n" +
		begin + `"GET /b?id=1 HTTP/1.0" 404 -` + "\n" +
		begin + `"HEAD /c?id=2 HTTP/1.1" 304 -` + "\n" +
		begin + `"GET /d?id=3 HTTP/1.1" 200 -` + "\n" +
		begin + `"GET /e?id=6 HTTP/1.1" 200 -` + "\n" +
		begin + "something else\n" +
		"panic: oh\n" +
		begin + `"GET /a?id=0 HTTP/1.1" 200 -` + "\n"
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var from int64
	for rest := text; rest != ""; {
		n := min(len(rest), 50)
		f.WriteString(rest[:n])
		rest = rest[n:]
		if from, err = l.read(f, from); err != nil {
			t.Fatal(err)
		}
	}
	answered, wrong := l.close()
	want := []string{"that nobody sent", "the log has: ", "is no line", "2 times", "request 2 was answered with 200, and the log says 304", "request 5 was answered with 206 and is not"}
	if answered != 4 || !slices.EqualFunc(wrong, want, strings.Contains) {
		t.Errorf("%d were answered, and it is wrong that %q", answered, wrong)
	}
}

// TestJudge: what grows is found, and what goes up and down is not.
func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name  string
		of    func(minutes float64, n int) sample
		finds string
	}{
		{"flat", func(float64, int) sample { return sample{resident: 100 << 20} }, ""},
		{"up and down", func(_ float64, n int) sample { return sample{resident: int64(100+30*(n%2)) << 20} }, ""},
		{"a peak", func(_ float64, n int) sample {
			if n%7 == 3 {
				return sample{resident: 900 << 20}
			}
			return sample{resident: 100 << 20}
		}, ""},
		{"only at first", func(m float64, _ int) sample { return sample{resident: int64(min(m, 1)*100) << 20} }, ""},
		{"memory", func(m float64, n int) sample { return sample{resident: int64(100+5*m+float64(5*(n%2))) << 20} }, "resident memory"},
		{"heap", func(m float64, _ int) sample { return sample{usage: usage{Heap: uint64(2*m) << 20}} }, "live heap"},
		{"goroutines", func(m float64, _ int) sample { return sample{usage: usage{Goroutines: int(10 * m)}} }, "goroutines"},
		{"descriptors", func(m float64, _ int) sample { return sample{descriptors: 100 + int(10*m)} }, "descriptors"},
		{"threads", func(m float64, _ int) sample { return sample{threads: 10 + int(2*m)} }, "threads"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{name: "one", ledger: new(ledger)}
			for n := range 60 {
				at := moment(n) * 10 * time.Second
				x := tc.of(at.Minutes(), n)
				x.at = at
				s.samples = append(s.samples, x)
			}
			var out strings.Builder
			got := strings.Join(s.judge(&out), "; ")
			if (got != "") != (tc.finds != "") || !strings.Contains(got, tc.finds) {
				t.Errorf("it is wrong that %q, of %s", got, out.String())
			}
		})
	}
}

func TestStatusesOfWhatIsNotKnown(t *testing.T) {
	v := &version{size: 100}
	k := &ask{method: "GET", when: condition{field: "If-Modified-Since", date: time.Now()}}
	if got := k.statuses(v); !slices.Equal(got, []int{200, 304}) {
		t.Errorf("while nobody knows the time it is %v", got)
	}
}
