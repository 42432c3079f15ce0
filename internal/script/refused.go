//go:build unix

package script

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// refused says why the system did not execute a script. What it says itself is about the
// interpreter as often as about the script, and does not tell.
func refused(path string, err error) error {
	refusal := &os.PathError{Op: "execute", Path: path, Err: err}
	interpreter, named := interpreterOf(path)
	switch {
	case errors.Is(err, syscall.ENOENT) && named:
		hint := ""
		if strings.HasSuffix(interpreter, "\r") {
			hint = ", and has the line ends of DOS"
		}
		return fmt.Errorf("%w: its first line asks for %s%s", refusal, strconv.Quote(interpreter), hint)
	case errors.Is(err, syscall.ENOEXEC) && !named:
		return fmt.Errorf("%w: it is no program, and its first line does not begin with #! and name one", refusal)
	}
	return refusal
}

// interpreterOf gives the interpreter that the first line of a script names.
func interpreterOf(path string) (interpreter string, named bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be something else by now
	if err != nil {
		return "", false
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n') // longer ones are cut by Linux, too
	line, named = strings.CutPrefix(strings.TrimSuffix(line, "\n"), "#!")
	interpreter, _, _ = strings.Cut(strings.TrimLeft(line, " \t"), " ")
	return interpreter, named
}
