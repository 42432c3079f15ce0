//go:build !linux || android

package docroot

import (
	"io/fs"

	"example.com/httpserver/internal/dirlist"
)

// readEntries gives what an open directory holds.
func readEntries(f fs.File, stat bool, more More) ([]dirlist.Entry, error) {
	if err := more.ask(unknown); err != nil {
		return nil, err
	}
	found, err := f.(fs.ReadDirFile).ReadDir(-1)
	if err != nil {
		return nil, err
	}
	return entriesOf(found, stat), nil
}
