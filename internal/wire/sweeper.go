package wire

import (
	"fmt"
	"sync"
	"time"
)

// tick is how often a Sweeper looks at the connections that hold output. What
// it meets for the second time is written, so nothing is held for more than
// two ticks.
const tick = 4 * time.Millisecond

// A Sweeper writes output that was held and that nothing followed. It is awake
// only while a connection holds some: it has no goroutine and no timer of its
// own in between. The zero Sweeper is ready; it may be used by any goroutine.
//
// Connections list themselves, once for as long as they are busy rather than
// once for each request: that keeps the cost of a request at a look at a flag.
type Sweeper struct {
	mu    sync.Mutex
	list  []*Conn
	awake bool
}

// add puts c on the list. The caller holds c.mu.
func (s *Sweeper) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, c)
	s.wake()
}

func (s *Sweeper) wake() {
	if !s.awake {
		s.awake = true
		time.AfterFunc(tick, s.sweep)
	}
}

// sweep looks at each connection of the list once. It waits for none: what is
// overdue is written on a goroutine of its own, which ends with that write.
func (s *Sweeper) sweep() {
	s.mu.Lock()
	list := s.list
	s.list = nil
	s.mu.Unlock()

	kept := list[:0]
	for _, c := range list {
		switch held := c.held.Load(); held {
		case 0:
			c.listed.Store(false)
			// Output that was held in between found the connection listed.
			if c.held.Load() != 0 && !c.listed.Swap(true) {
				kept = append(kept, c)
			}
		case c.seen:
			kept = append(kept, c)
			go c.writeOverdue()
		default:
			c.seen = held
			kept = append(kept, c)
		}
	}
	clear(list[len(kept):]) // or the list would keep what is closed from going

	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(kept, s.list...)
	s.awake = false
	if len(s.list) > 0 {
		s.wake()
	}
}

// writeOverdue writes what is held. A panic, of a connection that a handler has
// wrapped, would be nobody's here, and end the program.
func (c *Conn) writeOverdue() {
	defer func() {
		if problem := recover(); problem != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.failWrite(fmt.Errorf("wire: writing to the connection panicked: %v", problem))
		}
	}()
	c.TryFlush()
}
