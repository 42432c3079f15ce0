//go:build !unix

package script

import (
	"os"
	"syscall"
	"testing"
)

var terminate = os.Interrupt

func killSelf() { os.Exit(killed(-9)) }

// killed is the exit code of what a signal ends elsewhere.
func killed(int) int { return 1 }

func ownSession() *syscall.SysProcAttr { return nil }

func expectGroupGone(t *testing.T, s *Script) {
	t.Helper()
	if !s.isGone() {
		t.Error("script is not gone")
	}
}

func endStray(t *testing.T, pid int) {
	t.Helper()
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}

func expectNoChildren(*testing.T) {}
