package docroot

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

// A counted FS counts what is opened.
type counted struct {
	fstest.MapFS
	opened *atomic.Int64
}

func (c *counted) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.MapFS.Open(name)
}

// incomparable cannot be told from another of its type.
type incomparable struct {
	fs.FS
	_ []int
}

func TestHashes(t *testing.T) {
	files := fstest.MapFS{"a": {Data: []byte("aa")}, "b": {Data: []byte("bb")}, "c": {Data: []byte("aa")}}
	others := fstest.MapFS{"a": {Data: []byte("xx")}}
	var h Hashes
	a := h.Tag(files, "a", 2)
	for _, tc := range []struct {
		name string
		tag  string
		same bool
	}{
		{"again", h.Tag(files, "a", 2), true},
		{"another file with the same content", h.Tag(files, "c", 2), true},
		{"another content", h.Tag(files, "b", 2), false},
		{"another FS", h.Tag(others, "a", 2), false},
	} {
		if tc.tag == "" || (tc.tag == a) != tc.same {
			t.Errorf("%s: %s beside %s", tc.name, tc.tag, a)
		}
	}
	for _, tc := range []struct {
		name string
		tag  string
	}{
		{"missing", h.Tag(files, "nothing", 2)},
		{"not the size it was said to have", h.Tag(files, "a", 3)},
		{"too large", h.Tag(files, "b", maxHashed+1)},
		{"an FS that nobody knows again", h.Tag(incomparable{FS: files}, "a", 2)},
		{"no FS", h.Tag(nil, "a", 2)},
	} {
		if tc.tag != "" {
			t.Errorf("%s: %s", tc.name, tc.tag)
		}
	}
}

// TestHashedOnce: those who ask at once wait for one reading.
func TestHashedOnce(t *testing.T) {
	fsys := &counted{fstest.MapFS{"a": {Data: []byte("aa")}}, new(atomic.Int64)}
	var h Hashes
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			if h.Tag(fsys, "a", 2) == "" {
				t.Error("no tag")
			}
		})
	}
	asking.Wait()
	if n := fsys.opened.Load(); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

// A flaky FS opens its files from the second time on.
type flaky struct {
	fstest.MapFS
	opened int
}

func (f *flaky) Open(name string) (fs.File, error) {
	if f.opened++; f.opened == 1 {
		return nil, errors.New("not now")
	}
	return f.MapFS.Open(name)
}

// TestHashedAgain: what could not be read once is read the next time.
func TestHashedAgain(t *testing.T) {
	fsys := &flaky{MapFS: fstest.MapFS{"a": {Data: []byte("aa")}}}
	var h Hashes
	first, second, third := h.Tag(fsys, "a", 2), h.Tag(fsys, "a", 2), h.Tag(fsys, "a", 2)
	if first != "" || second == "" || third != second || fsys.opened != 2 {
		t.Errorf("%q, %q, %q; opened %d times", first, second, third, fsys.opened)
	}
}

func TestHashesBound(t *testing.T) {
	var h Hashes
	none := errorFS{}
	for i := range 3 * maxHashes {
		h.Tag(none, fmt.Sprint(i), 1)
		if len(h.made) > maxHashes {
			t.Fatalf("%d are kept", len(h.made))
		}
	}
}

type errorFS struct{}

func (errorFS) Open(string) (fs.File, error) { return nil, errors.New("no") }
