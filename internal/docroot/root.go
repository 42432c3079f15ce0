package docroot

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"example.com/httpserver/internal/dirlist"
)

// A Root is a directory of the disk that files are served from. The files that
// it opens are of type *os.File, or of a *File that is cheaper.
type Root struct {
	dir      string
	follow   bool // links that lead out are followed
	portable bool // the system's own way is left alone, for tests

	mu   sync.RWMutex
	held *held // nil until it is needed; another one when the directory was removed and made anew
}

// A held directory is open until nobody uses it any more. Nothing is locked while it
// is used: that may take long, and may wait for others who use it.
type held struct {
	top
	at    place
	users atomic.Int32 // the Root is one of them
}

func (h *held) leave() {
	if h.users.Add(-1) == 0 {
		h.Close()
	}
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
	r.hold(nil)
}

// hold has the Root hold another directory, or none. The caller holds mu.
func (r *Root) hold(h *held) {
	if r.held != nil {
		r.held.leave()
	}
	r.held = h
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
	held, err := r.enter()
	if err != nil {
		return err
	}
	defer held.leave()
	if name == "" {
		name = "."
	}
	err = use(held.top, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotServed) {
		return err
	}
	switch resolved, failure := resolve(name, held.top, r.inside, left); {
	case errors.Is(failure, fs.ErrNotExist), errors.Is(failure, fs.ErrPermission):
		return failure
	case failure == nil:
		return use(held.top, resolved)
	}
	return err
}

// enter gives the directory that dir names now, to be used until leave.
func (r *Root) enter() (*held, error) {
	at, err := placeOf(r.dir)
	if err != nil {
		return nil, err
	}
	for range maxReopened {
		if held := r.use(at); held != nil {
			return held, nil
		}
		if at, err = r.reopen(at); err != nil {
			return nil, err
		}
	}
	return nil, fs.ErrNotExist
}

// use gives the directory that is held if it is the one that is wanted.
func (r *Root) use(wanted place) *held {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.held == nil || !r.held.at.is(wanted) {
		return nil
	}
	r.held.users.Add(1)
	return r.held
}

// maxReopened is how often enter looks for the directory while others keep
// replacing it.
const maxReopened = 8

// reopen opens the directory anew, unless somebody has opened the one that is
// wanted, and tells which one it is.
func (r *Root) reopen(wanted place) (place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil && r.held.at.is(wanted) {
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
	now := &held{top: top, at: placeIn(info)}
	now.users.Store(1)
	r.hold(now)
	return now.at, nil
}

func (r *Root) openTop() (top, error) {
	if !r.portable && hasBeneath() {
		return openBeneath(r.dir)
	}
	return openRooted(r.dir)
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
