package main

import (
	"os"

	"example.com/httpserver/cmd/httpserver/internal/argparse"
)

// columns is the width of the terminal, as shutil.get_terminal_size finds it.
func columns() int {
	const unknown = 80
	if n, ok := argparse.ParseInt(os.Getenv("COLUMNS")); ok && n > 0 {
		return n
	}
	if n := terminalColumns(os.Stdout); n > 0 {
		return n
	}
	return unknown
}
