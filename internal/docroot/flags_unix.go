//go:build unix

package docroot

import (
	"os"
	"syscall"
)

// openFlags keep the open of a FIFO from waiting for a writer, and a terminal
// from becoming ours.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
