//go:build !linux || android

package docroot

import (
	"io/fs"

	"example.com/httpserver/internal/dirlist"
)

// readEntries gives what an open directory holds.
func readEntries(f fs.File, stat bool) ([]dirlist.Entry, error) {
	found, err := f.(fs.ReadDirFile).ReadDir(-1)
	if err != nil {
		return nil, err
	}
	return entriesOf(found, stat), nil
}
