package httpserver

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// logged gives a handler in the midst of a request, as hooks of the log find it.
func logged(t testing.TB, s *Server, handler RequestHandler, requestLine string) RequestHandler {
	client, conn := net.Pipe()
	t.Cleanup(func() { client.Close(); conn.Close() })
	s.connect(conn, classOf(handler), handler)
	h := handler.base()
	h.ClientAddress = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	h.RequestLine = requestLine
	return handler
}

// writes is a writer that keeps each Write apart. It is for one goroutine at a
// time, as the race detector sees.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

type (
	embeds    struct{ SimpleHandler }
	addressed struct{ SimpleHandler }
	dated     struct{ BaseHandler }
	told      struct {
		CGIHandler
		format string
		args   []any
	}
	changes struct{ SimpleHandler }
)

func (h *addressed) AddressString() string    { return "some\none" }
func (h *dated) LogDateTimeString() string    { return "to\\day" }
func (h *told) LogMessage(f string, a ...any) { h.format, h.args = f, append([]any(nil), a...) }
func (h *changes) LogMessage(format string, args ...any) {
	args[1] = 0
	h.SimpleHandler.LogMessage(format, args...)
}

// A request's line is the same for a handler of this package, whose line is made
// in a shorter way, and for others, whatever they override.
func TestLogRequest(t *testing.T) {
	date := regexp.MustCompile(`\[\d\d/\w+/\d{4} \d\d:\d\d:\d\d\]`)
	const anyone = "127.0.0.1 - - [DATE] "
	for _, tt := range []struct {
		requestLine string
		code        int
		size        int64
		want        string
	}{
		{"GET / HTTP/1.1", 200, -1, `"GET / HTTP/1.1" 200 -`},
		{"GET / HTTP/1.1", 200, 0, `"GET / HTTP/1.1" 200 0`},
		{"", 0, 1 << 40, `"" - 1099511627776`},
		{"\x16\x03\\ \xe2\x82", 400, -1, `"\x16\x03\\ \xe2\x82" 400 -`},
		{strings.Repeat("a", 9000), 414, -1, `"` + strings.Repeat("a", 9000) + `" 414 -`},
	} {
		for _, hh := range []struct {
			handler RequestHandler
			want    string
		}{
			{new(BaseHandler), anyone + tt.want},
			{new(SimpleHandler), anyone + tt.want},
			{new(CGIHandler), anyone + tt.want},
			{new(embeds), anyone + tt.want},
			{new(addressed), `some\x0aone - - [DATE] ` + tt.want},
			{new(dated), `127.0.0.1 - - [to\\day] ` + tt.want},
			{new(changes), anyone + regexp.MustCompile(`(\d+|-) (\S+)$`).ReplaceAllString(tt.want, "0 $2")},
		} {
			var lines writes
			logged(t, &Server{LogOutput: &lines}, hh.handler, tt.requestLine).LogRequest(tt.code, tt.size)
			if len(lines) != 1 || date.ReplaceAllString(lines[0], "[DATE]") != hh.want+"\n" {
				t.Errorf("%T: got %q, want %q", hh.handler, lines, hh.want)
			}
		}
		h := logged(t, &Server{}, new(told), tt.requestLine).(*told)
		h.LogRequest(tt.code, tt.size)
		wantCode, wantSize := any(tt.code), any(tt.size)
		if tt.code == 0 {
			wantCode = "-"
		}
		if tt.size < 0 {
			wantSize = "-"
		}
		if h.format != `"%s" %v %v` || len(h.args) != 3 || h.args[0] != tt.requestLine || h.args[1] != wantCode || h.args[2] != wantSize {
			t.Errorf("LogMessage is given %q, %q", h.format, h.args)
		}
	}
}

// Without LogOutput, a line goes to what os.Stderr is at that moment; with a
// Logger, there is none.
func TestLogOutput(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &Server{}
	h := logged(t, s, new(SimpleHandler), "GET / HTTP/1.1")
	stderr := os.Stderr
	os.Stderr = file
	h.LogRequest(200, -1)
	h.LogError("an error")
	s.report().Line(slog.LevelWarn, "a warning")
	os.Stderr = stderr
	text, err := os.ReadFile(file.Name())
	if lines := strings.Split(string(text), "\n"); err != nil || len(lines) != 4 || !strings.HasSuffix(lines[0], `] "GET / HTTP/1.1" 200 -`) ||
		!strings.HasSuffix(lines[1], "] an error") || lines[2] != "httpserver: a warning" {
		t.Errorf("%q, %v", text, err)
	}

	var lines, records writes
	s = &Server{LogOutput: &lines, Logger: slog.New(slog.NewTextHandler(&records, nil))}
	h = logged(t, s, new(SimpleHandler), "GET / HTTP/1.1")
	h.LogRequest(200, -1)
	h.LogError("an error")
	s.report().Line(slog.LevelWarn, "a warning")
	if len(lines) != 0 || len(records) != 3 {
		t.Errorf("%d lines, want none; %d records, want 3", len(lines), len(records))
	}
}

// What connections and the server have to say comes one Write after the other,
// to a writer that is for one goroutine.
func TestLogOutputSerial(t *testing.T) {
	const handlers, each = 16, 100
	var lines writes
	s := &Server{LogOutput: &lines}
	var wg sync.WaitGroup
	for i := range handlers {
		h := logged(t, s, []RequestHandler{new(SimpleHandler), new(embeds)}[i%2], fmt.Sprint("GET /", i))
		wg.Go(func() {
			for j := range each {
				h.LogRequest(j, -1)
				h.LogMessage("message of %d", i)
				s.report().Line(slog.LevelWarn, "a warning")
			}
		})
	}
	wg.Wait()
	if len(lines) != 3*handlers*each {
		t.Errorf("%d writes, want %d", len(lines), 3*handlers*each)
	}
	for _, line := range lines {
		if strings.IndexByte(line, '\n') != len(line)-1 {
			t.Errorf("%q is not one line", line)
		}
	}
}

// brokenLog is a LogOutput that panics.
type brokenLog struct{}

func (brokenLog) Write([]byte) (int, error) { panic("the log is broken") }

// A LogOutput that panics costs a connection, not the server.
func TestLogOutputPanics(t *testing.T) {
	s := &Server{Handler: new(SimpleHandler), LogOutput: brokenLog{}}
	for range 2 {
		client, conn := net.Pipe()
		go func() {
			io.WriteString(client, "GET / HTTP/1.0\r\n\r\n")
			io.Copy(io.Discard, client)
			client.Close()
		}()
		if err := s.ServeConn(conn); err != nil {
			t.Error(err)
		}
	}
}

func TestLogRequestAllocs(t *testing.T) {
	for _, tt := range []struct {
		handler RequestHandler
		want    float64
	}{
		{new(SimpleHandler), 0},
		{new(embeds), 1}, // the request line, as an argument
	} {
		h := logged(t, &Server{LogOutput: io.Discard}, tt.handler, "GET / HTTP/1.1")
		code := 200
		n := testing.AllocsPerRun(1000, func() {
			h.LogRequest(code, -1)
		})
		if n != tt.want {
			t.Errorf("%T: %v allocations, want %v", tt.handler, n, tt.want)
		}
	}
}

// What a line costs to make and to write, by where it goes.
func BenchmarkLogRequest(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	for _, bb := range []struct {
		name    string
		output  io.Writer
		handler RequestHandler
	}{
		{"discarded", io.Discard, new(SimpleHandler)},
		{"discarded, from a type of a user's", io.Discard, new(embeds)},
		{"os.DevNull", null, new(SimpleHandler)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := logged(b, &Server{LogOutput: bb.output}, bb.handler, "GET /static/css/main.css?v=17 HTTP/1.1")
			b.ReportAllocs()
			for b.Loop() {
				h.LogRequest(200, -1)
			}
		})
	}
}
