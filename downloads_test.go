package httpserver_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver"
)

// downloads serves files, and keeps what it answered.
type downloads struct {
	httpserver.SimpleHandler
	seen *ledger
}

func (h *downloads) LogMessage(string, ...any) {}

func (h *downloads) LogRequest(code int, size int64) {
	h.seen.add(answered{h.ClientAddress.String(), h.Path, h.Headers.Get("Range"), h.Headers.Get("If-Range"), code})
}

func (h *downloads) CopyFile(source io.Reader, outputFile io.Writer) {
	if n := h.seen.limit(h.Path); n > 0 {
		source = io.LimitReader(source, n)
	}
	h.seen.crowd.wait(h.ClientAddress.String())
	h.SimpleHandler.CopyFile(source, outputFile)
}

// A ledger is what a server of downloads answered, and what it is to do to its
// clients.
type ledger struct {
	mu      sync.Mutex
	answers []answered
	suffix  string // of the path whose content ends early
	length  int64  // where
	crowd   *crowd
}

type answered struct {
	client, path, ranges, ifRange string
	code                          int
}

func (l *ledger) add(a answered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
}

// since gives what was answered since it was last called.
func (l *ledger) since() []answered {
	l.mu.Lock()
	defer l.mu.Unlock()
	answers := l.answers
	l.answers = nil
	return answers
}

// expect compares the ranges that were asked for, and how they were answered, with
// "200" or "bytes=1- 206".
func (l *ledger) expect(t *testing.T, want ...string) {
	t.Helper()
	answers := l.since()
	var got []string
	for _, a := range answers {
		got = append(got, strings.TrimSpace(fmt.Sprint(a.ranges, " ", a.code)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("answered %q, want %q: %+v", got, want, answers)
	}
}

// cut lets the next content of a path with that suffix end after n bytes, and the
// connection with it.
func (l *ledger) cut(suffix string, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.suffix, l.length = suffix, n
}

func (l *ledger) limit(path string) (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasSuffix(path, l.suffix) {
		n, l.length = l.length, 0
	}
	return n
}

// A crowd is clients that wait for each other. A nil one lets everybody pass.
type crowd struct {
	mu      sync.Mutex
	clients map[string]bool
	size    int
	full    chan struct{}
}

func newCrowd(size int) *crowd {
	return &crowd{clients: map[string]bool{}, size: size, full: make(chan struct{})}
}

// wait waits until the crowd is there, but not for ever.
func (c *crowd) wait(client string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	isNew := !c.clients[client]
	c.clients[client] = true
	if isNew && len(c.clients) == c.size {
		close(c.full)
	}
	c.mu.Unlock()
	select {
	case <-c.full:
	case <-time.After(patience / 2):
	}
}

// serveDownloads gives a server of files of that HTTP version, and its URL.
func serveDownloads(t *testing.T, version string) (h *downloads, start func() (url string)) {
	h = &downloads{seen: new(ledger)}
	h.ProtocolVersion = version
	return h, func() string { return "http://" + serveDuring(t, h).ServerAddress().String() }
}

// A shelf is a file system that can be replaced by another. Its files were at rest
// for years, where those on disk may have changed a moment ago and so have weak
// validators alone.
type shelf struct{ atomic.Pointer[fstest.MapFS] }

func (s *shelf) Open(name string) (fs.File, error) { return s.Load().Open(name) }

// A user runs programs, at home in a directory of its own, with nobody's settings.
type user struct {
	home string
	env  []string
}

func newUser(t *testing.T, env ...string) *user {
	home := t.TempDir()
	return &user{home, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(), "LC_ALL=C", "NO_PROXY=*"}, env...)}
}

// run runs a program to its end, which is to have that exit status.
func (u *user) run(t *testing.T, status int, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = u.home, u.env, &out, &errs
	cmd.WaitDelay = time.Second // what it started may hold the pipes
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != status {
		t.Errorf("%s %q: %v, want exit status %d\n%s%s", name, args, err, status, &out, &errs)
	}
	return out.String(), errs.String()
}

// save writes a file, with the folders above it.
func save(t *testing.T, content []byte, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sameFile checks that a file has that content.
func sameFile(t *testing.T, want []byte, path ...string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(path...))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, want %d, the same: %v; %v", path[len(path)-1], len(got), len(want), bytes.Equal(got, want), err)
	}
}

// noise gives n bytes that are nowhere the same.
func noise(seed byte, n int) []byte {
	content := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

// TestDownloads fetches a large file with what people fetch large files with.
func TestDownloads(t *testing.T) {
	dir, large := t.TempDir(), noise(1, 50_000_000)
	save(t, large, dir, "large")
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		for _, tc := range []struct {
			program string
			fetch   func(t *testing.T, seen *ledger, url string, large []byte)
		}{
			{"curl", curlFetches},
			{"wget", wgetFetches},
			{"aria2c", aria2cFetches},
			{"python3", urllibFetches},
		} {
			t.Run(version+" "+tc.program, func(t *testing.T) {
				program(t, tc.program)
				h, start := serveDownloads(t, version)
				h.Directory = dir
				tc.fetch(t, h.seen, start()+"/large", large)
			})
		}
	}
}

// anywhere gives a place in content.
func anywhere(t *testing.T, content []byte) int {
	n := 1 + rand.IntN(len(content)-1)
	t.Logf("cut at %d", n)
	return n
}

func curlFetches(t *testing.T, seen *ledger, url string, large []byte) {
	u := newUser(t)
	curl := func(status int, args ...string) string {
		t.Helper()
		stdout, _ := u.run(t, status, "curl", append([]string{"-q", "-sS"}, args...)...)
		return stdout
	}
	at := anywhere(t, large)
	seen.cut("", int64(at))
	curl(18, "-o", "file", url)
	sameFile(t, large[:at], u.home, "file")
	curl(0, "-C", "-", "-o", "file", url)
	sameFile(t, large, u.home, "file")
	curl(0, "-C", "-", "-o", "file", url) // it has everything, and 416 says so
	sameFile(t, large, u.home, "file")
	seen.expect(t, "200", fmt.Sprintf("bytes=%d- 206", at), fmt.Sprintf("bytes=%d- 416", len(large)))

	size := len(large)
	for _, tc := range []struct {
		name, ranges string
		want         []byte
		code         string
	}{
		{"the first byte", "0-0", large[:1], "206"},
		{"the first half", fmt.Sprintf("0-%d", size/2-1), large[:size/2], "206"},
		{"the middle", "20000001-20000100", large[20000001:20000101], "206"},
		{"a suffix", "-77", large[size-77:], "206"},
		{"open", fmt.Sprintf("%d-", size-78), large[size-78:], "206"},
		{"beyond the end", "49999990-60000000", large[size-10:], "206"},
		{"two that touch", "5-9,10-14", large[5:15], "206"},
	} {
		code := curl(0, "-r", tc.ranges, "-o", "range", "-w", "%{http_code}", url)
		if code != tc.code {
			t.Errorf("%s: %s, want %s", tc.name, code, tc.code)
		}
		sameFile(t, tc.want, u.home, "range")
	}
	mediaType := curl(0, "-r", "1000000-1099999,0-0,-5", "-o", "parts", "-w", "%{content_type}", url)
	expectParts(t, mediaType, filepath.Join(u.home, "parts"), large[1000000:1100000], large[:1], large[size-5:])
	if code := curl(0, "-r", fmt.Sprintf("%d-", size), "-o", os.DevNull, "-w", "%{http_code}", url); code != "416" {
		t.Errorf("behind the end: %s", code)
	}
	if code := curl(0, "-I", "-r", "0-9", "-o", os.DevNull, "-w", "%{http_code}", url); code != "200" {
		t.Errorf("HEAD: %s, but ranges are GET's (RFC 9110 §14.2)", code)
	}
}

// expectParts checks that a file is a multipart/byteranges of these parts.
func expectParts(t *testing.T, mediaType, path string, want ...[]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	_, parameters, err := mime.ParseMediaType(mediaType)
	if err != nil || !strings.HasPrefix(mediaType, "multipart/byteranges;") {
		t.Errorf("%q, %v", mediaType, err)
	}
	parts := multipart.NewReader(f, parameters["boundary"])
	for _, content := range want {
		part, err := parts.NextPart()
		if err != nil {
			t.Error(err)
			return
		}
		got, err := io.ReadAll(part)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("a part of %d bytes at %q, want %d, %v", len(got), part.Header.Get("Content-Range"), len(content), err)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
}

func wgetFetches(t *testing.T, seen *ledger, url string, large []byte) {
	u := newUser(t)
	wget := func(args ...string) {
		t.Helper()
		u.run(t, 0, "wget", append([]string{"--no-config", "--no-hsts", "--no-netrc", "-q", "--tries=3", "--waitretry=0"}, args...)...)
	}
	at := anywhere(t, large)
	seen.cut("", int64(at))
	wget("-O", "file", url) // goes on by itself
	sameFile(t, large, u.home, "file")
	seen.expect(t, "200", fmt.Sprintf("bytes=%d- 206", at))

	at = anywhere(t, large)
	save(t, large[:at], u.home, "large")
	wget("-c", url)
	sameFile(t, large, u.home, "large")
	wget("-c", url)
	sameFile(t, large, u.home, "large")
	seen.expect(t, fmt.Sprintf("bytes=%d- 206", at), fmt.Sprintf("bytes=%d- 416", len(large)))

	wget("-N", url)
	sameFile(t, large, u.home, "large")
	seen.expect(t, "304")
}

// aria2cFetches: four connections, a quarter for each, and one of them cut.
func aria2cFetches(t *testing.T, seen *ledger, url string, large []byte) {
	u := newUser(t)
	seen.crowd = newCrowd(4)
	seen.cut("", 1<<20)
	u.run(t, 0, "aria2c", "--no-conf", "--no-netrc", "-q", "--async-dns=false", "--file-allocation=none", "-x4", "-s4", "-k1M",
		fmt.Sprintf("--checksum=sha-256=%x", sha256.Sum256(large)), "-o", "file", url)
	sameFile(t, large, u.home, "file")
	clients, parts, answers := map[string]bool{}, 0, seen.since()
	for _, a := range answers {
		clients[a.client] = true
		switch {
		case a.code == 206:
			parts++
		case a.code != 200 || a.ranges != "":
			t.Errorf("%+v", a)
		}
	}
	if parts < 4 || len(clients) < 4 {
		t.Errorf("%d answers were 206, from %d connections: %+v", parts, len(clients), answers)
	}
}

func urllibFetches(t *testing.T, seen *ledger, url string, large []byte) {
	stdout, _ := run(t, "python3", "-I", "-c", `
import hashlib, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for fields in ({}, {'Range': 'bytes=3-40000002'}, {'Range': 'bytes=-1000'}):
    with opener.open(urllib.request.Request(sys.argv[1], headers=fields), timeout=10) as r:
        print(r.status, r.headers['Content-Range'], hashlib.sha256(r.read()).hexdigest())
`, url)
	stdout = strings.ReplaceAll(stdout, "\r", "")
	size := len(large)
	want := fmt.Sprintf("200 None %x\n206 bytes 3-40000002/%d %x\n206 bytes %d-%d/%d %x\n", sha256.Sum256(large),
		size, sha256.Sum256(large[3:40000003]), size-1000, size-1, size, sha256.Sum256(large[size-1000:]))
	if stdout != want {
		t.Errorf("got %s\nwant %s", stdout, want)
	}
	seen.expect(t, "200", "bytes=3-40000002 206", "bytes=-1000 206")
}

// TestRevalidation: what a client has is not sent again, and what was replaced is
// not mixed with what it has.
func TestRevalidation(t *testing.T) {
	old, young := noise(2, 100_000), noise(3, 100_000)
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		setUp := func(t *testing.T, name string) (seen *ledger, replace func(), url string) {
			program(t, name)
			h, start := serveDownloads(t, version)
			files := new(shelf)
			files.Store(&fstest.MapFS{"file": {Data: old, ModTime: modified}})
			h.FS = files
			return h.seen, func() { files.Store(&fstest.MapFS{"file": {Data: young, ModTime: modified.Add(time.Hour)}}) }, start() + "/file"
		}
		t.Run(version+" curl", func(t *testing.T) {
			seen, replace, url := setUp(t, "curl")
			u := newUser(t)
			curl := func(status int, args ...string) {
				t.Helper()
				u.run(t, status, "curl", append([]string{"-q", "-sS"}, args...)...)
			}
			curl(0, "-R", "--etag-save", "tag", "-o", "file", url)
			tag, err := os.ReadFile(filepath.Join(u.home, "tag"))
			if err != nil {
				t.Fatal(err)
			}
			ifRange := "If-Range: " + strings.TrimSpace(string(tag))
			curl(0, "-z", "file", "-o", "file", url)
			curl(0, "--etag-compare", "tag", "-o", "file", url)
			sameFile(t, old, u.home, "file")
			save(t, old[:40_000], u.home, "part")
			curl(0, "-C", "-", "-H", ifRange, "-o", "part", url)
			sameFile(t, old, u.home, "part")
			seen.expect(t, "200", "304", "304", "bytes=40000- 206")

			replace()
			save(t, old[:40_000], u.home, "part")
			curl(33, "-C", "-", "-H", ifRange, "-o", "part", url) // 200, and curl will not begin anew by itself
			sameFile(t, old[:40_000], u.home, "part")
			curl(0, "-z", "file", "-o", "dated", url)
			sameFile(t, young, u.home, "dated")
			curl(0, "--etag-compare", "tag", "-o", "file", url)
			sameFile(t, young, u.home, "file")
			seen.expect(t, "bytes=40000- 200", "200", "200")
		})
		t.Run(version+" wget", func(t *testing.T) {
			seen, replace, url := setUp(t, "wget")
			u := newUser(t)
			wget := func() {
				t.Helper()
				u.run(t, 0, "wget", "--no-config", "--no-hsts", "--no-netrc", "-q", "-N", url)
			}
			wget()
			wget()
			sameFile(t, old, u.home, "file")
			if info, err := os.Stat(filepath.Join(u.home, "file")); err != nil || !info.ModTime().Equal(modified.Truncate(time.Second)) {
				t.Errorf("changed %v, %v", info.ModTime(), err)
			}
			seen.expect(t, "200", "304")
			replace()
			wget()
			sameFile(t, young, u.home, "file")
			seen.expect(t, "200")
		})
	}
}

// TestCompressedDownload: curl unpacks what lies beside the file, and gets the file
// itself where it does not ask.
func TestCompressedDownload(t *testing.T) {
	program(t, "curl")
	plain := []byte(strings.Repeat("a line that comes again and again\n", 100_000))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(plain)
	z.Close()
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			h, start := serveDownloads(t, version)
			h.Directory, h.Precompressed = t.TempDir(), true
			save(t, plain, h.Directory, "a.txt")
			save(t, packed.Bytes(), h.Directory, "a.txt.gz")
			url := start() + "/a.txt"
			u := newUser(t)
			for _, tc := range []struct {
				name string
				args []string
				want string
			}{
				{"compressed", []string{"--compressed", "--etag-save", "tag"}, fmt.Sprintf("200 text/plain %d", packed.Len())},
				{"again", []string{"--compressed", "--etag-compare", "tag"}, "304  0"},
				{"not asked for", nil, fmt.Sprintf("200 text/plain %d", len(plain))},
				{"the other's tag", []string{"--etag-compare", "tag"}, fmt.Sprintf("200 text/plain %d", len(plain))},
				{"another coding", []string{"-H", "Accept-Encoding: compress, gzip;q=0"}, fmt.Sprintf("200 text/plain %d", len(plain))},
			} {
				got, _ := u.run(t, 0, "curl", append([]string{"-q", "-sS", "-o", "file", "-w", "%{http_code} %{content_type} %{size_download}", url}, tc.args...)...)
				if got != tc.want {
					t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
				}
				sameFile(t, plain, u.home, "file")
			}
		})
	}
}
