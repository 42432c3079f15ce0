package docroot

import (
	"io/fs"
	"os"
	"path/filepath"

	"example.com/httpserver/internal/dirlist"
)

// unbound is the Tree of the disk as it stands: names are paths, and links lead
// anywhere.
type unbound struct{}

func (unbound) Open(path string) (fs.File, fs.FileInfo, error) {
	f, info, err := openPath(path)
	if err != nil {
		return nil, nil, known("open", path, err)
	}
	return f, info, nil
}

func (unbound) Stat(path string) (fs.FileInfo, error) {
	info, err := statPath(path)
	return info, known("stat", path, err)
}

func (u unbound) ReadDir(path string, stat bool) ([]dirlist.Entry, error) {
	return u.readDir(path, stat, nil)
}

func (u unbound) readDir(path string, stat bool, more More) ([]dirlist.Entry, error) {
	f, info, err := u.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !info.IsDir() {
		return nil, notExist("readdir", path)
	}
	entries, err := readEntries(f, stat, more)
	if err != nil {
		return nil, err
	}
	followLinks(entries, stat, func(name string, _ *effort) (fs.FileInfo, error) {
		return os.Stat(filepath.Join(path, name)) // it is the system that follows
	})
	return entries, nil
}
