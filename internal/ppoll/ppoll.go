// Package ppoll is the system call ppoll(2) of Linux, which waits for descriptors that are
// not in the runtime's poller. Elsewhere it is empty.
package ppoll
