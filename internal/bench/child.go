package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"runtime/pprof"

	"example.com/httpserver"
)

// childFlag is the argument that makes this program a server, or one
// that runs scripts without any. What follows it is a config.
const childFlag = "-child"

// A config is what the child is told.
type config struct {
	Server    string // a name in servers or spawners
	Directory string // what it serves
	Profile   string // the directory for its profile, if it is to make one

	Script         string // for spawners, as the next
	Workers, Count int    // how many run it at once, and how often each
}

// servers are the servers written in Go. They log no requests; errors go to
// standard error.
var servers = map[string]func(net.Listener, config) error{
	"ours":    serveOurs,
	"nethttp": serveNetHTTP,
}

// quiet is CGIHandler with nothing changed but that requests are not logged.
type quiet struct{ httpserver.CGIHandler }

func (h *quiet) LogRequest(int, int64) {}

func serveOurs(l net.Listener, c config) error {
	h := new(quiet)
	h.Directory = c.Directory
	h.ProtocolVersion = "HTTP/1.1"
	s := new(httpserver.ThreadingServer)
	s.Handler = h
	return s.Serve(l)
}

func serveNetHTTP(l net.Listener, c config) error {
	mux := http.NewServeMux()
	mux.Handle(scriptPath, &cgi.Handler{
		Path: filepath.Join(c.Directory, filepath.FromSlash(scriptPath)),
		Root: scriptPath,
	})
	s := http.Server{Handler: mux}
	return s.Serve(l)
}

// childMain serves on a port of its own, and prints the address. It ends with
// its standard input, so it cannot outlive its parent.
func childMain(text string) error {
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	if c.Profile != "" {
		f, err := os.Create(filepath.Join(c.Profile, c.Server+".pprof"))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if spawners[c.Server] != nil {
		return spawnChild(c)
	}
	serve := servers[c.Server]
	if serve == nil {
		return fmt.Errorf("no server is called %q", c.Server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		fmt.Fprintln(os.Stderr, "the server ended:", serve(l, c))
		os.Exit(1)
	}()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
