package httpserver_test

import (
	"bufio"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// hello is the handler of the allocation tests: a fixed body and two fields.
type hello struct{ httpserver.BaseHandler }

const helloText = "Hello, World!\n"

func (h *hello) answer() {
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/plain")
	h.SendHeader("Content-Length", strconv.Itoa(len(helloText)))
	h.EndHeaders()
	io.WriteString(h.WFile, helloText)
}

func (h *hello) DoGET()  { h.answer() }
func (h *hello) DoSPAM() { h.answer() }

// helloQuiet has the log off.
type helloQuiet struct {
	hello
	body [2048]byte
}

// DoPOST reads the body first.
func (h *helloQuiet) DoPOST() {
	for {
		if _, err := h.RFile.Read(h.body[:]); err != nil {
			break
		}
	}
	h.answer()
}

func (h *helloQuiet) LogMessage(string, ...any) {}

// A script is a connection whose client sends one request over and over, or that
// and another in turns, and reads nothing.
type script struct {
	net.Conn
	request string
	other   string
	left    int
	written int
}

func (c *script) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	if c.other != "" {
		c.request, c.other = c.other, c.request
	}
	return copy(p, c.request), nil
}

func (c *script) Write(p []byte) (int, error)      { c.written += len(p); return len(p), nil }
func (c *script) Close() error                     { return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }
func (c *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// allocsPerRequest serves n requests on one connection and counts.
func allocsPerRequest(t *testing.T, handler func() httpserver.RequestHandler, request string) float64 {
	const n = 2000
	var conn *script
	allocs := testing.AllocsPerRun(5, func() {
		conn = &script{request: request, left: n}
		s := &httpserver.Server{NewHandler: handler}
		httpserver.AgeFiles(s, time.Hour)
		s.ServeConn(conn)
		s.Close()
	})
	if conn.written < n*len(helloText) {
		t.Fatalf("only %d bytes were answered", conn.written)
	}
	return allocs / n
}

// TestAllocations holds the whole stack to its budget. What a connection costs
// is spread over its 2,000 requests.
func TestAllocations(t *testing.T) {
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	os.Stderr = null
	loud := func() httpserver.RequestHandler {
		h := new(hello)
		h.ProtocolVersion = "HTTP/1.1"
		return h
	}
	silent := func() httpserver.RequestHandler {
		h := new(helloQuiet)
		h.ProtocolVersion = "HTTP/1.1"
		return h
	}
	dir := plant(t, map[string]string{"a/path/of/the/usual/length/index.html": strings.Repeat("x", 1024)})
	file := func(of fs.FS) func() httpserver.RequestHandler {
		return func() httpserver.RequestHandler {
			h := new(quietFiles)
			h.ProtocolVersion, h.Directory, h.FS = "HTTP/1.1", dir, of
			if of != nil {
				h.Directory = ""
			}
			return h
		}
	}
	const fields = " /a/path/of/the/usual/length/index.html?and=a&query=too HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"
	const notModified = " /a/path/of/the/usual/length/index.html HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: *\r\n\r\n"
	for _, tc := range []struct {
		name    string
		handler func() httpserver.RequestHandler
		request string
		most    float64
	}{
		{"log off", silent, "GET" + fields, 2},
		{"log on", loud, "GET" + fields, 2},
		{"a browser's fields", silent, "GET" + browserFields, 2},
		{"other fields each time", silent, "GET" + browserFields + "GET" + fields, 4},
		{"a body", silent, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024), 2},
		{"a custom verb, log off", silent, "SPAM" + fields, 3},
		{"a custom verb, log on", loud, "SPAM" + fields, 3},
		{"a file", file(nil), "GET" + fields, onLinux(5)},
		{"a file that has not changed", file(nil), "GET" + notModified, onLinux(4)},
		{"a file of an FS", file(os.DirFS(dir)), "GET" + fields, onLinux(19)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := allocsPerRequest(t, tc.handler, tc.request)
			if got > tc.most+0.1 && !raceEnabled {
				t.Errorf("%.2f allocations a request, at most %v are allowed", got, tc.most)
			}
			t.Logf("%.2f allocations a request", got)
		})
	}
}

// onLinux gives a number of allocations for Linux, where files are kept, and one that does
// for any other way to a file.
func onLinux(n float64) float64 {
	switch {
	case keepsFiles:
		return n
	case runtime.GOOS == "windows":
		return 14 * n
	}
	return 4 * n
}

// What clients send: little, as curl does, and a lot, as browsers do.
const (
	plainFields   = " / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"
	browserFields = " /index.html HTTP/1.1\r\nHost: www.example.com:8000\r\nConnection: keep-alive\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n" +
		"Sec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"
)

// BenchmarkServe is the whole stack without a network.
func BenchmarkServe(b *testing.B) {
	many := " / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + strings.Repeat("X-Some-Field: some value of some length\r\n", 89) + "\r\n"
	for _, tc := range []struct {
		name     string
		request  string
		other    string // that comes in turns with it
		together int    // requests that come in one read
	}{
		{"GET", "GET" + plainFields, "", 1},
		{"GET in turns", "GET" + plainFields, "GET" + strings.ReplaceAll(plainFields, "test", "Test"), 1},
		{"SPAM", "SPAM" + plainFields, "", 1},
		{"browser", "GET" + browserFields, "", 1},
		{"browser in turns", "GET" + browserFields, "GET" + strings.ReplaceAll(browserFields, "document", "Document"), 1},
		{"90 fields", "GET" + many, "", 1},
		{"16 pipelined", "GET" + plainFields, "", 16},
		{"POST", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024), "", 1},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			h := new(helloQuiet)
			h.ProtocolVersion = "HTTP/1.1"
			left := (b.N + tc.together - 1) / tc.together
			httpserver.ServeConn(&script{request: strings.Repeat(tc.request, tc.together), other: tc.other, left: left}, h)
		})
	}
}

// BenchmarkPeers has the same bytes served by this package and by net/http, to
// 16 keep-alive clients each.
func BenchmarkPeers(b *testing.B) {
	b.Run("httpserver", func(b *testing.B) {
		h := new(helloQuiet)
		h.ProtocolVersion = "HTTP/1.1"
		s, err := httpserver.NewThreadingServer("127.0.0.1:0", h)
		if err != nil {
			b.Fatal(err)
		}
		go s.ServeForever()
		defer s.Close()
		load(b, s.ServerAddress())
	})
	b.Run("net-http", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "BaseHTTP/0.1.0 Go/1.26.8")
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, helloText)
		})}
		go s.Serve(l)
		defer s.Close()
		load(b, l.Addr())
	})
}

// load sends b.N requests over 16 connections.
func load(b *testing.B, addr net.Addr) {
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		r := bufio.NewReader(conn)
		request := []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			for {
				line, err := r.ReadSlice('\n')
				if err != nil {
					b.Error(err)
					return
				}
				if len(line) == 2 {
					break
				}
			}
			if _, err := r.Discard(len(helloText)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
