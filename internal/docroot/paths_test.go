package docroot

import (
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
		if got := (Paths{Hide: true}).hides(tc.name); got != tc.want {
			t.Errorf("%q: %v", tc.name, got)
		}
		if (Paths{}).hides(tc.name) {
			t.Errorf("%q is hidden without Hide", tc.name)
		}
	}
	fsys := fstest.MapFS{}
	for _, tc := range []struct {
		dir, name string
		want      bool
	}{
		{".", "a", false},
		{".", ".a", true},
		{".top", ".top", false},
		{".top", ".top/a", false},
		{".top", ".top/.a", true},
		{".top", ".top/.well-known/a", false},
		{".top", ".topmost/a", true},
		{"a/.b", "a/.b/c", false},
		{"a/.b", "a/.c", true},
	} {
		if got := (Paths{FS: fsys, Directory: tc.dir, Hide: true}).hides(tc.name); got != tc.want {
			t.Errorf("%q in %q: %v", tc.name, tc.dir, got)
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
		if entries, err := p.ReadDir(tc.path, true); (err == nil) != (tc.want == "directory") {
			t.Errorf("ReadDir(%s): %d entries, %v", tc.path, len(entries), err)
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
	} {
		if got := strings.ReplaceAll(tc.got, slash, "/"); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}
