package docroot

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"syscall"

	"example.com/httpserver/internal/dirlist"
)

// A Root is a directory of the disk that files are served from. The files that
// it opens are of type *os.File, or of a *File that is cheaper.
type Root struct {
	dir      string
	follow   bool // links that lead out are followed
	portable bool // the system's own way is left alone, for tests

	// Users hold mu for reading while they use top, so that none finds it
	// closed: it is another one when the directory was removed and made anew.
	mu  sync.RWMutex
	top top
	at  place // the directory that top holds
}

// A top holds a directory open, and reaches what lies below it; names are
// relative to it and not empty. It gives an error for those that lead out, and
// may do so for absolute links that do not.
type top interface {
	Open(name string) (fs.File, fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	Lstat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
	// ReadDir follows no links.
	ReadDir(name string, stat bool, more More) ([]dirlist.Entry, error)
	Close() error
}

// New gives the Root for dir, which need not exist yet. follow lets links lead
// out of it.
func New(dir string, follow bool) *Root { return &Root{dir: dir, follow: follow} }

// Close lets go of the directory. A later use opens it again.
func (r *Root) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
}

func (r *Root) close() {
	if r.top != nil {
		r.top.Close()
		r.top, r.at = nil, place{}
	}
}

// path gives the path of a name, which leads wherever its links do.
func (r *Root) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// Open opens a file or a directory for reading, without waiting for anybody.
func (r *Root) Open(name string) (file fs.File, info fs.FileInfo, err error) {
	if r.follow {
		return unbound{}.Open(r.path(name))
	}
	left := nameEffort
	err = r.do("open", name, &left, func(top top, name string) (err error) {
		file, info, err = top.Open(name)
		return err
	})
	return file, info, err
}

// Stat tells what a name stands for, following links as Open does.
func (r *Root) Stat(name string) (fs.FileInfo, error) {
	if r.follow {
		return unbound{}.Stat(r.path(name))
	}
	left := nameEffort
	return r.stat(name, &left)
}

func (r *Root) stat(name string, left *effort) (info fs.FileInfo, err error) {
	err = r.do("stat", name, left, func(top top, name string) (err error) {
		info, err = top.Stat(name)
		return err
	})
	return info, err
}

// ReadDir gives what a directory holds.
func (r *Root) ReadDir(name string, stat bool) ([]dirlist.Entry, error) {
	return r.readDir(name, stat, nil)
}

func (r *Root) readDir(name string, stat bool, more More) (entries []dirlist.Entry, err error) {
	if r.follow {
		return unbound{}.readDir(r.path(name), stat, more)
	}
	var refusal error
	ask := func(names int) error {
		if refusal = more.ask(names); refusal != nil {
			return notServed(name) // nothing else is tried then
		}
		return nil
	}
	left := nameEffort
	err = r.do("readdir", name, &left, func(top top, name string) (err error) {
		entries, err = top.ReadDir(name, stat, ask)
		return err
	})
	if refusal != nil {
		err = refusal
	}
	if err != nil {
		return nil, err
	}
	followLinks(entries, stat, func(link string, left *effort) (fs.FileInfo, error) {
		return r.stat(path.Join(name, link), left)
	})
	return entries, nil
}

// do calls use with a name below the directory as it is now.
func (r *Root) do(op, name string, left *effort, use func(top top, name string) error) error {
	err := fs.ErrNotExist
	if !hasNUL(name) {
		err = r.reach(name, left, use)
	}
	if _, ok := errors.AsType[syscall.Errno](err); err != nil && !ok && !errors.Is(err, ErrNotServed) {
		return notExist(op, name) // os.Root has a word of its own for what leads out
	}
	return known(op, name, err)
}

// reach is do as it goes well. A top refuses links that are absolute, even to
// what lies inside; those are resolved here first, and it then holds the result
// to the same rules.
func (r *Root) reach(name string, left *effort, use func(top top, name string) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	defer r.mu.RUnlock()
	if name == "" {
		name = "."
	}
	err := use(r.top, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotServed) {
		return err
	}
	switch resolved, failure := r.resolve(name, left); {
	case errors.Is(failure, fs.ErrNotExist), errors.Is(failure, fs.ErrPermission):
		return failure
	case failure == nil:
		return use(r.top, resolved)
	}
	return err
}

// enter takes mu for reading, with top being the directory that dir names now.
func (r *Root) enter() error {
	at, err := placeOf(r.dir)
	if err != nil {
		return err
	}
	for range maxReopened {
		r.mu.RLock()
		if r.top != nil && r.at.is(at) {
			return nil
		}
		r.mu.RUnlock()
		if at, err = r.reopen(at); err != nil {
			return err
		}
	}
	return fs.ErrNotExist
}

// maxReopened is how often enter looks for the directory while others keep
// replacing it.
const maxReopened = 8

// reopen opens the directory anew, unless somebody has opened the one that is
// wanted, and tells which one it is.
func (r *Root) reopen(wanted place) (place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.top != nil && r.at.is(wanted) {
		return wanted, nil
	}
	top, err := r.openTop()
	if err != nil {
		return place{}, err
	}
	info, err := top.Stat(".")
	if err != nil {
		top.Close()
		return place{}, err
	}
	r.close()
	r.top, r.at = top, placeIn(info)
	return r.at, nil
}

func (r *Root) openTop() (top, error) {
	if !r.portable && hasBeneath() {
		return openBeneath(r.dir)
	}
	return openRooted(r.dir)
}

// resolve follows the links in a name, as long as they stay inside.
func (r *Root) resolve(name string, left *effort) (string, error) {
	return resolve(name, r.top, r.inside, left)
}

// inside makes an absolute path relative to the directory, under the name it
// was given or the one without links.
func (r *Root) inside(target string) (string, bool) {
	dir, err := filepath.Abs(r.dir)
	if err != nil {
		return "", false
	}
	if rel, ok := cut(target, dir); ok {
		return rel, true
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", false
	}
	return cut(target, real)
}

func cut(target, dir string) (string, bool) {
	rel, err := filepath.Rel(dir, target)
	return rel, err == nil && filepath.IsLocal(rel)
}
