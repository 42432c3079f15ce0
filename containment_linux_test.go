package httpserver_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// exchangeNames lets two names stand for each other's files, in one step: neither is
// ever without one.
func exchangeNames(one, other string) error {
	const (
		atFDCWD        = -100
		renameExchange = 2
	)
	number := map[string]uintptr{"amd64": 316, "arm64": 276, "riscv64": 276}[runtime.GOARCH] // of renameat2(2)
	if number == 0 {
		return syscall.ENOSYS
	}
	a, err := syscall.BytePtrFromString(one)
	if err != nil {
		return err
	}
	b, err := syscall.BytePtrFromString(other)
	if err != nil {
		return err
	}
	here := atFDCWD
	_, _, errno := syscall.Syscall6(number, uintptr(here), uintptr(unsafe.Pointer(a)), uintptr(here), uintptr(unsafe.Pointer(b)), renameExchange, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// watchOpens gives a function that tells what was opened, since it was called last,
// of files and of what lies in directories.
func watchOpens(t *testing.T, names []string) func() []string {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	watched := map[int32]string{}
	for _, name := range names {
		wd, err := syscall.InotifyAddWatch(fd, name, syscall.IN_OPEN|syscall.IN_ACCESS)
		if err != nil {
			t.Fatal(err)
		}
		watched[int32(wd)] = name
	}
	return func() (opened []string) {
		b := make([]byte, 64<<10)
		n, err := syscall.Read(fd, b)
		if err != nil {
			return nil
		}
		for b = b[:n]; len(b) >= syscall.SizeofInotifyEvent; {
			wd := int32(binary.NativeEndian.Uint32(b))
			end := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
			name := bytes.TrimRight(b[syscall.SizeofInotifyEvent:end], "\x00")
			opened = append(opened, filepath.Join(watched[wd], string(name)))
			b = b[end:]
		}
		return opened
	}
}
