package wire

import (
	"context"
	"errors"
	"net"
)

// awaitReset waits until nothing gets to the other side any more, mostly since that has
// reset the connection, and gives the error that a read would meet behind all that has
// come. It reads nothing, and ends as a read does by a deadline and by Close. Where there
// is no way to wait so it gives errors.ErrUnsupported, as for a connection of a type of
// the program's: that may be one of the system's but for its deadlines, and then nothing
// would end the wait.
func (c *Conn) awaitReset() error {
	nc := c.nc
	if outer, ok := nc.(interface {
		HandshakeContext(context.Context) error // as crypto/tls has it, which passes deadlines on
		NetConn() net.Conn
	}); ok {
		nc = outer.NetConn()
	}
	switch nc := nc.(type) {
	case interface{ AwaitReset() error }:
		return nc.AwaitReset()
	case *net.TCPConn:
		return awaitReset(nc)
	case *net.UnixConn:
		return awaitReset(nc)
	}
	return errors.ErrUnsupported
}
