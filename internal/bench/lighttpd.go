package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lighttpdConfig has the document root, the port, and nothing that a CGI script
// does not need. Connections are kept for as many requests as ours are.
const lighttpdConfig = `server.modules = ("mod_cgi")
server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %d
server.max-keep-alive-requests = 1000000000
server.upload-dirs = ("%s")
$HTTP["url"] =~ "^/cgi-bin/" {
	cgi.assign = ("" => "")
}
`

// startLighttpd starts lighttpd in the foreground. It does not say which port
// it was given, so it gets one that was free a moment ago; where somebody else
// was faster, another one.
func startLighttpd(ctx context.Context, s *site) (player, error) {
	program, err := find("lighttpd")
	if err != nil {
		return nil, err
	}
	var failures []error
	for range 3 {
		p, err := startLighttpdOnce(ctx, program, s)
		if err == nil {
			return p, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func startLighttpdOnce(ctx context.Context, program string, s *site) (player, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.private, "lighttpd.conf")
	text := fmt.Sprintf(lighttpdConfig, s.directory, addr.Port, s.private)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	p, err := launch(exec.Command(program, "-D", "-f", file))
	if err != nil {
		return nil, err
	}
	p.addr = addr.String()
	if err := p.serves(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// freeAddr gives an address of the loopback interface that nobody listens on.
func freeAddr() (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr), nil
}

// lighttpdVersion gives "lighttpd/1.4.69".
func lighttpdVersion(ctx context.Context) string {
	program, err := find("lighttpd")
	if err != nil {
		return ""
	}
	version, _, _ := strings.Cut(firstLine(ctx, program, "-v"), " ")
	return version
}
