//go:build !windows

package accept

import "syscall"

// exhausted is how the system says that descriptors or memory ran out.
var exhausted = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}
