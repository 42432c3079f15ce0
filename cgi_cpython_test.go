//go:build unix

package httpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/logline"
	"example.com/httpserver/internal/wiretest"
)

var scriptComparison = comparison{"testdata/cgi-requests.txt", "### CGI, compared with CPython\n"}

// TestCPythonCGI sends the requests of testdata/cgi-requests.txt to python3 -m http.server --cgi and to ours, over one tree of
// scripts and files, as TestCPython does.
func TestCPythonCGI(t *testing.T) {
	t.Setenv("HTTPSERVER_SECRET", "secret") // both servers have it in their environment
	theirs := func(t *testing.T, tree, protocol string) *peer {
		p := startCPython(t, tree, protocol, "--cgi")
		p.parse = parseTheirs
		return p
	}
	scriptComparison.run(t, plantScripts, theirs, startOurCGI)
}

// A loggedScripts is a CGIHandler that keeps its log, line by line as they would be written.
type loggedScripts struct {
	httpserver.CGIHandler
	log *journal
}

func (h *loggedScripts) LogMessage(format string, args ...any) {
	h.log.add(string(logline.Append(nil, h.AddressString(), h.LogDateTimeString(), fmt.Sprintf(format, args...))))
}

// startOurCGI starts what our command would start over tree with --cgi.
func startOurCGI(t *testing.T, tree, protocol string) *peer {
	t.Helper()
	types, err := httpserver.SystemMIMETypes()
	if err != nil {
		t.Fatal(err)
	}
	h := &loggedScripts{log: &journal{}}
	h.Directory, h.ProtocolVersion, h.MIMETypes = tree, "HTTP/"+protocol, types
	srv := serveDuring(t, h, func(srv *httpserver.ThreadingServer) {
		srv.HandleError = func(_ net.Conn, problem any) { h.log.add(fmt.Sprintf("exception: %v\n", problem)) }
		srv.Logger = slog.New(slog.NewTextHandler(lateExits{h.log}, nil))
	})
	read := 0
	return &peer{
		addr:   srv.ServerAddress().String(),
		server: ourSoftware(),
		ours:   true,
		log: func() string {
			lines := h.log.all()[read:]
			for deadline := time.Now().Add(patience); exitIsDue(lines) && time.Now().Before(deadline); lines = h.log.all()[read:] {
				runtime.Gosched()
			}
			read += len(lines)
			return strings.Join(lines, "")
		},
		tree:  tree,
		parse: parseOurs,
	}
}

// A script that takes its time to exit is logged about behind its answer, by the server. lateExits makes of that what the
// handler logs before the end of the answer otherwise.
type lateExits struct{ log *journal }

func (l lateExits) Write(line []byte) (int, error) {
	if code := exitCode.Find(line); code != nil {
		l.log.add("CGI script " + string(code) + "\n")
	}
	return len(line), nil
}

var exitCode = regexp.MustCompile(`exit code -?\d+`)

// exitIsDue reports whether lines are about a script that fails, and do not say yet how it did.
func exitIsDue(lines []string) bool {
	all := strings.Join(lines, "")
	return strings.Contains(all, "/exit3.sh ") && !exitCode.MatchString(all)
}

// parseTheirs takes apart what CPython has sent. Its phrase for what a script answers is "Script output follows", which
// is left out of the comparison. Where the script has not ended the head, or with bare LF, it is taken for one all the same,
// as lenient clients do.
func parseTheirs(stream string) []wiretest.Message {
	messages := wiretest.Parse(strings.ReplaceAll(stream, " 200 Script output follows\r\n", " 200 OK\r\n"))
	for i, m := range messages {
		if m.Status == "" && strings.HasPrefix(m.Content, "HTTP/") {
			head, content, _ := strings.Cut(strings.ReplaceAll(m.Content, "\r\n", "\n"), "\n\n")
			lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
			messages[i] = wiretest.Message{Status: lines[0], Fields: lines[1:], Content: content}
		}
	}
	return messages
}

// parseOurs takes apart what ours has sent, and the chunks off it, which CPython does not send.
func parseOurs(stream string) (messages []wiretest.Message) {
	for _, m := range wiretest.Parse(stream) {
		i := slices.Index(m.Fields, "Transfer-Encoding: chunked")
		if i < 0 {
			messages = append(messages, m)
			continue
		}
		r := bufio.NewReader(strings.NewReader(m.Content))
		content, err := io.ReadAll(httputil.NewChunkedReader(r))
		if err != nil && m.Content != "" {
			return append(messages, m) // it is cut, and shows as it is
		}
		behind, _ := io.ReadAll(r)
		m.Fields, m.Content = slices.Delete(m.Fields, i, i+1), string(content)
		messages = append(append(messages, m), parseOurs(strings.TrimPrefix(string(behind), "\r\n"))...)
	}
	return messages
}

// worldDir is openDir for a test that leaves it to the umask who may read what it puts there.
func worldDir(t testing.TB) string {
	t.Helper()
	umask := syscall.Umask(0o022)
	t.Cleanup(func() { syscall.Umask(umask) })
	return openDir(t)
}

// plantScripts makes the tree that both serve.
func plantScripts(t *testing.T) string {
	t.Helper()
	base := worldDir(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(base, filepath.FromSlash(name))
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, []byte(content), mode))
		must(os.Chtimes(path, modified, modified))
	}
	for name, content := range plainFiles {
		write(name, content, 0o644)
	}
	for name, lines := range shellScripts {
		write(name, "#!/bin/sh\n"+lines, 0o755)
	}
	write("tree/cgi-bin/hello.py", "#!/usr/bin/env python3\nprint('Content-Type: text/plain\\r\\n\\r')\nprint('hello')\n", 0o755)
	for name, target := range map[string]string{
		"tree/alias":              "cgi-bin",
		"tree/alias.sh":           "cgi-bin/show.sh",
		"tree/cgi-bin/link.sh":    "show.sh",
		"tree/cgi-bin/out.sh":     "../../outside.sh",
		"tree/cgi-bin/broken":     "nowhere",
		"tree/cgi-bin/dirlink":    "dir",
		"tree/cgi-bin/outdir":     "../../outside",
		"tree/cgi-bin/loop":       "loop",
		"tree/cgi-bin/plainfiles": "../sub",
	} {
		must(os.Symlink(target, filepath.Join(base, filepath.FromSlash(name))))
	}
	must(syscall.Mkfifo(filepath.Join(base, "tree/cgi-bin/fifo"), 0o755))
	must(os.MkdirAll(filepath.Join(base, "tree/cgi-bin/empty"), 0o755))
	return filepath.Join(base, "tree")
}

var plainFiles = map[string]string{
	"tree/hello.txt": "hello\n", "tree/sub/a.txt": "a\n", "tree/cgi-bin/noexec.sh": "#!/bin/sh\n", "tree/cgi-bin/data.txt": "data\n",
	"tree/cgi-bin/dir/noexec.py": "print()\n", "tree/cgi-bin/page.html": "<p>\n", "tree/cgi": "cgi\n",
}

const headOfText = `printf 'Content-Type: text/plain\r\n\r\n'` + "\n"

// show prints what a script sees of its target, so short that the rows of README.md spell it out.
const show = headOfText + `echo "$REQUEST_METHOD $SCRIPT_NAME [$PATH_INFO] [$QUERY_STRING]"` + "\n"

var shellScripts = map[string]string{
	"outside.sh":                      show,
	"outside/show.sh":                 show,
	"tree/cgi-bin/show.sh":            show,
	"tree/htbin/show.sh":              show,
	"tree/CGI-BIN/show.sh":            show,
	"tree/cgi-bin2/show.sh":           show,
	"tree/sub/cgi-bin/show.sh":        show,
	"tree/cgi-bin/dir/show.sh":        show,
	"tree/cgi-bin/dir/deeper/show.sh": show,
	"tree/cgi-bin/noextension":        show,
	"tree/cgi-bin/sp ace.sh":          show,
	"tree/cgi-bin/q?mark.sh":          show,
	"tree/cgi-bin/h#ash.sh":           show,
	"tree/cgi-bin/%41.sh":             show,
	"tree/cgi-bin/plus+.sh":           show,
	"tree/cgi-bin/é.sh":               show,
	"tree/cgi-bin/it's.sh":            show,
	"tree/cgi-bin/.hidden.sh":         show,
	"tree/cgi-bin/index.html":         show,
	"tree/cgi-bin/body.sh":            headOfText + `echo "[$CONTENT_LENGTH] [$CONTENT_TYPE] [$(cat)]"` + "\n",
	"tree/cgi-bin/unread.sh":          headOfText + `echo "[$CONTENT_LENGTH]"` + "\n",
	"tree/cgi-bin/fields.sh":          headOfText + `echo "[$HTTP_ACCEPT] [$HTTP_COOKIE] [$HTTP_REFERER] [$HTTP_USER_AGENT]"` + "\n",
	"tree/cgi-bin/host.sh":            headOfText + `echo "[${HTTP_HOST-unset}] [${HTTP_X_A-unset}]"` + "\n",
	"tree/cgi-bin/auth.sh":            headOfText + `echo "[${AUTH_TYPE-unset}] [${REMOTE_USER-unset}] [${HTTP_AUTHORIZATION-unset}]"` + "\n",
	"tree/cgi-bin/client.sh":          headOfText + `echo "$REMOTE_ADDR [$REMOTE_HOST] $GATEWAY_INTERFACE $SERVER_PROTOCOL"` + "\n",
	"tree/cgi-bin/arguments.sh":       headOfText + `echo "$#"; for a; do echo "[$a]"; done` + "\n",
	"tree/cgi-bin/where.sh":           headOfText + `case $PWD in */cgi-bin) echo cgi-bin;; */tree) echo tree;; esac; echo "${PATH_TRANSLATED##*/}"` + "\n",
	"tree/cgi-bin/secret.sh":          headOfText + `echo "${HTTPSERVER_SECRET-unset}"` + "\n",
	"tree/cgi-bin/user.sh":            headOfText + "id -u; id -g; id -G\n",
	"tree/cgi-bin/status.sh":          `printf 'Status: 404 Not Here\r\nContent-Type: text/plain\r\n\r\nnot here\n'` + "\n",
	"tree/cgi-bin/nocontent.sh":       `printf 'Status: 204 No Content\r\n\r\n'` + "\n",
	"tree/cgi-bin/redirect.sh":        `printf 'Location: http://other.example/\r\n\r\n'` + "\n",
	"tree/cgi-bin/local.sh":           `printf 'Location: /hello.txt\r\n\r\n'` + "\n",
	"tree/cgi-bin/lines.sh":           `printf 'Content-Type: text/plain\nX-A: b\n\nlines\n'` + "\n",
	"tree/cgi-bin/length.sh":          `printf 'Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc'` + "\n",
	"tree/cgi-bin/nothing.sh":         "exit 0\n",
	"tree/cgi-bin/headless.sh":        "echo hello\n",
	"tree/cgi-bin/emptyhead.sh":       `printf '\r\nhello\n'` + "\n",
	"tree/cgi-bin/brokenhead.sh":      `printf 'Content-Type: text/plain\r\nbroken\r\n\r\nhello\n'` + "\n",
	"tree/cgi-bin/nph-raw.sh":         `printf 'HTTP/1.1 299 Raw\r\nX-A: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw'` + "\n",
	"tree/cgi-bin/exit3.sh":           headOfText + "echo hello\nexit 3\n",
}
