package docroot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver/internal/strict"
)

// A strangeFile reads, and says of itself, what it likes.
type strangeFile struct {
	read   func(p []byte) (int, error)
	stat   func() (fs.FileInfo, error)
	closed *int
}

func (f strangeFile) Read(p []byte) (int, error) { return f.read(p) }
func (f strangeFile) Stat() (fs.FileInfo, error) { return f.stat() }
func (f strangeFile) Close() error               { *f.closed++; return nil }

// A strangeFS has one file under every name, that can be opened and no more.
type strangeFS struct{ file fs.File }

func (s *strangeFS) Open(string) (fs.File, error) { return s.file, nil }

func more(p []byte) (int, error)  { return len(p) + 1, nil }
func fewer([]byte) (int, error)   { return -1, nil }
func nothing([]byte) (int, error) { return 0, nil }
func zeros(p []byte) (int, error) { clear(p); return len(p), nil }

type seekable struct{ strangeFile }

func (seekable) Seek(offset int64, _ int) (int64, error) { return offset, nil }

type readableAt struct{ strangeFile }

func (f readableAt) ReadAt(p []byte, _ int64) (int, error) { return f.read(p) }

func TestReaderOfTheDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	write(t, name, "content")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if Reader(f) != io.Reader(f) {
		t.Error("a connection cannot leave it to the system")
	}
	if s, ok := Seeker(f, 7); !ok || s != io.ReadSeeker(f) {
		t.Error("a connection cannot leave its ranges to the system")
	}
}

func TestSeeker(t *testing.T) {
	opened := func(fsys fs.FS, name string) fs.File {
		f, err := fsys.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	files := fstest.MapFS{"f": {Data: []byte("content")}}
	at := readableAt{strangeFile{read: func(p []byte) (int, error) { return copy(p, "content"), nil }}} // whatever the offset
	for _, tc := range []struct {
		name string
		file fs.File
		want string // from the fourth byte on; "" is no seeker
	}{
		{"one that seeks", opened(files, "f"), "tent"},
		{"one that reads anywhere", at, "cont"},
		{"one that only reads", opened(zipFS(t, map[string]string{"f": "content"}), "f"), ""},
	} {
		s, ok := Seeker(tc.file, 7)
		if ok != (tc.want != "") {
			t.Errorf("%s: %v", tc.name, ok)
		}
		if !ok {
			continue
		}
		if _, err := s.Seek(3, io.SeekStart); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got, err := io.ReadAll(s); string(got) != tc.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
}

// TestStrangeReads: files of an FS that lie about what they read do so to nobody
// but Reader and Seeker.
func TestStrangeReads(t *testing.T) {
	for _, tc := range []struct {
		name string
		read func(p []byte) (int, error)
		want error
	}{
		{"more than asked for", more, strict.ErrCount},
		{"less than nothing", fewer, strict.ErrCount},
		{"nothing, without end", nothing, io.ErrNoProgress},
	} {
		file := strangeFile{read: tc.read}
		seeks, _ := Seeker(seekable{file}, 100)
		readsAt, _ := Seeker(readableAt{file}, 100)
		for way, r := range map[string]io.Reader{"Reader": Reader(file), "Seek": seeks, "ReadAt": readsAt} {
			if got, err := io.ReadAll(r); len(got) > 0 || err != tc.want {
				t.Errorf("%s, %s: %q, %v, want %v", tc.name, way, got, err, tc.want)
			}
		}
	}
}

// TestStrangeHashes: what never ends, or never begins, has no tag.
func TestStrangeHashes(t *testing.T) {
	for name, read := range map[string]func([]byte) (int, error){"more": more, "fewer": fewer, "nothing": nothing, "endless": zeros} {
		closed := 0
		var h Hashes
		if tag := h.Tag(&strangeFS{strangeFile{read: read, closed: &closed}}, "f", 10); tag != "" || closed != 1 {
			t.Errorf("%s: %s, closed %d times", name, tag, closed)
		}
	}
}

// TestStrangeStat: whatever a file says of itself, it is closed if nobody gets it.
func TestStrangeStat(t *testing.T) {
	failure := errors.New("failure")
	for _, tc := range []struct {
		name   string
		stat   func() (fs.FileInfo, error)
		closed int
		panics bool
		want   error // nil: whatever
	}{
		{"a file", func() (fs.FileInfo, error) { return regular{}, nil }, 0, false, nil},
		{"an error", func() (fs.FileInfo, error) { return nil, failure }, 1, false, failure},
		{"neither", func() (fs.FileInfo, error) { return nil, nil }, 1, false, errNoInfo},
		{"a panic", func() (fs.FileInfo, error) { panic("stat") }, 1, true, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			closed := 0
			tree := NewFS(&strangeFS{strangeFile{stat: tc.stat, closed: &closed}}, "")
			defer func() {
				if problem := recover(); (problem != nil) != tc.panics || tc.panics && closed != tc.closed {
					t.Errorf("panic %v, closed %d times", problem, closed)
				}
			}()
			f, info, err := tree.Open("f")
			if closed != tc.closed {
				t.Errorf("Open: closed %d times", closed)
			}
			if !errors.Is(err, tc.want) || (f == nil) != (err != nil) || (info == nil) != (err != nil) {
				t.Errorf("Open: %v, %v, %v", f, info, err)
			}
			if _, err := tree.Stat("f"); !errors.Is(err, tc.want) {
				t.Errorf("Stat: %v", err)
			}
		})
	}
}

// regular is the FileInfo of a file that has nothing to tell.
type regular struct{}

func (regular) Name() string       { return "f" }
func (regular) Size() int64        { return 0 }
func (regular) Mode() fs.FileMode  { return 0o644 }
func (regular) ModTime() time.Time { return time.Time{} }
func (regular) IsDir() bool        { return false }
func (regular) Sys() any           { return nil }
