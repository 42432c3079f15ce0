package script

import (
	"io"
	"os"
	"sync"
	"time"
)

// buffers are what Feed copies by.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// Feed copies r to the script's standard input and closes that. It returns nil at r's end,
// and where the script takes no more, or has ended. If r fails, the script is ended with
// that error, which Feed returns: closing its input would let it take a part for the whole.
func (s *Script) Feed(r io.Reader) error {
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for {
		s.await(true)
		n, err := r.Read(buf[:])
		s.await(false)
		if !s.put(buf[:n]) {
			return nil
		}
		switch err {
		case nil:
		case io.EOF:
			s.closeInput()
			return nil
		default:
			s.End(err)
			return err
		}
	}
}

// await notes that Feed waits for its reader, or does so no more. Meanwhile the script is
// not idle by its own fault.
func (s *Script) await(waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaiting = waiting
	if s.timeout > 0 {
		s.active = time.Now()
	}
}

// put writes p to the standard input and reports whether there may be more.
func (s *Script) put(p []byte) bool {
	since := time.Now()
	for len(p) > 0 {
		stdin, disarm := s.armInput(since)
		if stdin == nil {
			return false
		}
		n, err := stdin.Write(p)
		disarm()
		p = p[n:]
		if n > 0 {
			s.progress()
		}
		if err == nil {
			continue
		}
		if !os.IsTimeout(err) {
			s.closeInput()
			return false
		}
		s.checkTimeout(since)
	}
	return true
}

// armInput is arm for the standard input, which it returns, or nil if there is no more to
// be written to it. disarm is to be called after the write.
func (s *Script) armInput(since time.Time) (stdin *os.File, disarm func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stdin == nil || s.gone || s.cause != nil {
		return nil, nil
	}
	if due := s.due(since); !due.IsZero() && s.stdin.SetWriteDeadline(due) != nil {
		return s.stdin, s.watchInput(since, due)
	}
	return s.stdin, func() {}
}

// watchInput ends the script when it is due, until it is told to stop. It is for a pipe
// without deadlines, as Windows has them: the end of the script ends the write.
func (s *Script) watchInput(since, due time.Time) (stop func()) {
	stopped := make(chan struct{})
	timer := time.AfterFunc(time.Until(due), func() {
		for due := due; ; {
			select {
			case <-stopped:
				return
			case <-time.After(time.Until(due)):
			}
			if s.checkTimeout(since) {
				return
			}
			s.mu.Lock()
			due = s.due(since)
			s.mu.Unlock()
		}
	})
	return func() {
		timer.Stop()
		close(stopped)
	}
}
