package httpserver_test

import (
	"archive/zip"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/wiretest"
)

// A fileCase is a request and the gist of its answer.
type fileCase struct{ name, request, want string }

// gist gives an answer's status and those of its fields that a test is about, and its
// content where that is short.
func gist(answer string, fields []string) string {
	var parts []string
	for _, m := range wiretest.Parse(answer) {
		_, status, _ := strings.Cut(m.Status, " ")
		status, _, _ = strings.Cut(status, " ")
		if status != "" {
			parts = append(parts, status)
		}
		for _, line := range m.Fields {
			name, _, _ := strings.Cut(line, ":")
			for _, wanted := range fields {
				if strings.EqualFold(name, wanted) {
					parts = append(parts, line)
				}
			}
		}
		if len(m.Content) < 60 {
			parts = append(parts, m.Content)
		}
	}
	return strings.Join(parts, "; ")
}

// runFileCases asks a server for each case and compares the fields named.
func runFileCases(t *testing.T, h httpserver.RequestHandler, fields string, cases []fileCase) {
	t.Helper()
	s := serveDuring(t, h)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			answer := send(t, s, tc.request)
			if got := gist(answer, strings.Fields(fields)); got != tc.want {
				t.Errorf("%q\n got %q\nwant %q\nfrom %.800q", tc.request, got, tc.want, answer)
			}
		})
	}
}

// plant makes files with their contents below a new directory, all modified at the
// same time.
func plant(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestExtraHeaders(t *testing.T) {
	h := newSite(t)
	h.ExtraHeaders = []httpserver.HeaderField{{"X-A", "1"}, {"X-A", "2"}, {"X-A", ""}, {"Cache-Control", "max-age=5"}}
	h.AlwaysHeaders = []httpserver.HeaderField{{"X-B", "3"}}
	const extra, always = "; X-A: 1; X-A: 2; X-A: ; Cache-Control: max-age=5", "; X-B: 3"
	runFileCases(t, h, "X-A X-B Cache-Control", []fileCase{
		{"a file", get10("/dir/test"), "200" + extra + always + "; " + knights},
		{"HEAD", "HEAD /dir/test HTTP/1.0\r\n\r\n", "200" + extra + always + "; "},
		{"a listing", get10("/dir/"), "200" + extra + always},
		{"a part", get10("/dir/test", "Range: bytes=0-1"), "206" + extra + always + "; We"},
		{"not modified", get10("/dir/test", "If-None-Match: *"), "304; Cache-Control: max-age=5" + always + "; "},
		{"a redirect", get10("/dir"), "301" + always + "; "},
		{"missing", get10("/x"), "404" + always},
		{"a verb that is not there", "SPAM / HTTP/1.0\r\n\r\n", "501" + always},
		{"a bad request", "GET / HTTP/1.1\r\n\r\n", "400" + always},
		{"not satisfiable", get10("/dir/test", "Range: bytes=99-"), "416" + always},
		{"precondition failed", get10("/dir/test", `If-Match: "x"`), "412" + always},
		{"HTTP/0.9", "GET /dir/test\r\n", knights},
	})
}

// injecting sets a field that cannot be sent, when it is too late to panic.
type injecting struct {
	site
	always bool
}

func (h *injecting) DoGET() {
	bad := []httpserver.HeaderField{{"X-A", "1\r\nX-B: 2"}}
	if h.always {
		h.AlwaysHeaders = bad
	} else {
		h.ExtraHeaders = bad
	}
	h.SimpleHandler.DoGET()
}

// TestBadConfiguration: what would make every answer a 500 panics at once.
func TestBadConfiguration(t *testing.T) {
	type handler = httpserver.SimpleHandler
	fields := func(name, value string) []httpserver.HeaderField {
		return []httpserver.HeaderField{{Name: name, Value: value}}
	}
	for _, tc := range []struct {
		name string
		h    *handler
		want string // "" is fine
	}{
		{"nothing", &handler{}, ""},
		{"a field without a value", &handler{ExtraHeaders: fields("X-A", "")}, ""},
		{"a name that is no token", &handler{ExtraHeaders: fields("X A", "1")}, "X A"},
		{"a line break", &handler{AlwaysHeaders: fields("X-A", "1\r\nX-B: 2")}, "X-A"},
		{"a type with a line break", &handler{DefaultContentType: "a/b\r\n"}, "DefaultContentType"},
		{"a charset with one", &handler{Charset: "\n"}, "Charset"},
		{"a charset that is no token", &handler{Charset: "utf 8"}, "Charset"},
		{"a length", &handler{AlwaysHeaders: fields("content-length", "3")}, "content-length"},
		{"a coding", &handler{ExtraHeaders: fields("Transfer-Encoding", "gzip")}, "Transfer-Encoding"},
		{"a listing that is none", &handler{Listing: 7}, "Listing"},
		{"anyone", &handler{CORS: "*"}, ""},
		{"origins", &handler{CORS: "https://a.example http://b:81 null"}, ""},
		{"a slash behind an origin", &handler{CORS: "https://a.example/"}, "CORS"},
		{"capitals", &handler{CORS: "https://A.example"}, "https://a.example"},
		{"blanks around", &handler{CORS: " * "}, "CORS"},
		{"no scheme", &handler{CORS: "a.example"}, "CORS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				got := recover()
				text, _ := got.(string)
				if (got == nil) != (tc.want == "") || got != nil && !(strings.HasPrefix(text, "httpserver: ") && strings.Contains(text, tc.want)) {
					t.Errorf("panics with %v, want %q in it", got, tc.want)
				}
			}()
			s, err := httpserver.NewServer("127.0.0.1:0", tc.h)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		})
	}
}

// TestBadExtraHeader: what cannot be sent is not, and the log says why.
func TestBadExtraHeader(t *testing.T) {
	for _, always := range []bool{false, true} {
		s := &injecting{always: always}
		s.Directory = newSite(t).Directory
		answer := send(t, serveDuring(t, s), get10("/dir/test"))
		if !strings.HasPrefix(answer, "HTTP/1.0 500 ") || strings.Contains(answer, "X-B") {
			t.Errorf("%q", answer)
		}
	}
}

func TestNoCache(t *testing.T) {
	h := newSite(t)
	h.NoCache, h.CrossOriginIsolated = true, true
	const always = "; Cache-Control: no-store; Cross-Origin-Opener-Policy: same-origin; Cross-Origin-Embedder-Policy: require-corp"
	runFileCases(t, h, "Cache-Control Cross-Origin-Opener-Policy Cross-Origin-Embedder-Policy", []fileCase{
		{"a file", get10("/dir/test"), "200" + always + "; " + knights},
		{"a redirect", get10("/dir"), "301" + always + "; "},
		{"missing", get10("/x"), "404" + always},
		{"not modified", get10("/dir/test", "If-None-Match: *"), "304" + always + "; "},
	})
}

func TestCORS(t *testing.T) {
	const fields = "Allow Vary Access-Control-Allow-Origin Access-Control-Allow-Methods Access-Control-Allow-Headers " +
		"Access-Control-Max-Age Access-Control-Expose-Headers Cross-Origin-Resource-Policy"
	options := func(fields string) string { return "OPTIONS /dir/test HTTP/1.0\r\n" + fields + "\r\n" }
	t.Run("nobody", func(t *testing.T) {
		runFileCases(t, newSite(t), fields, []fileCase{
			{"GET", get10("/dir/test", "Origin: https://a.example"), "200; " + knights},
			{"OPTIONS", options(""), "501"},
		})
	})
	t.Run("anyone", func(t *testing.T) {
		h := newSite(t)
		h.CORS = "*"
		const always = "; Access-Control-Allow-Origin: *; Access-Control-Expose-Headers: *; Cross-Origin-Resource-Policy: cross-origin"
		runFileCases(t, h, fields, []fileCase{
			{"GET", get10("/dir/test", "Origin: https://a.example"), "200" + always + "; " + knights},
			{"GET without Origin", get10("/dir/test"), "200" + always + "; " + knights},
			{"missing", get10("/x"), "404" + always},
			{"a part", get10("/dir/test", "Range: bytes=0-1"), "206" + always + "; We"},
			{"OPTIONS", options(""), "204; Allow: GET, HEAD, OPTIONS" + always + "; "},
			{"OPTIONS *", "OPTIONS * HTTP/1.0\r\n\r\n", "204; Allow: GET, HEAD, OPTIONS" + always + "; "},
			{"preflight", options("Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"),
				"204; Allow: GET, HEAD, OPTIONS; Access-Control-Allow-Methods: GET, HEAD, OPTIONS; Access-Control-Max-Age: 7200" + always + "; "},
			{"preflight for fields", options("Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: range,x-a\r\n"),
				"204; Allow: GET, HEAD, OPTIONS; Access-Control-Allow-Methods: GET, HEAD, OPTIONS; Access-Control-Allow-Headers: range,x-a; Access-Control-Max-Age: 7200" + always + "; "},
			{"other verbs stay 501", "PUT /dir/test HTTP/1.0\r\n\r\n", "501" + always},
		})
	})
	t.Run("some", func(t *testing.T) {
		h := newSite(t)
		h.CORS = "https://a.example http://localhost:3000"
		runFileCases(t, h, fields, []fileCase{
			{"one of them", get10("/dir/test", "Origin: https://a.example"),
				"200; Vary: Origin; Access-Control-Allow-Origin: https://a.example; Access-Control-Expose-Headers: *; " + knights},
			{"another", get10("/dir/test", "Origin: http://localhost:3000"),
				"200; Vary: Origin; Access-Control-Allow-Origin: http://localhost:3000; Access-Control-Expose-Headers: *; " + knights},
			{"a stranger", get10("/dir/test", "Origin: https://b.example"), "200; Vary: Origin; " + knights},
			{"one that begins alike", get10("/dir/test", "Origin: https://a.example.evil.example"), "200; Vary: Origin; " + knights},
			{"null", get10("/dir/test", "Origin: null"), "200; Vary: Origin; " + knights},
			{"none", get10("/dir/test"), "200; Vary: Origin; " + knights},
			{"OPTIONS of a stranger", options("Origin: https://b.example\r\n"), "204; Allow: GET, HEAD, OPTIONS; Vary: Origin; "},
		})
	})
}

// uploads has a verb of its own, and one in its table.
type uploads struct{ site }

func (h *uploads) DoPUT() {}

func (h *uploads) MethodTable() map[string]func() { return map[string]func(){"M-SEARCH": func() {}} }

// TestAllow: Allow names what there is.
func TestAllow(t *testing.T) {
	h := new(uploads)
	h.Directory, h.CORS = t.TempDir(), "*"
	runFileCases(t, h, "Allow", []fileCase{{"OPTIONS", "OPTIONS / HTTP/1.0\r\n\r\n", "204; Allow: GET, HEAD, PUT, OPTIONS, M-SEARCH; "}})
}

func TestCharset(t *testing.T) {
	h := newSite(t, "a.html", "a.js", "a.css", "a.txt", "a.json", "a.svg", "a.wasm", "a.bin", "a.named")
	h.Charset = "utf-8"
	h.ExtensionsMap = map[string]string{".named": "text/plain; charset=latin-1"}
	runFileCases(t, h, "Content-type", []fileCase{
		{"HTML", get10("/a.html"), "200; Content-type: text/html; charset=utf-8; " + knights},
		{"JavaScript", get10("/a.js"), "200; Content-type: text/javascript; charset=utf-8; " + knights},
		{"CSS", get10("/a.css"), "200; Content-type: text/css; charset=utf-8; " + knights},
		{"plain", get10("/a.txt"), "200; Content-type: text/plain; charset=utf-8; " + knights},
		{"JSON has none", get10("/a.json"), "200; Content-type: application/json; " + knights},
		{"SVG says it itself", get10("/a.svg"), "200; Content-type: image/svg+xml; " + knights},
		{"WebAssembly", get10("/a.wasm"), "200; Content-type: application/wasm; " + knights},
		{"unknown", get10("/a.bin"), "200; Content-type: application/octet-stream; " + knights},
		{"one that has one", get10("/a.named"), "200; Content-type: text/plain; charset=latin-1; " + knights},
	})
}

func TestDefaultContentType(t *testing.T) {
	h := newSite(t, "a.html", "a.unheard-of", "LICENSE")
	h.DefaultContentType, h.Charset = "text/plain", "utf-8"
	runFileCases(t, h, "Content-type", []fileCase{
		{"known", get10("/a.html"), "200; Content-type: text/html; charset=utf-8; " + knights},
		{"unknown", get10("/a.unheard-of"), "200; Content-type: text/plain; charset=utf-8; " + knights},
		{"no extension", get10("/LICENSE"), "200; Content-type: text/plain; charset=utf-8; " + knights},
	})
}

func TestHideDotfiles(t *testing.T) {
	files := map[string]string{"a": "a", ".b": "b", ".git/config": "c", "sub/.d": "d", ".well-known/e": "e", "sub/.well-known/f": "f", "g.": "g", "..h": "h"}
	inFS := newSite(t)
	inFS.Directory, inFS.FS = ".top", fstest.MapFS{}
	for name, content := range files {
		inFS.FS.(fstest.MapFS)[".top/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	onDisk, windows := newSite(t), runtime.GOOS == "windows"
	if windows {
		delete(files, "g.") // is g there
		files["g"] = "g"
	}
	onDisk.Directory = plant(t, files)
	for name, h := range map[string]*site{"on disk": onDisk, "in an FS": inFS} {
		h.HideDotfiles = true
		dotAtEnd, listed := "200; g", `<li><a href="g.">g.</a></li>`+"\n"
		if windows && h == onDisk {
			dotAtEnd, listed = "404", `<li><a href="g">g</a></li>`+"\n"
		}
		t.Run(name, func(t *testing.T) {
			runFileCases(t, h, "", []fileCase{
				{"a file", get10("/a"), "200; a"},
				{"a dotfile", get10("/.b"), "404"},
				{"encoded", get10("/%2eb"), "404"},
				{"after a detour", get10("/sub/../.b"), "404"},
				{"below a dot directory", get10("/.git/config"), "404"},
				{"the directory", get10("/.git/"), "404"},
				{"the directory without a slash", get10("/.git"), "404"},
				{"further down", get10("/sub/.d"), "404"},
				{"well-known", get10("/.well-known/e"), "200; e"},
				{"well-known elsewhere", get10("/sub/.well-known/f"), "404"},
				{"a dot at the end", get10("/g."), dotAtEnd},
				{"two dots", get10("/..h"), "404"},
			})
			if got := send(t, serveDuring(t, h), get10("/")); !strings.HasSuffix(got, "<ul>\n"+`<li><a href="a">a</a></li>`+"\n"+listed+`<li><a href="sub/">sub/</a></li>`+"\n</ul>\n<hr>\n</body>\n</html>\n") {
				t.Errorf("listing: %q", got)
			}
		})
	}
}

func TestFallback(t *testing.T) {
	h := newSite(t)
	h.Directory = plant(t, map[string]string{"app.html": "app", "assets/a.js": "a", "with/index.html": "index"})
	h.Fallback = "app.html"
	const html, vary = "Accept: text/html,*/*;q=0.8", "Vary: Accept, Sec-Fetch-Mode"
	const navigate, cors = "Sec-Fetch-Mode: navigate", "Sec-Fetch-Mode: cors"
	const app = "200; Content-type: text/html; " + vary + "; app"
	const missing = "404; Content-Type: text/html;charset=utf-8; " + vary
	runFileCases(t, h, "Content-Type Vary", []fileCase{
		{"a route", get10("/users/7", navigate, "Accept: */*"), app},
		{"a route, of a client that names HTML", get10("/users/7", html), app},
		{"a route with a slash", get10("/users/", html), app},
		{"a route with a dot in it", get10("/users/j.doe", html), app},
		{"a route that looks like a page", get10("/users.html", html), app},
		{"HEAD", "HEAD /users/7 HTTP/1.0\r\n" + html + "\r\n\r\n", "200; Content-type: text/html; " + vary + "; "},
		{"the top, which has no index page", get10("/", html), app},
		{"a directory without one", get10("/assets/", html), app},
		{"a directory that has one", get10("/with/", html), "200; Content-type: text/html; index"},
		{"a file", get10("/assets/a.js", html), "200; Content-type: text/javascript; a"},
		{"a missing script", get10("/assets/b.js", "Accept: */*"), missing},
		{"a missing script, opened by hand", get10("/assets/b.js", navigate, html), missing},
		{"a missing picture", get10("/b.png", html), missing},
		{"data", get10("/users/7", "Accept: application/json"), missing},
		{"anything", get10("/users/7", "Accept: */*"), missing},
		{"no Accept", get10("/users/7"), missing},
		{"HTML that is not wanted", get10("/users/7", "Accept: text/html;q=0, */*"), missing},
		{"a fetch for HTML", get10("/users/7", cors, html), missing},
		{"a precondition", get10("/users/7", html, "If-None-Match: *"), "304; " + vary + "; "},
		{"a part", get10("/users/7", html, "Range: bytes=1-1"), "206; Content-type: text/html; " + vary + "; p"},
		{"POST", "POST /users/7 HTTP/1.0\r\n" + html + "\r\n\r\n", "501; Content-Type: text/html;charset=utf-8"},
	})
	t.Run("names without an extension are pages, whatever their type", func(t *testing.T) {
		h.ExtensionsMap = map[string]string{"": "text/plain"}
		runFileCases(t, h, "Content-Type Vary", []fileCase{{"a route", get10("/users/7", html), app}})
	})
	t.Run("however it is spelled", func(t *testing.T) {
		for _, name := range []string{"app.html", "/app.html", "./app.html", "assets/../app.html"} {
			onDisk, inFS := newSite(t), newSite(t)
			onDisk.Directory, onDisk.Fallback = h.Directory, name
			inFS.FS, inFS.Directory, inFS.Fallback = fstest.MapFS{"dist/app.html": {Data: []byte("app")}}, "dist", name
			inFS.IndexPages = []string{"/" + name}
			runFileCases(t, onDisk, "ETag", []fileCase{{name, get10("/users/7", html), `200; ETag: "T"; app`}})
			runFileCases(t, inFS, "ETag", []fileCase{
				{name, get10("/users/7", html), `200; ETag: "T"; app`},
				{"as an index page", get10("/"), `200; ETag: "T"; app`},
			})
		}
	})
	t.Run("no listing", func(t *testing.T) {
		h.Listing = httpserver.NoListing
		runFileCases(t, h, "Vary", []fileCase{
			{"a directory", get10("/assets/"), "404; " + vary},
			{"a directory, to navigation", get10("/assets/", html), "200; " + vary + "; app"},
		})
	})
	h = newSite(t)
	h.Fallback = "../" + filepath.Base(h.Directory) + "/dir/test"
	runFileCases(t, h, "", []fileCase{{"a fallback that is outside", get10("/users/7", html), "404"}})
	h.FS, h.Directory, h.Fallback = fstest.MapFS{"site/a": {}, "b": {}}, "site", "../b"
	runFileCases(t, h, "", []fileCase{{"a fallback that is outside, in an FS", get10("/users/7", html), "404"}})
	h = newSite(t)
	h.Fallback = "gone.html"
	runFileCases(t, h, "", []fileCase{{"a fallback that is not there", get10("/users/7", html), "404"}})
}

func TestPrecompressed(t *testing.T) {
	h := newSite(t)
	h.Directory = plant(t, map[string]string{
		"a.js": "plain", "a.js.br": "br", "a.js.zst": "zstd", "a.js.gz": "gzip",
		"b.js": "plain", "b.js.gz": "gzip",
		"c.js": "newer than its forms", "c.js.gz": "gzip",
		"d.js": "plain",
		"e.js": "plain", "e.js.gz/f": "a directory",
		"g.js.gz":    "alone",
		"index.html": "index", "index.html.br": "br index",
	})
	newer := modified.Add(2 * time.Second)
	if err := os.Chtimes(filepath.Join(h.Directory, "c.js"), newer, newer); err != nil {
		t.Fatal(err)
	}
	ask := func(name, accept string) string {
		if accept != "" {
			accept = "Accept-Encoding: " + accept + "\r\n"
		}
		return "GET " + name + " HTTP/1.0\r\n" + accept + "\r\n"
	}
	const js, vary = "Content-type: text/javascript", "Vary: Accept-Encoding; "
	coded := func(coding string) string {
		return "200; " + js + "; Content-Encoding: " + coding + "; " + vary + coding
	}
	const fields = "Content-Type Content-Encoding Vary Content-Range"
	t.Run("off", func(t *testing.T) {
		runFileCases(t, h, fields, []fileCase{{"a form", ask("/a.js", "br"), "200; " + js + "; plain"}})
	})
	h.Precompressed = true
	runFileCases(t, h, fields, []fileCase{
		{"no field", ask("/a.js", ""), "200; " + js + "; " + vary + "plain"},
		{"a browser's", ask("/a.js", "gzip, deflate, br, zstd"), coded("br")},
		{"an older one's", ask("/a.js", "gzip, deflate"), coded("gzip")},
		{"by quality", ask("/a.js", "br;q=0.5, zstd;q=0.9, gzip;q=0.1"), coded("zstd")},
		{"none of ours", ask("/a.js", "deflate"), "200; " + js + "; " + vary + "plain"},
		{"not gzip", ask("/b.js", "br, gzip;q=0"), "200; " + js + "; " + vary + "plain"},
		{"anything", ask("/b.js", "*"), coded("gzip")},
		{"itself preferred", ask("/b.js", "gzip;q=0.5, identity"), "200; " + js + "; " + vary + "plain"},
		{"nothing acceptable", ask("/b.js", "identity;q=0, deflate"), "200; " + js + "; " + vary + "plain"},
		{"x-gzip", ask("/b.js", "x-gzip"), coded("gzip")},
		{"only gzip is there", ask("/b.js", "br, gzip"), coded("gzip")},
		{"a form that is older", ask("/c.js", "gzip"), "200; " + js + "; newer than its forms"},
		{"without forms", ask("/d.js", "gzip"), "200; " + js + "; plain"},
		{"a form that is a directory", ask("/e.js", "gzip"), "200; " + js + "; plain"},
		{"a form alone", ask("/g.js", "gzip"), "404; Content-Type: text/html;charset=utf-8"},
		{"a form by its name", ask("/a.js.gz", "gzip"), "200; Content-type: application/gzip; gzip"},
		{"an index page", ask("/", "br"), "200; Content-type: text/html; Content-Encoding: br; " + vary + "br index"},
		{"a part of a form", "GET /a.js HTTP/1.0\r\nAccept-Encoding: zstd\r\nRange: bytes=1-2\r\n\r\n",
			"206; " + js + "; Content-Encoding: zstd; " + vary + "Content-Range: bytes 1-2/4; st"},
		{"parts of a form", "GET /a.js HTTP/1.0\r\nAccept-Encoding: zstd\r\nRange: bytes=0-0,2-2\r\n\r\n", coded("zstd")},
		{"not modified", "GET /a.js HTTP/1.0\r\nAccept-Encoding: zstd\r\nIf-None-Match: *\r\n\r\n", "304; " + vary},
	})
	t.Run("tags", func(t *testing.T) {
		files := new(quietFiles)
		files.Directory, files.Precompressed = h.Directory, true
		s := serveDuring(t, files)
		seen := map[string]string{}
		for _, accept := range []string{"identity", "br", "zstd", "gzip"} {
			tag := gist(send(t, s, "HEAD /a.js HTTP/1.0\r\nAccept-Encoding: "+accept+"\r\n\r\n"), []string{"ETag"})
			if other, ok := seen[tag]; ok {
				t.Errorf("%s and %s have one tag: %s", accept, other, tag)
			}
			seen[tag] = accept
		}
	})
}

func TestSVGZ(t *testing.T) {
	h := newSite(t, "a.svgz", "b.SVGZ", "c.svg", "d.tgz", "e.svg.gz")
	runFileCases(t, h, "Content-Type Content-Encoding", []fileCase{
		{"svgz", get10("/a.svgz"), "200; Content-type: image/svg+xml; Content-Encoding: gzip; " + knights},
		{"in capitals", get10("/b.SVGZ"), "200; Content-type: image/svg+xml; Content-Encoding: gzip; " + knights},
		{"svg", get10("/c.svg"), "200; Content-type: image/svg+xml; " + knights},
		{"tgz is to be kept as it is", get10("/d.tgz"), "200; Content-type: application/x-tar; " + knights},
		{"so is .svg.gz", get10("/e.svg.gz"), "200; Content-type: application/gzip; " + knights},
	})
}

func TestListings(t *testing.T) {
	h := newSite(t, "dir/sub/")
	const html = "Content-type: text/html; charset=utf-8"
	t.Run("none", func(t *testing.T) {
		h.Listing = httpserver.NoListing
		runFileCases(t, h, "", []fileCase{
			{"a directory", get10("/dir/"), "404"},
			{"without a slash", get10("/dir"), "301; "},
			{"its files", get10("/dir/test"), "200; " + knights},
		})
		want := refusal("HTTP/1.0", 404, "No permission to list directory", notFound)
		if got := send(t, serveDuring(t, h), get10("/dir/")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("rich", func(t *testing.T) {
		h.Listing = httpserver.RichListing
		const json = "200; Content-type: application/json; Vary: Accept"
		if got := gist(send(t, serveDuring(t, h), get10("/dir/")), []string{"Content-Security-Policy"}); !strings.Contains(got, "default-src 'none'") {
			t.Error(got)
		}
		runFileCases(t, h, "Content-Type Vary", []fileCase{
			{"a browser", get10("/dir/", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), "200; " + html + "; Vary: Accept"},
			{"anything", get10("/dir/", "Accept: */*"), "200; " + html + "; Vary: Accept"},
			{"no Accept", get10("/dir/"), "200; " + html + "; Vary: Accept"},
			{"JSON", get10("/dir/", "Accept: application/json"), json},
			{"JSON preferred", get10("/dir/", "Accept: text/html;q=0.5, application/json"), json},
			{"HEAD", "HEAD /dir/ HTTP/1.0\r\nAccept: application/json\r\n\r\n", json + "; "},
		})
		got := send(t, serveDuring(t, h), get10("/dir/", "Accept: application/json"))
		_, content, _ := strings.Cut(got, "\r\n\r\n")
		for _, want := range []string{`"name":"sub"`, `"type":"directory"`, `"name":"test"`, `"type":"file"`, `"size":30`, `"mtime":"2024-02-29T12:34:56Z"`, `"href":"sub/"`} {
			if !strings.Contains(content, want) {
				t.Errorf("%s is not in %s", want, content)
			}
		}
	})
}

// bare leaves out what SimpleHandler adds to every answer.
type bare struct{ site }

func (h *bare) EndHeaders() { h.BaseHandler.EndHeaders() }

// TestOwnFields: what an answer cannot do without does not hang on EndHeaders.
func TestOwnFields(t *testing.T) {
	h := new(bare)
	h.Directory = plant(t, map[string]string{"a.js": "plain", "a.js.gz": "gzip"})
	h.Precompressed, h.NoCache = true, true
	runFileCases(t, h, "Content-Range Vary Cache-Control", []fileCase{
		{"a part", get10("/a.js", "Range: bytes=1-2"), "206; Vary: Accept-Encoding; Content-Range: bytes 1-2/5; la"},
		{"missing", get10("/x"), "404"},
	})
}

// TestLinkedForm: two representations have two tags, be they one file.
func TestLinkedForm(t *testing.T) {
	h := new(quietFiles)
	h.Directory, h.Precompressed = plant(t, map[string]string{"a.js": "both"}), true
	if err := os.Link(filepath.Join(h.Directory, "a.js"), filepath.Join(h.Directory, "a.js.gz")); err != nil {
		t.Skip("this file system has no hard links: ", err)
	}
	embedded := new(quietFiles)
	embedded.FS, embedded.Precompressed = fstest.MapFS{"a.js": {Data: []byte("both")}, "a.js.gz": {Data: []byte("both")}}, true
	for name, h := range map[string]httpserver.RequestHandler{"on disk": h, "in an FS": embedded} {
		s := serveDuring(t, h)
		plain := gist(send(t, s, get10("/a.js")), []string{"ETag"})
		coded := gist(send(t, s, get10("/a.js", "Accept-Encoding: gzip")), []string{"ETag"})
		if plain == coded || !strings.Contains(plain, "ETag") {
			t.Errorf("%s: %q and %q", name, plain, coded)
		}
	}
}

// TestOddFiles: what an FS says of a file may be odd, and the answer is one still.
func TestOddFiles(t *testing.T) {
	at := func(year int) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("content"), ModTime: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	h := newSite(t)
	h.Directory, h.FS = "", odd{fstest.MapFS{"old": at(-5), "new": at(12345), "negative": at(2000)}}
	runFileCases(t, h, "Last-Modified Content-Range", []fileCase{
		{"before all dates", get10("/old"), "200; content"},
		{"after all dates", get10("/new"), "200; content"},
		{"less than nothing", get10("/negative"), "500"},
		{"a part of less than nothing", get10("/negative", "Range: bytes=1-"), "500"},
	})
}

// odd has a file whose size is negative.
type odd struct{ fstest.MapFS }

func (o odd) Open(name string) (fs.File, error) {
	f, err := o.MapFS.Open(name)
	return oddFile{f}, err
}

func (o odd) Stat(name string) (fs.FileInfo, error) {
	info, err := o.MapFS.Stat(name)
	return oddInfo{info}, err
}

type oddFile struct{ fs.File }

func (f oddFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return oddInfo{info}, err
}

type oddInfo struct{ fs.FileInfo }

func (i oddInfo) Size() int64 {
	if i.Name() == "negative" {
		return -10
	}
	return i.FileInfo.Size()
}

// faltering panics when it is to say when a file was changed.
type faltering struct{ site }

func (h *faltering) DateTimeString(at time.Time) string {
	if !at.IsZero() {
		panic("no time")
	}
	return "D"
}

// TestReplacedPart: a 500 in place of a 206 has nothing of it.
func TestReplacedPart(t *testing.T) {
	h := new(faltering)
	h.Directory = plant(t, map[string]string{"a": "content"})
	s := serveDuring(t, h, func(s *httpserver.ThreadingServer) { s.HandleError = func(net.Conn, any) {} })
	if got, want := gist(send(t, s, get10("/a", "Range: bytes=1-2")), []string{"Content-Range"}), "500"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// burning has a file that cannot be read to its end, and one that cannot be opened.
type burning struct{ fstest.MapFS }

func (b burning) Open(name string) (fs.File, error) {
	if name == "locked" {
		return nil, errors.New("on fire")
	}
	f, err := b.MapFS.Open(name)
	return burningFile{f}, err
}

type burningFile struct{ fs.File }

func (f burningFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p[:min(3, len(p))])
	if err != nil || n == 0 {
		return 0, err
	}
	return n, errors.New("on fire")
}

func (f burningFile) Seek(int64, int) (int64, error) { return 0, errors.New("no seat") }

// TestReadFailure: why a file could not be read is in the log, and in no answer.
func TestReadFailure(t *testing.T) {
	for _, tc := range []struct{ name, request, want, log string }{
		{"reading", get10("/file"), "200; con", "on fire"},
		{"opening", get10("/locked"), "404", "on fire"},
		{"seeking", get10("/file", "Range: bytes=1-2"), "500", "no seat"},
		{"missing", get10("/nothing"), "404", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &loud{log: new(journal)}
			h.FS = burning{fstest.MapFS{
				"file": {Data: []byte("content"), ModTime: modified}, "locked": {Data: []byte("x"), ModTime: modified},
			}}
			s := serveDuring(t, h)
			answer := send(t, s, tc.request)
			if got := gist(answer, nil); got != tc.want || strings.Contains(answer, "fire") || strings.Contains(answer, "seat") {
				t.Errorf("%q, want %q", answer, tc.want)
			}
			if log := h.log.String(); tc.log != "" && strings.Count(log, tc.log) != 1 || tc.log == "" && strings.Contains(log, "exist") {
				t.Errorf("%q in the log:\n%s", tc.log, log)
			}
		})
	}
}

// loud keeps its log.
type loud struct {
	httpserver.SimpleHandler
	log *journal
}

func (h *loud) LogMessage(format string, args ...any) { h.log.add(fmt.Sprintf(format, args...)) }

// catalogue lists directories in its own way.
type catalogue struct{ quietFiles }

func (h *catalogue) ListDirectory(path string) io.ReadCloser {
	entries, err := h.ReadDirectory(path)
	if err != nil {
		h.SendError(404, "", "")
		return nil
	}
	h.SendResponse(200, "")
	for _, e := range entries {
		h.SendHeader("X-Entry", fmt.Sprintf("%s %v %v %d %d", e.Name, e.Dir, e.Link, e.Size, e.Modified.Unix()))
	}
	h.SendHeader("Content-Length", "0")
	h.EndHeaders()
	return nil
}

func TestReadDirectory(t *testing.T) {
	h := new(catalogue)
	h.Directory = plant(t, map[string]string{"one/a": "aaa"})
	runFileCases(t, h, "X-Entry", []fileCase{
		{"a directory", get10("/one/"), fmt.Sprintf("200; X-Entry: a false false 3 %d; ", modified.Unix())},
		{"one that is not there", get10("/two/"), "404"},
	})
}

// TestDotsOfTheTop: the top has a dot for a name in an FS, and is no dotfile.
func TestDotsOfTheTop(t *testing.T) {
	h := newSite(t)
	h.Directory, h.FS, h.HideDotfiles = "", fstest.MapFS{"a": {Data: []byte("a")}}, true
	runFileCases(t, h, "Location", []fileCase{
		{"the top", get10("/"), "200"},
		{"with a dot", get10("/./"), "200"},
		{"with a dot and no slash", get10("/."), "301; Location: /./; "},
		{"two dots", get10("/.."), "301; Location: /../; "},
		{"a file", get10("/./a"), "200; a"},
	})
	if _, err := h.ReadDirectory("."); err != nil {
		t.Error(err)
	}
}

// TestReadDirectoryAlone: it needs no connection.
func TestReadDirectoryAlone(t *testing.T) {
	h := &httpserver.SimpleHandler{Directory: plant(t, map[string]string{"a": "aaa"})}
	entries, err := h.ReadDirectory(h.Directory)
	if err != nil || len(entries) != 1 || entries[0].Name != "a" || entries[0].Size != 3 {
		t.Errorf("%+v, %v", entries, err)
	}
}

// zipped gives an FS whose files neither seek nor have a size that is known to be
// right.
func zipped(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFS(t *testing.T) {
	files := map[string]string{"a.txt": "content of a", "sub/b.txt": "b", "indexed/index.html": "index", "x/y/z": "z"}
	timed, timeless, epoch := fstest.MapFS{}, fstest.MapFS{}, fstest.MapFS{}
	for name, content := range files {
		timed[name] = &fstest.MapFile{Data: []byte(content), ModTime: modified}
		epoch[name] = &fstest.MapFile{Data: []byte(content), ModTime: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)}
		timeless[name] = &fstest.MapFile{Data: []byte(content)}
	}
	root, err := os.OpenRoot(plant(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	const date = "Last-Modified: " + modifiedAt + "; "
	for _, tc := range []struct {
		name        string
		fsys        fs.FS
		date, seeks string
	}{
		{"fstest.MapFS", timed, date, "Accept-Ranges: bytes; "},
		{"with the time of reproducible archives", epoch, "", "Accept-Ranges: bytes; "},
		{"without times, as embed.FS", timeless, "", "Accept-Ranges: bytes; "},
		{"zip", zipped(t, files), date, ""},
		{"os.DirFS", os.DirFS(root.Name()), date, "Accept-Ranges: bytes; "},
		{"os.Root", root.FS(), date, "Accept-Ranges: bytes; "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newSite(t)
			h.FS, h.Directory = tc.fsys, ""
			part := "206; " + tc.date + tc.seeks + `ETag: "T"; Content-Range: bytes 3-5/12; ten`
			if tc.seeks == "" {
				part = "200; " + tc.date + `ETag: "T"; content of a`
			}
			runFileCases(t, h, "Last-Modified Accept-Ranges ETag Content-Range Location", []fileCase{
				{"a file", get10("/a.txt"), "200; " + tc.date + tc.seeks + `ETag: "T"; content of a`},
				{"further down", get10("/sub/b.txt"), "200; " + tc.date + tc.seeks + `ETag: "T"; b`},
				{"a part", get10("/a.txt", "Range: bytes=3-5"), part},
				{"HEAD", "HEAD /a.txt HTTP/1.0\r\n\r\n", "200; " + tc.date + tc.seeks + `ETag: "T"; `},
				{"not modified", get10("/a.txt", "If-None-Match: *"), `304; ETag: "T"; `},
				{"a slash behind a file", get10("/a.txt/"), "404"},
				{"a directory", get10("/sub"), "301; Location: /sub/; "},
				{"an index page", get10("/indexed/"), "200; " + tc.date + tc.seeks + `ETag: "T"; index`},
				{"a listing", get10("/"), "200"},
				{"missing", get10("/nothing"), "404"},
				{"above", get10("/../../a.txt"), "200; " + tc.date + tc.seeks + `ETag: "T"; content of a`},
				{"above, encoded", get10("/%2e%2e%2fa.txt"), "200; " + tc.date + tc.seeks + `ETag: "T"; content of a`},
				{"a NUL", get10("/a.txt%00"), "404"},
				{"no UTF-8", get10("/%ff"), "404"},
				{"a backslash", get10(`/sub\b.txt`), "404"},
			})
			if got, want := send(t, serveDuring(t, h), get10("/")), listing("/", "a.txt", "a.txt", "indexed/", "indexed/", "sub/", "sub/", "x/", "x/"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			for _, dir := range []string{"x/y", "x/y/", "./x//y", "/x/z/../y"} {
				h.Directory = dir
				runFileCases(t, h, "Location", []fileCase{
					{"below Directory", get10("/z"), "200; z"},
					{"Directory", get10("/"), "200"},
					{"beside it", get10("/../../a.txt"), "404"},
					{"beside it, encoded", get10("/..%2f..%2fa.txt"), "404"},
				})
			}
		})
	}
}

//go:embed testdata/requests.txt
var embedded embed.FS

// TestEmbed: what is embedded in a program has parts, and a tag made of its content.
func TestEmbed(t *testing.T) {
	want, err := embedded.ReadFile("testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	h := new(quietFiles)
	h.FS, h.Directory = embedded, "testdata"
	s := serveDuring(t, h)
	answer := send(t, s, get10("/requests.txt"))
	_, content, _ := strings.Cut(answer, "\r\n\r\n")
	tag := strings.TrimPrefix(regexp.MustCompile(`ETag: "[0-9a-f]+"`).FindString(answer), "ETag: ")
	if content != string(want) || tag == "" || strings.Contains(answer, "Last-Modified") {
		t.Errorf("%.300q", answer)
	}
	for _, tc := range []fileCase{
		{"a part", get10("/requests.txt", "Range: bytes=0-9", "If-Range: "+tag), "206; " + string(want[:10])},
		{"not modified", get10("/requests.txt", "If-None-Match: "+tag), "304; "},
		{"another version", get10("/requests.txt", `If-Match: "x"`), "412"},
	} {
		if got := gist(send(t, s, tc.request), nil); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestFSTags: a tag that is made of the content is another one for another content.
func TestFSTags(t *testing.T) {
	h := new(quietFiles)
	h.FS = fstest.MapFS{
		"a": {Data: []byte("aa")}, "b": {Data: []byte("bb")}, "c": {Data: []byte("aa")},
	}
	s := serveDuring(t, h)
	tag := func(target string) string {
		return gist(send(t, s, "HEAD "+target+" HTTP/1.0\r\n\r\n"), []string{"ETag"})
	}
	h.FS.(fstest.MapFS)["d"] = &fstest.MapFile{Data: []byte("aa"), ModTime: modified}
	h.FS.(fstest.MapFS)["e"] = &fstest.MapFile{Data: []byte("aa"), ModTime: modified}
	if d, e := tag("/d"), tag("/e"); d == e || d != tag("/d") {
		t.Errorf("two files of a size and a time have the tags %q and %q", d, e)
	}
	a, b, c := tag("/a"), tag("/b"), tag("/c")
	if a == b || a != c || a != tag("/a") || strings.Contains(a, "W/") || !strings.Contains(a, "ETag") {
		t.Errorf("a has %q, b %q, c %q", a, b, c)
	}
	again := strings.TrimSuffix(strings.TrimPrefix(a, "200; ETag: "), "; ")
	if got := gist(send(t, s, get10("/a", "If-None-Match: "+again)), nil); got != "304; " {
		t.Errorf("asked with its tag: %q", got)
	}
}

// TestMultipart: a client that knows multipart/byteranges finds the parts.
func TestMultipart(t *testing.T) {
	h := newSite(t)
	h.ProtocolVersion = "HTTP/1.1"
	s := serveDuring(t, h)
	request, err := http.NewRequest("GET", "http://"+s.ServerAddress().String()+"/dir/test", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=0-1,-3")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := multipart.NewReader(response.Body, parameters["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part.Header.Get("Content-Range")+" "+part.Header.Get("Content-Type")+" "+string(content))
	}
	want := "bytes 0-1/30 application/octet-stream We, bytes 27-29/30 application/octet-stream Ni!"
	if response.StatusCode != 206 || strings.Join(got, ", ") != want {
		t.Errorf("%s: %q, want %q", response.Status, got, want)
	}
}
