package docroot

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// links tells of the links in a tree.
type links interface {
	Lstat(name string) (fs.FileInfo, error)
	Readlink(name string) (string, error)
}

// maxLinks is how many links a name may lead through, as on Linux.
const maxLinks = 40

// An effort is how many more words of names may be looked at to follow links. Each
// costs a system call or more, and a name of few words can lead through tens of
// thousands.
type effort int

const (
	nameEffort    effort = 1024  // for one name
	listingEffort effort = 65536 // for all the links of a directory
)

// resolve follows the links in a name: the result has none, unless they change
// meanwhile. inside makes an absolute target relative to the top, if it may
// lead there. A name that leads out is fs.ErrNotExist, and so is one that takes
// more than nameEffort, or than what is left. It draws on that, and one that takes
// too much as if it had been followed: the system has tried before.
func resolve(name string, in links, inside func(target string) (string, bool), left *effort) (string, error) {
	done, todo := "", strings.Split(name, "/")
	isDir := true // done
	most := min(nameEffort, *left)
	for seen := 0; len(todo) > 0; {
		if len(todo) > int(most) {
			*left -= most
			return "", fs.ErrNotExist
		}
		if !isDir {
			return "", fs.ErrNotExist
		}
		most--
		*left--
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
		info, err := in.Lstat(here)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done, isDir = here, info.IsDir()
			continue
		}
		if seen++; seen > maxLinks {
			return "", fs.ErrNotExist
		}
		target, err := in.Readlink(here)
		if err != nil {
			return "", err
		}
		if slashed := filepath.ToSlash(target); filepath.IsAbs(target) || strings.HasPrefix(slashed, "/") {
			rel, ok := inside(target)
			if !ok {
				return "", fs.ErrNotExist
			}
			target, done = rel, ""
		}
		todo = append(strings.Split(filepath.ToSlash(target), "/"), todo...)
	}
	if done == "" {
		done = "."
	}
	return done, nil
}

func parent(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}
