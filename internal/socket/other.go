//go:build !linux || !(amd64 || arm64) || android || httpserver_portable

package socket

import (
	"net"
	"time"
)

// A Group is what serves the connections of a server. The zero Group is ready.
type Group struct{}

// Wrap gives a listener whose connections can be parked, or l where there is no
// such thing.
func (*Group) Wrap(l net.Listener) net.Listener { return l }

// Borrow is Wrap for a listener of somebody who may close it.
func (*Group) Borrow(l net.Listener) net.Listener { return l }

// Close ends what the Group runs.
func (*Group) Close() {}

// A Vigil is a wait for something that is not a connection's own.
type Vigil struct{}

// Await does not wait here.
func (Vigil) Await(int, time.Duration) bool { return false }
