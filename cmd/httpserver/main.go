// Command httpserver serves a directory over HTTP, as python -m http.server does.
//
//	httpserver [--cgi] [-b ADDRESS] [-d DIRECTORY] [-p VERSION] [-H HEADER [VALUE]] [--content-type TYPE] [port]
//
// Beside these options of CPython, 3.15's and --cgi of those before, it has some for what people write a handler for, which are off unless they are
// given: headers of all answers, CORS, no caching, single-page applications, files that are there in compressed form,
// richer listings or none. httpserver -h shows them all.
//
// An interrupt (Ctrl-C) ends it at once; a SIGTERM lets it finish the requests in flight, for eight seconds at
// the most. A second signal does not wait for anything. It exits with 0 when it was told to end or only had
// something to show, with 1 when it cannot serve, and with 2 when it was called in a wrong way.
//
// The log goes to standard error. To a terminal it goes line by line; to a file or a pipe too, while there is
// little to do, but what a busy server logs within five milliseconds leaves together, and before the program ends.
// Only what ends it without a word, as SIGKILL does, may cost the lines of the last five milliseconds. Whoever
// reads a pipe slowly has requests wait, once it and another 64 KiB are full; a reader that has stopped is waited
// for when the program ends, but for no more than a second. Where a disk is full, 64 KiB of the log are kept until
// it has room again, and a line tells how many did not fit.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/cmd/httpserver/internal/argparse"
	"example.com/httpserver/cmd/httpserver/internal/logbuf"
)

func main() {
	// Nobody may be left to read what we print, and that ends nothing. A signal that is caught is the default
	// again in a child; one that is ignored would stay so.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	closeInherited()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, endings))
}

// endings gives the signals that tell the program to end. Like CPython, one that was ignored when the program
// began, as the interrupt is in a shell script's background, stays ignored.
func endings() <-chan os.Signal {
	c := make(chan os.Signal, 2)
	for _, s := range append([]os.Signal{os.Interrupt, syscall.SIGTERM}, deadly...) {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	return c
}

// The exit status.
const (
	success = 0
	failure = 1 // cannot serve
	misuse  = 2 // of the command line, as argparse has it
	killed  = 128
)

// run is the command. It asks for signals when it is about to serve: until then they do what they always do.
func run(args []string, stdout, stderr io.Writer, signals func() <-chan os.Signal) (status int) {
	o := defaultOptions()
	p := newParser(&o)
	if err := p.Parse(args); err != nil {
		if exit, ok := errors.AsType[*argparse.Exit](err); ok {
			io.WriteString(stdout, exit.Text)
			return success
		}
		io.WriteString(stderr, p.Complain(err))
		return misuse
	}
	s := service{stdout: stdout, log: newLog(stderr), patience: patience}
	if err := s.open(&o); err != nil {
		s.lastWords(err)
		return failure
	}
	return s.serve(signals())
}

// newLog makes the writer that all goes through which is for standard error. On a terminal, people want to see lines
// as they come.
func newLog(stderr io.Writer) *logbuf.Writer {
	if f, ok := stderr.(*os.File); ok && isTerminal(f) {
		return logbuf.NewImmediate(stderr)
	}
	return logbuf.New(stderr)
}

// A service is a server and what is around it.
type service struct {
	server   *httpserver.ThreadingServer
	listener net.Listener
	stdout   io.Writer
	log      *logbuf.Writer // on standard error
	patience time.Duration  // with the requests in flight, when a SIGTERM comes
}

// patience is less than the ten seconds after which Docker kills what it has told to end, and so is what comes
// after it: half a second for scripts, and lastWait.
const patience = 8 * time.Second

// lastWait is how long the program waits, at its end, for whoever reads its log: that may have stopped.
const lastWait = time.Second

// open makes the server and binds its port.
func (s *service) open(o *options) error {
	directory, err := o.root()
	if err != nil {
		return err
	}
	if err := o.checkSPA(directory); err != nil {
		return err
	}
	types, err := httpserver.SystemMIMETypes()
	if err != nil {
		complain(s.log, err)
	}
	if s.listener, err = listen(o.bind, o.port); err != nil {
		return err
	}
	o.warn(s.log)
	h := o.handler(directory, types)
	s.server = &httpserver.ThreadingServer{Server: httpserver.Server{Handler: h, Addr: s.listener.Addr().String(), LogOutput: s.log}}
	return nil
}

// serve serves until a signal tells it to end.
func (s *service) serve(signals <-chan os.Signal) (status int) {
	served := make(chan error, 1)
	go func() {
		io.WriteString(s.stdout, banner(s.listener.Addr()))
		served <- s.server.Serve(s.listener)
	}()
	var first os.Signal
	select {
	case err := <-served:
		s.lastWords(err)
		return failure
	case first = <-signals:
	}
	if slices.Contains(deadly, first) {
		return s.die(first)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if first == os.Interrupt {
			s.interrupt()
		} else {
			s.terminate()
		}
	}()
	select {
	case <-ended:
		return success
	case second := <-signals:
		s.server.Close()
		return s.die(second)
	}
}

// interrupt ends the server as CPython does: requests in flight are cut.
func (s *service) interrupt() {
	s.server.Close()
	s.lastWords(nil)
	io.WriteString(s.stdout, "\nKeyboard interrupt received, exiting.\n")
}

// terminate lets the requests in flight come to their end, but not for ever.
//
// Unlike CPython, which SIGTERM kills: what stops services would cut every download.
func (s *service) terminate() {
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	var cut error
	if err := s.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) { // and not for a second signal
		cut = fmt.Errorf("cut the requests that had not ended after %v", s.patience)
	}
	s.lastWords(cut)
}

// die ends the program by a signal, now: its log is all that is waited for.
func (s *service) die(by os.Signal) (status int) {
	s.lastWords(nil)
	if slices.Contains(deadly, by) {
		raise(by)
	}
	return exitStatus(by)
}

// lastWords prints errors, if there are any, and sees that the log is written. A reader that has stopped is not
// waited for longer than lastWait.
func (s *service) lastWords(err error) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if err != nil {
			complain(s.log, err)
		}
		s.log.Close()
	}()
	select {
	case <-said:
	case <-time.After(lastWait):
	}
}

// banner is the line that says where the server listens.
func banner(addr net.Addr) string {
	host, port, _ := net.SplitHostPort(addr.String())
	urlHost := host
	if strings.Contains(host, ":") {
		urlHost = "[" + host + "]"
	}
	return fmt.Sprintf("Serving HTTP on %s port %s (http://%s:%s/) ...\n", host, port, urlHost, port)
}

// exitStatus is what a shell makes of a program that a signal has killed.
func exitStatus(s os.Signal) int {
	number, _ := s.(syscall.Signal)
	return killed + int(number)
}

// complain prints errors, each on a line of its own.
func complain(stderr io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "httpserver: %s\n", strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "httpserver: "))
	}
}
