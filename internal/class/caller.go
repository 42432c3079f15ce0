package class

import (
	"runtime"
	"sync/atomic"
)

// A Caller remembers who calls a method of a class: a function of ours, or an
// override of the method that calls up. For a class it is always the same one, so it
// is found out once. The zero Caller is ready, and may be used by any goroutine.
type Caller struct{ state atomic.Int32 }

// Look finds out, where that is not known, whether the caller's caller was called by a
// function of which is says so, and reports it:
//
//	func (h *Handler) Handle() { if h.leaves() { … } }
//	func (h *Handler) leaves() bool { return class.Handle.Look(isServer) }
//
// tells whether it is a server that has called Handle. Where a function's name does not
// tell, the answer is no.
func (c *Caller) Look(is func(function string) bool) bool {
	if c.state.Load() == unknown {
		// The four that are left out are runtime.Callers, Look, its caller, and the method.
		var pcs [8]uintptr
		frame, _ := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])]).Next()
		if is(frame.Function) {
			c.state.Store(directly)
		} else {
			c.state.Store(indirectly)
		}
	}
	return c.IsOurs()
}

// IsOurs reports whether it is known that a function of ours calls the method.
func (c *Caller) IsOurs() bool { return c.state.Load() == directly }

// How a class's method is called, as far as that is known.
const (
	unknown = iota
	directly
	indirectly
)
