package docroot

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/httpserver/internal/dirlist"
)

// tree makes a directory with an inside and an outside, and gives the inside.
func tree(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "inside")
	for name, content := range map[string]string{
		"outside/secret": "secret", "inside/a": "a", "inside/sub/b": "b", "inside/sub/deep/c": "c", "inside-too/x": "secret",
	} {
		write(t, filepath.Join(top, name), content)
	}
	for name, target := range map[string]string{
		"link-a": "a", "sub/up": "../a", "abs-a": filepath.Join(dir, "a"), "abs-sub": filepath.Join(dir, "sub"), "chain": "abs-sub/up",
		"out": "../outside/secret", "abs-out": filepath.Join(top, "outside/secret"), "out-dir": "../outside", "abs-out-dir": filepath.Join(top, "outside"),
		"sibling": filepath.Join(top, "inside-too"), "loop": "loop", "loop1": "loop2", "loop2": "loop1", "broken": "nothing", "abs-self": dir,
		"sub/around": "../../inside/a", "abs-loop": filepath.Join(dir, "abs-loop"), "self": ".", "abs-chain": filepath.Join(dir, "self/chain"),
		"by-out": "out-dir/../inside/a", "top": "/", "sub/deep/far": "../../abs-sub/deep/../../link-a", "slash": "sub/", "not-a-dir": "a/",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("this system has no symbolic links: ", err)
		}
	}
	return dir
}

// day is when what was not made just now was changed.
var day = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)

func write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}

// eachWay runs a test with the system's own way to keep below a directory, and
// with the portable one. root makes a Root.
func eachWay(t *testing.T, test func(t *testing.T, root func(dir string) *Root)) {
	for _, portable := range []bool{false, true} {
		t.Run(wayName(portable), func(t *testing.T) {
			if !portable && !hasBeneath() {
				t.Skip("this system has no way of its own")
			}
			test(t, func(dir string) *Root {
				r := New(dir, false)
				r.portable = portable
				t.Cleanup(r.Close)
				return r
			})
		})
	}
}

func wayName(portable bool) string {
	if portable {
		return "os.Root"
	}
	return "openat2"
}

// read gives what a name stands for: content, "directory", or an error in a word.
func read(t Tree, name string) string { return outcome(t.Open(name)) }

// outcome reads what was opened, and says in a word what is no file.
func outcome(f fs.File, info fs.FileInfo, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no"
	case errors.Is(err, fs.ErrPermission):
		return "forbidden"
	case errors.Is(err, ErrNotServed):
		return "special"
	case err != nil:
		return err.Error()
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
	long := strings.Repeat("n", 256)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		r, following := root(dir), New(dir, true)
		for _, tc := range []struct{ name, want, following string }{
			{"", "directory", "directory"},
			{"a", "a", "a"},
			{"sub", "directory", "directory"},
			{"sub/b", "b", "b"},
			{"nothing", "no", "no"},
			{"nothing/a", "no", "no"},
			{"a/b", "no", "no"},
			{"a\x00", "no", "no"},
			{"\x00", "no", "no"},
			{"sub/b\x00/../a", "no", "no"},
			{long, "no", "no"},
			{"sub/" + long + "/b", "no", "no"},
			{strings.Repeat("sub/", 2000), "no", "no"},
			{strings.Repeat("self/", 2000) + "a", "no", "no"},
			{strings.Repeat("n/", 40000), "no", "no"},
			{"link-a", "a", "a"},
			{"sub/up", "a", "a"},
			{"self/self/self/a", "a", "a"},
			{"slash/b", "b", "b"},
			{"not-a-dir", "no", "no"},
			{"abs-a", "a", "a"},
			{"abs-sub", "directory", "directory"},
			{"abs-sub/b", "b", "b"},
			{"abs-sub/deep/c", "c", "c"},
			{"abs-sub/deep/far", "a", "a"},
			{"abs-self", "directory", "directory"},
			{"abs-self/abs-self/a", "a", "a"},
			{"chain", "a", "a"},
			{"abs-chain", "a", "a"},
			{"broken", "no", "no"},
			{"loop", "no", "no"},
			{"loop1", "no", "no"},
			{"abs-loop", "no", "no"},
			{strings.Repeat("self/", 39) + "a", "a", "a"},
			{strings.Repeat("self/", 41) + "a", "no", "no"},
			{strings.Repeat("abs-self/", 39) + "a", "a", "a"},
			{strings.Repeat("abs-self/", 41) + "a", "no", "no"},
			{"out", "no", "secret"},
			{"abs-out", "no", "secret"},
			{"out-dir", "no", "directory"},
			{"out-dir/secret", "no", "secret"},
			{"out-dir/nothing", "no", "no"},
			{"abs-out-dir/secret", "no", "secret"},
			{"sibling/x", "no", "secret"},
			{"by-out", "no", "a"},
			{"top", "no", "directory"},
			{"..", "no", "directory"},
			{"../inside/a", "no", "a"},
			{"../outside/secret", "no", "secret"},
			{"sub/../../outside/secret", "no", "secret"},
			{"sub/..", "directory", "directory"},
			{"sub/../a", "a", "a"},
			{"sub/around", "no", "a"},
		} {
			name := tc.name[:min(len(tc.name), 30)]
			if got := read(r, tc.name); got != tc.want {
				t.Errorf("Open(%q): %q, want %q", name, got, tc.want)
			}
			_, err := r.Stat(tc.name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) || (err != nil) != (tc.want == "no") {
				t.Errorf("Stat(%q): %v", name, err)
			}
			_, err = r.ReadDir(tc.name, true)
			if err != nil && !errors.Is(err, fs.ErrNotExist) || (err == nil) != (tc.want == "directory") {
				t.Errorf("ReadDir(%q): %v", name, err)
			}
			if runtime.GOOS != "linux" && strings.Contains(tc.name, "self/self") {
				continue // how many links may be followed is up to the system
			}
			if got := read(following, tc.name); got != tc.following {
				t.Errorf("following links, Open(%q): %q, want %q", name, got, tc.following)
			}
			_, err = following.Stat(tc.name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) || (err != nil) != (tc.following == "no") {
				t.Errorf("following links, Stat(%q): %v", name, err)
			}
		}
	})
}

// TestOpenGivesFiles: the content of a file can be left to the system.
func TestOpenGivesFiles(t *testing.T) {
	dir := tree(t)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		for _, r := range []*Root{root(dir), New(dir, true)} {
			f, info, err := r.Open("sub/b")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			file, ok := f.(interface{ Name() string })
			_, isFile := f.(*os.File)
			if !ok || !isFile && !isBare(f) || file.Name() != filepath.Join(dir, "sub/b") || info.Name() != "b" {
				t.Errorf("a %T of %v", f, info)
			}
			stat, err := r.Stat("sub/b")
			if err != nil || !placeIn(stat).is(placeIn(info)) || stat.Name() != "b" {
				t.Errorf("Stat: %v, %v", stat, err)
			}
		}
	})
}

// TestNamesAreBytes: of whatever encoding, where the system lets them.
func TestNamesAreBytes(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for _, name := range []string{"\xff\xfe", "\u00e4", "a\u0308", "new\nline", " ", `back\slash`, "-", "~", "*?", "...", strings.Repeat("n", 255)} {
		if runtime.GOOS == "windows" && !utf8.ValidString(name) {
			continue // the system makes it valid
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Logf("no %q here: %v", name, err)
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		r := root(dir)
		for _, name := range names {
			if got := read(r, name); got != name {
				t.Errorf("Open(%q): %q", name, got)
			}
		}
		entries, err := r.ReadDir("", true)
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, e := range entries {
			listed = append(listed, e.Name)
			if e.Size != int64(len(e.Name)) {
				t.Errorf("%q: %d bytes", e.Name, e.Size)
			}
		}
		slices.Sort(listed)
		if !slices.Equal(listed, names) {
			t.Errorf("ReadDir: %q, want %q", listed, names)
		}
	})
}

// TestNoLinks: what a system without links has to keep, too. Windows has many ways to
// spell a path; none leads out, or to a device.
func TestNoLinks(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "inside")
	for _, name := range []string{"outside/secret", "inside-too/secret", "secret"} {
		write(t, filepath.Join(top, name), "secret")
	}
	write(t, filepath.Join(dir, "a"), "a")
	write(t, filepath.Join(dir, "sub/b"), "b")
	slashed := filepath.ToSlash(top)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		r := root(dir)
		for _, tc := range []struct{ name, want string }{
			{"", "directory"},
			{"a", "a"},
			{"sub", "directory"},
			{"sub/b", "b"},
			{"sub/../a", "a"},
			{"nothing", "no"},
			{"a/b", "no"},
			{"a\x00", "no"},
			{strings.Repeat("n", 300), "no"},
			{"..", "no"},
			{"../secret", "no"},
			{"sub/../../outside/secret", "no"},
			{`..\secret`, "no"},
			{`sub\..\..\secret`, "no"},
			{`..\inside-too\secret`, "no"},
			{slashed + "/secret", "no"},
			{"/" + slashed + "/secret", "no"},
			{"//?/" + slashed + "/secret", "no"},
			{`\\?\` + filepath.FromSlash(slashed) + `\secret`, "no"},
			{`\\.\nul`, "no"},
			{`\??\` + filepath.FromSlash(slashed) + `\secret`, "no"},
			{"nul", "no"},
			{"sub/nul", "no"},
			{"CON", "no"},
			{"nul.txt", "no"},
			{".. /secret", "no"},
			{"... /secret", "no"},
		} {
			if got := read(r, tc.name); got != tc.want {
				t.Errorf("Open(%.40q): %q, want %q", tc.name, got, tc.want)
			}
			if info, err := r.Stat(tc.name); (err == nil) != (tc.want != "no") {
				t.Errorf("Stat(%.40q): %v, %v", tc.name, info, err)
			}
		}
		entries, err := r.ReadDir("", true)
		if err != nil || len(entries) != 2 {
			t.Errorf("ReadDir: %v, %v", entries, err)
		}
	})
}

// TestRelativeRoot: the directory may be named from the working directory, or
// through a link.
func TestRelativeRoot(t *testing.T) {
	dir := tree(t)
	t.Chdir(filepath.Dir(dir))
	if err := os.Symlink("inside", "alias"); err != nil {
		t.Fatal(err)
	}
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		for _, name := range []string{"inside", "./inside/", "alias", "alias/", "alias/sub/..", filepath.Join(filepath.Dir(dir), "alias")} {
			r := root(name)
			for file, want := range map[string]string{"a": "a", "abs-a": "a", "abs-out": "no", "": "directory"} {
				if got := read(r, file); got != want {
					t.Errorf("%s: Open(%q): %q, want %q", name, file, got, want)
				}
			}
		}
	})
}

// TestNoDirectory: what is to be served is not there, or no directory.
func TestNoDirectory(t *testing.T) {
	dir := tree(t)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		for _, name := range []string{"nothing", "broken", "loop", "a", "a/b", strings.Repeat("n", 300)} {
			if got := read(root(filepath.Join(dir, name)), ""); got != "no" {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// TestReplaced: a directory that was removed and made anew is served anew.
func TestReplaced(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		r := root(dir)
		for range 3 {
			if got := read(r, "a"); got != "a" {
				t.Fatalf("%q", got)
			}
			remove(t, dir)
			if got := read(r, "a"); got != "no" {
				t.Errorf("removed: %q", got)
			}
			write(t, filepath.Join(dir, "a"), "new")
			if got := read(r, "a"); got != "new" {
				t.Errorf("made anew: %q", got)
			}
			entries, err := r.ReadDir("", false)
			if err != nil || len(entries) != 1 {
				t.Errorf("made anew: %v, %v", entries, err)
			}
			write(t, filepath.Join(dir, "a"), "a")
			r.Close() // it is of use afterwards
		}
		// A link that is turned to another directory, as by a deployment.
		release := filepath.Join(filepath.Dir(dir), "release")
		r = root(release)
		for i := range 3 {
			next := fmt.Sprint(release, i)
			write(t, filepath.Join(next, "a"), next)
			os.Symlink(next, release+".new")
			if err := os.Rename(release+".new", release); err != nil {
				t.Fatal(err)
			}
			if got := read(r, "a"); got != next {
				t.Errorf("turned to %s: %q", next, got)
			}
		}
	})
}

// TestReplacedMeanwhile: who reads a directory may have to wait, and be waited for by
// others who look at it; that it is another one by then keeps none of them.
func TestReplacedMeanwhile(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		r := root(dir)
		asked := false
		entries, err := r.readDir("", false, func(int) error {
			if asked {
				return nil
			}
			asked = true
			if err := os.Rename(dir, dir+"-old"); err != nil {
				return err
			}
			write(t, filepath.Join(dir, "a"), "new")
			for range 2 {
				if got := read(r, "a"); got != "new" {
					t.Errorf("meanwhile: %q", got)
				}
			}
			r.Close()
			return nil
		})
		if !asked || err != nil || len(entries) < 2 {
			t.Errorf("asked: %v; of the directory that was: %v, %v", asked, entries, err)
		}
	})
}

// load runs disturb again and again while four readers do read.
func load(disturb, read func()) {
	stop := make(chan struct{})
	var disturber, readers sync.WaitGroup
	disturber.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				disturb()
			}
		}
	})
	for range 4 {
		readers.Go(func() {
			for range 200 {
				read()
			}
		})
	}
	readers.Wait()
	close(stop)
	disturber.Wait()
}

// TestSwapped: a directory that keeps being replaced by a link to the outside
// never gives what is there, nor tells of it.
func TestSwapped(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		target, outside := filepath.Join(dir, "swapped"), filepath.Join(filepath.Dir(dir), "outside")
		write(t, filepath.Join(target, "secret"), "public!")
		write(t, filepath.Join(outside, "more"), "secret")
		if err := os.Chtimes(outside, day, day); err != nil {
			t.Fatal(err)
		}
		r := root(dir)
		load(func() {
			os.Rename(target, target+"-kept")
			os.Symlink(outside, target)
			os.Remove(target)
			os.Rename(target+"-kept", target)
		}, func() {
			if got := read(r, "swapped/secret"); got != "public!" && got != "no" {
				t.Errorf("Open: %q", got)
			}
			info, err := r.Stat("swapped/secret")
			if err == nil && info.Size() != 7 {
				t.Errorf("Stat: %d bytes", info.Size())
			}
			entries, err := r.ReadDir("swapped", true)
			for _, e := range entries {
				if e.Name != "secret" || e.Size != 7 {
					t.Errorf("ReadDir: %v", e)
				}
			}
			if err == nil && len(entries) != 1 {
				t.Errorf("ReadDir: %v", entries)
			}
			// What the listing says of a link.
			entries, _ = r.ReadDir("", true)
			for _, e := range entries {
				if e.Name == "swapped" && e.Modified.Equal(day) {
					t.Errorf("ReadDir, of the link: %v", e)
				}
			}
		})
	})
}

// TestRenamesElsewhere: ".." in a link is followed while files are renamed,
// though openat2 gives up then.
func TestRenamesElsewhere(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		one, other := filepath.Join(dir, "one"), filepath.Join(dir, "other")
		write(t, one, "")
		r := root(dir)
		load(func() { os.Rename(one, other); os.Rename(other, one) }, func() {
			if got := read(r, "abs-sub/deep/far"); got != "a" {
				t.Errorf("%q", got)
			}
		})
	})
}

// TestReplacedUnderLoad: each answer is of one of the directories, or of none.
func TestReplacedUnderLoad(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		old := dir + "-old"
		r := root(dir)
		load(func() {
			os.Rename(dir, old)
			os.Mkdir(dir, 0o755)
			os.WriteFile(filepath.Join(dir, "b"), []byte("b"), 0o644)
			os.RemoveAll(dir)
			os.Rename(old, dir)
		}, func() {
			if got := read(r, "a"); got != "a" && got != "no" {
				t.Errorf("a: %q", got)
			}
			if got := read(r, "b"); got != "b" && got != "" && got != "no" {
				t.Errorf("b: %q", got)
			}
		})
		if got := read(r, "a"); got != "a" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

func TestReadDir(t *testing.T) {
	dir := tree(t)
	for _, name := range []string{"a", "sub/b", "sub/deep"} {
		if err := os.Chtimes(filepath.Join(dir, name), day, day); err != nil {
			t.Fatal(err)
		}
	}
	links := []dirlist.Entry{ // of sub
		{Name: "around", Link: true},
		{Name: "b", Size: 1, Modified: day},
		{Name: "broken", Link: true},
		{Name: "deep", Dir: true, Modified: day},
		{Name: "out-dir", Link: true},
		{Name: "to-deep", Dir: true, Link: true, Modified: day},
		{Name: "up", Link: true, Size: 1, Modified: day},
	}
	following := slices.Clone(links)
	following[0].Size, following[0].Modified = 1, day
	following[4].Dir, following[4].Modified = true, day
	for name, target := range map[string]string{"broken": "nothing", "out-dir": "../../outside", "to-deep": filepath.Join(dir, "sub/deep")} {
		if err := os.Symlink(target, filepath.Join(dir, "sub", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "../outside"), day, day); err != nil {
		t.Fatal(err)
	}
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		r := root(dir)
		for _, tc := range []struct {
			name string
			read func(stat bool) ([]dirlist.Entry, error)
			want []dirlist.Entry
		}{
			{"below", func(stat bool) ([]dirlist.Entry, error) { return r.ReadDir("sub", stat) }, links},
			{"by links", func(stat bool) ([]dirlist.Entry, error) { return r.ReadDir("abs-self/abs-sub", stat) }, links},
			{"the top", func(stat bool) ([]dirlist.Entry, error) {
				return root(filepath.Join(dir, "sub/deep/..")).ReadDir("", stat)
			}, nil},
			{"following links", func(stat bool) ([]dirlist.Entry, error) { return New(dir, true).ReadDir("sub", stat) }, following},
			{"a path", func(stat bool) ([]dirlist.Entry, error) { return unbound{}.ReadDir(filepath.Join(dir, "sub"), stat) }, following},
		} {
			want := tc.want
			if want == nil { // up is outside of sub, and so is what comes back
				want = slices.Clone(links)
				want[6] = dirlist.Entry{Name: "up", Link: true}
			}
			checkEntries(t, tc.name, tc.read, want)
		}
	})
}

// checkEntries compares what is read with want, without regard to order, and
// with nothing but names and kinds where nothing else was asked for.
func checkEntries(t *testing.T, name string, read func(stat bool) ([]dirlist.Entry, error), want []dirlist.Entry) {
	t.Helper()
	for _, stat := range []bool{false, true} {
		got, err := read(stat)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		slices.SortFunc(got, func(a, b dirlist.Entry) int { return cmp.Compare(a.Name, b.Name) })
		want := slices.Clone(want)
		for i := range want {
			if !stat {
				want[i].Size, want[i].Modified = 0, time.Time{}
			}
		}
		if !slices.EqualFunc(got, want, func(a, b dirlist.Entry) bool {
			same := a.Modified.Equal(b.Modified)
			a.Modified, b.Modified = time.Time{}, time.Time{}
			return same && a == b
		}) {
			t.Errorf("%s, stat %v:\n got %v\nwant %v", name, stat, got, want)
		}
	}
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
	if roots.Portable = true; root.portable || !roots.Get(Key{"portable", false}).portable {
		t.Error("Portable is not heeded")
	}
	root.Close()
	roots.Close()
}

// BenchmarkOpen is about a file on top and one three directories down.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for _, name := range []string{"file", "one/two/three/file"} {
		write(b, filepath.Join(dir, name), "")
		for _, portable := range []bool{false, true} {
			b.Run(name+"/"+wayName(portable), func(b *testing.B) {
				if !portable && !hasBeneath() {
					b.Skip("this system has no way of its own")
				}
				r := New(dir, false)
				r.portable = portable
				defer r.Close()
				b.ReportAllocs()
				for b.Loop() {
					f, _, err := r.Open(name)
					if err != nil {
						b.Fatal(err)
					}
					f.Close()
				}
			})
		}
	}
}

// BenchmarkReadDir is about a thousand files, with what there is to know of them.
func BenchmarkReadDir(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		write(b, filepath.Join(dir, "one/two", fmt.Sprint(i)), "")
	}
	for _, stat := range []bool{false, true} {
		for _, portable := range []bool{false, true} {
			b.Run(fmt.Sprintf("stat=%v/%s", stat, wayName(portable)), func(b *testing.B) {
				if !portable && !hasBeneath() {
					b.Skip("this system has no way of its own")
				}
				r := New(dir, false)
				r.portable = portable
				defer r.Close()
				for b.Loop() {
					if _, err := r.ReadDir("one/two", stat); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
