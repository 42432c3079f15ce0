//go:build !linux || httpserver_pumps

package script

import (
	"bytes"
	"os"
	"runtime"
	"time"
)

// settle is how long a pipe has to stay silent, once the leader has exited, to count as
// empty. Where nobody else holds it its end comes first.
const settle = 250 * time.Millisecond

// A watch is what there is to wait for with a script: two goroutines that read its pipes
// and one that waits for its leader. It asks nothing of the system that one of them lacks.
//
// All but deadline and wake are the owner's.
type watch struct {
	out, err  *os.File
	outputs   chan []byte // closed at the end
	errors    chan []byte // closed at the end
	leader    chan struct{}
	quit      chan struct{} // closed by close
	quitOut   chan struct{} // closed by closeOutput
	timer     *time.Timer
	slow      time.Time // when the moment will have passed; zero until somebody waits
	settled   bool      // settle was called
	woken     chan struct{}
	rest      []byte // of an output that did not fit
	complaint []byte
	outEnded  bool
	outClosed bool
}

// start starts p.
func (s *Script) start(p *Program, null *os.File) (err error) {
	var theirs, ours []*os.File
	defer func() {
		for _, file := range theirs {
			file.Close()
		}
		if err != nil {
			for _, file := range ours {
				file.Close()
			}
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}

	stdin := null
	if p.Stdin != nil {
		stdin = p.Stdin
	} else if p.hasPipe() {
		s.unfed = p.Content
		r, w := pipe()
		theirs, ours = append(theirs, r), append(ours, w)
		stdin, s.stdin = r, w
	}
	out, outTheirs := pipe()
	complaints, errTheirs := pipe()
	theirs, ours = append(theirs, outTheirs, errTheirs), append(ours, out, complaints)
	if err != nil {
		return err
	}
	s.process, err = fork(p, []uintptr{stdin.Fd(), outTheirs.Fd(), errTheirs.Fd()}, sysProcAttr())
	runtime.KeepAlive(stdin)
	if err != nil {
		return err
	}
	s.watch = watch{
		out: out, err: complaints,
		outputs: make(chan []byte), errors: make(chan []byte),
		leader: make(chan struct{}), quit: make(chan struct{}), quitOut: make(chan struct{}),
		timer: time.NewTimer(time.Hour), woken: make(chan struct{}, 1),
	}
	s.watch.timer.Stop()
	go pump(out, s.watch.outputs, s.watch.quitOut)
	go pump(complaints, s.watch.errors, s.watch.quit)
	go func(leader chan struct{}, process process) {
		process.waitForExit(true)
		close(leader)
	}(s.watch.leader, s.process)
	return nil
}

// pump reads file to its end, or until quit.
func pump(file *os.File, chunks chan<- []byte, quit <-chan struct{}) {
	defer close(chunks)
	buf := make([]byte, 32<<10)
	for {
		n, err := file.Read(buf)
		if n > 0 {
			select {
			case chunks <- bytes.Clone(buf[:n]):
			case <-quit:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// deadline sets when next gives up; zero is never.
func (w *watch) deadline(t time.Time) {
	if w.slow.IsZero() {
		w.slow = time.Now().Add(moment)
	}
	if !w.settled && (t.IsZero() || w.slow.Before(t)) {
		t = w.slow
	}
	if t.IsZero() {
		w.timer.Stop()
		return
	}
	w.timer.Reset(time.Until(t))
}

// wake makes a next that waits, or else the next one, return expired.
func (w *watch) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// settle is called after next has said that it is slow. There is nothing to get ready.
func (w *watch) settle() { w.settled = true }

// next waits until there is output, which it reads into p if that is not nil, a complaint,
// the leader's exit or the deadline. If the script is gone it waits no longer than it takes
// to be sure that there is nothing more: it returns what is there, then outputEnd, or
// expired if p is nil.
func (w *watch) next(p []byte, gone bool) (n int, what event) {
	if p != nil && len(w.rest) > 0 {
		n := copy(p, w.rest)
		w.rest = w.rest[n:]
		return n, output
	}
	if p != nil && w.outEnded {
		return 0, outputEnd
	}
	outputs, errors, leader, expiry, woken := w.outputs, w.errors, w.leader, w.timer.C, w.woken
	if p == nil || w.outEnded {
		outputs = nil
	}
	if gone {
		if p != nil {
			errors = nil // a stranger may write there for ever
		} else if errors == nil {
			return 0, expired
		}
		leader, woken = nil, nil
		expiry = time.After(settle)
	}
	select {
	case chunk, ok := <-outputs:
		if !ok {
			w.outEnded = true
			return 0, outputEnd
		}
		n := copy(p, chunk)
		w.rest = chunk[n:]
		return n, output
	case chunk, ok := <-errors:
		if !ok {
			w.errors = nil
			return w.next(p, gone)
		}
		w.complaint = chunk
		return 0, complaint
	case <-leader:
		return 0, exited
	case <-expiry:
	case <-woken:
	}
	if gone && p != nil {
		w.outEnded = true
		return 0, outputEnd
	}
	if !gone && !w.settled && !time.Now().Before(w.slow) {
		return 0, slow
	}
	return 0, expired
}

func (w *watch) closeOutput() {
	if !w.outClosed {
		w.outClosed, w.outEnded, w.rest = true, true, nil
		close(w.quitOut)
		closeFile(w.out)
	}
}

// close ends the watch. A wake does nothing from now on.
func (w *watch) close() {
	w.closeOutput()
	w.timer.Stop()
	close(w.quit)
	closeFile(w.err)
}
