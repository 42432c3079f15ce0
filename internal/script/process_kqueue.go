//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package script

import (
	"syscall"
	"time"
)

// sysProcAttr asks for a session, which is a group too and has no terminal: a script could
// type into that of the shell that began the server, by TIOCSTI.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// waitForExit reports whether the leader has exited, or is not ours to wait for any more,
// and waits for that if it may block. It leaves the zombie, which wait4 would not, while
// macOS's waitid also returns for a leader that is stopped.
func (p process) waitForExit(block bool) bool {
	queue, err := syscall.Kqueue() // which no child inherits
	for err != nil {
		if !block {
			return false
		}
		time.Sleep(100 * time.Millisecond) // until there is a descriptor for it
		queue, err = syscall.Kqueue()
	}
	defer syscall.Close(queue)
	var change [1]syscall.Kevent_t
	syscall.SetKevent(&change[0], p.pid, syscall.EVFILT_PROC, syscall.EV_ADD|syscall.EV_ONESHOT)
	change[0].Fflags = syscall.NOTE_EXIT
	var timeout *syscall.Timespec
	if !block {
		timeout = new(syscall.Timespec)
	}
	for changes := change[:]; ; changes = nil {
		var events [1]syscall.Kevent_t
		n, err := syscall.Kevent(queue, changes, events[:], timeout)
		switch {
		case err == syscall.EINTR: // the change was made
		case err == nil && n == 0:
			return false
		default:
			// It has exited, or had before: a zombie is no process to kqueue. That is ESRCH,
			// which comes as an event where there is room for one.
			return true
		}
	}
}
