// Package logbuf collects the lines of a busy log, so that many of them leave with one write.
package logbuf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Writer passes lines on to another writer, in order and whole. A line that comes after silence is passed on before
// Write returns. Lines that follow within Window of the last write are collected until it is over, and leave
// together: nothing waits for longer than that but behind a write that takes its time.
//
// What the other writer takes slowly, Write waits for in the end: a Writer holds little more than 128 KiB. What it
// refuses, as a disk that is full does, is kept and offered again with the next line. Lines that there is no room
// for are counted, and when there is again, a line stands in their place that tells how many they were.
//
// It may be used by any goroutine, and has none of its own while there is nothing to do.
type Writer struct {
	out   io.Writer
	piece int         // how many bytes out takes as a whole
	timer *time.Timer // ends a window

	mu         sync.Mutex
	settled    sync.Cond // a write has ended
	pending    []byte    // lines whose write has not begun
	spare      []byte    // memory for pending
	writing    bool      // somebody writes; whoever does holds no lock meanwhile
	collecting bool      // a window is open: timer will come
	immediate  bool      // windows are over at once
	closed     bool      // there is nobody to wait for the end of one
	accepted   int64     // bytes that were ever in pending
	passed     int64     // of these, how many were passed on
	failure    error     // of the last write
	news       bool      // lines have come since that began
	lost       int       // lines that there was no room for since one was passed on
}

const (
	// Window is how long lines are collected.
	Window = 5 * time.Millisecond
	// enough is how many bytes are passed on without waiting for the window's end, and full how many have Write wait.
	enough, full = 32 << 10, 64 << 10
	// pipeful is how much Linux writes to a pipe as a whole (pipe(7), PIPE_BUF): what others write to the same pipe,
	// as other programs of a shell script, does not come into the midst of a line.
	pipeful = 4096
)

// New makes a Writer that passes lines on to out.
func New(out io.Writer) *Writer {
	w := &Writer{out: out, piece: pipeful}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			w.piece = math.MaxInt
		}
	}
	w.settled.L = &w.mu
	w.timer = time.AfterFunc(time.Hour, w.endWindow)
	w.timer.Stop()
	return w
}

// NewImmediate makes a Writer that collects lines only while others are being written. It is for a terminal.
func NewImmediate(out io.Writer) *Writer {
	w := New(out)
	w.immediate = true
	return w
}

// Write takes lines, each with its end. It fails where out has and there is no room to keep them.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news = true
	for len(w.pending) >= full {
		switch {
		case w.writing || w.failure == nil: // soon: collecting
			w.settled.Wait()
			continue
		case !w.collecting:
			w.pass() // perhaps it goes by now
		}
		if w.failure != nil {
			w.lost++
			return 0, w.failure
		}
	}
	w.tellLoss()
	had := len(w.pending)
	w.pending = append(w.pending, lines...)
	w.accepted += int64(len(lines))
	switch {
	case w.closed:
		w.settle() // what is refused is kept, all the same
	case w.writing:
	case !w.collecting:
		w.pass()
	case had < enough && len(w.pending) >= enough:
		w.openWindow(0)
	}
	return len(lines), nil
}

// Close passes on what has come, and fails where out does. What comes after it is passed on before Write returns:
// whoever ends the program then loses nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	return w.settle()
}

// settle waits until everything that has come before is passed on, or refused.
func (w *Writer) settle() error {
	for end := w.accepted; w.passed < end; {
		if w.writing {
			w.settled.Wait()
			continue
		}
		if w.pass(); w.failure != nil {
			return w.failure
		}
	}
	return nil
}

// endWindow is called by the timer.
func (w *Writer) endWindow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collecting = false
	if !w.writing && len(w.pending) > 0 && (w.failure == nil || w.news) {
		w.pass()
	}
}

// pass passes on what is pending, once, and opens a window. Nobody else may be at it. What has come meanwhile is left
// to the timer, even where it does not wait: a request should not be kept writing the lines of others.
func (w *Writer) pass() {
	lines := w.pending
	w.pending, w.spare, w.news = w.spare[:0], nil, false
	w.writing = true
	w.mu.Unlock()
	n, err := w.writeLines(lines)
	w.mu.Lock()
	w.writing = false
	w.passed += int64(n)
	w.failure = err
	if err != nil {
		w.keep(lines[n:], lines)
	} else {
		w.spare = reusable(lines)
		w.tellLoss()
	}
	switch {
	case err == nil && w.immediate && len(w.pending) == 0:
		w.collecting = false
	case err == nil && (w.immediate || len(w.pending) >= enough):
		w.openWindow(0)
	default:
		w.openWindow(Window)
	}
	w.settled.Broadcast()
}

func (w *Writer) openWindow(d time.Duration) {
	w.collecting = true
	w.timer.Reset(d)
}

// keep puts lines that were refused before those that came meanwhile.
func (w *Writer) keep(refused, memory []byte) {
	came := w.pending
	w.pending = append(append(memory[:0], refused...), came...)
	w.spare = reusable(came)
}

// tellLoss puts a line in the place of those that were lost. It was not accepted, so settle is not to wait for it.
func (w *Writer) tellLoss() {
	if w.lost == 0 {
		return
	}
	had := len(w.pending)
	w.pending = fmt.Appendf(w.pending, "httpserver: the log could not be written for a while: %d messages are missing here\n", w.lost)
	w.passed -= int64(len(w.pending) - had)
	w.lost = 0
}

func reusable(b []byte) []byte {
	if cap(b) > 2*full {
		return nil
	}
	return b[:0]
}

// writeLines writes lines in pieces that out takes as a whole. Where out is a file that somebody else has made
// non-blocking and has no room, it waits, as a write to one that is not does.
func (w *Writer) writeLines(lines []byte) (n int, err error) {
	for n < len(lines) {
		m, err := w.out.Write(firstLines(lines[n:], w.piece))
		n += m
		if errors.Is(err, syscall.EAGAIN) {
			time.Sleep(Window)
		} else if err != nil {
			return n, err
		}
	}
	return n, nil
}

// firstLines gives as many lines as fit in a piece, but one at least.
func firstLines(lines []byte, piece int) []byte {
	if len(lines) <= piece {
		return lines
	}
	end := bytes.LastIndexByte(lines[:piece], '\n')
	if end < 0 {
		end = bytes.IndexByte(lines, '\n')
	}
	if end < 0 {
		return lines
	}
	return lines[:end+1]
}
