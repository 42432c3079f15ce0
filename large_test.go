package httpserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver"
)

// A multitude is an FS of one directory with very many names, which takes no memory when
// it is read.
type multitude struct{ entries []fs.DirEntry }

func (c *multitude) Open(name string) (fs.File, error)          { return nil, fs.ErrPermission }
func (c *multitude) ReadDir(name string) ([]fs.DirEntry, error) { return c.entries, nil }
func (c *multitude) Stat(name string) (fs.FileInfo, error) {
	if name != "." {
		return nil, fs.ErrNotExist
	}
	return fs.Stat(fstest.MapFS{}, ".")
}

// A face is one of the multitude, and all that is known of it.
type face struct {
	name string
	size int64
}

func (f *face) Name() string               { return f.name }
func (f *face) IsDir() bool                { return false }
func (f *face) Type() fs.FileMode          { return 0 }
func (f *face) Info() (fs.FileInfo, error) { return f, nil }
func (f *face) Size() int64                { return f.size }
func (f *face) Mode() fs.FileMode          { return 0o644 }
func (f *face) ModTime() time.Time         { return modified }
func (f *face) Sys() any                   { return nil }

// newMultitude makes a multitude in no order. The names are long: it is by pages that memory
// is measured.
func newMultitude(size int) *multitude {
	c := &multitude{make([]fs.DirEntry, size)}
	for i := range c.entries {
		c.entries[i] = &face{faceName(i) + strings.Repeat(" and so on", 9), faceSize(i)}
	}
	rand.Shuffle(size, func(i, j int) { c.entries[i], c.entries[j] = c.entries[j], c.entries[i] })
	return c
}

func faceName(i int) string { return fmt.Sprintf("file %06d", i) }

// faceSize gives the sizes another order than the names.
func faceSize(i int) int64 { return int64(i) * 7919 % 1_000_003 }

// largeListings are the ways to list a large directory.
var largeListings = []struct {
	name    string
	listing httpserver.Listing
	request string
	bySize  bool
}{
	{"plain", httpserver.PlainListing, get10("/"), false},
	{"rich", httpserver.RichListing, get10("/"), false},
	{"rich, by size", httpserver.RichListing, get10("/?sort=size&order=asc"), true},
	{"JSON", httpserver.RichListing, get10("/", "Accept: application/json"), false},
	{"JSON, by size", httpserver.RichListing, get10("/?sort=size&order=asc", "Accept: application/json"), true},
}

// TestLargeDirectory: a directory of 100,000 files is listed with every name in its
// place, and the page is never held, let alone twice: all that a listing takes is
// less than it.
func TestLargeDirectory(t *testing.T) {
	size := 100_000
	if raceEnabled {
		size = 20_000
	}
	c := newMultitude(size)
	want := make([]*face, size)
	for i, e := range c.entries {
		want[i] = e.(*face)
	}
	room := make([]byte, 64<<20)
	for _, tc := range largeListings {
		if tc.bySize {
			continue // it takes as much
		}
		t.Run(tc.name, func(t *testing.T) {
			h := new(quietFiles)
			h.FS, h.Listing = c, tc.listing
			s := serveDuring(t, h)
			var page []byte
			peak := peakHeap(func() {
				conn := dial(t, s.ServerAddress())
				io.WriteString(conn, tc.request)
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.ReadFull(response.Body, room)
				if page = room[:n]; err != io.ErrUnexpectedEOF || int64(n) != response.ContentLength {
					t.Fatalf("%d of %d bytes: %v", n, response.ContentLength, err)
				}
			})
			t.Logf("a page of %d bytes took %d bytes", len(page), peak)
			if most := len(page) * 2 / 3; peak >= int64(most) && !raceEnabled {
				t.Errorf("%d bytes were held, more than the %d that are enough", peak, most)
			}
			checkListing(t, page, want, tc.bySize)
		})
	}
}

// TestLargeDirectoryOnDisk is about files of the disk. They are few files with many
// names, which are made sooner.
func TestLargeDirectoryOnDisk(t *testing.T) {
	const size, files = 10_000, 50
	sources := map[string]string{}
	for i := range files {
		sources[fmt.Sprint(i)] = strings.Repeat("x", i)
	}
	source, dir := plant(t, sources), t.TempDir()
	want := make([]*face, size)
	for i := range want {
		want[i] = &face{faceName(i), faceSize(i) % files}
		if err := os.Link(filepath.Join(source, fmt.Sprint(want[i].size)), filepath.Join(dir, want[i].name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range largeListings {
		for _, portable := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, portable %v", tc.name, portable), func(t *testing.T) {
				h := new(quietFiles)
				h.Directory, h.Listing = dir, tc.listing
				s := serveDuring(t, h, func(s *httpserver.ThreadingServer) {
					if portable {
						httpserver.ServePortably(&s.Server)
					}
				})
				_, page, _ := strings.Cut(send(t, s, tc.request), "\r\n\r\n")
				checkListing(t, []byte(page), want, tc.bySize)
			})
		}
	}
}

// peakHeap gives by how much the heap is larger than at first, at most, while do is
// called: next to nothing on it is garbage.
func peakHeap(do func()) (peak int64) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := int64(m.HeapAlloc)
	done, measured := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(measured)
		for tick := time.NewTicker(time.Millisecond); ; {
			runtime.ReadMemStats(&m)
			peak = max(peak, int64(m.HeapAlloc)-before)
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	defer func() {
		close(done)
		<-measured
	}()
	do()
	return
}

// checkListing checks that a listing has all names in order and, where it has more,
// what more there is.
func checkListing(t *testing.T, page []byte, want []*face, bySize bool) {
	t.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b *face) int {
		if bySize && a.size != b.size {
			return int(a.size - b.size)
		}
		return strings.Compare(a.name, b.name)
	})
	var got []*face
	if bytes.HasPrefix(page, []byte("[")) {
		var entries []struct {
			Name, Type, Href string
			Size             int64
			Mtime            time.Time
		}
		if err := json.Unmarshal(page, &entries); err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if e.Type != "file" || e.Href != url.PathEscape(e.Name) || !e.Mtime.Equal(modified.Truncate(time.Second)) {
				t.Fatalf("entry %d: %+v", i, e)
			}
			got = append(got, &face{e.Name, e.Size})
		}
	} else {
		for line := range bytes.Lines(page) {
			_, link, ok := bytes.Cut(line, []byte(`<a href="`))
			if !ok || !bytes.HasPrefix(line, []byte("<li>")) && !bytes.HasPrefix(line, []byte("<tr>")) {
				continue
			}
			link, _, _ = bytes.Cut(link, []byte(`"`))
			name, err := url.PathUnescape(string(link))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, &face{name: name})
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d: %.300q", len(got), len(want), page)
	}
	for i, g := range got {
		if g.name != want[i].name || g.size != 0 && g.size != want[i].size {
			t.Fatalf("entry %d: %+v, want %+v", i, g, want[i])
		}
	}
}

// TestListingsBound: those who do not take the large listings that they asked for
// keep others from having one, and nothing else; when they go, there is room again.
func TestListingsBound(t *testing.T) {
	h := new(quietFiles)
	h.ProtocolVersion = "HTTP/1.1"
	names := &multitude{make([]fs.DirEntry, 400_000)}
	for i := range names.entries {
		names.entries[i] = &face{"a name like any other", 1}
	}
	h.FS = names
	s := serveDuring(t, h)
	const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	ask := func() (conn net.Conn, status string) {
		conn = dial(t, s.ServerAddress())
		io.WriteString(conn, request)
		return conn, readUntil(t, conn, "\r\n")
	}
	var idle []net.Conn
	for range 2 {
		conn, status := ask()
		if status != "HTTP/1.1 200 OK\r\n" {
			t.Fatalf("%q", status)
		}
		idle = append(idle, conn)
	}
	if _, status := ask(); !strings.HasPrefix(status, "HTTP/1.1 503 ") {
		t.Errorf("a third: %q", status)
	}
	if got := send(t, s, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 404 ") {
		t.Errorf("another request: %.100q", got)
	}
	idle[0].Close()
	for deadline := time.Now().Add(patience); ; {
		conn, status := ask()
		conn.Close()
		if strings.HasPrefix(status, "HTTP/1.1 200 ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("when one has gone: %q", status)
		}
	}
}
