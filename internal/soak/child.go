package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/httpserver"
)

// childFlag is the argument that makes this program a server of the library. What
// follows it is a config.
const childFlag = "-child"

// A config is what the child is told.
type config struct {
	Handler   string // a name in handlers
	Directory string // what it serves
}

// handlers are what a child may serve with. A test adds some that make mistakes.
var handlers = map[string]func(config) httpserver.RequestHandler{
	"library": func(c config) httpserver.RequestHandler {
		h := new(echoing)
		h.Directory, h.ProtocolVersion = c.Directory, "HTTP/1.1"
		return h
	},
}

// An echoing handler answers a POST to /echo with its body.
type echoing struct{ httpserver.CGIHandler }

func (h *echoing) DoPOST() {
	if !strings.HasPrefix(h.Path, "/echo?") {
		h.CGIHandler.DoPOST()
		return
	}
	echo(&h.BaseHandler)
}

func echo(h *httpserver.BaseHandler) {
	h.LimitBody(maxBody)
	body, err := io.ReadAll(h.RFile)
	if err != nil {
		return
	}
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "application/octet-stream")
	if h.ContentLength() < 0 {
		w := h.EndHeadersChunked()
		w.Write(body)
		w.Close()
		return
	}
	h.SendHeader("Content-Length", strconv.Itoa(len(body)))
	h.EndHeaders()
	h.WFile.Write(body)
}

// A usage is what the child says of itself.
type usage struct {
	Heap       uint64 // bytes of objects that the last collection has left
	Stacks     uint64 // bytes
	Goroutines int
}

// grace is how long a server has for its requests in flight when it is told to end: as
// the command.
const grace = 8 * time.Second

// longestEnd is how long it may take to end, with what it does beside waiting.
const longestEnd = grace + 5*time.Second

// childMain serves on a port of its own, prints the address, and then a usage for every
// line on standard input: after a collection, if the line says so. It ends in peace with
// a SIGTERM, and at once with its input, so it cannot outlive its parent.
func childMain(text string) error {
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	s, err := httpserver.NewThreadingServer("127.0.0.1:0", handlers[c.Handler](c))
	if err != nil {
		return err
	}
	go answerQuestions(s.ServerAddress().String())
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() {
		<-terminated
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		ended <- s.Shutdown(ctx)
	}()
	if err := s.ServeForever(); !errors.Is(err, httpserver.ErrServerClosed) {
		return err
	}
	return <-ended
}

func answerQuestions(address string) {
	out := json.NewEncoder(os.Stdout)
	out.Encode(address)
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		if questions.Text() == collect {
			runtime.GC()
		}
		out.Encode(ownUsage())
	}
	log.Fatal("nobody is left to serve for")
}

// collect is the question that wants a collection first.
const collect = "collect"

func ownUsage() usage {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return usage{samples[0].Value.Uint64(), samples[1].Value.Uint64(), runtime.NumGoroutine()}
}
