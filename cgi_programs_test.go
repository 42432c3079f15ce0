//go:build unix

// Programs that others wrote, behind CGIHandler. Their scripts begin with "#!".

package httpserver_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// A cgiSite is files and scripts, and the handler that serves them.
type cgiSite struct {
	httpserver.CGIHandler
	log *journal
}

func (h *cgiSite) LogMessage(format string, args ...any) { h.log.add(fmt.Sprintf(format, args...)) }

// logTo lets the server log to where its handlers do: what there is to say of a script
// after its answer.
func (h *cgiSite) logTo(s *httpserver.ThreadingServer) {
	s.Logger = slog.New(slog.NewTextHandler(h.log, nil))
}

func (j *journal) Write(line []byte) (int, error) {
	j.add(string(line))
	return len(line), nil
}

// newCGISite makes a site where every user finds it: root's scripts run as nobody, who
// may not enter a directory of t.TempDir.
func newCGISite(t *testing.T) *cgiSite {
	t.Helper()
	dir, err := filepath.EvalSymlinks(openDir(t)) // scripts see where they are
	if err != nil {
		t.Fatal(err)
	}
	h := &cgiSite{log: new(journal)}
	h.Directory = dir
	return h
}

// script writes a script.
func (h *cgiSite) script(t *testing.T, name, text string) {
	t.Helper()
	save(t, []byte(text), h.Directory, "cgi-bin", name)
	if err := os.Chmod(filepath.Join(h.Directory, "cgi-bin", name), 0o755); err != nil {
		t.Fatal(err)
	}
}

// everyVersion serves a site by HTTP/1.0 and HTTP/1.1.
func (h *cgiSite) everyVersion(t *testing.T, test func(t *testing.T, s *httpserver.ThreadingServer)) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			h.ProtocolVersion = version
			h.log = new(journal)
			test(t, serveDuring(t, h, h.logTo))
		})
	}
}

// A cgiRequest is what a script is asked. Without a method, that is GET.
type cgiRequest struct {
	method, target string
	fields         []string
	body           string
	chunked        bool // where the version has chunks
}

func (r cgiRequest) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %q %.60q", r.method, r.target, r.fields, r.body))
}

// hasBody reports whether the method is one with a body, were it empty.
func (r cgiRequest) hasBody() bool { return r.method == "POST" || r.method == "PUT" }

// A cgiAsker asks a server, and gives the gist of its answer.
type cgiAsker struct {
	name string
	ask  func(t *testing.T, s *httpserver.ThreadingServer, r cgiRequest) string
}

// cgiAskers are the ways in which everything is asked.
var cgiAskers = []cgiAsker{
	{"raw HTTP/1.0", askRaw10},
	{"raw HTTP/1.1", askRaw11},
	{"curl -0", func(t *testing.T, s *httpserver.ThreadingServer, r cgiRequest) string {
		return askCurl(t, s, "--http1.0", r)
	}},
	{"curl", func(t *testing.T, s *httpserver.ThreadingServer, r cgiRequest) string {
		return askCurl(t, s, "--http1.1", r)
	}},
}

// askAll asks in every way and compares with the one answer that is wanted.
func askAll(t *testing.T, s *httpserver.ThreadingServer, name string, r cgiRequest, want string) {
	t.Helper()
	r.method = cmp.Or(r.method, "GET")
	for _, a := range cgiAskers {
		got := a.ask(t, s, r)
		if want == badGateway { // and an error page
			got, _, _ = strings.Cut(got, "\n")
		}
		if got != want {
			t.Errorf("%s, by %s: %s\ngot  %.1000q\nwant %.1000q", name, a.name, r, got, want)
		}
	}
}

// gistOf gives an answer but for the fields that are the server's or differ from
// run to run: "200 OK\nContent-Type: text/plain\n\ncontent".
func gistOf(t *testing.T, raw string, r cgiRequest) (gist, rest string) {
	t.Helper()
	reader := bufio.NewReader(strings.NewReader(raw))
	response, err := http.ReadResponse(reader, &http.Request{Method: r.method})
	if err != nil {
		t.Errorf("%s: %v in %.300q", r, err, raw)
		return "", ""
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v after %.300q", r, err, content)
	}
	behind, _ := io.ReadAll(reader)
	return formatGist(response.Status, response.Header, string(content)), string(behind)
}

func formatGist(status string, fields http.Header, content string) string {
	var lines []string
	for name, values := range fields {
		switch name {
		case "Server", "Date", "Connection", "Transfer-Encoding", "Content-Length", "Keep-Alive", "X-Powered-By":
			continue
		}
		for _, value := range values {
			if name == "Etag" {
				value = "*"
			}
			lines = append(lines, name+": "+value+"\n")
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int { // those of one name stay in order
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(a, b)
	})
	return status + "\n" + strings.Join(lines, "") + "\n" + content
}

// head gives the head of a request.
func (r cgiRequest) head(version string, more ...string) string {
	lines := slices.Concat([]string{r.method + " " + r.target + " " + version, "Host: site.example"}, r.fields, more)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// askRaw10 sends a request of HTTP/1.0 and reads to the end.
func askRaw10(t *testing.T, s *httpserver.ThreadingServer, r cgiRequest) string {
	t.Helper()
	var more []string
	if r.hasBody() {
		more = []string{fmt.Sprint("Content-Length: ", len(r.body))}
	}
	gist, rest := gistOf(t, send(t, s, r.head("HTTP/1.0", more...)+r.body), r)
	if rest != "" {
		t.Errorf("%s: %.300q came behind the answer", r, rest)
	}
	return gist
}

// askRaw11 sends a request of HTTP/1.1 twice. Where the first leaves the connection
// open, both are to be answered alike.
func askRaw11(t *testing.T, s *httpserver.ThreadingServer, r cgiRequest) string {
	t.Helper()
	var more []string
	body := r.body
	switch {
	case r.chunked:
		more = []string{"Transfer-Encoding: chunked"}
		body = ""
		for part := range slices.Chunk([]byte(r.body), 1000) {
			body += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		body += "0\r\n\r\n"
	case r.hasBody():
		more = []string{fmt.Sprint("Content-Length: ", len(r.body))}
	}
	one, last := r.head("HTTP/1.1", more...)+body, r.head("HTTP/1.1", append(more, "Connection: close")...)+body
	if s.Handler.(*cgiSite).ProtocolVersion == "HTTP/1.0" {
		last = ""
	}
	raw := send(t, s, one+last)
	first, rest := gistOf(t, raw, r)
	if head, _, _ := strings.Cut(raw, "\r\n\r\n"); last == "" || strings.Contains(head, "\r\nConnection: close") {
		return first
	}
	second, rest := gistOf(t, rest, r)
	if rest != "" || second != first {
		t.Errorf("%s: the second of two was answered %.300q, then %.300q, the first %.300q", r, second, rest, first)
	}
	return first
}

// askCurl has curl send a request.
func askCurl(t *testing.T, s *httpserver.ThreadingServer, version string, r cgiRequest) string {
	t.Helper()
	dir := t.TempDir()
	head, content, body := filepath.Join(dir, "head"), filepath.Join(dir, "content"), filepath.Join(dir, "body")
	save(t, nil, content)
	args := []string{"-sS", "--noproxy", "*", "--max-time", "9", "--path-as-is", version, "-D", head, "-A", "", "-H", "Accept:", "-H", "Host: site.example"}
	switch {
	case r.method == "HEAD":
		args = append(args, "-I", "-o", os.DevNull)
	case r.method == "GET":
		args = append(args, "-o", content)
	default:
		save(t, []byte(r.body), body)
		args = append(args, "-o", content, "-X", r.method, "-H", "Content-Type:", "--data-binary", "@"+body)
	}
	if r.chunked && version == "--http1.1" && s.Handler.(*cgiSite).ProtocolVersion == "HTTP/1.1" {
		args = append(args, "-H", "Transfer-Encoding: chunked")
	}
	for _, field := range r.fields {
		args = append(args, "-H", field)
	}
	run(t, "curl", append(args, "http://"+s.ServerAddress().String()+r.target)...)
	return readGist(t, head, content)
}

// readGist gives the gist of an answer that curl has written to files.
func readGist(t *testing.T, head, content string) string {
	t.Helper()
	heads, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(content)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitAfter(string(heads), "\r\n\r\n") // there may be a 100 before it
	line, fields, _ := strings.Cut(parts[max(0, len(parts)-2)], "\r\n")
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(fields))).ReadMIMEHeader()
	if err != nil {
		t.Errorf("%v in %q", err, heads)
	}
	_, status, _ := strings.Cut(line, " ")
	return formatGist(status, http.Header(header), string(got))
}

// echoes say in each language what a script is told: the meta-variables below, and
// what is on standard input.
var echoes = []struct{ program, name, text string }{
	{"sh", "echo.sh", `#!/bin/sh
printf 'content-type: text/plain; charset=utf-8\r\nX-Language: sh\r\n\r\n'
for v in "$REQUEST_METHOD" "$QUERY_STRING" "$PATH_INFO" "$CONTENT_TYPE" "$CONTENT_LENGTH" "$HTTP_X_SPAM" "$HTTP_PROXY" "$PWD"; do
	printf '<%s>\n' "$v"
done
cat
`},
	{"perl", "echo.pl", `#!/usr/bin/env perl
use strict;
use warnings;
binmode STDIN;
binmode STDOUT;
print "Content-Type: text/plain; charset=utf-8\nX-Language: perl\n\n";
use Cwd;
print "<", $_ // '', ">\n" for @ENV{qw(REQUEST_METHOD QUERY_STRING PATH_INFO CONTENT_TYPE CONTENT_LENGTH HTTP_X_SPAM HTTP_PROXY)}, getcwd;
my $body = '';
if ($ENV{CONTENT_LENGTH}) {
	my $n = read STDIN, $body, $ENV{CONTENT_LENGTH};
	die "$n of $ENV{CONTENT_LENGTH} bytes" if $n != $ENV{CONTENT_LENGTH};
}
print $body;
`},
	{"python3", "echo.py", `#!/usr/bin/env python3
import os, sys
out = sys.stdout.buffer
out.write(b"Content-Type: text/plain; charset=utf-8\r\nX-Language: python3\r\n\r\n")
for name in "REQUEST_METHOD QUERY_STRING PATH_INFO CONTENT_TYPE CONTENT_LENGTH HTTP_X_SPAM HTTP_PROXY".split():
    out.write(b"<%s>\n" % os.environb.get(name.encode(), b""))
out.write(b"<%s>\n" % os.getcwdb())
out.write(sys.stdin.buffer.read())
`},
	{"php-cgi", "echo.php", `#!/usr/bin/env php-cgi
<?php
header_remove('X-Powered-By');
header('Content-Type: text/plain; charset=utf-8');
header('X-Language: php-cgi');
foreach (explode(' ', 'REQUEST_METHOD QUERY_STRING PATH_INFO CONTENT_TYPE CONTENT_LENGTH HTTP_X_SPAM HTTP_PROXY') as $name)
	echo '<', $_SERVER[$name] ?? '', ">\n";
echo '<', getcwd(), ">\n";
readfile('php://input');
`},
}

// TestScriptsInEveryLanguage: whatever a script is written in, it is told the same
// and answers the same.
func TestScriptsInEveryLanguage(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	const plain = "Content-Type: text/plain"
	requests := []struct {
		name        string
		r           cgiRequest
		query, info string
	}{
		{"GET", cgiRequest{}, "", ""},
		{"a query and a path", cgiRequest{target: "/a%20b/c%3fd?x=1&y=%20?"}, "x=1&y=%20?", "/a b/c?d"},
		{"words that become arguments", cgiRequest{target: "?a+b"}, "a+b", ""},
		{"an option of php-cgi's", cgiRequest{target: "?-s"}, "-s", ""},
		{"fields", cgiRequest{fields: []string{"X-Spam: eggs; \xc3\xa4", "Proxy: http://evil.example"}}, "", ""},
		{"HEAD", cgiRequest{method: "HEAD", target: "?x=1"}, "x=1", ""},
		{"a body", cgiRequest{method: "POST", fields: []string{plain}, body: "hello\n"}, "", ""},
		{"an empty one", cgiRequest{method: "POST", fields: []string{plain}}, "", ""},
		{"every byte", cgiRequest{method: "POST", target: "?x=1", fields: []string{"Content-Type: a/b;c=d"}, body: string(every)}, "x=1", ""},
		{"more than a pipe holds", cgiRequest{method: "POST", fields: []string{plain}, body: strings.Repeat("0123456\n", 1<<15)}, "", ""},
		{"chunks", cgiRequest{method: "POST", fields: []string{plain}, body: strings.Repeat("eggs ", 1000), chunked: true}, "", ""},
		{"PUT", cgiRequest{method: "PUT", target: "/new", fields: []string{plain}, body: "hello\n"}, "", "/new"},
		{"more chunks than a pipe holds", cgiRequest{method: "POST", fields: []string{plain}, body: strings.Repeat("0123456\n", 1<<14), chunked: true}, "", ""},
	}
	for _, e := range echoes {
		t.Run(e.program, func(t *testing.T) {
			program(t, "curl")
			program(t, e.program)
			h := newCGISite(t)
			h.CGIMethods = []string{"PUT"}
			h.script(t, e.name, e.text)
			h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
				for _, tc := range requests {
					r := tc.r
					r.target = "/cgi-bin/" + e.name + r.target
					want := "200 OK\nContent-Type: text/plain; charset=utf-8\nX-Language: " + e.program + "\n\n"
					if tc.r.method != "HEAD" {
						length := ""
						if tc.r.hasBody() {
							length = fmt.Sprint(len(tc.r.body))
						}
						want += fmt.Sprintf("<%s>\n<%s>\n<%s>\n<%s>\n<%s>\n<%s>\n<>\n<%s>\n%s", cmp.Or(tc.r.method, "GET"), tc.query, tc.info,
							tc.r.field("Content-Type"), length, tc.r.field("X-Spam"), filepath.Join(h.Directory, "cgi-bin"), tc.r.body)
					}
					askAll(t, s, tc.name, r, want)
				}
				h.checkLog(t, nil)
			})
		})
	}
}

// uploadForm gives a form with a file.
func uploadForm() string {
	return "--b\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\nvalue\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\nContent-Type: text/x-spam\r\n\r\n" + string(noise(1, 300_000)) + "\r\n--b--\r\n"
}

// field gives the value of a field.
func (r cgiRequest) field(name string) string {
	for _, f := range r.fields {
		if value, ok := strings.CutPrefix(f, name+": "); ok {
			return value
		}
	}
	return ""
}

// checkLog checks that lines with these words are logged and, where there are none,
// that requests alone were. It empties the log.
func (h *cgiSite) checkLog(t *testing.T, words []string) {
	t.Helper()
	for _, word := range words {
		for deadline := time.Now().Add(patience); !strings.Contains(h.log.String(), word); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Errorf("the log has no %q:\n%s", word, h.log)
				break
			}
		}
	}
	for _, line := range h.log.all() {
		if len(words) == 0 && !strings.HasPrefix(line, `"`) {
			t.Errorf("logged: %s", line)
		}
	}
	h.log.clear()
}

// TestScriptAnswers: what programs write, and what becomes of it.
func TestScriptAnswers(t *testing.T) {
	const html = "Content-Type: text/html\n"
	for _, tc := range []struct {
		program, name, text string
		r                   cgiRequest
		want                string
		logged              []string
	}{
		{"sh", "a status", "#!/bin/sh\necho 'Status: 404 No such spam'; echo 'Content-Type: text/html'; echo; echo gone\n",
			cgiRequest{}, "404 No such spam\n" + html + "\ngone\n", nil},
		{"sh", "a status, and it fails", "#!/bin/sh\necho 'Status: 503'; echo 'Content-Type: text/html'; echo; echo later; echo >&2 no eggs left; exit 3\n",
			cgiRequest{}, "503 Service Unavailable\n" + html + "\nlater\n", []string{"no eggs left", "exit code 3"}},
		{"sh", "arguments", "#!/bin/sh\necho 'Content-Type: text/html'; echo; for a; do echo \"<$a>\"; done\n",
			cgiRequest{target: "?a+b%20c+%3Cd"}, "200 OK\n" + html + "\n<a>\n<b\\ c>\n<\\<d>\n", nil}, // as a shell would have them (RFC 3875 §7.2)
		{"sh", "a process that goes on", "#!/bin/sh\necho 'Content-Type: text/html'; echo; echo done\nsleep 20 &\n",
			cgiRequest{}, "200 OK\n" + html + "\ndone\n", nil},
		{"sh", "a body that it does not read", "#!/bin/sh\necho 'Content-Type: text/html'; echo; echo no\n",
			cgiRequest{method: "POST", body: strings.Repeat("x", 200_000)}, "200 OK\n" + html + "\nno\n", nil},
		{"perl", "a local redirect", "#!/usr/bin/env perl\nprint \"Location: /page.txt?x\\n\\n\";\n",
			cgiRequest{}, pageGist, nil},
		{"perl", "a local redirect of a form", "#!/usr/bin/env perl\nprint \"Location: /page.txt\\n\\n\";\n",
			cgiRequest{method: "POST", body: "x=1"}, pageGist, nil},
		{"perl", "an absolute one", "#!/usr/bin/env perl\nprint \"Location: http://site.example/x\\n\\n\";\n",
			cgiRequest{}, "302 Found\nLocation: http://site.example/x\n\n", nil},
		{"perl", "die", "#!/usr/bin/env perl\nuse strict;\ndie qq(the parrot is no more\\n);\n",
			cgiRequest{}, badGateway, []string{"the parrot is no more", "exit code 255"}},
		{"perl", "die, the head is out", "#!/usr/bin/env perl\n$| = 1;\nprint \"Content-Type: text/html\\n\\npart\";\ndie qq(pining\\n);\n",
			cgiRequest{}, "200 OK\n" + html + "\npart", []string{"pining", "exit code 255"}},
		{"perl", "a syntax error", "#!/usr/bin/env perl\nprint 'Content-Type: text/html\n", cgiRequest{}, badGateway, []string{"Can't find string terminator"}},
		{"perl", "killed", "#!/usr/bin/env perl\nkill 9, $$;\n", cgiRequest{}, badGateway, []string{"exit code -9"}},
		{"python3", "an exception", "#!/usr/bin/env python3\nraise SystemError('no spam')\n",
			cgiRequest{}, badGateway, []string{"SystemError: no spam", "exit code 1"}},
		{"python3", "an exception, the head is out", "#!/usr/bin/env python3\nprint('Content-Type: text/html\\n\\npart', flush=True)\n1/0\n",
			cgiRequest{}, "200 OK\n" + html + "\npart\n", []string{"ZeroDivisionError", "exit code 1"}},
		{"python3", "a form", "#!/usr/bin/env python3\n" + `import os, sys, html
from urllib.parse import parse_qs
form = parse_qs(sys.stdin.buffer.read(int(os.environ["CONTENT_LENGTH"])).decode())
print("Content-Type: text/html\nSet-Cookie: a=b; Path=/\nSet-Cookie: c=d\n")
print(html.escape(form["name"][0]), os.environ["HTTP_COOKIE"])
`, cgiRequest{method: "POST", fields: []string{"Content-Type: application/x-www-form-urlencoded", "Cookie: e=f; g=h"}, body: "name=%3CAda%3E&x=1"},
			"200 OK\n" + html + "Set-Cookie: a=b; Path=/\nSet-Cookie: c=d\n\n&lt;Ada&gt; e=f; g=h\n", nil},
		{"python3", "WSGI", "#!/usr/bin/env python3\n" + `from wsgiref.handlers import CGIHandler
from wsgiref.util import request_uri
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("201 Made", [("Content-Type", "text/plain"), ("X-Spam", "eggs")])
    return [request_uri(environ).encode(), b" ", environ["wsgi.url_scheme"].encode(), b" ", body, b"\n"]
CGIHandler().run(app)
`, cgiRequest{method: "POST", target: "/a%20b?c=d", fields: []string{"Content-Type: text/plain"}, body: "hello", chunked: true},
			"201 Made\nContent-Type: text/plain\nX-Spam: eggs\n\nhttp://site.example/cgi-bin/script/a%20b?c=d http hello\n", nil},
		{"cgi.py", "an upload", "#!/usr/bin/env python3\n" + `import sys, warnings
warnings.simplefilter("ignore")
import cgi, hashlib
form = cgi.FieldStorage()
print("Content-Type: text/plain\n")
print(form.getfirst("field"), form["file"].filename, form["file"].type, hashlib.md5(form["file"].file.read()).hexdigest())
`, cgiRequest{method: "POST", fields: []string{"Content-Type: multipart/form-data; boundary=b"}, body: uploadForm(), chunked: true},
			fmt.Sprintf("200 OK\nContent-Type: text/plain\n\nvalue a b.txt text/x-spam %x\n", md5.Sum(noise(1, 300_000))), nil},
		{"CGI.pm", "a form", "#!/usr/bin/env perl\n" + `use strict;
use warnings;
use CGI;
my $q = CGI->new;
print $q->header(-type => 'text/plain', -charset => 'utf-8', -cookie => [$q->cookie('e'), $q->cookie(-name => 'a', -value => 'b c')], -x_spam => 'eggs');
print map { "$_=" . join(',', $q->multi_param($_)) . "\n" } sort $q->param;
`, cgiRequest{method: "POST", fields: []string{"Content-Type: application/x-www-form-urlencoded", "Cookie: e=f; g=h"}, body: "name=Ada+L%C3%B6w&a=1&a=2", chunked: true},
			"200 OK\nContent-Type: text/plain; charset=utf-8\nSet-Cookie: f\nSet-Cookie: a=b%20c; path=/\nX-Spam: eggs\n\na=1,2\nname=Ada Löw\n", nil},
		{"CGI.pm", "an upload", "#!/usr/bin/env perl\n" + `use strict;
use warnings;
use CGI;
use Digest::MD5;
my $q = CGI->new;
my $file = $q->upload('file');
print $q->header('text/plain'), scalar $q->param('field'), ' ', scalar $q->param('file'), ' ', $q->uploadInfo($file)->{'Content-Type'}, ' ', Digest::MD5->new->addfile($file)->hexdigest, "\n";
`, cgiRequest{method: "POST", fields: []string{"Content-Type: multipart/form-data; boundary=b"}, body: uploadForm(), chunked: true},
			fmt.Sprintf("200 OK\nContent-Type: text/plain; charset=ISO-8859-1\n\nvalue a b.txt text/x-spam %x\n", md5.Sum(noise(1, 300_000))), nil},
		{"CGI.pm", "a status", "#!/usr/bin/env perl\nuse CGI;\nprint CGI->new->header(-status => '404 No such spam'), 'none';\n",
			cgiRequest{}, "404 No such spam\nContent-Type: text/html; charset=ISO-8859-1\n\nnone", nil},
		{"CGI.pm", "a redirect", "#!/usr/bin/env perl\nuse CGI;\nprint CGI->new->redirect('/page.txt');\n",
			cgiRequest{}, "302 Found\nLocation: /page.txt\n\n", nil},
		{"no interpreter", "no interpreter", "#!/nonexistent/interpreter\n", cgiRequest{}, badGateway, []string{"CGI script"}},
	} {
		t.Run(tc.program+", "+tc.name, func(t *testing.T) {
			program(t, "curl")
			switch tc.program {
			case "no interpreter":
			case "CGI.pm":
				if err := exec.Command(program(t, "perl"), "-MCGI", "-e1").Run(); err != nil {
					t.Skip("CGI.pm is not installed")
				}
			case "cgi.py":
				if err := exec.Command(program(t, "python3"), "-Wignore", "-c", "import cgi").Run(); err != nil {
					t.Skip("Python has no such module any more")
				}
			default:
				program(t, tc.program)
			}
			h := newCGISite(t)
			h.script(t, "script", tc.text)
			tc.r.target = "/cgi-bin/script" + tc.r.target
			save(t, []byte("a page\n"), h.Directory, "page.txt")
			if err := os.Chtimes(filepath.Join(h.Directory, "page.txt"), modified, modified); err != nil {
				t.Fatal(err)
			}
			h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
				askAll(t, s, tc.name, tc.r, tc.want)
				h.checkLog(t, tc.logged)
			})
		})
	}
}

const (
	badGateway = "502 Bad Gateway"
	pageGist   = "200 OK\nAccept-Ranges: bytes\nContent-Type: text/plain\nEtag: *\nLast-Modified: Thu, 29 Feb 2024 12:34:56 GMT\n\na page\n"
)

// TestScriptStreams: what a script has written is there before it goes on.
func TestScriptStreams(t *testing.T) {
	for _, tc := range []struct{ program, text string }{
		{"sh", `#!/bin/sh
printf 'Content-Type: text/plain\n\nfirst\n'
read -r line <"$FIFO"
echo "$line"
`},
		{"perl", `#!/usr/bin/env perl
$| = 1;
print "Content-Type: text/plain\n\nfirst\n";
open my $fifo, '<', $ENV{FIFO} or die $!;
print scalar <$fifo>;
`},
		{"python3", `#!/usr/bin/env python3
import os
print("Content-Type: text/plain\n\nfirst", flush=True)
with open(os.environ["FIFO"]) as fifo:
    print(fifo.readline(), end="")
`},
		{"php-cgi", `#!/usr/bin/env php-cgi
<?php
header('Content-Type: text/plain');
while (ob_get_level())
	ob_end_flush();
echo "first\n";
flush();
echo fgets(fopen(getenv('FIFO'), 'r'));
`},
	} {
		t.Run(tc.program, func(t *testing.T) {
			program(t, "curl")
			program(t, tc.program)
			h := newCGISite(t)
			h.script(t, "stream", tc.text)
			fifo := newFIFO(t, h.Directory)
			h.CGIEnv = []string{"FIFO=" + fifo.Name()}
			h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
				for _, version := range []string{"1.0", "1.1"} {
					conn := dial(t, s.ServerAddress())
					fmt.Fprintf(conn, "GET /cgi-bin/stream HTTP/%s\r\nHost: h\r\nConnection: close\r\n\r\n", version)
					readUntil(t, conn, "\r\n\r\n")
					readUntil(t, conn, "first\n")
					io.WriteString(fifo, "second\n")
					readUntil(t, conn, "second\n")
					if _, err := io.Copy(io.Discard, conn); err != nil {
						t.Errorf("HTTP/%s: %v", version, err)
					}
					conn.Close()

					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					curl := exec.CommandContext(ctx, program(t, "curl"), "-sSN", "--noproxy", "*", "--http"+version, "http://"+s.ServerAddress().String()+"/cgi-bin/stream")
					stdout, err := curl.StdoutPipe()
					if err != nil {
						t.Fatal(err)
					}
					if err := curl.Start(); err != nil {
						t.Fatal(err)
					}
					expect(t, stdout, "first\n")
					io.WriteString(fifo, "second\n")
					expect(t, stdout, "second\n")
					if err := curl.Wait(); err != nil {
						t.Errorf("curl, HTTP/%s: %v", version, err)
					}
				}
				h.checkLog(t, nil)
			})
		})
	}
}

// newFIFO makes a FIFO that everybody may read, and opens it.
func newFIFO(t *testing.T, dir string) *os.File {
	t.Helper()
	name := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(name, os.O_RDWR, 0) // to write alone would wait for a reader
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fifo.Close() })
	return fifo
}

// TestNPHProgram: what CGI.pm writes for a script of that kind is the answer, head
// and all.
func TestNPHProgram(t *testing.T) {
	program(t, "curl")
	if err := exec.Command(program(t, "perl"), "-MCGI", "-e1").Run(); err != nil {
		t.Skip("CGI.pm is not installed")
	}
	h := newCGISite(t)
	h.script(t, "nph-page.pl", "#!/usr/bin/env perl\nuse CGI;\nprint CGI->new->header(-nph => 1, -status => '202 Spam', -type => 'text/plain'), $ENV{SERVER_PROTOCOL};\n")
	h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
		r := cgiRequest{method: "GET", target: "/cgi-bin/nph-page.pl"}
		const want = "202 Spam\nContent-Type: text/plain; charset=ISO-8859-1\nStatus: 202 Spam\n\nHTTP/1."
		for _, tc := range []struct{ got, want string }{
			{askRaw10(t, s, r), want + "0"},
			{askCurl(t, s, "--http1.0", r), want + "0"},
			{askCurl(t, s, "--http1.1", r), want + "1"},
		} {
			if tc.got != tc.want {
				t.Errorf("%q, want %q", tc.got, tc.want)
			}
		}
		h.checkLog(t, nil)
	})
}

// TestBodyBehindAnswer: a script that has not read its body does not end the
// connection, though the rest of it comes only now.
func TestBodyBehindAnswer(t *testing.T) {
	program(t, "sh")
	h := newCGISite(t)
	h.ProtocolVersion = "HTTP/1.1"
	h.script(t, "no", "#!/bin/sh\necho 'Content-Type: text/plain'; echo; echo no\n")
	conn := dial(t, serveDuring(t, h, h.logTo).ServerAddress())
	for range 3 {
		fmt.Fprintf(conn, "POST /cgi-bin/no HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n%10s", "")
		readUntil(t, conn, "no\n\r\n0\r\n\r\n")
		fmt.Fprintf(conn, "%99990s", "")
	}
	h.checkLog(t, nil)
}
