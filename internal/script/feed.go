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
		stdin := s.armInput(since)
		if stdin == nil {
			return false
		}
		n, err := stdin.Write(p)
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
// be written to it.
func (s *Script) armInput(since time.Time) *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stdin == nil || s.gone || s.cause != nil {
		return nil
	}
	if due := s.due(since); !due.IsZero() {
		s.stdin.SetWriteDeadline(due)
	}
	return s.stdin
}
