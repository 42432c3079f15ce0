package docroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPathsHide(t *testing.T) {
	for _, tc := range []struct {
		name string // "" is the directory itself
		want bool
	}{
		{"", false},
		{".", true}, // none that a request comes to
		{"a", false},
		{"a/b", false},
		{".a", true},
		{"..a", true},
		{"a/.b", true},
		{".a/b", true},
		{"a.", false},
		{".well-known", false},
		{".well-known/a", false},
		{".well-known/.a", true},
		{".well-known-not", true},
		{"a/.well-known/b", true},
	} {
		if got := hides(tc.name); got != tc.want {
			t.Errorf("%q: %v", tc.name, got)
		}
	}
}

// TestPathsBelow: which names paths have below the directory.
func TestPathsBelow(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, tc := range []struct {
		fsys      fs.FS
		dir, path string
		want      string // "no": it is not below
	}{
		{nil, "/x", "/x/a", "a"},
		{nil, "/x", "/x", ""},
		{nil, "/x/", "/x/a/", "a"},
		{nil, "/x", "/xy", "no"},
		{nil, "/", "/a", "a"},
		{nil, "x", "x/../y", "../y"}, // which no Root opens
		{fsys, ".", "a", "a"},
		{fsys, ".", ".", ""},
		{fsys, ".", "./", ""},
		{fsys, ".top", ".top/a", "a"},
		{fsys, ".top", ".topmost/a", "no"},
		{fsys, "a/b", "a/b", ""},
		{fsys, "a/b", "a/c", "no"},
		{fsys, "a", "a/../b", "../b"},
	} {
		got, inside := Paths{FS: tc.fsys, Directory: tc.dir}.below(tc.path)
		if !inside {
			got = "no"
		}
		if got != tc.want {
			t.Errorf("%q in %q: %q, want %q", tc.path, tc.dir, got, tc.want)
		}
	}
}

// TestPathsLocate: what lies below the directory is a matter of its Root, however
// its path is spelled; all else is the program's word.
func TestPathsLocate(t *testing.T) {
	dir := tree(t)
	root := New(dir, false)
	defer root.Close()
	for _, tc := range []struct {
		directory, path, want string // what is read
	}{
		{dir, dir + "/a", "a"},
		{dir, dir + "//a", "a"},
		{dir, dir + "/sub/b", "b"},
		{dir, dir, "directory"},
		{dir, dir + "/", "directory"},
		{dir + "/", dir + "/a", "a"},
		{dir + "///", dir + "/a", "a"},
		{dir, dir + "/abs-out", "no"},
		{dir, dir + "/../outside/secret", "no"},
		{dir, dir + "-too/x", "secret"},
		{dir, filepath.Dir(dir) + "/outside/secret", "secret"},
	} {
		p := Paths{Directory: tc.directory, Root: root}
		if got := outcome(p.Open(tc.path)); got != tc.want {
			t.Errorf("%s in %s: %q, want %q", tc.path, tc.directory, got, tc.want)
		}
		if _, err := p.Stat(tc.path); (err != nil) != (tc.want == "no") {
			t.Errorf("Stat(%s): %v", tc.path, err)
		}
		if entries, err := p.ReadDir(tc.path, true, nil); (err == nil) != (tc.want == "directory") {
			t.Errorf("ReadDir(%s): %d entries, %v", tc.path, len(entries), err)
		}
	}
}

// TestReadDirMore: who asks to be asked is, before a directory is read on, and can end
// that by whatever way it is found.
func TestReadDirMore(t *testing.T) {
	dir := tree(t)
	for i := range 5000 {
		write(t, filepath.Join(dir, "many", fmt.Sprintf("file-%04d", i)), "")
	}
	refusal := errors.New("no more")
	for _, tc := range []struct {
		name string
		p    Paths
		path string
	}{
		{"below a directory", Paths{Directory: dir, Root: New(dir, false)}, dir + "/many"},
		{"below a directory, following links", Paths{Directory: dir, Root: New(dir, true)}, dir + "/many"},
		{"a path", Paths{Directory: dir + "/sub", Root: New(dir+"/sub", false)}, dir + "/many"},
		{"an FS", Paths{Directory: ".", FS: os.DirFS(dir)}, "many"},
	} {
		asked := 0
		entries, err := tc.p.ReadDir(tc.path, false, func(names int) error { asked = max(asked, names); return nil })
		if len(entries) != 5000 || err != nil || asked < 5000 {
			t.Errorf("%s: %d entries, %v, asked for %d", tc.name, len(entries), err, asked)
		}
		times := 0
		entries, err = tc.p.ReadDir(tc.path, false, func(names int) error {
			if names < 1000 {
				return nil
			}
			times++
			return refusal
		})
		if len(entries) > 0 || !errors.Is(err, refusal) || times != 1 {
			t.Errorf("%s: %d entries, %v, refused %d times", tc.name, len(entries), err, times)
		}
		if tc.p.Root != nil {
			tc.p.Root.Close()
		}
	}
}

func TestPathsJoin(t *testing.T) {
	onDisk := Paths{Directory: "x"}
	inFS := Paths{Directory: ".", FS: fstest.MapFS{}}
	slash := string(filepath.Separator)
	for _, tc := range []struct{ got, want string }{
		{onDisk.Join("./x//", "a/b"), "./x/a/b"},
		{onDisk.Join("/", "a"), "/a"},
		{inFS.Join(".", "a"), "a"},
		{inFS.Join("x", "a/b"), "x/a/b"},
		{inFS.Join("x/", "a"), "x/a"},
		{inFS.Join("x", "../y"), "x/../y"},
	} {
		if got := strings.ReplaceAll(tc.got, slash, "/"); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// TestWithin: a directory is known by whatever name it is reached.
func TestWithin(t *testing.T) {
	top := t.TempDir()
	at := func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
	for _, dir := range []string{"cgi-bin/sub", "other", "empty", "outside"} {
		if err := os.MkdirAll(at(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"cgi-bin/a", "cgi-bin/sub/b", "other/c", "cgi-bin2"} {
		if err := os.WriteFile(at(file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"alias": "cgi-bin", "other/script": "../cgi-bin/a", "other/twice": "script",
		"absolute": at("cgi-bin/sub/b"), "harmless": "other/c", "back": ".", "loop": "loop", "htbin": "empty",
		"cgi-bin/out": "../other/c",
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Skipf("no symbolic links: %v", err)
		}
	}
	for _, tc := range []struct {
		path string
		dirs string
		want bool
	}{
		{"cgi-bin/a", "cgi-bin", true},
		{"cgi-bin/sub/b", "cgi-bin", true},
		{"cgi-bin", "cgi-bin", true},
		{"other/../cgi-bin/a", "cgi-bin", true},
		{"alias", "cgi-bin", true},
		{"alias/a", "cgi-bin", true},
		{"other/script", "cgi-bin", true},
		{"other/twice", "cgi-bin", true},
		{"absolute", "cgi-bin", true},
		{"back/back/cgi-bin/a", "cgi-bin", true},
		{"cgi-bin/a", "back/alias", true},
		{"empty", "cgi-bin htbin", true},
		{"cgi-bin2", "cgi-bin", false},
		{"other/c", "cgi-bin", false},
		{"harmless", "cgi-bin", false},
		{"cgi-bin/out", "cgi-bin", false}, // it lies elsewhere, and has a name for all there
		{"", "cgi-bin", false},
		{"cgi-bin/a", "", false},
		{"cgi-bin/a", "missing", false},
		{"cgi-bin/a", "missing cgi-bin", true},
		{"cgi-bin/a", "cgi-bin/a/deeper", false}, // that is no directory
		{"cgi-bin/missing", "cgi-bin", true},     // nobody can tell
		{"loop", "cgi-bin", true},
		{"other/c", "loop", false}, // nothing lies there
	} {
		var dirs []string
		for _, dir := range strings.Fields(tc.dirs) {
			dirs = append(dirs, at(dir))
		}
		if got := Within(at(tc.path), dirs); got != tc.want {
			t.Errorf("%q in %q: %v", tc.path, tc.dirs, got)
		}
	}
	if !Within(at("other/c"), []string{filepath.VolumeName(top) + string(filepath.Separator)}) {
		t.Error("a file is not within the root of all")
	}
	t.Chdir(top)
	if !Within("cgi-bin/a", []string{"cgi-bin"}) || Within("other/c", []string{"cgi-bin"}) {
		t.Error("paths that begin where the process is")
	}
}

func BenchmarkWithin(b *testing.B) {
	top := b.TempDir()
	write(b, filepath.Join(top, "site/cgi-bin/script"), "")
	write(b, filepath.Join(top, "site/static/file"), "")
	b.ReportAllocs()
	for b.Loop() {
		if Within(filepath.Join(top, "site/static/file"), []string{filepath.Join(top, "site/cgi-bin"), filepath.Join(top, "site/htbin")}) {
			b.Fatal("it is not")
		}
	}
}
