package docroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// tree makes a directory with an inside and an outside, and gives the inside.
func tree(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "inside")
	for name, content := range map[string]string{
		"outside/secret": "secret", "inside/a": "a", "inside/sub/b": "b", "inside/sub/deep/c": "c", "inside-too/x": "secret",
	} {
		name = filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"link-a": "a", "sub/up": "../a", "abs-a": filepath.Join(dir, "a"), "abs-sub": filepath.Join(dir, "sub"), "chain": "abs-sub/up",
		"out": "../outside/secret", "abs-out": filepath.Join(top, "outside/secret"), "out-dir": "../outside", "abs-out-dir": filepath.Join(top, "outside"),
		"sibling": filepath.Join(top, "inside-too"), "loop": "loop", "loop1": "loop2", "loop2": "loop1", "broken": "nothing", "abs-self": dir,
		"sub/around": "../../inside/a", "abs-loop": filepath.Join(dir, "abs-loop"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("this system has no symbolic links: ", err)
		}
	}
	return dir
}

func read(r *Root, name string) string {
	f, info, err := r.Open(name)
	if err != nil {
		return "error"
	}
	defer f.Close()
	if info.IsDir() {
		return "directory"
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestOpen(t *testing.T) {
	dir := tree(t)
	for _, tc := range []struct{ name, want, following string }{
		{"", "directory", "directory"},
		{"a", "a", "a"},
		{"sub", "directory", "directory"},
		{"sub/b", "b", "b"},
		{"nothing", "error", "error"},
		{"a/b", "error", "error"},
		{"a\x00", "error", "error"},
		{"link-a", "a", "a"},
		{"sub/up", "a", "a"},
		{"abs-a", "a", "a"},
		{"abs-sub", "directory", "directory"},
		{"abs-sub/b", "b", "b"},
		{"abs-sub/deep/c", "c", "c"},
		{"abs-self/abs-self/a", "a", "a"},
		{"chain", "a", "a"},
		{"broken", "error", "error"},
		{"loop", "error", "error"},
		{"loop1", "error", "error"},
		{"abs-loop", "error", "error"},
		{"out", "error", "secret"},
		{"abs-out", "error", "secret"},
		{"out-dir", "error", "directory"},
		{"out-dir/secret", "error", "secret"},
		{"abs-out-dir/secret", "error", "secret"},
		{"sibling/x", "error", "secret"},
		{"../outside/secret", "error", "secret"},
		{"sub/../../outside/secret", "error", "secret"},
		{"sub/around", "error", "a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := New(dir, false)
			defer r.Close()
			if got := read(r, tc.name); got != tc.want {
				t.Errorf("Open(%q): %q, want %q", tc.name, got, tc.want)
			}
			_, err := r.Stat(tc.name)
			if (err != nil) != (tc.want == "error") {
				t.Errorf("Stat(%q): %v", tc.name, err)
			}
			following := New(dir, true)
			defer following.Close()
			if got := read(following, tc.name); got != tc.following {
				t.Errorf("following links, Open(%q): %q, want %q", tc.name, got, tc.following)
			}
		})
	}
}

// TestRelativeRoot: the directory may be named from the working directory, or
// through a link.
func TestRelativeRoot(t *testing.T) {
	dir := tree(t)
	t.Chdir(filepath.Dir(dir))
	if err := os.Symlink("inside", "alias"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"inside", "./inside/", "alias", filepath.Join(filepath.Dir(dir), "alias")} {
		r := New(name, false)
		defer r.Close()
		for file, want := range map[string]string{"a": "a", "abs-a": "a", "abs-out": "error", "": "directory"} {
			if got := read(r, file); got != want {
				t.Errorf("%s: Open(%q): %q, want %q", name, file, got, want)
			}
		}
	}
}

// TestReplaced: a directory that was removed and made anew is served anew.
func TestReplaced(t *testing.T) {
	dir := tree(t)
	r := New(dir, false)
	defer r.Close()
	for range 3 {
		if got := read(r, "a"); got != "a" {
			t.Fatalf("%q", got)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if got := read(r, "a"); got != "error" {
			t.Errorf("removed: %q", got)
		}
		os.Mkdir(dir, 0o755)
		os.WriteFile(filepath.Join(dir, "a"), []byte("new"), 0o644)
		if got := read(r, "a"); got != "new" {
			t.Errorf("made anew: %q", got)
		}
		os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o644)
		r.Close() // it is of use afterwards
	}
}

// TestSwapped: a directory that keeps being replaced by a link to the outside
// never gives what is there.
func TestSwapped(t *testing.T) {
	dir := tree(t)
	target := filepath.Join(dir, "swapped")
	os.Mkdir(target, 0o755)
	os.WriteFile(filepath.Join(target, "secret"), []byte("public"), 0o644)
	stop := make(chan struct{})
	var swapper, readers sync.WaitGroup
	swapper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			os.Rename(target, target+"-kept")
			os.Symlink(filepath.Join(filepath.Dir(dir), "outside"), target)
			os.Remove(target)
			os.Rename(target+"-kept", target)
		}
	})
	r := New(dir, false)
	defer r.Close()
	for range 4 {
		readers.Go(func() {
			for range 2000 {
				if got := read(r, "swapped/secret"); got != "public" && got != "error" {
					t.Errorf("got %q", got)
					return
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	swapper.Wait()
}

func TestSpecialFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no FIFOs among its files")
	}
	dir := t.TempDir()
	if err := makeFIFO(filepath.Join(dir, "fifo")); err != nil {
		t.Fatal(err)
	}
	os.Symlink(os.DevNull, filepath.Join(dir, "null"))
	r := New(dir, false)
	defer r.Close()
	// Opening a FIFO would let a writer go that waits for a reader.
	before := openFDs(t)
	for _, open := range []func() (fs.File, fs.FileInfo, error){
		func() (fs.File, fs.FileInfo, error) { return r.Open("fifo") },
		func() (fs.File, fs.FileInfo, error) { return Open(filepath.Join(dir, "fifo")) },
	} {
		if _, _, err := open(); !errors.Is(err, ErrNotServed) {
			t.Errorf("a FIFO: %v", err)
		}
	}
	if after := openFDs(t); after > before+1 { // the directory
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if got := read(r, "null"); got != "error" {
		t.Errorf("a device: %q", got)
	}
	if _, _, err := Open(os.DevNull); !errors.Is(err, ErrNotServed) {
		t.Errorf("a device: %v", err)
	}
}

func openFDs(t *testing.T) int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log("this system does not tell which descriptors are open")
	}
	return len(fds)
}

// FuzzOpen: no name reaches the outside.
func FuzzOpen(f *testing.F) {
	dir := tree(f)
	for _, name := range []string{"a", "../outside/secret", "sub/../../outside/secret", "out", "abs-out-dir/secret", "abs-self/../outside/secret", "/"} {
		f.Add(name)
	}
	r := New(dir, false)
	f.Cleanup(r.Close)
	f.Fuzz(func(t *testing.T, name string) {
		if got := read(r, name); strings.Contains(got, "secret") {
			t.Errorf("Open(%q) gave %q", name, got)
		}
		file, info, err := r.Open(name)
		if err != nil {
			return
		}
		defer file.Close()
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		filepath.WalkDir(real, func(_ string, e fs.DirEntry, _ error) error {
			if other, err := e.Info(); err == nil && os.SameFile(info, other) {
				found = true
				return fs.SkipAll
			}
			return nil
		})
		if !found {
			t.Errorf("Open(%q) gave what is not inside", name)
		}
	})
}

func TestRoots(t *testing.T) {
	dir := tree(t)
	var roots Roots
	root := roots.Get(Key{dir, false})
	if roots.Get(Key{dir, false}) != root || roots.Get(Key{dir, true}) == root {
		t.Error("a Root is not kept by its key")
	}
	for i := range 3 * maxRoots {
		roots.Get(Key{filepath.Join(dir, fmt.Sprint(i)), false})
		if len(roots.roots) > maxRoots {
			t.Fatalf("%d are kept", len(roots.roots))
		}
	}
	if got := read(root, "a"); got != "a" { // though it was let go of
		t.Errorf("%q", got)
	}
	root.Close()
	roots.Close()
}
