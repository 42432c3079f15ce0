//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"strconv"
	"syscall"
	"time"

	"example.com/httpserver/internal/content"
)

// settled reports whether a file was not changed for so long that its times tell its
// versions apart: the next one has others, however coarse they are.
func settled(st *syscall.Stat_t, now time.Time) bool {
	const coarsest = 2 * time.Second
	return st.Ino != 0 && now.Sub(time.Unix(st.Mtim.Unix())) >= coarsest && now.Sub(time.Unix(st.Ctim.Unix())) >= coarsest
}

func newFacts(info *fileInfo, now time.Time) Facts {
	inode, changed := Identity(info)
	return Facts{content.Tag(info.Size(), info.ModTime(), changed, inode, now), strconv.FormatInt(info.Size(), 10)}
}

// isOfThisMachine reports whether a file is of a file system whose times are of this
// machine's clock, and that nobody else has a hand in. Of those that nobody has told us
// of, it is not.
func isOfThisMachine(fd int) bool {
	var st syscall.Statfs_t
	if syscall.Fstatfs(fd, &st) != nil {
		return false
	}
	switch uint32(st.Type) {
	case 0xef53, // ext2, ext3, ext4
		0x58465342, // xfs
		0x9123683e, // btrfs
		0xca451a4e, // bcachefs
		0x2fc12fc1, // zfs
		0xf2f52010, // f2fs
		0x3434,     // nilfs
		0x3153464a, // jfs
		0x52654973, // reiserfs
		0x01021994, // tmpfs
		0x858458f6, // ramfs
		0x794c7630, // overlayfs
		0x73717368, // squashfs
		0xe0f5e1e2, // erofs
		0x9660,     // iso9660
		0x4d44,     // fat
		0x2011bab0: // exfat
		return true
	}
	return false
}
