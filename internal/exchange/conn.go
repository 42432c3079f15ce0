package exchange

import (
	"net"
	"time"
)

// Conn gives the connection to a handler that wants it for itself. Reading
// begins where the request's head ended, and writing goes behind what the
// answer has sent so far. Using it ends the connection with the request.
func (x *Exchange) Conn() net.Conn { return (*conn)(x) }

type conn Exchange

func (c *conn) Read(p []byte) (int, error) {
	c.taken.Store(true)
	c.wire.ReadBy(time.Time{}) // how long to wait is the handler's to say
	return c.wire.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	c.taken.Store(true)
	return c.wire.Write(p)
}

// Close sends what is held back and closes the connection, under whoever is
// reading or writing.
func (c *conn) Close() error {
	c.taken.Store(true)
	return c.wire.CloseNow()
}

// CloseWrite ends the output and leaves the input open.
func (c *conn) CloseWrite() error {
	c.taken.Store(true)
	return c.wire.CloseWrite()
}

// NetConn gives the connection below, as tls.Conn does. Its input lacks what
// was read ahead, which is all of it where there is a Context.
func (c *conn) NetConn() net.Conn { return c.wire.NetConn() }

func (c *conn) LocalAddr() net.Addr  { return c.wire.NetConn().LocalAddr() }
func (c *conn) RemoteAddr() net.Addr { return c.wire.NetConn().RemoteAddr() }

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.wire.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.wire.SetWriteDeadline(t) }
