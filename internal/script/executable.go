package script

import "path/filepath"

// named gives the arguments of a program, with its name before them.
func named(path string, arguments []string) []string {
	return append([]string{filepath.Base(path)}, arguments...)
}
