package docroot

import (
	"io/fs"
	"syscall"
	"time"
)

// Identity tells which file info is about, and when it was last changed in any
// way, its times and its name included. What the system, or the FS, does not
// tell is zero.
func Identity(info fs.FileInfo) (inode uint64, changed time.Time) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, time.Time{}
	}
	return st.Ino, time.Unix(st.Ctim.Unix())
}
