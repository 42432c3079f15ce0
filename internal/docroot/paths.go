package docroot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

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
	Files     *Files // keeps files of Root; may be nil
}

// Join gives the path of a name, with slashes, below the path of a directory. That
// stays as it is spelled: it is by it that Directory is known again.
func (p Paths) Join(dir, name string) string {
	switch {
	case p.FS == nil:
		return trimSeparators(dir) + string(os.PathSeparator) + filepath.FromSlash(name)
	case dir == ".":
		return name
	}
	return strings.TrimRight(dir, "/") + "/" + name
}

// Open opens a path, as Tree.Open does. A directory that may not be read is an
// error with a FileInfo.
func (p Paths) Open(path string) (f fs.File, info fs.FileInfo, err error) {
	tree, name, err := p.locate("open", path)
	if err == nil {
		if root, ok := tree.(*Root); ok {
			f, info, err = p.Files.open(root, path, name)
		} else {
			f, info, err = tree.Open(name)
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		info, _ = p.Stat(path)
	}
	return f, info, err
}

// Stat tells what a path stands for, as Tree.Stat does.
func (p Paths) Stat(path string) (fs.FileInfo, error) {
	tree, name, err := p.locate("stat", path)
	if err != nil {
		return nil, err
	}
	return tree.Stat(name)
}

// Look is Stat for a path whose directory has been found just now.
func (p Paths) Look(path string) (fs.FileInfo, error) {
	tree, name, err := p.locate("stat", path)
	if err != nil {
		return nil, err
	}
	if root, ok := tree.(*Root); ok {
		return p.Files.look(root, path, name)
	}
	return tree.Stat(name)
}

// KeptIndex gives the path of the first of pages that there is in a directory, if that
// was one of Files. It need not be any more.
func (p Paths) KeptIndex(dir string, pages []string) string {
	if p.Root == nil {
		return ""
	}
	for i, page := range pages {
		path := p.Join(dir, Cleaned(page))
		if !p.Files.has(p.Root, path) {
			continue
		}
		for _, page := range pages[:i] {
			if _, err := p.Look(p.Join(dir, Cleaned(page))); !errors.Is(err, fs.ErrNotExist) {
				return ""
			}
		}
		return path
	}
	return ""
}

// Cleaned gives a name of a program's as one below a directory.
func Cleaned(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// ReadDir gives what a directory holds, as Tree.ReadDir does, if more lets it.
func (p Paths) ReadDir(path string, stat bool, more More) (entries []dirlist.Entry, err error) {
	tree, name, err := p.locate("readdir", path)
	if err != nil {
		return nil, err
	}
	switch tree := tree.(type) {
	case *Root:
		entries, err = tree.readDir(name, stat, more)
	case unbound:
		entries, err = tree.readDir(name, stat, more)
	default:
		if err = more.ask(unknown); err == nil {
			entries, err = tree.ReadDir(name, stat)
		}
	}
	if p.Hide {
		entries = slices.DeleteFunc(entries, func(e dirlist.Entry) bool { return isHidden(e.Name) })
	}
	return entries, err
}

// locate gives the Tree that a path is found in and its name there.
func (p Paths) locate(op, path string) (tree Tree, name string, err error) {
	name, inside := p.below(path)
	switch {
	case inside && p.Hide && hides(name):
		return nil, "", notExist(op, path)
	case inside && p.FS != nil:
		return NewFS(p.FS, p.Directory), name, nil
	case inside:
		return p.Root, name, nil
	case p.FS != nil:
		return NewFS(p.FS, ""), strings.Trim(path, "/"), nil
	}
	return unbound{}, path, nil
}

// below gives the name that a path has below Directory, if it is there.
func (p Paths) below(path string) (name string, inside bool) {
	if p.FS != nil && p.Directory == "." {
		if path == "." {
			return "", true
		}
		return strings.Trim(strings.TrimPrefix(path, "./"), "/"), true
	}
	rest, ok := strings.CutPrefix(path, trimSeparators(p.Directory))
	if !ok || rest != "" && !os.IsPathSeparator(rest[0]) {
		return "", false
	}
	return strings.Trim(filepath.ToSlash(rest), "/"), true
}

// trimSeparators takes what stands between names off the end of a path.
func trimSeparators(path string) string {
	for path != "" && os.IsPathSeparator(path[len(path)-1]) {
		path = path[:len(path)-1]
	}
	return path
}

// hides reports whether a name below Directory is not to be there. What sites are
// to publish for others to find, by RFC 8615, is. How Directory itself is called
// does not matter.
func hides(name string) bool {
	first := true
	for word := range strings.SplitSeq(name, "/") {
		if isHidden(word) && !(first && word == ".well-known") {
			return true
		}
		first = false
	}
	return false
}

// isHidden reports whether word begins with a dot, or may be the second name that
// Windows gives a file whose name does.
func isHidden(word string) bool {
	return strings.HasPrefix(word, ".") || runtime.GOOS == "windows" && urlpath.IsShortName(word)
}
