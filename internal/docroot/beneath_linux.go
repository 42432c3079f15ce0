//go:build !android

package docroot

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"example.com/httpserver/internal/dirlist"
)

// beneath is the top of Linux 5.6 and later, where openat2(2) keeps to what is
// below a directory by itself: in one call, however long the name, and through
// directories that may be searched but not read.
//
// Android is left out: it ends processes for system calls that it does not know.
type beneath struct {
	dir *os.File // opened with O_PATH
	fd  int      // its descriptor
}

func openBeneath(dir string) (top, error) {
	fd, err := syscall.Open(dir, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	for err == syscall.EINTR {
		fd, err = syscall.Open(dir, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return &beneath{os.NewFile(uintptr(fd), dir), fd}, nil
}

func (t *beneath) Close() error { return t.dir.Close() }

// Open looks before it opens, as opening already does something to a FIFO and
// to some devices.
func (t *beneath) Open(name string) (fs.File, fs.FileInfo, error) {
	st, err := look(t.fd, name, 0)
	if err != nil {
		return nil, nil, err
	}
	if format := st.Mode & syscall.S_IFMT; format != syscall.S_IFREG && format != syscall.S_IFDIR {
		return nil, nil, notServed(name)
	}
	fd, err := openat2(t.fd, name, openFlags|syscall.O_LARGEFILE)
	if err != nil {
		return nil, nil, err
	}
	return t.opened(fd, name)
}

func (t *beneath) Stat(name string) (fs.FileInfo, error)  { return t.stat(name, 0) }
func (t *beneath) Lstat(name string) (fs.FileInfo, error) { return t.stat(name, syscall.O_NOFOLLOW) }

func (t *beneath) Readlink(name string) (string, error) {
	fd, err := openat2(t.fd, name, oPath|syscall.O_NOFOLLOW)
	if err != nil {
		return "", err
	}
	defer syscall.Close(fd)
	var target [pathMax]byte
	var here [1]byte // the empty name: fd itself
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(fd), uintptr(unsafe.Pointer(&here)),
		uintptr(unsafe.Pointer(&target)), uintptr(len(target)), 0, 0)
	if errno != 0 {
		return "", pathError("readlink", name, errno)
	}
	return string(target[:n]), nil
}

// opened gives what was opened under a name, if it is something to serve.
func (t *beneath) opened(fd int, name string) (fs.File, fs.FileInfo, error) {
	return newFile(fd, strings.TrimRight(t.dir.Name(), "/")+"/"+name)
}

// ReadDir looks at entries by the directory that it reads, wherever that has
// been moved: DirEntry.Info would go by its path. It need not look before it opens:
// what is no directory is not opened as one.
func (t *beneath) ReadDir(name string, stat bool, more More) ([]dirlist.Entry, error) {
	fd, err := openat2(t.fd, name, openFlags|syscall.O_LARGEFILE|syscall.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	f, _, err := t.opened(fd, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readEntries(f, stat, more)
}

// look tells what a name stands for, for those who need no FileInfo.
func look(dir int, name string, flags int) (st syscall.Stat_t, err error) {
	fd, err := openat2(dir, name, oPath|flags)
	if err != nil {
		return st, err
	}
	defer syscall.Close(fd)
	err = syscall.Fstat(fd, &st)
	return st, pathError("fstat", name, err)
}

// What package syscall does not have.
const (
	oPath   = 0x200000 // O_PATH
	pathMax = 4096

	atFDCWD           = -100
	atSymlinkNofollow = 0x100

	resolveNoMagicLinks = 0x02
	resolveBeneath      = 0x08

	eagainTries = 16
)

// An openHow is what openat2 is to do: struct open_how.
type openHow struct{ flags, mode, resolve uint64 }

// openat2 opens a name below a directory. While a ".." in a link is followed
// and anything is renamed anywhere, it cannot tell what is below and gives
// EAGAIN; after some tries so do we, and Root.do follows links on foot.
func openat2(dir int, name string, flags int) (int, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, pathError("openat2", name, err)
	}
	how := openHow{flags: uint64(flags | syscall.O_CLOEXEC), resolve: resolveBeneath | resolveNoMagicLinks}
	for tries := 0; ; {
		fd, _, errno := syscall.Syscall6(sysOpenat2, uintptr(dir), uintptr(unsafe.Pointer(text)),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		switch {
		case errno == 0:
			return int(fd), nil
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN && tries < eagainTries:
			tries++
			continue
		}
		return -1, pathError("openat2", name, errno)
	}
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// sysOpenat2 is the number of the call: the same one for all processors but
// MIPS, which count from elsewhere.
var sysOpenat2 = func() uintptr {
	switch runtime.GOARCH {
	case "mips", "mipsle":
		return 4437
	case "mips64", "mips64le":
		return 5437
	}
	return 437
}()

// sysNewfstatat is the number of that call on the processors that most have.
var sysNewfstatat = map[string]uintptr{"amd64": 262, "arm64": 79, "riscv64": 79}[runtime.GOARCH]

// hasBeneath reports whether there is openat2: the kernel is new enough, and a
// sandbox lets it through. Where there is, it has never heard of an empty name.
var hasBeneath = sync.OnceValue(func() bool {
	_, err := openat2(-1, "", oPath)
	return errors.Is(err, fs.ErrNotExist)
})
