//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
)

// What follows are the tests of CPython's CGIHTTPServerTestCase, as parity_test.go has the others. Each runs twice: with
// scripts in Python, as CPython's are, and with the test binary in the place of Python.

// cgiFiles are the scripts, in both languages.
var cgiFiles = map[string]struct {
	python string
	run    func()
}{
	"cgi-bin/file1.py":           {"print('Hello World')", sayHello},
	"cgi-bin/child-dir/file3.py": {"print('Hello World')", sayHello},
	"sub/dir/cgi-bin/file5.py":   {"print('Hello World')", sayHello},
	"cgi-bin/file2.py": {`form = urllib.parse.parse_qs(sys.stdin.read(int(os.environ['CONTENT_LENGTH'])))
print(', '.join(form[name][0] for name in ('spam', 'eggs', 'bacon')))`, func() {
		n, _ := strconv.Atoi(os.Getenv("CONTENT_LENGTH"))
		body := make([]byte, n)
		io.ReadFull(os.Stdin, body)
		form, _ := url.ParseQuery(string(body))
		fmt.Printf("%s, %s, %s\n", form.Get("spam"), form.Get("eggs"), form.Get("bacon"))
	}},
	"cgi-bin/file4.py": {"print(os.environ['QUERY_STRING'])", func() { fmt.Println(os.Getenv("QUERY_STRING")) }},
	"cgi-bin/file6.py": {"print(repr(os.environ['HTTP_ACCEPT']))", func() {
		if accept, ok := os.LookupEnv("HTTP_ACCEPT"); ok {
			fmt.Printf("'%s'\n", accept)
		}
	}},
	"cgi-bin/file7.py": {`n = int(os.environ['CONTENT_LENGTH'])
print(n, len(sys.stdin.buffer.read(n)))`, func() {
		n, _ := strconv.ParseInt(os.Getenv("CONTENT_LENGTH"), 10, 64)
		read, _ := io.CopyN(io.Discard, os.Stdin, n)
		fmt.Println(n, read)
	}},
	"cgi-bin/software.py": {"print(os.environ['SERVER_SOFTWARE'])", func() { fmt.Println(os.Getenv("SERVER_SOFTWARE")) }},
}

func sayHello() { fmt.Println("Hello World") }

// The test binary is one of cgiFiles where it has that name.
func init() {
	path, err := os.Executable()
	if err != nil {
		return
	}
	for name, file := range cgiFiles {
		if filepath.Base(name) == filepath.Base(path) {
			fmt.Print("Content-Type: text/html\n\n")
			file.run()
			syscall.Exit(0) // os.Exit waits for a second, in tests with the race detector
		}
	}
}

// scripted is a CGIHandler with a fixed Server and Date, which logs nothing.
type scripted struct{ httpserver.CGIHandler }

func (h *scripted) VersionString() string           { return "S" }
func (h *scripted) DateTimeString(time.Time) string { return "D" }
func (h *scripted) LogMessage(string, ...any)       {}

func TestCGIHTTPServerTestCase(t *testing.T) {
	t.Run("python3", func(t *testing.T) {
		program(t, "python3")
		dir := worldDir(t)
		for name, file := range cgiFiles {
			path := filepath.Join(dir, filepath.FromSlash(name))
			script := "#!/usr/bin/env python3\nimport os, sys, urllib.parse\nprint('Content-Type: text/html\\n')\n" + file.python + "\n"
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		testCGIHTTPServer(t, dir)
	})
	t.Run("the test binary", func(t *testing.T) {
		dir := worldDir(t)
		var paths []string
		for name := range cgiFiles {
			paths = append(paths, filepath.Join(dir, filepath.FromSlash(name)))
		}
		plantOwn(t, paths...)
		testCGIHTTPServer(t, dir)
	})
	t.Run("test_url_collapse_path", testURLCollapsePath)
}

// testCGIHTTPServer runs the tests over a directory with the scripts.
func testCGIHTTPServer(t *testing.T, dir string) {
	h := &scripted{}
	h.Directory = dir
	h.CGIDirectories = []string{"/cgi-bin", "/htbin", "/sub/dir/cgi-bin"}
	if err := os.WriteFile(filepath.Join(h.Directory, "nocgi.py"), []byte("Hello World"), 0o644); err != nil {
		t.Fatal(err)
	}
	says := func(content string) string {
		return head("HTTP/1.0 200 OK", "Content-Type: text/html") + content + "\n"
	}
	missing := func(name string) string {
		return refusal("HTTP/1.0", 404, "No such CGI script ('"+name+"')", notFound)
	}
	helloWorld := says("Hello World")
	form := "spam=1&eggs=python&bacon=123456"
	accept := "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	replay(t, h, []exchange{
		{"test_headers_and_content", get10("/cgi-bin/file1.py"), helloWorld},
		{"test_issue19435", get10("///////////nocgi.py/../cgi-bin/nothere.sh"), missing("/cgi-bin/nothere.sh")},
		{"test_post", fmt.Sprintf("POST /cgi-bin/file2.py HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form),
			says("1, python, 123456")},
		{"test_invaliduri", get10("/cgi-bin/invalid"), missing("/cgi-bin/invalid")},
		{"test_authorization", get10("/cgi-bin/file1.py", "Authorization: Basic dXNlcm5hbWU6cGFzcw=="), helloWorld},
		{"test_no_leading_slash", get10("cgi-bin/file1.py"), helloWorld},
		{"test_urlquote_decoding_in_cgi_check", get10("/cgi-bin%2ffile1.py"), helloWorld},
		{"test_nested_cgi_path_issue21323", get10("/cgi-bin/child-dir/file3.py"), helloWorld},
		{"test_query_with_multiple_question_mark", get10("/cgi-bin/file4.py?a=b?c=d"), says("a=b?c=d")},
		{"test_query_with_continuous_slashes", get10("/cgi-bin/file4.py?k=aa%2F%2Fbb&//q//p//=//a//b//"), says("k=aa%2F%2Fbb&//q//p//=//a//b//")},
		{"test_cgi_path_in_sub_directories", get10("/sub/dir/cgi-bin/file5.py"), helloWorld},
		{"test_accept", get10("/cgi-bin/file6.py", "Accept: "+accept), says("'" + accept + "'")},
		{"test_accept none", get10("/cgi-bin/file6.py"), says("''")},
		{"test_accept two", get10("/cgi-bin/file6.py", "Accept: text/html", "ACCEPT: text/plain"), says("'text/html,text/plain'")},
	})

	t.Run("test_os_environ_is_not_altered", func(t *testing.T) {
		t.Setenv("SERVER_SOFTWARE", "Test Server")
		replay(t, h, []exchange{{"the script's", get10("/cgi-bin/software.py"), says("S")}})
		if got := os.Getenv("SERVER_SOFTWARE"); got != "Test Server" {
			t.Errorf("the server's own is %q", got)
		}
	})

	t.Run("test_large_content_length", func(t *testing.T) {
		var exchanges []exchange
		for w := 15; w < 25; w++ {
			n := 1 << w
			exchanges = append(exchanges, exchange{strconv.Itoa(n), fmt.Sprintf("POST /cgi-bin/file7.py HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("X", n)),
				says(fmt.Sprintf("%d %[1]d", n))})
		}
		replay(t, h, exchanges)
	})

	// A length is a promise: nothing is allocated for it, and a script that does not read the body answers without it.
	t.Run("test_large_content_length_truncated", func(t *testing.T) {
		unbounded := &scripted{}
		unbounded.Directory, unbounded.CGIMaxBody = h.Directory, -1
		s := serveDuring(t, unbounded)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for w := 18; w < 65; w++ {
			n, want := new(big.Int).Lsh(big.NewInt(1), uint(w)).String(), helloWorld
			if w >= 63 {
				want = refusal("HTTP/1.0", 400, "Bad Content-Length", "Content-Length is one decimal number, given once")
			}
			conn := dial(t, s.ServerAddress())
			fmt.Fprintf(conn, "POST /cgi-bin/file1.py HTTP/1.0\r\nContent-Length: %s\r\n\r\nx", n)
			got, err := io.ReadAll(conn)
			if string(got) != want || err != nil {
				t.Errorf("Content-Length %s:\ngot  %q, %v\nwant %q", n, got, err, want)
			}
			conn.Close()
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
			t.Errorf("%d bytes were allocated", grown)
		}
	})
}

// testURLCollapsePath looks for scripts by the paths of CPython's _url_collapse_path, which ours has no function for, below
// directories that stand in some of them. Unlike CPython, for which a path that leads above the top is an exception, ours
// stays there, as for files.
func testURLCollapsePath(t *testing.T) {
	type found struct {
		directory, rest string
		ok              bool
	}
	none := found{}
	a := func(rest string) found { return found{"/a", rest, true} }
	for _, tt := range []struct {
		path, collapsed string // CPython's: "" for an exception
		want            found
	}{
		{"", "//", none},
		{"..", "", none},
		{"/.//..", "", none},
		{"/", "//", none},
		{"//", "//", none},
		{`/\`, `//\`, none},
		{"/.//", "//", none},
		{"cgi-bin/file1.py", "/cgi-bin/file1.py", found{"/cgi-bin", "file1.py", true}},
		{"/cgi-bin/file1.py", "/cgi-bin/file1.py", found{"/cgi-bin", "file1.py", true}},
		{"a", "//a", none},
		{"/a", "//a", none},
		{"//a", "//a", none},
		{"./a", "//a", none},
		{"./C:/", "/C:/", found{"/C:", "", true}},
		{"/a/b", "/a/b", a("b")},
		{"/a/b/", "/a/b/", a("b/")},
		{"/a/b/.", "/a/b/", a("b/")},
		{"/a/b/c/..", "/a/b/", a("b/")},
		{"/a/b/c/../d", "/a/b/d", a("b/d")},
		{"/a/b/c/../d/e/../f", "/a/b/d/f", a("b/d/f")},
		{"/a/b/c/../d/e/../../f", "/a/b/f", a("b/f")},
		{"/a/b/c/../d/e/.././././..//f", "/a/b/f", a("b/f")},
		{"../a/b/c/../d/e/.././././..//f", "", a("b/f")},
		{"/a/b/c/../d/e/../../../f", "/a/f", a("f")},
		{"/a/b/c/../d/e/../../../../f", "//f", none},
		{"/a/b/c/../d/e/../../../../../f", "", none},
		{"/a/b/c/../d/e/../../../../f/..", "//", none},
		{"/a/b/c/../d/e/../../../../f/../.", "//", none},
	} {
		h := &httpserver.CGIHandler{CGIDirectories: []string{"/a", "/cgi-bin", "/C:"}}
		h.Path = tt.path
		ok := h.IsCGI()
		got := found{h.CGIInfo.Directory, h.CGIInfo.Rest, ok}
		if got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.path, got, tt.want)
		}
		if joined := got.directory + "/" + got.rest; ok && tt.collapsed != "" && joined != tt.collapsed {
			t.Errorf("%q: %q, and CPython's is %q", tt.path, joined, tt.collapsed)
		}
	}
}
