package httpserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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

// A keeper is a client that keeps its connection as long as the server does.
type keeper struct {
	t       *testing.T
	connect func() io.ReadWriteCloser
	conn    io.ReadWriteCloser
	r       *bufio.Reader
	request string
}

// get gives an answer and its content. cut says that the content ended early, and
// with it the connection.
func (k *keeper) get() (response *http.Response, content string, cut bool) {
	k.t.Helper()
	if k.conn == nil {
		k.conn = k.connect()
		k.r = bufio.NewReader(k.conn)
	}
	if _, err := io.WriteString(k.conn, k.request); err != nil {
		k.t.Fatal(err)
	}
	response, err := http.ReadResponse(k.r, nil)
	if err != nil {
		k.t.Fatalf("no answer where one has to begin: %v", err)
	}
	b, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		k.t.Fatal(err)
	}
	cut = err != nil
	if cut || response.Close {
		if rest, err := io.ReadAll(k.r); err != nil || len(rest) > 0 {
			k.t.Fatalf("behind the end: %.80q, %v", rest, err)
		}
		k.conn.Close()
		k.conn = nil
	}
	return response, string(b), cut
}

// keepers gives a function that makes clients, and a server for them.
func keepers(t *testing.T, h httpserver.RequestHandler) func(fields string) *keeper {
	s := serveDuring(t, h)
	return func(fields string) *keeper {
		return &keeper{
			t:       t,
			connect: func() io.ReadWriteCloser { return dial(t, s.ServerAddress()) },
			request: "GET /file HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n",
		}
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

// replace puts a version of a file in the place of the last one, by renaming.
func replace(t *testing.T, dir string, n, size int) {
	t.Helper()
	next := filepath.Join(dir, "next")
	if err := os.WriteFile(next, []byte(version(n, size)), 0o644); err != nil {
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
		replace(t, h.Directory, n, size)
		response, content, _ := client.get()
		if content != version(n, size) {
			t.Fatalf("version %d: %.40q", n, content)
		}
		tag := response.Header.Get("ETag")
		if other, ok := tags[tag]; ok || !strings.HasPrefix(tag, `W/"`) {
			t.Fatalf("version %d has the tag %s, as version %d", n, tag, other)
		}
		tags[tag] = n
	}
}

// TestReplacedUnderLoad: each answer is one version in full, whatever happens to
// the name meanwhile; a part is of the version that its tag names.
func TestReplacedUnderLoad(t *testing.T) {
	h := newFiles(t)
	replace(t, h.Directory, 0, exactSizes[0])
	clients := keepers(t, h)
	var stop atomic.Bool
	var replacing, asking sync.WaitGroup
	replacing.Go(func() {
		for n := 1; !stop.Load(); n++ {
			replace(t, h.Directory, n, exactSizes[n%len(exactSizes)])
		}
	})
	var versions sync.Map
	for i := range 4 {
		asking.Go(func() {
			fields := ""
			if i%2 == 1 {
				fields = "Range: bytes=8-\r\n"
			}
			client := clients(fields)
			for range 500 {
				response, content, cut := client.get()
				if cut {
					t.Error("an answer was cut")
					return
				}
				if response.StatusCode == 206 {
					content = "\x00\x00\x00\x00\x00\x00\x00\x00" + content
				}
				if response.StatusCode != 416 && !isOneVersion(content) {
					t.Errorf("%s, %d bytes: not one version: %.60q", response.Status, len(content), content)
					return
				}
				versions.Store(content[len(content)-min(8, len(content)):], true)
			}
		})
	}
	asking.Wait()
	stop.Store(true)
	replacing.Wait()
	seen := 0
	versions.Range(func(any, any) bool { seen++; return true })
	if seen < 3 {
		t.Errorf("%d versions were seen: nothing was replaced meanwhile", seen)
	}
}

// isOneVersion reports whether content is some version of a known size; its first
// word does not count where a part begins behind it.
func isOneVersion(content string) bool {
	if len(content) == 0 {
		return true
	}
	n := -1
	if len(content) >= 16 {
		n, _ = strconv.Atoi(content[8:15])
	} else if len(content) == 1 {
		return content == "0"
	}
	want := version(n, len(content))
	size := false
	for _, s := range exactSizes {
		size = size || s == len(content)
	}
	return size && content[min(8, len(content)):] == want[min(8, len(want)):]
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
				if _, _, cut := client.get(); cut {
					short.Add(1)
				} else {
					whole.Add(1)
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
			response, content, cut := client.get()
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
			first, _, _ := client.get()
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
				if response, _, _ := client.get(); response.StatusCode != other.want {
					t.Errorf("%s: %s, want %d", other.fields, response.Status, other.want)
				}
			}
		})
	}
}
