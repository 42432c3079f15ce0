//go:build unix

package httpserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/content"
	"example.com/httpserver/internal/docroot"
)

var containmentTime = flag.Duration("containment", 2*time.Second, "how long TestContainment asks while things are swapped")

// TestContainment: while another process swaps files, directories and all for links
// to the outside, as fast as it can, no answer holds anything of what is there, nor
// tells of it; nothing of it is opened; and connections stay in step.
func TestContainment(t *testing.T) {
	if top := os.Getenv("HTTPSERVER_SWAP_BELOW"); top != "" {
		swapUntilEOF(t, playground(top))
		return
	}
	ways := []struct {
		name    string
		prepare func(s *httpserver.Server)
		handler func(t *testing.T, h *quietFiles) httpserver.RequestHandler
	}{
		{"the system's own way", nil, asItIs},
		{"files that are kept", func(s *httpserver.Server) { httpserver.AgeFiles(s, time.Hour) }, asItIs},
		{"the portable way", httpserver.ServePortably, asItIs},
		{"the FS of an os.Root", nil, func(t *testing.T, h *quietFiles) httpserver.RequestHandler {
			root, err := os.OpenRoot(h.Directory)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { root.Close() })
			h.FS, h.Directory = root.FS(), ""
			return h
		}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			c := newContainment(t, *containmentTime/time.Duration(len(ways)), way.prepare, way.handler)
			opened, letGo := watchOpens(t, c.outsideDirectories()), awaitReaders(t, []string{c.path("outside/fifo")})
			c.run(8)
			for _, what := range c.leaks {
				t.Error(what)
			}
			if names := opened(); len(names) > 0 {
				t.Errorf("opened: %v", names)
			}
			letGo()
			c.checkQuiet()
		})
	}
	// What the test is worth: it sees what others do less well.
	for _, way := range []struct {
		name    string
		handler func(t *testing.T, h *quietFiles) httpserver.RequestHandler
	}{
		{"links are followed", func(_ *testing.T, h *quietFiles) httpserver.RequestHandler {
			h.FollowSymlinks = true
			return h
		}},
		{"links are looked at before", func(_ *testing.T, h *quietFiles) httpserver.RequestHandler {
			h.Listing = httpserver.NoListing
			return &hasty{*h}
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := newContainment(t, 0, nil, way.handler)
			c.enough = func() bool { return c.leaked() >= 10 }
			c.run(8)
			t.Logf("seen: %.300s", strings.Join(c.leaks, "\n"))
		})
	}
}

func asItIs(_ *testing.T, h *quietFiles) httpserver.RequestHandler { return h }

// hasty looks where a path leads, and then opens it.
type hasty struct{ quietFiles }

func (h *hasty) TranslatePath(path string) string {
	file := h.SimpleHandler.TranslatePath(path)
	if real, err := filepath.EvalSymlinks(file); err == nil && (real == h.Directory || strings.HasPrefix(real, h.Directory+"/")) {
		return "/" + file // which is not below Directory by its spelling, so it is opened as it stands
	}
	return file
}

// A containment is one run of the test.
type containment struct {
	playground
	t        *testing.T
	servers  []*httpserver.ThreadingServer
	enough   func() bool // to end the run
	deadline time.Time

	things []swap
	words  []string        // that tell of the outside: what files hold, their times and tags
	sizes  map[int]string  // of files inside, with their contents
	names  map[string]bool // that listings may have

	requests, files, parts, listings, refused atomic.Int64
	swapped                                   atomic.Int64 // as the child says

	mu    sync.Mutex
	leaks []string
}

// newContainment serves a playground, with a plain listing and a rich one.
func newContainment(t *testing.T, d time.Duration, prepare func(*httpserver.Server), handler func(*testing.T, *quietFiles) httpserver.RequestHandler) *containment {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	checkLeaks(t)
	c := &containment{playground: playground(top), t: t, deadline: time.Now().Add(d)}
	c.things = c.swaps()
	c.lay(t)
	c.words = []string{secret, "Jun 1987", "1987-06-05"}
	for _, name := range outsideFiles {
		info, err := os.Stat(c.path(name))
		if err != nil {
			t.Fatal(err)
		}
		inode, changed := docroot.Identity(info)
		for _, now := range []time.Time{changed, changed.Add(time.Hour)} { // while it is young, and later
			c.words = append(c.words, strings.TrimPrefix(content.Tag(info.Size(), info.ModTime(), changed, inode, now), "W/"))
		}
	}
	c.sizes, c.names = map[int]string{}, map[string]bool{}
	for i, name := range insideFiles {
		c.sizes[len(insideContent(i))] = insideContent(i)
		for word := range strings.SplitSeq(name, "/") {
			c.names[word] = true
		}
	}
	for name := range c.links() {
		c.names[filepath.Base(name)] = true
	}
	c.enough = func() bool {
		return c.requests.Load() >= 500 && c.files.Load() >= 100 && c.parts.Load() >= 10 && c.listings.Load() >= 20 && c.refused.Load() >= 50 && c.swapped.Load() >= 1000
	}
	for _, listing := range []httpserver.Listing{httpserver.PlainListing, httpserver.RichListing} {
		h := newFiles(t)
		h.Directory, h.Listing, h.Precompressed, h.Fallback = c.path("inside"), listing, true, "app.html"
		s, err := httpserver.NewThreadingServer("127.0.0.1:0", handler(t, h))
		if err != nil {
			t.Fatal(err)
		}
		if prepare != nil {
			prepare(&s.Server)
		}
		inBackground(t, s, s.ServeForever)
		c.servers = append(c.servers, s)
	}
	return c
}

// run asks by some clients until it is time, and enough was seen.
func (c *containment) run(clients int) {
	c.t.Helper()
	end := c.swapApart()
	var asking sync.WaitGroup
	for i := range clients {
		asking.Go(func() {
			a := &asker{containment: c, addr: c.servers[i%len(c.servers)].ServerAddress()}
			for !c.isOver() && a.askSome() {
			}
			a.hangUp()
		})
	}
	asking.Wait()
	end()
	c.t.Logf("%d requests, %d swaps; of the answers %d were files, %d parts, %d listings, %d errors",
		c.requests.Load(), c.swapped.Load(), c.files.Load(), c.parts.Load(), c.listings.Load(), c.refused.Load())
	if !c.enough() {
		c.t.Error("that is too little to mean anything")
	}
}

// isOver reports whether the time has come. A slow machine may have another minute
// to see enough.
func (c *containment) isOver() bool {
	late := time.Since(c.deadline)
	return late > 0 && c.enough() || late > time.Minute || c.t.Failed()
}

// swapApart starts the child, and gives a function that ends it.
func (c *containment) swapApart() (end func()) {
	c.t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestContainment$")
	child.Env = append(os.Environ(), "HTTPSERVER_SWAP_BELOW="+string(c.playground))
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		c.t.Fatal(err)
	}
	said := make(chan string)
	go func() {
		var other []string
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var n int64
			if _, err := fmt.Sscanf(lines.Text(), "swaps %d", &n); err == nil {
				c.swapped.Store(n)
			} else {
				other = append(other, lines.Text())
			}
		}
		said <- strings.Join(other, "\n")
	}()
	return func() {
		stdin.Close()
		words := <-said
		if err := child.Wait(); err != nil {
			c.t.Errorf("the child: %v\n%s", err, words)
		}
	}
}

// leak notes what should not have been seen.
func (c *containment) leak(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.leaks) < 20 {
		c.leaks = append(c.leaks, fmt.Sprintf(format, args...))
	}
}

func (c *containment) leaked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.leaks)
}

// checkQuiet: when nothing changes any more, all is served as it was laid.
func (c *containment) checkQuiet() {
	c.t.Helper()
	for i, name := range insideFiles {
		name = strings.TrimSuffix(name, "index.html")
		got := send(c.t, c.servers[i%2], get10("/"+name))
		if _, got, _ := strings.Cut(got, "\r\n\r\n"); got != insideContent(i) {
			c.t.Errorf("afterwards: %s is %.80q", name, got)
		}
	}
}

// An asker is a client with a connection that it keeps as long as the server does.
type asker struct {
	*containment
	addr net.Addr
	conn net.Conn
	r    *bufio.Reader
	raw  bytes.Buffer // what came
}

func (a *asker) hangUp() {
	if a.conn != nil {
		a.conn.(*net.TCPConn).SetLinger(0) // many ports would stay in use for a while
		a.conn.Close()
		a.conn = nil
	}
}

// askSome sends some requests at once, and reads the answers. It reports whether the
// client may go on.
func (a *asker) askSome() bool {
	if a.conn == nil {
		conn, err := net.Dial(a.addr.Network(), a.addr.String())
		if err != nil {
			a.t.Error(err)
			return false
		}
		a.conn, a.r = conn, bufio.NewReader(io.TeeReader(conn, &a.raw))
	}
	a.raw.Reset()
	a.conn.SetDeadline(time.Now().Add(patience))
	questions := someQuestions(a.things)
	var all strings.Builder
	for i := range questions {
		all.WriteString(questions[i].String())
	}
	if _, err := io.WriteString(a.conn, all.String()); err != nil {
		a.t.Errorf("%q: %v", all.String(), err)
		return false
	}
	for i := range questions {
		closes, err := a.answer(&questions[i])
		if err != nil {
			a.t.Errorf("out of step: %q, number %d: %v\nafter %.2000q", all.String(), i, err, a.raw.Bytes())
			return false
		}
		if closes {
			a.hangUp()
			break
		}
	}
	if a.conn != nil && a.r.Buffered() > 0 {
		a.t.Errorf("out of step: %q\nmore than was asked for in %.2000q", all.String(), a.raw.Bytes())
		return false
	}
	a.searchRaw(all.String())
	return true
}

// answer reads an answer and looks at it.
func (a *asker) answer(q *question) (closes bool, err error) {
	response, err := http.ReadResponse(a.r, &http.Request{Method: q.method})
	if err != nil {
		return false, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false, err
	}
	a.requests.Add(1)
	if response.Close {
		if rest, err := io.ReadAll(a.r); err != nil || len(rest) > 0 {
			return true, fmt.Errorf("behind the end: %.80q, %v", rest, err)
		}
	}
	if what := a.strange(q, response, string(body)); what != "" {
		a.leak("%q: %s: %s\n%v\n%.200q", q, what, response.Status, response.Header, body)
	}
	return response.Close, nil
}

// strange says what is wrong with an answer, if anything is.
func (a *asker) strange(q *question, response *http.Response, body string) string {
	isFile := response.Header.Get("Accept-Ranges") != ""
	switch status := response.StatusCode; {
	case status == 404 || status == 400:
		a.refused.Add(1)
	case q.nowhere:
		return "what is only outside is known"
	case q.still && (status != 200 || body != a.sizes[len(body)] || !strings.Contains(body, "still")):
		return "not the file that nobody swaps"
	case status == 200 && isFile:
		a.files.Add(1)
		if _, ok := a.sizes[int(response.ContentLength)]; !ok || q.method == "GET" && body != a.sizes[len(body)] {
			return "not a file from inside"
		}
	case status == 200:
		a.listings.Add(1)
		return a.strangeListing(response, body)
	case status == 206:
		a.parts.Add(1)
		return a.strangePart(response, body)
	case status == 304:
		if strings.Contains(q.fields, "1990") {
			return "not modified since 1990"
		}
	case status != 301 && status != 412 && status != 416:
		return "not a status to come here"
	}
	return ""
}

var (
	hrefs       = regexp.MustCompile(`href="([^"?]*)`)
	around      = []string{"", "./", "../"} // links in a listing that are of no entry
	outsideSize = regexp.MustCompile(`\b3133\d\d\b|\b313,3\d\d\b`)
)

// strangeListing says which name in a listing is not from inside.
func (a *asker) strangeListing(response *http.Response, body string) string {
	if response.Header.Get("Content-Type") == "application/json" {
		var entries []struct {
			Name string
			Size int
		}
		if err := json.Unmarshal([]byte(body), &entries); err != nil && response.Request.Method == "GET" {
			return err.Error()
		}
		for _, e := range entries {
			if _, ok := a.sizes[e.Size]; !a.names[e.Name] || !ok && e.Size != 0 {
				return "the entry " + e.Name
			}
		}
		return ""
	}
	for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(around, m[1]) && !a.names[strings.TrimSuffix(m[1], "/")] {
			return "the link " + m[1]
		}
	}
	return ""
}

// strangePart says which range is not one of a file from inside.
func (a *asker) strangePart(response *http.Response, body string) string {
	check := func(contentRange, part string) string {
		var first, last, size int
		if _, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &first, &last, &size); err != nil {
			return err.Error()
		}
		if last >= len(a.sizes[size]) || a.sizes[size][first:last+1] != part {
			return "the range " + contentRange
		}
		return ""
	}
	kind, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		return check(response.Header.Get("Content-Range"), body)
	}
	for parts := multipart.NewReader(strings.NewReader(body), parameters["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err.Error()
		}
		if what := check(part.Header.Get("Content-Range"), string(content)); what != "" {
			return what
		}
	}
}

// searchRaw looks for what tells of the outside in all that came.
func (a *asker) searchRaw(asked string) {
	raw := a.raw.Bytes()
	for _, word := range a.words {
		if bytes.Contains(raw, []byte(word)) {
			a.leak("%q: there is %s in %.500q", asked, word, raw)
		}
	}
	if bytes.Contains(raw, []byte("3133")) || bytes.Contains(raw, []byte("313,3")) {
		if size := outsideSize.Find(raw); size != nil {
			a.leak("%q: there is the size %s in %.500q", asked, size, raw)
		}
	}
}
