package main

import (
	"log/slog"
	"strings"
	"testing"

	"example.com/httpserver/examples/internal/loopback"
)

func TestSpam(t *testing.T) {
	srv, err := newServer("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv.Logger = slog.New(slog.DiscardHandler)
	addr := loopback.Serve(t, srv)

	answer := func(reason, length, content string) string {
		return loopback.Lines("HTTP/1.0 200 "+reason, "Server: *", "Date: *",
			"Content-Type: text/plain; charset=utf-8", "Content-Length: "+length, "", content)
	}
	for _, tt := range []struct{ name, request, want string }{
		{"SPAM", "SPAM /eggs HTTP/1.1\r\nHost: cafe\r\n\r\n", answer("Lovely SPAM", "27", "Spam, spam, /eggs and spam\n")},
		{"GET", "GET /spam HTTP/1.0\r\n\r\n", answer("Lovely GET", "29", "Egg and bacon, without /spam\n")},
		{"HTTP/0.9", "GET /spam\r\n", "Egg and bacon, without /spam\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loopback.Same(t, tt.request, loopback.Ask(t, addr, tt.request), tt.want)
		})
	}
	t.Run("a verb in other letters is another verb", func(t *testing.T) {
		got := loopback.Ask(t, addr, "spam / HTTP/1.1\r\nHost: cafe\r\n\r\n")
		if want := "HTTP/1.0 501 Unsupported method ('spam')\r\n"; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin with %q", got, want)
		}
	})
}
