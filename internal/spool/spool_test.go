package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// content gives n bytes of which no two parts look the same.
func content(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// tempDir makes an empty directory that temporary files go to.
func tempDir(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	return dir
}

// names are what stands in a directory.
func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestRead(t *testing.T) {
	dir := tempDir(t)
	for _, tc := range []struct {
		name string
		len  int
		file bool
	}{
		{"nothing", 0, false},
		{"a byte", 1, false},
		{"a first buffer", 512, false},
		{"more than that", 513, false},
		{"one byte short of what memory holds", memory - 1, false},
		{"what memory holds", memory, false},
		{"one byte more", memory + 1, true},
		{"one byte more than twice", 2*memory + 1, true},
		{"much", 5*memory + 12345, true},
	} {
		want := content(tc.len)
		for kind, wrap := range map[string]func(io.Reader) io.Reader{
			"whole":           func(r io.Reader) io.Reader { return r },
			"by single bytes": iotest.OneByteReader,
			"by halves":       iotest.HalfReader,
			"EOF with data":   iotest.DataErrReader,
		} {
			if kind == "by single bytes" && tc.len > memory+1 {
				continue // that takes long, and shows nothing more
			}
			t.Run(tc.name+" "+kind, func(t *testing.T) {
				turns := 0
				b, err := Read(wrap(bytes.NewReader(want)), func() error { turns++; return nil })
				if err != nil {
					t.Fatal(err)
				}
				if b.Len() != int64(tc.len) || (b.File() != nil) != tc.file || (turns == 1) != tc.file || turns > 1 {
					t.Errorf("Len %d, File %v, %d turns", b.Len(), b.File() != nil, turns)
				}
				if list := names(t, dir); runtime.GOOS != "windows" && list != nil {
					t.Errorf("there is a file: %q", list)
				}
				for range 2 {
					if got, err := io.ReadAll(reader(b)); err != nil || !bytes.Equal(got, want) {
						t.Errorf("read %d bytes, %v", len(got), err)
					}
				}
				if f := b.File(); f != nil {
					if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
						t.Errorf("read %d bytes from the file, %v", len(got), err)
					}
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
				if list := names(t, dir); list != nil {
					t.Errorf("a file was left: %q", list)
				}
				if b.File() != nil && !errors.Is(b.File().Close(), os.ErrClosed) {
					t.Error("the file is open")
				}
			})
		}
	}
}

func TestReader(t *testing.T) {
	tempDir(t)
	for _, n := range []int{0, 1000, memory + 1} {
		want := content(n)
		b, err := Read(bytes.NewReader(want), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if err := iotest.TestReader(reader(b), want); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestReadFails(t *testing.T) {
	fault := errors.New("fault")
	for _, tc := range []struct {
		name  string
		r     io.Reader
		turns int // of 1: it is refused
		want  error
	}{
		{"at once", iotest.ErrReader(fault), 0, fault},
		{"after some", io.MultiReader(bytes.NewReader(content(100)), iotest.ErrReader(fault)), 0, fault},
		{"in memory, with data", &failing{content(memory), fault}, 0, fault},
		{"where memory ends, with data", &failing{content(memory + 1), fault}, 0, fault},
		{"in the file", io.MultiReader(bytes.NewReader(content(3*memory)), iotest.ErrReader(fault)), 0, fault},
		{"in the file, with data", io.MultiReader(bytes.NewReader(content(3*memory)), &failing{content(10), fault}), 0, fault},
		{"it breaks off", io.MultiReader(bytes.NewReader(content(3*memory)), iotest.ErrReader(io.ErrUnexpectedEOF)), 0, io.ErrUnexpectedEOF},
		{"there is no turn", bytes.NewReader(content(memory + 1)), 1, fault},
		{"no turn is needed", bytes.NewReader(content(memory)), 1, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := tempDir(t)
			b, err := Read(tc.r, func() error {
				if tc.turns > 0 {
					return fault
				}
				return nil
			})
			if err != tc.want || (b == nil) != (err != nil) {
				t.Errorf("Read: %v, %v, want %v", b, err, tc.want)
			}
			if list := names(t, dir); list != nil {
				t.Errorf("a file was left: %q", list)
			}
		})
	}
}

// failing is a reader that fails together with the last of its data, and never
// tells that again.
type failing struct {
	data []byte
	err  error
}

func (f *failing) Read(p []byte) (n int, err error) {
	n = copy(p, f.data)
	f.data = f.data[n:]
	if len(f.data) == 0 {
		err, f.err = f.err, io.EOF
	}
	return n, err
}

func TestNoFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	t.Setenv("TMP", t.TempDir()+`\missing`)
	_, err := Read(bytes.NewReader(content(memory+1)), nil)
	if !errors.Is(err, ErrFile) || !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "temporary file: ") {
		t.Errorf("Read: %v", err)
	}
	b, err := Read(bytes.NewReader(content(memory)), nil)
	if err != nil || b.Close() != nil {
		t.Errorf("Read, of what is small: %v", err)
	}
}

// TestCloseTwice: the second Close says so where there was a file, and nothing
// is removed twice.
func TestCloseTwice(t *testing.T) {
	tempDir(t)
	for _, n := range []int{1, memory + 1} {
		b, err := Read(bytes.NewReader(content(n)), nil)
		if err != nil {
			t.Fatal(err)
		}
		first, second := b.Close(), b.Close()
		if first != nil || (second != nil) != (n > memory) {
			t.Errorf("%d bytes: %v, %v", n, first, second)
		}
	}
}

// FuzzRead: what is read is what was there, however it comes.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\x01\x02"), uint(3))
	f.Add([]byte("\xff"), uint(memory+1))
	f.Fuzz(func(t *testing.T, sizes []byte, length uint) {
		want := content(int(length % (3 * memory)))
		b, err := Read(&pieces{want, sizes}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		got, err := io.ReadAll(reader(b))
		if err != nil || !bytes.Equal(got, want) || b.Len() != int64(len(want)) || (b.File() != nil) != (len(want) > memory) {
			t.Errorf("%d bytes of %d, Len %d, file %v, %v", len(got), len(want), b.Len(), b.File() != nil, err)
		}
	})
}

// pieces is a reader that gives pieces of certain sizes, zero among them, and
// then the rest.
type pieces struct {
	data  []byte
	sizes []byte
}

func (r *pieces) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	if len(r.sizes) > 0 {
		p = p[:min(int(r.sizes[0])*64, len(p))]
		r.sizes = r.sizes[1:]
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}

func BenchmarkRead(b *testing.B) {
	for _, bc := range []struct {
		name string
		len  int
	}{{"100B", 100}, {"64KiB", memory}, {"1MiB", 1 << 20}} {
		b.Run(bc.name, func(b *testing.B) {
			data := content(bc.len)
			b.SetBytes(int64(bc.len))
			b.ReportAllocs()
			for b.Loop() {
				body, err := Read(bytes.NewReader(data), nil)
				if err != nil {
					b.Fatal(err)
				}
				body.Close()
			}
		})
	}
}

// reader reads a body from its beginning, wherever it is.
func reader(b *Body) io.Reader {
	if b.File() != nil {
		return io.NewSectionReader(b.File(), 0, b.Len())
	}
	return bytes.NewReader(b.Memory())
}
