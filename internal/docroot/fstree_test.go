package docroot

import (
	"archive/zip"
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver/internal/dirlist"
)

//go:embed testdata
var embedded embed.FS

func zipFS(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: day})
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sub(t *testing.T, fsys fs.FS, dir string) fs.FS {
	t.Helper()
	fsys, err := fs.Sub(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// TestFSTree: any FS with the same files answers the same, whatever it can do
// beside opening them.
func TestFSTree(t *testing.T) {
	files := map[string]string{"outside/secret": "secret", "inside/a": "a", "inside/sub/b": "b", "inside/sub/deep/c": "c"}
	top := t.TempDir()
	mapped := fstest.MapFS{}
	for name, content := range files {
		write(t, filepath.Join(top, name), content)
		mapped[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644, ModTime: day}
	}
	if err := os.Chtimes(filepath.Join(top, "inside/sub/b"), day, day); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	zipped := zipFS(t, files)
	for _, tc := range []struct {
		name string
		fsys fs.FS
		dir  string
	}{
		{"fstest.MapFS", mapped, "inside"},
		{"fstest.MapFS, not clean", mapped, "./inside/"},
		{"zip", zipped, "inside"},
		{"os.DirFS", os.DirFS(top), "inside"},
		{"os.DirFS, whole", os.DirFS(filepath.Join(top, "inside")), ""},
		{"os.DirFS, a dot", os.DirFS(filepath.Join(top, "inside")), "."},
		{"os.Root.FS", root.FS(), "inside"},
		{"fs.Sub of fstest.MapFS", sub(t, mapped, "inside"), ""},
		{"fs.Sub of a zip", sub(t, zipped, "inside"), ""},
		{"fs.Sub of os.DirFS", sub(t, os.DirFS(top), "inside"), ""},
		{"nothing but Open", struct{ fs.FS }{mapped}, "inside"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tree := NewFS(tc.fsys, tc.dir)
			for _, tc := range []struct{ name, want string }{
				{"", "directory"},
				{"a", "a"},
				{"sub", "directory"},
				{"sub/deep/c", "c"},
				{"nothing", "no"},
				{"sub/nothing", "no"},
				{"a/b", "no"},
				{"..", "no"},
				{"../outside/secret", "no"},
				{"sub/../a", "no"}, // urlpath.Local leaves none of these
				{"/a", "no"},
				{"a/", "no"},
				{"sub//b", "no"},
				{".", "directory"},
				{"a\x00", "no"},
				{"\xff", "no"},
				{`sub\b`, "no"},
				{strings.Repeat("n", 5000), "no"},
			} {
				if got := read(tree, tc.name); got != tc.want {
					t.Errorf("Open(%.20q): %q, want %q", tc.name, got, tc.want)
				}
				info, err := tree.Stat(tc.name)
				if (tc.want == "no") != errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() != (tc.want == "directory") {
					t.Errorf("Stat(%.20q): %v, %v", tc.name, info, err)
				}
				if _, err := tree.ReadDir(tc.name, false); (err == nil) != (tc.want == "directory") {
					t.Errorf("ReadDir(%.20q): %v", tc.name, err)
				}
			}
			entries, err := tree.ReadDir("sub", true)
			if err != nil {
				t.Fatal(err)
			}
			for i := range entries {
				if entries[i].Dir {
					entries[i].Modified = time.Time{} // as the FS likes
				}
			}
			read := func(stat bool) ([]dirlist.Entry, error) {
				if stat {
					return entries, nil
				}
				return tree.ReadDir("sub", false)
			}
			checkEntries(t, "ReadDir", read, []dirlist.Entry{{Name: "b", Size: 1, Modified: day}, {Name: "deep", Dir: true}})
		})
	}
}

func TestFSTreeEmbedded(t *testing.T) {
	tree := NewFS(embedded, "testdata/fuzz")
	if got := read(tree, "FuzzOpen/up"); !strings.Contains(got, "secret") {
		t.Errorf("%q", got)
	}
	f, info, err := tree.Open("FuzzOpen/up")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inode, changed := Identity(info)
	if !info.ModTime().IsZero() || inode != 0 || !changed.IsZero() {
		t.Errorf("%v, %v, %v", info, inode, changed)
	}
	entries, err := tree.ReadDir("FuzzOpen", true)
	if err != nil || len(entries) == 0 || entries[0].Size == 0 || !entries[0].Modified.IsZero() {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestFSTreeNowhere: a directory that no FS can have holds nothing.
func TestFSTreeNowhere(t *testing.T) {
	for _, dir := range []string{"..", "/", "/a", "a/../../b", "nothing", "a\x00", "\xff", "a"} {
		tree := NewFS(fstest.MapFS{"a": {}}, dir)
		if got := read(tree, "a"); got != "no" {
			t.Errorf("NewFS(%q): %q", dir, got)
		}
	}
}

// TestFSTreeLinks: where they lead is up to the FS, and that of fs.Sub keeps to
// what is below it.
func TestFSTreeLinks(t *testing.T) {
	dir := tree(t)
	for _, tc := range []struct {
		name string
		fsys fs.FS
		want map[string]string
	}{
		{"os.DirFS", os.DirFS(dir), map[string]string{
			"link-a": "a", "sub/up": "a", "chain": "a", "abs-a": "a", "out": "secret", "loop": "no", "broken": "no", "self/self/a": "a",
		}},
		{"fs.Sub", sub(t, os.DirFS(filepath.Dir(dir)), "inside"), map[string]string{
			"link-a": "a", "sub/up": "a", "chain": "no", "abs-a": "no", "out": "no", "loop": "no", "broken": "no", "self/self/a": "a", "self/self/sub/up": "a",
		}},
		{"fstest.MapFS", fstest.MapFS{
			"a": {Data: []byte("a")}, "sub/up": {Data: []byte("../a"), Mode: fs.ModeSymlink}, "out": {Data: []byte("../a"), Mode: fs.ModeSymlink},
		}, map[string]string{"sub/up": "a", "out": "no"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tree := NewFS(tc.fsys, "")
			for name, want := range tc.want {
				if got := read(tree, name); got != want {
					t.Errorf("Open(%q): %q, want %q", name, got, want)
				}
				if _, err := tree.Stat(name); (err == nil) != (want != "no") {
					t.Errorf("Stat(%q): %v", name, err)
				}
			}
			entries, err := tree.ReadDir("", true)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				want, ok := tc.want[e.Name]
				if ok && e.Link && (e.Dir || e.Size != int64(len(strings.TrimPrefix(want, "no")))) {
					t.Errorf("ReadDir: %v, which is %q", e, want)
				}
			}
		})
	}
}
