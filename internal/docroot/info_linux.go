//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A fileInfo is what the system tells of a file.
type fileInfo struct {
	name string
	st   syscall.Stat_t
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.st.Size }
func (i *fileInfo) ModTime() time.Time { return time.Unix(i.st.Mtim.Unix()) }
func (i *fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *fileInfo) Sys() any           { return &i.st }

// Mode is as package os has it.
func (i *fileInfo) Mode() fs.FileMode {
	mode := fs.FileMode(i.st.Mode & 0o777)
	switch i.st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFDIR:
		mode |= fs.ModeDir
	case syscall.S_IFLNK:
		mode |= fs.ModeSymlink
	case syscall.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case syscall.S_IFSOCK:
		mode |= fs.ModeSocket
	case syscall.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case syscall.S_IFBLK:
		mode |= fs.ModeDevice
	}
	if i.st.Mode&syscall.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if i.st.Mode&syscall.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if i.st.Mode&syscall.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// baseName gives the last word of a path, as package os does for a FileInfo.
func baseName(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// A place says which directory is meant, whatever it is called.
type place struct{ device, inode uint64 }

func placeOf(path string) (place, error) {
	var st syscall.Stat_t
	if err := stat(path, &st); err != nil {
		return place{}, err
	}
	return place{uint64(st.Dev), st.Ino}, nil
}

func placeIn(info fs.FileInfo) place {
	st := info.Sys().(*syscall.Stat_t)
	return place{uint64(st.Dev), st.Ino}
}

func (p place) is(other place) bool { return p == other }

// withinPlainly is Within for a path that has no links: one call for each of its words,
// which all lie in those before them. It tells nothing, not ok, of any other.
func withinPlainly(path string, places []place) (within, ok bool) {
	if !strings.HasPrefix(path, "/") {
		return false, false
	}
	text, err := syscall.ByteSliceFromString(path)
	if err != nil {
		return false, false
	}
	at, err := placeOf("/")
	if err != nil {
		return false, false
	}
	within = slices.Contains(places, at)
	for begin := 0; ; {
		end := begin + 1 + strings.IndexByte(path[begin+1:]+"/", '/')
		if word := path[begin+1 : end]; word == "." || word == ".." {
			return false, false
		}
		var st syscall.Stat_t
		after := text[end]
		text[end] = 0
		errno := fstatat(atFDCWD, &text[0], &st, atSymlinkNofollow)
		text[end] = after
		switch {
		case errno != 0 || st.Mode&syscall.S_IFMT == syscall.S_IFLNK:
			return false, false
		}
		within = within || slices.Contains(places, place{uint64(st.Dev), st.Ino})
		if end == len(path) {
			return within, true // and no link behind has led out again
		}
		begin = end
	}
}

// statPath tells what a path of the disk stands for, following links.
func statPath(path string) (fs.FileInfo, error) {
	info := &fileInfo{name: baseName(path)}
	if err := stat(path, &info.st); err != nil {
		return nil, err
	}
	return info, nil
}

func stat(path string, st *syscall.Stat_t) error {
	text, err := syscall.BytePtrFromString(path)
	if err != nil {
		return pathError("stat", path, err)
	}
	if errno := fstatat(atFDCWD, text, st, 0); errno != 0 {
		return pathError("stat", path, errno)
	}
	return nil
}

func (t *beneath) stat(name string, flags int) (fs.FileInfo, error) {
	st, err := look(t.fd, name, flags)
	if err != nil {
		return nil, err
	}
	return &fileInfo{baseName(name), st}, nil
}

// openPath opens a path of the disk, and looks at it before, as opening already does
// something to a FIFO and to some devices.
func openPath(path string) (fs.File, fs.FileInfo, error) {
	info, err := statPath(path)
	if err == nil {
		err = check(path, info)
	}
	if err != nil {
		return nil, nil, err
	}
	fd, err := syscall.Open(path, openFlags|syscall.O_CLOEXEC|syscall.O_LARGEFILE, 0)
	for err == syscall.EINTR {
		fd, err = syscall.Open(path, openFlags|syscall.O_CLOEXEC|syscall.O_LARGEFILE, 0)
	}
	if err != nil {
		return nil, nil, pathError("open", path, err)
	}
	return newFile(fd, path)
}

// fstatat looks at a name, which ends with a NUL, in an open directory. It may have
// to wait for the disk, or for another machine, so it is made as a call that can:
// one that cannot would keep a processor from all others.
func fstatat(dir int, name *byte, st *syscall.Stat_t, flags uintptr) syscall.Errno {
	for {
		_, _, errno := syscall.Syscall6(sysNewfstatat, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), flags, 0, 0)
		if errno != syscall.EINTR {
			return errno
		}
	}
}

func fstat(fd int, st *syscall.Stat_t) error {
	for {
		err := syscall.Fstat(fd, st)
		if err != syscall.EINTR {
			return err
		}
	}
}
