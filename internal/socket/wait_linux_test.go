//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"testing"
)

// TestNoWakeUpIsLost: what happens at any moment of the way to a wait ends it.
func TestNoWakeUpIsLost(t *testing.T) {
	c, _ := pair(t)
	const rounds = 200_000
	goes, done := make(chan int), make(chan error, 1)
	go func() {
		for spin := range goes {
			for range spin {
				c.isClosed() // takes a moment
			}
			c.input.notify()
		}
	}()
	go func() {
		defer close(goes)
		for i := range rounds {
			goes <- i % 200
			if err := c.await(&c.input); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	if err := taken(t, "the end of all waits", done); err != nil {
		t.Error(err)
	}
}
