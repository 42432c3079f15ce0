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
	mu   sync.Mutex
	fsys fs.FS // lives as long as its identity is in use here
	made bool
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
	made.mu.Lock()
	defer made.mu.Unlock()
	if !made.made {
		tag, err := hashOf(fsys, name, size)
		made.tag, made.made = tag, err == nil // what failed may work the next time
	}
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

// hashOf makes the tag of a file, or none if it has not the size that it is said to
// have.
func hashOf(fsys fs.FS, name string, size int64) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	counted := &counter{r: io.LimitReader(Reader(f), size+1)}
	tag, err := content.HashTag(counted)
	if err != nil || counted.n != size {
		return "", err
	}
	return tag, nil
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
