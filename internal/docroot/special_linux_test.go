package docroot

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"example.com/httpserver/internal/dirlist"
)

// A watch tells of files that are opened.
type watch struct{ fd int }

func newWatch(t *testing.T, names ...string) watch {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	for _, name := range names {
		if _, err := syscall.InotifyAddWatch(fd, name, syscall.IN_OPEN); err != nil {
			t.Fatal(err)
		}
	}
	return watch{fd}
}

func (w watch) opened() bool {
	var events [4096]byte
	n, err := syscall.Read(w.fd, events[:])
	return err == nil && n > 0
}

// TestSpecialFiles: what is neither a file nor a directory is not even opened.
// That would let a writer go that waits for a reader of a FIFO, and wait for
// one if there is none; and it is already something to many devices.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // the name of a socket is short
	if err := syscall.Mkfifo("fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	os.Symlink("fifo", "link")
	os.Symlink(filepath.Join(dir, "fifo"), "abs-link")
	names := []string{"fifo", "socket", "link", "abs-link"}
	const zero = 1<<8 | 5
	if err := syscall.Mknod("device", syscall.S_IFCHR|0o644, zero); err == nil {
		names = append(names, "device")
	} else {
		t.Logf("no device: %v", err)
	}
	eachTree(t, dir, func(t *testing.T, tree Tree) {
		for _, name := range names {
			w := newWatch(t, name)
			want := "special"
			if _, ok := tree.(*Root); !ok && name == "abs-link" {
				want = "" // as the FS likes
			}
			if got := read(tree, name); got != want && want != "" {
				t.Errorf("Open(%q): %q", name, got)
			}
			info, err := tree.Stat(name)
			if want != "" && (err != nil || info.Mode().IsRegular() || info.IsDir()) {
				t.Errorf("Stat(%q): %v, %v", name, info, err)
			}
			if _, err := tree.ReadDir(name, true); err == nil {
				t.Errorf("ReadDir(%q): no error", name)
			}
			if w.opened() {
				t.Errorf("%s has been opened", name)
			}
		}
		w := newWatch(t, names...)
		entries, err := tree.ReadDir("", true)
		if err != nil || len(entries) != len(names) || slices.ContainsFunc(entries, func(e dirlist.Entry) bool { return e.Dir || e.Size != 0 }) {
			t.Errorf("ReadDir: %v, %v", entries, err)
		}
		if w.opened() {
			t.Error("a listing opens what it lists")
		}
	})
	w := newWatch(t, "fifo")
	if _, _, err := (unbound{}).Open(filepath.Join(dir, "fifo")); !errors.Is(err, ErrNotServed) {
		t.Errorf("a path: %v", err)
	}
	if _, err := (unbound{}).ReadDir(filepath.Join(dir, "fifo"), true); err == nil {
		t.Error("a path: no error")
	}
	if w.opened() {
		t.Error("a path: it has been opened")
	}
	if _, _, err := (unbound{}).Open(os.DevNull); !errors.Is(err, ErrNotServed) {
		t.Errorf("a device: %v", err)
	}
}

// eachTree runs a test over everything that can serve a directory of the disk.
func eachTree(t *testing.T, dir string, test func(t *testing.T, tree Tree)) {
	eachWay(t, func(t *testing.T, root func(string) *Root) { test(t, root(dir)) })
	t.Run("following links", func(t *testing.T) { test(t, New(dir, true)) })
	t.Run("os.DirFS", func(t *testing.T) { test(t, NewFS(os.DirFS(dir), "")) })
	t.Run("os.DirFS, from above", func(t *testing.T) { test(t, NewFS(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))) })
	t.Run("fs.Sub", func(t *testing.T) {
		sub, err := fs.Sub(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		test(t, NewFS(sub, ""))
	})
	t.Run("os.Root.FS", func(t *testing.T) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		test(t, NewFS(root.FS(), ""))
	})
}

// TestSwappedForFIFO: what takes a file's place between the look and the open
// is not waited for.
func TestSwappedForFIFO(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := t.TempDir()
		name, file, fifo := filepath.Join(dir, "f"), filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
		write(t, file, "content")
		if err := syscall.Mkfifo(fifo, 0o644); err != nil {
			t.Fatal(err)
		}
		r := root(dir)
		load(func() {
			os.Link(file, name)
			os.Remove(name)
			os.Link(fifo, name)
			os.Remove(name)
		}, func() {
			if got := read(r, "f"); got != "content" && got != "no" && got != "special" {
				t.Errorf("%q", got)
			}
		})
	})
}

// asOrdinary runs test as somebody who is not root. dir, which tree has made,
// is not theirs then.
func asOrdinary(t *testing.T, dir string, test func()) {
	if os.Getuid() != 0 {
		test()
		return
	}
	if err := os.Chmod(filepath.Join(dir, "../.."), 0o711); err != nil { // t.TempDir's is for its owner alone
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		const nobody = 65534
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Error(err)
			return
		}
		test()
	}()
	<-done
}

// TestPermissions: a directory that may be searched is a way to what lies in
// it, whether or not it may be read.
func TestPermissions(t *testing.T) {
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		dir := tree(t)
		write(t, filepath.Join(dir, "locked/a"), "a")
		write(t, filepath.Join(dir, "searchable/below/a"), "a")
		write(t, filepath.Join(dir, "readable/a"), "a")
		write(t, filepath.Join(dir, "unreadable"), "a")
		os.Symlink(filepath.Join(dir, "searchable/below"), filepath.Join(dir, "by-link"))
		os.Symlink("../searchable/below", filepath.Join(dir, "sub/by-link"))
		for name, mode := range map[string]fs.FileMode{"locked": 0, "searchable": 0o111, "readable": 0o444, "unreadable": 0} {
			name := filepath.Join(dir, name)
			os.Chmod(name, mode)
			t.Cleanup(func() { os.Chmod(name, 0o755) })
		}
		r, top := root(dir), root(filepath.Join(dir, "searchable"))
		asOrdinary(t, dir, func() {
			for _, tc := range []struct{ name, want, portable string }{
				{"searchable/below/a", "a", "forbidden"},
				{"searchable/below", "directory", "forbidden"},
				{"searchable/nothing", "no", "forbidden"},
				{"searchable", "forbidden", "forbidden"},
				{"by-link/a", "a", "forbidden"},
				{"sub/by-link/a", "a", "forbidden"},
				{"locked/a", "forbidden", "forbidden"},
				{"locked", "forbidden", "forbidden"},
				{"readable/a", "forbidden", "forbidden"},
				{"readable", "directory", "directory"},
				{"unreadable", "forbidden", "forbidden"},
			} {
				want := tc.want
				if r.portable {
					want = tc.portable
				}
				if got := read(r, tc.name); got != want {
					t.Errorf("Open(%q): %q, want %q", tc.name, got, want)
				}
			}
			for _, name := range []string{"searchable", "locked", "unreadable"} {
				if _, err := r.Stat(name); err != nil {
					t.Errorf("Stat(%q): %v", name, err)
				}
			}
			for _, name := range []string{"searchable", "locked"} {
				if _, err := r.ReadDir(name, true); !errors.Is(err, fs.ErrPermission) {
					t.Errorf("ReadDir(%q): %v", name, err)
				}
			}
			checkEntries(t, "readable", func(stat bool) ([]dirlist.Entry, error) { return r.ReadDir("readable", stat) }, []dirlist.Entry{{Name: "a"}})
			want := "a"
			if r.portable {
				want = "forbidden"
			}
			if got := read(top, "below/a"); got != want {
				t.Errorf("below a top that may be searched: %q, want %q", got, want)
			}
		})
	})
}

func openFDs(t *testing.T) int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(fds)
}

// TestDescriptors: nothing but the directory is left open, whatever was asked.
func TestDescriptors(t *testing.T) {
	dir := tree(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := openFDs(t)
	eachTree(t, dir, func(t *testing.T, tree Tree) {
		first := 0
		for i := range 20 {
			for _, name := range []string{
				"", "a", "sub", "sub/b", "a/b", "nothing", "fifo", "loop", "abs-loop", "chain", "abs-sub/deep/far", "out", "abs-out-dir/secret", "sub/../..", "x\x00",
			} {
				read(tree, name)
				tree.Stat(name)
				tree.ReadDir(name, true)
			}
			if i == 0 {
				first = openFDs(t)
			}
		}
		if got := openFDs(t); got != first || got > before+1 {
			t.Errorf("%d descriptors before, then %d, then %d", before, first, got)
		}
	})
	if got := openFDs(t); got != before {
		t.Errorf("%d descriptors before, %d after", before, got)
	}
}

// TestExhausted: that there are no descriptors is no word about the name.
func TestExhausted(t *testing.T) {
	dir := tree(t)
	eachWay(t, func(t *testing.T, root func(string) *Root) {
		r := root(dir)
		read(r, "a")
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		none := limit
		none.Cur = 0
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
			t.Fatal(err)
		}
		results := map[string]error{}
		for _, name := range []string{"a", "sub/b", "abs-a", "sub"} {
			_, _, results[name] = r.Open(name)
		}
		_, results["ReadDir"] = r.ReadDir("", true)
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
		for name, err := range results {
			if !errors.Is(err, syscall.EMFILE) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := read(r, "a"); got != "a" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

// TestHasBeneath: only a kernel that is too old, or a sandbox, is without.
func TestHasBeneath(t *testing.T) {
	_, err := openat2(-1, "", oPath)
	if hasBeneath() == (errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EPERM)) {
		t.Errorf("%v: %v", hasBeneath(), err)
	}
}

func TestIdentity(t *testing.T) {
	dir := tree(t)
	name := filepath.Join(dir, "a")
	if err := os.Link(name, filepath.Join(dir, "same")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, day, day); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	st := stat.Sys().(*syscall.Stat_t)
	eachTree(t, dir, func(t *testing.T, tree Tree) {
		for _, name := range []string{"a", "same", "link-a", "sub/b"} {
			f, info, err := tree.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			looked, err := tree.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			inode, changed := Identity(info)
			if again, then := Identity(looked); again != inode || !then.Equal(changed) {
				t.Errorf("%s: Open %v %v, Stat %v %v", name, inode, changed, again, then)
			}
			if name == "sub/b" {
				if inode == st.Ino {
					t.Errorf("%s is another file", name)
				}
			} else if inode != st.Ino || changed.UnixNano() != st.Ctim.Nano() || changed.Equal(info.ModTime()) {
				t.Errorf("%s: %v %v, want %v %v", name, inode, changed, st.Ino, st.Ctim)
			}
		}
	})
}
