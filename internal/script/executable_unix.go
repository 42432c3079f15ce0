//go:build unix

package script

import "syscall"

// IsExecutable reports whether the system lets this process execute a file.
func IsExecutable(path string) bool {
	const xOK = 1 // X_OK of unistd.h, the same everywhere
	return syscall.Access(path, xOK) == nil
}

// Interpreted gives what runs a script, and its arguments, the name first: the
// system finds the interpreter that a script names in its first line.
func Interpreted(path string, isPython bool, arguments []string) (program string, args []string) {
	return path, named(path, arguments)
}
