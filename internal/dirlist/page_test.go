package dirlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/net/html"
)

// layouts are all that there are.
var layouts = map[string]func(title string, entries []Entry) *Page{
	"Plain": Plain,
	"Rich": func(title string, entries []Entry) *Page {
		return Rich(title, entries, Order{bySize, true}, true)
	},
	"JSON": func(_ string, entries []Entry) *Page { return JSON(entries) },
}

// read reads a page by WriteTo, and holds it against its Len and what Read gives.
func read(t *testing.T, p *Page) string {
	t.Helper()
	again := *p
	var b strings.Builder
	if n, err := p.WriteTo(&b); err != nil || n != int64(b.Len()) || n != p.Len() {
		t.Fatalf("WriteTo gives %d, %v for %d bytes, Len is %d", n, err, b.Len(), p.Len())
	}
	if n, err := p.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("Read after the end gives %d, %v", n, err)
	}
	if err := iotest.TestReader(&again, []byte(b.String())); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Titles, names and kinds of every sort, in pages of no piece, one and several.
func TestPage(t *testing.T) {
	for name, layout := range layouts {
		for _, tt := range []struct {
			name    string
			entries []Entry
		}{
			{"empty", nil},
			{"one", []Entry{{Name: "a"}}},
			{"strange", strange()},
			{"several pieces", files(3000)},
			{"one long name", []Entry{{Name: strings.Repeat("<", 3*pieceSize), Dir: true}, {Name: "b"}}},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) { read(t, layout("/é & \xff/", tt.entries)) })
		}
	}
}

// Read in any size, then WriteTo, is the page.
func TestPageReadThenWriteTo(t *testing.T) {
	entries := files(3000)
	want := read(t, Plain("/", entries))
	for _, size := range []int{1, 7, 4096, pieceSize - 1, pieceSize, pieceSize + 1, 1 << 20} {
		p := Plain("/", entries)
		b := make([]byte, size)
		n, err := p.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		rest := bytes.NewBuffer(b[:n])
		if _, err := p.WriteTo(rest); err != nil || rest.String() != want {
			t.Errorf("%d bytes read, then %v: %d bytes, want %d", n, err, rest.Len(), len(want))
		}
		if n, err := p.Read(nil); n != 0 || err != nil {
			t.Errorf("Read into nothing gives %d, %v", n, err)
		}
	}
}

// limited takes a number of bytes, then fails with its error.
type limited struct {
	left int
	err  error
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) <= l.left {
		l.left -= len(b)
		return len(b), nil
	}
	n := l.left
	l.left = 0
	return n, l.err
}

func TestPageWriteError(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		w    limited
		want error
	}{
		{"at once", limited{0, broken}, broken},
		{"in the second piece", limited{pieceSize + pieceSize/2, broken}, broken},
		{"too little without an error", limited{100, nil}, io.ErrShortWrite},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left := int64(tt.w.left)
			if n, err := Plain("/", files(3000)).WriteTo(&tt.w); n != left || err != tt.want {
				t.Errorf("WriteTo gives %d, %v, want %d, %v", n, err, left, tt.want)
			}
		})
	}
}

// However many entries there are, beside them a page takes the room of a piece.
func TestPageAllocation(t *testing.T) {
	entries := files(100_000)
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p := layout("/", entries)
			n, err := io.Copy(io.Discard, p)
			runtime.ReadMemStats(&after)
			if err != nil || n < 50*int64(len(entries)) {
				t.Fatalf("%d bytes, %v", n, err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 4*pieceSize {
				t.Errorf("a page of %d bytes takes %d bytes of memory, want at most %d", n, got, 4*pieceSize)
			}
			// A page whose piece comes from the pool allocates ten times; a pool may have dropped it, and
			// under the race detector does so at random.
			if got := testing.AllocsPerRun(1, func() { layout("/", entries).WriteTo(io.Discard) }); got > 15 {
				t.Errorf("%v allocations for %d entries, want at most 15", got, len(entries))
			}
		})
	}
}

// TestPageOwn: a page that has been written gives its entries back, without their names, and has no more to say.
func TestPageOwn(t *testing.T) {
	for _, size := range []int{0, 1, 20_000} {
		entries := files(size)
		p := Plain("/", entries).Own()
		if n, err := p.WriteTo(io.Discard); n != p.Len() || err != nil {
			t.Fatalf("%d bytes of %d, %v", n, p.Len(), err)
		}
		for _, e := range entries {
			if e != (Entry{}) {
				t.Fatalf("%d entries: one stays: %v", size, e)
			}
		}
		if n, err := p.WriteTo(io.Discard); n != 0 || err != nil {
			t.Errorf("%d bytes behind the end, %v", n, err)
		}
		if n, err := p.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%d bytes behind the end, %v", n, err)
		}
	}
	for _, room := range [][]Entry{Room(), Room()} {
		if len(room) != 0 {
			t.Errorf("room with %d entries in it", len(room))
		}
		for _, e := range room[:cap(room)] {
			if e != (Entry{}) {
				t.Errorf("room with something in it: %v", e)
			}
		}
	}
}

// links gives the references of a page in the order of its entries.
func links(t *testing.T, page string) (hrefs []string) {
	t.Helper()
	tree, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "href" {
				hrefs = append(hrefs, a.Val)
			}
		}
	}
	return hrefs
}

// wantLink holds a reference on the page of a directory against the entry it is to lead to.
func wantLink(t *testing.T, href string, e Entry, query string) {
	t.Helper()
	want := e.Name
	if e.Dir {
		want += "/"
	}
	u, err := url.Parse(href)
	if err != nil || u.Path != want || u.IsAbs() || u.Host != "" || u.RawQuery != query || u.Fragment != "" {
		t.Errorf("%q leads to %+v, %v, want %q", href, u, err, want)
	}
}

// fuzzEntries makes entries of names with a slash between them; kinds has two bits for each of four.
func fuzzEntries(names string, kinds byte, size, modified int64) (entries []Entry) {
	for i, name := range strings.Split(names, "/") {
		bits := int(kinds) >> (i % 4 * 2)
		e := Entry{Name: name, Dir: bits&1 != 0, Link: bits&2 != 0, Size: size >> i}
		if i%3 > 0 {
			e.Modified = time.Unix(modified, 0)
		}
		entries = append(entries, e)
	}
	return entries
}

// files are n entries of the usual sort.
func files(n int) []Entry {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{Name: fmt.Sprintf("file-%04d.txt", i), Size: int64(i) * 1234, Modified: modified.Add(time.Duration(i) * time.Minute)}
	}
	return entries
}

// strange are names that a page could stumble over.
func strange() []Entry {
	var entries []Entry
	for _, name := range []string{
		`<script>alert(1)</script>`, `"onclick="x`, `'`, "&amp;", "a b  c ", " ", "javascript:x", "?query", "#fragment", "%41",
		"new\nline", "\x00\x1b[31m\x7f", "\u0085", "photo\u202Egpj.exe", "\u2066isolate", "zero\u200Bwidth", "\uFEFFbom",
		"\xff\xfe", "\xc3", "caf\u00e9", "שלום.txt", "مرحبا", "日本語", "👩‍💻", "\u2028", "\U000E0041", "\uFFFD", "``", "\\",
		strings.Repeat("long", 64),
	} {
		entries = append(entries, Entry{Name: name, Link: len(entries)%3 == 0, Dir: len(entries)%4 == 0})
	}
	return entries
}

// A page of 10,000 entries, measured and rendered.
func BenchmarkPage(b *testing.B) {
	entries := files(10_000)
	for name, layout := range layouts {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				layout("/", entries).WriteTo(io.Discard)
			}
		})
	}
}
