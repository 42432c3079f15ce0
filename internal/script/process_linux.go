package script

import (
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// Of waitid(2); package syscall does not have them.
const (
	waitPID    = 1 // P_PID
	waitNoHang = 0x1
	waitExited = 0x4
	waitNoWait = 0x1000000
)

// sysProcAttr asks for a group and, where the server has a terminal, for a session, which
// is a group too and has none: a script that reaches the one of the shell that began the
// server writes to it what it likes and, where TIOCSTI is, types what that shell then runs,
// as root perhaps. One that asks somebody for a password learns at once that nobody is
// there. A session of its own is a scheduling group of its own, which costs some 30 µs, so
// that those who have no terminal to lose do without.
//
// It also asks for KILL at the server's own end: when it is killed nobody is left who
// ends the script. This reaches the leader, not its group, and is forgotten by programs
// that gain privileges. The end that counts is really that of the thread which started the
// script: the runtime ends one only with a goroutine that was locked to it.
func sysProcAttr() *syscall.SysProcAttr {
	terminal := hasTerminal()
	return &syscall.SysProcAttr{Setsid: terminal, Setpgid: !terminal, Pdeathsig: syscall.SIGKILL}
}

// hasTerminal reports whether this process has a controlling terminal. One that has none
// would have to lead a session to get one.
var hasTerminal = sync.OnceValue(func() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
})

// waitForExit reports whether the leader has exited, or is not ours to wait for any more,
// and waits for that if it may block. It leaves the zombie.
func (p process) waitForExit(block bool) bool {
	options := waitExited | waitNoWait
	if !block {
		options |= waitNoHang
	}
	var info [16]uint64 // siginfo_t; it begins with si_signo, which is zero if there is nothing to tell
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, waitPID, uintptr(p.pid),
			uintptr(unsafe.Pointer(&info)), uintptr(options), 0, 0)
		switch errno {
		case 0:
			return *(*int32)(unsafe.Pointer(&info)) != 0
		case syscall.EINTR:
		default:
			return true
		}
	}
}
