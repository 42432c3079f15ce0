//go:build !windows

package docroot

import "syscall"

var namesNothingHere []syscall.Errno
