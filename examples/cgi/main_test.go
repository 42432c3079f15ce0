package main

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/httpserver/examples/internal/loopback"
)

// copyScripts copies cgi-bin to where nobody finds it, and gives the directory
// above it.
func copyScripts(t *testing.T) (dir string) {
	t.Helper()
	dir = loopback.PublicDir(t)
	if err := os.CopyFS(filepath.Join(dir, "cgi-bin"), os.DirFS("cgi-bin")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// page gives the page for a name, as it stands in HTML.
func page(name string) string {
	greeting := ""
	if name != "" {
		greeting = "<p>Hello, " + name + "!</p>"
	}
	return strings.Join([]string{"<!DOCTYPE html>", "<title>A form</title>", greeting,
		`<form method="post" action="/cgi-bin/form.sh">`,
		`<label>Your name: <input name="name" value="` + name + `"></label>`,
		"<button>Send</button>", "</form>", ""}, "\n")
}

func TestForm(t *testing.T) {
	for _, name := range []string{"sh", "awk"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(name + " is not installed")
		}
	}
	srv, err := newServer("127.0.0.1:0", copyScripts(t))
	if err != nil {
		t.Fatal(err)
	}
	srv.Logger = slog.New(slog.DiscardHandler)
	addr := loopback.Serve(t, srv)
	for _, tt := range []struct{ name, form, want string }{
		{"nothing", "", ""},
		{"a name", "name=Ada", "Ada"},
		{"among others", "x=1&name=Ada+Lovelace&name=2&y", "Ada Lovelace"},
		{"none", "names=Ada&xname=Ada", ""},
		{"an empty one", "name=", ""},
		{"what HTML would take for its own", "name=%3Ci%3E+%26amp%3b+%22x%22", "&lt;i&gt; &amp;amp; &quot;x&quot;"},
		{"what HTML would take for its own, as it is", `name=<i>"`, "&lt;i&gt;&quot;"},
		{"what the shell would", "name=$(id)`id`${name}\\n%24%5Cn*%s", "$(id)`id`${name}\\n$\\n*%s"},
		{"UTF-8", "name=%C3%84d%c3%a4", "Ädä"},
		{"what is no escape", "name=100%+%4+%zz+%%41%00", "100% %4 %zz %A%00"},
		{"decoded once", "name=%2541", "%41"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			head := loopback.Lines("HTTP/1.1 200 OK", "Server: *", "Date: *", "Content-Type: text/html; charset=utf-8", "Connection: close", "", "")
			query := "/cgi-bin/form.sh?" + strings.ReplaceAll(tt.form, `"`, "%22")
			for _, request := range []string{
				"GET " + query + " HTTP/1.0\r\n\r\n",
				loopback.Lines("POST /cgi-bin/form.sh HTTP/1.0", "Content-Type: application/x-www-form-urlencoded",
					"Content-Length: "+strconv.Itoa(len(tt.form)), "", tt.form),
			} {
				loopback.Same(t, request, loopback.Ask(t, addr, request), head+page(tt.want))
			}
			request := "HEAD " + query + " HTTP/1.0\r\n\r\n"
			loopback.Same(t, request, loopback.Ask(t, addr, request), head)
		})
	}
	t.Run("in chunks, and another request behind it", func(t *testing.T) {
		got := loopback.Ask(t, addr, loopback.Lines("POST /cgi-bin/form.sh HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "",
			"6", "name=A", "2", "da", "0", "", "GET /cgi-bin/form.sh?name=Grace HTTP/1.0", "", ""))
		for _, part := range []string{"HTTP/1.1 200 OK\r\n", "\r\nTransfer-Encoding: chunked\r\n", "<p>Hello, Ada!</p>\n", "<p>Hello, Grace!</p>\n"} {
			if !strings.Contains(got, part) {
				t.Errorf("got %q, want %q in it", got, part)
			}
		}
	})
	t.Run("a body that is too long", func(t *testing.T) {
		got := loopback.Ask(t, addr, loopback.Lines("POST /cgi-bin/form.sh HTTP/1.1", "Host: h", "Content-Length: 65537", "", strings.Repeat("x", 65537)))
		if !strings.HasPrefix(got, "HTTP/1.1 413 ") {
			t.Errorf("got %q, want a 413", got)
		}
	})
	t.Run("no source", func(t *testing.T) {
		got := loopback.Ask(t, addr, "GET /cgi-bin/ HTTP/1.0\r\n\r\n")
		if want := "HTTP/1.1 403 CGI script is not a plain file ('/cgi-bin/')\r\n"; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin with %q", got, want)
		}
	})
}
