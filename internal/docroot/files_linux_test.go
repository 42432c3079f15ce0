//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

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
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A shelf is a directory whose files are kept, however young they are.
type shelf struct {
	*Files
	paths Paths
	dir   string
}

func newShelf(t testing.TB, dir string, follow bool) *shelf {
	t.Helper()
	s := &shelf{Files: &Files{Ahead: 100 * 365 * 24 * time.Hour}, dir: dir}
	root := New(dir, follow)
	s.paths = Paths{Directory: dir, Root: root, Files: s.Files}
	t.Cleanup(func() { s.Close(); root.Close() })
	probe, err := os.Create(filepath.Join(t.TempDir(), "probe"))
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	if !isOfThisMachine(int(probe.Fd())) {
		t.Skip("files are kept of no file system that tests have")
	}
	return s
}

func (s *shelf) path(name string) string { return filepath.Join(s.dir, name) }

// read gives what a name stands for, and whether it is kept now.
func (s *shelf) read(name string) (got string, kept bool) {
	f, info, err := s.paths.Open(s.path(name))
	if err == nil {
		kept = FactsOf(f) != nil
	}
	return outcome(f, info, err), kept
}

// warm has a name kept.
func (s *shelf) warm(t *testing.T, name string) string {
	t.Helper()
	for range 2 {
		s.read(name)
	}
	got, kept := s.read(name)
	if !kept {
		t.Fatalf("%s is not kept: %.60q", name, got)
	}
	return got
}

// counted holds the books against the table.
func (s *shelf) counted(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, bytes, descriptors := 0, int64(0), 0
	if table := s.table.Load(); table != nil {
		for i := range table.sets {
			set := table.sets[i].Load()
			for j := 0; set != nil && j < ways; j++ {
				if k := set[j].Load(); k != nil {
					entries++
					bytes += int64(len(k.content))
					if k.fd != nil {
						descriptors++
					}
				}
			}
		}
	}
	if entries != s.entries || bytes != s.bytes || descriptors != len(s.descriptors) {
		t.Errorf("%d entries, %d bytes, %d descriptors; the books have %d, %d, %d", entries, bytes, descriptors, s.entries, s.bytes, len(s.descriptors))
	}
	if bytes > maxBytes || descriptors > maxDescriptors || entries > sets*ways {
		t.Errorf("%d entries, %d bytes, %d descriptors are too many", entries, bytes, descriptors)
	}
}

// large is content that is kept as a descriptor.
func large(word string) string { return strings.Repeat(word, maxContent/len(word)+1) }

// nextTick waits until the clock of the file system has gone on: what is done before
// and behind it has different times.
func nextTick(t *testing.T, name string) {
	t.Helper()
	before, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	_, changed := Identity(before)
	probe := filepath.Join(t.TempDir(), "probe")
	for began := time.Now(); time.Since(began) < time.Minute; {
		write(t, probe, "x")
		info, err := os.Stat(probe)
		if err != nil {
			t.Fatal(err)
		}
		if _, now := Identity(info); now.After(changed) {
			return
		}
	}
	t.Fatal("the clock of the file system stands still")
}

// TestFilesExact: a file that is kept is seen no longer than it is there, whatever is
// done to it, or to what leads to it.
func TestFilesExact(t *testing.T) {
	swap := func(t *testing.T, one, other string) {
		t.Helper()
		for _, step := range [][2]string{{one, one + "-gone"}, {other, one}} {
			if err := os.Rename(step[0], step[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string // of dir/sub/file, after "old"
	}{
		{"nothing", func(*testing.T, string) {}, "old"},
		{"replaced by renaming", func(t *testing.T, dir string) { swap(t, dir+"/sub/file", dir+"/new") }, "new"},
		{"written in place", func(t *testing.T, dir string) { write(t, dir+"/sub/file", "new") }, "new"},
		{"written in place, as if nothing had been", func(t *testing.T, dir string) {
			write(t, dir+"/sub/file", "new")
			must(t, os.Chtimes(dir+"/sub/file", day, day))
		}, "new"},
		{"truncated", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/sub/file", 0)) }, ""},
		{"grown", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/sub/file", 4)) }, "old\x00"},
		{"removed", func(t *testing.T, dir string) { remove(t, dir+"/sub/file") }, "no"},
		{"removed with its directory", func(t *testing.T, dir string) { remove(t, dir+"/sub") }, "no"},
		{"made a directory", func(t *testing.T, dir string) {
			remove(t, dir+"/sub/file")
			must(t, os.Mkdir(dir+"/sub/file", 0o755))
		}, "directory"},
		{"made a FIFO", func(t *testing.T, dir string) {
			remove(t, dir+"/sub/file")
			must(t, syscall.Mkfifo(dir+"/sub/file", 0o644))
		}, "special"},
		{"made a link that leads out", func(t *testing.T, dir string) {
			remove(t, dir+"/sub/file")
			must(t, os.Symlink("../../outside/file", dir+"/sub/file"))
		}, "no"},
		{"made a link that stays", func(t *testing.T, dir string) {
			remove(t, dir+"/sub/file")
			must(t, os.Symlink("../new", dir+"/sub/file"))
		}, "new"},
		{"moved out, and linked to", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/sub/file", dir+"/../outside/moved"))
			must(t, os.Symlink("../../outside/moved", dir+"/sub/file"))
		}, "no"},
		{"the directory replaced", func(t *testing.T, dir string) { swap(t, dir+"/sub", dir+"/other") }, "other"},
		{"the directory made a link that leads out", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/sub", dir+"/gone"))
			must(t, os.Symlink("../outside", dir+"/sub"))
		}, "no"},
		{"the served directory replaced", func(t *testing.T, dir string) { swap(t, dir, filepath.Dir(dir)+"/another") }, "another"},
		{"the served directory removed", func(t *testing.T, dir string) { remove(t, dir) }, "no"},
	} {
		for size, enlarge := range map[string]func(string) string{"small": func(s string) string { return s }, "large": large} {
			t.Run(tc.name+", "+size, func(t *testing.T) {
				top := t.TempDir()
				dir := filepath.Join(top, "inside")
				for name, content := range map[string]string{
					"inside/sub/file": "old", "inside/new": "new", "inside/other/file": "other", "outside/file": "secret", "another/sub/file": "another",
				} {
					write(t, filepath.Join(top, name), enlarge(content))
				}
				must(t, os.Chtimes(dir+"/sub/file", day, day))
				s := newShelf(t, dir, false)
				if got := s.warm(t, "sub/file"); got != enlarge("old") {
					t.Fatalf("at first: %.60q", got)
				}
				nextTick(t, dir+"/sub/file")
				tc.change(t, dir)
				want := tc.want
				if content := map[string]bool{"old": true, "new": true, "other": true, "another": true}; content[want] && !strings.HasPrefix(tc.name, "written") {
					want = enlarge(want)
				}
				if tc.name == "grown" && size == "large" {
					want = "old\x00"
					want = enlarge("old")[:4]
				}
				for range 4 {
					if got, _ := s.read("sub/file"); got != want {
						t.Errorf("%.60q (%d bytes), want %.60q", got, len(got), want)
					}
				}
				s.counted(t)
			})
		}
	}
}

// TestFilesMovedOut: a file that is the same, and is found by a link that leads out, is
// not there when it is next looked up, which is at the next tick.
func TestFilesMovedOut(t *testing.T) {
	for _, follow := range []bool{false, true} {
		top := t.TempDir()
		write(t, filepath.Join(top, "inside/sub/file"), "content")
		s := newShelf(t, filepath.Join(top, "inside"), follow)
		s.warm(t, "sub/file")
		if err := os.Rename(s.path("sub"), filepath.Join(top, "outside")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../outside", s.path("sub")); err != nil {
			t.Fatal(err)
		}
		s.now.Add(1)
		want := "no"
		if follow {
			want = "content"
		}
		if got, _ := s.read("sub/file"); got != want {
			t.Errorf("following links: %v: %q, want %q", follow, got, want)
		}
	}
}

// TestFilesOfAnother: a path is that of its directory, and of its way with links.
func TestFilesOfAnother(t *testing.T) {
	dir := tree(t)
	s := newShelf(t, dir, true)
	if got := s.warm(t, "out"); got != "secret" {
		t.Fatalf("following links: %q", got)
	}
	s.warm(t, "sub/b")
	strict := *s
	strict.paths.Root = New(dir, false)
	t.Cleanup(strict.paths.Root.Close)
	if got, _ := strict.read("out"); got != "no" {
		t.Errorf("not following links: %q", got)
	}
	strict.warm(t, "sub/b")
	if _, kept := s.read("sub/b"); !kept {
		t.Error("the same file by another way takes its place")
	}
	above := *s
	above.dir, above.paths.Directory, above.paths.Root = filepath.Join(dir, "sub"), filepath.Join(dir, "sub"), New(filepath.Join(dir, "sub"), false)
	t.Cleanup(above.paths.Root.Close)
	if got := above.warm(t, "b"); got != "b" {
		t.Errorf("by another directory: %q", got)
	}
	if got, _ := above.read("up"); got != "no" {
		t.Errorf("out of that: %q", got)
	}
	s.counted(t)
}

// TestFilesPermissions: who may no longer read a file does not get what is kept of it.
func TestFilesPermissions(t *testing.T) {
	dir := tree(t)
	s := newShelf(t, dir, false)
	os.Chmod(dir, 0o755)
	asOrdinary(t, dir, func() {
		s.warm(t, "sub/b")
		s.warm(t, "a")
	})
	nextTick(t, s.path("a"))
	os.Chmod(s.path("a"), 0)
	os.Chmod(s.path("sub"), 0)
	t.Cleanup(func() { os.Chmod(s.path("sub"), 0o755) })
	asOrdinary(t, dir, func() {
		for _, name := range []string{"a", "sub/b"} {
			if got, _ := s.read(name); got != "forbidden" {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// TestFilesUnderLoad: while a file is replaced again and again, whoever opens it gets
// one version, and none that had been replaced before.
func TestFilesUnderLoad(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "large": maxContent + 1000} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newShelf(t, dir, false)
			content := func(n int) string { return strings.Repeat(fmt.Sprintf("%07d ", n), size/8) }
			put := func(n int) {
				write(t, s.path("next"), content(n))
				modified := day.Add(time.Duration(n) * time.Second)
				if err := os.Chtimes(s.path("next"), modified, modified); err != nil {
					t.Error(err)
				}
				if err := os.Rename(s.path("next"), s.path("file")); err != nil {
					t.Error(err)
				}
			}
			put(0)
			var latest, hits atomic.Int64
			var stop atomic.Bool
			var putting, reading sync.WaitGroup
			putting.Go(func() {
				for n := 1; !stop.Load(); n++ {
					put(n)
					latest.Store(int64(n))
					if n%8 == 0 { // and now and then it stays
						for range 20 {
							s.read("file")
						}
					}
				}
			})
			for range 4 {
				reading.Go(func() {
					for asked := 0; asked < 500 || latest.Load() < 100; asked++ {
						from := latest.Load()
						got, kept := s.read("file")
						n := 0
						if _, err := fmt.Sscanf(got, "%d", &n); err != nil || got != content(n) || int64(n) < from {
							t.Errorf("after version %d: %.60q of version %d", from, got, n)
							return
						}
						if kept {
							hits.Add(1)
						}
					}
				})
			}
			reading.Wait()
			stop.Store(true)
			putting.Wait()
			t.Logf("%d versions, %d times one that was kept", latest.Load(), hits.Load())
			if hits.Load() == 0 {
				t.Error("nothing was tested")
			}
			s.counted(t)
		})
	}
}

// TestFilesYoung: what was changed within two seconds is not kept, nor what is asked for
// once, nor what is of another machine or no machine at all.
func TestFilesYoung(t *testing.T) {
	dir := tree(t)
	s := newShelf(t, dir, false)
	if _, kept := s.read("a"); kept {
		t.Error("kept at once")
	}
	if _, kept := s.read("a"); !kept {
		t.Error("not kept when it was asked for again")
	}
	for _, ahead := range []time.Duration{0, -time.Hour} {
		s.Files.Close()
		s.Files = &Files{Ahead: ahead}
		s.paths.Files = s.Files
		write(t, s.path("young"), "content")
		os.Chtimes(s.path("young"), day, day) // which says nothing of when it was changed
		for range 5 {
			if _, kept := s.read("young"); kept {
				t.Errorf("%v ahead: kept", ahead)
			}
		}
	}
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if isOfThisMachine(int(f.Fd())) {
		t.Error("/proc is taken for a file system that keeps times")
	}
}

// TestFilesBounds: no more is kept than may be, and what is let go is let go.
func TestFilesBounds(t *testing.T) {
	dir := t.TempDir()
	before := openFDs(t)
	s := newShelf(t, dir, false)
	sparse := func(name string, size int64) {
		write(t, s.path(name), "")
		if err := os.Truncate(s.path(name), size); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxBytes/maxContent + 200 {
		name := fmt.Sprint("small", i)
		sparse(name, maxContent)
		s.read(name)
		s.read(name)
	}
	s.counted(t)
	if s.bytes < maxBytes/2 {
		t.Errorf("only %d bytes are kept", s.bytes)
	}
	for i := range maxDescriptors + 50 {
		name := fmt.Sprint("large", i)
		sparse(name, maxContent+1)
		s.read(name)
		s.read(name)
	}
	s.counted(t)
	if got := openFDs(t); len(s.descriptors) < maxDescriptors/2 || got > before+maxDescriptors+1 {
		t.Errorf("%d descriptors are kept, %d are open", len(s.descriptors), got-before)
	}
	s.MakeRoom()
	if got := openFDs(t); len(s.descriptors) > 0 || got > before+1 {
		t.Errorf("%d descriptors are kept, %d are open", len(s.descriptors), got-before)
	}
	s.counted(t)
	s.Close()
	s.paths.Root.Close()
	if got := openFDs(t); got != before || s.entries != 0 || s.bytes != 0 {
		t.Errorf("%d descriptors are open, %d entries, %d bytes are kept", got-before, s.entries, s.bytes)
	}
	for range 3 {
		if _, kept := s.read("small0"); kept {
			t.Error("something is kept after Close")
		}
	}
}

// TestFilesExhausted: descriptors that are kept do not keep others from being opened.
func TestFilesExhausted(t *testing.T) {
	dir := t.TempDir()
	s := newShelf(t, dir, false)
	for i := range 20 {
		write(t, s.path(fmt.Sprint(i)), large("x"))
		s.warm(t, fmt.Sprint(i))
	}
	write(t, s.path("more"), "more")
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	few := limit
	few.Cur = 1 // every number below is in use
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	got, _ := s.read("19") // takes no new one
	_, _, err := s.paths.Open(s.path("more"))
	kept := len(s.descriptors)
	few.Cur = limit.Cur
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few)
	if got != large("x") || !isOutOfDescriptors(err) || kept != 0 {
		t.Errorf("%.20q, %v, %d descriptors are kept", got, err, kept)
	}
	few.Cur = 4 * 3
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err == nil && descriptorBound() != 3 {
		t.Errorf("%d descriptors may be kept of 12", descriptorBound())
	}
}

// TestFilesLetGo: what nobody asks for is let go, and then nothing goes on.
func TestFilesLetGo(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small"), "content")
	write(t, filepath.Join(dir, "large"), large("x"))
	before := openFDs(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, dir, false)
		s.warm(t, "small")
		s.warm(t, "large")
		for range 6 {
			time.Sleep(idleTicks / 2 * tick)
			if _, kept := s.read("large"); !kept {
				t.Error("large was let go though it is asked for")
			}
		}
		if entries, _, _ := s.held(); entries != 1 {
			t.Errorf("%d entries are kept; small was not asked for", entries)
		}
		time.Sleep(10 * time.Second)
		if entries, descriptors, ticks := s.held(); entries != 0 || descriptors != 0 || ticks {
			t.Errorf("%d entries, %d descriptors are kept after 10 seconds; ticks: %v", entries, descriptors, ticks)
		}
		s.counted(t)
		s.paths.Root.Close()
		if got := openFDs(t); got != before {
			t.Errorf("%d descriptors are open", got-before)
		}
		s.warm(t, "large") // and it begins again
		s.mu.Lock()
		s.wall = time.Now().Add(time.Hour).Round(0)
		s.mu.Unlock()
		time.Sleep(tick + tick/2)
		if entries, _, _ := s.held(); entries != 0 {
			t.Error("the clock was set back, and what was kept stays")
		}
	})
}

// held tells what is kept, when all is quiet, and whether there are ticks.
func (s *shelf) held() (entries, descriptors int, ticks bool) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries, len(s.descriptors), s.timer != nil
}

// TestFile: several have a descriptor together, each with its own position, and it is
// open until the last one is closed.
func TestFile(t *testing.T) {
	for name, content := range map[string]string{"small": "0123456789", "large": large("0123456789")} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "file"), content)
			before := openFDs(t)
			s := newShelf(t, dir, false)
			s.warm(t, "file")
			open := func() *File {
				f, _, err := s.paths.Open(s.path("file"))
				if err != nil {
					t.Fatal(err)
				}
				return f.(*File)
			}
			one, other := open(), open()
			if end, err := one.Seek(-5, io.SeekEnd); err != nil || end != int64(len(content)-5) {
				t.Errorf("Seek: %d, %v", end, err)
			}
			if got, err := io.ReadAll(one); string(got) != content[len(content)-5:] || err != nil {
				t.Errorf("%.60q, %v", got, err)
			}
			if got, err := io.ReadAll(other); string(got) != content || err != nil {
				t.Errorf("%.60q, %v", got, err)
			}
			if at, err := other.Seek(0, io.SeekCurrent); at != int64(len(content)) || err != nil {
				t.Errorf("at %d, %v", at, err)
			}
			b := make([]byte, 7)
			if n, err := other.ReadAt(b, int64(len(content)-3)); n != 3 || err != io.EOF {
				t.Errorf("ReadAt: %d, %v", n, err)
			}
			for what, err := range map[string]error{
				"before the beginning": second(other.Seek(-1, io.SeekStart)),
				"from nowhere":         second(other.Seek(0, 3)),
				"ReadAt before it":     second(other.ReadAt(b, -1)),
			} {
				if err == nil {
					t.Errorf("%s: no error", what)
				}
			}
			if info, err := other.Stat(); err != nil || info.Size() != int64(len(content)) || info.Name() != "file" {
				t.Errorf("Stat: %v, %v", info, err)
			}
			if isSmall := name == "small"; (one.Bytes() != nil) != isSmall || (one.Use(func(int) error { return nil }) == nil) == isSmall {
				t.Errorf("Bytes: %.20q, Use: %v", one.Bytes(), one.Use(func(int) error { return nil }))
			}
			failure := errors.New("of the function's")
			if name == "large" {
				if err := one.Use(func(fd int) error { one.Close(); _, err := pread(fd, b, 0); return errors.Join(err, failure) }); !errors.Is(err, failure) {
					t.Errorf("Use: %v", err)
				}
			} else {
				one.Close()
			}
			s.Files.Close() // what is kept is let go, and other goes on
			if got, err := other.ReadAt(b, 0); got != 7 || err != nil || string(b) != content[:7] {
				t.Errorf("ReadAt: %q, %v", b, err)
			}
			other.Close()
			for what, err := range map[string]error{
				"Read": second(one.Read(b)), "ReadAt": second(one.ReadAt(b, 0)), "Seek": second(one.Seek(0, io.SeekStart)),
				"Stat": second(one.Stat()), "Use": one.Use(func(int) error { return nil }), "Close": one.Close(),
			} {
				if !errors.Is(err, fs.ErrClosed) {
					t.Errorf("%s after Close: %v", what, err)
				}
			}
			if one.Bytes() != nil {
				t.Error("Bytes after Close")
			}
			s.paths.Root.Close()
			if got := openFDs(t); got != before {
				t.Errorf("%d descriptors are open", got-before)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestFileLost: a file that nobody closes is closed when nobody has it any more.
func TestFileLost(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), large("x"))
	before := openFDs(t)
	s := newShelf(t, dir, false)
	for range 10 {
		s.paths.Open(s.path("file"))
	}
	s.Close()
	s.paths.Root.Close()
	for began := time.Now(); openFDs(t) != before; runtime.Gosched() {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d descriptors are open", openFDs(t)-before)
		}
		runtime.GC()
	}
}

// TestFilesAllocations: what a file that is kept costs.
func TestFilesAllocations(t *testing.T) {
	dir := tree(t)
	write(t, filepath.Join(dir, "large"), large("x"))
	s := newShelf(t, dir, false)
	for _, tc := range []struct {
		name string
		want float64
	}{
		{"sub/b", 1}, // the File
		{"large", 1},
	} {
		s.warm(t, tc.name)
		path := s.path(tc.name)
		got := testing.AllocsPerRun(200, func() {
			f, _, err := s.paths.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		})
		if got != tc.want && !raceEnabled {
			t.Errorf("%s: %v allocations, want %v", tc.name, got, tc.want)
		}
	}
}

func BenchmarkOpenKept(b *testing.B) {
	dir := b.TempDir()
	s := newShelf(b, dir, false)
	for _, tc := range []struct{ name, content string }{{"small", "x"}, {"large", large("x")}} {
		b.Run(tc.name, func(b *testing.B) {
			path := filepath.Join(dir, "one/two/three", tc.name)
			write(b, path, tc.content)
			b.ReportAllocs()
			for b.Loop() {
				f, _, err := s.paths.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}
