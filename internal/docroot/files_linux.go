//go:build (amd64 || arm64 || riscv64) && !android && !httpserver_portable

package docroot

import (
	"errors"
	"hash/maphash"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Files keeps files that are asked for again and again: the content of small ones,
// the descriptors of others. Before each use one call, a stat of the path, tells
// whether the path still leads to that file and the file is unchanged. So what is
// renamed into its place, or into that of a directory on the way, is seen at once,
// and so is what is written into it, or done to its name or its permissions.
//
// That takes times which tell versions apart, so a file is kept only once its times
// are two seconds old, as they may be coarse: those of a file system have steps, of a
// tick of the clock or of two seconds on FAT. It takes the clock of this machine, too,
// so nothing is kept of a file system that another one, or a program, has a hand in. What
// a program changes by way of memory that it shares with a file, without telling the
// system, shows in no time, and here when the file is let go.
//
// A file is kept under the path that it was opened by, below a directory. It is opened
// again, with all that is asked of one that is, as soon as it is another; and it is
// looked up in that way at least once a second. That is for one case: the file is moved
// out of the directory, and a link to it, or to a directory above it, takes its place.
//
// The zero Files is ready, and may be used by any goroutine. What is not used for some
// seconds is let go. It must not be copied.
type Files struct {
	// Ahead is by how much files look older than they are, for tests.
	Ahead time.Duration

	table atomic.Pointer[table]
	now   atomic.Uint32 // in ticks

	mu          sync.Mutex // guards what follows, and changes of the table
	closed      bool
	timer       *time.Timer // runs while there are entries
	wall        time.Time   // by the clock on the wall, at the last tick
	entries     int
	bytes       int64
	descriptors []*kept             // those that have one
	hand        int                 // where eviction goes on
	filling     map[string]struct{} // paths whose files are being read
}

const (
	tick = time.Second
	// idleTicks is for how long what is not used is kept: a descriptor holds the
	// space of a deleted file, and keeps its file system from being unmounted.
	idleTicks = 8

	sets, ways     = 2048, 8
	maxContent     = 64 << 10 // of one file: from there on the system's own copy is as good
	maxBytes       = 64 << 20 // of all
	maxDescriptors = 256      // but no more than a quarter of what the process may have
	rememberedAsks = 1024
)

// A table holds the entries. It is read without a lock.
type table struct {
	seed  maphash.Seed
	sets  [sets]atomic.Pointer[set]
	asked [rememberedAsks]uint32 // hashes of paths that were opened and not kept
}

// A set has the entries whose paths have hashes that are alike.
type set [ways]atomic.Pointer[kept]

// set gives the set for a hash, or nil.
func (t *table) set(hash uint64) *set { return t.sets[hash%sets].Load() }

// A kept is a file that is kept. But for the ticks, it never changes.
type kept struct {
	hash      uint64
	directory string
	follow    bool
	path      string
	text      []byte // the same, with a NUL
	info      *fileInfo
	content   []byte      // all of it; or nil, and
	fd        *descriptor // open
	facts     Facts

	used   atomic.Uint32 // when it was asked for
	looked atomic.Uint32 // when it was last found below its directory
}

// is reports whether a file is the one that was kept, unchanged.
func (k *kept) is(st *syscall.Stat_t) bool { return sameVersion(&k.info.st, st) }

func sameVersion(a, b *syscall.Stat_t) bool {
	return a.Ino == b.Ino && a.Mtim == b.Mtim && a.Ctim == b.Ctim && a.Size == b.Size && a.Dev == b.Dev && a.Mode == b.Mode
}

// open gives a file to be read by nobody else, or nil where it is being let go.
func (k *kept) open() *File {
	f := &File{name: k.path, info: k.info, kept: k}
	if k.fd == nil {
		return f
	}
	if !k.fd.take() {
		return nil
	}
	f.fd = k.fd
	f.guard()
	return f
}

func factsOf(f fs.File) *Facts {
	if f, ok := f.(*File); ok && f.kept != nil {
		return &f.kept.facts
	}
	return nil
}

// open is root.Open for a path below root's directory, where its name is name.
func (c *Files) open(root *Root, path, name string) (fs.File, fs.FileInfo, error) {
	if c == nil || root.portable || name == "" || path[len(path)-1] == '/' {
		return root.Open(name)
	}
	if k := c.current(root, path, name); k != nil {
		if f := k.open(); f != nil {
			return f, k.info, nil
		}
	}
	f, info, err := root.Open(name)
	if isOutOfDescriptors(err) && c.makeRoom() {
		f, info, err = root.Open(name)
	}
	if err != nil {
		return nil, nil, err
	}
	if f, ok := f.(*File); ok {
		return c.keep(root, path, f), info, nil
	}
	return f, info, nil
}

func isOutOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// look is root.Stat for a path whose directory was found below root's just now: that
// there is nothing is then told by the path, too.
func (c *Files) look(root *Root, path, name string) (fs.FileInfo, error) {
	if c == nil || root.portable {
		return root.Stat(name)
	}
	if k := c.current(root, path, name); k != nil {
		return k.info, nil
	}
	var st syscall.Stat_t
	if text, err := syscall.BytePtrFromString(path); err == nil && fstatat(atFDCWD, text, &st, atSymlinkNofollow) == syscall.ENOENT {
		return nil, notExist("stat", name)
	}
	return root.Stat(name)
}

// has reports whether a path is kept. It need not be current.
func (c *Files) has(root *Root, path string) bool {
	return c != nil && !root.portable && c.find(root, path) != nil
}

func (c *Files) find(root *Root, path string) *kept {
	t := c.table.Load()
	if t == nil {
		return nil
	}
	hash := maphash.String(t.seed, path)
	set := t.set(hash)
	if set == nil {
		return nil
	}
	for i := range set {
		if k := set[i].Load(); k != nil && k.hash == hash && k.isFor(root.dir, root.follow, path) {
			return k
		}
	}
	return nil
}

func (k *kept) isFor(directory string, follow bool, path string) bool {
	return k.path == path && k.directory == directory && k.follow == follow
}

// current finds the file that is kept under a path, if that still leads to it and the
// file is unchanged. What is not is let go.
func (c *Files) current(root *Root, path, name string) *kept {
	k := c.find(root, path)
	if k == nil {
		return nil
	}
	now := c.now.Load()
	var st syscall.Stat_t
	if fstatat(atFDCWD, &k.text[0], &st, 0) != 0 || !k.is(&st) || k.looked.Load() != now && !k.lookAgain(root, name, now) {
		c.drop(k)
		return nil
	}
	if k.used.Load() != now {
		k.used.Store(now)
	}
	return k
}

// lookAgain finds the file below its directory, as it was when it was opened.
func (k *kept) lookAgain(root *Root, name string, now uint32) bool {
	if !k.follow {
		info, err := root.Stat(name)
		if err != nil || !k.is(info.Sys().(*syscall.Stat_t)) {
			return false
		}
	}
	k.looked.Store(now)
	return true
}

// keep keeps a file that was opened, if it is one to keep and was opened before. It
// gives a file in place of the one it is given.
func (c *Files) keep(root *Root, path string, f *File) *File {
	st, now := &f.info.st, time.Now().Add(c.Ahead)
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG || !settled(st, now) || !c.begin(path) {
		return f
	}
	defer c.finish(path)
	k := &kept{directory: root.dir, follow: root.follow, path: path, text: append([]byte(path), 0), info: f.info, facts: newFacts(f.info, now)}
	if !isOfThisMachine(f.fd.number) || !k.fill(f.fd) || !c.insert(k) {
		k.release()
		return f
	}
	if own := k.open(); own != nil {
		f.Close()
		return own
	}
	return f
}

// fill takes what is kept of a file: its content, if it is small.
func (k *kept) fill(fd *descriptor) bool {
	if k.info.Size() > maxContent {
		fd.take()
		k.fd = fd
		return true
	}
	content := make([]byte, k.info.Size())
	for n := 0; n < len(content); {
		m, err := pread(fd.number, content[n:], int64(n))
		if m == 0 || err != nil {
			return false
		}
		n += m
	}
	k.content = content
	var st syscall.Stat_t
	return fstat(fd.number, &st) == nil && k.is(&st) // nobody wrote meanwhile
}

func (k *kept) release() {
	if k.fd != nil {
		k.fd.release()
	}
}

// begin reports whether to keep a path's file: it was asked for before, as there may be
// many that are asked for but once, and nobody else is reading it for that.
func (c *Files) begin(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	t := c.table.Load()
	if t == nil {
		t = &table{seed: maphash.MakeSeed()}
		c.table.Store(t)
		c.filling = map[string]struct{}{}
	}
	hash := maphash.String(t.seed, path)
	asked, mark := &t.asked[hash%rememberedAsks], uint32(hash>>32)
	if *asked != mark {
		*asked = mark
		return false
	}
	if _, ok := c.filling[path]; ok {
		return false
	}
	c.filling[path] = struct{}{}
	return true
}

func (c *Files) finish(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.filling, path)
}

// insert adds an entry, and lets others go to make room for it.
func (c *Files) insert(k *kept) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	t, now := c.table.Load(), c.now.Load()
	k.hash = maphash.String(t.seed, k.path)
	k.used.Store(now)
	k.looked.Store(now)
	to := t.set(k.hash)
	if to == nil {
		to = new(set)
		t.sets[k.hash%sets].Store(to)
	}
	slot := 0
	for i := range to {
		other := to[i].Load()
		if other != nil && other.isFor(k.directory, k.follow, k.path) { // it was not current
			c.remove(other)
			other = nil
		}
		if last := to[slot].Load(); last != nil && (other == nil || now-other.used.Load() > now-last.used.Load()) {
			slot = i
		}
	}
	if other := to[slot].Load(); other != nil {
		c.remove(other)
	}
	if k.fd != nil {
		most := descriptorBound()
		for len(c.descriptors) >= most && len(c.descriptors) > 0 {
			c.remove(oldest(c.descriptors, now))
		}
		if most == 0 {
			return false
		}
		c.descriptors = append(c.descriptors, k)
	}
	for c.bytes+int64(len(k.content)) > maxBytes {
		c.evict(t, now)
	}
	c.bytes += int64(len(k.content))
	c.entries++
	to[slot].Store(k)
	if c.timer == nil {
		c.wall = time.Now().Round(0)
		c.timer = time.AfterFunc(tick, c.tick)
	}
	return true
}

// evict removes an entry with content, of some the one that was not used for longest.
func (c *Files) evict(t *table, now uint32) {
	var some []*kept
	for range sets * ways {
		c.hand = (c.hand + 1) % (sets * ways)
		set := t.sets[c.hand/ways].Load()
		if set == nil {
			continue
		}
		if k := set[c.hand%ways].Load(); k != nil && len(k.content) > 0 {
			if some = append(some, k); len(some) == ways {
				break
			}
		}
	}
	c.remove(oldest(some, now))
}

// oldest gives the entry that was not used for longest.
func oldest(entries []*kept, now uint32) (found *kept) {
	for _, k := range entries {
		if found == nil || now-k.used.Load() > now-found.used.Load() {
			found = k
		}
	}
	return found
}

// descriptorBound gives how many descriptors may be kept.
func descriptorBound() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(maxDescriptors, limit.Cur/4))
}

// drop removes an entry that is not current.
func (c *Files) drop(k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(k)
}

// remove takes an entry out, if it is there. The caller holds mu.
func (c *Files) remove(k *kept) {
	t := c.table.Load()
	if t == nil {
		return // closed, and empty
	}
	set := t.set(k.hash)
	for i := range set {
		if set[i].Load() != k {
			continue
		}
		set[i].Store(nil)
		c.entries--
		c.bytes -= int64(len(k.content))
		for j, other := range c.descriptors {
			if other == k {
				last := len(c.descriptors) - 1
				c.descriptors[j], c.descriptors[last] = c.descriptors[last], nil
				c.descriptors = c.descriptors[:last]
				break
			}
		}
		k.release()
		return
	}
}

// tick lets go of what was not used for a while, and of everything if the clock was set
// back: times do not tell versions apart then. It comes again as long as anything is kept.
func (c *Files) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	now, wall := c.now.Add(1), time.Now().Round(0)
	setBack := wall.Before(c.wall)
	c.wall = wall
	c.removeAll(func(k *kept) bool { return setBack || now-k.used.Load() > idleTicks })
	if c.entries > 0 {
		c.timer.Reset(tick)
	} else {
		c.timer = nil
	}
}

func (c *Files) removeAll(which func(k *kept) bool) {
	t := c.table.Load()
	if t == nil {
		return
	}
	for i := range t.sets {
		set := t.sets[i].Load()
		if set == nil {
			continue
		}
		for j := range set {
			if k := set[j].Load(); k != nil && which(k) {
				c.remove(k)
			}
		}
	}
}

// MakeRoom lets go of all descriptors, for others to have them.
func (c *Files) MakeRoom() { c.makeRoom() }

// makeRoom reports whether there were any.
func (c *Files) makeRoom() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	some := len(c.descriptors) > 0
	for len(c.descriptors) > 0 {
		c.remove(c.descriptors[0])
	}
	return some
}

// Close lets go of everything, for good: what is opened later is not kept. Files that
// are open stay so until they are closed.
func (c *Files) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.removeAll(func(*kept) bool { return true })
	c.table.Store(nil)
}
