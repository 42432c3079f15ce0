//go:build unix

package httpserver_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/httpserver"
)

// gitwebScript is where Debian has it. There is no program of that name.
const gitwebScript = "/usr/share/gitweb/gitweb.cgi"

// gitwebFiles are the files of the repository.
var gitwebFiles = map[string]string{
	"README":          "What <it> is & does.\n",
	"a b/ü+c;d?.txt":  "one\ntwo\n",
	"a b/bytes.bin":   "\x00\x01\xff\r\n\r\n\x80",
	"large.txt":       strings.Repeat("0123456789abcde\n", 1<<15),
	"script/hello.sh": "#!/bin/sh\necho hello\n",
}

// newGitweb makes a site with gitweb and a repository, and gives the id of its last
// commit.
func newGitweb(t *testing.T) (h *cgiSite, commit string) {
	t.Helper()
	program(t, "git")
	program(t, "perl")
	text, err := os.ReadFile(gitwebScript)
	if err != nil {
		t.Skip("gitweb is not installed")
	}
	h = newCGISite(t)
	h.script(t, "gitweb.cgi", string(text))
	if err := os.CopyFS(filepath.Join(h.Directory, "static"), os.DirFS(filepath.Join(filepath.Dir(gitwebScript), "static"))); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(h.Directory, "gitweb.conf")
	save(t, fmt.Appendf(nil, `our $projectroot = "%s/projects";
our $site_name = "The <site>";
our @stylesheets = ("/static/gitweb.css");
our $logo = "/static/git-logo.png";
our $favicon = "/static/git-favicon.png";
our $javascript = "/static/gitweb.js";
$feature{'snapshot'}{'default'} = ['tgz', 'zip'];
$feature{'blame'}{'default'} = [1];
$feature{'grep'}{'default'} = [1];
1;
`, h.Directory), config)
	h.CGIEnv = []string{"GITWEB_CONFIG=" + config}

	u := newUser(t, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=Ada Löw", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Ada Löw", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=2024-02-29T12:34:56Z", "GIT_COMMITTER_DATE=2024-02-29T12:34:56Z")
	git := func(args ...string) string {
		t.Helper()
		stdout, _ := u.run(t, 0, "git", args...)
		return strings.TrimSpace(stdout)
	}
	git("init", "-q", "-b", "main", "work")
	save(t, []byte("before\n"), u.home, "work", "README")
	git("-C", "work", "add", "-A")
	git("-C", "work", "commit", "-qm", "first")
	git("-C", "work", "tag", "-a", "-m", "a tag", "v1")
	for name, content := range gitwebFiles {
		save(t, []byte(content), u.home, "work", filepath.FromSlash(name))
	}
	git("-C", "work", "add", "-A")
	git("-C", "work", "commit", "-qm", "second: <b> & ü")
	git("-C", "work", "branch", "other")
	bare := filepath.Join(h.Directory, "projects", "repo.git")
	git("clone", "-q", "--bare", "work", bare)
	save(t, []byte("A repository with spam & eggs\n"), bare, "description")
	return h, git("-C", "work", "rev-parse", "HEAD")
}

// TestGitweb asks gitweb for its pages.
func TestGitweb(t *testing.T) {
	program(t, "curl")
	h, commit := newGitweb(t)
	const (
		page = "text/html"
		text = "text/plain"
	)
	rows := []struct {
		name, target      string
		method            string
		fields            []string
		status, mediaType string
		content           func(string) bool
	}{
		{"the projects", "", "", nil, "200 OK", page, has("The &lt;site&gt;", "repo.git", "A repository with spam &amp; eggs", "/static/gitweb.css")},
		{"the projects, as XHTML", "", "", []string{"Accept: application/xhtml+xml"}, "200 OK", "application/xhtml+xml", has("repo.git")},
		{"the projects, as text", "?a=project_index", "", nil, "200 OK", text, is("repo.git unknown\n", "repo.git root\n", "repo.git nobody\n")},
		{"the projects, as OPML", "?a=opml", "", nil, "200 OK", "text/xml", isXML("opml")},
		{"a summary", "?p=repo.git;a=summary", "", nil, "200 OK", page, has("second: &lt;b&gt; &amp; ü", "Ada Löw", "v1", "other")},
		{"a summary, by path", "/repo.git/summary", "", nil, "200 OK", page, has("second: &lt;b&gt; &amp; ü")},
		{"a summary, by path with its slash escaped", "/repo.git%2fsummary", "", nil, "200 OK", page, has("second: &lt;b&gt; &amp; ü")},
		{"a log", "?p=repo.git;a=log", "", nil, "200 OK", page, has("second: &lt;b&gt; &amp; ü", "first")},
		{"a commit", "?p=repo.git;a=commit;h=" + commit, "", nil, "200 OK", page, has(commit, "hello.sh")},
		{"a patch", "?p=repo.git;a=commitdiff_plain;h=" + commit, "", nil, "200 OK", text, has("From: Ada Löw <ada@example.com>", "+What <it> is & does.\n")},
		{"a tree", "/repo.git/tree/HEAD:/a%20b", "", nil, "200 OK", page, has("bytes.bin", "ü+c;d?.txt")},
		{"a file", "?p=repo.git;a=blob;f=README;hb=HEAD", "", nil, "200 OK", page, has("&lt;it&gt;", "&amp;")},
		{"a file as it is", "?p=repo.git;a=blob_plain;f=README;hb=HEAD", "", nil, "200 OK", text, is(gitwebFiles["README"])},
		{"a file of a strange name", "?p=repo.git;a=blob_plain;f=a+b/%C3%BC%2Bc%3Bd%3F.txt;hb=HEAD", "", nil, "200 OK", text, is("one\ntwo\n")},
		{"a file of a strange name, by path", "/repo.git/blob_plain/HEAD:/a%20b/%c3%bc+c;d%3f.txt", "", nil, "200 OK", text, is("one\ntwo\n")},
		{"a file of bytes", "/repo.git/blob_plain/HEAD:/a%20b/bytes.bin", "", nil, "200 OK", "application/octet-stream", is(gitwebFiles["a b/bytes.bin"])},
		{"a large file", "/repo.git/blob_plain/HEAD:/large.txt", "", nil, "200 OK", text, is(gitwebFiles["large.txt"])},
		{"a search", "?p=repo.git;a=search;s=second", "", nil, "200 OK", page, has("second")},
		{"a search for next to nothing", "?p=repo.git;a=search;s=x", "", nil, "403 Forbidden", page, has("At least two characters")},
		{"who is to blame", "?p=repo.git;a=blame;f=README;hb=HEAD", "", nil, "200 OK", page, has("does.")},
		{"RSS", "?p=repo.git;a=rss", "", nil, "200 OK", "application/rss+xml", isXML("rss")},
		{"Atom", "?p=repo.git;a=atom", "", nil, "200 OK", "application/atom+xml", isXML("feed")},
		{"Atom, HEAD", "?p=repo.git;a=atom", "HEAD", nil, "200 OK", "application/atom+xml", is("")},
		{"a tarball", "?p=repo.git;a=snapshot;h=HEAD;sf=tgz", "", nil, "200 OK", "application/x-gzip", isTarball},
		{"a zip", "/repo.git/snapshot/" + commit + ".zip", "", nil, "200 OK", "application/x-zip", isZip},
		{"no such project", "?p=none.git", "", nil, "404 Not Found", page, has("404 - No such project")},
		{"a project above", "?p=../projects/repo.git", "", nil, "404 Not Found", page, has("404 - No such project")},
		{"no such file", "?p=repo.git;a=blob;f=none;hb=HEAD", "", nil, "404 Not Found", page, has("404 - Cannot find file")},
		{"no such action", "?p=repo.git;a=none", "", nil, "400 Bad Request", page, has("400 - ")},
	}
	h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
		for _, row := range rows {
			r := cgiRequest{method: row.method, target: "/cgi-bin/gitweb.cgi" + row.target, fields: row.fields}
			if r.method == "" {
				r.method = "GET"
			}
			var got string
			if h.ProtocolVersion == "HTTP/1.0" {
				got = askRaw10(t, s, r)
			} else {
				got = askCurl(t, s, "--http1.1", r)
			}
			head, content, _ := strings.Cut(got, "\n\n")
			status, fields, _ := strings.Cut(head, "\n")
			mediaType := regexp.MustCompile(`(?m)^Content-Type: ([^;\n]*)`).FindStringSubmatch(fields)
			if status != row.status || mediaType == nil || mediaType[1] != row.mediaType {
				t.Errorf("%s: %s: %s\nwant %s, %q", row.name, r, head, row.status, row.mediaType)
			}
			if !row.content(content) {
				t.Errorf("%s: %s: %.2000q", row.name, r, content)
			}
			h.checkLog(t, nil)
		}
		// An object has its page elsewhere.
		r := cgiRequest{method: "GET", target: "/cgi-bin/gitweb.cgi?p=repo.git;a=object;h=" + commit}
		got, want := askCurl(t, s, "--http1.1", r), "302 Found\nLocation: http://site.example"
		if !strings.HasPrefix(got, want) || !strings.Contains(got, commit) {
			t.Errorf("%s: %.500q, want it to begin with %q", r, got, want)
		}
	})
}

func has(parts ...string) func(string) bool {
	return func(content string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(content, part) })
	}
}

func is(contents ...string) func(string) bool {
	return func(content string) bool { return slices.Contains(contents, content) }
}

// isXML says whether something is XML with that element around it.
func isXML(root string) func(string) bool {
	return func(content string) bool {
		var got struct{ XMLName xml.Name }
		return xml.Unmarshal([]byte(content), &got) == nil && got.XMLName.Local == root
	}
}

func isTarball(content string) bool {
	z, err := gzip.NewReader(strings.NewReader(content))
	if err != nil {
		return false
	}
	found := 0
	for r := tar.NewReader(z); ; {
		file, err := r.Next()
		if err != nil {
			return err == io.EOF && found == len(gitwebFiles)
		}
		_, name, _ := strings.Cut(file.Name, "/")
		if want, ok := gitwebFiles[name]; ok {
			if got, err := io.ReadAll(r); err != nil || string(got) != want {
				return false
			}
			found++
		}
	}
}

func isZip(content string) bool {
	z, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		return false
	}
	found := 0
	for _, file := range z.File {
		_, name, _ := strings.Cut(file.Name, "/")
		want, ok := gitwebFiles[name]
		if !ok {
			continue
		}
		r, err := file.Open()
		if err != nil {
			return false
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			return false
		}
		found++
	}
	return found == len(gitwebFiles)
}

// TestGitwebLinks follows links from the first page on, one for each of gitweb's
// actions: all lead somewhere, over one connection.
func TestGitwebLinks(t *testing.T) {
	h, _ := newGitweb(t)
	h.ProtocolVersion = "HTTP/1.1"
	url := "http://" + serveDuring(t, h).ServerAddress().String()
	client := &http.Client{Transport: new(http.Transport), Timeout: patience}
	defer client.CloseIdleConnections()
	link := regexp.MustCompile(`(?:href|src)="(/[^"#]*)`)
	action := regexp.MustCompile(`[?;&]a=(\w+)`)
	done := map[string]bool{}
	for queue := []string{"/cgi-bin/gitweb.cgi"}; len(queue) > 0; queue = queue[1:] {
		target := html.UnescapeString(queue[0])
		kind := target
		if m := action.FindStringSubmatch(target); m != nil {
			kind = m[1]
		}
		if done[kind] {
			continue
		}
		done[kind] = true
		response, err := client.Get(url + target)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 200 {
			t.Errorf("%s: %s, %v", target, response.Status, err)
		}
		if bytes.Contains(content, []byte("</html>")) {
			for _, m := range link.FindAllStringSubmatch(string(content), -1) {
				queue = append(queue, m[1])
			}
		}
	}
	for _, kind := range []string{"summary", "log", "shortlog", "commit", "commitdiff", "tree", "blob", "blob_plain", "history", "blame", "tags", "heads", "snapshot", "rss", "atom", "opml", "/static/gitweb.css"} {
		if !done[kind] {
			t.Errorf("no link to %s among %v", kind, done)
		}
	}
	h.checkLog(t, nil)
}
