package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// unsupported is why this program cannot run here, or nothing.
const unsupported = ""

// status gives what the system says of a process: its memory in RAM, in bytes, and its
// threads.
func status(pid int) (resident int64, threads int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			resident = n * 1024
		case "Threads":
			threads = int(n)
		}
	}
	if resident == 0 || threads == 0 {
		return 0, 0, fmt.Errorf("/proc/%d/status has no VmRSS and Threads", pid)
	}
	return resident, threads, nil
}

// descriptors gives what a process has open.
func descriptors(pid int) (names []string, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		name, _ := os.Readlink(dir + "/" + e.Name())
		names = append(names, name)
	}
	return names, err
}

// forget makes a hole of a file's beginning, so that it takes no room. A file system that
// has no holes keeps it.
func forget(f *os.File, size int64) {
	const punchHole, keepSize = 2, 1
	syscall.Fallocate(int(f.Fd()), punchHole|keepSize, 0, size)
}

// endWithUs has a process killed when this one ends, however it does.
func endWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
