//go:build !httpserver_pumps

package script

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Where the system has no pidfds a thread waits for the leader.
func TestWithoutPidfds(t *testing.T) {
	pidfds = false
	defer func() { pidfds = true }()
	b := newBench(t)
	for _, role := range []string{"hello", "daemon"} {
		s := b.play(role)
		b.expectOutput(s, "hello\n")
		b.expectExit(s, 0)
		s.Close(nil, nil)
	}
	s := b.play("hang")
	s.End(context.Canceled)
	if _, err := s.Read(make([]byte, 1)); err != context.Canceled {
		t.Error(err)
	}
	b.expectExit(s, -15)
}

// However few descriptors there are, Start fails cleanly, and says that it was these.
func TestFewDescriptors(t *testing.T) {
	b := newBench(t)
	warm := b.play("cat") // what is opened once is open now
	b.expectExit(warm, 0)
	warm.Close(nil, nil)

	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	used := descriptors() - 1 // not the one that counts them
	refused := 0
	for spare := range 20 {
		now := before
		now.Cur = uint64(used + spare)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
			t.Fatal(err)
		}
		p := b.program("cat")
		p.Input = true
		turn := mustEnter(t, &b.set, -1)
		s, err := turn.Start(p)
		if err != nil {
			turn.Leave()
			refused++
			if !Exhausted(err) {
				t.Errorf("%d to spare: %v", spare, err)
			}
			continue
		}
		s.closeInput()
		b.expectOutput(s, "")
		b.expectExit(s, 0)
		s.Close(nil, nil)
	}
	if refused == 0 || refused == 20 {
		t.Errorf("refused %d times", refused)
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	if now := descriptors() - 1; now != used {
		t.Errorf("%d descriptors, were %d", now, used)
	}
}

// Where there is no descriptor to wait for long with, scripts go on nonetheless, and get one
// as soon as there is.
func TestNoDescriptorToWaitWith(t *testing.T) {
	setMoment(t, time.Millisecond)
	b := newBench(t)
	p := b.program("cat")
	p.Input = true
	s := b.start(p)
	ended, hangs := b.play("hang"), b.play("hang")

	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	none := before
	none.Cur = 3 // ppoll(2) wants to have as many as it is to look at
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	if exit, ok := s.Wait(20 * time.Millisecond); ok || s.watch.file != nil {
		t.Errorf("%v, %v, and file %v", exit, ok, s.watch.file)
	}
	go s.Feed(strings.NewReader("hello\n"))
	b.expectOutput(s, "hello\n")
	b.expectExit(s, 0)
	ended.End(context.Canceled)
	if _, err := ended.Read(make([]byte, 1)); err != context.Canceled {
		t.Error(err)
	}
	b.expectExit(ended, -15)

	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	eventually(t, "there is a descriptor", func() bool {
		hangs.Wait(time.Millisecond)
		return hangs.watch.file != nil
	})
}

// A script costs no goroutine while nobody waits for it, nor a thread.
func TestNoGoroutines(t *testing.T) {
	b := newBench(t)
	before := runtime.NumGoroutine()
	var scripts []*Script
	for range 20 {
		scripts = append(scripts, b.play("hang"))
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, were %d", now, before)
	}
	b.set.Close()
	for _, s := range scripts {
		s.Close(nil, nil)
	}
}

// Whatever is done to scripts of whatever kind, in whatever order, nothing is left.
func TestChaos(t *testing.T) {
	shortenGrace(t)
	kinds := []string{"hello", "silent", "exit 3", "die", "cat", "hang", "blocked", "stubborn", "flood",
		"complain", "daemon", "closed then exits", "deaf", "whole", "leaves closed"}
	cause := errors.New("cause")
	for range 3 {
		b := newBench(t)
		seed := rand.Uint64()
		var group sync.WaitGroup
		for i := range 40 {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			group.Go(func() {
				turn, err := b.set.Enter(t.Context(), 8, patience)
				if err != nil {
					if err != ErrClosed {
						t.Error(err)
					}
					return
				}
				defer turn.Leave()
				p := b.program(kinds[random.IntN(len(kinds))])
				p.Input, p.Log = random.IntN(2) == 0, nil
				p.Timeout = time.Duration(1+random.IntN(50)) * time.Millisecond
				s, err := turn.Start(p)
				if err != nil {
					if err != ErrClosed {
						t.Error(err)
					}
					return
				}
				var others sync.WaitGroup
				defer others.Wait()
				if random.IntN(2) == 0 {
					others.Go(func() { s.Feed(io.LimitReader(endless{}, 1<<20)) })
				}
				if random.IntN(3) == 0 {
					others.Go(func() { s.End(cause) })
				}
				for range random.IntN(4) {
					switch random.IntN(3) {
					case 0:
						s.Read(make([]byte, 100))
					case 1:
						io.CopyN(io.Discard, s, 1<<20) // some write for ever
					case 2:
						s.Wait(time.Duration(random.IntN(20)) * time.Millisecond)
					}
				}
				s.Close(nil, func(Exit) {})
			})
		}
		if seed%2 == 0 {
			b.set.Close() // at some time
		}
		group.Wait()
		b.set.Close()
		expectNoChildren(t)
	}
}
