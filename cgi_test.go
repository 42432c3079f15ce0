//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"os"
	users "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/httpserver"
)

const forbidden = "Request forbidden -- authorization will not help"

// TestCGIHandler: what is a script, and what is said of the rest, in CPython's words.
func TestCGIHandler(t *testing.T) {
	h := newStage(t, "cgi-bin/sub/deep/say", "htbin/say", "sub/dir/cgi-bin/say", "cgi-bin/a b/say")
	h.write(t, "page.txt", "page\n", 0o644)
	h.write(t, "cgi-bin/plain", "#!/bin/sh\n", 0o644)
	h.write(t, "cgi-bin/broken", "no program\n", 0o755)
	h.write(t, "cgi-bin/lost", "#!/nonexistent\n", 0o755)
	h.write(t, "cgi-bin/sub/index.html", "index\n", 0o644)
	if err := os.Symlink("/", h.cgiBin("top")); err != nil {
		t.Fatal(err)
	}
	h.CGIDirectories = []string{"/cgi-bin", "/htbin", "/sub/dir/cgi-bin"}
	h.ProtocolVersion = "HTTP/1.0"
	s := h.serve(t)
	said := head("HTTP/1.0 200 OK", "A: b") + "c"
	saying := "?A:%20b%0A%0Ac"
	refused := func(code int, message, explain string) string { return refusal("HTTP/1.0", code, message, explain) }
	none := func(name string) string { return refused(404, "No such CGI script ('"+name+"')", notFound) }
	notPlain := func(name string) string {
		return refused(403, "CGI script is not a plain file ('"+name+"')", forbidden)
	}
	bad := refused(502, "Bad Gateway", "Invalid responses from another server/proxy")
	for _, tc := range []struct{ name, method, target, want, log string }{
		{"a script", "GET", "/cgi-bin/say" + saying, said, ""},
		{"HEAD", "HEAD", "/cgi-bin/say" + saying, strings.TrimSuffix(said, "c"), ""},
		{"POST", "POST", "/cgi-bin/say" + saying, said, ""},
		{"with PATH_INFO", "GET", "/cgi-bin/say/0/" + saying, said, ""},
		{"another directory", "GET", "/htbin/say" + saying, said, ""},
		{"a directory of several words", "GET", "/sub/dir/cgi-bin/say" + saying, said, ""},
		{"below", "GET", "/cgi-bin/sub/deep/say" + saying, said, ""},
		{"a blank in a name", "GET", "/cgi-bin/a%20b/say" + saying, said, ""},
		{"test_no_leading_slash", "GET", "cgi-bin/say" + saying, said, ""},
		{"test_urlquote_decoding_in_cgi_check", "GET", "/cgi-bin%2fsay" + saying, said, ""},
		{"test_issue19435", "GET", "///////////nocgi.py/../cgi-bin/nothere.sh", none("/cgi-bin/nothere.sh"), ""},
		{"test_invaliduri", "GET", "/cgi-bin/invalid", none("/cgi-bin/invalid"), ""},
		{"up from the top", "GET", "/../../cgi-bin/say" + saying, said, ""},
		{"decoded once", "GET", "/cgi-bin/%2573ay" + saying, none("/cgi-bin/%73ay"), ""},
		{"an encoded question mark", "GET", "/cgi-bin/say%3fA:%20b%0A%0Ac", none(`/cgi-bin/say?A: b\n\nc`), ""},
		{"an odd name", "GET", "/cgi-bin/%27%22%ff%0a", refused(404, "No such CGI script ('/cgi-bin/\\'\"\xff\\n')", notFound), ""},
		{"a NUL in the name", "GET", "/cgi-bin/say%00", none(`/cgi-bin/say\x00`), ""},
		{"a NUL behind the name", "GET", "/cgi-bin/say/%00", none("/cgi-bin/say"), ""},
		{"no name", "GET", "/cgi-bin/", notPlain("/cgi-bin/"), ""},
		{"a directory", "GET", "/cgi-bin/sub/deep", notPlain("/cgi-bin/sub/deep"), ""},
		{"a directory and a slash", "GET", "/cgi-bin/sub/", notPlain("/cgi-bin/sub/"), ""},
		{"not executable", "GET", "/cgi-bin/plain", refused(403, "CGI script is not executable ('/cgi-bin/plain')", forbidden), ""},
		{"out of the tree", "GET", "/cgi-bin/top/bin/true", none("/cgi-bin/top"), ""},
		{"no program", "GET", "/cgi-bin/broken", bad, "CGI script /cgi-bin/broken: execute " + h.cgiBin("broken") + ": exec format error: it is no program, and its first line does not begin with #! and name one"},
		{"no interpreter", "GET", "/cgi-bin/lost", bad, "CGI script /cgi-bin/lost: execute " + h.cgiBin("lost") + ": no such file or directory: its first line asks for \"/nonexistent\""},
		{"the directory itself", "GET", "/cgi-bin", head("HTTP/1.0 301 Moved Permanently", "Location: /cgi-bin/", "Content-Length: 0"), ""},
		{"a longer name", "GET", "/cgi-bin2/say", refused(404, "File not found", notFound), ""},
		{"POST elsewhere", "POST", "/page.txt", refused(501, "Can only POST to CGI scripts", unsupported), ""},
		{"PUT", "PUT", "/cgi-bin/say", refused(501, "Unsupported method ('PUT')", unsupported), ""},
		{"a file", "HEAD", "/page.txt", head("HTTP/1.0 200 OK", "Content-type: text/plain", "Content-Length: 5", "Last-Modified: D", "Accept-Ranges: bytes", `ETag: "T"`), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h.log.clear()
			length := ""
			if tc.method == "POST" || tc.method == "PUT" {
				length = "Content-Length: 0\r\n"
			}
			want := tc.want
			if got := send(t, s, tc.method+" "+tc.target+" HTTP/1.0\r\n"+length+"\r\n"); strings.ReplaceAll(strings.ReplaceAll(got, "&#x27;", "'"), "&quot;", `"`) != want && withoutPage(got) != withoutPage(want) {
				t.Errorf("%s\ngot  %q\nwant %q", tc.target, got, want)
			}
			if got := h.complaints(); got != tc.log {
				t.Errorf("log  %q\nwant %q", got, tc.log)
			}
		})
	}
}

// withoutPage gives an answer without the error page, which escapes the message, and its
// length.
func withoutPage(answer string) string {
	answer, _, _ = strings.Cut(answer, "<!DOCTYPE")
	before, after, ok := strings.Cut(answer, "Content-Length: ")
	if ok && strings.Contains(answer, "Content-Type: text/html;charset=utf-8") {
		_, after, _ = strings.Cut(after, "\r\n")
		return before + after
	}
	return answer
}

// TestCGIMethods: methods that are listed reach scripts, and nothing else.
func TestCGIMethods(t *testing.T) {
	h := newStage(t)
	h.write(t, "page.txt", "page\n", 0o644)
	h.CGIMethods = []string{"PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "M-SEARCH", "TRACE"}
	h.ProtocolVersion = "HTTP/1.0"
	s := h.serve(t)
	for _, method := range append(h.CGIMethods, "GET", "POST", "HEAD", "SPAM", "put", "CONNECT") {
		t.Run(method, func(t *testing.T) {
			answer := send(t, s, method+" /cgi-bin/tell HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
			switch method {
			case "SPAM", "put", "CONNECT":
				if !strings.HasPrefix(answer, "HTTP/1.0 501 ") && !strings.HasPrefix(answer, "HTTP/1.0 400 ") {
					t.Errorf("got %q", answer)
				}
				return
			case "HEAD":
				return
			}
			it, env := toldBy(t, answer)
			if it.Stdin != "hello" || env["REQUEST_METHOD"] != method {
				t.Errorf("%s with %q", env["REQUEST_METHOD"], it.Stdin)
			}
			answer = send(t, s, method+" /page.txt HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
			want := refusal("HTTP/1.0", 501, "Can only "+method+" to CGI scripts", unsupported)
			if method == "GET" {
				want = "HTTP/1.0 200 OK\r\n"
			}
			if method == "OPTIONS" { // as SimpleHandler's
				want = answer
			}
			if !strings.HasPrefix(answer, want) {
				t.Errorf("elsewhere: %q", answer)
			}
		})
	}
}

// TestCGIBadConfiguration: what cannot be served with panics at once.
func TestCGIBadConfiguration(t *testing.T) {
	root := os.Geteuid() == 0
	for _, tc := range []struct {
		name string
		set  func(h *httpserver.CGIHandler)
		want string // "" is fine
	}{
		{"nothing", func(h *httpserver.CGIHandler) {}, ""},
		{"methods", func(h *httpserver.CGIHandler) { h.CGIMethods = []string{"PUT", "M-SEARCH"} }, ""},
		{"no method", func(h *httpserver.CGIHandler) { h.CGIMethods = []string{""} }, "CGIMethods"},
		{"a method that is no token", func(h *httpserver.CGIHandler) { h.CGIMethods = []string{"A B"} }, "CGIMethods"},
		{"CONNECT", func(h *httpserver.CGIHandler) { h.CGIMethods = []string{"CONNECT"} }, "CGIMethods"},
		{"an FS", func(h *httpserver.CGIHandler) { h.FS = os.DirFS("/") }, "FS"},
		{"what SimpleHandler cannot", func(h *httpserver.CGIHandler) { h.Listing = 7 }, "Listing"},
		{"an unknown user", func(h *httpserver.CGIHandler) { h.CGIUser = "no such user" }, "CGIUser"},
		{"a negative number", func(h *httpserver.CGIHandler) { h.CGIUser = "-1" }, "CGIUser"},
		{"too large a number", func(h *httpserver.CGIHandler) { h.CGIUser = "4294967296" }, "CGIUser"},
		{"nobody", func(h *httpserver.CGIHandler) { h.CGIUser = "nobody" }, map[bool]string{false: "CGIUser"}[root]},
		{"root", func(h *httpserver.CGIHandler) { h.CGIUser = "root" }, map[bool]string{false: "CGIUser"}[root]},
		{"a number", func(h *httpserver.CGIHandler) { h.CGIUser = "12345" }, map[bool]string{false: "CGIUser"}[root]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := new(httpserver.CGIHandler)
			tc.set(h)
			if got := panicOf(func() { newServer(t, h) }); (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestCGIUser: scripts of root's server run as somebody else, in all respects.
func TestCGIUser(t *testing.T) {
	own := os.Geteuid()
	if own != 0 {
		h := newStage(t)
		h.ProtocolVersion = "HTTP/1.0"
		it, _ := toldBy(t, send(t, h.serve(t), get10("/cgi-bin/tell")))
		if it.UID != own || it.EUID != own || it.GID != os.Getegid() {
			t.Errorf("%+v", it)
		}
		t.Skip("only root can run scripts as others")
	}
	groups := func(u *users.User) (groups []int) {
		names, err := u.GroupIds()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			id, _ := strconv.Atoi(name)
			groups = append(groups, id)
		}
		return groups
	}
	var daemon users.User
	if u, err := users.Lookup("daemon"); err == nil {
		daemon = *u
	}
	own0 := must(os.Getgroups())
	for _, tc := range []struct {
		name, user string
		uid, gid   int
		groups     []int
	}{
		{"by default", "", 65534, 65534, nil},
		{"nobody", "nobody", 65534, 65534, nil},
		{"by name", "daemon", 1, 1, nil},
		{"by number", "1", 1, 1, nil},
		{"a number of nobody's", "12345", 12345, 65534, []int{}},
		{"root", "root", 0, 0, own0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.groups
			name := tc.user
			if name == "" {
				name = "nobody"
			}
			if u, err := users.Lookup(name); err == nil && name != "root" {
				tc.uid, _ = strconv.Atoi(u.Uid)
				tc.gid, _ = strconv.Atoi(u.Gid)
				want = groups(u)
			} else if name == "1" {
				want = groups(&daemon)
			}
			h := newStage(t)
			h.ProtocolVersion = "HTTP/1.0"
			h.CGIUser = tc.user
			it, env := toldBy(t, send(t, h.serve(t), get10("/cgi-bin/tell")))
			slices.Sort(it.Groups)
			slices.Sort(want)
			if it.UID != tc.uid || it.EUID != tc.uid || it.GID != tc.gid || it.EGID != tc.gid || !slices.Equal(it.Groups, want) {
				t.Errorf("got %d/%d %d/%d %v, want %d %d %v", it.UID, it.EUID, it.GID, it.EGID, it.Groups, tc.uid, tc.gid, want)
			}
			if env["USER"] != "" || env["HOME"] != "" {
				t.Errorf("%q", env)
			}
		})
	}
	t.Run("who may not enter the directory", func(t *testing.T) {
		h := newStage(t)
		h.ProtocolVersion = "HTTP/1.0"
		if err := os.Chmod(h.Directory, 0o700); err != nil {
			t.Fatal(err)
		}
		got := send(t, h.serve(t), get10("/cgi-bin/tell"))
		if got != refusal("HTTP/1.0", 502, "Bad Gateway", "Invalid responses from another server/proxy") {
			t.Errorf("got %q", got)
		}
		if log := h.complaints(); !strings.Contains(log, "permission denied (for user 65534, who is to run it") {
			t.Errorf("log %q", log)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A chosen finds its scripts by other means.
type chosen struct {
	stage
	info *httpserver.CGIInfo // what IsCGI gives
	ran  *journal
}

func (h *chosen) IsCGI() bool {
	if strings.HasPrefix(h.Path, "/files/") {
		return false
	}
	h.CGIInfo = *h.info
	return true
}

func (h *chosen) RunCGI() {
	h.ran.add(h.CGIInfo.Directory + " " + h.CGIInfo.Rest)
	h.CGIHandler.RunCGI()
}

func (h *chosen) IsExecutable(path string) bool {
	return filepath.Base(path) != "echo" && h.CGIHandler.IsExecutable(path)
}

// TestCGIOverrides: IsCGI, RunCGI and IsExecutable can be a program's own. Nothing that
// CGIInfo says leads out of its directory.
func TestCGIOverrides(t *testing.T) {
	h := &chosen{stage: *newStage(t, "tell", "elsewhere/tell", "outside"), info: new(httpserver.CGIInfo), ran: new(journal)}
	h.ProtocolVersion = "HTTP/1.0"
	s := serveDuring(t, h)
	for _, tc := range []struct {
		directory, rest string
		want            string // the name of the script and PATH_INFO, or the status
	}{
		{"/cgi-bin", "tell", "/cgi-bin/tell "},
		{"/cgi-bin", "tell/a/b", "/cgi-bin/tell /a/b"},
		{"/cgi-bin", "../cgi-bin/tell", "/cgi-bin/tell "},
		{"/cgi-bin", "../tell", "404"},
		{"/cgi-bin", "x/../../tell", "404"},
		{"/cgi-bin", "tell/../../tell", "404"},
		{"/cgi-bin", "tell/../echo", "403"},
		{"/elsewhere", "tell", "/elsewhere/tell "},
		{"", "tell/x", "/tell /x"},
		{"/", "tell/x", "/tell /x"},
		{"/cgi-bin/", "tell", "/cgi-bin/tell "},
		{"cgi-bin", "tell", "/cgi-bin/tell "},
		{"/cgi-bin", "", "403"},
		{"", "", "403"},
		{"/cgi-bin", "tell\x00", "404"},
		{"/../../..", "bin/sh", "404"},
		{"/nothing", "tell", "404"},
	} {
		*h.info = httpserver.CGIInfo{Directory: tc.directory, Rest: tc.rest}
		answer := send(t, s, get10("/any?thing=1"))
		got := strings.Fields(answer)[1]
		if got == "200" {
			_, env := toldBy(t, answer)
			got = env["SCRIPT_NAME"] + " " + env["PATH_INFO"]
		}
		if got != tc.want {
			t.Errorf("%q %q: got %q, want %q", tc.directory, tc.rest, got, tc.want)
		}
		if ran := h.ran.all(); ran[len(ran)-1] != tc.directory+" "+tc.rest {
			t.Errorf("RunCGI was called with %q", ran[len(ran)-1])
		}
	}
	if got := send(t, s, get10("/files/x")); !strings.HasPrefix(got, "HTTP/1.0 404 File not found") {
		t.Errorf("no script: %q", got)
	}
}

// TestCGIInfo: it is the request's own.
func TestCGIInfo(t *testing.T) {
	h := &infoStage{stage: *newStage(t), seen: new(journal)}
	s := serveDuring(t, h)
	conn := dial(t, s.ServerAddress())
	for _, target := range []string{"/cgi-bin/say/a%20b?A:%20b%0A%0A", "/none", "/cgi-bin/sub/../say?A:%20b%0A%0A"} {
		io.WriteString(conn, "OPTIONS "+target+" HTTP/1.1\r\nHost: x\r\n\r\n")
		readUntil(t, conn, "\r\n\r\n")
	}
	want := "{Directory:/cgi-bin Rest:say/a b}; {Directory: Rest:}; {Directory:/cgi-bin Rest:say}"
	if got := strings.Join(h.seen.all(), "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

type infoStage struct {
	stage
	seen *journal
}

func (h *infoStage) DoOPTIONS() {
	h.IsCGI()
	h.seen.add(fmt.Sprintf("%+v", h.CGIInfo))
	h.SendResponse(204, "")
	h.EndHeaders()
}
