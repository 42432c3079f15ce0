// Package accept is an accept loop, and what it has to know of listeners, their
// errors, and where connections come from.
package accept

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"syscall"
	"time"
)

// Network gives the network on which to listen for addr. It keeps an address of
// IPv4 to IPv4: package net takes "0.0.0.0" for "::", and so for both.
func Network(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
		return "tcp4"
	}
	return "tcp"
}

// Listen listens on addr, or on all addresses and a free port if it is empty. Like
// CPython it does so for TCP alone: a socket that takes connections of Multipath TCP
// too, as package net makes it by default, makes each of those of TCP dearer.
func Listen(addr string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), Network(addr), cmp.Or(addr, ":0"))
}

// SetDeadline ends the next waits of l after the given time, or never where it
// is zero. A listener that knows no deadlines stays as it is: then it reports
// false.
func SetDeadline(l net.Listener, after time.Duration) bool {
	var deadline time.Time
	if after > 0 {
		deadline = time.Now().Add(after)
	}
	d, ok := l.(interface{ SetDeadline(time.Time) error })
	return ok && d.SetDeadline(deadline) == nil
}

// IsExhausted reports whether there are no descriptors or no memory for another
// connection, which closing one may help.
func IsExhausted(err error) bool { return isOne(err, exhausted) }

// IsTemporary reports whether accepting may work again later: descriptors or
// memory ran out, a client was gone before its connection was accepted, or a
// signal came in between.
func IsTemporary(err error) bool {
	if IsExhausted(err) || isOne(err, []syscall.Errno{syscall.ECONNABORTED, syscall.EINTR}) {
		return true
	}
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}

func isOne(err error, of []syscall.Errno) bool {
	return slices.ContainsFunc(of, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// A Pause is how long to wait after a temporary error: longer each time, up to
// half a second, and long enough for a connection that was woken to end. The
// zero Pause is ready, and begins anew with its value set to zero.
type Pause time.Duration

// Next gives the next wait.
func (p *Pause) Next() time.Duration {
	*p = min(2**p+Pause(10*time.Millisecond), Pause(500*time.Millisecond))
	return time.Duration(*p)
}
