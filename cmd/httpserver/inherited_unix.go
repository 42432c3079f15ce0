//go:build unix

package main

import (
	"os"
	"strconv"
	"syscall"
)

// closeInherited has scripts not get what descriptors the program was given beside the three: whoever began it has
// opened them, as root perhaps, and scripts are run as nobody. What Go opens is closed to them anyway.
//
// Unlike CPython, which leaves them open.
func closeInherited() {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
