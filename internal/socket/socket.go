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

// A Job is what is to be done with a parked connection.
type Job interface {
	// Resume is called once, by one goroutine, after input has come, the time to
	// wait for it is over, or the connection was closed or unparked. It parks the
	// connection again, or ends it.
	Resume()
}
