//go:build linux && !httpserver_pumps

package script

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// pidfds is whether the kernel is asked for them.
var pidfds = true

// start starts p. Only our ends of the pipes do not block.
func (s *Script) start(p *Program, null *os.File) (err error) {
	var theirs []int // descriptors to close in any case
	defer func() {
		for _, fd := range theirs {
			syscall.Close(fd)
		}
	}()

	out, outTheirs, err := pipe()
	if err != nil {
		return err
	}
	setNonblock(out)
	theirs = append(theirs, outTheirs)
	complaints, errTheirs, err := pipe()
	if err != nil {
		syscall.Close(out)
		return err
	}
	setNonblock(complaints)
	theirs = append(theirs, errTheirs)
	s.watch = newWatch(out, complaints)
	s.watch.await = p.Await
	started := false
	defer func() {
		if !started {
			s.watch.close()
			s.closeInput()
		}
	}()

	files := []uintptr{0, uintptr(outTheirs), uintptr(errTheirs)}
	switch {
	case p.Stdin != nil:
		files[0] = p.Stdin.Fd()
	case p.hasPipe():
		in, ours, err := pipe()
		if err != nil {
			return err
		}
		theirs = append(theirs, in)
		setNonblock(ours)
		s.unfed = p.Content[writeNow(ours, p.Content):]
		if p.Input || len(s.unfed) > 0 {
			s.stdin = os.NewFile(uintptr(ours), "stdin")
		} else {
			theirs = append(theirs, ours) // the end of the input
		}
		files[0] = uintptr(in)
	default:
		files[0] = null.Fd()
	}

	leader := -1
	sys := sysProcAttr()
	if pidfds {
		sys.PidFD = &leader
	}
	s.process, err = fork(p, files, sys)
	runtime.KeepAlive(p.Stdin)
	runtime.KeepAlive(null)
	if err != nil {
		return err
	}
	if s.watch.leader, err = watchLeader(leader, s.process); err != nil {
		s.process.kill()
		s.process.waitForExit(true)
		s.process.reap()
		return err
	}
	started = true
	return nil
}

// watchLeader gives the descriptor that can be read when the leader has exited: its pidfd.
// Linux before 5.3 and some sandboxes have none: a thread waits there, and then closes a
// pipe.
func watchLeader(pidfd int, p process) (int, error) {
	if pidfd >= 0 {
		return pidfd, nil
	}
	ours, theirs, err := pipe()
	if err != nil {
		return -1, err
	}
	go func() {
		p.waitForExit(true)
		syscall.Close(theirs)
	}()
	return ours, nil
}

// pipe makes a pipe: the end to read from, and the end to write to.
func pipe() (r, w int, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return fds[0], fds[1], nil
}

// setNonblock is syscall.SetNonblock for descriptors that have no flags which it would
// have to ask for.
func setNonblock(fd int) {
	syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFL, syscall.O_NONBLOCK)
}

// writeNow writes as much as there is room for without waiting, and gives how much that is.
func writeNow(fd int, p []byte) int {
	if len(p) == 0 {
		return 0
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0
	}
	return int(n)
}

// readNow reads what is there without waiting, so that the scheduler need not know.
func readNow(fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

func closeDescriptor(fd *int) {
	if *fd >= 0 {
		syscall.Close(*fd)
		*fd = -1
	}
}
