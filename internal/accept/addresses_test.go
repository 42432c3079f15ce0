package accept

import (
	"net"
	"testing"
)

func tcp(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 1} }

func TestOriginOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		addr net.Addr
		want string // "" where it is not counted
	}{
		{"IPv4", tcp("192.0.2.1"), "192.0.2.1"},
		{"IPv4 in four bytes", &net.TCPAddr{IP: net.IP{192, 0, 2, 1}}, "192.0.2.1"},
		{"IPv4 mapped to IPv6", tcp("::ffff:192.0.2.1"), "192.0.2.1"},
		{"IPv6", tcp("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"},
		{"its neighbour", tcp("2001:db8:1:2::1"), "2001:db8:1:2::/64"},
		{"the next network", tcp("2001:db8:1:3::1"), "2001:db8:1:3::/64"},
		{"a zone", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, "fe80::/64"},
		{"loopback", tcp("127.0.0.1"), ""},
		{"loopback, another", tcp("127.8.8.8"), ""},
		{"loopback of IPv6", tcp("::1"), ""},
		{"loopback, mapped", tcp("::ffff:127.0.0.1"), ""},
		{"Unix", &net.UnixAddr{Name: "@", Net: "unix"}, ""},
		{"none", nil, ""},
		{"no IP", &net.TCPAddr{}, ""},
		{"a nil pointer", (*net.TCPAddr)(nil), ""},
	} {
		got := ""
		if origin := OriginOf(tc.addr); origin != (Origin{}) {
			got = origin.String()
		}
		if got != tc.want {
			t.Errorf("%s: %v is from %q, want %q", tc.name, tc.addr, got, tc.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	var a Addresses
	first, ok := a.Enter(tcp("192.0.2.1"), 2)
	_, ok2 := a.Enter(tcp("192.0.2.1"), 2)
	if _, third := a.Enter(tcp("::ffff:192.0.2.1"), 2); !ok || !ok2 || third {
		t.Errorf("of a limit of 2: %v, %v, %v", ok, ok2, third)
	}
	if _, ok := a.Enter(tcp("192.0.2.2"), 1); !ok {
		t.Error("another address was refused")
	}
	if _, ok := a.Enter(tcp("192.0.2.1"), -1); !ok {
		t.Error("refused without a limit")
	}
	a.Leave(first)
	a.Leave(first)
	if _, ok := a.Enter(tcp("192.0.2.1"), 2); !ok {
		t.Error("refused after others have left")
	}
	for range 3 {
		if origin, ok := a.Enter(tcp("127.0.0.1"), 0); !ok {
			t.Error("loopback was refused")
		} else {
			a.Leave(origin)
		}
	}
	a.Leave(first)
	a.Leave(first)
	a.Leave(OriginOf(tcp("192.0.2.2")))
	a.Leave(Origin{})
	if len(a.counts) != 0 {
		t.Errorf("it remembers %v", a.counts)
	}
}
