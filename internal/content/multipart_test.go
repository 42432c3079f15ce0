package content

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

const letters = "abcdefghijklmnopqrstuvwxyz"

// TestMultipart reads every content in several ways, which all give the same.
func TestMultipart(t *testing.T) {
	type row struct {
		name, contentType string
		ranges            []Range
		want              string
	}
	for section, rows := range map[string][]row{
		"RFC 9110 §14.6 multipart/byteranges": {
			{"two parts", "text/plain", []Range{{0, 2}, {5, 3}}, "--B\nContent-Type: text/plain\nContent-Range: bytes 0-1/26\n\nab\n" +
				"--B\nContent-Type: text/plain\nContent-Range: bytes 5-7/26\n\nfgh\n--B--\n"},
			{"as they were asked for", "text/plain", []Range{{25, 1}, {0, 1}}, "--B\nContent-Type: text/plain\nContent-Range: bytes 25-25/26\n\nz\n" +
				"--B\nContent-Type: text/plain\nContent-Range: bytes 0-0/26\n\na\n--B--\n"},
			{"one part", "text/plain", []Range{{0, 26}}, "--B\nContent-Type: text/plain\nContent-Range: bytes 0-25/26\n\n" + letters + "\n--B--\n"},
		},
		"RFC 9110 §15.3.7.2 no Content-Type if the 200 had none": {
			{"two parts", "", []Range{{0, 2}, {5, 3}}, "--B\nContent-Range: bytes 0-1/26\n\nab\n--B\nContent-Range: bytes 5-7/26\n\nfgh\n--B--\n"},
		},
	} {
		t.Run(section, func(t *testing.T) {
			for _, tt := range rows {
				fresh := func() *Multipart {
					return newMultipart(strings.NewReader(letters), tt.contentType, 26, tt.ranges, "B")
				}
				want := strings.ReplaceAll(tt.want, "\n", "\r\n")
				if got, want := fresh().Length(), int64(len(want)); got != want {
					t.Errorf("%s: Length() = %d, want %d", tt.name, got, want)
				}
				check := func(how, got string, err error) {
					t.Helper()
					if got != want || err != nil {
						t.Errorf("%s, %s: %v\n got %q\nwant %q", tt.name, how, err, got, want)
					}
				}
				got, err := io.ReadAll(fresh())
				check("read", string(got), err)
				got, err = io.ReadAll(iotest.OneByteReader(fresh()))
				check("read a byte at a time", string(got), err)
				if err := iotest.TestReader(struct{ io.Reader }{fresh()}, []byte(want)); err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				for cut := range len(want) + 1 {
					m := fresh()
					begin := make([]byte, cut)
					if _, err := io.ReadFull(m, begin); err != nil {
						t.Errorf("%s: the first %d bytes: %v", tt.name, cut, err)
					}
					var rest strings.Builder
					n, err := m.WriteTo(&rest)
					check("written after "+strconv.Itoa(cut)+" bytes", string(begin)+rest.String(), err)
					if n != int64(rest.Len()) {
						t.Errorf("%s: WriteTo gives %d for %d bytes", tt.name, n, rest.Len())
					}
					if n, err := m.Read(begin[:0]); n != 0 || err != nil && err != io.EOF {
						t.Errorf("%s: nothing read after the end: %d, %v", tt.name, n, err)
					}
					if n, err := m.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Errorf("%s: read after the end: %d, %v", tt.name, n, err)
					}
					if n, err := m.WriteTo(io.Discard); n != 0 || err != nil {
						t.Errorf("%s: written after the end: %d, %v", tt.name, n, err)
					}
				}
			}
		})
	}
}

// TestMultipartRead reads what it wrote as a client does.
func TestMultipartRead(t *testing.T) {
	ranges := []Range{{5, 3}, {0, 2}, {25, 1}}
	m := NewMultipart(strings.NewReader(letters), "text/plain; charset=utf-8", 26, ranges)
	mediaType, parameters, err := mime.ParseMediaType(m.ContentType())
	if err != nil || mediaType != "multipart/byteranges" || strings.Contains(m.ContentType(), `"`) {
		t.Fatalf("%q: %v", m.ContentType(), err)
	}
	if again := NewMultipart(strings.NewReader(letters), "", 26, ranges); again.ContentType() == m.ContentType() {
		t.Errorf("two have the same boundary: %s", m.ContentType())
	}
	r := multipart.NewReader(m, parameters["boundary"])
	for _, want := range ranges {
		part, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(part)
		if err != nil || string(got) != letters[want.Start:want.end()] ||
			part.Header.Get("Content-Type") != "text/plain; charset=utf-8" || part.Header.Get("Content-Range") != want.ContentRange(26) {
			t.Errorf("%v: %q, %v, %v", want, got, part.Header, err)
		}
	}
	if _, err := r.NextRawPart(); err != io.EOF {
		t.Errorf("behind the last part: %v", err)
	}
}

// A brokenReader fails at a place, or when it is sent elsewhere.
type brokenReader struct {
	io.Reader
	seeks int // that work
}

var errBroken = errors.New("broken")

func (r *brokenReader) Seek(int64, int) (int64, error) {
	if r.seeks--; r.seeks < 0 {
		return 0, errBroken
	}
	return 0, nil
}

func TestMultipartFailures(t *testing.T) {
	two := []Range{{0, 5}, {10, 5}}
	for _, tt := range []struct {
		name    string
		content func() io.ReadSeeker
		want    error
	}{
		{"it ends in the first part", func() io.ReadSeeker { return strings.NewReader("abc") }, io.ErrUnexpectedEOF},
		{"it ends before the second part", func() io.ReadSeeker { return strings.NewReader("abcdefg") }, io.ErrUnexpectedEOF},
		{"it ends in the second part", func() io.ReadSeeker { return strings.NewReader("abcdefghijklm") }, io.ErrUnexpectedEOF},
		{"it cannot be read", func() io.ReadSeeker { return &brokenReader{iotest.ErrReader(errBroken), 2} }, errBroken},
		{"it cannot be read on", func() io.ReadSeeker {
			return &brokenReader{io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errBroken)), 2}
		}, errBroken},
		{"there is no way to the first part", func() io.ReadSeeker { return &brokenReader{strings.NewReader(letters), 0} }, errBroken},
		{"there is no way to the second part", func() io.ReadSeeker { return &brokenReader{strings.NewReader(letters), 1} }, errBroken},
	} {
		m := newMultipart(tt.content(), "text/plain", 26, two, "B")
		read, err := io.ReadAll(struct{ io.Reader }{m})
		if err != tt.want || int64(len(read)) >= m.Length() {
			t.Errorf("%s, read: %q, %v, want %v", tt.name, read, err, tt.want)
		}
		if n, err := m.Read(make([]byte, 9)); n != 0 || err != tt.want {
			t.Errorf("%s, read again: %d, %v, want %v", tt.name, n, err, tt.want)
		}
		m = newMultipart(tt.content(), "text/plain", 26, two, "B")
		var written bytes.Buffer
		n, err := m.WriteTo(&written)
		if err != tt.want || n != int64(written.Len()) || written.String() != string(read) {
			t.Errorf("%s, written: %d, %q, %v; read: %q, %v", tt.name, n, written.String(), err, read, tt.want)
		}
	}

	// A writer that fails anywhere ends it, and what was written is counted.
	whole := newMultipart(strings.NewReader(letters), "text/plain", 26, two, "B").Length()
	for room := range whole {
		m := newMultipart(strings.NewReader(letters), "text/plain", 26, two, "B")
		w := &narrowWriter{room: room}
		if n, err := m.WriteTo(w); n != room || err != errBroken {
			t.Errorf("room for %d: %d, %v", room, n, err)
		}
		if n, err := m.WriteTo(io.Discard); n != 0 || err != errBroken {
			t.Errorf("room for %d, once more: %d, %v", room, n, err)
		}
		m = newMultipart(strings.NewReader(letters), "text/plain", 26, two, "B")
		w = &narrowWriter{room: room, silent: true}
		if n, err := m.WriteTo(w); n != room || err != io.ErrShortWrite {
			t.Errorf("room for %d, and no word of it: %d, %v", room, n, err)
		}
	}
}

// A narrowWriter takes so many bytes and no more.
type narrowWriter struct {
	room   int64
	silent bool
}

func (w *narrowWriter) Write(p []byte) (int, error) {
	n := min(int64(len(p)), w.room)
	w.room -= n
	if n == int64(len(p)) || w.silent {
		return int(n), nil
	}
	return int(n), errBroken
}

// A readerFrom is a writer that would leave a file to the system.
type readerFrom struct {
	bytes.Buffer
	files int
}

func (w *readerFrom) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			w.files++
		}
	}
	return w.Buffer.ReadFrom(r)
}

// TestMultipartFile checks that a connection gets the file itself, part by part.
func TestMultipartFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "letters")
	if err := os.WriteFile(name, []byte(letters), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ranges := []Range{{20, 6}, {3, 4}}
	want, _ := io.ReadAll(newMultipart(f, "text/plain", 26, ranges, "B"))
	var w readerFrom
	n, err := newMultipart(f, "text/plain", 26, ranges, "B").WriteTo(&w)
	if n != int64(len(want)) || err != nil || w.String() != string(want) || w.files != 2 {
		t.Errorf("%d, %v, %d files\n got %q\nwant %q", n, err, w.files, w.String(), want)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer c.Close()
		b, _ := io.ReadAll(c)
		got <- string(b)
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err = newMultipart(f, "text/plain", 26, ranges, "B").WriteTo(c)
	c.Close()
	if n != int64(len(want)) || err != nil {
		t.Errorf("to a connection: %d, %v", n, err)
	}
	if b := <-got; b != string(want) {
		t.Errorf("over a connection\n got %q\nwant %q", b, want)
	}
}

// TestMultipartLength: the length of as many parts as there may be, of the largest
// content, is one that fits.
func TestMultipartLength(t *testing.T) {
	var ranges []Range
	for i := range int64(maxParts) {
		ranges = append(ranges, Range{2 * i, 1})
	}
	last := &ranges[maxParts-1]
	last.Length = maxInParts - last.Start
	if m := NewMultipart(nil, strings.Repeat("x", 4096), maxInParts, ranges); m.Length() < last.Length {
		t.Errorf("%d bytes", m.Length())
	}
}
