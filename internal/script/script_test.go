package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func copyAll(w io.Writer, s *Script) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{s})
}

func TestRun(t *testing.T) { eachMoment(t, testRun) }

func testRun(t *testing.T) {
	for _, test := range []struct {
		role   string
		output string
		log    string
		code   int
	}{
		{"hello", "hello\n", "a complaint", 0},
		{"silent", "", "", 0},
		{"exit 3", "", "", 3},
		{"die", "", "", killed(-9)},
		{"cat", "", "", 0}, // the null device
		{"long", "", strings.Repeat("x", 4096) + "\nshort\nunended", 0},
		{"daemon", "hello\n", "", 0},
	} {
		t.Run(test.role, func(t *testing.T) {
			b := newBench(t)
			s := b.play(test.role)
			b.expectOutput(s, test.output)
			b.expectExit(s, test.code)
			if got := b.lines(); got != test.log {
				t.Errorf("log %.60q, want %.60q", got, test.log)
			}
		})
	}
}

func TestExitSaysWhatCPythonDoes(t *testing.T) {
	if got, want := (Exit{Code: -9}).String(), "exit code -9"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFacts(t *testing.T) {
	b := newBench(t)
	p := b.program("facts")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p.Dir, p.Args = dir, []string{"name", "one", "", "two words"}
	s := b.start(p)
	if runtime.GOOS != "windows" {
		b.expectOutput(s, fmt.Sprintf("%s\n%q\n%q\n", dir, p.Args, p.Env))
	} else { // which has an order of its own for variables, and may add some
		output, err := readAll(s)
		env, ok := strings.CutPrefix(output, fmt.Sprintf("%s\n%q\n", dir, p.Args))
		for _, variable := range p.Env {
			ok = ok && strings.Contains(env, strconv.Quote(variable))
		}
		if !ok || err != nil {
			t.Errorf("%s, %v", output, err)
		}
	}
	b.expectExit(s, 0)
}

func TestFeed(t *testing.T) {
	b := newBench(t)
	p := b.program("cat")
	p.Input = true
	s := b.start(p)
	input := strings.Repeat("all that it is sent\n", 100_000)
	fed := make(chan error, 1)
	go func() { fed <- s.Feed(strings.NewReader(input)) }()
	b.expectOutput(s, input)
	b.expectExit(s, 0)
	if err := <-fed; err != nil {
		t.Error(err)
	}
}

// What a program's Content is, the script reads, and then its end: as much as a pipe takes
// is there before it begins, and the rest is fed.
func TestContent(t *testing.T) {
	b := newBench(t)
	for _, size := range []int{1, 4096, 64 << 10, 64<<10 + 1, 1 << 20} {
		for _, role := range []string{"cat", "deaf"} {
			p := b.program(role)
			p.Content = bytes.Repeat([]byte("content\n"), size/8+1)[:size]
			s := b.start(p)
			rest := s.Unfed()
			if !bytes.HasSuffix(p.Content, rest) {
				t.Fatalf("%d of %d bytes are left that are not its end", len(rest), size)
			}
			fed := make(chan error, 1)
			go func() {
				if len(rest) > 0 {
					fed <- s.Feed(bytes.NewReader(rest))
				} else {
					fed <- nil
				}
			}()
			if role == "cat" {
				b.expectOutput(s, string(p.Content))
			} else if _, err := copyAll(io.Discard, s); err != nil {
				t.Error(err)
			}
			b.expectExit(s, 0)
			if err := <-fed; err != nil {
				t.Error(err)
			}
			s.Close(nil, nil)
		}
	}
}

func TestFeedWhatTakesNone(t *testing.T) {
	b := newBench(t)
	p := b.program("deaf")
	p.Input = true
	s := b.start(p)
	fed := make(chan error, 1)
	go func() { fed <- s.Feed(endless{}) }()
	if n, err := copyAll(io.Discard, s); n != int64(len("hello\n"))+1<<20 || err != nil {
		t.Error(n, err)
	}
	b.expectExit(s, 0)
	if err := <-fed; err != nil {
		t.Error(err)
	}
}

// A stranger that holds the input does not hold Feed.
func TestFeedEndsWithTheLeader(t *testing.T) {
	b := newBench(t)
	p := b.program("deaf stranger")
	p.Input = true
	s := b.start(p)
	fed := make(chan error, 1)
	go func() { fed <- s.Feed(endless{}) }()
	output, err := readAll(s)
	pid, _ := strconv.Atoi(strings.TrimSpace(output))
	if err != nil {
		t.Error(err)
	}
	b.expectExit(s, 0)
	if err := <-fed; err != nil {
		t.Error(err)
	}
	endStray(t, pid)
}

// A part of the input is not taken for the whole.
func TestFeedThatFails(t *testing.T) {
	b := newBench(t)
	p := b.program("whole")
	p.Input = true
	s := b.start(p)
	wrong := errors.New("wrong")
	if err := s.Feed(io.MultiReader(strings.NewReader("part"), failing{wrong})); err != wrong {
		t.Errorf("%v, want %v", err, wrong)
	}
	if output, err := readAll(s); output != "" || err != wrong {
		t.Errorf("%q, %v; want %v", output, err, wrong)
	}
	b.expectExit(s, killed(-15))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestFeedPanics(t *testing.T) {
	b := newBench(t)
	p := b.program("cat")
	p.Input = true
	s := b.start(p)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		s.Feed(panicking{})
	}()
	s.Close(nil, nil)
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("wrong") }

func TestInputThatNobodyFeeds(t *testing.T) {
	b := newBench(t)
	p := b.program("cat")
	p.Input = true
	s := b.start(p)
	exit := make(chan Exit, 1)
	s.Close(nil, func(e Exit) { exit <- e })
	if e := <-exit; e.Code != 0 {
		t.Error(e)
	}
}

func TestStdin(t *testing.T) {
	b := newBench(t)
	name := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(name, []byte("before, after"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.Seek(8, io.SeekStart)
	p := b.program("cat")
	p.Stdin = file
	s := b.start(p)
	b.expectOutput(s, "after")
	b.expectExit(s, 0)
	if err := s.Feed(strings.NewReader("more")); err != nil { // there is nothing to feed
		t.Error(err)
	}
}

func TestTimeout(t *testing.T) {
	for _, role := range []string{"hang", "complain"} { // complaints are no output
		t.Run(role, func(t *testing.T) {
			b := newBench(t)
			p := b.program(role)
			p.Timeout = 20 * time.Millisecond
			s := b.start(p)
			if output, err := readAll(s); output != "" || err != ErrTimeout {
				t.Errorf("%q, %v", output, err)
			}
			b.expectExit(s, killed(-15))
		})
	}
}

func TestTimeoutInWait(t *testing.T) {
	b := newBench(t)
	p := b.program("hang")
	p.Timeout = 20 * time.Millisecond
	s := b.start(p)
	b.expectExit(s, killed(-15))
	if _, err := s.Read(make([]byte, 1)); err != ErrTimeout {
		t.Error(err)
	}
}

func TestTimeoutInFeed(t *testing.T) {
	b := newBench(t)
	p := b.program("hang")
	p.Timeout, p.Input = 20*time.Millisecond, true
	s := b.start(p)
	if err := s.Feed(endless{}); err != nil {
		t.Error(err)
	}
	b.expectExit(s, killed(-15))
	if _, err := s.Read(make([]byte, 1)); err != ErrTimeout {
		t.Error(err)
	}
}

// When a script has been idle for too long, by the clock alone.
func TestDue(t *testing.T) {
	at := time.Now()
	for _, test := range []struct {
		name string
		s    *Script
		want time.Duration // since at; 0 is never
	}{
		{"no timeout", &Script{}, 0},
		{"nothing came", &Script{timeout: time.Hour}, time.Hour},
		{"something came before", &Script{timeout: time.Hour, active: at.Add(-time.Minute)}, time.Hour},
		{"something came since", &Script{timeout: time.Hour, active: at.Add(time.Minute)}, time.Hour + time.Minute},
	} {
		want := time.Time{}
		if test.want != 0 {
			want = at.Add(test.want)
		}
		if got := test.s.due(at); !got.Equal(want) {
			t.Errorf("%s: due %v, want %v", test.name, got, want)
		}
	}
	waits := &Script{timeout: time.Hour, awaiting: true}
	if due := waits.due(at.Add(-2 * time.Hour)); due.Before(at.Add(time.Hour)) {
		t.Errorf("Feed waits for its reader: due %v", due)
	}
}

// The timeout does not run while Feed waits for its reader.
func TestTimeoutWaitsForTheReader(t *testing.T) {
	b := newBench(t)
	p := b.program("cat")
	p.Timeout, p.Input = 10*time.Millisecond, true
	s := b.start(p)
	input, more := io.Pipe()
	fed := make(chan error, 1)
	go func() { fed <- s.Feed(input) }()
	eventually(t, "Feed waits", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.awaiting
	})
	cause := errors.New("cause")
	go func() {
		time.Sleep(5 * p.Timeout) // or longer
		s.End(cause)
		more.Close()
	}()
	if _, err := s.Read(make([]byte, 1)); err != cause {
		t.Error(err)
	}
	<-fed
}

func shortenGrace(t *testing.T) { setGrace(t, 10*time.Millisecond) }

func setGrace(t *testing.T, to time.Duration) {
	before := grace
	grace = to
	t.Cleanup(func() { grace = before })
}

// TERM may be ignored; KILL may not.
func TestEndTheStubborn(t *testing.T) {
	shortenGrace(t)
	b := newBench(t)
	s := b.play("stubborn")
	expectReady(t, s)
	cause, other := errors.New("cause"), errors.New("other")
	s.End(cause)
	s.End(other)
	if _, err := s.Read(make([]byte, 1)); err != cause {
		t.Errorf("%v, want %v", err, cause)
	}
	b.expectExit(s, killed(-9))
	s.End(other)
}

// expectReady reads the line that a script begins with.
func expectReady(t *testing.T, s *Script) {
	t.Helper()
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(s, line); err != nil {
		t.Fatal(err)
	}
}

// End ends the wait of whoever waits.
func TestEndWakes(t *testing.T) {
	b := newBench(t)
	s := b.play("hang")
	cause := errors.New("cause")
	go s.End(cause)
	if _, err := s.Read(make([]byte, 1)); err != cause {
		t.Errorf("%v, want %v", err, cause)
	}
	b.expectExit(s, killed(-15))
}

// End ends a wait in the first moment too: it ends the script, and where that ignores it, the
// moment passes.
func TestEndInTheMoment(t *testing.T) {
	cause := errors.New("cause")
	for _, test := range []struct {
		role   string
		moment time.Duration
		grace  time.Duration
		code   int
	}{
		{"hang", time.Hour, patience, -15},
		{"parting words", time.Hour, patience, 0},
		{"stubborn", 20 * time.Millisecond, 10 * time.Millisecond, -9},
	} {
		t.Run(test.role, func(t *testing.T) {
			setGrace(t, test.grace)
			setMoment(t, test.moment)
			b := newBench(t)
			s := b.play(test.role)
			if test.role != "hang" {
				expectReady(t, s)
			}
			go func() {
				time.Sleep(5 * time.Millisecond) // so that Read probably waits
				s.End(cause)
			}()
			if n, err := s.Read(make([]byte, 100)); n != 0 || err != cause {
				t.Errorf("%d, %v; want %v", n, err, cause)
			}
			b.expectExit(s, test.code)
		})
	}
}

// A limit that is shorter than the moment is kept.
func TestLimitsInTheMoment(t *testing.T) {
	setMoment(t, time.Hour)
	b := newBench(t)
	p := b.program("hang")
	p.Timeout = time.Millisecond
	s := b.start(p)
	if exit, ok := s.Wait(0); ok {
		t.Error(exit)
	}
	if _, err := s.Read(make([]byte, 1)); err != ErrTimeout {
		t.Errorf("%v, want %v", err, ErrTimeout)
	}
	b.expectExit(s, -15)
}

// Silent is called once, for scripts that are not done in a moment.
func TestSilent(t *testing.T) {
	read := func(s *Script) { readAll(s); s.Wait(patience) }
	wait := func(s *Script) { s.Wait(patience); readAll(s) }
	for _, test := range []struct {
		name   string
		role   string
		moment time.Duration
		do     func(*Script)
		want   int
	}{
		{"quick", "hello", time.Hour, read, 0},
		{"nobody waits", "hello", 0, func(*Script) {}, 0},
		{"slow to read from", "cat", 0, read, 1}, // until it has its input, from Silent
		{"slow to exit", "cat", 0, wait, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			setMoment(t, test.moment)
			b := newBench(t)
			var s *Script
			calls := 0
			p := b.program(test.role)
			p.Input = true
			p.Silent = func() {
				calls++
				s.closeInput()
			}
			s = b.start(p)
			test.do(s)
			exit := make(chan Exit, 1)
			s.Close(nil, func(e Exit) { exit <- e })
			if test.name == "nobody waits" {
				<-exit
			}
			if calls != test.want {
				t.Errorf("called %d times, want %d", calls, test.want)
			}
		})
	}
}

func TestSilentEnds(t *testing.T) {
	setMoment(t, time.Millisecond)
	b := newBench(t)
	var s *Script
	cause := errors.New("cause")
	p := b.program("hang")
	p.Silent = func() { s.End(cause) }
	s = b.start(p)
	if _, err := s.Read(make([]byte, 1)); err != cause {
		t.Errorf("%v, want %v", err, cause)
	}
	b.expectExit(s, -15)
}

// After End its cause is all that there is to read.
func TestEndAfterTheExit(t *testing.T) {
	b := newBench(t)
	s := b.play("hello")
	b.expectExit(s, 0)
	cause := errors.New("cause")
	s.End(cause)
	if n, err := s.Read(make([]byte, 10)); n != 0 || err != cause {
		t.Errorf("%d, %v; want %v", n, err, cause)
	}
}

// What is in the pipe when the leader has exited is still read.
func TestReadAfterTheExit(t *testing.T) {
	b := newBench(t)
	s := b.play("hello")
	b.expectExit(s, 0)
	b.expectOutput(s, "hello\n")
	b.expectOutput(s, "")
}

func TestFlood(t *testing.T) {
	b := newBench(t)
	s := b.play("flood")
	b.expectOutput(s, "hello\n")
	b.expectExit(s, 0)
	lines := strings.Split(b.lines(), "\n")
	if len(lines) != 1001 || lines[999] != "complaint number 999" || lines[1000] != "19000 more lines" {
		t.Errorf("%d lines, the last of them %q", len(lines), lines[len(lines)-1])
	}
}

func TestBig(t *testing.T) {
	b := newBench(t)
	s := b.play("big")
	if n, err := copyAll(io.Discard, s); n != 200<<20 || err != nil {
		t.Error(n, err)
	}
	b.expectExit(s, 0)
}

// setMoment sets how long a script has its caller wait before that gets ready to wait for
// long.
func setMoment(t *testing.T, to time.Duration) {
	before := moment
	moment = to
	t.Cleanup(func() { moment = before })
}

// eachMoment runs test with scripts that are always done in a moment, and with those that
// never are.
func eachMoment(t *testing.T, test func(*testing.T)) {
	t.Run("quick", func(t *testing.T) {
		setMoment(t, time.Hour)
		test(t)
	})
	t.Run("slow", func(t *testing.T) {
		setMoment(t, 0)
		test(t)
	})
}

// A stranger, which has left the group, holds output and standard error and holds up
// nothing, even if it goes on writing.
func TestStranger(t *testing.T) { eachMoment(t, testStranger) }

func testStranger(t *testing.T) {
	for _, role := range []string{"stranger", "chatty", "grumbling"} {
		t.Run(role, func(t *testing.T) {
			b := newBench(t)
			s := b.play(role)
			output, err := readAll(s)
			if err != nil {
				t.Error(err)
			}
			b.expectExit(s, 0)
			pid := 0
			for line := range strings.Lines(output) {
				if n, err := strconv.Atoi(strings.TrimSpace(strings.ReplaceAll(line, "endless", ""))); err == nil {
					pid = n
				}
			}
			s.Close(nil, nil)
			endStray(t, pid)
		})
	}
}

// Who closes the output has ended the answer, and may live on, counted still.
func TestLivesOn(t *testing.T) {
	needsClosedOutput(t)
	b := newBench(t)
	turn, err := b.set.Enter(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := b.program("closed then exits")
	p.Input = true
	s, err := turn.Start(p)
	if err != nil {
		t.Fatal(err)
	}
	turn.Leave() // is the script's
	b.expectOutput(s, "hello\n")
	if exit, ok := s.Wait(0); ok {
		t.Error(exit)
	}
	if _, err := b.set.Enter(t.Context(), 1, 0); err != ErrFull {
		t.Errorf("%v, want %v", err, ErrFull)
	}
	exit := make(chan Exit, 1)
	s.Close(b.note, func(e Exit) { exit <- e })
	s.Close(nil, func(Exit) { t.Error("told twice") })
	if e := <-exit; e.Code != 4 {
		t.Error(e)
	}
	if got := b.lines(); got != "late complaint" {
		t.Errorf("log %q", got)
	}
	expectGroupGone(t, s)
	if turn, err = b.set.Enter(t.Context(), 1, 0); err != nil {
		t.Error(err)
	} else {
		turn.Leave()
	}
}

func TestLivesOnForItsTimeout(t *testing.T) {
	needsClosedOutput(t)
	b := newBench(t)
	s := b.play("leaves closed")
	b.expectOutput(s, "hello\n")
	s.timeout = 20 * time.Millisecond // the start may have taken longer
	exit := make(chan Exit, 1)
	s.Close(nil, func(e Exit) { exit <- e })
	if e := <-exit; e.Code != killed(-15) {
		t.Error(e)
	}
	expectGroupGone(t, s)
}

// Once the caller is done, writing ends the script.
func TestCloseEndsWriters(t *testing.T) {
	b := newBench(t)
	s := b.play("blocked")
	if _, err := s.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	exit := make(chan Exit, 1)
	s.Close(nil, func(e Exit) { exit <- e })
	if e := <-exit; e.Code != killed(-13) {
		t.Error(e)
	}
	expectGroupGone(t, s)
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}

func TestExitIsToldOnce(t *testing.T) {
	b := newBench(t)
	s := b.play("exit 3")
	b.expectExit(s, 3)
	s.Close(nil, func(Exit) { t.Error("told twice") })

	s = b.play("exit 3")
	b.expectOutput(s, "")
	told := make(chan Exit, 1)
	s.Close(nil, func(e Exit) { told <- e })
	if e := <-told; e.Code != 3 {
		t.Error(e)
	}
}

func TestStartFails(t *testing.T) {
	b := newBench(t)
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path, dir string
		want            error
	}{
		{"no such file", plain + ".not", "", fs.ErrNotExist},
		{"not executable", plain, "", fs.ErrPermission},
		{"no such directory", os.Args[0], plain + ".not", fs.ErrNotExist},
	} {
		p := b.program("hello")
		p.Path, p.Dir, p.Input = test.path, test.dir, true
		turn, err := b.set.Enter(t.Context(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := turn.Start(p); err == nil || Exhausted(err) || !errors.Is(err, test.want) && runtime.GOOS != "windows" { // which has other words
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		turn.Leave()
	}
}

// Fifty at once: some hang, some talk, some leave others behind.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			turn, err := b.set.Enter(t.Context(), 8, patience)
			if err != nil {
				t.Error(err)
				return
			}
			defer turn.Leave()
			p := b.program([]string{"hello", "daemon", "flood", "hang", "cat"}[i%5])
			p.Input, p.Log = i%5 == 4, nil
			s, err := turn.Start(p)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close(nil, nil)
			switch i % 5 {
			case 3:
				s.End(context.Canceled)
			case 4:
				if err := s.Feed(strings.NewReader("hello\n")); err != nil {
					t.Error(err)
				}
			}
			output, err := readAll(s)
			if i%5 == 3 && err == context.Canceled {
				output, err = "hello\n", nil
			}
			if output != "hello\n" || err != nil {
				t.Errorf("%.60q, %v", output, err)
			}
			if _, ok := s.Wait(patience); !ok {
				t.Error("does not exit")
			}
			expectGroupGone(t, s)
		})
	}
	group.Wait()
}

// The set's end is the end of everything in it, whatever that is at.
func TestCloseSet(t *testing.T) {
	needsClosedOutput(t)
	b := newBench(t)
	var scripts []*Script
	for _, role := range []string{"hang", "blocked", "stubborn", "complain", "leaves closed", "cat", "daemon", "hello"} {
		p := b.program(role)
		p.Input = role == "cat"
		s := b.start(p)
		scripts = append(scripts, s)
		switch role {
		case "stubborn":
			expectReady(t, s)
		case "leaves closed":
			b.expectOutput(s, "hello\n")
			s.Close(nil, nil)
		}
	}
	var group sync.WaitGroup
	group.Go(func() { copyAll(io.Discard, scripts[0]) }) // somebody is in Read,
	group.Go(func() { scripts[3].Wait(patience) })       // somebody in Wait,
	group.Go(func() { scripts[5].Feed(endless{}) })      // somebody in Feed;
	for range 3 {
		group.Go(func() {
			b.set.Close()
			for _, s := range scripts {
				expectGroupGone(t, s)
			}
		})
	}
	group.Wait()
	if _, err := scripts[1].Read(make([]byte, 1)); err != ErrClosed {
		t.Errorf("%v, want %v", err, ErrClosed)
	}
	if _, err := b.set.Enter(t.Context(), 1, 0); err != ErrClosed {
		t.Errorf("%v, want %v", err, ErrClosed)
	}
	for _, s := range scripts {
		s.Close(nil, nil)
	}
}

// Scripts that are just being started when the set is closed end, too.
func TestCloseSetWhileStarting(t *testing.T) {
	for range 5 {
		b := newBench(t)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for {
					turn, err := b.set.Enter(t.Context(), 4, patience)
					if err == ErrClosed {
						return
					}
					s, err := turn.Start(b.program("hang"))
					if err == ErrClosed {
						turn.Leave()
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := s.Read(make([]byte, 1)); err != ErrClosed {
						t.Error(err)
					}
					s.Close(nil, nil)
				}
			})
		}
		eventually(t, "some run", func() bool { return len(b.set.all()) == 4 })
		b.set.Close()
		group.Wait()
		if left := b.set.all(); len(left) > 0 {
			t.Errorf("%d are left", len(left))
		}
	}
}
