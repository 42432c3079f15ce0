//go:build linux || darwin || freebsd

package main

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalColumns asks the terminal for its width. It is 0 where f is none.
func terminalColumns(f *os.File) int {
	columns, _ := askTerminal(f)
	return columns
}

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool {
	_, ok := askTerminal(f)
	return ok
}

// askTerminal asks for a window's width, which some terminals do not know, and whether f is a terminal at all.
func askTerminal(f *os.File) (columns int, ok bool) {
	var size struct{ rows, columns, width, height uint16 }
	conn, err := f.SyscallConn() // f.Fd would change how others find it
	if err != nil {
		return 0, false
	}
	conn.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
		ok = errno == 0
	})
	return int(size.columns), ok
}
