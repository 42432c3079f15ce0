// Package script runs programs that answer a request: CGI scripts (RFC 3875). Each is the
// leader of a session and a process group of its own, which ends as one; what it writes is read, what it
// complains of is logged, and how long and how many are bounded.
package script

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// What a Script or a Set can end with.
var (
	ErrTimeout = errors.New("script: it did nothing for too long")
	ErrClosed  = errors.New("script: the set is closed")
	ErrFull    = errors.New("script: too many are running")
)

// grace is how long a group has from TERM to KILL.
var grace = 5 * time.Second

// moment is how long a script has its caller wait before that gets ready to wait for long.
// Most are done by then.
var moment = 10 * time.Millisecond

// maxLeft bounds what is read of a pipe once the leader has exited: no more can be in one
// that the script did not have made larger by an administrator, and without a bound a
// stranger that writes on would hold the reader for ever.
const maxLeft = 1 << 20

// A Program says what is run, and how.
type Program struct {
	Path string   // absolute
	Args []string // from argv[0] on
	Env  []string // the whole environment, nothing is added to it
	Dir  string   // the working directory; if empty, the server's

	// Stdin is the standard input as it is, from its present position. Without one,
	// Content is what it holds, which is mostly in a pipe before the script begins: what is
	// not, Unfed gives. Without that, Input asks for a pipe which Feed fills, and none
	// of them for the null device.
	Stdin   *os.File
	Content []byte
	Input   bool

	// User is who runs it, if not who runs the server. Only root may say so.
	User *Identity

	// Timeout is how long the script may neither write output nor take input while
	// somebody waits for it. Zero or less is for ever.
	Timeout time.Duration

	// Log is told what the script writes to its standard error, by whoever is in Read or
	// Wait then. If nil, nobody is told. Lines are cut at 4096 bytes; empty ones are left
	// out, and what comes after the first 1000 is counted only.
	Log func(line string)

	// Silent is called once, by whoever is in Read or Wait, when the script has had them wait
	// for 10 ms or so: from then on it may be long, and worth a goroutine that looks after
	// something else. Scripts that are done before never have it called. It may call End, but
	// no other method of the Script. If nil, nobody is told.
	Silent func()

	// Await, if not nil, waits until a descriptor can be read, for limit at most, and
	// reports whether it can; it may give up before. It is asked once, while the script
	// may turn out to be swift, on systems where to wait otherwise takes a thread.
	Await func(fd int, limit time.Duration) (ready bool)
}

// hasPipe reports whether the standard input is a pipe, if it is no file.
func (p *Program) hasPipe() bool { return p.Input || len(p.Content) > 0 }

// An Exit is how a script's leader ended.
type Exit struct {
	// Code is the exit status or, like CPython's, the number of the signal that ended it
	// with a minus before it.
	Code int
}

// String is what CPython's log says after "CGI script".
func (e Exit) String() string { return "exit code " + strconv.Itoa(e.Code) }

// A Script is a program that runs. Read, Wait and Close are for one goroutine, Feed for
// another; End is for any. Close has to be called. That the leader has exited is noticed in
// Read, Wait and after Close only, or when the set is closed: until then it is a zombie.
type Script struct {
	process process
	set     *Set
	timeout time.Duration

	owner  sync.Mutex // held by whoever is in Read, Wait or Close, or by linger
	watch  watch
	log    func(string)
	silent func() // nil once it was called
	lines  lines
	unfed  []byte
	left   int  // how much of the output was read since the leader's exit
	closed bool // Close was called
	told   bool // Wait has returned the exit

	mu       sync.Mutex
	stdin    *os.File // nil if there is no pipe, or it is closed
	cause    error    // End's
	gone     bool     // the leader has exited, its group is killed, it is reaped
	exit     Exit
	killer   *time.Timer
	active   time.Time // when output came or input was taken
	awaiting bool      // Feed waits for its reader
}

// Unfed gives what is left of the program's Content for Feed to write, where there is any.
func (s *Script) Unfed() []byte { return s.unfed }

// Read reads what the script writes to its standard output. It returns io.EOF when nobody
// has that open any more, and also when the leader has exited and what was in the pipe has
// been read: what the leader left behind is killed, but may have left the group. It may do so
// along with the last output; for that it may hold the first back, for a millisecond. After
// End it returns End's cause.
func (s *Script) Read(p []byte) (int, error) {
	s.owner.Lock()
	defer s.owner.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	since := time.Now()
	for {
		gone, err := s.arm(since, time.Time{})
		if err != nil {
			return 0, err
		}
		if gone && s.left >= maxLeft {
			return 0, io.EOF
		}
		switch n, what := s.watch.next(p, gone); what {
		case output:
			if gone {
				s.left += n
			}
			return s.deliver(n, nil)
		case lastOutput:
			return s.deliver(n, io.EOF)
		case outputEnd:
			return s.deliver(0, io.EOF)
		default:
			s.handle(what, since)
		}
	}
}

// deliver is what Read returns, unless End was called meanwhile: that may be why the script
// has written this, or no more.
func (s *Script) deliver(n int, err error) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return 0, s.cause
	}
	if n > 0 && s.timeout > 0 {
		s.active = time.Now()
	}
	return n, err
}

// Wait waits for the leader's exit, limit at most, and reports whether it has exited.
// Output is left for Read; a script that cannot get rid of its own does not exit.
func (s *Script) Wait(limit time.Duration) (Exit, bool) {
	s.owner.Lock()
	defer s.owner.Unlock()
	since := time.Now()
	until := since.Add(limit)
	for {
		gone, _ := s.arm(since, until)
		if gone {
			s.finish()
			s.told = true
			return s.exit, true
		}
		_, what := s.watch.next(nil, false)
		if what == expired && !time.Now().Before(until) {
			return Exit{}, false
		}
		s.handle(what, since)
	}
}

// End ends the script: its group gets TERM, and KILL where the leader has not exited 5 s
// later. It does not wait. The cause of the first End is what Read returns.
func (s *Script) End(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return
	}
	s.cause = cause
	s.watch.wake()
	if s.stdin != nil {
		s.stdin.SetWriteDeadline(past)
	}
	if !s.gone {
		s.process.terminate()
		s.killer = time.AfterFunc(grace, s.kill)
	}
}

// Close says that the caller is done with the script. Nobody reads its output any more, so
// that writing some ends it, nor is there more input. If it lives on nonetheless it may
// do so for its Timeout, and is ended then. From now on log is told what comes on standard
// error, and exited is told the exit, if Wait has not returned it: now, or by a goroutine
// of the script's own. Either may be nil.
func (s *Script) Close(log func(line string), exited func(Exit)) {
	s.owner.Lock()
	if s.closed {
		s.owner.Unlock()
		return
	}
	s.closed = true
	s.watch.closeOutput()
	s.closeInput()
	s.log, s.silent = log, nil
	if s.isGone() {
		s.depart(exited)
		return
	}
	s.set.lingers(+1)
	go s.linger(exited)
}

// linger is what is left of Close when the script lives on.
func (s *Script) linger(exited func(Exit)) {
	defer s.set.lingers(-1)
	since := time.Now()
	for {
		gone, _ := s.arm(since, time.Time{})
		if gone {
			s.depart(exited)
			return
		}
		_, what := s.watch.next(nil, false)
		s.handle(what, since)
	}
}

// depart is the end of a script that is gone and closed.
func (s *Script) depart(exited func(Exit)) {
	told := true
	func() {
		defer s.owner.Unlock() // where log panics, too
		defer s.watch.close()
		s.finish()
		told = s.told
	}()
	if exited != nil && !told {
		exited(s.exit)
	}
}

// arm prepares for waiting: it sets the watch's deadline, which is limit or when the
// script will have done nothing for too long since then, whichever comes first. It reports
// whether the leader is gone, and End's cause. All three under the lock that End takes, so
// that its wake is not lost.
func (s *Script) arm(since, limit time.Time) (gone bool, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := limit
	if due := s.due(since); s.cause == nil && !due.IsZero() && (until.IsZero() || due.Before(until)) {
		until = due
	}
	s.watch.deadline(until)
	return s.gone, s.cause
}

// due is when a script will have been idle for too long that somebody has waited for since
// then. Zero is never.
func (s *Script) due(since time.Time) time.Time {
	switch {
	case s.timeout <= 0:
		return time.Time{}
	case s.awaiting:
		since = time.Now()
	case s.active.After(since):
		since = s.active
	}
	return since.Add(s.timeout)
}

// handle does what an event asks for that is not output.
func (s *Script) handle(what event, since time.Time) {
	switch what {
	case complaint:
		s.lines.add(s.watch.complaint, s.log)
	case exited:
		s.exited(true)
	case slow:
		s.settle()
		if silent := s.silent; silent != nil {
			s.silent = nil
			silent()
		}
	case expired:
		s.checkTimeout(since)
	}
}

// settle gets ready to wait for long. It does so under the lock that End takes, so that its
// wake is not lost.
func (s *Script) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch.settle()
}

// checkTimeout ends the script if it is due.
func (s *Script) checkTimeout(since time.Time) (over bool) {
	s.mu.Lock()
	due := s.due(since)
	s.mu.Unlock()
	over = !due.IsZero() && !time.Now().Before(due)
	if over {
		s.End(ErrTimeout)
	}
	return over
}

// progress notes that input was taken.
func (s *Script) progress() {
	if s.timeout > 0 {
		s.mu.Lock()
		s.active = time.Now()
		s.mu.Unlock()
	}
}

// exited does what is due when the leader has exited, if it has, which may be known. What
// it left in its group is killed before it is reaped: until then its number, which is the
// group's, is no one else's.
func (s *Script) exited(known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || !known && !s.process.waitForExit(false) {
		return
	}
	s.exit, s.gone = s.process.reap(), true
	if s.killer != nil {
		s.killer.Stop()
	}
	if s.stdin != nil {
		s.stdin.SetWriteDeadline(past)
	}
	s.set.leave(s)
}

// kill kills the group, unless it is gone.
func (s *Script) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone {
		s.process.kill()
	}
}

func (s *Script) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// finish logs what the script that is gone has left in the pipe of its standard error.
func (s *Script) finish() {
	for left := 0; left < maxLeft; left += len(s.watch.complaint) {
		if _, what := s.watch.next(nil, true); what != complaint {
			break
		}
		s.lines.add(s.watch.complaint, s.log)
	}
	s.lines.end(s.log)
}

func (s *Script) closeInput() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stdin != nil {
		closeFile(s.stdin)
		s.stdin = nil
	}
}

// closeFile closes a pipe that somebody may be reading or writing, which on Windows can
// take until the other end is closed: the system knows no deadlines there.
func closeFile(file *os.File) {
	if runtime.GOOS == "windows" {
		go file.Close()
		return
	}
	file.Close()
}

// past is a deadline that ends a wait now.
var past = time.Unix(1, 0)

// An event is what next has seen.
type event int

const (
	output     event = iota // standard output, read
	lastOutput              // the same, and then the end of it
	outputEnd               // the end of it
	complaint               // standard error, read
	exited                  // the leader has exited
	slow                    // the script has had its caller wait for a moment
	expired                 // the deadline has come, or wake was called; of a script that is gone: there is nothing more
)
