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
	info, err := os.Stat(path)
	if err == nil {
		err = check(path, info)
	}
	if err != nil {
		return nil, nil, known("open", path, err)
	}
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, nil, known("open", path, err)
	}
	return checked[fs.File](path, f) // so that none is nil
}

func (unbound) Stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	return info, known("stat", path, err)
}

func (u unbound) ReadDir(path string, stat bool) ([]dirlist.Entry, error) {
	f, info, err := u.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !info.IsDir() {
		return nil, notExist("readdir", path)
	}
	found, err := f.(fs.ReadDirFile).ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := entriesOf(found, stat)
	followLinks(entries, stat, func(name string, _ *effort) (fs.FileInfo, error) {
		return os.Stat(filepath.Join(path, name)) // it is the system that follows
	})
	return entries, nil
}
