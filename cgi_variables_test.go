//go:build unix

package httpserver_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"example.com/httpserver/internal/wiretest"
)

// The test binary is a script where it has this name, in any directory: it tells what it sees.
const variablesScript = "variables.cgi"

func init() {
	if path, err := os.Executable(); err == nil && filepath.Base(path) == variablesScript {
		tellVariables()
		syscall.Exit(0) // os.Exit waits for a second, in tests with the race detector
	}
}

// tellVariables answers with a field of what a script is given: a field, so that HEAD has it too.
func tellVariables() {
	input, err := io.ReadAll(os.Stdin)
	dir, _ := os.Getwd()
	lines := []string{
		fmt.Sprintf("(arguments)=%q", os.Args[1:]), "(argv[0])=" + os.Args[0], "(directory)=" + dir, fmt.Sprintf("(input)=%s%v", input, errText(err)),
	}
	var b strings.Builder
	for _, line := range append(lines, os.Environ()...) {
		fmt.Fprintf(&b, "%q\n", line)
	}
	fmt.Print("Content-Type: text/plain\r\n")
	for piece := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(b.String()))), 800) { // net/http/cgi takes lines of 1,024 bytes
		fmt.Printf("X-Variables: %s\r\n", piece)
	}
	fmt.Print("\r\n")
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

// variables are what a script sees, by name; what is none has a name in parentheses.
type variables map[string]string

// toldVariables gives what the script told in an answer, or its status as the only one.
func toldVariables(t *testing.T, stream string) variables {
	t.Helper()
	messages := wiretest.Parse(stream)
	if len(messages) == 0 {
		return variables{"(status)": "none"}
	}
	for i, m := range messages {
		told := ""
		for _, field := range m.Fields {
			if piece, ok := strings.CutPrefix(field, "X-Variables: "); ok {
				told += piece
			}
		}
		if told == "" {
			if strings.Contains(m.Status, " 100 ") && i+1 < len(messages) {
				continue
			}
			return variables{"(status)": strings.Fields(m.Status + " no head")[1]}
		}
		text, err := base64.StdEncoding.DecodeString(told)
		if err != nil {
			t.Fatalf("%v in %q", err, stream)
		}
		seen := variables{}
		for line := range strings.Lines(string(text)) {
			line, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
			if err != nil {
				t.Fatalf("%v in %q", err, text)
			}
			name, value, _ := strings.Cut(line, "=")
			seen[name] = value
		}
		return seen
	}
	return nil
}

// A variablesPeer is a server with the script.
type variablesPeer struct {
	name     string
	addr     string
	software string
	dir      string
}

// ask gives what the script sees of a request, without what changes from run to run.
func (p *variablesPeer) ask(t *testing.T, request string) variables {
	t.Helper()
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	_, clientPort, _ := net.SplitHostPort(conn.LocalAddr().String())
	stream, err := wiretest.Exchange(conn, request)
	if err != nil {
		t.Fatalf("%s: %q: %v after %q", p.name, request, err, stream)
	}
	seen := toldVariables(t, stream)
	_, port, _ := net.SplitHostPort(p.addr)
	for name, value := range seen {
		switch {
		case name == "SERVER_PORT" && value == port:
			value = "PORT"
		case name == "REMOTE_PORT" && value == clientPort:
			value = "CLIENT"
		case name == "SERVER_SOFTWARE" && value == p.software:
			value = "SOFTWARE"
		case name == "PATH" && value == os.Getenv("PATH"):
			value = "PATH"
		}
		seen[name] = strings.ReplaceAll(value, p.dir, "DIR")
	}
	return seen
}

// plantOwn puts the test binary into directories, as a script for everybody.
func plantOwn(t testing.TB, paths ...string) {
	t.Helper()
	binary, err := ownBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.Link(binary, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// startOurVariables starts ours over dir.
func startOurVariables(t *testing.T, dir string) *variablesPeer {
	t.Helper()
	h := &loggedScripts{}
	h.Directory, h.ProtocolVersion, h.CGIMethods = dir, "HTTP/1.1", []string{"PUT", "DELETE", "PATCH", "OPTIONS"}
	s := serveDuring(t, h)
	return &variablesPeer{addr: s.ServerAddress().String(), software: ourSoftware(), dir: dir}
}

// startLighttpd starts lighttpd over dir, until the test ends. It gets a socket that listens already, as from systemd.
func startLighttpd(t *testing.T, dir string) *variablesPeer {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+"/usr/sbin") // where ordinary users do not look
	path := program(t, "lighttpd")
	l := listen(t)
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	config := filepath.Join(t.TempDir(), "lighttpd.conf")
	err = os.WriteFile(config, fmt.Appendf(nil, `
server.modules = ("mod_cgi")
server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %s
server.systemd-socket-activation = "enable"
server.tag = "lighttpd"
$HTTP["url"] =~ "^/cgi-bin/" {
	cgi.assign = ("" => "")
}
`, dir, port), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -D -f "$1"`, path, config)
	var errors bytes.Buffer
	cmd.Stderr, cmd.Stdout = &errors, &errors
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
		if t.Failed() {
			t.Logf("lighttpd says: %s", &errors)
		}
	})
	return &variablesPeer{name: lighttpdPeer, addr: l.Addr().String(), software: "lighttpd", dir: dir}
}

// startNetHTTP starts net/http over dir, with a cgi.Handler for each of the two scripts.
func startNetHTTP(t *testing.T, dir string) *variablesPeer {
	t.Helper()
	l := listen(t)
	mux := http.NewServeMux()
	for _, name := range []string{"/cgi-bin/" + variablesScript, "/cgi-bin/sub/" + variablesScript} {
		h := &cgi.Handler{Path: filepath.Join(dir, name), Root: name, Logger: log.New(io.Discard, "", 0)}
		mux.Handle(name, h)
		mux.Handle(name+"/", h)
	}
	s := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return &variablesPeer{name: netHTTPPeer, addr: l.Addr().String(), software: "go", dir: dir}
}

// ordinary is what a script sees of an ordinary request. What a row of variablesRows wants is different from that.
var ordinary = variables{
	"(argv[0])": "variables.cgi", "(arguments)": "[]", "(directory)": "DIR/cgi-bin", "(input)": "",
	"CONTENT_LENGTH": "", "DOCUMENT_ROOT": "DIR", "GATEWAY_INTERFACE": "CGI/1.1",
	"HTTP_ACCEPT": "", "HTTP_COOKIE": "", "HTTP_HOST": "a.example", "HTTP_REFERER": "", "HTTP_USER_AGENT": "",
	"LANG": "C.UTF-8", "PATH": "PATH", "PATH_INFO": "", "QUERY_STRING": "", "REDIRECT_STATUS": "200",
	"REMOTE_ADDR": "127.0.0.1", "REMOTE_HOST": "127.0.0.1", "REMOTE_PORT": "CLIENT",
	"REQUEST_METHOD": "GET", "REQUEST_SCHEME": "http", "REQUEST_URI": "/cgi-bin/variables.cgi",
	"SCRIPT_FILENAME": "DIR/cgi-bin/variables.cgi", "SCRIPT_NAME": "/cgi-bin/variables.cgi", "SERVER_ADDR": "127.0.0.1",
	"SERVER_NAME": "a.example", "SERVER_PORT": "PORT", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "SOFTWARE",
}

// A variablesCase is a request, and what the script sees of it that is not ordinary: "NAME=value", or "NAME" for what is not
// there. REQUEST_URI is what the request says, where it is not said.
type variablesCase struct {
	name, request string
	want          []string
}

// all gives all that the script is to see.
func (c variablesCase) all() variables {
	if len(c.want) == 1 && strings.HasPrefix(c.want[0], "(status)=") {
		return variables{"(status)": strings.TrimPrefix(c.want[0], "(status)=")}
	}
	v := maps.Clone(ordinary)
	v["REQUEST_METHOD"] = strings.Fields(c.request)[0]
	v["REQUEST_URI"] = strings.Fields(c.request)[1]
	for _, change := range c.want {
		if name, value, ok := strings.Cut(change, "="); ok {
			v[name] = value
		} else {
			delete(v, name)
		}
	}
	return v
}

// toScript is a request to the script: the method, what follows its name in the target, the version and field lines.
func toScript(method, rest, version string, lines ...string) string {
	return method + " /cgi-bin/" + variablesScript + rest + " " + version + "\r\n" + strings.Join(append(lines, "Connection: close"), "\r\n") + "\r\n\r\n"
}

// get11 is one with GET.
func get11(rest string, lines ...string) string {
	return toScript("GET", rest, "HTTP/1.1", append([]string{"Host: a.example"}, lines...)...)
}

// post11 is one with a body.
func post11(rest, body string, lines ...string) string {
	return toScript("POST", rest, "HTTP/1.1", append([]string{"Host: a.example"}, lines...)...) + body
}

// getTarget is one with a target of its own.
func getTarget(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
}

// withHost is one with another Host.
func withHost(value string) string { return toScript("GET", "", "HTTP/1.1", "Host: "+value) }

var variablesCases = []variablesCase{
	{"GET", get11(""), nil},
	{"HTTP/1.0", toScript("GET", "", "HTTP/1.0", "Host: a.example"), []string{"SERVER_PROTOCOL=HTTP/1.0"}},
	{"HTTP/1.0 without Host", toScript("GET", "", "HTTP/1.0"), []string{"SERVER_PROTOCOL=HTTP/1.0", "HTTP_HOST", "SERVER_NAME=127.0.0.1"}},

	{"a pair", get11("?a=b"), []string{"QUERY_STRING=a=b"}},
	{"an empty query", get11("?"), nil},
	{"words", get11("?a+b"), []string{"QUERY_STRING=a+b", `(arguments)=["a" "b"]`}},
	{"escaped words", get11("?a%20b+c%2Bd%3De"), []string{"QUERY_STRING=a%20b+c%2Bd%3De", `(arguments)=["a\\ b" "c+d=e"]`}},
	{"an equals sign", get11("?="), []string{"QUERY_STRING=="}},
	{"two question marks", get11("?a=b?c=d"), []string{"QUERY_STRING=a=b?c=d"}},
	{"slashes", get11("?k=aa%2F%2Fbb&//q//p//=//a//b//"), []string{"QUERY_STRING=k=aa%2F%2Fbb&//q//p//=//a//b//"}},
	{"dots", get11("?a=../b/./c"), []string{"QUERY_STRING=a=../b/./c"}},
	{"an option", get11("?-s"), []string{"QUERY_STRING=-s"}},
	{"an option behind a word", get11("?a+-s"), []string{"QUERY_STRING=a+-s"}},
	{"an option that is escaped", get11("?%2Ds"), []string{"QUERY_STRING=%2Ds"}},
	{"an empty word", get11("?a++b"), []string{"QUERY_STRING=a++b"}},
	{"a bad escape", get11("?a%zz"), []string{"QUERY_STRING=a%zz"}},
	{"NUL", get11("?a%00b"), []string{"QUERY_STRING=a%00b"}},
	{"markup", get11("?a=<'\"{}^\\|`>"), []string{"QUERY_STRING=a=<'\"{}^\\|`>"}},
	{"bytes", get11("?a=\xe9\xff"), []string{"QUERY_STRING=a=\xe9\xff"}},
	{"escapes in lower case", get11("?a=%c3%a9%7e"), []string{"QUERY_STRING=a=%c3%a9%7e"}},

	{"HEAD", toScript("HEAD", "?a+b", "HTTP/1.1", "Host: a.example"), []string{"QUERY_STRING=a+b", `(arguments)=["a" "b"]`}},
	{"POST", post11("", "a=b", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 3"),
		[]string{"(input)=a=b", "CONTENT_LENGTH=3", "CONTENT_TYPE=application/x-www-form-urlencoded"}},
	{"POST with words", post11("?a+b", "a=b", "Content-Length: 3"), []string{"(input)=a=b", "CONTENT_LENGTH=3", "QUERY_STRING=a+b"}},
	{"POST of bytes", post11("", "\x00\xff\r\n\x1a", "Content-Length: 5"), []string{"(input)=\x00\xff\r\n\x1a", "CONTENT_LENGTH=5"}},
	{"POST and more", post11("", "abc", "Content-Length: 1"), []string{"(input)=a", "CONTENT_LENGTH=1"}},
	{"POST of nothing", post11("", "", "Content-Length: 0"), []string{"CONTENT_LENGTH=0"}},
	{"POST without a length", post11("", ""), nil},
	{"POST of HTTP/1.0", toScript("POST", "", "HTTP/1.0", "Host: a.example", "Content-Length: 3") + "a=b",
		[]string{"(input)=a=b", "CONTENT_LENGTH=3", "SERVER_PROTOCOL=HTTP/1.0"}},
	{"POST in chunks", post11("", "2\r\na=\r\n1\r\nb\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), []string{"(input)=a=b", "CONTENT_LENGTH=3"}},
	{"POST in no chunks", post11("", "0\r\n\r\n", "Transfer-Encoding: chunked"), []string{"CONTENT_LENGTH=0"}},
	{"POST with trailers", post11("", "1\r\na\r\n0\r\nX-A: b\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: X-A"), []string{"(input)=a", "CONTENT_LENGTH=1"}},
	{"POST that expects", post11("", "a", "Expect: 100-continue", "Content-Length: 1"), []string{"(input)=a", "CONTENT_LENGTH=1", "HTTP_EXPECT=100-continue"}},
	{"POST with a coding", post11("", "a", "Content-Encoding: gzip", "Content-Length: 1"), []string{"(input)=a", "CONTENT_LENGTH=1", "HTTP_CONTENT_ENCODING=gzip"}},
	{"PUT", toScript("PUT", "/a", "HTTP/1.1", "Host: a.example", "Content-Length: 1") + "a",
		[]string{"(input)=a", "CONTENT_LENGTH=1", "PATH_INFO=/a", "PATH_TRANSLATED=DIR/a"}},
	{"DELETE", toScript("DELETE", "", "HTTP/1.1", "Host: a.example"), nil},
	{"OPTIONS", toScript("OPTIONS", "", "HTTP/1.1", "Host: a.example"), nil},
	{"GET with a body", get11("", "Content-Type: text/plain", "Content-Length: 1") + "a", []string{"(input)=a", "CONTENT_LENGTH=1", "CONTENT_TYPE=text/plain"}},
	{"GET with a body of nothing", get11("", "Content-Length: 0"), []string{"CONTENT_LENGTH=0"}},
	{"GET with a type", get11("", "Content-Type: text/plain"), []string{"CONTENT_TYPE=text/plain"}},

	{"a path", get11("/a/b.c"), []string{"PATH_INFO=/a/b.c", "PATH_TRANSLATED=DIR/a/b.c"}},
	{"a path and a query", get11("/a?b=c"), []string{"PATH_INFO=/a", "PATH_TRANSLATED=DIR/a", "QUERY_STRING=b=c"}},
	{"a slash", get11("/"), []string{"PATH_INFO=/", "PATH_TRANSLATED=DIR/"}},
	{"a path that ends in a slash", get11("/a/"), []string{"PATH_INFO=/a/", "PATH_TRANSLATED=DIR/a/"}},
	{"a space in a path", get11("/a%20b"), []string{"PATH_INFO=/a b", "PATH_TRANSLATED=DIR/a b"}},
	{"a slash in a path", get11("/a%2Fb"), []string{"PATH_INFO=/a/b", "PATH_TRANSLATED=DIR/a/b"}},
	{"a percent sign in a path", get11("/a%2520b"), []string{"PATH_INFO=/a%20b", "PATH_TRANSLATED=DIR/a%20b"}},
	{"a question mark in a path", get11("/a%3Fb"), []string{"PATH_INFO=/a?b", "PATH_TRANSLATED=DIR/a?b"}},
	{"reserved characters in a path", get11("/a+b;c=d"), []string{"PATH_INFO=/a+b;c=d", "PATH_TRANSLATED=DIR/a+b;c=d"}},
	{"UTF-8 in a path", get11("/%C3%A9"), []string{"PATH_INFO=/é", "PATH_TRANSLATED=DIR/é"}},
	{"a byte in a path", get11("/%FF"), []string{"PATH_INFO=/\xff", "PATH_TRANSLATED=DIR/\xff"}},
	{"a raw byte in a path", get11("/\xff"), []string{"PATH_INFO=/\xff", "PATH_TRANSLATED=DIR/\xff"}},
	{"a line break in a path", get11("/a%0Ab"), []string{"PATH_INFO=/a\nb", "PATH_TRANSLATED=DIR/a\nb"}},
	{"NUL in a path", get11("/a%00b"), []string{"(status)=404"}},
	{"a fragment", get11("/a#b"), []string{"PATH_INFO=/a", "PATH_TRANSLATED=DIR/a"}},
	{"two slashes in a path", get11("/a//b"), []string{"PATH_INFO=/a/b", "PATH_TRANSLATED=DIR/a/b"}},
	{"two slashes first", get11("//a"), []string{"PATH_INFO=/a", "PATH_TRANSLATED=DIR/a"}},
	{"dots in a path", get11("/a/./b/../c"), []string{"PATH_INFO=/a/c", "PATH_TRANSLATED=DIR/a/c"}},
	{"dots that are escaped", get11("/a/%2E%2E/b"), []string{"PATH_INFO=/b", "PATH_TRANSLATED=DIR/b"}},
	{"dots at the end", get11("/a/.."), []string{"PATH_INFO=/", "PATH_TRANSLATED=DIR/"}},
	{"dots behind the script", get11("/../" + variablesScript), nil},
	{"a directory below", getTarget("/cgi-bin/sub/variables.cgi"),
		[]string{"(directory)=DIR/cgi-bin/sub", "SCRIPT_FILENAME=DIR/cgi-bin/sub/variables.cgi", "SCRIPT_NAME=/cgi-bin/sub/variables.cgi"}},
	{"an escape in the name", getTarget("/cgi-bin/v%61riables.cgi"), nil},
	{"slashes in the name", getTarget("//cgi-bin//variables.cgi"), []string{"REQUEST_URI=/cgi-bin//variables.cgi"}},
	{"dots in the name", getTarget("/cgi-bin/./sub/../variables.cgi"), nil},
	{"an escaped slash in the name", getTarget("/cgi-bin%2Fvariables.cgi"), nil},

	{"absolute-form", getTarget("http://b.example:81/cgi-bin/variables.cgi/a?b=c"),
		[]string{"HTTP_HOST=b.example:81", "PATH_INFO=/a", "PATH_TRANSLATED=DIR/a", "QUERY_STRING=b=c", "REQUEST_URI=/cgi-bin/variables.cgi/a?b=c", "SERVER_NAME=b.example"}},
	{"Host with a port", withHost("a.example:81"), []string{"HTTP_HOST=a.example:81"}},
	{"Host with an empty port", withHost("a.example:"), []string{"HTTP_HOST=a.example:"}},
	{"Host in capitals", withHost("A.Example"), []string{"HTTP_HOST=A.Example", "SERVER_NAME=A.Example"}},
	{"Host with a dot", withHost("a.example."), []string{"HTTP_HOST=a.example.", "SERVER_NAME=a.example."}},
	{"Host of IPv4", withHost("127.0.0.1"), []string{"HTTP_HOST=127.0.0.1", "SERVER_NAME=127.0.0.1"}},
	{"Host of IPv6", withHost("[::1]"), []string{"HTTP_HOST=[::1]", "SERVER_NAME=[::1]"}},
	{"Host of IPv6 with a port", withHost("[::1]:81"), []string{"HTTP_HOST=[::1]:81", "SERVER_NAME=[::1]"}},

	{"fields", get11("", "User-Agent: u", "Referer: r", "Accept: */*", "Cookie: a=b", "X-Forwarded-For: 10.0.0.1", "X-1: 2"),
		[]string{"HTTP_USER_AGENT=u", "HTTP_REFERER=r", "HTTP_ACCEPT=*/*", "HTTP_COOKIE=a=b", "HTTP_X_FORWARDED_FOR=10.0.0.1", "HTTP_X_1=2"}},
	{"a field twice", get11("", "X-A: b", "x-a: c"), []string{"HTTP_X_A=b,c"}},
	{"Accept twice", get11("", "Accept: text/html", "ACCEPT: text/plain"), []string{"HTTP_ACCEPT=text/html,text/plain"}},
	{"Cookie twice", get11("", "Cookie: a=b", "Cookie: c=d"), []string{"HTTP_COOKIE=a=b; c=d"}},
	{"Content-Type twice", get11("", "Content-Type: a/b", "Content-Type: c/d"), []string{"CONTENT_TYPE=a/b"}},
	{"an underscore", get11("", "X_A: b"), nil},
	{"a hyphen and an underscore", get11("", "X-A: b", "X_A: c"), []string{"HTTP_X_A=b"}},
	{"odd characters in names", get11("", "X!A: b", "X.B: c"), nil},
	{"an empty field", get11("", "X-A:"), []string{"HTTP_X_A="}},
	{"blanks in a field", get11("", "X-A: \t b \t c \t "), []string{"HTTP_X_A=b \t c"}},
	{"bytes in a field", get11("", "X-A: \xe9\xffé"), []string{"HTTP_X_A=\xe9\xffé"}},
	{"a long field", get11("", "X-A: "+strings.Repeat("b", 3000)), []string{"HTTP_X_A=" + strings.Repeat("b", 3000)}},
	{"a field for a shell", get11("", "User-Agent: () { :;}; $(id)"), []string{"HTTP_USER_AGENT=() { :;}; $(id)"}},
	{"Proxy", get11("", "Proxy: http://p.example/"), nil},
	{"Authorization", get11("", "Authorization: Basic YTpi"), nil},
	{"Proxy-Authorization", get11("", "Proxy-Authorization: Basic YTpi"), nil},
	{"fields of the connection", get11("", "Keep-Alive: 5", "TE: trailers", "Upgrade: h2c", "Proxy-Connection: close"), nil},
}

// The servers that a script is compared in.
const (
	lighttpdPeer = "lighttpd"
	netHTTPPeer  = "net/http/cgi"
)

// A variablesRow is a row of README.md: what lighttpd and net/http/cgi let a script see in another way, and why we do not.
type variablesRow struct {
	what, lighttpd, netHTTP, ours, why string
	// apply makes of what ours lets a script see what the peer does, as far as this row goes.
	apply func(v variables, c variablesCase, peer string)
}

// asOurs is the cell of a peer which the row does not concern.
const asOurs = "as we"

func (r variablesRow) cell(peer string) string {
	if peer == lighttpdPeer {
		return r.lighttpd
	}
	return r.netHTTP
}

// String gives the row as a line of its table.
func (r variablesRow) String() string {
	return "| " + strings.Join([]string{r.what, r.lighttpd, r.netHTTP, r.ours, r.why}, " | ") + " |\n"
}

// TestVariables sends requests to our CGIHandler and looks at what the script sees.
func TestVariables(t *testing.T) {
	dir := plantVariables(t)
	ours := startOurVariables(t, dir)
	for _, c := range variablesCases {
		if got, want := ours.ask(t, c.request), c.all(); !maps.Equal(got, want) {
			t.Errorf("%s: %.300q\n%s", c.name, c.request, compareVariables(got, want))
		}
	}
}

// TestVariablesOfLighttpd and TestVariablesOfNetHTTP send the same requests to other servers with the same script. What it
// sees there is what it sees from ours, but for the rows of README.md.
func TestVariablesOfLighttpd(t *testing.T) { compareWithPeer(t, startLighttpd) }

func TestVariablesOfNetHTTP(t *testing.T) { compareWithPeer(t, startNetHTTP) }

func compareWithPeer(t *testing.T, start func(*testing.T, string) *variablesPeer) {
	p := start(t, plantVariables(t))
	used := make([]bool, len(variablesRows))
	for _, c := range variablesCases {
		want := c.all()
		for i, row := range variablesRows {
			if row.cell(p.name) == asOurs {
				continue
			}
			before := maps.Clone(want)
			if row.apply(want, c, p.name); !maps.Equal(before, want) {
				used[i] = true
			}
		}
		if got := p.ask(t, c.request); !got.seenAs(want) {
			t.Errorf("%s: %.300q: %s differs from ours, and no row of README.md says so, or one says so in vain:\n%s", c.name, c.request, p.name, compareVariables(got, want))
		}
	}
	for i, row := range variablesRows {
		if !used[i] && row.cell(p.name) != asOurs {
			t.Errorf("%s does as we do, so this row is no longer needed for it: %s", p.name, row)
		}
	}
}

// compareVariables says what a script sees and was not to see, and the other way round.
func compareVariables(got, want variables) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if value, ok := want[name]; !ok {
			fmt.Fprintf(&b, "\t%s is %.100q, and was not to be there\n", name, got[name])
		} else if value != got[name] {
			fmt.Fprintf(&b, "\t%s is %.100q, want %.100q\n", name, got[name], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			fmt.Fprintf(&b, "\t%s is not there, want %.100q\n", name, want[name])
		}
	}
	return b.String()
}

const variablesHeading = "### Meta-variables, compared with lighttpd and net/http/cgi\n"

// TestVariablesInReadme holds README.md's table to variablesRows, word by word.
func TestVariablesInReadme(t *testing.T) {
	file, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(file), variablesHeading)
	if !ok {
		t.Fatal("README.md has no section about meta-variables")
	}
	section, _, _ = strings.Cut(section, "\n#")
	wanted := map[string]bool{}
	for _, row := range variablesRows {
		if wanted[row.String()] = true; !strings.Contains(section, row.String()) {
			t.Errorf("README.md does not say: %s", row)
		}
	}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| | ") && !wanted[line] {
			t.Errorf("README.md has a row for no difference: %s", line)
		}
	}
}

// plantVariables makes a directory with the script, and an environment that is the same on every machine.
func plantVariables(t *testing.T) (dir string) {
	t.Helper()
	dir = worldDir(t)
	plantOwn(t, filepath.Join(dir, "cgi-bin", variablesScript), filepath.Join(dir, "cgi-bin/sub", variablesScript))
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name == "TZ" || name == "TMPDIR" || name == "LANGUAGE" || strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "LD_") {
			t.Setenv(name, "") // so that it comes back
			os.Unsetenv(name)
		}
	}
	t.Setenv("LANG", "C.UTF-8")
	t.Setenv("HTTPSERVER_SECRET", "secret")
	return dir
}
