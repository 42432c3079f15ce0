//go:build unix

package docroot

import "syscall"

func makeFIFO(name string) error { return syscall.Mkfifo(name, 0o644) }
