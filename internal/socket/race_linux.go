//go:build race && linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import "syscall"

// For the race detector, what is written to a connection has happened before what
// is read from one, anywhere in the process: package syscall tells it so, in Read and
// Write. Programs rely on it that are client and server at once, as tests are. So
// these are called beside the system calls that the detector does not know.

func (c *Conn) haveRead() { syscall.Read(c.fd, nil) } // of nothing, which succeeds

func willWrite() { syscall.Write(-1, nil) } // which fails, after it has been told
