//go:build unix

package script

import (
	"os"
	"syscall"
	"testing"
	"time"
)

const terminate = syscall.SIGTERM

func killSelf() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	time.Sleep(forever)
}

func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// expectGroupGone fails unless the script is reaped and nothing is left of its group.
func expectGroupGone(t *testing.T, s *Script) {
	t.Helper()
	pid := s.process.pid
	if !s.isGone() {
		t.Errorf("script %d is not gone", pid)
		return
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("leader %d: %v, want %v", pid, err, syscall.ESRCH)
	}
	eventually(t, "the group is gone", func() bool {
		syscall.Wait4(-pid, nil, syscall.WNOHANG, nil) // we may be who orphans go to
		return syscall.Kill(-pid, 0) == syscall.ESRCH
	})
}

// endStray kills a process that has left its script's group, and fails unless it was there.
func endStray(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("stray %d: %v", pid, err)
	}
	eventually(t, "the stray is gone", func() bool {
		syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		return syscall.Kill(pid, 0) == syscall.ESRCH
	})
}

// expectNoChildren fails unless all processes that we, or those we have started, have left
// behind are reaped.
func expectNoChildren(t *testing.T) {
	t.Helper()
	eventually(t, "no child is left", func() bool {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid > 0 {
			t.Logf("reaped %d", pid)
		}
		return err == syscall.ECHILD
	})
}

// killed is the exit code of what a signal has ended.
func killed(signal int) int { return signal }
