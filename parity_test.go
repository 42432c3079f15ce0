package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/httpserver"
	"example.com/httpserver/internal/urlpath"
	"example.com/httpserver/internal/wiretest"
)

// What follows are the tests of CPython's test_httpservers.py and test_socketserver.py, under their names and in their
// order: raw requests, and the raw answers that their assertions allow. Those of its command line are with ours, and those of CGI in
// parity_cgi_test.go.

// An exchange is a request and its answer, in bytes.
type exchange struct{ name, request, want string }

// replay sends each request to the handler, on a connection of its own.
func replay(t *testing.T, handler httpserver.RequestHandler, exchanges []exchange) {
	t.Helper()
	s := serveDuring(t, handler)
	for _, tt := range exchanges {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wiretest.Send(s.ServerAddress().String(), tt.request)
			if got != tt.want || err != nil {
				t.Errorf("%.300q\ngot  %q, %v\nwant %q", tt.request, got, err, tt.want)
			}
		})
	}
}

// fixed is a handler whose Server and Date are always the same, and which logs nothing.
type fixed struct{ httpserver.BaseHandler }

func (h *fixed) VersionString() string           { return "S" }
func (h *fixed) DateTimeString(time.Time) string { return "D" }
func (h *fixed) LogMessage(string, ...any)       {}

// head is the head of such an answer.
func head(statusLine string, fields ...string) string {
	lines := append([]string{statusLine, "Server: S", "Date: D"}, fields...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// refusal is what SendError answers. The message and the explanation have nothing in them that a page escapes.
func refusal(version string, code int, message, explain string) string {
	page := errorPage(code, message, explain)
	return refusalHead(version, code, message, len(page)) + page
}

func refusalHead(version string, code int, message string, length int) string {
	return head(fmt.Sprintf("%s %d %s", version, code, message), "Connection: close",
		"Content-Type: text/html;charset=utf-8", fmt.Sprintf("Content-Length: %d", length))
}

func errorPage(code int, message, explain string) string {
	return fmt.Sprintf(`<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %d</p>
        <p>Message: %s.</p>
        <p>Error code explanation: %[1]d - %[3]s.</p>
    </body>
</html>
`, code, message, explain)
}

// Explanations that come often.
const (
	badSyntax   = "Bad request syntax or unsupported method"
	unsupported = "Server does not support this operation"
	notFound    = "Nothing matches the given URI"
)

// methods is the request_handler of CPython's BaseHTTPServerTestCase.
type methods struct{ fixed }

func (h *methods) DoTEST() {
	h.SendResponse(204, "")
	h.SendHeader("Content-Type", "text/html")
	h.SendHeader("Connection", "close")
	h.EndHeaders()
}

func (h *methods) DoKEEP() {
	h.SendResponse(204, "")
	h.SendHeader("Content-Type", "text/html")
	h.SendHeader("Connection", "keep-alive")
	h.EndHeaders()
}

func (h *methods) DoKEYERROR() { h.SendError(999, "", "") }

func (h *methods) DoNOTFOUND() { h.SendError(404, "", "") }

func (h *methods) DoEXPLAINERROR() {
	h.SendError(999, "Short Message", "This is a long \n explanation")
}

func (h *methods) DoCUSTOM() {
	h.SendResponse(999, "")
	h.SendHeader("Content-Type", "text/html")
	h.SendHeader("Connection", "close")
	h.EndHeaders()
}

func (h *methods) DoLATINONEHEADER() {
	h.SendResponse(999, "")
	h.SendHeader("X-Special", "D\xe4ngerous Mind")
	h.SendHeader("Connection", "close")
	h.EndHeaders()
	io.WriteString(h.WFile, h.Headers.Get("x-special-incoming"))
}

func (h *methods) DoSEND_ERROR() { h.sendErrorOfPath() }

func (h *methods) DoHEAD() { h.sendErrorOfPath() }

func (h *methods) sendErrorOfPath() {
	code, _ := strconv.Atoi(h.Path[1:])
	h.SendError(code, "", "")
}

func TestBaseHTTPServerTestCase(t *testing.T) {
	h := &methods{}
	h.ProtocolVersion, h.DefaultRequestVersion = "HTTP/1.1", "HTTP/1.1"
	refuse := func(code int, message, explain string) string { return refusal("HTTP/1.1", code, message, explain) }
	noGET := refuse(501, "Unsupported method ('GET')", unsupported)
	test := head("HTTP/1.1 204 No Content", "Content-Type: text/html", "Connection: close")
	replay(t, h, []exchange{
		{"test_command", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", noGET},
		{"test_request_line_trimming", "XYZBOGUS / HTTP/1.1\nHost: x\r\n\r\n", refuse(501, "Unsupported method ('XYZBOGUS')", unsupported)},
		// Unlike CPython, which never misses the Host: there is none before the empty line.
		{"test_request_line_trimming as sent", "XYZBOGUS / HTTP/1.1\n\r\nHost: x\r\n\r\n",
			refuse(400, "Bad Host header", "A request of HTTP/1.1 names its Host")},
		{"test_version_bogus", "GET / FUBAR\r\n\r\n", refuse(400, "Bad request version ('FUBAR')", badSyntax)},
		{"test_version_digits", "GET / HTTP/9.9.9\r\n\r\n", refuse(400, "Bad request version ('HTTP/9.9.9')", badSyntax)},
		{"test_version_signs_and_underscores", "GET / HTTP/-9_9_9.+9_9_9\r\n\r\n",
			refuse(400, "Bad request version ('HTTP/-9_9_9.+9_9_9')", badSyntax)},
		{"test_major_version_number_too_long", "GET / HTTP/909876543210.0\r\n\r\n",
			refuse(400, "Bad request version ('HTTP/909876543210.0')", badSyntax)},
		{"test_minor_version_number_too_long", "GET / HTTP/1.909876543210\r\n\r\n",
			refuse(400, "Bad request version ('HTTP/1.909876543210')", badSyntax)},
		{"test_version_none_get", "GET / \r\nHost: x\r\n\r\n", noGET},
		{"test_version_none", "CUSTOM / \r\nHost: x\r\n\r\n", refuse(400, "Bad HTTP/0.9 request type ('CUSTOM')", badSyntax)},
		{"test_version_invalid", "GET / HTTP/9.9\r\n\r\n", refuse(505, "Invalid HTTP version (9.9)", "Cannot fulfill request")},
		{"test_send_blank", " / \r\nHost: x\r\n\r\n", refuse(400, "Bad request syntax (' / ')", badSyntax)},
		{"test_header_close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", noGET},
		{"test_header_keep_alive", "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", noGET},
		{"test_handler", "TEST / HTTP/1.1\r\nHost: x\r\n\r\n", test},
		{"test_return_header_keep_alive", "KEEP / HTTP/1.1\r\nHost: x\r\n\r\nTEST / HTTP/1.1\r\nHost: x\r\n\r\n",
			head("HTTP/1.1 204 No Content", "Content-Type: text/html", "Connection: keep-alive") + test},
		{"test_internal_key_error", "KEYERROR / HTTP/1.1\r\nHost: x\r\n\r\n", refuse(999, "???", "???")},
		{"test_return_custom_status", "CUSTOM / HTTP/1.1\r\nHost: x\r\n\r\n",
			head("HTTP/1.1 999 ", "Content-Type: text/html", "Connection: close")},
		{"test_return_explain_error", "EXPLAINERROR / HTTP/1.1\r\nHost: x\r\n\r\n", refuse(999, "Short Message", "This is a long \n explanation")},
		// Unlike CPython, what came as latin-1 leaves as latin-1: strings are bytes.
		{"test_latin1_header", "LATINONEHEADER / HTTP/1.1\r\nHost: x\r\nX-Special-Incoming: \xc4rger mit Unicode\r\n\r\n",
			head("HTTP/1.1 999 ", "X-Special: D\xe4ngerous Mind", "Connection: close") + "\xc4rger mit Unicode"},
		{"test_error_content_length", "NOTFOUND / HTTP/1.1\r\nHost: x\r\n\r\n", refuse(404, "Not Found", notFound)},
		{"test_send_error 204", "SEND_ERROR /204 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 204 No Content", "Connection: close")},
		{"test_send_error 304", "SEND_ERROR /304 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 304 Not Modified", "Connection: close")},
		{"test_send_error 102", "SEND_ERROR /102 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 102 Processing", "Connection: close")},
		{"test_send_error 205", "SEND_ERROR /205 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 205 Reset Content", "Connection: close")},
		{"test_send_error 101", "SEND_ERROR /101 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 101 Switching Protocols", "Connection: close")},
		{"test_head_via_send_error 200", "HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n",
			refusalHead("HTTP/1.1", 200, "OK", len(errorPage(200, "OK", "Request fulfilled, document follows")))},
		{"test_head_via_send_error 204", "HEAD /204 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 204 No Content", "Connection: close")},
		{"test_head_via_send_error 304", "HEAD /304 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 304 Not Modified", "Connection: close")},
		{"test_head_via_send_error 205", "HEAD /205 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 205 Reset Content", "Connection: close")},
		{"test_head_via_send_error 101", "HEAD /101 HTTP/1.1\r\nHost: x\r\n\r\n", head("HTTP/1.1 101 Switching Protocols", "Connection: close")},
	})
}

// talkative is the request_handler of CPython's RequestHandlerLoggingTestCase.
type talkative struct{ httpserver.BaseHandler }

func (h *talkative) DoGET() {
	h.SendResponse(200, "")
	h.EndHeaders()
}

func (h *talkative) DoERROR() { h.SendError(404, "File not found", "") }

func TestRequestHandlerLoggingTestCase(t *testing.T) {
	for _, tt := range []struct{ name, request, want string }{
		{"test_get", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", `pipe - - [DATE] "GET / HTTP/1.1" 200 -` + "\n"},
		{"test_err", "ERROR / HTTP/1.1\r\nHost: x\r\n\r\n",
			"pipe - - [DATE] code 404, message File not found\n" + `pipe - - [DATE] "ERROR / HTTP/1.1" 404 -` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &talkative{}
			h.ProtocolVersion, h.DefaultRequestVersion = "HTTP/1.1", "HTTP/1.1"
			got := logDate.ReplaceAllString(stderrOf(t, func() { converse(t, h, tt.request) }), "[DATE]")
			if got != tt.want {
				t.Errorf("logged\n%swant\n%s", got, tt.want)
			}
		})
	}
}

var logDate = regexp.MustCompile(`\[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\]`)

// converse has a handler serve one request over a pipe, here, and gives the writes that it answered with. The connection
// is to close with the answer.
func converse(t *testing.T, handler httpserver.RequestHandler, request string) (writes []string) {
	t.Helper()
	client, server := net.Pipe()
	client.SetDeadline(time.Now().Add(wiretest.Patience))
	done := make(chan struct{})
	go func() {
		defer close(done)
		go io.WriteString(client, request)
		io.Copy(io.Discard, client)
		client.Close()
	}()
	recorded := &recordedConn{Conn: server}
	httpserver.ServeConn(recorded, handler)
	<-done
	return recorded.writes
}

// A recordedConn keeps what is written to it.
type recordedConn struct {
	net.Conn
	mu     sync.Mutex
	writes []string
}

func (c *recordedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.writes = append(c.writes, string(p))
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *recordedConn) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.writes)
}

// stderrOf gives what do writes to standard error.
func stderrOf(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()
	do()
	written, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

// site is a SimpleHandler with a fixed Server, Date and ETag.
type site struct{ httpserver.SimpleHandler }

func (h *site) VersionString() string     { return "S" }
func (h *site) LogMessage(string, ...any) {}

func (h *site) SendHeader(name, value string) {
	if name == "ETag" {
		value = `"T"`
	}
	h.SimpleHandler.SendHeader(name, value)
}

func (h *site) DateTimeString(at time.Time) string {
	if at.IsZero() {
		return "D"
	}
	return h.SimpleHandler.DateTimeString(at)
}

// knights is the content of the file "dir/test", and modifiedAt is when it was changed.
const (
	knights    = "We are the knights who say Ni!"
	modifiedAt = "Thu, 29 Feb 2024 12:34:56 GMT"
)

// newSite gives a handler over a directory that holds dir/test and the files named.
func newSite(t *testing.T, files ...string) *site {
	t.Helper()
	root := t.TempDir()
	for _, name := range append([]string{"dir/test"}, files...) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(knights), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	h := &site{}
	h.Directory = root
	return h
}

// file is the answer with a file of knights.
func file(mediaType string) string { return fileHead(mediaType) + knights }

func fileHead(mediaType string) string {
	return head("HTTP/1.0 200 OK", "Content-type: "+mediaType, fmt.Sprintf("Content-Length: %d", len(knights)), "Last-Modified: "+modifiedAt,
		"Accept-Ranges: bytes", `ETag: "T"`)
}

// listing is the answer with a directory. Items are pairs of href and text.
func listing(title string, items ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Directory listing for %s</title>\n</head>\n"+
		"<body>\n<h1>Directory listing for %[1]s</h1>\n<hr>\n<ul>\n", title)
	for i := 0; i < len(items); i += 2 {
		fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a></li>\n", items[i], items[i+1])
	}
	b.WriteString("</ul>\n<hr>\n</body>\n</html>\n")
	return head("HTTP/1.0 200 OK", "Content-type: text/html; charset=utf-8", fmt.Sprintf("Content-Length: %d", b.Len())) + b.String()
}

func redirect(location string) string {
	return head("HTTP/1.0 301 Moved Permanently", "Location: "+location, "Content-Length: 0")
}

// get10 is a request of HTTP/1.0.
func get10(target string, fields ...string) string {
	return "GET " + target + " HTTP/1.0\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
}

func TestSimpleHTTPServerTestCase(t *testing.T) {
	files := []string{"dir/spam/index.html/", "dir/existing_directory/", "indexed/index.html"}
	if runtime.GOOS != "windows" { // where no file may have such a name
		files = append(files, "bytes/\xff.txt", "html/<test&>.txt")
	}
	h := newSite(t, files...)
	missing := refusal("HTTP/1.0", 404, "File not found", notFound)
	octets := file("application/octet-stream")
	dir := func(title string) string {
		return listing(title, "existing_directory/", "existing_directory/", "spam/", "spam/", "test", "test")
	}
	const injection = "/python.org/..%2f..%2f..%2f..%2f..%2f../%0a%0d/../dir/existing_directory"
	notModified := head("HTTP/1.0 304 Not Modified", `ETag: "T"`)
	no := func(method string) string {
		return refusal("HTTP/1.0", 501, "Unsupported method ('"+method+"')", unsupported)
	}
	cases := []exchange{
		// Unlike CPython, byte 0xFF is %FF and not %ED%B3%BF.
		{"test_undecodable_filename listed", get10("/bytes/"), listing("/bytes/", "%FF.txt", "\xff.txt")},
		{"test_undecodable_filename", get10("/bytes/%FF.txt"), file("text/plain")},
		// Like CPython since 3.13.4, the query is not shown.
		{"test_undecodable_parameter", get10("/html/?x=%bb"), listing("/html/", "%3Ctest%26%3E.txt", "&lt;test&amp;&gt;.txt")},
		{"test_get_dir_redirect_location_domain_injection_bug", get10(injection), redirect(injection + "/")},
		{"test_get_dir_redirect_location_domain_injection_bug, two slashes", get10("/" + injection), redirect(injection + "/")},
		{"test_get_dir_redirect_location_domain_injection_bug, three slashes", get10("//" + injection), redirect(injection + "/")},
		{"test_get_dir_redirect_location_domain_injection_bug, absolute-form", get10("https://pypi.org/" + injection),
			redirect("https://pypi.org" + injection + "/")},
		{"test_get", get10("/dir/test"), octets},
		{"test_get file and slash", get10("/dir/test/"), missing},
		{"test_get file and %2f", get10("/dir/test%2f"), missing},
		{"test_get file and %2F", get10("/dir/test%2F"), missing},
		{"test_get directory", get10("/dir/"), dir("/dir/")},
		{"test_get directory and %2f", get10("/dir%2f"), dir("/dir/")},
		{"test_get directory without a slash", get10("/dir"), redirect("/dir/")},
		{"test_get directory and a query", get10("/dir/?hi=2"), dir("/dir/")},
		{"test_get directory without a slash and a query", get10("/dir?hi=1"), redirect("/dir/?hi=1")},
		{"test_get missing", get10("/ThisDoesNotExist"), missing},
		{"test_get missing directory", get10("/ThisDoesNotExist/"), missing},
		{"test_get directory index.html", get10("/dir/spam/"), listing("/dir/spam/", "index.html/", "index.html/")},
		{"test_get index.html", get10("/indexed/"), file("text/html")},
		{"test_head", "HEAD /dir/test HTTP/1.0\r\n\r\n", fileHead("application/octet-stream")},
		{"test_browser_cache", get10("/dir/test", "If-Modified-Since: "+modifiedAt), notModified},
		{"test_browser_cache an hour later", get10("/dir/test", "If-Modified-Since: Thu, 29 Feb 2024 13:34:56 GMT"), notModified},
		{"test_browser_cache_file_changed", get10("/dir/test", "If-Modified-Since: Tue, 28 Feb 2023 12:34:56 GMT"), octets},
		{"test_browser_cache_with_If_None_Match_header", get10("/dir/test", "If-Modified-Since: "+modifiedAt, "If-None-Match: *"), notModified}, // unlike CPython: RFC 9110 §13.1.2
		{"test_invalid_requests FOO", "FOO / HTTP/1.0\r\n\r\n", no("FOO")},
		{"test_invalid_requests custom", "custom / HTTP/1.0\r\n\r\n", no("custom")},
		{"test_invalid_requests GETs", "GETs / HTTP/1.0\r\n\r\n", no("GETs")},
		{"test_last_modified", get10("/dir/test"), octets},
		{"test_path_without_leading_slash", get10("dir/test"), octets},
		{"test_path_without_leading_slash file and slash", get10("dir/test/"), missing},
		{"test_path_without_leading_slash directory", get10("dir/"), dir("dir/")},
		{"test_path_without_leading_slash directory without a slash", get10("dir"), redirect("dir/")},
		{"test_path_without_leading_slash directory and a query", get10("dir/?hi=2"), dir("dir/")},
		{"test_path_without_leading_slash directory without a slash and a query", get10("dir?hi=1"), redirect("dir/?hi=1")},
		{"test_html_escape_filename", get10("/html/"), listing("/html/", "%3Ctest%26%3E.txt", "&lt;test&amp;&gt;.txt")},
	}
	if runtime.GOOS == "windows" {
		cases = slices.DeleteFunc(cases, func(e exchange) bool {
			return strings.Contains(e.request, " /bytes/") || strings.Contains(e.request, " /html/")
		})
	}
	replay(t, h, cases)
}

// A directory that may not be read is 404, and root may read it.
func TestSimpleHTTPServerUnreadable(t *testing.T) {
	h := newSite(t)
	if err := os.Chmod(filepath.Join(h.Directory, "dir"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(h.Directory, "dir"), 0o755) })
	directory, inside := refusal("HTTP/1.0", 404, "No permission to list directory", notFound), refusal("HTTP/1.0", 404, "File not found", notFound)
	if os.Geteuid() == 0 || runtime.GOOS == "windows" { // which knows no such modes
		directory, inside = listing("/dir/", "test", "test"), file("application/octet-stream")
	}
	replay(t, h, []exchange{
		{"test_get unreadable directory", get10("/dir/"), directory},
		{"test_get unreadable directory without a slash", get10("/dir"), redirect("/dir/")},
		{"test_get file in an unreadable directory", get10("/dir/test"), inside},
	})
}

// dataHandler is CPython's SocketlessRequestHandler.
type dataHandler struct {
	fixed
	seen *seenRequest
}

// A seenRequest is what DoGET saw.
type seenRequest struct {
	line, command, path, version string
	fields                       []string
}

const data = "<html><body>Data</body></html>\r\n"

func (h *dataHandler) DoGET() {
	*h.seen = seenRequest{line: h.RequestLine, command: h.Command, path: h.Path, version: h.RequestVersion}
	for name, value := range h.Headers.All() {
		h.seen.fields = append(h.seen.fields, name+": "+value)
	}
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "text/html")
	h.EndHeaders()
	io.WriteString(h.WFile, data)
}

// rejecting is CPython's RejectingSocketlessRequestHandler.
type rejecting struct{ dataHandler }

func (h *rejecting) HandleExpect100() bool {
	h.SendError(417, "", "")
	return false
}

// buffering makes answers in the steps whose writes CPython's test_header_buffering_… count.
type buffering struct {
	fixed
	t *testing.T
}

func (h *buffering) writes() int {
	return h.Connection.(interface{ NetConn() net.Conn }).NetConn().(*recordedConn).count()
}

func (h *buffering) DoERROR() { h.SendError(418, "", "") }

func (h *buffering) DoSTATUS() {
	h.SendResponseOnly(418, "")
	if n := h.writes(); n != 0 {
		h.t.Errorf("%d writes before EndHeaders", n)
	}
	h.EndHeaders()
}

func (h *buffering) DoFIELDS() {
	h.SendHeader("Foo", "foo")
	h.SendHeader("bar", "bar")
	if n := h.writes(); n != 0 {
		h.t.Errorf("%d writes before EndHeaders", n)
	}
	h.EndHeaders()
}

func TestBaseHTTPRequestHandlerTestCase(t *testing.T) {
	ok := head("HTTP/1.1 200 OK", "Content-Type: text/html", "Connection: close") + data
	tooLong := strings.Repeat("r", 65537)
	request := func(line string) *seenRequest {
		words := strings.Split(line, " ")
		return &seenRequest{line: line, command: words[0], path: words[1], version: words[2]}
	}
	with := func(r *seenRequest, fields ...string) *seenRequest { r.fields = fields; return r }
	for _, tt := range []struct {
		name, request, want string
		seen                *seenRequest // by DoGET
	}{
		{"test_http_1_1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", ok, with(request("GET / HTTP/1.1"), "Host: x")},
		{"test_http_1_0", "GET / HTTP/1.0\r\n\r\n", ok, request("GET / HTTP/1.0")},
		{"test_http_0_9", "GET / HTTP/0.9\r\n\r\n", data, request("GET / HTTP/0.9")},
		{"test_extra_space", "GET /spaced out HTTP/1.1\r\nHost: dummy\r\n\r\n",
			refusal("HTTP/1.1", 400, "Bad request syntax ('GET /spaced out HTTP/1.1')", badSyntax), nil},
		{"test_with_continue_1_0", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", ok,
			with(request("GET / HTTP/1.0"), "Expect: 100-continue")},
		{"test_with_continue_1_1", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" + ok,
			with(request("GET / HTTP/1.1"), "Host: x", "Expect: 100-continue")},
		{"test_request_length", "GET " + strings.Repeat("x", 65537), refusal("HTTP/1.1", 414, "URI Too Long", "URI is too long"), nil},
		{"test_header_length", "GET / HTTP/1.1\r\nX-Foo: bar" + tooLong + "\r\n\r\n",
			refusal("HTTP/1.1", 431, "Line too long", "got more than 65536 bytes when reading header line"), nil},
		{"test_too_many_headers", "GET / HTTP/1.1\r\n" + strings.Repeat("X-Foo: bar\r\n", 101) + "\r\n",
			refusal("HTTP/1.1", 431, "Too many headers", "got more than 100 headers"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &dataHandler{seen: &seenRequest{}}
			h.ProtocolVersion = "HTTP/1.1"
			if got := strings.Join(converse(t, h, tt.request), ""); got != tt.want {
				t.Errorf("%.300q\ngot  %q\nwant %q", tt.request, got, tt.want)
			}
			if tt.seen == nil {
				tt.seen = &seenRequest{}
			}
			if !reflect.DeepEqual(h.seen, tt.seen) {
				t.Errorf("%.300q: DoGET saw %q, want %q", tt.request, *h.seen, *tt.seen)
			}
		})
	}

	t.Run("test_html_escape_on_error", func(t *testing.T) {
		h := &fixed{}
		h.ProtocolVersion = "HTTP/1.1"
		got := strings.Join(converse(t, h, `<script>alert("hello")</script> / HTTP/1.1`+"\r\nHost: x\r\n\r\n"), "")
		page := errorPage(501, `Unsupported method ('&lt;script&gt;alert("hello")&lt;/script&gt;')`, unsupported)
		want := refusalHead("HTTP/1.1", 501, `Unsupported method ('<script>alert("hello")</script>')`, len(page)) + page
		if got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})

	t.Run("test_with_continue_rejected", func(t *testing.T) {
		h := &rejecting{dataHandler{seen: &seenRequest{}}}
		h.ProtocolVersion = "HTTP/1.1"
		got := strings.Join(converse(t, h, "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"), "")
		want := refusal("HTTP/1.1", 417, "Expectation Failed", "Expect condition could not be satisfied")
		if got != want || h.seen.command != "" {
			t.Errorf("got  %q\nwant %q\nDoGET saw %q", got, want, *h.seen)
		}
	})

	t.Run("test_header_unbuffered_when_continue", func(t *testing.T) {
		h := &dataHandler{seen: &seenRequest{}}
		h.ProtocolVersion = "HTTP/1.1"
		conn := dial(t, serveDuring(t, h).ServerAddress())
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
		expect(t, conn, "HTTP/1.1 100 Continue\r\n\r\n") // without the body
		io.WriteString(conn, "hello")
		expect(t, conn, ok)
		expectEOF(t, conn)
	})

	// Unlike CPython, head and page leave in one write.
	for _, tt := range []struct{ name, request, want string }{
		{"test_header_buffering_of_send_error", "ERROR / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			refusal("HTTP/1.1", 418, "I'm a Teapot", "Server refuses to brew coffee because it is a teapot.")},
		{"test_header_buffering_of_send_response_only", "STATUS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"HTTP/1.1 418 I'm a Teapot\r\nConnection: close\r\n\r\n"},
		{"test_header_buffering_of_send_header", "FIELDS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"Foo: foo\r\nbar: bar\r\nConnection: close\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &buffering{t: t}
			h.ProtocolVersion = "HTTP/1.1"
			if got := converse(t, h, tt.request); len(got) != 1 || got[0] != tt.want {
				t.Errorf("got %q, want one write of %q", got, tt.want)
			}
		})
	}

	t.Run("test_unprintable_not_logged", func(t *testing.T) {
		got := logDate.ReplaceAllString(stderrOf(t, func() { converse(t, &unprintable{}, "") }), "[DATE]")
		want := `pipe - - [DATE] /foo
pipe - - [DATE] /\x1bbar\x00\x1b
pipe - - [DATE] /spam a.
pipe - - [DATE] /spam \x1b\x7f\x9f` + "\u00a0" + `beans.
pipe - - [DATE] "GET /foo\\b"ar\x07 HTTP/1.0"
`
		if got != want {
			t.Errorf("logged\n%swant\n%s", got, want)
		}
	})

	t.Run("test_close_connection", func(t *testing.T) {
		for _, values := range [][]bool{{true}, {false, false, true}} {
			h := &closing{values: values}
			converse(t, h, "")
			if len(h.values) > 0 {
				t.Errorf("%v: HandleOneRequest was not called for %v", values, h.values)
			}
		}
	})

	t.Run("test_date_time_string", func(t *testing.T) {
		now := time.Now()
		if got, want := new(httpserver.BaseHandler).DateTimeString(now), now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"); got != want {
			t.Errorf("DateTimeString = %q, want %q", got, want)
		}
	})
}

// unprintable logs what test_unprintable_not_logged does.
type unprintable struct{ httpserver.BaseHandler }

func (h *unprintable) Handle() {
	h.LogMessage("/foo")
	h.LogMessage("/\033bar\000\033")
	h.LogMessage("/spam %s.", "a")
	h.LogMessage("/spam %s.", "\033\x7f\u009f\u00a0beans")
	h.LogMessage("\"GET /foo\\b\"ar\007 HTTP/1.0\"")
}

// closing is a handler that sets CloseConnection to one value for each request.
type closing struct {
	fixed
	values []bool
}

func (h *closing) HandleOneRequest() { h.CloseConnection, h.values = h.values[0], h.values[1:] }

func TestSimpleHTTPRequestHandlerTestCase(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, target string }{
		{"test_query_arguments", "/filename"},
		{"test_query_arguments query", "/filename?foo=bar"},
		{"test_query_arguments query and fragment", "/filename?a=b&spam=eggs#zot"},
		{"test_start_with_double_slash", "//filename"},
		{"test_start_with_double_slash and a query", "//filename?foo=bar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for directory, want := range map[string]string{"": filepath.Join(cwd, "filename"), "foo": filepath.Join("foo", "filename"), "bar": filepath.Join("bar", "filename")} {
				h := &httpserver.SimpleHandler{Directory: directory}
				if got := h.TranslatePath(tt.target); got != want {
					t.Errorf("in %q: TranslatePath(%q) = %q, want %q", directory, tt.target, got, want)
				}
			}
		})
	}
	t.Run("test_windows_colon", func(t *testing.T) {
		for _, path := range []string{`c:c:c:foo/filename`, `\c:../filename`, `c:\c:..\foo/filename`, `c:c:foo\c:c:bar/filename`} {
			if got := urlpath.Local(path, true); got != "filename" {
				t.Errorf("Local(%q) = %q on Windows, want %q", path, got, "filename")
			}
		}
	})
}

func TestMiscTestCase(t *testing.T) {
	t.Run("test_all", func(t *testing.T) {
		for theirs, ours := range map[string]reflect.Type{
			"HTTPServer":               reflect.TypeFor[httpserver.Server](),
			"ThreadingHTTPServer":      reflect.TypeFor[httpserver.ThreadingServer](),
			"BaseHTTPRequestHandler":   reflect.TypeFor[httpserver.BaseHandler](),
			"SimpleHTTPRequestHandler": reflect.TypeFor[httpserver.SimpleHandler](),
		} {
			want := strings.NewReplacer("HTTP", "", "Request", "").Replace(theirs)
			if ours.Name() != want {
				t.Errorf("%s is %s here, want %s", theirs, ours.Name(), want)
			}
		}
	})
}

// here is the request_handler of CPython's HTTP09ServerTestCase.
type here struct{ fixed }

func (h *here) DoGET() {
	h.SendResponse(200, "")
	h.EndHeaders()
	io.WriteString(h.WFile, "OK: here is "+h.Path+"\r\n")
}

// The client keeps its side open: the answer does not wait for more.
func TestHTTP09ServerTestCase(t *testing.T) {
	s := serveDuring(t, &here{})
	for _, tt := range []exchange{
		{"test_simple_get", "GET /index.html\r\n", "OK: here is /index.html\r\n"},
		{"test_invalid_request", "POST /index.html\r\n", refusal("HTTP/1.0", 400, "Bad HTTP/0.9 request type ('POST')", badSyntax)},
		{"test_single_request", "GET /foo.html\r\nGET /bar.html\r\n", "OK: here is /foo.html\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := dial(t, s.ServerAddress())
			io.WriteString(conn, tt.request)
			expect(t, conn, tt.want)
			expectEOF(t, conn)
		})
	}
}

// A name is listed with a link that leads to it, as a directory's and as a file's, and stands in the directory's title.
func TestListDirTestCase(t *testing.T) {
	for _, tt := range []struct{ name, file, href, text string }{
		{"test_list_dir_nonascii_dirname", "é日", "%C3%A9%E6%97%A5", "é日"},
		{"test_list_dir_nonascii_filename", "é日.txt", "%C3%A9%E6%97%A5.txt", "é日.txt"},
		{"test_list_dir_undecodable_dirname", "\xff", "%FF", "\xff"},
		{"test_list_dir_undecodable_dirname2", "\xe2\x82", "%E2%82", "\xe2\x82"},
		{"test_list_dir_undecodable_filename", "\xff.txt", "%FF.txt", "\xff.txt"},
		{"test_list_dir_unencodable_dirname", "\xed\xb3\xbf", "%ED%B3%BF", "\xed\xb3\xbf"}, // a surrogate, U+DCFF
		{"test_list_dir_unencodable_filename", "\xed\xb3\xbf.txt", "%ED%B3%BF.txt", "\xed\xb3\xbf.txt"},
		{"test_list_dir_escape_dirname", "&amp;<i>", "%26amp%3B%3Ci%3E", "&amp;amp;&lt;i&gt;"},
		{"test_list_dir_escape_dirname q?", "q?", "q%3F", "q?"},
		{"test_list_dir_escape_dirname f#", "f#", "f%23", "f#"},
		{"test_list_dir_escape_filename", `"dq"'sq'`, "%22dq%22%27sq%27", `"dq"'sq'`},
		{"test_list_dir_escape_filename %A4", "%A4", "%25A4", "%A4"},
		{"test_list_dir_escape_filename %E2%82%AC", "%E2%82%AC", "%25E2%2582%25AC", "%E2%82%AC"},
	} {
		mediaType := "application/octet-stream"
		if strings.HasSuffix(tt.file, ".txt") {
			mediaType = "text/plain"
		}
		if runtime.GOOS == "windows" && (!utf8.ValidString(tt.file) || strings.ContainsAny(tt.file, `<>"?`)) {
			continue // no name there
		}
		h := newSite(t, "files/"+tt.file, "dirs/"+tt.file+"/")
		t.Run(tt.name, func(t *testing.T) {
			replay(t, h, []exchange{
				{"listed as a file", get10("/files/"), listing("/files/", tt.href, tt.text)},
				{"listed as a directory", get10("/dirs/"), listing("/dirs/", tt.href+"/", tt.text+"/")},
				{"file", get10("/files/" + tt.href), file(mediaType)},
				{"directory", get10("/dirs/" + tt.href + "/"), listing("/dirs/" + tt.text + "/")},
				{"redirect", get10("/dirs/" + tt.href), redirect("/dirs/" + tt.href + "/")},
			})
		})
	}
	replay(t, newSite(t), []exchange{
		{"test_list_dir_with_query_and_fragment", get10("/dir/?x=1#y"), listing("/dir/", "test", "test")},
		{"test_list_dir_with_query_and_fragment, fragment first", get10("/dir/#y?x=1"), listing("/dir/", "test", "test")},
	})
}

// faulty is a handler that panics with the server's word.
type faulty struct {
	fixed
	problem any
	called  chan<- struct{}
}

func (h *faulty) Handle() {
	h.called <- struct{}{}
	panic(h.problem)
}

// writing is the Handler of CPython's test_write.
type writing struct {
	fixed
	sent chan<- int
}

const bigChunk = 16 << 20

func (h *writing) Handle() {
	io.WriteString(h.WFile, "write data\n")
	line, err := bufio.NewReader(h.Connection).ReadString('\n')
	if err != nil || line != "client response\n" {
		h.sent <- -1
		return
	}
	n, _ := h.WFile.Write(make([]byte, bigChunk))
	h.sent <- n
}

// aServer is what Server and ThreadingServer have in common.
type aServer interface {
	ServeForever() error
	HandleRequest() error
	Shutdown(context.Context) error
	Close() error
	ServerAddress() net.Addr
}

func TestSocketServer(t *testing.T) {
	t.Run("test_shutdown", func(t *testing.T) {
		checkLeaks(t)
		ctx, cancel := context.WithTimeout(t.Context(), wiretest.Patience)
		defer cancel()
		ended := make(chan error, 20)
		for range cap(ended) {
			s, err := httpserver.NewServer("127.0.0.1:0", &fixed{})
			if err != nil {
				t.Fatal(err)
			}
			go func() { ended <- s.ServeForever() }()
			if err := s.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		}
		for range cap(ended) {
			if err := <-ended; !errors.Is(err, httpserver.ErrServerClosed) {
				t.Errorf("ServeForever: %v", err)
			}
		}
	})

	t.Run("test_close_immediately", func(t *testing.T) {
		checkLeaks(t)
		s, err := httpserver.NewThreadingServer("127.0.0.1:0", &fixed{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})

	t.Run("test_tcpserver_bind_leak", func(t *testing.T) {
		checkLeaks(t)
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		for _, addr := range []string{"127.0.0.1:-1", taken.Addr().String()} {
			for range 1024 {
				if s, err := httpserver.NewServer(addr, &fixed{}); err == nil {
					s.Close()
					t.Fatalf("NewServer(%q) gives no error", addr)
				}
			}
		}
	})

	t.Run("test_context_manager", func(t *testing.T) {
		s, err := httpserver.NewServer("127.0.0.1:0", &fixed{})
		if err != nil {
			t.Fatal(err)
		}
		addr := s.ServerAddress().String()
		s.Close()
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatalf("the address is still taken: %v", err)
		}
		l.Close()
	})

	// Unlike CPython, where SystemExit leaves the server, whatever a handler panics with is handled and the server lives.
	for _, tt := range []struct {
		name      string
		threading bool
		problem   any
	}{
		{"test_sync_handled", false, errors.New("Test error")},
		{"test_sync_not_handled", false, os.Interrupt},
		{"test_threading_handled", true, errors.New("Test error")},
		{"test_threading_not_handled", true, os.Interrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkLeaks(t)
			called, handled := make(chan struct{}, 2), make(chan any, 2)
			handleError := func(_ net.Conn, problem any) { handled <- problem }
			h := &faulty{problem: tt.problem, called: called}
			var s aServer
			var err error
			if tt.threading {
				var threading *httpserver.ThreadingServer
				threading, err = httpserver.NewThreadingServer("127.0.0.1:0", h)
				threading.HandleError = handleError
				s = threading
			} else {
				var plain *httpserver.Server
				plain, err = httpserver.NewServer("127.0.0.1:0", h)
				plain.HandleError = handleError
				s = plain
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for range 2 { // it lives
				conn := dial(t, s.ServerAddress())
				if err := s.HandleRequest(); err != nil {
					t.Fatal(err)
				}
				<-called
				if problem := <-handled; problem != tt.problem {
					t.Errorf("HandleError got %v, want %v", problem, tt.problem)
				}
				io.Copy(io.Discard, conn) // it is closed
				conn.Close()
			}
		})
	}

	t.Run("test_write", func(t *testing.T) {
		sent := make(chan int, 1)
		conn := dial(t, serveDuring(t, &writing{sent: sent}).ServerAddress())
		expect(t, conn, "write data\n") // at once, without a flush
		io.WriteString(conn, "client response\n")
		rest, err := io.Copy(io.Discard, conn)
		if n := <-sent; n != bigChunk || rest != bigChunk || err != nil {
			t.Errorf("wrote %d bytes, %d came, %v; want %d", n, rest, err, bigChunk)
		}
	})

	t.Run("test_shutdown_request_called_if_verify_request_false", func(t *testing.T) {
		s := serveDuring(t, &fixed{}, func(s *httpserver.ThreadingServer) {
			s.VerifyRequest = func(net.Conn) bool { return false }
		})
		expectEOF(t, dial(t, s.ServerAddress()))
	})

	t.Run("test_threads_reaped", func(t *testing.T) {
		checkLeaks(t)
		s, err := httpserver.NewThreadingServer("127.0.0.1:0", &fixed{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for range 10 {
			conn := dial(t, s.ServerAddress())
			if err := s.HandleRequest(); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
	})
}

// TestNamesOfCPython looks for the names of CPython's tests: those of its command line are elsewhere.
func TestNamesOfCPython(t *testing.T) {
	found := map[string]bool{}
	for _, name := range []string{"parity_test.go", "parity_cgi_test.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, _ := strconv.Unquote(lit.Value)
					name, _, _ := strings.Cut(s, " ")
					found[f.Name.Name+"/"+name] = true
				}
				return true
			})
		}
	}
	for test, names := range namesOfCPython {
		for name := range strings.FieldsSeq(names) {
			if !found[test+"/"+name] {
				t.Errorf("%s has no %s", test, name)
			}
		}
	}
}

var namesOfCPython = map[string]string{
	"TestBaseHTTPServerTestCase": `
		test_command test_request_line_trimming test_version_bogus test_version_digits test_version_signs_and_underscores
		test_major_version_number_too_long test_minor_version_number_too_long test_version_none_get test_version_none
		test_version_invalid test_send_blank test_header_close test_header_keep_alive test_handler
		test_return_header_keep_alive test_internal_key_error test_return_custom_status test_return_explain_error
		test_latin1_header test_error_content_length test_send_error test_head_via_send_error`,
	"TestRequestHandlerLoggingTestCase": `test_get test_err`,
	"TestSimpleHTTPServerTestCase": `
		test_undecodable_filename test_undecodable_parameter test_get_dir_redirect_location_domain_injection_bug test_get
		test_head test_browser_cache test_browser_cache_file_changed test_browser_cache_with_If_None_Match_header
		test_invalid_requests test_last_modified test_path_without_leading_slash test_html_escape_filename`,
	"TestBaseHTTPRequestHandlerTestCase": `
		test_unprintable_not_logged test_http_1_1 test_http_1_0 test_http_0_9 test_extra_space test_with_continue_1_0
		test_with_continue_1_1 test_header_buffering_of_send_error test_header_buffering_of_send_response_only
		test_header_buffering_of_send_header test_header_unbuffered_when_continue test_with_continue_rejected
		test_request_length test_header_length test_too_many_headers test_html_escape_on_error test_close_connection
		test_date_time_string`,
	"TestSimpleHTTPRequestHandlerTestCase": `test_query_arguments test_start_with_double_slash test_windows_colon`,
	"TestMiscTestCase":                     `test_all`,
	"TestCGIHTTPServerTestCase":            `test_url_collapse_path`,
	"testCGIHTTPServer": `
		test_headers_and_content test_issue19435 test_post test_invaliduri test_authorization test_no_leading_slash
		test_os_environ_is_not_altered test_urlquote_decoding_in_cgi_check test_nested_cgi_path_issue21323
		test_query_with_multiple_question_mark test_query_with_continuous_slashes test_cgi_path_in_sub_directories
		test_accept test_large_content_length test_large_content_length_truncated`,
	"TestHTTP09ServerTestCase": `test_simple_get test_invalid_request test_single_request`,
	"TestListDirTestCase": `
		test_list_dir_nonascii_dirname test_list_dir_nonascii_filename test_list_dir_undecodable_dirname
		test_list_dir_undecodable_dirname2 test_list_dir_undecodable_filename test_list_dir_unencodable_dirname
		test_list_dir_unencodable_filename test_list_dir_escape_dirname test_list_dir_escape_filename
		test_list_dir_with_query_and_fragment`,
	"TestSocketServer": `
		test_shutdown test_close_immediately test_tcpserver_bind_leak test_context_manager test_sync_handled
		test_sync_not_handled test_threading_handled test_threading_not_handled test_write
		test_shutdown_request_called_if_verify_request_false test_threads_reaped`,
}
