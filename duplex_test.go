package httpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An echo answers with the body while it comes: one goroutine reads RFile, and
// another makes the head and writes.
type echo struct{ quiet }

func (h *echo) DoPOST() {
	body := make(chan string)
	go func() {
		defer close(body)
		buf := make([]byte, 100)
		for {
			n, err := h.RFile.Read(buf)
			if n > 0 {
				body <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/plain")
	w := h.EndHeadersChunked()
	for piece := range body {
		io.WriteString(w, piece)
	}
	w.Close()
}

// TestBodyBesideAnswer: a body may be read while the answer to it is made, whoever
// is first. The race detector sees to it that neither disturbs the other.
func TestBodyBesideAnswer(t *testing.T) {
	for _, tc := range []struct {
		name, head string
		format     string // of a piece
		end        string
	}{
		{"a length", "Content-Length: 20\r\n\r\n", "%s", ""},
		{"chunks", "Transfer-Encoding: chunked\r\n\r\n", "4\r\n%s\r\n", "0\r\n\r\n"},
		{"chunks cut in two", "Transfer-Encoding: chunked\r\n\r\n", "4\r\n%s\r", "\n0\r\n\r\n"},
		{"a length, expected", "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n", "%s", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(echo)
			h.ProtocolVersion = "HTTP/1.1"
			s := serveDuring(t, h)
			conn, err := net.Dial("tcp", s.ServerAddress().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			r := bufio.NewReader(conn)
			for range 3 {
				io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+tc.head)
				var answer *http.Response
				for i := range 5 {
					piece := fmt.Sprintf("<%02d>", i)
					sent := fmt.Sprintf(tc.format, piece)
					if i > 0 && strings.HasSuffix(tc.format, "\r") {
						sent = "\n" + sent
					}
					io.WriteString(conn, sent)
					for answer == nil || answer.StatusCode == 100 {
						if answer, err = http.ReadResponse(r, nil); err != nil {
							t.Fatal(err)
						}
					}
					got := make([]byte, len(piece))
					if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != piece {
						t.Fatalf("%q and %v, want %q", got, err, piece)
					}
				}
				io.WriteString(conn, tc.end)
				if rest, err := io.ReadAll(answer.Body); len(rest) > 0 || err != nil {
					t.Fatalf("then %q and %v", rest, err)
				}
			}
		})
	}
}
