//go:build unix

package httpserver_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"example.com/httpserver"
)

// hidden is what files below names that begin with a dot hold.
const hidden = "HIDDEN"

// targetFiles are what FuzzTargets serves. Some directories have names that a
// redirect to them has to be careful with.
var targetFiles = map[string]string{
	"a.txt": "text of a", "sub/b.txt": "text of b", "sub/deep/c.txt": "text of c", "site/index.html": "a page", "page.html": "plain", "page.html.gz": "compressed", "app.html": "the app",
	"empty": "", ".env": hidden, ".git/config": hidden, "sub/.env": hidden, ".well-known/known.txt": "well known", ".well-known/.env": hidden, "sub/.well-known/env": hidden,
	"http:/x": "x", `\\host/x`: "x", `\host/x`: "x", "%2f/x": "x", "%41/x": "x", "\x01/x": "x", "\xff/x": "x", "\u00e9/x": "x", "a b/x": "x", "?/x": "x", "#/x": "x", "javascript:x/x": "x",
	"@host/x": "x", "host:80/x": "x", "~/x": "x", ";/x": "x", "...": "dots", "dot.": "dot", "<b>": "b", "*": "star",
}

// layTargets makes the directory that FuzzTargets serves, with its surroundings.
func layTargets(f *testing.F) (dir string) {
	f.Helper()
	top, err := filepath.EvalSymlinks(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	dir = filepath.Join(top, "inside")
	write := func(name, content string) {
		name = filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			f.Skip("this system has not all of these names: ", err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			f.Fatal(err)
		}
	}
	for name, content := range targetFiles {
		write("inside/"+name, content)
	}
	for _, name := range []string{"outside/a.txt", "outside/sub/b.txt", "outside/index.html", "inside-too/a.txt", "a.txt"} {
		write(name, secret)
	}
	for name, target := range map[string]string{
		"in": "a.txt", "in-dir": "sub", "sub/up": "../a.txt", "abs-in": filepath.Join(dir, "a.txt"), "abs-dir": filepath.Join(dir, "sub"), "chain": "abs-dir/up", "self": ".",
		"out": "../outside/a.txt", "out-dir": "../outside", "abs-out": filepath.Join(top, "outside/a.txt"), "abs-out-dir": filepath.Join(top, "outside"), "sibling": "../inside-too",
		"above": "..", "slash": "/", "loop": "loop", "loop1": "loop2", "loop2": "loop1", "broken": "nothing", "to-fifo": "fifo", "zero": "/dev/zero", "proc": "/proc/self/root",
		".out": "../outside/a.txt",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			f.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		f.Fatal(err)
	}
	return dir
}

// A targetServer answers targets in one of the ways that there are.
type targetServer struct {
	name    string
	server  httpserver.Server
	hides   bool // what begins with a dot
	isFS    bool // which has names and links of its own
	app     bool // answers navigation
	problem any
}

func targetServers(f *testing.F, dir string) []*targetServer {
	f.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { root.Close() })
	memory := fstest.MapFS{}
	for name, content := range targetFiles {
		if fs.ValidPath(name) {
			memory["top/"+name] = &fstest.MapFile{Data: []byte(content), ModTime: modified}
		}
	}
	memory["a.txt"] = &fstest.MapFile{Data: []byte(secret)}
	memory["top-too/a.txt"] = &fstest.MapFile{Data: []byte(secret)}
	disk := func(h *quietFiles) { h.Directory = dir }
	hiding := func(h *quietFiles) {
		h.HideDotfiles, h.Precompressed, h.Fallback, h.Listing = true, true, "app.html", httpserver.RichListing
	}
	var servers []*targetServer
	for _, one := range []struct {
		name    string
		options []func(*quietFiles)
	}{
		{"disk", []func(*quietFiles){disk}},
		{"disk, portably", []func(*quietFiles){disk}},
		{"disk, hiding", []func(*quietFiles){disk, hiding}},
		{"os.Root", []func(*quietFiles){func(h *quietFiles) { h.FS = root.FS() }}},
		{"memory", []func(*quietFiles){func(h *quietFiles) { h.FS, h.Directory = memory, "top" }}},
		{"memory, hiding", []func(*quietFiles){func(h *quietFiles) { h.FS, h.Directory = memory, "top" }, hiding}},
	} {
		s := &targetServer{name: one.name, hides: strings.Contains(one.name, "hiding"), isFS: !strings.Contains(one.name, "disk")}
		s.app = s.hides
		s.server.NewHandler = func() httpserver.RequestHandler {
			h := new(quietFiles)
			h.ProtocolVersion = "HTTP/1.1"
			for _, option := range one.options {
				option(h)
			}
			return h
		}
		s.server.HandleError = func(_ net.Conn, problem any) { s.problem = problem }
		if strings.Contains(one.name, "portably") {
			httpserver.ServePortably(&s.server)
		}
		f.Cleanup(func() { s.server.Close() })
		servers = append(servers, s)
	}
	return servers
}

// targets are the servers and what they serve.
type targets struct {
	dir     string
	servers []*targetServer
}

func newTargets(f *testing.F) *targets {
	dir := layTargets(f)
	return &targets{dir, targetServers(f, dir)}
}

// test asks all for a target.
func (a *targets) test(t *testing.T, target string, how uint8) {
	if target == "" || len(target) > 8000 || strings.ContainsAny(target, " \t\n\v\f\r") || strings.Contains(target, secret) || strings.Contains(target, hidden) {
		return // more than a target, or one that says what is looked for
	}
	method, fields := spellHow(how)
	request := method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n"
	answers := map[string]string{}
	for _, s := range a.servers {
		s.problem = nil
		answer := serveInput(t, &s.server, request, nil, math.MaxInt64)
		if s.problem != nil {
			t.Fatalf("%s: %q: panic: %v", s.name, request, s.problem)
		}
		if what := s.strange(a.dir, target, method, answer); what != "" {
			t.Errorf("%s: %q: %s: %.2000q", s.name, request, what, answer)
		}
		answers[s.name] = chance.ReplaceAllString(withoutDates(answer), "")
	}
	if own, portable := answers["disk"], answers["disk, portably"]; own != portable && len(target) < 4000 { // os.Root has no such bound
		t.Errorf("%q: %q\nportably %q", target, own, portable)
	}
}

// FuzzTargets asks for whatever target, with some fields. No answer holds anything
// from outside, nor from below a dotfile where these are hidden; a file is
// answered with its content, and nothing else is; a redirect stays on the site; and
// all is answered, with no status of 5xx. What the disk is asked in the portable
// way has the same answer.
func FuzzTargets(f *testing.F) {
	for i, target := range targetSeeds {
		f.Add(target, uint8(i))
	}
	f.Fuzz(newTargets(f).test)
}

// targetWords are what targets are made of. In the input of FuzzTargetWords each has
// a byte, from 0x80 on.
var targetWords = []string{
	"/", "..", "../", ".", "./", "%2f", "%2e", "%2e%2e", "%2e%2e%2f", `\`, "%5c", "%00", "%25", "%252e", "%c0%ae", "\xc0\xae", "%c0%af", "%20", "%0d%0a", "%ff", "%", "?", "#", ";", ":", "@",
	"http://h", "https://h:1", "http:", "//h", "x", "a.txt", "sub", "b.txt", "deep", "site", "index.html", "page.html", ".gz", "in", "in-dir", "up", "abs-in", "abs-dir", "chain", "self",
	"out", "out-dir", "abs-out", "abs-out-dir", "sibling", "outside", "inside", "inside-too", "above", "slash", "proc", "loop", "fifo", "zero", ".env", ".git", "config", ".well-known", "known.txt", "env", "~", "*",
}

// FuzzTargetWords is FuzzTargets with a target that is made of words.
func FuzzTargetWords(f *testing.F) {
	f.Add([]byte("\x80\x9f"), uint8(0))
	f.Add([]byte("\x80\xae\x80\x81\x80\xb3\x80\x9f"), uint8(1))
	f.Add([]byte("\x80\x80\x9d\x80\x82\x82\xa0"), uint8(2))
	f.Add([]byte("\x9a\x80\xad\x85\xab\x80\xa9"), uint8(16))
	a := newTargets(f)
	f.Fuzz(func(t *testing.T, made []byte, how uint8) {
		var target strings.Builder
		for _, c := range made {
			if i := int(c) - 0x80; i >= 0 && i < len(targetWords) {
				target.WriteString(targetWords[i])
			} else {
				target.WriteByte(c)
			}
		}
		a.test(t, target.String(), how)
	})
}

// chance is what of an answer may be another the next time: a boundary, and the tag of
// a file that was young.
var chance = regexp.MustCompile(`boundary=\w+|--\w{26}|(W/)?"[0-9a-f]{32}"`)

// targetSeeds are spellings that have been somebody's undoing.
var targetSeeds = func() []string {
	seeds := []string{
		"/", "*", "x", "sub", "//", "///sub", `/\sub`, `\sub`, "/./sub", "/sub/..", "/sub/../../outside/a.txt", "/%2e%2e/outside/a.txt", "/..%2foutside%2fa.txt", "/%252e%252e/a.txt",
		"/..%5coutside%5ca.txt", `/..\outside\a.txt`, "/%c0%ae%c0%ae/a.txt", "/%c0%afa.txt", "/\xc0\xae\xc0\xae/a.txt", "/a.txt%00", "/a.txt%00.html", "/%00", "/a.txt/", "/a.txt/.", "/a.txt/..", "/a.txt?x", "/a.txt#x",
		"http://h/a.txt", "http://h", "http://h?x", "https://h:1/sub", "http://h//sub", "http://../a.txt", "HTTP://h/sub?x", "ftp://h/a.txt", "http:///sub", "http:/sub", "http:sub", "//h/sub", "///h/%2e%2e/sub",
		"%2f%2fh/..%2fsub", "/%5ch/%2e%2e/sub", `/\h/../sub`, "\x01//h/../../sub", "\x01/h/../../sub", "/%0d%0aX:%20y/../sub", "/%0d%0a/..", "/sub?\x01", "/sub?//h", "/sub#//h", "/sub?#", "sub?", "/sub%2f", "/sub%2F", "/sub;x", "/~", "/@host",
		"/%41", "/%2541", "/%252f", "/%23", "/%3f", "/%", "/%4", "/%zz", "/\xff", "/%ff", "/%c3%a9", "/\u00e9", "/a%20b", "/http:", "http:", "javascript:x", "/javascript:x", "host:80", "/host:80", `\\host`, `/\\host`, `/%5c%5chost`, `\host`,
		"/.env", "/%2eenv", "/./.env", "/sub/../.env", "/.git/config", "/.git", "/.git/", "/.well-known/", "/.well-known/known.txt", "/.well-known/.env", "/sub/.well-known/env", "/self/.env", "/self/self/.env", "/.self", "/...", "/dot.",
		"/fifo", "/fifo/", "/to-fifo", "/zero", "/loop", "/loop/x", "/chain", "/self/self/chain", "/abs-dir/up", "/abs-out-dir/a.txt", "/proc/etc/passwd", "/slash/", "/above/a.txt", "/above/inside/a.txt", "/sub/?sort=size&order=desc", "/users/7",
	}
	for name := range targetFiles {
		seeds = append(seeds, "/"+path.Dir(name), "/"+name)
	}
	slices.Sort(seeds)
	return seeds
}()

// spellHow gives a method and fields that bits say.
func spellHow(how uint8) (method, fields string) {
	method = "GET"
	if how&1 != 0 {
		method = "HEAD"
	}
	fields += []string{"", "Range: bytes=1-2\r\n", "Range: bytes=0-0,2-\r\n", "If-None-Match: *\r\n"}[how>>1&3]
	fields += []string{"", "Accept: application/json\r\n", "Accept: text/html\r\n", "Sec-Fetch-Mode: navigate\r\n"}[how>>3&3]
	if how&32 != 0 {
		fields += "Accept-Encoding: gzip\r\n"
	}
	return method, fields
}

var dotEntry = regexp.MustCompile(`href="(\.|%2e)[^./"]|href="\.\.[^/"]|"name":"\.`)

// strange says what is wrong with an answer, if anything is.
func (s *targetServer) strange(dir, target, method, answer string) string {
	if strings.Contains(answer, secret) {
		return "something from outside"
	}
	if strings.HasPrefix(answer, "HTTP/1.1 400 Bad request syntax") {
		method = "" // what cannot be read has no method
	}
	r := bufio.NewReader(strings.NewReader(answer))
	response, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	if r.Buffered() > 0 {
		return "more than an answer"
	}
	body := string(b)
	if s.hides {
		if strings.Contains(answer, hidden) {
			return "what is hidden"
		}
		if response.Header.Get("Accept-Ranges") == "" && dotEntry.MatchString(body) {
			return "the name of what is hidden"
		}
	}
	if response.StatusCode < 200 || response.StatusCode > 499 {
		return "the status"
	}
	if location := response.Header.Get("Location"); location != "" || response.StatusCode == 301 {
		return strangeLocation(target, location)
	}
	return s.strangeContent(dir, target, method, response, body)
}

// strangeContent holds an answer against what the target stands for by another way
// of reading it.
func (s *targetServer) strangeContent(dir, target, method string, response *http.Response, body string) string {
	name := nameOf(target)
	if strings.Count(name, "self") > 30 {
		return "" // systems differ in how many links are too many
	}
	want, ok := s.contentOf(dir, name)
	isFile := response.Header.Get("Accept-Ranges") != ""
	switch {
	case s.app && !ok && (isFile || response.StatusCode == 304) && strings.Contains(response.Header.Get("Vary"), "Sec-Fetch-Mode"):
		want = targetFiles["app.html"]
	case isFile && !ok:
		return "no file has that name"
	case ok && !s.isFS && (response.StatusCode == 404 || response.StatusCode == 200 && !isFile):
		return fmt.Sprintf("the file %q is not served", want)
	}
	if response.Header.Get("Content-Encoding") != "" {
		want = targetFiles["page.html.gz"]
	}
	if isFile && response.StatusCode == 200 && method == "GET" && body != want {
		return fmt.Sprintf("it is not %q", want)
	}
	if isFile && response.StatusCode == 200 && response.ContentLength != int64(len(want)) {
		return fmt.Sprintf("its length is not that of %q", want)
	}
	return ""
}

// strangeLocation says where a redirect leads, if that is elsewhere for some client.
func strangeLocation(target, location string) string {
	origin, _ := cutOrigin(target)
	rest, ok := strings.CutPrefix(location, origin)
	if !ok || origin != "" && !strings.HasPrefix(rest, "/") {
		return "a redirect to another origin"
	}
	if origin == "" && strings.HasPrefix(target, "/") && !strings.HasPrefix(rest, "/") {
		return "a redirect to what is no path"
	}
	// Browsers overlook controls before a reference, and take a backslash for a slash
	// (the URL Standard, "basic URL parser").
	rest = strings.ReplaceAll(strings.TrimLeftFunc(rest, func(r rune) bool { return r <= ' ' }), `\`, "/")
	if origin == "" && (strings.HasPrefix(rest, "//") || scheme.MatchString(rest)) {
		return "a redirect to another site"
	}
	if strings.ContainsFunc(location, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "a redirect with controls"
	}
	return ""
}

var (
	scheme      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	absolute    = regexp.MustCompile(`^(?i:https?)://[^/?#]*`)
	leadsOut    = regexp.MustCompile(`/(above|root|proc)(/|$)`)
	percentByte = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
)

// cutOrigin takes the scheme and the authority off an absolute-form target.
func cutOrigin(target string) (origin, rest string) {
	origin = absolute.FindString(target)
	if rest = target[len(origin):]; origin != "" && !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return origin, rest
}

// nameOf gives the name that a target stands for, "/" before it, and that of the index
// page for a directory.
func nameOf(target string) string {
	_, target = cutOrigin(target)
	target, _, _ = strings.Cut(target, "#")
	target, _, _ = strings.Cut(target, "?")
	name := percentByte.ReplaceAllStringFunc(target, func(s string) string { b, _ := hex.DecodeString(s[1:]); return string(b) })
	if strings.HasSuffix(target, "/") || strings.HasSuffix(strings.ToLower(target), "%2f") {
		name += "/index.html"
	}
	return path.Clean("/" + name)
}

// contentOf gives the content of the file that a name stands for, if it does for one,
// by filepath.EvalSymlinks.
func (s *targetServer) contentOf(dir, name string) (content string, ok bool) {
	if s.hides {
		for i, word := range strings.Split(name, "/") {
			if strings.HasPrefix(word, ".") && (i != 1 || word != ".well-known") {
				return "", false
			}
		}
	}
	if strings.Contains(s.name, "memory") {
		content, ok = targetFiles[name[1:]]
		return content, ok && fs.ValidPath(name[1:])
	}
	if leadsOut.MatchString(name) { // and in again, maybe, which no link may
		return "", false
	}
	real, err := filepath.EvalSymlinks(dir + name)
	if err != nil || !strings.HasPrefix(real, dir+"/") {
		return "", false
	}
	if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	b, err := os.ReadFile(real)
	return string(b), err == nil
}
