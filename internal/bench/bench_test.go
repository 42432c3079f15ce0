package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the child, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == spawnFlag || os.Args[1] == insideFlag) {
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0") // or each child would sleep for a second at its end
	}
	os.Exit(m.Run())
}

// programsNeeded are those that peers are, and loads.
var programsNeeded = []string{"cc", "wrk", "nginx", "lighttpd", "h2o", "python3"}

func skipWithout(t *testing.T, programs ...string) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	for _, program := range programs {
		if _, err := find(program); err != nil {
			t.Skip(err)
		}
	}
}

// TestBench plays rows of each kind, all peers in them, for a moment. Figures
// decide nothing.
func TestBench(t *testing.T) {
	skipWithout(t, programsNeeded...)
	const rows = "hello/pipelined,hello/close,file/304,list/1k,cgi/close"
	file := filepath.Join(t.TempDir(), "result.json")
	var out strings.Builder
	o := options{Rows: rows, Peers: "all", Rounds: 1, Requests: 20, Time: 100 * time.Millisecond, JSON: file}
	err := bench(t.Context(), o, &out)
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rep report
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(rows, ",") + 1; len(rep.Rows) != want {
		t.Errorf("%d rows, want %d", len(rep.Rows), want)
	}
	for i, r := range rep.Rows {
		for _, l := range r.Lines {
			if len(l.Shots) != o.Rounds || l.Shots[0].Requests <= 0 || l.Rate.Min <= 0 || l.Figure.Max <= 0 {
				t.Errorf("%s: %s has %+v", r.Name, l.Peer, l)
			}
		}
		chosen, _ := chooseRows(r.Name)
		players := 0
		peers, _ := choosePeers("all")
		for _, p := range peers {
			if p.plays(chosen[0]) {
				players++
			}
		}
		if len(r.Lines) != players {
			t.Errorf("%s (%d) has %d peers, want %d", r.Name, i, len(r.Lines), players)
		}
	}
}

// TestInterrupted: a run that is ended ends its servers.
func TestInterrupted(t *testing.T) {
	skipWithout(t, "cc")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Long enough to last for minutes, if it were not for the end.
	o := options{Rows: "cgi/keep-alive", Peers: "nethttp", Rounds: 1, Requests: 1e6, Time: time.Second}
	out := writerFunc(func(p []byte) (int, error) {
		if strings.Contains(string(p), "nethttp") { // the head: servers have started
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		return len(p), nil
	})
	if err := bench(ctx, o, out); !errors.Is(err, context.Canceled) {
		t.Errorf("the run gave %v", err)
	}
	all, err := readStats()
	if err != nil {
		t.Fatal(err)
	}
	if left := below(os.Getpid(), all); len(left) != 1 {
		t.Errorf("processes left: %+v", left)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestMissing: a peer that is not installed is void and says so.
func TestMissing(t *testing.T) {
	f := field{
		{peer: &peer{name: "ours"}, player: playerOf(10, nil)},
		{peer: &peer{name: "gone"}, failure: errMissing("gone")},
	}
	rep, err := measureRow(t.Context(), allRows[0], f, options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := rep.Lines[1].Void; got != "gone is not installed" {
		t.Errorf("void is %q", got)
	}
	if err := (&report{Rows: []*rowReport{rep}}).void(); err == nil || !strings.Contains(err.Error(), "gone is not installed") {
		t.Errorf("the run's error is %v", err)
	}
}

// A fakePlayer takes as long as it is told for a request.
type fakePlayer struct {
	each  time.Duration
	fails error
	turns *[]string // if not nil, where it notes its turns
	name  string
}

func playerOf(microseconds int, fails error) player {
	return &fakePlayer{each: time.Duration(microseconds) * time.Microsecond, fails: fails}
}

func (p *fakePlayer) check(context.Context, *row) error { return nil }
func (p *fakePlayer) stop() error                       { return nil }
func (p *fakePlayer) shot(_ context.Context, _ *row, e extent) (shot, error) {
	if p.turns != nil {
		*p.turns = append(*p.turns, p.name)
	}
	d := p.each * time.Duration(e.requests)
	return shot{Requests: e.requests, Elapsed: d / 2, CPU: d}, p.fails
}

// TestTurns: every peer is first in its round once.
func TestTurns(t *testing.T) {
	var turns []string
	var f field
	for _, name := range []string{"A", "B", "C"} {
		f = append(f, &contestant{
			peer:   &peer{name: name},
			player: &fakePlayer{each: time.Microsecond, turns: &turns, name: name},
		})
	}
	if _, err := measureRow(t.Context(), allRows[0], f, options{Rounds: 3, Requests: 1}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(turns, ""), "ABC"+"ABCBCACAB"; got != want {
		t.Errorf("the turns were %s, want %s", got, want)
	}
}

func TestTable(t *testing.T) {
	f := field{
		{peer: &peer{name: "ours"}, player: playerOf(90, nil)},
		{peer: &peer{name: "nethttp"}, player: playerOf(100, nil)},
		{peer: &peer{name: "spawn"}, player: playerOf(60, nil)},
		{peer: &peer{name: "gospawn"}, player: playerOf(60, nil)},
		{peer: &peer{name: "lighttpd"}, player: playerOf(60, errors.New("a | b\nc"))},
	}
	r := &row{name: "cgi/test", title: "a test", bars: map[string]float64{"nethttp": 1, "gospawn": 1.3}, limit: 80}
	rep, err := measureRow(t.Context(), r, f, options{Rounds: 2, Requests: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	rep.writeTable(&got)
	const want = `
### cgi/test: a test

2 rounds; median (least to most).

| peer | CPU a request, µs | ours ÷ peer | should be | requests a second | ours ÷ peer |
|---|---|---|---|---|---|
| ours | 90.0 (90.0–90.0) |  | ≤ 80: missed | 22222 (22222–22222) |  |
| nethttp | 100.0 (100.0–100.0) | 0.90 (0.90–0.90) | ≤ 1.00: met | 20000 (20000–20000) | 1.11 (1.11–1.11) |
| spawn | 60.0 (60.0–60.0) | 1.50 (1.50–1.50) |  | 33333 (33333–33333) | 0.67 (0.67–0.67) |
| gospawn | 60.0 (60.0–60.0) | 1.50 (1.50–1.50) | ≤ 1.30: missed | 33333 (33333–33333) | 0.67 (0.67–0.67) |
| lighttpd | void: a \| b | | | | |
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	got.Reset()
	peers := []peerReport{{Name: "ours"}, {Name: "idle"}, {Name: "nethttp"}, {Name: "lighttpd"}}
	(&report{Peers: peers, Rows: []*rowReport{rep}}).writeSummary(&got)
	const summary = `
### All rows

Median (least to most); below it ours ÷ peer, likewise.

| row | ours | nethttp | lighttpd | ours should be |
|---|---|---|---|---|
| cgi/test, µs | 90.0 (90.0–90.0) | 100.0 (100.0–100.0)<br>0.90 (0.90–0.90) | void | ours ≤ 80: missed; ÷ nethttp ≤ 1.00: met; ÷ gospawn ≤ 1.30: missed |
`
	if got.String() != summary {
		t.Errorf("got\n%s\nwant\n%s", got.String(), summary)
	}
}

func TestSpread(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []float64
		want   spread
	}{
		{"none", nil, spread{}},
		{"one", []float64{2}, spread{2, 2, 2}},
		{"odd", []float64{9, 1, 2}, spread{2, 1, 9}},
		{"even", []float64{4, 1, 2, 9}, spread{3, 1, 9}},
	} {
		if got := spreadOf(tc.values); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestRatios(t *testing.T) {
	for _, tc := range []struct {
		name               string
		above, below, want []float64
	}{
		{"round by round", []float64{1, 4}, []float64{2, 2}, []float64{0.5, 2}},
		{"too short to measure", []float64{1, 4}, []float64{0, 2}, []float64{2}},
		{"fewer", []float64{1, 4}, []float64{2}, []float64{0.5}},
		{"none", nil, nil, nil},
	} {
		got := ratios(tc.above, tc.below)
		same := len(got) == len(tc.want)
		for i := range tc.want {
			same = same && math.Abs(got[i]-tc.want[i]) < 1e-9
		}
		if !same {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// statText is the text of a process with a given name and the fields after it.
func statText(name string) string {
	return "42 (" + name + ") S 7 42 42 0 -1 4194560 1 2 3 4 101 52 203 4 20 0 1 0 100 1000000 200 18446744073709551615 0 0\n"
}

func TestParseStat(t *testing.T) {
	want := stat{pid: 42, parent: 7, own: 1530 * time.Millisecond, reaped: 2070 * time.Millisecond}
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"plain", statText("lighttpd"), true},
		{"parentheses and spaces", statText("a) S 1 (b"), true},
		{"a line end", statText("a\nb"), true},
		{"empty name", statText(""), true},
		{"empty", "", false},
		{"no name", "42 S 7", false},
		{"cut", "42 (x) S 7 42 42 0 -1 4194560 1 2 3 4 101 52 203", false},
		{"no number", strings.Replace(statText("x"), " 101 ", " ten ", 1), false},
	} {
		got, err := parseStat(tc.text)
		if (err == nil) != tc.ok || tc.ok && got != want {
			t.Errorf("%s: got %+v, %v", tc.name, got, err)
		}
	}
}

func TestBelow(t *testing.T) {
	all := []stat{
		{pid: 5, parent: 3, own: 1},
		{pid: 3, parent: 2, own: 10, reaped: 100},
		{pid: 2, parent: 1, own: 1000},
		{pid: 4, parent: 1, own: 10000}, // another
		{pid: 6, parent: 3, own: 100000},
		{pid: 7, parent: 8}, {pid: 8, parent: 7}, // no circle, as far as it goes
	}
	for _, tc := range []struct {
		pid, count int
		used       time.Duration
	}{
		{2, 4, 101111},
		{3, 3, 100111},
		{4, 1, 10000},
		{9, 0, 0},
		{7, 2, 0},
	} {
		tree := below(tc.pid, all)
		count := 0
		seen := make(map[int]bool)
		for _, s := range tree {
			if !seen[s.pid] {
				count++
			}
			seen[s.pid] = true
		}
		if count != tc.count || used(tree) != tc.used {
			t.Errorf("%d: %d processes that used %d, want %d and %d", tc.pid, count, used(tree), tc.count, tc.used)
		}
	}
}

// TestUsed: what a script uses is its server's once it has been waited for.
func TestUsed(t *testing.T) {
	skipWithout(t)
	all, err := readStats()
	if err != nil {
		t.Fatal(err)
	}
	tree := below(os.Getpid(), all)
	if len(tree) == 0 || tree[0].pid != os.Getpid() || tree[0].parent != os.Getppid() {
		t.Errorf("this process is %+v", tree)
	}
	if _, err := settled(t.Context(), 1<<30, 1); err == nil {
		t.Error("a process that is none has used something")
	}
}

// TestClock: the clock of a process says what its stat says, but for ticks.
func TestClock(t *testing.T) {
	skipWithout(t)
	before, ok := clock(os.Getpid())
	if !ok || before <= 0 {
		t.Fatalf("the clock says %v, %v", before, ok)
	}
	all, err := readStats()
	if err != nil {
		t.Fatal(err)
	}
	after, _ := clock(os.Getpid())
	// Each of user and system time has lost a part of a tick.
	if own := below(os.Getpid(), all)[0].own; own < before-2*tick || own > after {
		t.Errorf("stat says %v, between %v and %v of the clock", own, before, after)
	}
	if _, ok := clock(1 << 25); ok {
		t.Error("a process that is none has a clock")
	}
}

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		names string
		want  int // rows; 0: an error
	}{
		{"cgi", 3},
		{quick, 6},
		{"cgi/close", 1},
		{"cgi/close,cgi", 3},
		{"cgi,cgi/close", 0},
		{"c", 0},
		{"", 0},
	} {
		if got, err := chooseRows(tc.names); len(got) != tc.want || (err != nil) != (tc.want == 0) {
			t.Errorf("%q: %d rows, %v", tc.names, len(got), err)
		}
	}
	for _, names := range []string{"", "ours,ours", "apache"} {
		if _, err := choosePeers(names); err == nil {
			t.Errorf("peers %q are taken", names)
		}
	}
}
