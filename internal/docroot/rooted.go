package docroot

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"example.com/httpserver/internal/dirlist"
)

// rooted is the top that every system has. It opens each directory on the way,
// which must therefore be one that we may read.
type rooted struct{ *os.Root }

func openRooted(dir string) (top, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return rooted{root}, nil
}

func (t rooted) Open(name string) (fs.File, fs.FileInfo, error) {
	info, err := t.Stat(name)
	if err == nil {
		err = check(name, info)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := t.OpenFile(name, openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	return checked[fs.File](name, f) // so that none is nil
}

// ReadDir leaves the looking at entries to package os, which does it by the
// open directory for what was opened through a Root (Go 1.26.1), and has it
// from the directory itself on Windows.
func (t rooted) ReadDir(name string, stat bool, more More) ([]dirlist.Entry, error) {
	opened, info, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	if !info.IsDir() {
		return nil, notExist("readdir", name)
	}
	if err := more.ask(unknown); err != nil {
		return nil, err
	}
	f := opened.(*os.File)
	found, err := f.ReadDir(-1)
	if errors.Is(err, fs.ErrPermission) {
		return namesOf(f) // it may be read but not searched, so there is no more to know
	}
	if err != nil {
		return nil, err
	}
	return entriesOf(found, stat), nil
}

func namesOf(f *os.File) ([]dirlist.Entry, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]dirlist.Entry, len(names))
	for i, name := range names {
		entries[i].Name = name
	}
	return entries, nil
}
