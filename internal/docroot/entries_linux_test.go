//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.com/httpserver/internal/dirlist"
)

// dirent makes a record as getdents64 does.
func dirent(name string, kind byte) []byte {
	record := make([]byte, (direntName+len(name)+1+7)&^7)
	binary.NativeEndian.PutUint16(record[direntLength:], uint16(len(record)))
	record[direntType] = kind
	copy(record[direntName:], name)
	return record
}

// TestAppendEntries: names of any length are each their own, and where the directory
// does not tell what an entry is, the entry does.
func TestAppendEntries(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "content")
	for _, err := range []error{os.Mkdir(filepath.Join(dir, "dir"), 0o755), os.Symlink("file", filepath.Join(dir, "link"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	opened, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for _, kinds := range []map[string]byte{
		{"file": syscall.DT_REG, "dir": syscall.DT_DIR, "link": syscall.DT_LNK},
		{"file": syscall.DT_UNKNOWN, "dir": syscall.DT_UNKNOWN, "link": syscall.DT_UNKNOWN, "gone": syscall.DT_UNKNOWN},
	} {
		var records []byte
		for _, name := range []string{".", "file", "dir", "gone", "link", ".."} {
			if kind, ok := kinds[name]; ok || name[0] == '.' {
				records = append(records, dirent(name, kind)...)
			}
		}
		got := appendEntries([]dirlist.Entry{{Name: "before"}}, records, int(opened.Fd()))
		if want := []dirlist.Entry{{Name: "before"}, {Name: "file"}, {Name: "dir", Dir: true}, {Name: "link", Link: true}}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	var records []byte
	var want []dirlist.Entry
	for range 1000 {
		name := strings.Repeat(string(rune('a'+random.IntN(26))), 1+random.IntN(255))
		records = append(records, dirent(name, syscall.DT_REG)...)
		want = append(want, dirlist.Entry{Name: name})
	}
	if got := appendEntries(nil, records, -1); !slices.Equal(got, want) {
		t.Error("1000 names are others")
	}
}

// FuzzAppendEntries: whatever a file system may say, it is read or left.
func FuzzAppendEntries(f *testing.F) {
	f.Add(append(dirent("name", syscall.DT_REG), dirent("..", syscall.DT_DIR)...))
	f.Add(dirent("link", syscall.DT_LNK)[:direntName])
	f.Add(make([]byte, 40))
	f.Fuzz(func(t *testing.T, records []byte) {
		size := len(records)
		total := 0
		for _, e := range appendEntries(nil, records, -1) {
			total += len(e.Name)
			if strings.ContainsRune(e.Name, 0) || e.Name == "." || e.Name == ".." {
				t.Errorf("an entry %q", e.Name)
			}
		}
		if total > size {
			t.Errorf("%d bytes of names in %d", total, size)
		}
	})
}

// TestReadDirAllocations: names take no memory each, but some for all.
func TestReadDirAllocations(t *testing.T) {
	dir := t.TempDir()
	for i := range 1000 {
		write(t, filepath.Join(dir, "dir", fmt.Sprintf("file-%04d.txt", i)), "")
	}
	root := New(dir, false)
	defer root.Close()
	for stat, most := range map[bool]float64{false: 16, true: 17} {
		got := testing.AllocsPerRun(5, func() {
			if entries, err := root.ReadDir("dir", stat); err != nil || len(entries) != 1000 {
				t.Fatal(len(entries), err)
			}
		})
		if got > most && !raceEnabled {
			t.Errorf("stat %v: %v allocations, want %v at most", stat, got, most)
		}
		t.Logf("stat %v: %v allocations", stat, got)
	}
}
