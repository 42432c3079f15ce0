package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestReadAnswer(t *testing.T) {
	kept, closed := &row{keep: true, want: hello}, &row{want: hello}
	part := &row{keep: true, want: answer{206, "text/plain", "ell"}, size: 6, part: span{1, 4}}
	const ok, text = "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n"
	const ok6 = ok + text + "Content-Length: 6\r\n\r\nhello\n"
	for _, tc := range []struct {
		name   string
		row    *row
		text   string
		others int
		again  bool
		err    string
	}{
		{"length", kept, ok6, 0, true, ""},
		{"another follows", kept, ok6 + ok6, 1, true, ""},
		{"parameters of the type", kept, ok + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n\r\nhello\n", 0, true, ""},
		{"chunked", kept, ok + text + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n", 0, true, ""},
		{"closed by the server", kept, ok + text + "Connection: close\r\n\r\nhello\n", 0, false, ""},
		{"closed too early", kept, ok + text + "Connection: close\r\n\r\nhello\n", 1, false, "answers no more"},
		{"HTTP/1.0", closed, "HTTP/1.0 200 OK\r\n" + text + "\r\nhello\n", 0, false, ""},
		{"HTTP/1.0 with a length", closed, "HTTP/1.0 200 OK\r\n" + text + "Content-Length: 6\r\n\r\nhello\n", 0, false, ""},
		{"not modified", &row{keep: true, want: answer{status: 304}}, "HTTP/1.1 304 Not Modified\r\n\r\n", 0, true, ""},
		{"a part", part, "HTTP/1.1 206 P\r\n" + text + "Content-Range: bytes 1-3/6\r\nContent-Length: 3\r\n\r\nell", 0, true, ""},
		{"another part", part, "HTTP/1.1 206 P\r\n" + text + "Content-Range: bytes 0-2/6\r\nContent-Length: 3\r\n\r\nhel", 0, false, "should be"},
		{"another status", kept, "HTTP/1.1 404 No\r\n" + text + "Content-Length: 6\r\n\r\nhello\n", 0, false, "should be"},
		{"another type", kept, ok + "Content-Length: 6\r\n\r\nhello\n", 0, false, "should be"},
		{"a wrong byte", kept, ok + text + "Content-Length: 6\r\n\r\nhellO\n", 0, false, "should be"},
		{"too much", kept, ok + text + "Content-Length: 7\r\n\r\nhello\n\n", 0, false, "should be"},
		{"too little", closed, "HTTP/1.0 200 OK\r\n" + text + "\r\nhello", 0, false, "ends after 5"},
		{"cut", kept, ok + text + "Content-Length: 6\r\n\r\nhel", 0, false, "unexpected EOF"},
		{"more after it", kept, ok6 + "x", 0, false, "follow"},
		{"more after the end", closed, "HTTP/1.0 200 OK\r\n" + text + "Content-Length: 6\r\n\r\nhello\nx", 0, false, "follow"},
		{"none", kept, "", 0, false, "none"},
	} {
		target := &target{row: tc.row, content: tc.row.want.content}
		again, err := readAnswer(bufio.NewReader(strings.NewReader(tc.text)), target, tc.others)
		if again != tc.again || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: got %v, %v", tc.name, again, err)
		}
	}
}

// TestLoadStops: the first wrong answer ends a load, and so does the end of the run.
func TestLoadStops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answers := make(chan string, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.Read(make([]byte, 1)) // or closing would reset it
				fmt.Fprint(conn, <-answers)
			}()
		}
	}()
	aimed := &target{row: &row{clients: 2, want: hello}, addr: l.Addr().String(), request: "x", content: hello.content}
	answers <- "HTTP/1.0 500 No\r\n\r\n"
	if _, err := inGo(t.Context(), aimed, extent{requests: 1000}); err == nil || !strings.Contains(err.Error(), "should be") {
		t.Errorf("a wrong answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inGo(ctx, aimed, extent{requests: 1000}); !errors.Is(err, context.Canceled) {
		t.Errorf("the end of the run: %v", err)
	}
	close(answers)
}

func TestCounted(t *testing.T) {
	aimed := &target{row: &row{clients: 2, pipeline: 3}, length: 100}
	for _, tc := range []struct {
		name, text string
		err        string
	}{
		{"all well", "Running\ncounted 50 1000000 5000 0 0 0 0 0 10 20\n", ""},
		{"some on the way", "Running\ncounted 50 1000000 5600 0 0 0 0 0 10 20\n", ""},
		{"another length", "Running\ncounted 50 1000000 4999 0 0 0 0 0 10 20\n", "came to"},
		{"too many on the way", "Running\ncounted 50 1000000 5601 0 0 0 0 0 10 20\n", "came to"},
		{"none", "Running\ncounted 0 1000000 0 0 0 0 0 0 10 20\n", "no answers"},
		{"no connection", "Running\ncounted 50 1000000 5000 1 0 0 0 0 10 20\n", "1 connect"},
		{"an error's status", "Running\ncounted 50 1000000 5000 0 0 0 2 0 10 20\n", "2 status"},
		{"a timeout", "Running\ncounted 50 1000000 5000 0 0 0 0 3 10 20\n", "3 timeout"},
		{"something else", "unable to connect\n", "wrote"},
	} {
		got, err := aimed.counted(tc.text)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: got %+v, %v", tc.name, got, err)
		}
		if want := (shot{Requests: 50, Elapsed: time.Second, Median: 10 * time.Microsecond, P99: 20 * time.Microsecond}); err == nil && got != want {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, want)
		}
	}
}

func TestCheckListing(t *testing.T) {
	const two = `<a href="entry-000000.page">entry</a><a href="/lists/2/entry-000001.page">x</a>`
	for _, tc := range []struct {
		name, page string
		ok         bool
	}{
		{"relative and absolute", two, true},
		{"one is missing", `<a href="entry-000000.page">entry-000001.page</a>`, false},
		{"one too many", two + `<a href="entry-000002.page">`, false},
	} {
		if err := checkListing(tc.page, 2); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
