package httpserver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// benchmarkFiles serves one request again and again, without a network.
func benchmarkFiles(b *testing.B, h *quietFiles, request string) {
	b.ReportAllocs()
	h.ProtocolVersion = "HTTP/1.1"
	s := &httpserver.Server{Handler: h}
	httpserver.AgeFiles(s, time.Hour)
	defer s.Close()
	conn := &script{request: request + "Host: 127.0.0.1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n", left: b.N}
	b.ResetTimer()
	s.ServeConn(conn)
	if conn.written < b.N*100 {
		b.Fatalf("only %d bytes were answered", conn.written)
	}
}

// BenchmarkFiles is the whole stack for files that are asked for again and again.
func BenchmarkFiles(b *testing.B) {
	dir := b.TempDir()
	for name, size := range map[string]int{"1k.html": 1 << 10, "16k.html": 16 << 10, "index.html": 1 << 10} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", size)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for _, bb := range []struct{ name, request string }{
		{"1 KiB", "GET /1k.html HTTP/1.1\r\n"},
		{"16 KiB", "GET /16k.html HTTP/1.1\r\n"},
		{"an index page", "GET / HTTP/1.1\r\n"},
		{"not changed", "GET /1k.html HTTP/1.1\r\nIf-None-Match: *\r\n"},
		{"a part", "GET /16k.html HTTP/1.1\r\nRange: bytes=100-199\r\n"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := new(quietFiles)
			h.Directory = dir
			benchmarkFiles(b, h, bb.request)
		})
	}
}

// BenchmarkListing is the whole stack for directories, of which nothing is kept.
func BenchmarkListing(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			for i := range n {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%05d.txt", i)), nil, 0o644); err != nil {
					b.Fatal(err)
				}
			}
			h := new(quietFiles)
			h.Directory = dir
			benchmarkFiles(b, h, "GET / HTTP/1.1\r\n")
		})
	}
}

// BenchmarkPaths is what files are found by.
func BenchmarkPaths(b *testing.B) {
	h := new(httpserver.SimpleHandler)
	h.Directory = "/srv/www/example"
	b.Run("TranslatePath", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.TranslatePath("/static/css/main.css?v=1")
		}
	})
	b.Run("GuessType", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.GuessType("/srv/www/example/static/css/main.css")
		}
	})
}
