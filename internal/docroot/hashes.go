package docroot

import (
	"io"
	"io/fs"
	"reflect"
	"sync"

	"example.com/httpserver/internal/content"
)

// Hashes keeps the entity tags of files that have no time of modification, as
// those of an embed.FS: they are made of what is in the file, once. The zero Hashes
// is ready, and may be used by any goroutine.
type Hashes struct {
	mu   sync.Mutex
	made map[hashKey]*hash
}

// A hashKey says which file is meant. A file of another size is another one.
type hashKey struct {
	fsys any
	name string
	size int64
}

type hash struct {
	once sync.Once
	fsys fs.FS // lives as long as its identity is in use here
	tag  string
}

const (
	// maxHashes bounds how many tags are kept.
	maxHashes = 16384
	// maxHashed bounds what is read for a tag, and so for how long a request can
	// wait for one.
	maxHashed = 256 << 20
)

// Tag gives the entity tag of a file of fsys, "" where there can be none. Those who
// ask for a tag that is being made wait for it.
func (h *Hashes) Tag(fsys fs.FS, name string, size int64) string {
	known := identity(fsys)
	if known == nil || size > maxHashed {
		return ""
	}
	made := h.get(hashKey{known, name, size}, fsys)
	made.once.Do(func() { made.tag = hashOf(fsys, name, size) })
	return made.tag
}

func (h *Hashes) get(key hashKey, fsys fs.FS) *hash {
	h.mu.Lock()
	defer h.mu.Unlock()
	made := h.made[key]
	if made != nil {
		return made
	}
	if h.made == nil || len(h.made) >= maxHashes {
		h.made = map[hashKey]*hash{}
	}
	made = &hash{fsys: fsys}
	h.made[key] = made
	return made
}

// identity gives what an FS is known by: the value itself or, where it is a map as
// fstest.MapFS, the place of that. Of others nobody can tell whether they are the
// same: nil.
func identity(fsys fs.FS) any {
	v := reflect.ValueOf(fsys)
	switch {
	case !v.IsValid():
		return nil
	case v.Kind() == reflect.Map:
		return v.Pointer()
	case v.Comparable():
		return fsys
	}
	return nil
}

// hashOf makes the tag of a file that has the size it is said to have.
func hashOf(fsys fs.FS, name string, size int64) string {
	f, err := fsys.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	counted := &counter{r: f}
	tag, err := content.HashTag(counted)
	if err != nil || counted.n != size {
		return ""
	}
	return tag
}

// A counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
