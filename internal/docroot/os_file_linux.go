//go:build !android && (httpserver_portable || !(amd64 || arm64 || riscv64))

package docroot

import (
	"io/fs"
	"os"
	"syscall"
	"time"
	"unsafe"

	"example.com/httpserver/internal/dirlist"
)

// newFile makes a file of a descriptor, if it is something to serve.
func newFile(fd int, path string) (fs.File, fs.FileInfo, error) {
	return checked[fs.File](path, os.NewFile(uintptr(fd), path))
}

func (t *beneath) stat(name string, flags int) (fs.FileInfo, error) {
	fd, err := openat2(t.fd, name, oPath|flags)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	return f.Stat()
}

// readEntries gives what an open directory holds.
func readEntries(opened fs.File, stat bool, more More) ([]dirlist.Entry, error) {
	if err := more.ask(unknown); err != nil {
		return nil, err
	}
	f := opened.(*os.File)
	found, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]dirlist.Entry, len(found))
	for i, e := range found {
		entries[i] = newEntry(e)
	}
	if !stat {
		return entries, nil
	}
	dir, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return entries, dir.Control(func(fd uintptr) {
		for i := range entries {
			if e := &entries[i]; !e.Link {
				complete(e, int(fd))
			}
		}
	})
}

// complete is fill for an entry of an open directory.
func complete(e *dirlist.Entry, dir int) {
	st, err := lstatat(dir, e.Name)
	if err != nil {
		return
	}
	var mode fs.FileMode
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		mode = fs.ModeIrregular
	}
	describe(e, mode, st.Size, time.Unix(st.Mtim.Unix()))
}

// lstatat looks at a name in a directory, in one call where there is one that
// fills a syscall.Stat_t: a directory may have many names.
func lstatat(dir int, name string) (st syscall.Stat_t, err error) {
	if sysNewfstatat == 0 {
		return look(dir, name, syscall.O_NOFOLLOW)
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return st, err
	}
	_, _, errno := syscall.Syscall6(sysNewfstatat, uintptr(dir), uintptr(unsafe.Pointer(text)),
		uintptr(unsafe.Pointer(&st)), atSymlinkNofollow, 0, 0)
	if errno != 0 {
		return st, errno
	}
	return st, nil
}
