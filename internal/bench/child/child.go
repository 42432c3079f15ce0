// Package child is what the servers written in Go have in common: what they are
// told on the command line, their profiles, and their end.
package child

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
)

// The applications that a server can be.
const (
	Hello   = "hello"   // says hello to GET, and gives back what POST sends
	Files   = "files"   // serves a directory
	Scripts = "scripts" // runs the script at ScriptPath
)

// Greeting is what the application Hello answers.
const Greeting = "hello\n"

// ScriptPath is where the script is, in a directory and in a URL.
const ScriptPath = "/cgi-bin/hello"

// Options are what a server is told.
type Options struct {
	Address     string
	Application string
	Directory   string
	Variant     string // a way of being that server, if there are several
	profile     string
}

// Main reads the command line and has serve do it. It ends the program when
// standard input does, so that no server outlives who has started it, or when
// it is told to by a signal.
func Main(serve func(Options) error) {
	var o Options
	flag.StringVar(&o.Address, "address", "127.0.0.1:0", "listen there")
	flag.StringVar(&o.Application, "application", Hello, "be that")
	flag.StringVar(&o.Directory, "directory", ".", "serve that")
	flag.StringVar(&o.Variant, "variant", "", "in a way of your own")
	flag.StringVar(&o.profile, "profile", "", "write profiles to files whose names begin with that")
	flag.Parse()
	if err := run(o, serve); err != nil {
		fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
		os.Exit(1)
	}
}

// run serves until the end.
func run(o Options, serve func(Options) error) (err error) {
	if o.profile != "" {
		stop, err := startProfiles(o.profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	ended := make(chan error, 2)
	go func() { ended <- fmt.Errorf("the server has ended: %w", serve(o)) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR1)
	for {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			if s == syscall.SIGTERM {
				return nil
			}
			debug.FreeOSMemory() // what is left is what is in use
		}
	}
}

// startProfiles begins to write profiles of processor time and of waiting for
// locks. They are there when stop returns.
func startProfiles(prefix string) (stop func() error, err error) {
	cpu, err := os.Create(prefix + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	runtime.SetMutexProfileFraction(100)
	return func() error {
		pprof.StopCPUProfile()
		mutex, err := os.Create(prefix + ".mutex.pprof")
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(cpu.Close(), pprof.Lookup("mutex").WriteTo(mutex, 0), mutex.Close())
	}, nil
}
