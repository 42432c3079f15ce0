//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !windows

package script

import (
	"errors"
	"syscall"
)

// Exhausted reports whether Start failed because the system has no more to give.
func Exhausted(error) bool { return false }

// process is not to be had on this system.
type process struct{}

func fork(*Program, []uintptr, *syscall.SysProcAttr) (process, error) {
	return process{}, errors.ErrUnsupported
}

func sysProcAttr() *syscall.SysProcAttr { return nil }

func (process) terminate() {}

func (process) kill() {}

func (process) waitForExit(bool) bool { return true }

func (process) reap() Exit { return Exit{} }
