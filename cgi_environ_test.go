//go:build unix

package httpserver_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/httpserver"
)

// toldBy takes the answer of the script named tell apart.
func toldBy(t *testing.T, answer string) (it told, env map[string]string) {
	t.Helper()
	head, content, _ := strings.Cut(answer, "\r\n\r\n")
	if err := json.Unmarshal([]byte(content), &it); err != nil || !strings.Contains(head, " 200 ") {
		t.Fatalf("%v in %q", err, answer)
	}
	env = map[string]string{}
	for _, variable := range it.Env {
		name, value, _ := strings.Cut(variable, "=")
		if _, twice := env[name]; twice {
			t.Errorf("%s is there twice: %q", name, it.Env)
		}
		env[name] = value
	}
	return it, env
}

// TestScriptEnvironment: what a script has in its environment, all of it.
func TestScriptEnvironment(t *testing.T) {
	h := newStage(t, "cgi-bin/sub/tell")
	h.ProtocolVersion = "HTTP/1.0"
	for _, variable := range os.Environ() { // of the tests' own, scripts get what is set here
		name, value, _ := strings.Cut(variable, "=")
		if name == "LANG" || name == "TZ" || name == "LD_LIBRARY_PATH" || strings.HasPrefix(name, "LC_") || name == "LANGUAGE" || name == "TMPDIR" {
			t.Setenv(name, value)
			os.Unsetenv(name)
		}
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	t.Setenv("TZ", "Europe/Berlin")
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("STAGE_SECRET", "hush")
	t.Setenv("HTTP_PROXY", "http://proxy.example/")
	t.Setenv("HTTP_HOST", "of the server")
	t.Setenv("SERVER_SOFTWARE", "of the server")
	t.Setenv("REMOTE_USER", "of the server")
	s := h.serve(t)
	_, port, _ := net.SplitHostPort(s.ServerAddress().String())
	plain := func(name string) map[string]string {
		return map[string]string{
			"PATH": "/usr/bin:/bin", "TZ": "Europe/Berlin", "LC_ALL": "C.UTF-8",
			"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "S", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": port, "SERVER_PROTOCOL": "HTTP/1.0",
			"REQUEST_METHOD": "GET", "REQUEST_URI": name, "REQUEST_SCHEME": "http", "QUERY_STRING": "",
			"SCRIPT_NAME": name, "SCRIPT_FILENAME": filepath.Join(h.Directory, name), "DOCUMENT_ROOT": h.Directory, "PATH_INFO": "",
			"SERVER_ADDR": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1", "REMOTE_HOST": "127.0.0.1", "REMOTE_PORT": "PORT", "REDIRECT_STATUS": "200",
			"CONTENT_LENGTH": "", "HTTP_ACCEPT": "", "HTTP_COOKIE": "", "HTTP_REFERER": "", "HTTP_USER_AGENT": "",
		}
	}
	for _, tc := range []struct {
		name, request string
		script        string
		differs       map[string]string
	}{
		{"nothing beside", get10("/cgi-bin/tell"), "/cgi-bin/tell", nil},
		{"HTTP/1.1", "GET /cgi-bin/tell HTTP/1.1\r\nHost: a.example:81\r\n\r\n", "/cgi-bin/tell",
			map[string]string{"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "a.example:81", "SERVER_NAME": "a.example"}},
		{"absolute-form", "GET http://b.example/cgi-bin/tell?a HTTP/1.1\r\nHost: a.example\r\n\r\n", "/cgi-bin/tell",
			map[string]string{"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "b.example", "SERVER_NAME": "b.example", "REQUEST_URI": "/cgi-bin/tell?a", "QUERY_STRING": "a"}},
		{"IPv6", get10("/cgi-bin/tell", "Host: [::1]:80"), "/cgi-bin/tell", map[string]string{"HTTP_HOST": "[::1]:80", "SERVER_NAME": "[::1]"}},
		{"below", get10("/cgi-bin/sub/tell/a%20b/%2e%2e/c?d=e?f&%20+"), "/cgi-bin/sub/tell", nil},
		{"PATH_INFO and query", get10("/cgi-bin/tell/a%20b//c%3fd?e=f?g&%20+"), "/cgi-bin/tell", map[string]string{
			"REQUEST_URI": "/cgi-bin/tell/a%20b//c%3fd?e=f?g&%20+", "QUERY_STRING": "e=f?g&%20+", "PATH_INFO": "/a b/c?d", "PATH_TRANSLATED": filepath.Join(h.Directory, "a b/c?d")}},
		{"another spelling", get10("/x/..//%63gi-bin/./tell"), "/cgi-bin/tell", map[string]string{"REQUEST_URI": "/x/..//%63gi-bin/./tell"}},
		{"a body", "POST /cgi-bin/tell HTTP/1.0\r\nContent-Length: 5\r\nContent-Type: a/b\r\n\r\nhello", "/cgi-bin/tell",
			map[string]string{"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "CONTENT_TYPE": "a/b"}},
		{"fields", get10("/cgi-bin/tell", "Accept: a/b", "accept: c/d", "Cookie: e=f", "Cookie: g=h", "X-A: i", "X-Empty:", "User-Agent: j", "Referer: k"), "/cgi-bin/tell",
			map[string]string{"HTTP_ACCEPT": "a/b,c/d", "HTTP_COOKIE": "e=f; g=h", "HTTP_X_A": "i", "HTTP_X_EMPTY": "", "HTTP_USER_AGENT": "j", "HTTP_REFERER": "k"}},
		{"fields that are not for scripts", get10("/cgi-bin/tell", "Proxy: http://evil.example/", "pRoXy: x", "Authorization: Basic YTpi", "Proxy-Authorization: x", "Connection: TE", "TE: trailers", "Keep-Alive: 5", "Upgrade: x", "Trailer: x"), "/cgi-bin/tell", nil},
		{"fields that would be others", get10("/cgi-bin/tell", "X_A: 1", "Remote_User: 2", "X.B: 3", "Content_Length: 4", "HTTP_PROXY: 5", "X-C: 6"), "/cgi-bin/tell",
			map[string]string{"HTTP_X_C": "6"}},
		{"shellshock", get10("/cgi-bin/tell", "User-Agent: () { :; }; echo"), "/cgi-bin/tell", map[string]string{"HTTP_USER_AGENT": "() { :; }; echo"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			it, env := toldBy(t, send(t, s, tc.request))
			want := plain(tc.script)
			if tc.name == "below" {
				want["REQUEST_URI"], want["QUERY_STRING"] = "/cgi-bin/sub/tell/a%20b/%2e%2e/c?d=e?f&%20+", "d=e?f&%20+"
				want["PATH_INFO"], want["PATH_TRANSLATED"] = "/c", filepath.Join(h.Directory, "c")
			}
			maps.Copy(want, tc.differs)
			want["REMOTE_PORT"] = env["REMOTE_PORT"]
			for _, name := range slices.Sorted(maps.Keys(merged(env, want))) {
				got, is := env[name]
				wanted, wants := want[name]
				if is != wants || got != wanted {
					t.Errorf("%s: %q (%v)\nwant %q (%v)", name, got, is, wanted, wants)
				}
			}
			if dir := filepath.Dir(filepath.Join(h.Directory, tc.script)); it.Dir != dir {
				t.Errorf("the working directory is %s, not %s", it.Dir, dir)
			}
			if it.PGID != it.PID || it.PPID != os.Getpid() {
				t.Errorf("process %d of group %d below %d", it.PID, it.PGID, it.PPID)
			}
			for _, name := range it.Open {
				if !slices.Contains(inherited, name) {
					t.Errorf("it has open %s", name)
				}
			}
		})
	}
	if os.Getenv("SERVER_SOFTWARE") != "of the server" {
		t.Error("the server's environment has changed")
	}
}

func merged(a, b map[string]string) map[string]string {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// TestScriptArguments: a query without "=" is a command line (RFC 3875 §4.4).
func TestScriptArguments(t *testing.T) {
	h := newStage(t)
	s := h.serve(t)
	for _, tc := range []struct {
		name, request string
		want          []string
	}{
		{"none", get10("/cgi-bin/tell"), nil},
		{"empty", get10("/cgi-bin/tell?"), nil},
		{"a word", get10("/cgi-bin/tell?a"), []string{"a"}},
		{"words", get10("/cgi-bin/tell?a+b%2Bc+%C3%A9"), []string{"a", "b+c", "é"}},
		{"a form", get10("/cgi-bin/tell?a=b"), nil},
		{"an encoded =", get10("/cgi-bin/tell?a%3Db"), []string{"a=b"}},
		{"an option (CVE-2012-1823)", get10("/cgi-bin/tell?-s"), nil},
		{"an encoded option", get10("/cgi-bin/tell?a+%2Ds"), nil},
		{"for a shell", get10("/cgi-bin/tell?$(id)+`id`+;"), []string{`\$\(id\)`, "\\`id\\`", `\;`}},
		{"POST", "POST /cgi-bin/tell?a HTTP/1.0\r\nContent-Length: 0\r\n\r\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			it, _ := toldBy(t, send(t, s, tc.request))
			if want := append([]string{"tell"}, tc.want...); !slices.Equal(it.Args, want) {
				t.Errorf("got %q, want %q", it.Args, want)
			}
		})
	}
}

// TestCGIEnv: what the program says goes before all else.
func TestCGIEnv(t *testing.T) {
	t.Setenv("STAGE_PASSED", "from the server")
	t.Setenv("STAGE_EMPTY", "")
	t.Setenv("STAGE_SECRET", "hush")
	h := newStage(t)
	h.CGIEnv = []string{"A=b=c", "STAGE_PASSED", "STAGE_EMPTY", "STAGE_UNSET", "PATH=/own", "SERVER_NAME=own", "HTTP_X_A=own", "EMPTY=", "A2=1", "A2=2"}
	s := h.serve(t)
	_, env := toldBy(t, send(t, s, get10("/cgi-bin/tell", "X-A: theirs", "A: theirs")))
	for name, want := range map[string]string{
		"A": "b=c", "STAGE_PASSED": "from the server", "STAGE_EMPTY": "", "STAGE_UNSET": "none", "PATH": "/own", "SERVER_NAME": "own",
		"HTTP_X_A": "own", "EMPTY": "", "A2": "2", "STAGE_SECRET": "none", "HTTP_A": "theirs",
	} {
		got, ok := env[name]
		if !ok {
			got = "none"
		}
		if got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
}

// TestCGIEnvBad: what cannot be a variable panics at once.
func TestCGIEnvBad(t *testing.T) {
	for _, entry := range []string{"", "=", "=a", "A\x00=b", "A=b\x00", "\x00"} {
		if got := panicOf(func() { newServer(t, &stage{CGIHandler: httpserver.CGIHandler{CGIEnv: []string{entry}}}) }); !strings.Contains(got, "CGIEnv") {
			t.Errorf("%q: %q", entry, got)
		}
	}
}

// newServer makes a server, and lets go of it.
func newServer(t *testing.T, h httpserver.RequestHandler) {
	t.Helper()
	s, err := httpserver.NewThreadingServer("127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func panicOf(do func()) (problem string) {
	defer func() {
		if p := recover(); p != nil {
			problem = fmt.Sprint(p)
		}
	}()
	do()
	return ""
}

// TestCGIPassAuthorization: a password reaches a script where it is asked for.
func TestCGIPassAuthorization(t *testing.T) {
	h := newStage(t)
	h.CGIPassAuthorization = true
	s := h.serve(t)
	_, env := toldBy(t, send(t, s, get10("/cgi-bin/tell", "Authorization: Basic YTpi", "Proxy-Authorization: x")))
	_, hasType := env["AUTH_TYPE"]
	_, hasProxy := env["HTTP_PROXY_AUTHORIZATION"]
	if env["HTTP_AUTHORIZATION"] != "Basic YTpi" || hasType || hasProxy {
		t.Errorf("%q", env)
	}
}

// A guardedStage knows who asks where the path says so.
type guardedStage struct{ stage }

func (h *guardedStage) RunCGI() {
	if strings.HasSuffix(h.Path, "?known") {
		h.AuthType, h.RemoteUser = "Basic", "ada"
	}
	h.CGIHandler.RunCGI()
}

// TestRemoteUser: who has asked is not who asks next on a connection.
func TestRemoteUser(t *testing.T) {
	h := &guardedStage{*newStage(t)}
	s := serveDuring(t, h)
	conn := dial(t, s.ServerAddress())
	for _, query := range []string{"", "?known", "", "?known", ""} {
		io.WriteString(conn, "GET /cgi-bin/tell"+query+" HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n")
		answer := readUntil(t, conn, "\r\n0\r\n\r\n")
		_, content, _ := dechunked(t, answer)
		_, env := toldBy(t, "x 200 \r\n\r\n"+content)
		want := ""
		if query != "" {
			want = "Basic ada"
		}
		if got := strings.TrimSpace(env["AUTH_TYPE"] + " " + env["REMOTE_USER"]); got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
}

// TestScriptOverTLS: a script is told that the connection is safe.
func TestScriptOverTLS(t *testing.T) {
	h := newStage(t)
	h.ProtocolVersion = "HTTP/1.0"
	checkLeaks(t)
	s := &httpserver.ThreadingServer{}
	s.Handler = h
	l := listen(t)
	inBackground(t, s, func() error {
		return s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}))
	})
	conn := tls.Client(dial(t, l.Addr()), &tls.Config{InsecureSkipVerify: true})
	io.WriteString(conn, get10("/cgi-bin/tell"))
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	_, env := toldBy(t, string(answer))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if env["HTTPS"] != "on" || env["REQUEST_SCHEME"] != "https" || env["SERVER_PORT"] != port || env["REMOTE_ADDR"] != "127.0.0.1" {
		t.Errorf("%q", env)
	}
}

// TestScriptOverUnixSocket: there is no port, and nobody has an address.
func TestScriptOverUnixSocket(t *testing.T) {
	h := newStage(t)
	h.ProtocolVersion = "HTTP/1.0"
	checkLeaks(t)
	s := &httpserver.ThreadingServer{}
	s.Handler = h
	l := listenUnix(t)
	s.ServerName = "own"
	inBackground(t, s, func() error { return s.Serve(l) })
	for _, tc := range []struct{ field, name, port string }{
		{"A: b", s.ServerName, "80"},
		{"Host: a.example", "a.example", "80"},
		{"Host: a.example:81", "a.example", "81"},
	} {
		conn := dial(t, l.Addr())
		io.WriteString(conn, get10("/cgi-bin/tell", tc.field))
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		_, env := toldBy(t, string(answer))
		_, hasPort := env["REMOTE_PORT"]
		if env["SERVER_NAME"] != tc.name || env["SERVER_PORT"] != tc.port || hasPort {
			t.Errorf("%s: %q", tc.field, env)
		}
	}
}

// TestScriptOfRelativeDirectory: a script finds itself wherever the server is.
func TestScriptOfRelativeDirectory(t *testing.T) {
	h := newStage(t)
	h.ProtocolVersion = "HTTP/1.0"
	dir := h.Directory
	t.Chdir(filepath.Dir(dir))
	h.Directory = filepath.Base(dir)
	s := h.serve(t)
	it, env := toldBy(t, send(t, s, get10("/cgi-bin/tell/x")))
	if it.Dir != dir+"/cgi-bin" || env["SCRIPT_FILENAME"] != dir+"/cgi-bin/tell" || env["DOCUMENT_ROOT"] != dir || env["PATH_TRANSLATED"] != dir+"/x" {
		t.Errorf("in %s: %q", it.Dir, env)
	}
}
