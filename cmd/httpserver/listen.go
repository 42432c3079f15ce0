package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// allInterfaces is the address of all interfaces, for IPv6 and IPv4, as getaddrinfo of glibc spells it.
const allInterfaces = "*"

// listen binds a port of host, a name or an address.
func listen(host string, port int) (net.Listener, error) {
	network, ip, err := bestAddress(host)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w%s", host, cause(err), hostAdvice(host))
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // as the library does
	l, err := config.Listen(context.Background(), network, net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		where := "port " + strconv.Itoa(port)
		if host != allInterfaces {
			where = host + " " + where
		}
		return nil, fmt.Errorf("cannot listen on %s: %w%s", where, cause(err), portAdvice(err, port))
	}
	return l, nil
}

// bestAddress gives a host's first address and the network for it. It mirrors _get_best_family.
//
// Like CPython's command, "::" takes IPv4 too.
func bestAddress(host string) (network, ip string, err error) {
	if host == allInterfaces {
		return "tcp", "", nil
	}
	if strings.HasPrefix(host, "[") { // Windows finds these, too
		return "", "", &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	addrs, err := net.DefaultResolver.LookupIPAddr(context.Background(), host)
	if err != nil {
		return "", "", err
	}
	first := addrs[0]
	switch {
	case first.IP.To4() != nil:
		network = "tcp4" // with "tcp", 0.0.0.0 would be all of IPv6 as well
	case first.IP.IsUnspecified():
		network = "tcp"
	default:
		network = "tcp6"
	}
	return network, first.String(), nil
}

// cause gives what is wrong without the names around it, which the message has in words.
func cause(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New(dns.Err)
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// hostAdvice tells what to do about a host that was not found.
func hostAdvice(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return " (the port is an argument of its own: -b ADDRESS PORT)"
	}
	if strings.HasPrefix(host, "[") {
		return " (brackets belong in URLs only)"
	}
	return ""
}

// portAdvice tells what to do about a port that cannot be bound.
func portAdvice(err error, port int) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return " (choose another, or 0 for any that is free)"
	case errors.Is(err, fs.ErrPermission) && port < 1024:
		return " (ports from 1024 on need no privilege)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (no interface of this machine has that address)"
	}
	return ""
}
