package httpserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver"
)

// Sizes on both sides of where the system copies files instead of us.
var exactSizes = []int{0, 1, 1000, 20_000, 300_000}

// A keeper is a client that keeps its connection as long as the server does. Any
// goroutine may have one.
type keeper struct {
	connect func() (net.Conn, error)
	conn    net.Conn
	r       *bufio.Reader
	request string
}

// errCut says that an answer's content ended early, and with it the connection.
var errCut = errors.New("the content was cut")

// get gives an answer and its content, with errCut what there was of it.
func (k *keeper) get() (response *http.Response, content string, err error) {
	if k.conn == nil {
		if k.conn, err = k.connect(); err != nil {
			return nil, "", err
		}
		k.r = bufio.NewReader(k.conn)
	}
	if _, err := io.WriteString(k.conn, k.request); err != nil {
		return nil, "", err
	}
	if response, err = http.ReadResponse(k.r, nil); err != nil {
		return nil, "", fmt.Errorf("no answer where one has to begin: %w", err)
	}
	b, err := io.ReadAll(response.Body)
	if err == io.ErrUnexpectedEOF {
		err = errCut
	}
	if err != nil && err != errCut {
		return nil, "", err
	}
	if err == errCut || response.Close {
		if rest, err := io.ReadAll(k.r); err != nil || len(rest) > 0 {
			return nil, "", fmt.Errorf("behind the end: %.80q, %v", rest, err)
		}
		k.conn.Close()
		k.conn = nil
	}
	return response, string(b), err
}

// keepers gives a function that makes clients, and a server for them.
func keepers(t *testing.T, h httpserver.RequestHandler, options ...func(*httpserver.ThreadingServer)) func(fields string) *keeper {
	addr := serveDuring(t, h, options...).ServerAddress()
	connect := func() (net.Conn, error) {
		conn, err := net.Dial(addr.Network(), addr.String())
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { conn.Close() })
		return conn, conn.SetDeadline(time.Now().Add(patience))
	}
	return func(fields string) *keeper {
		return &keeper{connect: connect, request: "GET /file HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"}
	}
}

// newFiles gives a silent handler of HTTP/1.1 over a new directory.
func newFiles(t *testing.T) *quietFiles {
	h := new(quietFiles)
	h.Directory, h.ProtocolVersion = t.TempDir(), "HTTP/1.1"
	return h
}

// version is the content of a file's nth version: it says its number, again and
// again.
func version(n, size int) string {
	word := fmt.Sprintf("%07d ", n)
	return strings.Repeat(word, size/len(word)+1)[:size]
}

// replace puts a version of a file in the place of the last one, by renaming. If
// modified is not zero, that is when it says it was changed.
func replace(t *testing.T, dir string, n, size int, modified time.Time) {
	t.Helper()
	next := filepath.Join(dir, "next")
	if err := os.WriteFile(next, []byte(version(n, size)), 0o644); err != nil {
		t.Error(err)
	}
	if err := os.Chtimes(next, modified, modified); err != nil {
		t.Error(err)
	}
	if err := os.Rename(next, filepath.Join(dir, "file")); err != nil {
		t.Error(err)
	}
}

// TestReplacedBetween: what was renamed into place before a request is what it is
// answered with, on an old connection as on a new one, with a tag of its own.
func TestReplacedBetween(t *testing.T) {
	h := newFiles(t)
	client := keepers(t, h)("")
	tags := map[string]int{}
	for n := range 300 {
		size := exactSizes[n%len(exactSizes)]
		replace(t, h.Directory, n, size, time.Time{})
		response, content, err := client.get()
		if err != nil || content != version(n, size) {
			t.Fatalf("version %d: %.40q, %v", n, content, err)
		}
		tag := response.Header.Get("ETag")
		if other, ok := tags[tag]; ok || !strings.HasPrefix(tag, `W/"`) {
			t.Fatalf("version %d has the tag %s, as version %d", n, tag, other)
		}
		tags[tag] = n
	}
}

// TestReplacedUnderLoad: each answer is of one version, head and content, all of it
// or the part that was asked for, whatever happens to the name meanwhile; and no two
// versions have the same tag.
func TestReplacedUnderLoad(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows replaces no file that is open")
	}
	t.Run("young files", func(t *testing.T) { replaceUnderLoad(t) })
	t.Run("files that are kept", func(t *testing.T) { replaceUnderLoad(t, keepFiles) })
}

// keepFiles has files kept, however young they are.
func keepFiles(s *httpserver.ThreadingServer) { httpserver.AgeFiles(&s.Server, time.Hour) }

func replaceUnderLoad(t *testing.T, options ...func(*httpserver.ThreadingServer)) {
	h := newFiles(t)
	put := func(n int) { // versions have their number for a date, too
		replace(t, h.Directory, n, exactSizes[n%len(exactSizes)], modified.Add(time.Duration(n)*time.Second))
	}
	put(0)
	clients := keepers(t, h, options...)
	var stop atomic.Bool
	var replacing, asking sync.WaitGroup
	replacing.Go(func() {
		for n := 1; !stop.Load(); n++ {
			put(n)
		}
	})
	var mu sync.Mutex
	tags := map[string]int{}
	whole, parts := map[int]bool{}, map[int]bool{} // versions that were seen, by more than their name
	note := func(response *http.Response, content string) error {
		if response.StatusCode == 416 { // of a version that is too short
			return nil
		}
		n, err := versionOf(response, content)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		tag := response.Header.Get("ETag")
		if other, ok := tags[tag]; tag == "" || ok && other != n {
			return fmt.Errorf("version %d has the tag %q, as version %d", n, tag, other)
		}
		tags[tag] = n
		switch {
		case response.StatusCode == 206:
			parts[n] = true
		case len(content) > 1:
			whole[n] = true
		}
		return nil
	}
	for i := range 4 {
		asking.Go(func() {
			client := clients([]string{"", "Range: bytes=8-\r\n"}[i%2])
			for range 500 {
				response, content, err := client.get()
				if err == nil {
					err = note(response, content)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
	stop.Store(true)
	replacing.Wait()
	t.Logf("%d versions were seen whole, %d in part, with %d tags", len(whole), len(parts), len(tags))
	if len(whole) < 3 || len(parts) < 3 {
		t.Errorf("%d versions were seen whole, %d in part: nothing was replaced meanwhile", len(whole), len(parts))
	}
}

// versionOf gives the number of the version that an answer's head names, and fails
// where the answer has something else than that, or than its part from 8 on.
func versionOf(response *http.Response, content string) (n int, err error) {
	date, err := http.ParseTime(response.Header.Get("Last-Modified"))
	if err != nil {
		return 0, err
	}
	n = int(date.Sub(modified.Truncate(time.Second)) / time.Second)
	want := version(n, exactSizes[max(n, 0)%len(exactSizes)])
	switch {
	case response.StatusCode == 200 && content == want:
	case response.StatusCode == 206 && content == want[min(8, len(want)):] &&
		response.Header.Get("Content-Range") == fmt.Sprintf("bytes 8-%d/%d", len(want)-1, len(want)):
	default:
		return 0, fmt.Errorf("%s of version %d, whose size is %d: %v, %d bytes, %.60q",
			response.Status, n, len(want), response.Header, len(content), content)
	}
	return n, nil
}

// TestChangedInPlace: a file that is truncated and written anew while it is sent
// can be seen half done, but no answer has more or less than it announces on a
// connection that goes on.
func TestChangedInPlace(t *testing.T) {
	h := newFiles(t)
	name := filepath.Join(h.Directory, "file")
	if err := os.WriteFile(name, []byte(version(0, 300_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	clients := keepers(t, h)
	var stop atomic.Bool
	var changing, asking sync.WaitGroup
	changing.Go(func() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		for n := 1; !stop.Load(); n++ {
			f.Truncate(int64(rand.IntN(300_000)))
			f.WriteAt([]byte(version(n, exactSizes[n%len(exactSizes)])), 0)
			if n%2 == 0 {
				f.Truncate(1_000_000) // grows while it is sent
			}
		}
	})
	var whole, short atomic.Int64
	for i := range 4 {
		asking.Go(func() {
			client := clients([]string{"", "", "Range: bytes=100-200000\r\n", "Range: bytes=0-10,100-200000,-5\r\n"}[i])
			for range 400 {
				switch _, _, err := client.get(); err {
				case nil:
					whole.Add(1)
				case errCut:
					short.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
	stop.Store(true)
	changing.Wait()
	t.Logf("%d answers were whole, %d cut", whole.Load(), short.Load())
	if whole.Load() == 0 {
		t.Error("no answer was whole")
	}
}

// TestShrinksAndGrows: a file that shrinks behind its head ends the connection; one
// that grows is cut at the length that was announced.
func TestShrinksAndGrows(t *testing.T) {
	for _, tc := range []struct {
		name     string
		size     int64 // when CopyFile begins
		wantCut  bool
		announce int
	}{
		{"shrinks", 100, true, 20_000},
		{"shrinks, and is large", 100, true, 300_000},
		{"vanishes", 0, true, 300_000},
		{"grows", 40_000, false, 20_000},
		{"grows, and is large", 400_000, false, 300_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &resizing{size: tc.size}
			h.Directory, h.ProtocolVersion = t.TempDir(), "HTTP/1.1"
			if err := os.WriteFile(filepath.Join(h.Directory, "file"), []byte(version(1, tc.announce)), 0o644); err != nil {
				t.Fatal(err)
			}
			client := keepers(t, h)("")
			response, content, err := client.get()
			cut := err == errCut
			if err != nil && !cut {
				t.Fatal(err)
			}
			if cut != tc.wantCut || response.ContentLength != int64(tc.announce) || !cut && content != version(1, tc.announce) {
				t.Errorf("announced %d, got %d bytes, cut %v", response.ContentLength, len(content), cut)
			}
		})
	}
}

// resizing changes its file once the head is sent.
type resizing struct {
	quietFiles
	size int64
}

func (h *resizing) CopyFile(source io.Reader, outputFile io.Writer) {
	os.Truncate(h.TranslatePath(h.Path), h.size)
	h.SimpleHandler.CopyFile(source, outputFile)
}

// TestTags: a tag is weak as long as the file may change unseen.
func TestTags(t *testing.T) {
	for _, tc := range []struct {
		name     string
		modified time.Time
		weak     bool
	}{
		{"long ago", modified, false},
		{"just now", time.Now(), true},
		{"in the future", time.Now().Add(time.Hour), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newFiles(t)
			h.FS = fstest.MapFS{"file": {Data: []byte("content"), ModTime: tc.modified}}
			h.Directory = ""
			client := keepers(t, h)("")
			first, _, err := client.get()
			if err != nil {
				t.Fatal(err)
			}
			tag := first.Header.Get("ETag")
			if weak := strings.HasPrefix(tag, "W/"); weak != tc.weak || tag == "" {
				t.Errorf("the tag is %s", tag)
			}
			for _, other := range []struct {
				fields string
				want   int
			}{
				{"If-None-Match: " + tag, 304},
				{"If-Match: " + tag, map[bool]int{true: 412, false: 200}[tc.weak]},
				{"Range: bytes=1-1\r\nIf-Range: " + tag, map[bool]int{true: 200, false: 206}[tc.weak]},
				{"Range: bytes=1-1\r\nIf-Range: " + first.Header.Get("Last-Modified"), map[bool]int{true: 200, false: 206}[tc.weak]},
			} {
				client.request = "GET /file HTTP/1.1\r\nHost: a\r\n" + other.fields + "\r\n\r\n"
				response, _, err := client.get()
				if err != nil {
					t.Fatal(err)
				}
				if response.StatusCode != other.want {
					t.Errorf("%s: %s, want %d", other.fields, response.Status, other.want)
				}
			}
		})
	}
}
