//go:build !linux || android || httpserver_portable || !(amd64 || arm64 || riscv64)

package docroot

import (
	"io/fs"
	"os"
)

// openPath opens a path of the disk, and looks at it before.
func openPath(path string) (fs.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = check(path, info)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	return checked[fs.File](path, f) // so that none is nil
}

func statPath(path string) (fs.FileInfo, error) { return os.Stat(path) }

// isBare reports whether a file is a bare descriptor, of which there is none here.
func isBare(fs.File) bool { return false }

// A place says which directory is meant, whatever it is called.
type place struct{ info fs.FileInfo }

func placeOf(path string) (place, error) {
	info, err := os.Stat(path)
	return place{info}, err
}

func placeIn(info fs.FileInfo) place { return place{info} }

func (p place) is(other place) bool { return os.SameFile(p.info, other.info) }

// withinPlainly is Within for a path that has no links, where one can tell.
func withinPlainly(string, []place) (within, ok bool) { return false, false }
