package docroot

import (
	"errors"
	"io/fs"
	"os"
	gopath "path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/httpserver/internal/dirlist"
	"example.com/httpserver/internal/urlpath"
)

// Paths finds what paths stand for that a program makes of requests. Those below
// its directory are found by its Tree; what else a program spells out is its word,
// and opened as it stands.
type Paths struct {
	Directory string // as it is spelled in paths; with an FS a name within that, "." for all of it
	Root      *Root  // of Directory
	FS        fs.FS  // in place of the disk; there is no Root then
	Hide      bool   // names that begin with a dot are not there
}

// Join gives the path of a name, with slashes, below the path of a directory. That
// stays as it is spelled: it is by it that Directory is known again.
func (p Paths) Join(dir, name string) string {
	if p.FS != nil {
		return gopath.Join(dir, name)
	}
	return strings.TrimRightFunc(dir, isSeparator) + string(os.PathSeparator) + filepath.FromSlash(name)
}

// Open opens a path, as Tree.Open does. A directory that may not be read is an
// error with a FileInfo.
func (p Paths) Open(path string) (f fs.File, info fs.FileInfo, err error) {
	switch tree, name := p.locate(path); {
	case tree == nil:
		f, info, err = Open(path)
	case p.hides(name):
		err = notExist("open", path)
	default:
		f, info, err = tree.Open(name)
	}
	if errors.Is(err, fs.ErrPermission) {
		info, _ = p.Stat(path)
	}
	return f, info, err
}

// Stat tells what a path stands for, as Tree.Stat does.
func (p Paths) Stat(path string) (fs.FileInfo, error) {
	switch tree, name := p.locate(path); {
	case tree == nil:
		return os.Stat(path)
	case p.hides(name):
		return nil, notExist("stat", path)
	default:
		return tree.Stat(name)
	}
}

// ReadDir gives what a directory holds, as Tree.ReadDir does.
func (p Paths) ReadDir(path string, stat bool) (entries []dirlist.Entry, err error) {
	switch tree, name := p.locate(path); {
	case tree == nil:
		entries, err = ReadDir(path, stat)
	case p.hides(name):
		err = notExist("readdir", path)
	default:
		entries, err = tree.ReadDir(name, stat)
	}
	if p.Hide {
		entries = slices.DeleteFunc(entries, func(e dirlist.Entry) bool { return isDotfile(e.Name) })
	}
	return entries, err
}

// locate gives the Tree that a path is found in and its name there, or no Tree.
func (p Paths) locate(path string) (tree Tree, name string) {
	if p.FS != nil {
		return NewFS(p.FS, ""), strings.Trim(path, "/")
	}
	rest, ok := strings.CutPrefix(path, strings.TrimRightFunc(p.Directory, isSeparator))
	if !ok || rest != "" && !isSeparator(rune(rest[0])) {
		return nil, ""
	}
	return p.Root, strings.Trim(filepath.ToSlash(rest), "/")
}

// isSeparator reports whether r stands between the names of a path.
func isSeparator(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) }

// hides reports whether a name is not to be there. What sites are to publish for
// others to find, by RFC 8615, is. How Directory itself is called does not matter.
func (p Paths) hides(name string) bool {
	if !p.Hide {
		return false
	}
	if p.FS != nil {
		if rest, ok := strings.CutPrefix(name+"/", p.Directory+"/"); ok {
			name = rest
		}
	}
	first := true
	for word := range strings.SplitSeq(name, "/") {
		if isDotfile(word) && !(first && word == ".well-known") {
			return true
		}
		if runtime.GOOS == "windows" && urlpath.IsShortName(word) {
			return true // it may be another name of a dotfile
		}
		first = false
	}
	return false
}

func isDotfile(name string) bool { return strings.HasPrefix(name, ".") }
