//go:build !unix && !windows

package script

// IsExecutable reports false: this system runs no programs.
func IsExecutable(string) bool { return false }

// Interpreted gives what would run a script, and its arguments.
func Interpreted(path string, _ bool, arguments []string) (program string, args []string) {
	return path, named(path, arguments)
}
