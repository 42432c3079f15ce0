//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// deadly are signals that end the program as they always do, but for the log, which is written before: a terminal
// that is closed, and two that have Go show where it is.
var deadly = []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT}

// raise has a signal do what it does to a program that does not ask for it.
func raise(s os.Signal) {
	signal.Reset(s)
	syscall.Kill(os.Getpid(), s.(syscall.Signal))
	time.Sleep(time.Second) // it comes at any moment
}
