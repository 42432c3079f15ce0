//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// With --cgi, and beside other flags, scripts are run.
func TestCGI(t *testing.T) {
	dir, err := os.MkdirTemp("", "cgi") // t.TempDir's is closed to nobody, who runs the scripts where the tests are root's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, err := range []error{
		os.Chmod(dir, 0o755),
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
