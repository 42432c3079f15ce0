package main

import (
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/examples/internal/loopback"
)

// logged takes what is logged, a line at a time.
type logged chan string

func (c logged) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

// TestOverrides has the library call each override: for a file, a listing, a
// redirect and an error page.
func TestOverrides(t *testing.T) {
	dir, docs := t.TempDir(), t.TempDir()
	modified := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	for name, text := range map[string]string{
		filepath.Join(dir, "eggs.txt"):    "eggs\n",
		filepath.Join(dir, "docsish.txt"): "no docs\n",
		filepath.Join(docs, "manual.txt"): "man\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	lines := make(logged, 10)
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", NewApp(dir, docs, log.New(lines, "", 0)))
	if err != nil {
		t.Fatal(err)
	}
	addr := loopback.Serve(t, srv)

	file := func(content string) string {
		return loopback.Lines("HTTP/1.0 200 OK", "Server: *", "Date: *", "Content-type: text/plain",
			"Content-Length: "+strconv.Itoa(len(content)), "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
			"Accept-Ranges: bytes", "ETag: *", "X-Frame-Options: DENY", "", content)
	}
	page := func(status, content string) string {
		return loopback.Lines("HTTP/1.0 "+status, "Server: *", "Date: *", "Connection: close",
			"Content-Type: text/html;charset=utf-8", "Content-Length: "+strconv.Itoa(len(content)),
			"X-Frame-Options: DENY", "", content)
	}
	const notFound = "<p>There is no such page. <a href=/>Start again</a>\n"
	for _, tt := range []struct{ name, line, want, log string }{
		{"file", "GET /eggs.txt HTTP/1.0", file("eggs\n"), `"GET /eggs.txt HTTP/1.0" 200 -`},
		{"file in docs", "GET /docs/manual.txt HTTP/1.0", file("man\n"), `"GET /docs/manual.txt HTTP/1.0" 200 -`},
		{"file in docs, spelled otherwise", "GET /x/..//%64ocs/./manual.txt?q HTTP/1.0", file("man\n"), `"GET /x/..//%64ocs/./manual.txt?q HTTP/1.0" 200 -`},
		{"file whose name begins with docs", "GET /docsish.txt HTTP/1.0", file("no docs\n"), `"GET /docsish.txt HTTP/1.0" 200 -`},
		{"not modified", "GET /eggs.txt HTTP/1.0\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
			loopback.Lines("HTTP/1.0 304 Not Modified", "Server: *", "Date: *", "ETag: *", "X-Frame-Options: DENY", "", ""),
			`"GET /eggs.txt HTTP/1.0" 304 -`},
		{"redirect", "GET /docs HTTP/1.0",
			loopback.Lines("HTTP/1.0 301 Moved Permanently", "Server: *", "Date: *", "Location: /docs/", "Content-Length: 0", "X-Frame-Options: DENY", "", ""),
			`"GET /docs HTTP/1.0" 301 -`},
		{"404 in the words of App", "GET /spam HTTP/1.0", page("404 File not found", notFound),
			"code 404, message File not found\n" + `"GET /spam HTTP/1.0" 404 -`},
		{"404 in docs", "GET /docs/../docs/../../manual.txt HTTP/1.0", page("404 File not found", notFound),
			"code 404, message File not found\n" + `"GET /docs/../docs/../../manual.txt HTTP/1.0" 404 -`},
		{"501 in the words of Site", "SPAM / HTTP/1.0", page("501 Unsupported method ('SPAM')", "<p>501 Unsupported method ('SPAM')\n"),
			"code 501, message Unsupported method ('SPAM')\n" + `"SPAM / HTTP/1.0" 501 -`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loopback.Same(t, tt.line, loopback.Ask(t, addr, tt.line+"\r\n\r\n"), tt.want)
			wantLog(t, lines, tt.log)
		})
	}
	t.Run("listing", func(t *testing.T) {
		got := loopback.Ask(t, addr, "GET /docs/ HTTP/1.0\r\n\r\n")
		for _, part := range []string{"HTTP/1.0 200 OK\r\n", "\r\nX-Frame-Options: DENY\r\n\r\n",
			"<h1>Directory listing for /docs/</h1>", `<a href="manual.txt">manual.txt</a>`} {
			if !strings.Contains(got, part) {
				t.Errorf("got %q, want %q in it", got, part)
			}
		}
		wantLog(t, lines, `"GET /docs/ HTTP/1.0" 200 -`)
	})
	t.Run("a control character stays in its line", func(t *testing.T) {
		loopback.Ask(t, addr, "GET /\x1b[2J\r HTTP/1.0\r\n\r\n")
		for range 2 {
			if got := loopback.Wait(t, lines); strings.ContainsAny(strings.TrimSuffix(got, "\n"), "\x1b\r\n") {
				t.Errorf("logged %q", got)
			}
		}
	})
}

// wantLog takes the lines of want from the log.
func wantLog(t *testing.T, lines logged, want string) {
	t.Helper()
	for line := range strings.SplitSeq(want, "\n") {
		if got, want := loopback.Wait(t, lines), "127.0.0.1 "+strconv.Quote(line)+"\n"; got != want {
			t.Errorf("logged %q, want %q", got, want)
		}
	}
	select {
	case line := <-lines:
		t.Errorf("logged %q besides", line)
	default:
	}
}
