package accept

import "syscall"

// exhausted is how the system says that descriptors or memory ran out. Package
// syscall has inventions of its own under the names of Unix, and these not at
// all.
var exhausted = []syscall.Errno{
	10024, // WSAEMFILE
	10055, // WSAENOBUFS
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
}
