//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// With --cgi, and beside other flags, scripts are run.
func TestCGI(t *testing.T) {
	dir := openDir(t)
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "htbin"), 0o755),
		os.WriteFile(filepath.Join(dir, "htbin", "script"), []byte("#!/bin/sh\necho Status: 201 Made\necho X-Script: yes\necho\necho $REQUEST_METHOD\n"), 0o755),
		os.WriteFile(filepath.Join(dir, "htbin", "data"), nil, 0o644),
		os.WriteFile(filepath.Join(dir, "page.html"), []byte("page"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, &syncBuffer{written: make(chan string, 9)}, "0", "-b127.0.0.1", "-pHTTP/1.1", "--cgi", "-d"+dir, "--always-header", "X-Always: yes")
	for _, x := range []exchange{
		{"script", []string{"GET /htbin/script HTTP/1.1"}, "201 Made", []string{"X-Script: yes", "Transfer-Encoding: chunked", "X-Always: yes"}, nil, "GET\n"},
		{"form", []string{"POST /htbin/script HTTP/1.1", "Content-Length: 0"}, "201 Made", nil, nil, "POST\n"},
		{"no script", []string{"GET /htbin/data HTTP/1.1"}, "403 CGI script is not executable ('/htbin/data')", []string{"X-Always: yes"}, nil, ""},
		{"file", []string{"GET /page.html HTTP/1.1"}, "200 OK", []string{"Content-Length: 4", "X-Always: yes"}, nil, "page"},
		{"form for a file", []string{"POST /page.html HTTP/1.1", "Content-Length: 0"}, "501 Can only POST to CGI scripts", nil, nil, ""},
	} {
		t.Run(x.name, func(t *testing.T) { x.check(t, r.addr) })
	}
}

// openDir makes a directory for scripts. That of t.TempDir is closed to nobody, who runs them where the tests are
// root's.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cgi")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What whoever began the program has left open is not for scripts to read.
func TestInheritedDescriptors(t *testing.T) {
	dir := openDir(t)
	secret := filepath.Join(dir, "secret")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "cgi-bin"), 0o755),
		os.WriteFile(filepath.Join(dir, "cgi-bin", "script"), []byte("#!/bin/sh\necho Content-Type: text/plain\necho\n(cat <&3) 2>/dev/null || echo closed\n"), 0o755),
		os.WriteFile(secret, []byte("secret\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(secret)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := ours(t, "0", "-b127.0.0.1", "--cgi", "-d"+dir)
	cmd.ExtraFiles = []*os.File{file}
	p := launch(t, cmd)
	if _, content := ask(t, p.addr, "GET /cgi-bin/script HTTP/1.1"); content != "closed\n" {
		t.Errorf("the script read %q", content)
	}
	p.signal(t, os.Interrupt)
	p.wait(t)
}
