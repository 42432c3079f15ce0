//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"time"

	"example.com/httpserver/internal/dirlist"
)

// direntBuffers are what directories are read into: a system call for each one to
// two thousand names.
var direntBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// readEntries gives what an open directory holds: what the system tells of each
// entry while it reads the directory, and with stat what it tells of each that is
// no link.
func readEntries(f fs.File, stat bool, more More) (entries []dirlist.Entry, err error) {
	buffer := direntBuffers.Get().(*[64 << 10]byte)
	defer direntBuffers.Put(buffer)
	entries = dirlist.Room()
	err = f.(*File).Use(func(fd int) error {
		for {
			if err := more.ask(len(entries)); err != nil {
				return err
			}
			n, err := getdents(fd, buffer[:])
			if n == 0 || err != nil {
				return err
			}
			before := len(entries)
			entries = appendEntries(entries, buffer[:n], fd)
			if stat {
				completeAll(entries[before:], fd)
			}
		}
	})
	if err != nil {
		dirlist.Return(entries)
		if _, ok := err.(syscall.Errno); !ok {
			return nil, err
		}
		return nil, pathError("readdir", f.(*File).name, err)
	}
	return entries, nil
}

func getdents(fd int, buffer []byte) (int, error) {
	for {
		n, err := syscall.ReadDirent(fd, buffer)
		if err != syscall.EINTR {
			return max(0, n), err
		}
	}
}

// What a struct linux_dirent64 holds, and where: its length, its type and the name,
// which ends with a NUL, behind the number of an inode and an offset.
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19

	smallDirent = 32 // what a record takes whose name has up to 12 bytes
)

// appendEntries adds what records of getdents64 tell. The names are one string, so
// that there is one allocation for all that a call has read.
func appendEntries(entries []dirlist.Entry, records []byte, dir int) []dirlist.Entry {
	if len(entries)+len(records)/smallDirent > cap(entries) {
		entries = slices.Grow(entries, max(len(entries), len(records)/smallDirent)) // twice as many: they are moved but once or twice
	}
	first, names := len(entries), records[:0] // names are never ahead of the records
	for len(records) >= direntName {
		length := int(binary.NativeEndian.Uint16(records[direntLength:]))
		if length <= direntName || length > len(records) {
			break // of a system that cannot be
		}
		record := records[:length]
		records = records[length:]
		end := bytes.IndexByte(record[direntName:], 0)
		if end <= 0 {
			continue // nor can this
		}
		name := record[direntName : direntName+end]
		if string(name) == "." || string(name) == ".." {
			continue
		}
		kind := record[direntType]
		if kind == syscall.DT_UNKNOWN {
			var there bool
			if kind, there = typeOf(dir, record[direntName:]); !there {
				continue
			}
		}
		names = append(names, name...)
		entries = append(entries, dirlist.Entry{
			Dir: kind == syscall.DT_DIR, Link: kind == syscall.DT_LNK,
			Size: int64(len(names)), // where the name ends, until it is known
		})
	}
	all, start := string(names), int64(0)
	for i := range entries[first:] {
		e := &entries[first+i]
		e.Name, start, e.Size = all[start:e.Size], e.Size, 0
	}
	return entries
}

// typeOf finds out the type of an entry that its directory does not tell, as some
// file systems have it. Of one that may not be looked at nothing is known, and one
// that is gone is not there.
func typeOf(dir int, name []byte) (kind byte, there bool) {
	var st syscall.Stat_t
	switch errno := fstatat(dir, &name[0], &st, atSymlinkNofollow); errno {
	case 0:
		return byte(st.Mode & syscall.S_IFMT >> 12), true // the types are numbered alike
	case syscall.ENOENT:
		return 0, false
	}
	return syscall.DT_UNKNOWN, true
}

// completeAll is fill for entries of an open directory.
func completeAll(entries []dirlist.Entry, dir int) {
	var name []byte
	var st syscall.Stat_t
	for i := range entries {
		e := &entries[i]
		if e.Link {
			continue
		}
		name = append(append(name[:0], e.Name...), 0)
		if fstatat(dir, &name[0], &st, atSymlinkNofollow) != 0 {
			continue
		}
		e.Modified = time.Unix(st.Mtim.Unix())
		if st.Mode&syscall.S_IFMT == syscall.S_IFREG {
			e.Size = st.Size
		}
	}
}
