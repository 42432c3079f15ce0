package httpserver_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// auditor notes where in its input each request stands.
type auditor struct {
	httpserver.BaseHandler
	book *auditBook
}

type auditBook struct {
	t     *testing.T
	input string // what was not accounted for yet
}

func (h *auditor) LogMessage(string, ...any) {}

// account takes a request off the input: two empty lines at the most, the
// request line, the header section, and as many bytes as it says.
func (h *auditor) account(body []byte) {
	b := h.book
	rest := b.input
	for range 2 {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "\r\n"), "\n")
	}
	rest, line := strings.CutPrefix(rest, h.RawRequestLine)
	rest, section := strings.CutPrefix(rest, h.Headers.Raw())
	if !line || !section {
		b.t.Errorf("%q %q is not what comes next in %q", h.RawRequestLine, h.Headers.Raw(), b.input)
	}
	n, _ := strconv.Atoi(h.Headers.Get("Content-Length"))
	if n = min(n, len(rest)); body != nil && rest[:n] != string(body) {
		b.t.Errorf("the body was read as %q and is %q", body, rest[:n])
	}
	b.input = rest[n:]
}

// DoGET leaves the body alone.
func (h *auditor) DoGET() {
	h.account(nil)
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(h.Path)))
	h.EndHeaders()
	io.WriteString(h.WFile, h.Path)
}

// DoHEAD is DoGET with a watch that reads ahead, which is to make no difference.
func (h *auditor) DoHEAD() {
	h.Context()
	h.DoGET()
}

// DoPOST reads the body, and has it read ahead where the target says so.
func (h *auditor) DoPOST() {
	if strings.HasPrefix(h.Path, "/ahead") {
		h.Context()
	}
	body, _ := io.ReadAll(h.RFile)
	h.account(append([]byte{}, body...))
	h.SendResponse(200, "")
	h.SendHeader("Content-Length", strconv.Itoa(len(body)))
	h.EndHeaders()
	h.WFile.Write(body)
}

// A piecemeal is a connection whose input comes in pieces of a size.
type piecemeal struct {
	net.Conn
	input io.Reader
	size  int
	out   bytes.Buffer
}

func (c *piecemeal) Read(p []byte) (int, error)       { return c.input.Read(p[:min(len(p), c.size)]) }
func (c *piecemeal) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *piecemeal) Close() error                     { return nil }
func (c *piecemeal) SetReadDeadline(time.Time) error  { return nil }
func (c *piecemeal) SetWriteDeadline(time.Time) error { return nil }
func (c *piecemeal) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// FuzzServe: whatever comes, and in whatever pieces, no handler panics, every
// request that is served stands where the one before it ended, and the pieces
// make no difference.
func FuzzServe(f *testing.F) {
	for _, input := range []string{
		"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\nGET /c HTTP/1.0\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /d\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi\n\nBOGUS\r\n",
		"POST /ahead HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloHEAD /b HTTP/1.1\r\nHost: x\r\n\r\nPOST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
		"GET / HTTP/1.1\nHost: x\n\nSPAM / HTTP/1.1\nHost: x\n\n",
	} {
		f.Add(input, 1)
		f.Add(input, 7)
	}
	f.Fuzz(func(t *testing.T, input string, size int) {
		serve := func(size int) string {
			h := &auditor{book: &auditBook{t, input}}
			h.ProtocolVersion = "HTTP/1.1"
			c := &piecemeal{input: strings.NewReader(input), size: size}
			s := &httpserver.ThreadingServer{}
			s.Handler = h
			s.HandleError = func(_ net.Conn, problem any) { t.Errorf("%q: panic: %v", input, problem) }
			s.Serve(&oneConn{conn: c})
			return withoutDates(c.out.String())
		}
		whole := serve(len(input) + 1)
		if cut := serve(max(1, size)); cut != whole {
			t.Errorf("%q\nin pieces of %d: %q\nwhole: %q", input, size, cut, whole)
		}
	})
}

// withoutDates takes the dates out of answers, which may differ by a second.
func withoutDates(answers string) string {
	var kept []string
	for line := range strings.SplitAfterSeq(answers, "\r\n") {
		if !strings.HasPrefix(line, "Date: ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A oneConn is a listener to which one connection comes.
type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if l.done == nil {
		l.done = make(chan struct{})
		return &telling{l.conn, l.done}, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// telling tells when it is closed.
type telling struct {
	net.Conn
	done chan struct{}
}

func (c *telling) Close() error {
	close(c.done)
	return c.Conn.Close()
}
