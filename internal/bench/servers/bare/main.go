// Bare is what a loop over net.Conn costs that does nothing but read and write:
// the ceiling of the ordinary way. It finds the end of a head and no more of
// what is in it than it has to, and trusts whoever asks.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"example.com/httpserver/internal/bench/child"
)

func main() { child.Main(serve) }

func serve(o child.Options) error {
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go (&connection{Conn: conn, o: o}).loop()
	}
}

// A connection has a buffer for what comes in, and one for what goes out.
type connection struct {
	net.Conn
	o   child.Options
	out []byte
}

var (
	end    = []byte("\r\n\r\n")
	get    = []byte("GET ")
	post   = []byte("POST ")
	old    = []byte(" HTTP/1.0\r\n")
	range_ = []byte("\r\nRange: bytes=")
	match  = []byte("\r\nIf-None-Match: " + tag + "\r\n")
)

// tag is the ETag of whatever there is.
const tag = `"bare"`

var canned = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
	len(child.Greeting), child.Greeting)

// loop answers all requests that a read has given with one write.
func (c *connection) loop() {
	defer c.Close()
	in := make([]byte, 4096)
	have := 0
	for {
		n, err := c.Read(in[have:])
		if err != nil {
			return
		}
		have += n
		rest, again := in[:have], true
		for again && len(rest) > 0 {
			length := c.request(rest)
			if length == 0 {
				break
			}
			again = !bytes.Contains(rest[:length], old)
			rest = rest[length:]
		}
		if len(c.out) > 0 {
			c.Write(c.out)
			c.out = c.out[:0]
		}
		if !again || len(rest) == len(in) {
			return
		}
		have = copy(in, rest)
	}
}

// request answers the request that text begins with and gives its length, or 0
// if there is more to come.
func (c *connection) request(text []byte) int {
	i := bytes.Index(text, end)
	if i < 0 {
		return 0
	}
	length := i + len(end)
	head := text[:length]
	switch {
	case bytes.HasPrefix(head, post):
		n := int(number(head, []byte("\r\nContent-Length: ")))
		if len(text) < length+n {
			return 0
		}
		c.head("200 OK", int64(n), "")
		c.out = append(c.out, text[length:length+n]...)
		return length + n
	case c.o.Application == child.Files && bytes.HasPrefix(head, get):
		path, _, _ := bytes.Cut(head[len(get):], []byte(" "))
		if err := c.file(filepath.Join(c.o.Directory, string(path)), head); err != nil {
			c.head("404 Not Found", 0, "")
		}
	default:
		c.out = append(c.out, canned...)
	}
	return length
}

func (c *connection) head(status string, length int64, field string) {
	c.out = fmt.Appendf(c.out, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n", status, length, field)
}

// number gives the number behind a name, or 0.
func number(head, name []byte) int64 {
	_, text, _ := bytes.Cut(head, name)
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	n, _ := strconv.ParseInt(string(text[:digits]), 10, 64)
	return n
}

// small is the size up to which a file is read and leaves with its head.
const small = 64 << 10

// file answers with a file, or a part of it.
func (c *connection) file(name string, head []byte) error {
	if bytes.Contains(head, match) {
		if _, err := os.Stat(name); err != nil {
			return err
		}
		c.out = append(c.out, "HTTP/1.1 304 Not Modified\r\nETag: "+tag+"\r\n\r\n"...)
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return c.list(f)
	}
	from, length := int64(0), info.Size()
	if _, text, ok := bytes.Cut(head, range_); ok {
		from = number(head, range_)
		length = number(text, []byte("-")) + 1 - from
		c.head("206 Partial Content", length, fmt.Sprintf("Content-Range: bytes %d-%d/%d\r\n", from, from+length-1, info.Size()))
	} else {
		c.head("200 OK", length, "ETag: "+tag+"\r\n")
	}
	if length <= small {
		return c.readAt(f, from, int(length))
	}
	return c.sendFile(f, from, length)
}

// readAt puts a part of a file behind what is to go out.
func (c *connection) readAt(f *os.File, from int64, length int) error {
	have := len(c.out)
	c.out = append(c.out, make([]byte, length)...)
	_, err := f.ReadAt(c.out[have:], from)
	return err
}

// sendFile writes what is to go out and has the system send a part of a file.
func (c *connection) sendFile(f *os.File, from, length int64) error {
	if _, err := c.Write(c.out); err != nil {
		return err
	}
	c.out = c.out[:0]
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	_, err := c.Conn.(*net.TCPConn).ReadFrom(io.LimitReader(f, length))
	return err
}

// list answers with the names in a directory, in no order.
func (c *connection) list(f *os.File) error {
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	var page []byte
	for _, name := range names {
		page = append(page, "<a href=\""+name+"\">"+name+"</a>\n"...)
	}
	c.out = fmt.Appendf(c.out, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n", len(page))
	c.out = append(c.out, page...)
	return nil
}
