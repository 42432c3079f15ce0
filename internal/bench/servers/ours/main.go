// Ours is the library as a server to be measured.
package main

import (
	"io"
	"strconv"

	"example.com/httpserver"
	"example.com/httpserver/internal/bench/child"
)

func main() { child.Main(serve) }

// serve logs no requests, unless the variant is log: then to standard error, as
// the library does by itself.
func serve(o child.Options) error {
	s, err := httpserver.NewThreadingServer(o.Address, handler(o))
	if err != nil {
		return err
	}
	s.MaxConnections = -1
	return s.ServeForever()
}

func handler(o child.Options) httpserver.RequestHandler {
	log := o.Variant == "log"
	switch o.Application {
	case child.Files:
		h := &files{log: log}
		h.ProtocolVersion = "HTTP/1.1"
		h.Directory = o.Directory
		return h
	case child.Scripts:
		h := &scripts{log: log}
		h.ProtocolVersion = "HTTP/1.1"
		h.Directory = o.Directory
		return h
	}
	h := &hello{log: log}
	h.ProtocolVersion = "HTTP/1.1"
	return h
}

// hello says hello, and gives back what it is sent.
type hello struct {
	httpserver.BaseHandler
	log  bool
	sent []byte // the last one on this connection
}

func (h *hello) DoGET() {
	h.head(len(child.Greeting))
	io.WriteString(h.WFile, child.Greeting)
}

func (h *hello) DoPOST() {
	n, err := strconv.Atoi(h.Headers.Get("Content-Length"))
	if err != nil || n > 1<<20 {
		h.SendError(411, "", "")
		return
	}
	if cap(h.sent) < n {
		h.sent = make([]byte, n)
	}
	h.sent = h.sent[:n]
	if _, err := io.ReadFull(h.RFile, h.sent); err != nil {
		h.SendError(400, "", "")
		return
	}
	h.head(n)
	h.WFile.Write(h.sent)
}

func (h *hello) head(length int) {
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/plain")
	h.SendHeader("Content-Length", strconv.Itoa(length))
	h.EndHeaders()
}

func (h *hello) LogRequest(code int, size int64) {
	if h.log {
		h.BaseHandler.LogRequest(code, size)
	}
}

// files serves a directory.
type files struct {
	httpserver.SimpleHandler
	log bool
}

func (h *files) LogRequest(code int, size int64) {
	if h.log {
		h.SimpleHandler.LogRequest(code, size)
	}
}

// scripts runs scripts.
type scripts struct {
	httpserver.CGIHandler
	log bool
}

func (h *scripts) LogRequest(code int, size int64) {
	if h.log {
		h.CGIHandler.LogRequest(code, size)
	}
}
