//go:build !race && linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

func (c *Conn) haveRead() {}

func willWrite() {}
