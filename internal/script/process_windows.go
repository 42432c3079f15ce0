package script

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// Exhausted reports whether Start failed because the system has no more processes, memory
// or handles to give, which passes, and not because of the program.
func Exhausted(err error) bool {
	const (
		tooManyOpenFiles  = syscall.Errno(4)    // ERROR_TOO_MANY_OPEN_FILES
		notEnoughMemory   = syscall.Errno(8)    // ERROR_NOT_ENOUGH_MEMORY
		outOfMemory       = syscall.Errno(14)   // ERROR_OUTOFMEMORY
		noSystemResources = syscall.Errno(1450) // ERROR_NO_SYSTEM_RESOURCES
		commitmentLimit   = syscall.Errno(1455) // ERROR_COMMITMENT_LIMIT
	)
	for _, errno := range []syscall.Errno{tooManyOpenFiles, notEnoughMemory, outOfMemory, noSystemResources, commitmentLimit} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// Lookup finds a user. Windows has none that a server could start a program as without a
// password.
func Lookup(name string) (*Identity, error) {
	return nil, errors.New("script: no other user can be asked for on Windows")
}

var (
	ntdll                    = syscall.NewLazyDLL("ntdll.dll")
	resumeProcess            = ntdll.NewProc("NtResumeProcess")
	kernel32                 = syscall.NewLazyDLL("kernel32.dll")
	createJobObject          = kernel32.NewProc("CreateJobObjectW")
	setInformationJobObject  = kernel32.NewProc("SetInformationJobObject")
	assignProcessToJobObject = kernel32.NewProc("AssignProcessToJobObject")
	terminateJobObject       = kernel32.NewProc("TerminateJobObject")
)

// process is a script's leader and the job object that it and those whom it starts belong
// to. Its methods are not to be called after reap.
//
// What leaves the job, where somebody lets it, is out of reach.
type process struct {
	handle syscall.Handle
	waiter syscall.Handle // of the leader too, for waitForExit that blocks, which closes it
	job    syscall.Handle // 0 if the system would not have one: then it is the leader alone
}

// sysProcAttr keeps a script away from the server's console: from what is typed there,
// Ctrl-C above all, and from its screen. Programs with windows show none.
func sysProcAttr() *syscall.SysProcAttr {
	const createNoWindow = 0x08000000
	return &syscall.SysProcAttr{HideWindow: true, CreationFlags: createNoWindow}
}

// fork starts p with these for its standard input, output and error. It does nothing before
// it is in its job, or what it starts might be in none.
func fork(p *Program, files []uintptr, sys *syscall.SysProcAttr) (process, error) {
	const (
		createSuspended = 0x4
		badExeFormat    = syscall.Errno(193) // ERROR_BAD_EXE_FORMAT
	)
	if p.User != nil {
		return process{}, errors.New("script: no other user can be asked for on Windows")
	}
	suspend := resumeProcess.Find() == nil
	if suspend {
		sys.CreationFlags |= createSuspended
	}
	sys.CmdLine = commandLine(p.Args)
	_, handle, err := syscall.StartProcess(p.Path, p.Args, &syscall.ProcAttr{Dir: p.Dir, Env: p.Env, Files: files, Sys: sys})
	if errors.Is(err, badExeFormat) {
		err = fmt.Errorf("%w (what runs are .exe, .bat and .cmd files, and .py files where python.exe or py.exe is in PATH)", err)
	}
	if err != nil {
		return process{}, &os.PathError{Op: "execute", Path: p.Path, Err: err}
	}
	started := process{handle: syscall.Handle(handle), job: newJob(syscall.Handle(handle))}
	if err := started.begin(suspend); err != nil {
		started.kill()
		started.close()
		return process{}, &os.PathError{Op: "execute", Path: p.Path, Err: err}
	}
	return started, nil
}

// begin makes the waiter, and lets the process run if it is suspended.
func (p *process) begin(suspended bool) error {
	self, err := syscall.GetCurrentProcess()
	if err == nil {
		err = syscall.DuplicateHandle(self, p.handle, self, &p.waiter, syscall.SYNCHRONIZE, false, 0)
	}
	if err != nil {
		return os.NewSyscallError("DuplicateHandle", err)
	}
	if !suspended {
		return nil
	}
	if status, _, _ := resumeProcess.Call(uintptr(p.handle)); int32(status) < 0 {
		syscall.CloseHandle(p.waiter)
		return fmt.Errorf("NtResumeProcess: %#x", uint32(status))
	}
	return nil
}

// commandLine puts the program's name in quotes even where it holds no blank: what reads
// batch files would take "R&D" for two commands. Of arguments, it is for the caller to give
// none to those.
func commandLine(args []string) string {
	if len(args) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`"` + args[0] + `"`) // no path holds a quote
	for _, arg := range args[1:] {
		b.WriteString(" " + syscall.EscapeArg(arg))
	}
	return b.String()
}

// newJob returns a job object with the process in it, which ends with its last handle, as
// this process's end closes it. It returns 0 if that cannot be had.
func newJob(process syscall.Handle) syscall.Handle {
	const (
		extendedLimitInformation = 9
		killOnJobClose           = 0x2000
	)
	var limits struct { // JOBOBJECT_EXTENDED_LIMIT_INFORMATION
		PerProcessUserTimeLimit, PerJobUserTimeLimit int64
		LimitFlags                                   uint32
		MinimumWorkingSetSize, MaximumWorkingSetSize uintptr
		ActiveProcessLimit                           uint32
		Affinity                                     uintptr
		PriorityClass, SchedulingClass               uint32
		IOInfo                                       [6]uint64
		ProcessMemoryLimit, JobMemoryLimit           uintptr
		PeakProcessMemoryUsed, PeakJobMemoryUsed     uintptr
	}
	limits.LimitFlags = killOnJobClose
	job, _, _ := createJobObject.Call(0, 0)
	if job == 0 {
		return 0
	}
	if ok, _, _ := setInformationJobObject.Call(job, extendedLimitInformation, uintptr(unsafe.Pointer(&limits)), unsafe.Sizeof(limits)); ok != 0 {
		if ok, _, _ := assignProcessToJobObject.Call(job, uintptr(process)); ok != 0 {
			return syscall.Handle(job)
		}
	}
	syscall.CloseHandle(syscall.Handle(job))
	return 0
}

// terminate is kill: there is no asking on Windows.
func (p process) terminate() { p.kill() }

func (p process) kill() {
	if p.job != 0 {
		terminateJobObject.Call(uintptr(p.job), 1)
		return
	}
	syscall.TerminateProcess(p.handle, 1)
}

// waitForExit reports whether the leader has exited, and waits for that if it may block, as
// it may once.
func (p process) waitForExit(block bool) bool {
	if block {
		// The other handle may be closed by now, and its number be another one's.
		defer syscall.CloseHandle(p.waiter)
		_, err := syscall.WaitForSingleObject(p.waiter, syscall.INFINITE)
		return err == nil
	}
	result, err := syscall.WaitForSingleObject(p.handle, 0)
	return err != nil || result != syscall.WAIT_TIMEOUT
}

// reap ends the job and lets go of the leader, which has exited.
func (p process) reap() Exit {
	var code uint32
	err := syscall.GetExitCodeProcess(p.handle, &code)
	if p.job != 0 {
		p.kill()
	}
	p.close()
	switch {
	case err != nil:
		return Exit{}
	case code>>28 == 0xC:
		// The system's word for why it has ended the program, as 0xC0000005 for an access
		// to memory that is not there. It is what a signal is elsewhere.
		return Exit{Code: int(int32(code))}
	}
	return Exit{Code: int(code)}
}

func (p process) close() {
	if p.job != 0 {
		syscall.CloseHandle(p.job)
	}
	syscall.CloseHandle(p.handle)
}
