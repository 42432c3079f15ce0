package ppoll

import (
	"syscall"
	"time"
	"unsafe"
)

// What a descriptor is ready for. Error and HangUp are told without being asked for. In is
// the same to epoll.
const (
	In     = 0x1  // POLLIN: there is something to read
	Error  = 0x8  // POLLERR
	HangUp = 0x10 // POLLHUP
)

// An FD is what is asked of a descriptor, and the answer: struct pollfd. Those with a
// negative FD are left out.
type FD struct {
	FD     int32
	Events int16
	Ready  int16
}

// Wait waits until a descriptor is ready, or for limit at most. That takes a thread. A
// signal may end the wait early; then none is ready.
func Wait(fds []FD, limit time.Duration) error {
	timeout := syscall.NsecToTimespec(int64(max(0, limit)))
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	return failure(errno)
}

// Hold is Wait for a caller that keeps its processor meanwhile, from all other goroutines.
// The signal with which the runtime stops the world ends it.
func Hold(fds []FD, limit time.Duration) error {
	timeout := syscall.NsecToTimespec(int64(max(0, limit)))
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	return failure(errno)
}

func failure(errno syscall.Errno) error {
	if errno != 0 && errno != syscall.EINTR {
		return errno
	}
	return nil
}
