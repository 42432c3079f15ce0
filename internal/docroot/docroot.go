// Package docroot opens what lies below a directory, and nothing else, however
// its name is spelled and whatever is renamed or linked meanwhile. The
// directory is one of the disk ([Root]), or of any [fs.FS] ([FSTree]).
package docroot

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/httpserver/internal/dirlist"
)

// A Tree is what files are served from. Names below it are written with
// slashes, "" being its top. It may be used by any goroutine.
//
// A name that can be none (too long, with a NUL, through a file, by links that
// lead out or in a circle) is [fs.ErrNotExist], as one that is not there.
type Tree interface {
	// Open opens a regular file or a directory, without waiting for anybody;
	// anything else is [ErrNotServed].
	Open(name string) (fs.File, fs.FileInfo, error)
	// Stat tells what a name stands for, following links as Open does.
	Stat(name string) (fs.FileInfo, error)
	// ReadDir gives what a directory holds, in no order. With stat, entries
	// have their Size and Modified, where these may be known; a link has those
	// of what Open would give.
	ReadDir(name string, stat bool) ([]dirlist.Entry, error)
}

// A More is asked before a directory that has shown so many names is read on, and may
// end that with an error. Where nobody can tell how many there are, it is asked at the
// beginning. It may be nil.
type More func(names int) error

func (more More) ask(names int) error {
	if more == nil {
		return nil
	}
	return more(names)
}

// unknown is how many names a directory may have that is read at once.
const unknown = math.MaxInt

var (
	_ Tree = (*Root)(nil)
	_ Tree = (*FSTree)(nil)
)

// ErrNotServed is what opening anything but a regular file or a directory
// gives: a FIFO would block, and a device may never end.
var ErrNotServed = errors.New("neither a regular file nor a directory")

// entriesOf makes entries of what a directory holds, where links are just links.
func entriesOf(found []fs.DirEntry, stat bool) []dirlist.Entry {
	entries := make([]dirlist.Entry, len(found))
	for i, e := range found {
		entries[i] = newEntry(e)
		if stat && !entries[i].Link {
			fill(&entries[i], e.Info)
		}
	}
	return entries
}

func newEntry(e fs.DirEntry) dirlist.Entry {
	return dirlist.Entry{Name: e.Name(), Dir: e.IsDir(), Link: e.Type()&fs.ModeSymlink != 0}
}

// followLinks says of the links among entries what they lead to. One that leads
// nowhere, or where none may go, stays what it is. So do those that are left when
// the others have spent the effort that there is for all.
func followLinks(entries []dirlist.Entry, stat bool, follow func(name string, left *effort) (fs.FileInfo, error)) {
	left := listingEffort
	for i := range entries {
		e := &entries[i]
		if left <= 0 {
			return
		}
		if !e.Link {
			continue
		}
		info, err := follow(e.Name, &left)
		if err != nil {
			continue
		}
		e.Dir = info.IsDir()
		if stat {
			describe(e, info.Mode(), info.Size(), info.ModTime())
		}
	}
}

// fill completes an entry by what info gives, if it gives anything: the entry
// may be gone by now.
func fill(e *dirlist.Entry, info func() (fs.FileInfo, error)) {
	if info, err := info(); err == nil {
		describe(e, info.Mode(), info.Size(), info.ModTime())
	}
}

// describe completes an entry. Only a file has a size that says something.
func describe(e *dirlist.Entry, mode fs.FileMode, size int64, modified time.Time) {
	e.Modified = modified
	if mode.IsRegular() {
		e.Size = size
	}
}

// check refuses what is nothing to serve. It comes before the open, which
// already does something to a FIFO and to some devices.
func check(name string, info fs.FileInfo) error {
	if info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return notServed(name)
}

// checked closes f again if it is nothing to serve after all: it may have taken
// the place of what was looked at before. So it does where Stat panics.
func checked[F fs.File](name string, f F) (_ F, _ fs.FileInfo, err error) {
	var none F
	good := false
	defer func() {
		if !good {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err = told("open", name, info, err); err == nil {
		err = check(name, info)
	}
	if err != nil {
		return none, nil, err
	}
	good = true
	return f, info, nil
}

// told is the error of a Stat, of which an FS may have its own notion.
func told(op, name string, info fs.FileInfo, err error) error {
	if err == nil && info == nil {
		return &fs.PathError{Op: op, Path: name, Err: errNoInfo}
	}
	return err
}

var errNoInfo = errors.New("Stat gave neither a FileInfo nor an error")

func notServed(name string) error {
	return &fs.PathError{Op: "open", Path: name, Err: ErrNotServed}
}

func notExist(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// known makes fs.ErrNotExist of what the system says of a name that can be none.
func known(op, name string, err error) error {
	is := func(one syscall.Errno) bool { return errors.Is(err, one) }
	if err == nil || !slices.ContainsFunc(namesNothing, is) && !slices.ContainsFunc(namesNothingHere, is) &&
		!errors.Is(err, fs.ErrInvalid) { // os.DirFS's, of a backslash on Windows
		return err
	}
	return notExist(op, name)
}

// namesNothing is what systems say of names that nothing can have; a
// namesNothingHere adds to it what one of them says.
var namesNothing = []syscall.Errno{syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EXDEV, syscall.EINVAL}

// hasNUL reports whether name holds a NUL, by which systems end names.
func hasNUL(name string) bool { return strings.IndexByte(name, 0) >= 0 }
