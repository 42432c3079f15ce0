package docroot

import (
	"io/fs"
	"path"

	"example.com/httpserver/internal/dirlist"
)

// An FSTree is a directory of an fs.FS. Where links lead is up to the FS.
type FSTree struct {
	fsys fs.FS
	dir  string
}

// NewFS gives the FSTree for dir, a name within fsys; "" is all of it. An FS that
// has neither Stat nor Lstat can be looked at by opening alone, and so must not
// block in Open: one that hides those of an [os.DirFS] waits at a FIFO for ever.
func NewFS(fsys fs.FS, dir string) *FSTree { return &FSTree{fsys, path.Clean(dir)} }

// Open opens a file or a directory for reading, without waiting for anybody:
// what the FS lets be looked at is looked at before.
func (t *FSTree) Open(name string) (fs.File, fs.FileInfo, error) {
	full, err := t.name("open", name)
	if err != nil {
		return nil, nil, err
	}
	left := nameEffort
	full, info, err := t.look(full, &left)
	if err == nil && info != nil {
		err = check(name, info)
	}
	if err != nil {
		return nil, nil, known("open", name, err)
	}
	f, err := t.fsys.Open(full)
	if err != nil {
		return nil, nil, known("open", name, err)
	}
	return checked(name, f)
}

// Stat tells what a name stands for.
func (t *FSTree) Stat(name string) (fs.FileInfo, error) {
	left := nameEffort
	return t.stat(name, &left)
}

func (t *FSTree) stat(name string, left *effort) (fs.FileInfo, error) {
	full, err := t.name("stat", name)
	if err != nil {
		return nil, err
	}
	full, info, err := t.look(full, left)
	if err == nil && info == nil {
		info, err = fs.Stat(t.fsys, full)
		err = told("stat", name, info, err)
	}
	return info, known("stat", name, err)
}

// ReadDir gives what a directory holds.
func (t *FSTree) ReadDir(name string, stat bool) ([]dirlist.Entry, error) {
	full, err := t.name("readdir", name)
	if err != nil {
		return nil, err
	}
	left := nameEffort
	full, info, err := t.look(full, &left)
	if err == nil && info != nil && !info.IsDir() {
		err = notExist("readdir", name)
	}
	if err != nil {
		return nil, known("readdir", name, err)
	}
	found, err := fs.ReadDir(t.fsys, full)
	if err != nil {
		return nil, known("readdir", name, err)
	}
	entries := entriesOf(found, stat)
	followLinks(entries, stat, func(link string, left *effort) (fs.FileInfo, error) {
		return t.stat(path.Join(name, link), left)
	})
	return entries, nil
}

// name gives the name within the FS. Not all that a file system of the disk
// may hold is one: it is UTF-8.
func (t *FSTree) name(op, name string) (string, error) {
	full := path.Join(t.dir, name)
	if name != "" && !fs.ValidPath(name) || !fs.ValidPath(full) || hasNUL(name) {
		return "", notExist(op, name)
	}
	return full, nil
}

// look tells what a name stands for without opening it, which would wait for
// the writer of a FIFO, and which name then to open. An FS that has no way of
// doing so is none of the disk; info is nil.
//
// That of [fs.Sub] cannot look at what a link leads to. One that is the last word
// of a name is followed here, and may not lead out: nobody could see what it leads
// to. What stands before the last word is followed by the FS below, as [os.DirFS]
// does, out of it too.
func (t *FSTree) look(name string, left *effort) (open string, info fs.FileInfo, err error) {
	switch fsys := t.fsys.(type) {
	case fs.StatFS:
		info, err = fsys.Stat(name)
	case fs.ReadLinkFS:
		info, err = fsys.Lstat(name)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			name, err = resolve(name, linksFS{fsys}, func(string) (string, bool) { return "", false }, left)
			if err == nil {
				info, err = fsys.Lstat(name)
			}
		}
	}
	return name, info, err
}

// linksFS tells of the links in an FS.
type linksFS struct{ fs.ReadLinkFS }

func (l linksFS) Readlink(name string) (string, error) { return l.ReadLink(name) }
