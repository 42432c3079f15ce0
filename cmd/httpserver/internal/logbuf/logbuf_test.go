package logbuf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A tape notes what is written to it, and when.
type tape struct {
	began time.Time

	mu     sync.Mutex
	writes []string
	// before, if set, decides how many bytes are taken, and is asked before they are.
	before func(p []byte) (n int, err error)
}

func newTape() *tape { return &tape{began: time.Now()} }

// behave sets before.
func (t *tape) behave(before func(p []byte) (n int, err error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before = before
}

func (t *tape) Write(p []byte) (n int, err error) {
	t.mu.Lock()
	n, before := len(p), t.before
	t.mu.Unlock()
	if before != nil {
		n, err = before(p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > 0 {
		t.writes = append(t.writes, fmt.Sprintf("%v: %s", time.Since(t.began), p[:n]))
	}
	return n, err
}

// text is what was written.
func (t *tape) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, w := range t.writes {
		_, text, _ := strings.Cut(w, ": ")
		b.WriteString(text)
	}
	return b.String()
}

func (t *tape) check(tb testing.TB, want ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Equal(t.writes, want) {
		tb.Errorf("got %q\nwant %q", t.writes, want)
	}
}

func say(tb testing.TB, w *Writer, lines ...string) {
	tb.Helper()
	for _, line := range lines {
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			tb.Errorf("Write(%.20q) = %d, %v", line, n, err)
		}
	}
}

// A line after silence is there when Write returns; what follows comes together.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := New(out)
		say(t, w, "a\n")
		out.check(t, "0s: a\n")
		say(t, w, "b\n")
		time.Sleep(time.Millisecond)
		say(t, w, "c\n")
		out.check(t, "0s: a\n")
		time.Sleep(Window)
		synctest.Wait()
		out.check(t, "0s: a\n", "5ms: b\nc\n")
		time.Sleep(2 * time.Millisecond)
		say(t, w, "d\n") // within the window that began at 5ms
		time.Sleep(time.Second)
		say(t, w, "e\n")
		out.check(t, "0s: a\n", "5ms: b\nc\n", "10ms: d\n", "1.008s: e\n")
		time.Sleep(Window)
		synctest.Wait()
		if w.collecting || w.writing {
			t.Error("it is still at work")
		}
	})
}

// Once it is closed, a line is there when Write returns, even if others are at it.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := New(out)
		say(t, w, "a\n", "b\n")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		say(t, w, "c\n")
		out.check(t, "0s: a\n", "0s: b\n", "0s: c\n")
		out.behave(func(p []byte) (int, error) {
			time.Sleep(time.Second)
			return len(p), nil
		})
		go say(t, w, "d\n")
		synctest.Wait()
		say(t, w, "e\n")
		out.check(t, "0s: a\n", "0s: b\n", "0s: c\n", "1s: d\n", "2s: e\n")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// On a terminal nothing is collected.
func TestImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := NewImmediate(out)
		say(t, w, "a\n", "b\n")
		out.check(t, "0s: a\n", "0s: b\n")
		out.behave(func(p []byte) (int, error) { // a terminal that is stopped for a while
			out.behave(nil)
			time.Sleep(time.Second)
			return len(p), nil
		})
		go say(t, w, "c\n")
		synctest.Wait()
		say(t, w, "d\n", "e\n")
		w.Close()
		out.check(t, "0s: a\n", "0s: b\n", "1s: c\n", "1s: d\ne\n")
	})
}

// Much is passed on before the window is over, in pieces that a pipe takes as a whole.
func TestEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := New(out)
		say(t, w, "a\n")
		line := strings.Repeat("x", 99) + "\n"
		for range enough/len(line) + 1 {
			say(t, w, line)
		}
		synctest.Wait()
		if want := "a\n" + strings.Repeat(line, enough/len(line)+1); out.text() != want {
			t.Errorf("%d bytes are written, want %d", len(out.text()), len(want))
		}
		for _, p := range out.writes[1:] {
			if len(p) > len("0s: ")+pipeful || !strings.HasPrefix(p, "0s: x") || !strings.HasSuffix(p, "x\n") {
				t.Errorf("a piece of %d bytes: %.10q ... %q", len(p), p, p[len(p)-5:])
			}
		}
	})
}

func TestFirstLines(t *testing.T) {
	long, half := strings.Repeat("x", pipeful)+"\n", strings.Repeat("x", pipeful/2)+"\n"
	for _, tt := range []struct {
		name, lines string
		want        int
	}{
		{"one line", "a\n", 2},
		{"all that fits", "a\nb\n", 4},
		{"exactly", long[1:], pipeful},
		{"two halves are too much", half + half, len(half)},
		{"a line that is too long", long + "a\n", len(long)},
		{"before one that is too long", "a\n" + long, 2},
		{"no line end", long + long[:10], len(long)},
		{"no line end at all", strings.Repeat("x", pipeful+1), pipeful + 1},
	} {
		if got := len(firstLines([]byte(tt.lines), pipeful)); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

// A file takes everything as a whole.
func TestFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := New(f)
	lines := strings.Repeat(strings.Repeat("x", 99)+"\n", 1000)
	if got := len(firstLines([]byte(lines), w.piece)); got != len(lines) {
		t.Errorf("a piece has %d bytes, want %d", got, len(lines))
	}
	say(t, w, "a\n", "b\n", lines)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(f.Name()); err != nil || string(text) != "a\nb\n"+lines {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// A reader that stops has Write wait when the memory is full, and loses nothing.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		goOn := make(chan struct{})
		out.behave(func(p []byte) (int, error) {
			<-goOn
			return len(p), nil
		})
		w := New(out)
		line := func(i int) string { return fmt.Sprintf("%099d\n", i) }
		var want strings.Builder
		written := 0
		go func() {
			for i := range 5000 {
				want.WriteString(line(i))
				say(t, w, line(i))
				written++
			}
		}()
		go func() { w.Write([]byte("b\n")) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		most := full + 2*len(line(0)) // nothing is taken, so the write that is stuck is of one line
		if got := written * len(line(0)); got > most {
			t.Errorf("%d bytes are held, at most %d may be", got, most)
		}
		if cap(w.pending)+cap(w.spare) > 2*most {
			t.Errorf("%d bytes of memory", cap(w.pending)+cap(w.spare))
		}
		close(goOn)
		synctest.Wait()
		time.Sleep(Window)
		w.Close()
		if got := strings.Replace(out.text(), "b\n", "", 1); got != want.String() {
			t.Errorf("%d bytes came, want %d", len(got), want.Len())
		}
	})
}

var errFull = errors.New("no space")

// What is refused comes again with the next line, and what did not fit is counted in its place.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := New(out)
		say(t, w, "a\n")
		time.Sleep(time.Second)
		attempts := 0
		out.behave(func(p []byte) (int, error) {
			attempts++
			return 1, errFull // a disk with room for one byte
		})
		say(t, w, "bc\n")
		time.Sleep(time.Hour)
		if attempts != 1 {
			t.Errorf("%d attempts without news, want 1", attempts)
		}
		out.behave(func(p []byte) (int, error) { return 0, errFull })
		say(t, w, "d\n")
		time.Sleep(time.Hour)
		line := strings.Repeat("x", 99) + "\n"
		fit, lost := 0, 0
		for range 2000 {
			if n, err := w.Write([]byte(line)); err == nil {
				fit++
			} else if lost++; n != 0 || err != errFull {
				t.Errorf("Write = %d, %v", n, err)
			}
		}
		if size := fit * len(line); lost == 0 || size < full-2*len(line) || size > 2*full {
			t.Errorf("%d lines fit, %d do not", fit, lost)
		}
		time.Sleep(2 * Window)
		out.behave(nil)
		say(t, w, "e\n")
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		out.behave(func(p []byte) (int, error) { return 0, errFull })
		if n, err := w.Write([]byte("kept\n")); n != len("kept\n") || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
		if err := w.Close(); err != errFull {
			t.Errorf("Close: %v", err)
		}
		want := "a\nbc\nd\n" + strings.Repeat(line, fit) + fmt.Sprintf("httpserver: the log could not be written for a while: %d messages are missing here\n", lost) + "e\n"
		if got := out.text(); got != want {
			t.Errorf("got %d bytes, want %d, ending in %q, want %q", len(got), len(want), got[max(0, len(got)-200):], want[len(want)-200:])
		}
	})
}

// A file that somebody has made non-blocking is waited for.
func TestTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newTape()
		w := New(out)
		out.behave(func(p []byte) (int, error) {
			if time.Since(out.began) < time.Second {
				return 0, &errno{syscall.EAGAIN}
			}
			return len(p), nil
		})
		go say(t, w, "a\n")
		synctest.Wait()
		say(t, w, "b\n")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		out.check(t, "1s: a\n", "1s: b\n")
	})
}

type errno struct{ error }

func (e *errno) Unwrap() error { return e.error }

// However out behaves, what comes is what was written, in order, but for what is said to be lost.
func TestNothingIsLostUntold(t *testing.T) {
	lost := 0
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			random, outs := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
			out := newTape()
			failing := false
			out.behave(func(p []byte) (int, error) {
				if outs.IntN(20) == 0 {
					time.Sleep(time.Duration(outs.IntN(20)) * time.Millisecond)
				}
				if outs.IntN(50) == 0 {
					failing = !failing
				}
				if failing {
					return outs.IntN(len(p)), errFull
				}
				return len(p), nil
			})
			w := New(out)
			if seed%4 == 0 {
				w = NewImmediate(out)
			}
			const lines = 3000
			filler := strings.Repeat("x", random.IntN(200))
			refused := make(map[int]bool)
			for i := range lines {
				if _, err := fmt.Fprintf(w, "%d %s\n", i, filler); err != nil {
					refused[i] = true
				}
				if random.IntN(30) == 0 {
					time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
				}
			}
			time.Sleep(time.Second)
			out.behave(nil)
			fmt.Fprintf(w, "%d %s\n", lines, filler)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			next, told := 0, 0
			for line := range strings.Lines(out.text()) {
				var n int
				if _, err := fmt.Sscanf(line, "httpserver: the log could not be written for a while: %d messages are missing here\n", &n); err == nil {
					for range n {
						if !refused[next] {
							t.Fatalf("seed %d: %d is said to be lost, and was accepted", seed, next)
						}
						next++
					}
					told += n
				} else if want := fmt.Sprintf("%d %s\n", next, filler); line != want {
					t.Fatalf("seed %d: got %.30q, want %.30q", seed, line, want)
				} else {
					next++
				}
			}
			if next != lines+1 || told != len(refused) {
				t.Errorf("seed %d: %d of %d lines, of which %d are told to be lost, want %d", seed, next, lines+1, told, len(refused))
			}
			lost += told
		})
	}
	if lost == 0 {
		t.Error("there was always room, so nothing is shown")
	}
}

// Many write at once: each one's lines come in order, and whole.
func TestConcurrently(t *testing.T) {
	const writers, lines = 64, 300
	synctest.Test(t, func(t *testing.T) {
		for _, w := range []*Writer{New(newTape()), NewImmediate(newTape())} {
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() {
					for j := range lines {
						fmt.Fprintf(w, "%d %d %s\n", i, j, strings.Repeat("x", j%100))
						if j%50 == i%50 {
							time.Sleep(time.Duration(i) * time.Millisecond)
						}
						if i == 0 && j == lines/2 { // as a signal may
							w.Close()
						}
					}
				})
			}
			wg.Wait()
			w.Close()
			var next [writers]int
			for line := range strings.Lines(w.out.(*tape).text()) {
				var i, j int
				if _, err := fmt.Sscanf(line, "%d %d", &i, &j); err != nil || j != next[i] || line != fmt.Sprintf("%d %d %s\n", i, j, strings.Repeat("x", j%100)) {
					t.Fatalf("%q, %v, want line %d", line, err, next[i])
				}
				next[i]++
			}
			for i, n := range next {
				if n != lines {
					t.Errorf("%d lines of %d, want %d", n, i, lines)
				}
			}
		}
	})
}

// nowhere is a writer that costs nothing.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

const usual = `127.0.0.1 - - [06/Nov/1994 08:49:37] "GET /static/css/main.css?v=17 HTTP/1.1" 200 -` + "\n"

func TestAllocs(t *testing.T) {
	w := New(nowhere{})
	line := []byte(usual)
	for range 10 * full / len(line) { // both memories have their size
		w.Write(line)
	}
	if n := testing.AllocsPerRun(10_000, func() { w.Write(line) }); n != 0 {
		t.Errorf("%v allocations a line, want 0", n)
	}
}

func BenchmarkWrite(b *testing.B) {
	b.Run("one goroutine", func(b *testing.B) {
		w, line := New(nowhere{}), []byte(usual)
		b.ReportAllocs()
		for b.Loop() {
			w.Write(line)
		}
	})
	b.Run("several", func(b *testing.B) {
		w, line := New(nowhere{}), []byte(usual)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				w.Write(line)
			}
		})
	})
}
