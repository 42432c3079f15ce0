//go:build unix

package httpserver_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/httpserver"
)

// scriptSource is what nobody may see. The interpreter does not exist: running it says
// nothing either.
const scriptSource = "#!/nonexistent/interpreter\nSECRET\n"

// outsideSource is what nobody may see of the site that has its scripts outside; for
// others these are files.
const outsideSource = "#!/nonexistent\nOUTSIDE\n"

// A sourceSite is a way to serve a tree with scripts and other names for them.
type sourceSite struct {
	name    string
	handler func(h *httpserver.CGIHandler) httpserver.RequestHandler
}

// An elsewhere has its scripts somewhere else on the disk, and gives another way there.
type elsewhere struct {
	httpserver.CGIHandler
}

func (h *elsewhere) LogMessage(string, ...any) {}

func (h *elsewhere) TranslatePath(path string) string {
	file := h.CGIHandler.TranslatePath(path)
	for _, name := range []string{"/cgi-bin", "/other", "/OTHER"} {
		if rest, ok := strings.CutPrefix(file, h.Directory+name); ok && (rest == "" || rest[0] == '/') {
			return filepath.Dir(h.Directory) + "/outside" + rest
		}
	}
	return file
}

var sourceSites = []sourceSite{
	{"plain", nil},
	{"FollowSymlinks", func(h *httpserver.CGIHandler) httpserver.RequestHandler { h.FollowSymlinks = true; return nil }},
	{"a Fallback", func(h *httpserver.CGIHandler) httpserver.RequestHandler {
		h.Fallback = "cgi-bin/secret.html"
		return nil
	}},
	{"a Fallback by a link", func(h *httpserver.CGIHandler) httpserver.RequestHandler { h.Fallback = "link.html"; return nil }},
	{"Precompressed", func(h *httpserver.CGIHandler) httpserver.RequestHandler { h.Precompressed = true; return nil }},
	{"RichListing", func(h *httpserver.CGIHandler) httpserver.RequestHandler {
		h.Listing = httpserver.RichListing
		h.FollowSymlinks = true
		return nil
	}},
	{"index pages that are scripts", func(h *httpserver.CGIHandler) httpserver.RequestHandler {
		h.IndexPages = []string{"cgi-bin/secret", "../cgi-bin/secret", "secret"}
		return nil
	}},
	{"nested directories", func(h *httpserver.CGIHandler) httpserver.RequestHandler {
		h.CGIDirectories = []string{"/sub/dir/cgi-bin", "/sub/dir/cgi-bin/deep", "/cgi-bin", "/htbin", "/scripts"}
		return nil
	}},
	{"directories spelled otherwise", func(h *httpserver.CGIHandler) httpserver.RequestHandler {
		h.CGIDirectories = []string{"cgi-bin/", "htbin", "/sub/./dir//cgi-bin", "/x/../scripts"}
		return nil
	}},
	{"the whole tree", func(h *httpserver.CGIHandler) httpserver.RequestHandler { h.CGIDirectories = []string{"/"}; return nil }},
	{"TranslatePath", func(h *httpserver.CGIHandler) httpserver.RequestHandler { return &elsewhere{*h} }},
}

// plantSources makes a directory of which all scripts are secret, whatever leads to them.
func plantSources(t testing.TB) (dir string) {
	t.Helper()
	h := &stage{}
	h.Directory = openDir(t)
	dir = filepath.Join(h.Directory, "site")
	for _, top := range []string{"site/cgi-bin", "site/htbin", "site/sub/dir/cgi-bin", "site/sub/dir/cgi-bin/deep", "outside"} {
		scriptSource := scriptSource
		if top == "outside" {
			scriptSource = outsideSource
		}
		h.write(t, top+"/secret", scriptSource, 0o755)
		h.write(t, top+"/secret.html", scriptSource, 0o644)
		h.write(t, top+"/index.html", scriptSource, 0o755)
		h.write(t, top+"/page.js", scriptSource, 0o644)
		h.write(t, top+"/page.js.gz", scriptSource, 0o644)
		h.write(t, top+"/inner/secret", scriptSource, 0o755)
		if top != "outside" {
			h.write(t, top+"/SECRET-NAME", scriptSource, 0o755)
		}
		h.write(t, top+"/\xff?#%2e", scriptSource, 0o755)
	}
	h.write(t, "site/page.js", strings.Repeat("page\n", 1000), 0o644)
	h.write(t, "site/scripts/own", scriptSource, 0o755)
	for name, to := range map[string]string{
		"alias": "cgi-bin", "link": "cgi-bin/secret", "link.html": "cgi-bin/secret", "page.js.gz": "cgi-bin/page.js.gz", "page.js.br": "cgi-bin/secret",
		"indexed/index.html": "../cgi-bin/secret", "indexed/index.htm": dir + "/htbin/secret", "aliases/one": "../alias", "aliases/two": "one/inner",
		"absolute": dir + "/cgi-bin/inner", "lib": "sub/dir/cgi-bin/deep", "out": "../outside",
		"cgi-bin/self": ".", "cgi-bin/up": "..", "sub/up": "../..", "cgi-bin/escape": "/etc/hostname",
	} {
		if err := os.Symlink(to, h.path(t, "site/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sourceServers gives each of the sites as what serves a connection.
func sourceServers(t testing.TB, dir string) (servers []*httpserver.ThreadingServer) {
	t.Helper()
	for _, site := range sourceSites {
		h := new(silentScripts)
		h.Directory, h.ProtocolVersion = dir, "HTTP/1.1"
		h.CGIDirectories = []string{"/cgi-bin", "/htbin", "/sub/dir/cgi-bin", "/scripts"}
		var handler httpserver.RequestHandler = h
		if site.handler != nil {
			if other := site.handler(&h.CGIHandler); other != nil {
				handler = other
			}
		}
		s := &httpserver.ThreadingServer{}
		s.Handler = handler
		s.Logger = slog.New(slog.DiscardHandler)
		t.Cleanup(func() { s.Close() })
		servers = append(servers, s)
	}
	return servers
}

type silentScripts struct{ httpserver.CGIHandler }

func (h *silentScripts) LogMessage(string, ...any) {}

// askFor gives all that a server answers to a request.
func askFor(t testing.TB, s *httpserver.ThreadingServer, request string) string {
	t.Helper()
	client, conn := net.Pipe()
	client.SetDeadline(time.Now().Add(patience))
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(conn) }()
	go func() {
		io.WriteString(client, request)
	}()
	answer, err := io.ReadAll(client)
	if err != nil {
		t.Errorf("%q: %v after %q", request, err, answer)
	}
	client.Close()
	<-done
	return string(answer)
}

// leaks reports whether there is something of a script in a site's answer, or the name
// of one.
func leaks(site sourceSite, answer string) bool {
	switch {
	case site.name == "TranslatePath" && strings.Contains(answer, "OUTSIDE\n"):
		return true
	case site.name != "TranslatePath" && strings.Contains(answer, "SECRET\n"):
		return true // there, they are files that nothing leads to but by a link
	}
	return site.name != "TranslatePath" && strings.Contains(answer, `href="SECRET-NAME"`)
}

// sourceTargets are ways to spell where scripts are.
func sourceTargets() (targets []string) {
	tops := []string{"/cgi-bin", "//cgi-bin", "/./cgi-bin", "/x/../cgi-bin", "/../cgi-bin", "/%63gi-bin", "/%2e/cgi-bin", "/x%2f..%2fcgi-bin", "/cgi-bin/.", "/cgi-bin/x/..",
		"/%2fcgi-bin", "/\\cgi-bin", "/%5ccgi-bin", "/x\\..\\cgi-bin", "/CGI-BIN", "/cgi-bin%00", "/cgi-bin%20", "/cgi-bin.", "/cgi-bin;a", "/cgi-bin%3f", "/cgi-bin%23", "cgi-bin", "cgi-bin%2f", "http://x/cgi-bin", "http://x//cgi-bin", "/%2563gi-bin", "/c%67i%2dbin",
		"/htbin", "/sub/dir/cgi-bin", "/sub//dir/./cgi-bin", "/sub/dir/cgi-bin/deep", "/alias", "/aliases/one", "/aliases/two", "/absolute", "/lib", "/out", "/scripts", "/other", "/OTHER", "/cgi-bin/self", "/cgi-bin/self/self", "/cgi-bin/up/cgi-bin", "/cgi-bin/up/alias", "/sub/up/cgi-bin", "/alias/up/cgi-bin", ""}
	rests := []string{"", "/", "/secret", "/secret/", "%2fsecret", "%5csecret", "\\secret", "//secret", "/./secret", "/x/../secret", "/%73ecret", "/secret%00", "/secret%20", "/secret.", "/secret%2f", "/secret/..%2f", "/secret?x", "/secret#x", "/secret%3fx",
		"/secret/../secret", "/secret.html", "/index.html", "/page.js", "/page.js.gz", "/inner", "/inner/", "/inner/secret", "/inner/../secret", "/own", "/SECRET", "/secret::$DATA", "/%ff%3f%23%252e", "/.", "/.."}
	for _, top := range tops {
		for _, rest := range rests {
			targets = append(targets, top+rest)
		}
	}
	return append(targets, "/link", "/link.html", "/indexed/", "/indexed", "/indexed/index.html", "/page.js", "/nothing", "/", "/sub/", "/sub/up/", "/aliases/", "/cgi-bin/escape")
}

// TestScriptSource: no spelling of a path, no link and no setting sends a script's source.
func TestScriptSource(t *testing.T) {
	dir := plantSources(t)
	checkLeaks(t)
	for i, s := range sourceServers(t, dir) {
		site := sourceSites[i]
		t.Run(site.name, func(t *testing.T) {
			var request strings.Builder // all, one behind the other, and again for those that end a connection
			for _, target := range sourceTargets() {
				request.Reset()
				for _, method := range []string{"GET", "POST"} {
					fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nAccept: text/html\r\nContent-Length: 0\r\nConnection: %s\r\n\r\n", method, target, map[string]string{"GET": "keep-alive", "POST": "close"}[method])
				}
				if answer := askFor(t, s, request.String()); leaks(site, answer) {
					t.Errorf("%s: %.400q", target, answer)
				}
			}
		})
	}
}

// TestScriptOtherNames: what lies in a directory for scripts is not there by other names,
// and what does not is.
func TestScriptOtherNames(t *testing.T) {
	dir := plantSources(t)
	servers := sourceServers(t, dir)
	for _, tc := range []struct{ name, site, target, want string }{
		{"a script", "plain", "/cgi-bin/secret", "502"},
		{"a script's name and a slash", "plain", "/cgi-bin/secret/", "502"},
		{"no script", "plain", "/cgi-bin/secret.html", "403"},
		{"its directory", "plain", "/cgi-bin/", "403"},
		{"its directory, without the slash", "plain", "/cgi-bin", "301"},
		{"a directory below", "plain", "/cgi-bin/inner", "403"},
		{"a directory below, and a slash", "plain", "/cgi-bin/inner/", "403"},
		{"a link to one", "plain", "/link", "404"},
		{"an index page that is a link to one", "plain", "/indexed/", "404"},
		{"through a link to the directory", "plain", "/alias/secret", "404"},
		{"a page through it", "plain", "/alias/secret.html", "404"},
		{"the listing of the link", "plain", "/alias/", "404"},
		{"the listing of a link below", "plain", "/absolute/", "404"},
		{"a link out of the tree", "plain", "/out/secret", "404"},
		{"a file beside", "plain", "/page.js", "200"},
		{"a link out of a directory for scripts", "plain", "/cgi-bin/escape", "404"},
		{"a link back into the tree", "plain", "/cgi-bin/up/cgi-bin/secret", "502"},
		{"through a link, FollowSymlinks", "FollowSymlinks", "/alias/secret", "404"},
		{"a link to one, FollowSymlinks", "FollowSymlinks", "/link", "404"},
		{"the Fallback", "a Fallback", "/nothing", "404"},
		{"the Fallback, by a link", "a Fallback by a link", "/nothing", "404"},
		{"a variant", "Precompressed", "/page.js", "200"},
		{"in the whole tree", "the whole tree", "/page.js", "403"},
		{"the top of the whole tree", "the whole tree", "/", "403"},
		{"a script in the whole tree", "the whole tree", "/scripts/own", "502"},
		{"nothing in the whole tree", "the whole tree", "/nothing", "404"},
		{"a script elsewhere", "TranslatePath", "/cgi-bin/secret", "502"},
		{"a script elsewhere, by another path", "TranslatePath", "/other/secret", "404"},
		{"a nested one", "nested directories", "/sub/dir/cgi-bin/deep/secret/x", "502"},
		{"a directory spelled otherwise", "directories spelled otherwise", "/cgi-bin/secret", "502"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i := slices.IndexFunc(sourceSites, func(s sourceSite) bool { return s.name == tc.site })
			answer := askFor(t, servers[i], "GET "+tc.target+" HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n")
			if _, status, _ := strings.Cut(answer, " "); !strings.HasPrefix(status, tc.want+" ") {
				t.Errorf("%s: got %.300q, not %s", tc.target, answer, tc.want)
			}
		})
	}
}

// FuzzScriptSource: whatever is asked for, a script's source never comes back.
func FuzzScriptSource(f *testing.F) {
	targets := sourceTargets()
	for i := 0; i < len(targets); i += 7 {
		f.Add(targets[i], uint8(i/7))
	}
	dir := plantSources(f)
	servers := sourceServers(f, dir)
	f.Fuzz(func(t *testing.T, target string, which uint8) {
		s, site := servers[int(which)%len(servers)], sourceSites[int(which)%len(servers)]
		if answer := askFor(t, s, "GET "+target+" HTTP/1.0\r\nAccept-Encoding: gzip, br\r\nAccept: text/html\r\n\r\n"); leaks(site, answer) {
			t.Errorf("%q of %s: %q", target, site.name, answer)
		}
	})
}
