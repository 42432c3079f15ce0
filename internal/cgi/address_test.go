package cgi

import (
	"net"
	"strings"
	"testing"
)

type namedAddr string

func (a namedAddr) Network() string { return "other" }
func (a namedAddr) String() string  { return string(a) }

// RFC 3875 §4.1.8, §4.1.14, §4.1.15.
func TestSetAddresses(t *testing.T) {
	tcp := func(ip string, port int) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	unix := &net.UnixAddr{Net: "unix", Name: "@"}
	for _, tc := range []struct {
		name, authority, own string
		https                bool
		local, client        net.Addr
		want                 string // name, address and port of the server; address and port of the client
	}{
		{"a name and a port", "example.com:8080", "own", false, tcp("10.0.0.1", 80), tcp("10.0.0.2", 1234), "example.com 10.0.0.1 80 10.0.0.2 1234"},
		{"a name", "example.com", "own", false, tcp("10.0.0.1", 81), tcp("10.0.0.2", 1234), "example.com 10.0.0.1 81 10.0.0.2 1234"},
		{"no name", "", "own", false, tcp("10.0.0.1", 81), tcp("10.0.0.2", 1234), "own 10.0.0.1 81 10.0.0.2 1234"},
		{"no name at all", "", "", false, tcp("10.0.0.1", 81), tcp("10.0.0.2", 1234), "localhost 10.0.0.1 81 10.0.0.2 1234"},
		{"IPv6", "[::1]:8080", "own", false, tcp("::1", 81), tcp("::2", 1234), "[::1] ::1 81 ::2 1234"},
		{"IPv6 without a port", "[::1]", "own", false, tcp("::1", 81), tcp("::ffff:10.0.0.2", 1234), "[::1] ::1 81 10.0.0.2 1234"},
		{"a Unix socket", "example.com:8080", "own", false, unix, unix, "example.com - 8080 127.0.0.1 -"},
		{"a Unix socket, no port", "example.com", "own", false, unix, unix, "example.com - 80 127.0.0.1 -"},
		{"a Unix socket, TLS", "example.com", "own", true, unix, unix, "example.com - 443 127.0.0.1 -"},
		{"another network", "example.com", "own", false, namedAddr("pipe"), namedAddr("pipe"), "example.com - 80 pipe -"},
		{"another network, IPv6", "", "own", false, namedAddr("[::1]:80"), namedAddr("[::1]:1234"), "own - 80 ::1 1234"},
	} {
		r := Request{HTTPS: tc.https}
		r.SetAddresses(tc.authority, tc.own, tc.local, tc.client)
		var got []string
		for _, s := range []string{r.ServerName, r.ServerAddr, r.ServerPort, r.RemoteAddr, r.RemotePort} {
			if s == "" {
				s = "-"
			}
			got = append(got, s)
		}
		if got := strings.Join(got, " "); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}
