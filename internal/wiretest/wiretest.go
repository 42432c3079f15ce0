// Package wiretest is for tests only: raw bytes in, raw bytes out. It sends a request, takes what comes back apart, and
// tells two servers' answers to it apart in a few words that are exact all the same.
package wiretest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Patience bounds every wait of a test.
const Patience = 20 * time.Second

// Send sends request on a connection of its own, says that no more will come, and gives all that the server sends until
// it closes. A reset is a close too: CPython's, where it has not read all of its input.
func Send(addr, request string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, Patience)
	if err != nil {
		return "", err
	}
	return Exchange(conn, request)
}

// Exchange is Send on a connection that is there, a TCP one. It closes it.
func Exchange(conn net.Conn, request string) (string, error) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Patience))
	go func() { // a server may answer, and close, before it has read everything
		io.WriteString(conn, request)
		conn.(*net.TCPConn).CloseWrite()
	}()
	answer, err := io.ReadAll(conn)
	if errors.Is(err, syscall.ECONNRESET) {
		err = nil
	}
	return string(answer), err
}

// Unquote gives the bytes that text stands for: strings as Go quotes them, one after the other, each perhaps repeated:
//
//	"GET /" "x"*65536 " HTTP/1.0\r\n\r\n"
func Unquote(text string) (string, error) {
	var b strings.Builder
	for rest := text; rest != ""; rest = strings.TrimLeft(rest, " ") {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return "", fmt.Errorf("%s: %w", rest, err)
		}
		s, err := strconv.Unquote(quoted)
		if err != nil {
			return "", fmt.Errorf("%s: %w", quoted, err)
		}
		rest = rest[len(quoted):]
		times := 1
		if count, ok := strings.CutPrefix(rest, "*"); ok {
			count, rest, _ = strings.Cut(count, " ")
			if times, err = strconv.Atoi(count); err != nil {
				return "", fmt.Errorf("%s: %w", text, err)
			}
		}
		b.WriteString(strings.Repeat(s, times))
	}
	return b.String(), nil
}

// A Message is one answer of those that a connection carried.
type Message struct {
	Status  string   // the status line; "" for content alone, as HTTP/0.9 has it
	Fields  []string // the field lines
	Content string
}

// String gives the bytes that Parse made the message of.
func (m Message) String() string {
	if m.Status == "" {
		return m.Content
	}
	head := append([]string{m.Status}, m.Fields...)
	return strings.Join(head, "\r\n") + "\r\n\r\n" + m.Content
}

// Value gives the value of the first field of that name, spelled so.
func (m Message) Value(name string) string {
	for _, line := range m.Fields {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

// Parse takes apart what a connection carried. Nothing is lost: the messages put together are the stream.
func Parse(stream string) (messages []Message) {
	for stream != "" {
		var m Message
		m, stream = parseOne(stream)
		messages = append(messages, m)
	}
	return messages
}

func parseOne(stream string) (m Message, rest string) {
	head, rest, ok := strings.Cut(stream, "\r\n\r\n")
	if !ok || !strings.HasPrefix(stream, "HTTP/") {
		return Message{Content: stream}, ""
	}
	lines := strings.Split(head, "\r\n")
	m = Message{Status: lines[0], Fields: lines[1:]}
	n := m.contentLength(rest)
	m.Content = rest[:n]
	return m, rest[n:]
}

// contentLength tells how much of rest is the message's content. To HEAD there is none, whatever the fields say: then
// the stream ends here or another status line stands in its place.
func (m Message) contentLength(rest string) int {
	code := strings.Fields(m.Status + " 0 0")[1]
	if code[0] == '1' || code == "204" || code == "304" || strings.HasPrefix(rest, "HTTP/") {
		return 0
	}
	if n, err := strconv.Atoi(m.Value("Content-Length")); err == nil && n < len(rest) {
		return n
	}
	return len(rest)
}
