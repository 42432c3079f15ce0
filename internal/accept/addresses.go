package accept

import (
	"net"
	"net/netip"
	"sync"
)

// Addresses counts connections by where they come from. It remembers nothing
// of those that have ended. The zero Addresses is ready, and may be used by any
// goroutine.
type Addresses struct {
	mu     sync.Mutex
	counts map[Origin]int
}

// Enter counts a connection from addr, unless there are limit others from its
// origin. A negative limit is none. Leave takes it off again.
func (a *Addresses) Enter(addr net.Addr, limit int) (origin Origin, ok bool) {
	origin = OriginOf(addr)
	if !origin.prefix.IsValid() {
		return origin, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if limit >= 0 && a.counts[origin] >= limit {
		return origin, false
	}
	if a.counts == nil {
		a.counts = map[Origin]int{}
	}
	a.counts[origin]++
	return origin, true
}

// Leave takes a connection that Enter has counted off the count.
func (a *Addresses) Leave(origin Origin) {
	if !origin.prefix.IsValid() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts[origin]--; a.counts[origin] <= 0 {
		delete(a.counts, origin)
	}
}

// An Origin is what one client can be taken to have to itself: an IPv4 address,
// also where it is mapped to IPv6, or the /64 that an IPv6 address is in. The
// zero Origin stands for loopback, where everybody on the machine is, and for
// what has no TCP address: these are not counted.
type Origin struct{ prefix netip.Prefix }

// OriginOf gives the origin of a client.
func OriginOf(addr net.Addr) Origin {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return Origin{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	if !ip.IsValid() || ip.IsLoopback() {
		return Origin{}
	}
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, _ := ip.Prefix(bits)
	return Origin{prefix}
}

func (o Origin) String() string {
	if o.prefix.IsSingleIP() {
		return o.prefix.Addr().String()
	}
	return o.prefix.String()
}
