package script

import (
	"context"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what has to happen. It decides only when to give up.
const patience = time.Minute

// needsClosedOutput skips a test that sees a script close its output, where the system lets
// none.
var needsClosedOutput = func(*testing.T) {}

// eventually waits until ok reports true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begun := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// A bench is a set to run scripts in, and what they have written to standard error.
type bench struct {
	*testing.T
	set Set

	mu  sync.Mutex
	log []string
}

// newBench also has the test fail if a process, a descriptor or a goroutine is left of it.
func newBench(t *testing.T) *bench {
	os.Stdin.Fd() // what the process opens once is open now
	descriptorsBefore, goroutinesBefore := descriptors(), runtime.NumGoroutine()
	b := &bench{T: t}
	t.Cleanup(func() {
		b.set.Close()
		expectNoChildren(t)
		eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutinesBefore })
		if now := descriptors(); now > descriptorsBefore {
			t.Errorf("%d descriptors are open, were %d", now, descriptorsBefore)
		}
	})
	return b
}

func (b *bench) note(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, line)
}

func (b *bench) lines() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.log, "\n")
}

// program is this program in a role.
func (b *bench) program(role string) *Program {
	return &Program{Path: os.Args[0], Args: []string{os.Args[0]}, Env: environ(role), Log: b.note, Timeout: patience}
}

// start starts p.
func (b *bench) start(p *Program) *Script {
	b.Helper()
	turn, err := b.set.Enter(context.Background(), -1, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer turn.Leave()
	s, err := turn.Start(p)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close(nil, nil) })
	return s
}

// play starts this program in a role.
func (b *bench) play(role string) *Script {
	b.Helper()
	return b.start(b.program(role))
}

// expectExit waits for the script's end and fails unless it is that, and its group is gone.
func (b *bench) expectExit(s *Script, code int) {
	b.Helper()
	exit, ok := s.Wait(patience)
	if !ok || exit.Code != code {
		b.Errorf("exit %v, %v; want %d", exit, ok, code)
	}
	expectGroupGone(b.T, s)
}

// expectOutput reads all output.
func (b *bench) expectOutput(s *Script, want string) {
	b.Helper()
	got, err := readAll(s)
	if got != want || err != nil {
		b.Errorf("output %.60q, %v; want %.60q", got, err, want)
	}
}

func readAll(s *Script) (string, error) {
	var b strings.Builder
	_, err := copyAll(&b, s)
	return b.String(), err
}
