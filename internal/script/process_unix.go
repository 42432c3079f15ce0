//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package script

import (
	"errors"
	"syscall"
)

// Exhausted reports whether Start failed because the system has no more processes, memory
// or descriptors to give, which passes, and not because of the program.
func Exhausted(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// process is a script's leader and its group. Its methods are not to be called after reap.
type process struct{ pid int }

func (p process) terminate() { syscall.Kill(-p.pid, syscall.SIGTERM) }

func (p process) kill() { syscall.Kill(-p.pid, syscall.SIGKILL) }

// reap kills the group and reaps the leader, which has exited.
func (p process) reap() Exit {
	p.kill()
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.pid, &status, 0, nil)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return Exit{} // somebody else in this program has reaped it
		}
	}
	if status.Signaled() {
		return Exit{Code: -int(status.Signal())}
	}
	return Exit{Code: status.ExitStatus()}
}

// fork starts p with these for its standard input, output and error.
func fork(p *Program, files []uintptr, sys *syscall.SysProcAttr) (process, error) {
	if p.User != nil {
		sys.Credential = &syscall.Credential{Uid: p.User.UID, Gid: p.User.GID, Groups: p.User.Groups}
	}
	pid, err := syscall.ForkExec(p.Path, p.Args, &syscall.ProcAttr{Dir: p.Dir, Env: p.Env, Files: files, Sys: sys})
	if err != nil {
		return process{}, refused(p.Path, err)
	}
	return process{pid}, nil
}
