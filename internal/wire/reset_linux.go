package wire

import (
	"os"
	"syscall"

	"example.com/httpserver/internal/ppoll"
)

// awaitReset is Conn.awaitReset for a connection of the system's.
func awaitReset(nc syscall.Conn) error {
	raw, err := nc.SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Read(isReset); err != nil {
		return err
	}
	return os.NewSyscallError("read", syscall.ECONNRESET)
}

// isReset reports whether nothing gets to the other side of a socket any more. A client
// that has ended its output alone can still read.
func isReset(fd uintptr) bool {
	socket := []ppoll.FD{{FD: int32(fd)}}
	return ppoll.Hold(socket, 0) == nil && socket[0].Ready&(ppoll.Error|ppoll.HangUp) != 0
}
