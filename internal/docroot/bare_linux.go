//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// A File is an open file or directory of the disk. It is a bare descriptor: what
// an *os.File has beside that, as its place in the runtime's poller, which knows
// nothing of such files, costs more system calls than the rest. Its position is its
// own, so that several can share a descriptor, and is kept here.
//
// It may be used by any goroutine. Reads do not wait for others, but the system may
// let them wait for the disk, so they are made as those that can.
type File struct {
	name   string
	info   *fileInfo   // as it was opened
	fd     *descriptor // nil where kept has all of the content
	kept   *kept       // of Files; or nil
	closed atomic.Bool

	mu       sync.Mutex
	position int64
}

// A descriptor is open until the last of its users has let go of it.
type descriptor struct {
	number int
	users  atomic.Int64
}

// newDescriptor takes charge of an open descriptor, which has one user.
func newDescriptor(number int) *descriptor {
	d := &descriptor{number: number}
	d.users.Store(1)
	return d
}

// take adds a user, unless the last one has gone: the number may be another file's
// by now.
func (d *descriptor) take() bool {
	for {
		users := d.users.Load()
		if users == 0 {
			return false
		}
		if d.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (d *descriptor) release() error {
	if d.users.Add(-1) > 0 {
		return nil
	}
	return syscall.Close(d.number)
}

// newFile makes a file of a descriptor, if it is something to serve.
func newFile(fd int, path string) (fs.File, fs.FileInfo, error) {
	f, info := &File{name: path, fd: newDescriptor(fd)}, new(fileInfo)
	if err := fstat(fd, &info.st); err != nil {
		syscall.Close(fd)
		return nil, nil, pathError("fstat", path, err)
	}
	info.name = baseName(path)
	if err := check(path, info); err != nil {
		syscall.Close(fd)
		return nil, nil, err
	}
	f.info = info
	f.guard()
	return f, info, nil
}

// guard lets go of the descriptor of a file that nobody has closed. Like an
// *os.File, and like a file of CPython's, it may be lost.
func (f *File) guard() { runtime.SetFinalizer(f, (*File).Close) }

// Name gives the path that the file was opened by.
func (f *File) Name() string { return f.name }

// Stat tells of the file as it is now.
func (f *File) Stat() (fs.FileInfo, error) {
	if f.fd == nil {
		if f.closed.Load() {
			return nil, f.failed("stat", fs.ErrClosed)
		}
		return f.info, nil
	}
	info := &fileInfo{name: f.info.name}
	err := f.Use(func(fd int) error { return fstat(fd, &info.st) })
	if err != nil {
		return nil, f.failed("stat", err)
	}
	return info, nil
}

// Read reads from the current position.
func (f *File) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.read(p, f.position)
	f.position += int64(n)
	return n, err
}

// ReadAt reads from an offset, and leaves the position alone.
func (f *File) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, f.failed("readat", errNegative)
	}
	for n < len(p) && err == nil {
		var m int
		m, err = f.read(p[n:], offset+int64(n))
		n += m
	}
	return n, err
}

var errNegative = errors.New("negative offset")

// read reads some of what is at an offset.
func (f *File) read(p []byte, offset int64) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.fd == nil {
		switch {
		case f.closed.Load():
			return 0, f.failed("read", fs.ErrClosed)
		case offset >= int64(len(f.kept.content)):
			return 0, io.EOF
		}
		return copy(p, f.kept.content[offset:]), nil
	}
	if !f.take() {
		return 0, f.failed("read", fs.ErrClosed)
	}
	defer f.fd.release()
	n, err = pread(f.fd.number, p, offset)
	switch {
	case err != nil:
		return 0, f.failed("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func pread(fd int, p []byte, offset int64) (n int, err error) {
	for {
		n, err = syscall.Pread(fd, p, offset)
		if err != syscall.EINTR {
			return max(0, n), err
		}
	}
}

// Seek sets the position.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed.Load() {
		return 0, f.failed("seek", fs.ErrClosed)
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.position
	case io.SeekEnd:
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		offset += info.Size()
	default:
		return 0, f.failed("seek", syscall.EINVAL)
	}
	if offset < 0 {
		return 0, f.failed("seek", errNegative)
	}
	f.position = offset
	return offset, nil
}

// Duplicate gives the file as one of package os, with a descriptor and a position
// of its own. A connection that is not the system's own can leave only those to
// the system.
func (f *File) Duplicate() (dup *os.File, err error) {
	err = f.Use(func(fd int) error {
		number, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
		if errno != 0 {
			return f.failed("dup", errno)
		}
		dup = os.NewFile(number, f.name)
		return nil
	})
	return dup, err
}

// Bytes gives all of the file's content where it is in memory, which nobody may
// change; or nil.
func (f *File) Bytes() []byte {
	if f.kept == nil || f.closed.Load() {
		return nil
	}
	return f.kept.content
}

// Use calls use with the descriptor, which stays open meanwhile.
func (f *File) Use(use func(fd int) error) error {
	if !f.take() {
		return fs.ErrClosed
	}
	defer f.fd.release()
	return use(f.fd.number)
}

// take keeps the descriptor open, if there is one and it still is.
func (f *File) take() bool { return f.fd != nil && !f.closed.Load() && f.fd.take() }

// Close lets go of the descriptor, which those who use it now have until then.
func (f *File) Close() error {
	if f.closed.Swap(true) {
		return f.failed("close", fs.ErrClosed)
	}
	if f.fd == nil {
		return nil
	}
	runtime.SetFinalizer(f, nil)
	return f.fd.release()
}

// isBare reports whether a file is a bare descriptor.
func isBare(f fs.File) bool {
	_, ok := f.(*File)
	return ok
}

func (f *File) failed(op string, err error) error { return pathError(op, f.name, err) }
