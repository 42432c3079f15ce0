package cgi

import (
	"cmp"
	"net"
	"strconv"
	"strings"
)

// SetAddresses tells who talks to whom (RFC 3875 §4.1.8, §4.1.14, §4.1.15). The
// server's name is that of the authority by which the client has called it, if it has,
// or its own. HTTPS is to be set before.
func (r *Request) SetAddresses(authority, own string, local, client net.Addr) {
	r.ServerName, r.ServerPort = splitAuthority(authority)
	r.ServerName = cmp.Or(r.ServerName, own, "localhost")
	switch tcp, ok := local.(*net.TCPAddr); {
	case ok:
		r.ServerAddr, r.ServerPort = tcp.IP.String(), strconv.Itoa(tcp.Port)
	case r.ServerPort == "" && r.HTTPS:
		r.ServerPort = "443"
	case r.ServerPort == "":
		r.ServerPort = "80"
	}
	switch client := client.(type) {
	case *net.TCPAddr:
		r.RemoteAddr, r.RemotePort = client.IP.String(), strconv.Itoa(client.Port)
	case *net.UnixAddr:
		r.RemoteAddr = "127.0.0.1" // it has none, and is on this machine
	default:
		host, port := splitAuthority(client.String())
		r.RemoteAddr, r.RemotePort = strings.Trim(host, "[]"), port
	}
}

// splitAuthority gives the host of an authority, in the brackets that it may have,
// and its port, if it has one.
func splitAuthority(authority string) (host, port string) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") {
		return authority, ""
	}
	return authority[:i], authority[i+1:]
}
