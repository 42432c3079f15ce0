package main

import (
	"fmt"
	"slices"
	"strings"

	"example.com/httpserver/internal/bench/child"
)

// What curl sends, in both versions.
const (
	fields = "Host: localhost\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n"
	get11  = "GET %s HTTP/1.1\r\n" + fields
	get10  = "GET %s HTTP/1.0\r\n" + fields
)

// browser is what a browser sends, 540 bytes of it.
const browser = "GET / HTTP/1.1\r\n" +
	"Host: localhost:8000\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.7,de;q=0.3\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: http://localhost:8000/articles/2025/an-older-page-of-this-site.html\r\n" +
	"DNT: 1\r\n" +
	"Connection: keep-alive\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Sec-Fetch-User: ?1\r\n" +
	"Priority: u=0, i\r\n\r\n"

var (
	hello   = answer{200, "text/plain", child.Greeting}
	text    = answer{200, "text/plain", ""}
	listing = answer{200, "text/html", ""}
	echo    = strings.Repeat("0123456789abcde\n", 64)
	echoed  = answer{200, "text/plain", echo}
	cgiBars = map[string]float64{"nethttp": 1, "lighttpd": 1, "gospawn": 1.3}
)

// The sizes of files.
const (
	kib = 1 << 10
	mib = 1 << 20
)

// clients is how many connections there are, where nothing is said of it.
const clients = 64

var allRows = slices.Concat(
	[]*row{
		{
			name: "hello/keep-alive", title: "hello, 64 connections that are kept",
			application: child.Hello, request: fmt.Sprintf(get11, "/"), keep: true,
			clients: clients, load: wrk, want: hello, bars: map[string]float64{"nginx": 1},
		},
		{
			name: "hello/pipelined", title: "hello, 16 requests at once on each of 64 connections",
			application: child.Hello, request: fmt.Sprintf(get11, "/"), keep: true, pipeline: 16,
			clients: clients, load: wrk, want: hello, bars: map[string]float64{"fasthttp": 1},
		},
		{
			name: "hello/browser", title: "hello, asked for with a browser's head of 540 bytes",
			application: child.Hello, request: browser, keep: true,
			clients: clients, load: wrk, want: hello, bars: map[string]float64{"nginx": 1.05},
		},
		{
			name: "hello/close", title: "hello, HTTP/1.0, a connection for each request",
			application: child.Hello, request: fmt.Sprintf(get10, "/"),
			clients: clients, requests: 20_000, load: inC, want: hello, bars: map[string]float64{"fasthttp": 1},
		},
		{
			name: "post/1k", title: "POST, 1 KiB given back",
			application: child.Hello, request: postOf(echo), keep: true,
			clients: clients, load: wrk, want: echoed, bars: map[string]float64{"fasthttp": 1},
		},
	},
	fileRows, cgiRows, otherRows, scaleRows(),
)

// postOf is a request that sends something.
func postOf(content string) string {
	head := strings.TrimSuffix(fmt.Sprintf(get11, "/"), "\r\n")
	return fmt.Sprintf("POST%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", strings.TrimPrefix(head, "GET"), len(content), content)
}

var fileRows = []*row{
	fileRow("1k", 1*kib, "a file of 1 KiB", map[string]float64{"lighttpd": 1}),
	fileRow("16k", 16*kib, "a file of 16 KiB", map[string]float64{"lighttpd": 1}),
	fileRow("1m", 1*mib, "a file of 1 MiB", map[string]float64{"nginx": 1.05}),
	fileRow("100m", 100*mib, "a file of 100 MiB", map[string]float64{"nginx": 1.05}),
	{
		name: "file/304", title: "a file of 1 KiB that is not modified",
		application: child.Files, request: fmt.Sprintf(get11, filePath(1*kib)), keep: true, conditional: true,
		clients: clients, load: wrk, want: answer{status: 304}, size: 1 * kib, bars: map[string]float64{"fasthttp": 1},
	},
	{
		name: "file/range", title: "64 KiB out of a file of 1 MiB",
		application: child.Files, request: withField(fmt.Sprintf(get11, filePath(1*mib)), "Range: bytes=524288-589823"), keep: true,
		clients: clients, load: wrk, want: answer{206, "text/plain", ""}, size: 1 * mib, part: span{524288, 589824},
		bars: map[string]float64{"nginx": 1},
	},
	listRow("1k", 1000, 2000),
	listRow("10k", 10_000, 160),
}

// withField adds a field line to a request without content.
func withField(request, line string) string {
	return strings.TrimSuffix(request, "\r\n") + line + "\r\n\r\n"
}

// filePath is where a file of some size is, in the site and in a URL.
func filePath(size int) string { return fmt.Sprintf("/files/%d.txt", size) }

// listPath is where a directory of so many files is.
func listPath(entries int) string { return fmt.Sprintf("/lists/%d/", entries) }

// fileRow is a row that asks for a file. Of what is large, every byte is looked
// at, by clients of our own.
func fileRow(name string, size int, title string, bars map[string]float64) *row {
	r := &row{
		name: "file/" + name, title: title,
		application: child.Files, request: fmt.Sprintf(get11, filePath(size)), keep: true,
		clients: clients, load: wrk, want: text, size: size, bars: bars,
	}
	if size > 64*kib {
		r.load, r.clients = inC, 4
		r.requests = max(50, 4000*mib/size)
	}
	return r
}

func listRow(name string, entries, requests int) *row {
	return &row{
		name: "list/" + name, title: fmt.Sprintf("the listing of %d files, made anew for each request", entries),
		application: child.Files, request: fmt.Sprintf(get11, listPath(entries)), keep: true,
		clients: 4, requests: requests, load: inGo, want: listing, entries: entries,
		bars: map[string]float64{"h2o": 1},
	}
}

var cgiRows = []*row{
	{
		name: "cgi/keep-alive", title: "CGI, a tiny C program, 4 clients that keep their connection",
		application: child.Scripts, request: fmt.Sprintf(get11, child.ScriptPath), keep: true,
		clients: 4, requests: 2000, load: inGo, want: hello, bars: cgiBars,
	},
	{
		name: "cgi/close", title: "CGI, a tiny C program, 4 clients with a connection for each request",
		application: child.Scripts, request: fmt.Sprintf(get10, child.ScriptPath),
		clients: 4, requests: 2000, load: inGo, want: hello, bars: cgiBars,
	},
	{
		name: "cgi/one", title: "CGI, a tiny C program, 1 client that keeps its connection",
		application: child.Scripts, request: fmt.Sprintf(get11, child.ScriptPath), keep: true,
		clients: 1, requests: 1500, load: inGo, want: hello, bars: cgiBars,
	},
}

var otherRows = []*row{
	{
		name: "memory/idle", title: "5,000 connections that have asked once and wait",
		application: child.Hello, request: fmt.Sprintf(get11, "/"), keep: true,
		clients: 1, requests: 5000, want: hello, measure: idleMemory, limit: 4096,
	},
	{
		name: "start/file", title: "from exec to the first byte of an answer, a file of 1 KiB",
		application: child.Files, request: fmt.Sprintf(get11, filePath(1*kib)), keep: true,
		clients: 1, requests: 10, want: text, size: 1 * kib, measure: startTime, limit: 4,
	},
	{
		name: "log/hello", title: "hello, 64 connections that are kept, with a log of requests in a file",
		application: child.Hello, request: fmt.Sprintf(get11, "/"), keep: true,
		clients: clients, load: wrk, want: hello, more: map[string]float64{"ours-log": 0},
	},
	{
		name: "log/file-1k", title: "a file of 1 KiB, with a log of requests in a file",
		application: child.Files, request: fmt.Sprintf(get11, filePath(1*kib)), keep: true,
		clients: clients, load: wrk, want: text, size: 1 * kib, more: map[string]float64{"ours-command": 1},
	},
}

// scaleRows are rows that show how a cost grows with one thing.
func scaleRows() (all []*row) {
	grow := func(axis string, x int, r row) {
		r.name, r.axis, r.x = fmt.Sprintf("scale/%s-%d", axis, x), axis, float64(x)
		all = append(all, &r)
	}
	greet := row{application: child.Hello, request: fmt.Sprintf(get11, "/"), keep: true, clients: clients, load: wrk, want: hello}
	for _, n := range []int{1, 64, 1000, 10_000} {
		r := greet
		r.title, r.clients = fmt.Sprintf("hello, %d connections that are kept", n), n
		r.times = 1 + n/2500 // connecting is a part of it
		grow("connections", n, r)
	}
	for _, n := range []int{1, 10, 30, 90} {
		r := greet
		r.title, r.request = fmt.Sprintf("hello, asked for with %d field lines", n), "GET / HTTP/1.1\r\nHost: localhost\r\n"
		for i := range n - 1 {
			r.request += fmt.Sprintf("X-Field-%d: a value of some length\r\n", i)
		}
		r.request += "\r\n"
		grow("fields", n, r)
	}
	for _, n := range []int{1, 2} {
		r := greet
		r.title, r.procs = fmt.Sprintf("hello, a server on %d cores", n), n
		grow("cores", n, r)
	}
	for _, size := range []int{1 * kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 10 * mib, 100 * mib} {
		grow("bytes", size, *fileRow("", size, fmt.Sprintf("a file of %d bytes", size), nil))
	}
	for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
		r := *listRow("", n, min(4000, max(16, 1_500_000/n)))
		r.bars = nil
		grow("files", n, r)
	}
	return all
}
