package docroot

import (
	"hash/fnv"
	"io"
	"io/fs"
	"strings"
	"time"

	"example.com/httpserver/internal/content"
)

// TagOf gives the entity tag of a file of fsys, or of the disk where that is nil,
// as it is now, and whether it has been at rest for long enough that its time tells
// versions apart.
func (h *Hashes) TagOf(fsys fs.FS, path string, info fs.FileInfo) (tag string, settled bool) {
	if IsTimeless(fsys, info) {
		return h.Tag(fsys, path, info.Size()), false
	}
	inode, changed := Identity(info)
	if inode == 0 { // in an FS, and on Windows, names have to tell files apart
		name := fnv.New64a()
		io.WriteString(name, path)
		inode = name.Sum64()
	}
	tag = content.Tag(info.Size(), info.ModTime(), changed, inode, time.Now())
	return tag, !strings.HasPrefix(tag, "W/")
}

// IsTimeless reports whether the time of a file in an FS says nothing of it. A file
// of the disk has more than that to tell its versions apart.
func IsTimeless(fsys fs.FS, info fs.FileInfo) bool {
	if fsys == nil || !info.ModTime().Before(earliest) {
		return false
	}
	inode, _ := Identity(info)
	return inode == 0
}

// earliest is where times begin that say when a file was changed: before it are
// the zero times of embed.FS, of Unix, and of zip, as reproducible archives have
// them.
var earliest = time.Date(1980, time.January, 2, 0, 0, 0, 0, time.UTC)
