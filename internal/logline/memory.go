package logline

import (
	"fmt"
	"net"
	"strconv"
)

// RequestFormat is the format of a request's message: the request line, the status code and the size.
const RequestFormat = `"%s" %v %v`

// A Memory is what one connection keeps to make its lines: they cost no allocation after the first. A line is good
// until the next is made. The zero Memory is ready.
type Memory struct {
	text, line []byte
	of         *net.TCPAddr
	host       string // of that
}

// mostKept bounds what a Memory keeps, in bytes.
const mostKept = 4096

// Line makes the line with a message in the manner of fmt.
func (m *Memory) Line(addr, date, format string, args ...any) []byte {
	line, ok := appendRequest(appendStart(m.line[:0], addr, date), format, args)
	if ok {
		line = append(line, '\n')
	} else {
		m.text = fmt.Appendf(m.text[:0], format, args...)
		line = Append(m.line[:0], addr, date, m.text)
		m.text = kept(m.text)
	}
	m.line = kept(line)
	return line
}

// Request makes the line of a request. A code of 0 and a size below 0 are unknown and show as "-".
func (m *Memory) Request(addr, date, requestLine string, code int, size int64) []byte {
	line := appendStart(m.line[:0], addr, date)
	line = append(line, '"')
	line = AppendEscaped(line, requestLine)
	line = append(line, '"', ' ')
	if code == 0 {
		line = append(line, '-')
	} else {
		line = strconv.AppendInt(line, int64(code), 10)
	}
	if size < 0 {
		line = append(line, " -\n"...)
	} else {
		line = strconv.AppendInt(append(line, ' '), size, 10)
		line = append(line, '\n')
	}
	m.line = kept(line)
	return line
}

// appendRequest appends the message of a request, escaped, as fmt would make it. Where it is another message, or
// arguments are of other types than BaseHandler.LogRequest gives, it reports false.
func appendRequest(dst []byte, format string, args []any) (line []byte, ok bool) {
	if format != RequestFormat || len(args) != 3 {
		return dst, false
	}
	requestLine, ok := args[0].(string)
	if !ok {
		return dst, false
	}
	line = append(dst, '"')
	line = AppendEscaped(line, requestLine)
	line = append(line, '"', ' ')
	if line, ok = appendValue(line, args[1]); !ok {
		return dst, false
	}
	if line, ok = appendValue(append(line, ' '), args[2]); !ok {
		return dst, false
	}
	return line, true
}

// appendValue appends %v of a value.
func appendValue(dst []byte, value any) (line []byte, ok bool) {
	switch v := value.(type) {
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int64:
		return strconv.AppendInt(dst, v, 10), true
	case string:
		return AppendEscaped(dst, v), true
	}
	return dst, false
}

func kept(b []byte) []byte {
	if cap(b) > mostKept {
		return nil
	}
	return b
}

// Host gives the host part of an address, and all of one that has none.
func (m *Memory) Host(addr net.Addr) string {
	tcp, isTCP := addr.(*net.TCPAddr)
	switch {
	case isTCP && tcp == m.of && tcp != nil:
	case isTCP && tcp != nil && tcp.Zone == "" && len(tcp.IP) > 0:
		m.of, m.host = tcp, tcp.IP.String()
	default:
		m.of, m.host = tcp, hostOf(fmt.Sprint(addr))
	}
	return m.host
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
