package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/examples/internal/loopback"
)

// records takes what is logged, a record at a time.
type records chan []byte

func (c records) Write(p []byte) (int, error) {
	c <- append([]byte(nil), p...)
	return len(p), nil
}

// TestStatic asks for everything over one connection.
func TestStatic(t *testing.T) {
	modified := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("site")); err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, name := range []string{"index.html", "style.css"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		content[name] = string(text)
		if err := os.Chtimes(filepath.Join(dir, name), modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	app := NewApp(dir)
	app.Now = func() time.Time { return modified }
	srv, err := httpserver.NewThreadingServer("127.0.0.1:0", app)
	if err != nil {
		t.Fatal(err)
	}
	logged := make(records, 10)
	srv.Logger = slog.New(slog.NewJSONHandler(logged, nil))
	c := loopback.Dial(t, loopback.Serve(t, srv))

	timeHead := loopback.Lines("HTTP/1.1 200 OK", "Server: *", "Date: *", "Content-Type: application/json",
		"Content-Length: 31", "Cache-Control: no-store", "", "")
	fileHead := func(mediaType, name string) string {
		return loopback.Lines("HTTP/1.1 200 OK", "Server: *", "Date: *", "Content-type: "+mediaType,
			"Content-Length: "+strconv.Itoa(len(content[name])), "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
			"Accept-Ranges: bytes", "ETag: *", "", "")
	}
	for _, tt := range []struct {
		name, method, target, want string
		status                     int
	}{
		{"time", "GET", "/api/time", timeHead + `{"time":"1994-11-06T08:49:37Z"}`, 200},
		{"time with a query", "GET", "/api/time?x=1", timeHead + `{"time":"1994-11-06T08:49:37Z"}`, 200},
		{"HEAD of the time", "HEAD", "/api/time", timeHead, 200},
		{"index page", "GET", "/", fileHead("text/html", "index.html") + content["index.html"], 200},
		{"file", "GET", "/style.css", fileHead("text/css", "style.css") + content["style.css"], 200},
		{"HEAD of a file", "HEAD", "/style.css", fileHead("text/css", "style.css"), 200},
		{"the connection still serves", "GET", "/api/time", timeHead + `{"time":"1994-11-06T08:49:37Z"}`, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request := tt.method + " " + tt.target + " HTTP/1.1\r\nHost: app\r\n\r\n"
			loopback.Same(t, request, c.Ask(request), tt.want)
			var got struct {
				Level, Msg, Remote, Method, Target, Version string
				Status                                      int
			}
			line := loopback.Wait(t, logged)
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatal(err)
			}
			want := got
			want.Level, want.Msg, want.Remote = "INFO", "request", "127.0.0.1"
			want.Method, want.Target, want.Version, want.Status = tt.method, tt.target, "HTTP/1.1", tt.status
			if got != want {
				t.Errorf("logged %s, want %+v", line, want)
			}
		})
	}
}
