package script

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// IsExecutable reports whether there is such a file: the system has no such right.
func IsExecutable(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Interpreted gives what runs a script, and its arguments, the name first. The
// system knows no first line that names an interpreter: like CPython, it is found
// by the script's name, for Python alone. Batch files get no arguments, since what
// reads them takes some characters of a client's for commands.
func Interpreted(path string, isPython bool, arguments []string) (program string, args []string) {
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case ext == ".bat" || ext == ".cmd":
		return path, named(path, nil)
	case isPython:
		for _, name := range []string{"python.exe", "py.exe"} {
			if interpreter, err := exec.LookPath(name); err == nil {
				return interpreter, named(interpreter, append([]string{"-u", path}, arguments...))
			}
		}
	}
	return path, named(path, arguments)
}
