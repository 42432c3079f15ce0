package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// ask sends a request, as lines, and gives the head and the content of the answer.
func ask(t *testing.T, addr string, lines ...string) (head []string, content string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, deadline)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(deadline))
	io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\nHost: x\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	text, content, _ := strings.Cut(string(answer), "\r\n\r\n")
	return strings.Split(text, "\r\n"), content
}

// A request and what its answer has.
type exchange struct {
	name    string
	request []string
	status  string
	fields  []string // that the head has, in this order, among others
	without []string // names of fields that it does not have
	content string   // something that the content has, unless empty
}

func (x exchange) check(t *testing.T, addr string) {
	t.Helper()
	head, content := ask(t, addr, x.request...)
	missing := x.fields
	for _, line := range head[1:] {
		if len(missing) > 0 && line == missing[0] {
			missing = missing[1:]
		}
		if name, _, _ := strings.Cut(line, ":"); slices.Contains(x.without, name) {
			t.Errorf("%q: it has %q", x.request, line)
		}
	}
	if _, status, _ := strings.Cut(head[0], " "); status != x.status || len(missing) > 0 || !strings.Contains(content, x.content) {
		t.Errorf("%q: got %q, %q\nwant %s, %q with %q", x.request, head, content, x.status, missing, x.content)
	}
}

// Every flag, seen from the other side of the connection.
func TestFlagsServed(t *testing.T) {
	dir := t.TempDir()
	modified := time.Now().Add(-time.Hour)
	for name, content := range map[string]string{
		"page.html":             "page",
		"app.js":                "script",
		"app.js.gz":             "compressed",
		"data.unknown":          "data",
		"empty.d/sub/x.html":    "x",
		"index.d/index.html":    "index",
		".env":                  "secret",
		".well-known/x.txt":     "known",
		"spa.html":              "application",
		"../outside/of/it.html": "outside",
	} {
		name = filepath.Join(dir, "site", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	links := os.Symlink(filepath.Join(dir, "outside"), filepath.Join(dir, "site", "link")) == nil

	page, missing := []string{"GET /page.html HTTP/1.1"}, []string{"GET /missing HTTP/1.1"}
	listing, redirect := []string{"GET /empty.d/ HTTP/1.1"}, []string{"GET /empty.d HTTP/1.1"}
	unmodified := append(page, "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT")
	from := func(origin string) []string { return append(page, "Origin: "+origin) }
	const ok, notFound = "200 OK", "404 File not found"

	for _, tt := range []struct {
		name      string
		args      []string
		exchanges []exchange
	}{
		{"no flags", nil, []exchange{
			{"file", page, ok, []string{"Content-type: text/html", "Content-Length: 4"}, []string{"Access-Control-Allow-Origin", "Cache-Control", "Vary", "Content-Encoding", "Cross-Origin-Opener-Policy"}, "page"},
			{"listing", listing, ok, []string{"Content-type: text/html; charset=utf-8"}, []string{"Content-Security-Policy"}, "Directory listing for /empty.d/"},
			{"unknown type", []string{"GET /data.unknown HTTP/1.1"}, ok, []string{"Content-type: application/octet-stream"}, nil, "data"},
			{"dot file", []string{"GET /.env HTTP/1.1"}, ok, nil, nil, "secret"},
			{"link", []string{"GET /link/of/it.html HTTP/1.1"}, notFound, nil, nil, ""},
			{"OPTIONS", []string{"OPTIONS /page.html HTTP/1.1"}, "501 Unsupported method ('OPTIONS')", nil, nil, ""},
		}},
		{"-H", []string{"-H", "X-B: 1", "-H", "X-A", "2", "--header=x-b: 3", "-HX-A: 2"}, []exchange{
			{"file", page, ok, []string{"Content-Length: 4", "X-B: 1", "X-A: 2", "x-b: 3", "X-A: 2"}, nil, "page"},
			{"HEAD", []string{"HEAD /page.html HTTP/1.1"}, ok, []string{"X-B: 1", "X-A: 2", "x-b: 3", "X-A: 2"}, nil, ""},
			{"listing", listing, ok, []string{"X-B: 1", "X-A: 2", "x-b: 3", "X-A: 2"}, nil, ""},
			{"missing", missing, notFound, nil, []string{"X-A", "X-B", "x-b"}, ""},
			{"redirect", redirect, "301 Moved Permanently", nil, []string{"X-A", "X-B", "x-b"}, ""},
			{"unmodified", unmodified, "304 Not Modified", nil, []string{"X-A", "X-B", "x-b"}, ""},
		}},
		{"--always-header", []string{"--always-header", "X-B: 1", "--always-header", "X-A", "2"}, []exchange{
			{"file", page, ok, []string{"X-B: 1", "X-A: 2"}, nil, "page"},
			{"listing", listing, ok, []string{"X-B: 1", "X-A: 2"}, nil, ""},
			{"missing", missing, notFound, []string{"X-B: 1", "X-A: 2"}, nil, ""},
			{"redirect", redirect, "301 Moved Permanently", []string{"X-B: 1", "X-A: 2"}, nil, ""},
			{"unmodified", unmodified, "304 Not Modified", []string{"X-B: 1", "X-A: 2"}, nil, ""},
			{"method", []string{"SPAM / HTTP/1.1"}, "501 Unsupported method ('SPAM')", []string{"X-B: 1", "X-A: 2"}, nil, ""},
		}},
		{"--content-type", []string{"--content-type", "text/x-a"}, []exchange{
			{"unknown type", []string{"GET /data.unknown HTTP/1.1"}, ok, []string{"Content-type: text/x-a"}, nil, "data"},
			{"known type", page, ok, []string{"Content-type: text/html"}, nil, "page"},
		}},
		{"--charset", []string{"--charset", "utf-8"}, []exchange{
			{"text", page, ok, []string{"Content-type: text/html; charset=utf-8"}, nil, "page"},
			{"no text", []string{"GET /data.unknown HTTP/1.1"}, ok, []string{"Content-type: application/octet-stream"}, nil, "data"},
		}},
		{"--listing rich", []string{"--listing", "rich"}, []exchange{
			{"page", listing, ok, []string{"Content-type: text/html; charset=utf-8", "Vary: Accept"}, nil, "sub/"},
			{"JSON", append(listing, "Accept: application/json"), ok, []string{"Content-type: application/json"}, nil, `"type":"directory"`},
		}},
		{"--no-listing", []string{"--no-listing"}, []exchange{
			{"directory", listing, "404 No permission to list directory", nil, nil, ""},
			{"index", []string{"GET /index.d/ HTTP/1.1"}, ok, nil, nil, "index"},
		}},
		{"--spa", []string{"--spa", "spa.html"}, []exchange{
			{"navigation", append(missing, "Accept: text/html,*/*;q=0.8"), ok, []string{"Content-type: text/html"}, nil, "application"},
			{"script", []string{"GET /missing.js HTTP/1.1", "Accept: */*"}, notFound, nil, nil, ""},
			{"file", page, ok, nil, nil, "page"},
		}},
		{"--precompressed", []string{"--precompressed"}, []exchange{
			{"accepted", []string{"GET /app.js HTTP/1.1", "Accept-Encoding: gzip"}, ok, []string{"Content-type: text/javascript", "Content-Encoding: gzip"}, nil, "compressed"},
			{"not accepted", []string{"GET /app.js HTTP/1.1"}, ok, []string{"Vary: Accept-Encoding"}, []string{"Content-Encoding"}, "script"},
		}},
		{"--no-cache", []string{"--no-cache"}, []exchange{
			{"file", page, ok, []string{"Cache-Control: no-store"}, nil, "page"},
			{"missing", missing, notFound, []string{"Cache-Control: no-store"}, nil, ""},
		}},
		{"--cors", []string{"--cors"}, []exchange{
			{"file", from("https://a.example"), ok, []string{"Access-Control-Allow-Origin: *"}, nil, "page"},
			{"missing", missing, notFound, []string{"Access-Control-Allow-Origin: *"}, nil, ""},
			{"preflight", []string{"OPTIONS /page.html HTTP/1.1", "Origin: https://a.example", "Access-Control-Request-Method: GET"}, "204 No Content", []string{"Access-Control-Allow-Origin: *"}, nil, ""},
		}},
		{"--cors ORIGIN", []string{"--cors", "HTTPS://A.example:443 http://localhost:5173"}, []exchange{
			{"the origin", from("https://a.example"), ok, []string{"Access-Control-Allow-Origin: https://a.example"}, nil, "page"},
			{"another that may", from("http://localhost:5173"), ok, []string{"Access-Control-Allow-Origin: http://localhost:5173"}, nil, "page"},
			{"one that may not", from("https://b.example"), ok, []string{"Vary: Origin"}, []string{"Access-Control-Allow-Origin"}, "page"},
		}},
		{"--coop-coep", []string{"--coop-coep"}, []exchange{
			{"file", page, ok, []string{"Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Embedder-Policy: require-corp"}, nil, "page"},
		}},
		{"--follow-symlinks", []string{"--follow-symlinks"}, []exchange{
			{"link", []string{"GET /link/of/it.html HTTP/1.1"}, ok, nil, nil, "outside"},
		}},
		{"--hide-dotfiles", []string{"--hide-dotfiles"}, []exchange{
			{"dot file", []string{"GET /.env HTTP/1.1"}, notFound, nil, nil, ""},
			{"well-known", []string{"GET /.well-known/x.txt HTTP/1.1"}, ok, nil, nil, "known"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "--follow-symlinks" && !links {
				t.Skip("links cannot be made")
			}
			args := append([]string{"0", "-b127.0.0.1", "-pHTTP/1.1", "-d" + filepath.Join(dir, "site")}, tt.args...)
			r := start(t, &syncBuffer{written: make(chan string, 9)}, args...)
			for _, x := range tt.exchanges {
				t.Run(x.name, func(t *testing.T) { x.check(t, r.addr) })
			}
		})
	}
}
