package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the child, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		exit(childMain(os.Args[2]))
	}
	// More at a time than there are cores: mostly they wait. The command line may say
	// otherwise.
	flag.Set("test.parallel", "6")
	os.Exit(m.Run())
}

// shortRun is a run of some kinds of clients, or all.
func shortRun(t *testing.T, long time.Duration, servers []string, only ...string) settings {
	if unsupported != "" {
		t.Skip(unsupported)
	}
	t.Parallel()
	set := settings{seed: uint64(time.Now().UnixNano()), long: long, most: 1_000_000, every: time.Second, rest: 30 * time.Second, grace: longestEnd,
		servers: servers, changes: changes, out: new(strings.Builder)}
	set.kinds = slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return len(only) > 0 && !slices.Contains(only, k.name) })
	return set
}

// TestSoak is a short form of all that the program does.
func TestSoak(t *testing.T) {
	set := shortRun(t, 4*time.Second, []string{"command", "library"})
	err := runAll(context.Background(), set)
	t.Logf("seed %d\n%s", set.seed, set.out)
	if err != nil {
		t.Error(err)
	}
}

// TestFinds has servers make mistakes, each of which has to be found.
func TestFinds(t *testing.T) {
	for _, tc := range []struct {
		handler string
		kind    string
		finds   string // what is said of it
		atEnd   bool   // when the load has ended
	}{
		{"stale files", "keep-alive", "it is not", false},
		{"stale files", "16 pipelined", "it is not", false},
		{"stale files", "ranges", "it is not", false},
		{"old ends of files", "keep-alive", "there stands version", false},
		{"a shorter file", "keep-alive", "the size is", false},
		{"a shorter file", "HEAD", "the length is", false},
		{"a flipped bit", "a connection each", "on there stands", false},
		{"a cut", "keep-alive", "the content was cut", false},
		{"other ranges", "ranges", "the ranges are", false},
		{"one tag", "keep-alive", "was that of version", false},
		{"no 304", "conditions", "and not one of [", false},
		{"remembered names", "listings", "it is not a listing: it", false},
		{"another echo", "POST", "it is not", false},
		{"not logged", "keep-alive", "is not in the log", true},
		{"logged twice", "keep-alive", "2 times in the log", true},
		{"another status", "keep-alive", "and the log says 299", true},
		{"a panic", "keep-alive", "a line of the log is no line", true},
		{"open files", "keep-alive", "descriptors more than before the load", true},
		{"goroutines", "keep-alive", "goroutines more than before the load", true},
		{"memory", "keep-alive", "of live heap more than before the load", true},
		{"no time for the last", "keep-alive", "GET /big/", true},
		{"deaf", "keep-alive", "had not ended", true},
	} {
		t.Run(tc.handler+", "+tc.kind, func(t *testing.T) {
			set := shortRun(t, 2*time.Minute, []string{tc.handler}, tc.kind)
			set.every = 100 * time.Millisecond
			if tc.atEnd {
				set.most = 500
			}
			set.untilFault = true
			switch tc.handler {
			case "open files", "goroutines", "memory": // these are never let go of
				set.rest = 500 * time.Millisecond
			case "deaf":
				set.grace = time.Second
			}
			err := runAll(context.Background(), set)
			if err == nil || !strings.Contains(err.Error(), tc.finds) {
				t.Errorf("%q was not said:\n%.3000s\n%s", tc.finds, fmt.Sprint(err), set.out)
			}
		})
	}
}

// TestNoServer: a server that does not start is an error, and not waited for.
func TestNoServer(t *testing.T) {
	set := shortRun(t, time.Second, []string{"nobody"})
	if err := runAll(context.Background(), set); err == nil || !strings.Contains(err.Error(), "nobody did not start") {
		t.Errorf("the error is %v", err)
	}
}
