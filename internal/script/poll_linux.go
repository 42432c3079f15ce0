//go:build linux && !httpserver_pumps

package script

import (
	"syscall"
	"time"
	"unsafe"
)

// What a descriptor is ready for, to poll and epoll alike. Others are its end, or an error.
const readyIn = 0x1 // POLLIN, EPOLLIN: there is something to read

// pollFD is struct pollfd of poll(2). Those with a negative fd are left out.
type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

// poll waits in ppoll(2), and so by a thread, until a descriptor is ready, or for limit at
// most. A signal may end the wait early; then none is ready.
func poll(fds []pollFD, limit time.Duration) error {
	timeout := syscall.NsecToTimespec(int64(max(0, limit)))
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	if errno != 0 && errno != syscall.EINTR {
		return errno
	}
	return nil
}
