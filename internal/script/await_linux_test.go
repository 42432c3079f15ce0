//go:build linux && !httpserver_pumps

package script

import (
	"testing"
	"time"

	"example.com/httpserver/internal/ppoll"
)

// Await is asked once, before a thread waits, and where it gives up the thread does.
func TestAwait(t *testing.T) {
	for _, patient := range []bool{false, true} {
		b := newBench(t)
		p := b.program("cat")
		p.Content = []byte("content")
		asked := 0
		p.Await = func(fd int, limit time.Duration) bool {
			asked++
			if limit > swiftness {
				t.Errorf("for %v", limit)
			}
			if !patient {
				return false
			}
			exit := []ppoll.FD{{FD: int32(fd), Events: ppoll.In}}
			return ppoll.Wait(exit, patience) == nil && exit[0].Ready != 0
		}
		s := b.start(p)
		b.expectOutput(s, "content")
		b.expectExit(s, 0)
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		s.Close(nil, nil)
	}
}
