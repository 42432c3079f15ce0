//go:build unix

package httpserver_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/httpserver"
)

// An outputCase is what a script writes and what the client gets: the status line
// from its code on and the fields, without Server and Date, line by line, and the
// content. A head that is a number alone is an answer of the library's own. Content
// behind a "-" is sent by HTTP/0.9 alone, which has no status to say that there is none.
type outputCase struct {
	name, output  string
	head, content string
	log           string // what stands there beside the requests
}

// outputSections are cases by section of RFC 3875.
var outputSections = []struct {
	name  string
	cases []outputCase
}{
	{"§6.2.1 document response", []outputCase{
		{"LF", "Content-Type: text/plain\n\nhello\n", "200 OK\nContent-Type: text/plain", "hello\n", ""},
		{"CRLF", "Content-Type: text/plain\r\n\r\nhello\r\n", "200 OK\nContent-Type: text/plain", "hello\r\n", ""},
		{"some of either", "A: b\r\nC: d\nE: f\r\n\nhello", "200 OK\nA: b\nC: d\nE: f", "hello", ""},
		{"no content", "Content-Type: text/plain\n\n", "200 OK\nContent-Type: text/plain", "", ""},
		{"no type", "X-A: b\n\nhello", "200 OK\nX-A: b", "hello", ""},
		{"empty lines begin the content", "A: b\n\n\n\nhello", "200 OK\nA: b", "\n\nhello", ""},
		{"a head in the content", "A: b\n\nStatus: 404\nLocation: /x\n\n", "200 OK\nA: b", "Status: 404\nLocation: /x\n\n", ""},
		{"a chunk in the content", "A: b\n\n0\r\n\r\n", "200 OK\nA: b", "0\r\n\r\n", ""},
		{"any bytes", "A: b\n\n\x00\xff\r\x1b", "200 OK\nA: b", "\x00\xff\r\x1b", ""},
	}},
	{"§6.2.2 local redirect", []outputCase{
		{"to a file", "Location: /page.txt\n\n", "200 OK\nContent-type: text/plain\nContent-Length: 5\nLast-Modified: D\nAccept-Ranges: bytes\nETag: \"T\"", "page\n", ""},
		{"with a type", "Content-Type: text/html\nLocation: /page.txt\n\nnot this", "200 OK\nContent-type: text/plain\nContent-Length: 5\nLast-Modified: D\nAccept-Ranges: bytes\nETag: \"T\"", "page\n", ""},
		{"to a script", "Location: " + say("Status: 418 T\nX: y\n\nz") + "\n\n", "418 T\nX: y", "z", ""},
		{"and on", "Location: " + say("location: "+say("A: b\n\nend")+"\n\n") + "\n\n", "200 OK\nA: b", "end", ""},
		{"to nothing", "Location: /nothing\n\n", "404 File not found", "Nothing matches the given URI", ""},
		{"to no script", "Location: /cgi-bin/none\n\n", "404 No such CGI script ('/cgi-bin/none')", "Nothing matches the given URI", ""},
		{"up", "Location: /../../page.txt\n\n", "200 OK\nContent-type: text/plain\nContent-Length: 5\nLast-Modified: D\nAccept-Ranges: bytes\nETag: \"T\"", "page\n", ""},
		{"to a script's source", "Location: /cgi-bin/%2e/say/../source\n\n", "403 CGI script is not executable ('/cgi-bin/source')", "Request forbidden -- authorization will not help", ""},
	}},
	{"§6.2.3 client redirect", []outputCase{
		{"absolute", "Location: http://a.example/b\n\n", "302 Found\nLocation: http://a.example/b", "", ""},
		{"with a fragment", "Location: /a#b\n\n", "302 Found\nLocation: /a#b", "", ""},
		{"to another host", "Location: //a.example/\n\n", "302 Found\nLocation: //a.example/", "", ""},
		{"relative", "Location: b\n\n", "302 Found\nLocation: b", "", ""},
		{"with another field", "Location: /page.txt\nSet-Cookie: a=b\n\n", "302 Found\nLocation: /page.txt\nSet-Cookie: a=b", "", ""},
		{"with a status", "Status: 303 Go\nLocation: /page.txt\n\n", "303 Go\nLocation: /page.txt", "", ""},
		{"with a length", "Location: /page.txt\nContent-Length: 0\n\n", "302 Found\nLocation: /page.txt\nContent-Length: 0", "", ""},
		{"with a blank", "Location: /page.txt HTTP/1.0\n\n", "302 Found\nLocation: /page.txt HTTP/1.0", "", ""},
	}},
	{"§6.2.4 client redirect with document", []outputCase{
		{"as it says", "Location: http://a.example/\nStatus: 301 Moved\nContent-Type: text/plain\n\nthere", "301 Moved\nLocation: http://a.example/\nContent-Type: text/plain", "there", ""},
		{"without a status", "Location: http://a.example/\nContent-Type: text/plain\n\nthere", "302 Found\nLocation: http://a.example/\nContent-Type: text/plain", "there", ""},
	}},
	{"§6.3 fields", []outputCase{
		{"in any case", "content-TYPE: text/plain\nSTATUS: 404 x\n\n", "404 x\ncontent-TYPE: text/plain", "", ""},
		{"in order", "B: 1\nA: 2\nB: 3\n\n", "200 OK\nB: 1\nA: 2\nB: 3", "", ""},
		{"blanks around values", "A:b\nC: \t d \t\n\n", "200 OK\nA: b\nC: d", "", ""},
		{"no value", "A: b\nC:\nD: \n\n", "200 OK\nA: b", "", ""},
		{"bytes beyond ASCII", "A: \xe9\n\n", "200 OK\nA: \xe9", "", ""},
		{"no values at all", "A:\n\nhello", "502", "", "there is no field"},
		{"no field", "\nhello", "502", "", "there is no field"},
		{"no colon", "hello\n\n", "502", "", "bad header line ('hello'): a field line has no colon"},
		{"no name", ": a\n\n", "502", "", "bad header line (': a'): a field line has no name before its colon"},
		{"a space before the colon", "Content-Type : a/b\n\n", "502", "", "bad header line ('Content-Type : a/b'): white space stands between a field's name and its colon"},
		{"a space before the name", " A: b\n\n", "502", "", "bad header line (' A: b'): a field line begins with white space: line folding is obsolete"},
		{"a folded line", "A: b\n c\n\n", "502", "", "bad header line (' c'): a field line begins with white space: line folding is obsolete"},
		{"a NUL", "A: \x00\n\n", "502", "", `bad header line ('A: \x00'): a control character stands in the field's value`},
		{"a control character", "A: \x1b\n\n", "502", "", `bad header line ('A: \x1b'): a control character stands in the field's value`},
		{"a bare CR", "A: b\rC: d\n\n", "502", "", `bad header line ('A: b\rC: d'): a control character stands in the field's value`},
		{"a status line", "HTTP/1.1 200 OK\nA: b\n\nhello", "502", "", "it begins with a status line, as only that of a script whose name begins with nph- may"},
		{"two types", "Content-Type: a/b\nContent-type: a/b\n\n", "502", "", "there is a second Content-type"},
		{"two locations", "Location: /a\nLocation: /a\n\n", "502", "", "there is a second Location"},
		{"two statuses", "Status: 200\nStatus: 200\n\n", "502", "", "there is a second Status"},
		{"nothing", "", "502", "", "the output ended before the header section did"},
		{"no end", "Content-Type: text/plain\n", "502", "", "the output ended before the header section did"},
		{"no end of the line", "Content-Type: text/plain\n\r", "502", "", "the output ended before the header section did"},
		{"a page alone", "<html>", "502", "", "the output ended before the header section did"},
	}},
	{"§6.3.3 Status", []outputCase{
		{"with a reason", "Status: 404 Not Here, Sorry\n\n", "404 Not Here, Sorry", "", ""},
		{"without", "Status: 404\n\n", "404 Not Found", "", ""},
		{"that nobody knows", "Status: 299\n\n", "299 ", "", ""},
		{"that nobody knows, with a reason", "Status: 599 Help\n\n", "599 Help", "", ""},
		{"an error of the script's", "Status: 500 Oops\nA: b\n\nhelp", "500 Oops\nA: b", "help", ""},
		{"any bytes in the reason", "Status: 200 \xe9 \"a\"\n\n", "200 \xe9 \"a\"", "", ""},
		{"interim", "Status: 100 Continue\n\n", "502", "", "the Status is none from 200 to 599 ('100 Continue')"},
		{"switching protocols", "Status: 101 x\nUpgrade: y\n\n", "502", "", "the Status is none from 200 to 599 ('101 x')"},
		{"too large", "Status: 600 x\n\n", "502", "", "the Status is none from 200 to 599 ('600 x')"},
		{"too long", "Status: 2000 x\n\n", "502", "", "the Status is none from 200 to 599 ('2000 x')"},
		{"no number", "Status: OK\n\n", "502", "", "the Status is none from 200 to 599 ('OK')"},
		{"no space", "Status: 200OK\n\n", "502", "", "the Status is none from 200 to 599 ('200OK')"},
		{"a version", "Status: HTTP/1.1 200 OK\n\n", "502", "", "the Status is none from 200 to 599 ('HTTP/1.1 200 OK')"},
		{"no content (RFC 9110 §15.3.5)", "Status: 204 Done\nA: b\n\nnot this", "204 Done\nA: b", "-not this", ""},
		{"no content, with a length", "Status: 204 Done\nContent-Length: 8\n\nnot this", "204 Done", "-not this", ""},
		{"not modified (RFC 9110 §15.4.5)", "Status: 304\nETag: \"x\"\n\nnot this", "304 Not Modified\nETag: \"x\"", "-not this", ""},
		{"reset content (RFC 9110 §15.3.6)", "Status: 205\nA: b\n\nnot this", "205 Reset Content\nA: b\nContent-Length: 0", "-not this", ""},
		{"reset content, with a length", "Status: 205\nContent-Length: 8\n\nnot this", "205 Reset Content\nContent-Length: 0", "-not this", ""},
	}},
	{"§6.3.4 fields of the protocol", []outputCase{
		{"a length", "Content-Length: 5\n\nhello", "200 OK\nContent-Length: 5", "hello", ""},
		{"a length of nothing", "Content-Length: 0\n\n", "200 OK\nContent-Length: 0", "", ""},
		{"two lengths", "Content-Length: 5\nContent-Length: 5\n\nhello", "502", "", "there is a second Content-Length"},
		{"a length that is none", "Content-Length: five\n\nhello", "502", "", "the Content-Length is no number ('five')"},
		{"a negative length", "Content-Length: -1\n\nhello", "502", "", "the Content-Length is no number ('-1')"},
		{"a length with a sign", "Content-Length: +5\n\nhello", "502", "", "the Content-Length is no number ('+5')"},
		{"lengths", "Content-Length: 5, 5\n\nhello", "502", "", "the Content-Length is no number ('5, 5')"},
		{"beyond all bounds", "Content-Length: 99999999999999999999\n\n", "502", "", "the Content-Length is no number ('99999999999999999999')"},
		{"Transfer-Encoding", "Transfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n", "502", "", "there is a Transfer-Encoding, which is for the server to send"},
		{"those of the connection", "Connection: keep-alive, A\nKeep-Alive: 5\nProxy-Connection: x\nTE: trailers\nTrailer: B\nUpgrade: h2c\nA: b\n\nc", "200 OK\nA: b", "c", ""},
		{"Connection: close", "Connection: close\nA: b\n\nc", "200 OK\nA: b", "c", ""},
		{"those alone", "Connection: close\n\nhello", "200 OK", "hello", ""},
	}},
}

// A way is how a client asks a server for what a script says.
type way struct {
	name     string
	protocol string // the server's
	request  string
	closes   bool // it is told so
}

var outputWays = []way{
	{"GET by HTTP/1.1", "HTTP/1.1", "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", false},
	{"HEAD by HTTP/1.1", "HTTP/1.1", "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", false},
	{"GET by HTTP/1.0 of HTTP/1.1", "HTTP/1.1", "GET %s HTTP/1.0\r\n\r\n", true},
	{"GET by HTTP/1.1 of HTTP/1.0", "HTTP/1.0", "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", false},
	{"HEAD by HTTP/1.0", "HTTP/1.0", "HEAD %s HTTP/1.0\r\n\r\n", false},
	{"GET by HTTP/0.9", "HTTP/1.1", "GET %s\r\n", false},
}

// want gives the answer of a case in a way, to the byte.
func (tc outputCase) want(w way) string {
	status, rest, _ := strings.Cut(tc.head, "\n")
	var fields []string
	if rest != "" {
		fields = strings.Split(rest, "\n")
	}
	content := tc.content
	code, message, known := strings.Cut(status, " ")
	switch {
	case !known || code == "404" && content == notFound || code == "403":
		n := 502
		fmt.Sscan(code, &n)
		if !known {
			message, content = httpserver.DefaultResponses()[n].Message, httpserver.DefaultResponses()[n].Explain
		}
		content = errorPage(n, message, content)
		status = fmt.Sprint(n, " ", message)
		fields = append(fields, "Connection: close", "Content-Type: text/html;charset=utf-8", fmt.Sprintf("Content-Length: %d", len(content)))
	case content != "" && content[0] == '-':
		content = content[1:]
		if strings.Contains(w.request, "HTTP") {
			content = ""
		}
	case w.protocol == "HTTP/1.1" && strings.Contains(w.request, "HTTP/1.1") && !strings.Contains(rest, "Content-Length"):
		fields = append(fields, "Transfer-Encoding: chunked")
		if content != "" {
			content = fmt.Sprintf("%x\r\n%s\r\n", len(content), content)
		}
		content += "0\r\n\r\n"
	}
	if w.closes && !strings.Contains(strings.Join(fields, "\n"), "Connection: close") {
		fields = append(fields, "Connection: close")
	}
	answer := head(w.protocol+" "+status, fields...)
	switch {
	case strings.HasPrefix(w.request, "HEAD"):
		return answer
	case !strings.Contains(w.request, "HTTP"):
		return content
	}
	return answer + content
}

// SendHeader gives a fixed ETag.
func (h *stage) SendHeader(name, value string) {
	if name == "ETag" && !strings.HasPrefix(h.Path, "/cgi-bin/") {
		value = `"T"`
	}
	h.CGIHandler.SendHeader(name, value)
}

// complaints gives what the log says beside the requests and the answers of the
// library.
func (h *stage) complaints() string {
	var lines []string
	for _, line := range h.log.all() {
		if !strings.HasPrefix(line, `"`) && !strings.HasPrefix(line, "code ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func TestScriptOutput(t *testing.T) {
	h := newStage(t)
	h.write(t, "page.txt", "page\n", 0o644)
	h.write(t, "cgi-bin/source", "secret", 0o644)
	for _, w := range outputWays {
		h.ProtocolVersion = w.protocol
		s := h.serve(t)
		for _, section := range outputSections {
			t.Run(w.name+", RFC 3875 "+section.name, func(t *testing.T) {
				for _, tc := range section.cases {
					h.log.clear()
					want := tc.want(w)
					got := send(t, s, fmt.Sprintf(w.request, say(tc.output)))
					if got != want {
						t.Errorf("%s: %q\n got %q\nwant %q", tc.name, tc.output, got, want)
					}
					log := ""
					if tc.log != "" {
						log = "CGI script /cgi-bin/say: " + tc.log
					}
					if got := h.complaints(); got != log {
						t.Errorf("%s: %q\nlog  %q\nwant %q", tc.name, tc.output, got, log)
					}
				}
			})
		}
	}
}
