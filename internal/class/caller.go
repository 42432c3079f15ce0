package class

import "runtime"

// CalledDirectly reports whether the caller's caller was called by a function of
// which is says so. For a class it is always the same one, so it is found out once.
//
//	func (h *Handler) Handle() { … c.CalledDirectly(isServer) … }
//
// tells whether it is a server that has called Handle, or an override of it that
// calls up.
func (c *Class) CalledDirectly(is func(function string) bool) bool {
	switch c.called.Load() {
	case directly:
		return true
	case indirectly:
		return false
	}
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	frame, _ := frames.Next()
	if !is(frame.Function) {
		c.called.Store(indirectly)
		return false
	}
	c.called.Store(directly)
	return true
}

// How a class's method is called, as far as that is known.
const (
	unknown = iota
	directly
	indirectly
)
