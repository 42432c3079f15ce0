//go:build !linux && !darwin && !freebsd

package main

import "os"

func terminalColumns(*os.File) int { return 0 }

// isTerminal reports whether f is a terminal, or something like it.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
