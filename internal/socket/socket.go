// Package socket is the way to connections that Linux has and package net has
// not: system calls without the scheduler's detours, connections that wait for
// input without a goroutine, and requests that are served by whoever has noticed
// them. Where there is no such way, or the build tag httpserver_portable turns it
// off, a [Group] leaves listeners as they are.
//
// A connection is a net.Conn, so that who serves it needs to know no more. It
// can be parked besides: then it has no goroutine until input comes, and its
// [Job] is told.
package socket

import (
	"errors"
	"slices"
	"syscall"
)

// A Job is what is to be done with a parked connection.
type Job interface {
	// Resume is called once, by one goroutine, after input has come, the time to
	// wait for it is over, or the connection was closed or unparked. It parks the
	// connection again, or ends it.
	Resume()
}

// IsNoSendfile reports whether err says that a file cannot be sent by the system's
// own copy, as those of some file systems.
func IsNoSendfile(err error) bool {
	return err != nil && slices.ContainsFunc(noSendfile, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

var noSendfile = []syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP}
