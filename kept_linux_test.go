//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package httpserver_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

const keepsFiles = true

// A kept asks for files that are kept.
type kept struct {
	*keeper
	t   *testing.T
	dir string
}

func newKept(t *testing.T, h httpserver.RequestHandler, dir string) *kept {
	return &kept{keepers(t, h, keepFiles)(""), t, dir}
}

// get gives the status of an answer and its content, and of a redirect where it leads.
func (k *kept) get(path, fields string) string {
	k.t.Helper()
	k.request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"
	response, content, err := k.keeper.get()
	if err != nil {
		k.t.Fatal(err)
	}
	switch {
	case response.StatusCode == 301:
		content = response.Header.Get("Location")
	case response.StatusCode >= 400:
		content = ""
	case response.Header.Get("Content-Encoding") != "":
		content += ", " + response.Header.Get("Content-Encoding")
	}
	return strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", content))
}

// want asks three times, the second time of which has the file kept.
func (k *kept) want(what, path, fields, want string) {
	k.t.Helper()
	for i := range 3 {
		if got := k.get(path, fields); got != want {
			k.t.Errorf("%s, GET %s for the %dth time: %.80q, want %.80q", what, path, i+1, got, want)
		}
	}
}

func (k *kept) write(name, content string) {
	k.t.Helper()
	name = filepath.Join(k.dir, name)
	os.MkdirAll(filepath.Dir(name), 0o755)
	if err := os.WriteFile(name+"-new", []byte(content), 0o644); err != nil {
		k.t.Fatal(err)
	}
	if err := os.Rename(name+"-new", name); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) do(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) path(name string) string { return filepath.Join(k.dir, name) }

// TestKeptIndexPages: the first index page that there is answers, however long another
// one has.
func TestKeptIndexPages(t *testing.T) {
	h := newFiles(t)
	h.IndexPages = []string{"one.html", "sub/two.html", "three.html"}
	k := newKept(t, h, h.Directory)
	k.write("dir/three.html", "three")
	k.want("alone", "/dir/", "", "200 three")
	k.want("without its slash", "/dir", "", "301 /dir/")
	k.write("dir/sub/two.html", "two")
	k.want("before it", "/dir/", "", "200 two")
	k.write("dir/one.html", "one")
	k.want("before that", "/dir/", "", "200 one")
	k.do(os.Remove(k.path("dir/one.html")))
	k.want("without the first", "/dir/", "", "200 two")
	k.do(os.Symlink("/etc/passwd", k.path("dir/one.html")))
	k.want("a link that leads out", "/dir/", "", "200 two")
	k.do(os.Remove(k.path("dir/one.html")))
	k.do(os.Mkdir(k.path("dir/one.html"), 0o755))
	k.want("a directory of the name", "/dir/", "", "200 two")
	k.do(os.Rename(k.path("dir/sub"), k.path("dir/bus")))
	k.want("without the second", "/dir/", "", "200 three")
	k.do(os.Rename(k.path("dir"), k.path("rid")))
	k.want("without the directory", "/dir/", "", "404")
	k.want("where it is now", "/rid/", "", "200 three")
	k.write("dir", "file")
	k.want("a file of its name", "/dir/", "", "404")
	k.want("without the slash", "/dir", "", "200 file")
}

// TestKeptForms: the compressed form of a file is as there as the file.
func TestKeptForms(t *testing.T) {
	h := newFiles(t)
	h.Precompressed = true
	k := newKept(t, h, h.Directory)
	const takes = "Accept-Encoding: gzip, br\r\n"
	k.write("page.html", "plain")
	k.want("alone", "/page.html", takes, "200 plain")
	k.write("page.html.gz", "gz")
	k.want("with one", "/page.html", takes, "200 gz, gzip")
	k.want("for those who do not know it", "/page.html", "", "200 plain")
	k.write("page.html.br", "br")
	k.want("with a better one", "/page.html", takes, "200 br, br")
	old := modified
	k.do(os.Chtimes(k.path("page.html.br"), old, old))
	k.want("which is older", "/page.html", takes, "200 gz, gzip")
	k.do(os.Remove(k.path("page.html.gz")))
	k.do(os.Symlink("/etc/passwd", k.path("page.html.gz")))
	k.want("a link that leads out", "/page.html", takes, "200 plain")
	k.do(os.Remove(k.path("page.html")))
	k.want("without the file", "/page.html", takes, "404")
}

// TestKeptScripts: a file that comes to be a script's is not given out any more, though it
// has not changed.
func TestKeptScripts(t *testing.T) {
	h := new(quietCGI)
	h.Directory, h.ProtocolVersion = t.TempDir(), "HTTP/1.1"
	k := newKept(t, h, h.Directory)
	k.write("pub/file", "content")
	k.want("a file", "/pub/file", "", "200 content")
	k.do(os.Symlink("pub", k.path("cgi-bin")))
	k.want("a script's", "/pub/file", "", "404")
	k.do(os.Remove(k.path("cgi-bin")))
	k.want("a file again", "/pub/file", "", "200 content")
}

type quietCGI struct{ httpserver.CGIHandler }

func (h *quietCGI) LogMessage(string, ...any) {}

// TestKeptHooks: what is overridden is asked, whether or not the file is kept.
func TestKeptHooks(t *testing.T) {
	h := &hooked{quietFiles: *newFiles(t)}
	k := newKept(t, h, h.Directory)
	k.write("file.txt", "content")
	for i := range 4 {
		k.request = "GET /file.txt HTTP/1.1\r\nHost: a\r\n\r\n"
		response, content, err := k.keeper.get()
		if err != nil {
			t.Fatal(err)
		}
		type told struct{ mediaType, modified, content string }
		want := told{fmt.Sprint("text/", 5*i), fmt.Sprint("date ", 5*i+1), fmt.Sprint("copy ", 5*i+2, "content")[:7]}
		if got := (told{response.Header.Get("Content-Type"), response.Header.Get("Last-Modified"), content}); got != want {
			t.Errorf("%v, want %v", got, want)
		}
		if response.Header.Get("Content-Length") != "7" {
			t.Errorf("%v", response.Header)
		}
	}
}

// hooked counts the calls of its hooks, and five a request.
type hooked struct {
	quietFiles
	calls int
}

func (h *hooked) GuessType(string) string {
	h.calls++
	return fmt.Sprint("text/", h.calls-1)
}

func (h *hooked) DateTimeString(at time.Time) string {
	if at.IsZero() {
		return h.SimpleHandler.DateTimeString(at)
	}
	h.calls++
	return fmt.Sprint("date ", h.calls-1)
}

func (h *hooked) CopyFile(source io.Reader, outputFile io.Writer) {
	b, _ := io.ReadAll(source)
	io.WriteString(outputFile, fmt.Sprint("copy ", h.calls, string(b))[:len(b)])
	h.calls += 3
}

// TestKeptParts: parts of a file, and no content at all, are those of one that is not kept.
func TestKeptParts(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "large": 300_000} {
		h := newFiles(t)
		k := newKept(t, h, h.Directory)
		content := version(1, size)
		k.write("file", content)
		k.want(name+", all of it", "/file", "", "200 "+strings.TrimSpace(content))
		k.want(name+", a part", "/file", "Range: bytes=8-15\r\n", "206 "+strings.TrimSpace(content[8:16]))
		k.want(name+", the end", "/file", "Range: bytes=-8\r\n", "206 "+strings.TrimSpace(content[size-8:]))
		k.want(name+", nothing of it", "/file", fmt.Sprintf("Range: bytes=%d-\r\n", size), "416")
		k.want(name+", not changed", "/file", "If-Modified-Since: "+time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)+"\r\n", "304")
		response, parts, err := k.ask("/file", "Range: bytes=0-3,100-103\r\n")
		if err != nil || response.StatusCode != 206 || !strings.Contains(parts, content[100:104]) {
			t.Errorf("%s, two parts: %v, %v", name, response, err)
		}
	}
}

func (k *kept) ask(path, fields string) (*http.Response, string, error) {
	k.request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"
	return k.keeper.get()
}
