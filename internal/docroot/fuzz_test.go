package docroot

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzOpen: no name reaches the outside, whatever is asked for by it, and all
// who serve a directory of the disk agree on what it holds.
func FuzzOpen(f *testing.F) {
	dir := tree(f)
	for _, name := range []string{
		"a", "../outside/secret", "sub/../../outside/secret", "out", "abs-out-dir/secret", "abs-self/../outside/secret", "/",
		"a/.", "a/..", "sub/up/..", "abs-sub/deep/far", "by-out", "not-a-dir", "slash/", "self/self/top",
	} {
		f.Add(name)
	}
	own, portable := New(dir, false), New(dir, false)
	portable.portable = true
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { own.Close(); portable.Close(); root.Close() })
	memory := NewFS(fstest.MapFS{"outside/secret": {Data: []byte("secret")}, "inside/a": {}, "inside/sub/b": {}}, "inside")
	inside := map[string]fs.FileInfo{}
	filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside[name], err = e.Info()
		return err
	})
	holds := func(info fs.FileInfo) bool {
		for _, other := range inside {
			if placeIn(info).is(placeIn(other)) {
				return true
			}
		}
		return false
	}
	f.Fuzz(func(t *testing.T, name string) {
		trees := map[string]Tree{"openat2": own, "os.Root": portable, "os.Root.FS": NewFS(root.FS(), "")}
		for way, tree := range trees {
			if file, info, err := tree.Open(name); err == nil {
				file.Close()
				if !holds(info) {
					t.Errorf("%s: Open(%q) gave what is not inside", way, name)
				}
			}
			if info, err := tree.Stat(name); err == nil && !holds(info) {
				t.Errorf("%s: Stat(%q) gave what is not inside", way, name)
			}
			entries, _ := tree.ReadDir(name, true)
			for _, e := range entries {
				if strings.Contains(e.Name, "secret") || e.Name == "inside-too" || e.Link && e.Size > 1 {
					t.Errorf("%s: ReadDir(%q) gave %v", way, name, e)
				}
			}
		}
		if got := read(memory, name); strings.Contains(got, "secret") {
			t.Errorf("an FS: Open(%q) gave %q", name, got)
		}
		if one, other := read(own, name), read(portable, name); one != other && len(name) < 4000 { // os.Root has no such bound
			t.Errorf("Open(%q): openat2 %q, os.Root %q", name, one, other)
		}
	})
}
