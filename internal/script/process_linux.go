package script

import (
	"os"
	"runtime"
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
	if s.watch, err = newWatch(out, complaints); err != nil {
		return err
	}
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
	case p.Input:
		in, ours, err := pipe()
		if err != nil {
			return err
		}
		theirs = append(theirs, in)
		setNonblock(ours)
		s.stdin = os.NewFile(uintptr(ours), "stdin")
		files[0] = uintptr(in)
	default:
		files[0] = null.Fd()
	}

	leader := -1
	s.process, err = fork(p, files, &syscall.SysProcAttr{
		// When the server is killed nobody would be left who ends the script. This ends the
		// leader, not its group, and is forgotten by programs that gain privileges. It is
		// really the thread that started the script whose end it means: the runtime ends one
		// only when a goroutine that is locked to it does.
		Pdeathsig: syscall.SIGKILL,
		PidFD:     &leader,
	})
	runtime.KeepAlive(p.Stdin)
	runtime.KeepAlive(null)
	if err != nil {
		return err
	}
	if err := s.watch.addLeader(leader, s.process); err != nil {
		s.process.kill()
		for ok := false; !ok; _, ok = s.process.reap() {
			s.process.waitForExit(0)
		}
		return err
	}
	started = true
	return nil
}

// addLeader has the watch say when the leader has exited. Linux before 5.3 and some
// sandboxes have no pidfds: a thread waits there, and then closes a pipe.
func (w *watch) addLeader(pidfd int, p process) error {
	if pidfd >= 0 {
		w.leader = pidfd
		if w.add(pidfd, aboutLeader) == nil {
			return nil
		}
		closeDescriptor(&w.leader)
	}
	ours, theirs, err := pipe()
	if err != nil {
		return err
	}
	w.leader = ours
	if err := w.add(ours, aboutLeader); err != nil {
		syscall.Close(theirs)
		return err
	}
	go func() {
		p.waitForExit(0)
		syscall.Close(theirs)
	}()
	return nil
}

// hasExited reports whether the leader has exited, or is not ours to wait for any more.
func (p process) hasExited() bool { return p.waitForExit(waitNoHang) }

// waitForExit is hasExited, and waits unless options has waitNoHang. It leaves the zombie.
func (p process) waitForExit(options int) bool {
	var info [16]uint64 // siginfo_t; it begins with si_signo, which is zero if there is nothing to tell
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, waitPID, uintptr(p.pid),
			uintptr(unsafe.Pointer(&info)), uintptr(options|waitExited|waitNoWait), 0, 0)
		switch errno {
		case 0:
			return *(*int32)(unsafe.Pointer(&info)) != 0
		case syscall.EINTR:
		default:
			return true
		}
	}
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
