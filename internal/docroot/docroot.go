// Package docroot opens what lies below a directory, and nothing else, however
// its name is spelled and whatever is renamed or linked meanwhile.
package docroot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// ErrNotServed is what opening anything but a regular file or a directory
// gives: a FIFO would block, and a device may never end.
var ErrNotServed = errors.New("neither a regular file nor a directory")

// A Root is a directory that files are served from. Names below it are written
// with slashes, "" being the directory. It may be used by any goroutine.
type Root struct {
	dir    string
	follow bool // links that lead out are followed

	// Users hold mu for reading while they use root, so that none finds it
	// closed: it is another one when the directory was removed and made anew.
	mu   sync.RWMutex
	root *os.Root
	info fs.FileInfo // of the directory that root is
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
	if r.root != nil {
		r.root.Close()
		r.root, r.info = nil, nil
	}
}

// Open opens a file or a directory for reading, without waiting for anybody.
func (r *Root) Open(name string) (*os.File, fs.FileInfo, error) {
	if r.follow {
		return Open(filepath.Join(r.dir, filepath.FromSlash(name)))
	}
	var f *os.File
	err := r.do(name, func(root *os.Root, name string) error {
		info, err := root.Stat(name)
		if err == nil {
			err = check(name, info)
		}
		if err == nil {
			f, err = root.OpenFile(name, openFlags, 0)
		}
		return err
	})
	return checked(f, err)
}

// Stat tells what a name stands for, following links as Open does.
func (r *Root) Stat(name string) (info fs.FileInfo, err error) {
	if r.follow {
		return os.Stat(filepath.Join(r.dir, filepath.FromSlash(name)))
	}
	err = r.do(name, func(root *os.Root, name string) (err error) {
		info, err = root.Stat(name)
		return err
	})
	return info, err
}

// Open opens a path that is no matter of a Root, as Root.Open opens names.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = check(path, info)
	}
	if err != nil {
		return nil, nil, err
	}
	return checked(os.OpenFile(path, openFlags, 0))
}

// check refuses what is nothing to serve. It comes before the open, which
// already does something to a FIFO and to some devices.
func check(name string, info fs.FileInfo) error {
	if info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: name, Err: ErrNotServed}
}

// checked closes f again if it is nothing to serve after all: it may have taken
// the place of what was looked at before.
func checked(f *os.File, err error) (*os.File, fs.FileInfo, error) {
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = check(f.Name(), info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// do calls use with a name below the directory as it is now. os.Root refuses
// links that are absolute, even to what lies inside; those are resolved here
// first, and os.Root then holds the result to the same rules.
func (r *Root) do(name string, use func(root *os.Root, name string) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	defer r.mu.RUnlock()
	if name == "" {
		name = "."
	}
	err := use(r.root, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotServed) {
		return err
	}
	resolved, rerr := r.resolve(name)
	if rerr != nil || resolved == name {
		return err
	}
	return use(r.root, resolved)
}

// enter takes mu for reading, with root being the directory that dir names now.
func (r *Root) enter() error {
	info, err := os.Stat(r.dir)
	if err != nil {
		return err
	}
	for range maxTurns {
		r.mu.RLock()
		if r.root != nil && os.SameFile(r.info, info) {
			return nil
		}
		r.mu.RUnlock()
		if info, err = r.turn(); err != nil {
			return err
		}
	}
	return fs.ErrNotExist
}

// maxTurns is how often enter looks for the directory while others keep
// replacing it.
const maxTurns = 8

// turn opens the directory anew, and tells which one it is.
func (r *Root) turn() (fs.FileInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	r.close()
	r.root, r.info = root, info
	return info, nil
}

// maxLinks is how many links a name may lead through, as on Linux.
const maxLinks = 40

// resolve follows the links in a name, as long as they stay inside.
func (r *Root) resolve(name string) (string, error) {
	done, todo := "", strings.Split(name, "/")
	for links := 0; len(todo) > 0; {
		word := todo[0]
		todo = todo[1:]
		switch word {
		case "", ".":
			continue
		case "..":
			if done == "" {
				return "", fs.ErrNotExist
			}
			done = parent(done)
			continue
		}
		here := path.Join(done, word)
		info, err := r.root.Lstat(here)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = here
			continue
		}
		if links++; links > maxLinks {
			return "", fs.ErrNotExist
		}
		target, err := r.root.Readlink(here)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			inside, ok := r.inside(target)
			if !ok {
				return "", fs.ErrNotExist
			}
			target, done = inside, ""
		}
		todo = append(strings.Split(filepath.ToSlash(target), "/"), todo...)
	}
	if done == "" {
		done = "."
	}
	return done, nil
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

func parent(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}
