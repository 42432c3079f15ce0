package main

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the child, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		exit(childMain(os.Args[2]))
	}
	// More at a time than there are cores: mostly they wait for a limit of a
	// second. The command line may say otherwise.
	flag.Set("test.parallel", "4")
	os.Exit(m.Run())
}

// TestShort runs every scenario in its short form.
func TestShort(t *testing.T) {
	if unsupported != "" {
		t.Skip(unsupported)
	}
	directory, err := makeSite()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	set := settings{directory: directory, short: true, lenient: raceEnabled}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r, err := run(&s, "ours", set)
			if err != nil {
				t.Fatal(err)
			}
			var row strings.Builder
			r.writeRow(&row)
			t.Log(row.String())
			for _, fault := range r.faults {
				t.Error(fault)
			}
		})
	}
}

// TestDeadChild: a child that dies is a fault and is not waited for.
func TestDeadChild(t *testing.T) {
	if unsupported != "" {
		t.Skip(unsupported)
	}
	p, err := start(config{Server: "ours", Directory: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Process.Kill()
	if _, err := p.usage(); err == nil {
		t.Error("a dead child told what it uses")
	}
	if err := p.stop(); err == nil || !strings.Contains(err.Error(), "died") {
		t.Errorf("stop gives %v", err)
	}
}

// TestJudge: each thing that a server must not do is a fault.
func TestJudge(t *testing.T) {
	calm := func() *result {
		return &result{
			scenario: &scenario{mustEnd: true, each: kilobyte, peak: kilobyte},
			requests: tally{answered: 10}, opened: 2, ends: make([]end, 2),
		}
	}
	for _, tc := range []struct {
		name, fault string
		change      func(*result)
	}{
		{"all well", "", func(*result) {}},
		{"a request failed", "1 ordinary requests failed", func(r *result) { r.requests.failed = 1 }},
		{"no request", "no ordinary request", func(r *result) { r.requests.answered = 0 }},
		{"not ended", "1 of 2 connections were not ended", func(r *result) { r.ends = r.ends[:1] }},
		{"ended", "2 of 2 connections were ended", func(r *result) { r.scenario = &scenario{mustKeep: true} }},
		{"in use", "3.0 KiB in use", func(r *result) { r.inUse = 6 * kilobyte }},
		{"resident", "grew by 4.0 KiB", func(r *result) { r.resident = 8 * kilobyte }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := calm()
			tc.change(r)
			r.judge(settings{})
			got := strings.Join(r.faults, "; ")
			if tc.fault == "" && got != "" || !strings.Contains(got, tc.fault) {
				t.Errorf("faults are %q, want %q", got, tc.fault)
			}
		})
	}
}

func TestComplaints(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"the log", "127.0.0.1 - - [x] code 400, message panic: no\n", ""},
		{"a panic", "a line\npanic: oh\n\ngoroutine 1 [running]:\n", "panic: oh"},
		{"of ours", "----\nException occurred during processing\n", "Exception occurred during processing"},
		{"of net/http", "2026/01/02 03:04:05 http: panic serving 127.0.0.1:1: oh\n", "2026/01/02 03:04:05 http: panic serving 127.0.0.1:1: oh"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			whole, bytewise := new(complaints), new(complaints)
			whole.Write([]byte(tc.text))
			for i := range len(tc.text) {
				bytewise.Write([]byte(tc.text[i : i+1]))
			}
			for _, c := range []*complaints{whole, bytewise} {
				if got := c.worst(); got != tc.want {
					t.Errorf("worst is %q, want %q", got, tc.want)
				}
			}
		})
	}
}

// TestRandomStream: one seed, one sequence.
func TestRandomStream(t *testing.T) {
	a, b := rand.New(rand.NewPCG(seed, seed)), rand.New(rand.NewPCG(seed, seed))
	seen := make(map[string]bool)
	for range 1000 {
		x, y := randomStream(a), randomStream(b)
		if !bytes.Equal(x, y) {
			t.Fatalf("%q and %q come of the same seed", x, y)
		}
		seen[string(x)] = true
	}
	if len(seen) < 900 {
		t.Errorf("%d streams of 1000 differ", len(seen))
	}
}

func TestTexts(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{thousands(7), "7"},
		{thousands(999), "999"},
		{thousands(20000), "20,000"},
		{thousands(1234567), "1,234,567"},
		{seconds(1500 * time.Microsecond), "1 ms"},
		{seconds(30049 * time.Millisecond), "30.0 s"},
		{size(0), "0.0 KiB"},
		{size(1536), "1.5 KiB"},
		{size(64 * kilobyte), "64 KiB"},
		{size(3 * megabyte / 2), "1.5 MiB"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
