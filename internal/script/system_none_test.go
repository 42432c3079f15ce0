//go:build !unix

package script

import (
	"os"
	"syscall"
	"testing"
)

var terminate = os.Interrupt

func killSelf() { os.Exit(9) }

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
