package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"example.com/httpserver"
)

// childFlag is the argument that makes this program the server under attack.
// What follows it is a config.
const childFlag = "-child"

// A config is what the child is told.
type config struct {
	Server         string        // a name in servers
	Directory      string        // what it serves
	Limit          time.Duration // for every wait of ours; if zero, the defaults
	MaxConnections int           // of ours; if zero, the default
	Descriptors    uint64        // how many the process may have; if zero, as many as its parent
}

// servers are the servers that can be attacked. Each answers GET /small with a
// few bytes, GET /big with a file, GET /many/ with a listing, and POST when it has read the body.
var servers = map[string]func(net.Listener, config) error{
	"ours":     serveOurs,
	"net/http": serveNetHTTP,
}

// smallText is the small answer.
const smallText = "small\n"

// A site is ours with nothing changed but that requests are not logged, since
// net/http logs none either. Errors are.
type site struct{ httpserver.SimpleHandler }

func (h *site) LogRequest(int, int64) {}

func (h *site) DoGET() {
	if h.Path == "/small" {
		h.reply(smallText)
		return
	}
	h.SimpleHandler.DoGET()
}

// DoPOST cares for no error of RFile, as many a handler: that the answer is no
// success then is for the library to see to.
func (h *site) DoPOST() {
	n, _ := io.Copy(io.Discard, h.RFile)
	h.reply(fmt.Sprintln(n))
}

func (h *site) reply(text string) {
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/plain")
	h.SendHeader("Content-Length", strconv.Itoa(len(text)))
	h.EndHeaders()
	io.WriteString(h.WFile, text)
}

func serveOurs(l net.Listener, c config) error {
	h := new(site)
	h.Directory = c.Directory
	h.ProtocolVersion = "HTTP/1.1"
	s := new(httpserver.ThreadingServer)
	s.Handler = h
	s.IdleTimeout, s.HeadTimeout, s.ProgressTimeout = c.Limit, c.Limit, c.Limit
	s.MaxConnections = c.MaxConnections
	return s.Serve(l)
}

func serveNetHTTP(l net.Listener, c config) error {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(c.Directory)))
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, smallText)
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, n)
	})
	s := http.Server{Handler: mux}
	return s.Serve(l)
}

// A usage is what the child says of itself: bytes of objects that a collection
// has left, bytes of stacks, and goroutines.
type usage struct {
	Heap, Stack uint64
	Goroutines  int
}

// childMain serves on a port of its own, prints the address, and then a usage
// for every line on standard input. It ends with that, so it cannot outlive its
// parent.
func childMain(text string) error {
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	serve := servers[c.Server]
	if serve == nil {
		return fmt.Errorf("no server is called %q", c.Server)
	}
	if c.Descriptors > 0 {
		if err := limitDescriptors(c.Descriptors); err != nil {
			return err
		}
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
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		if err := json.NewEncoder(os.Stdout).Encode(ownUsage()); err != nil {
			return err
		}
	}
	return nil
}

func ownUsage() usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{Heap: m.HeapAlloc, Stack: m.StackInuse, Goroutines: runtime.NumGoroutine()}
}
