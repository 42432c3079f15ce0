package docroot

import "sync"

// Roots keeps the Root of each directory, for all who serve it. The zero Roots
// is ready, and may be used by any goroutine.
type Roots struct {
	// Portable leaves the system's own way to keep below a directory alone, for
	// tests of the one that every system has.
	Portable bool

	mu    sync.Mutex
	roots map[Key]*Root
}

// A Key says which Root is meant.
type Key struct {
	Directory string
	Follow    bool // links that lead out are followed
}

// maxRoots bounds how many directories are kept open, for programs that make
// their names up.
const maxRoots = 64

// Get gives the Root for a key, the same one as long as it is kept.
func (r *Roots) Get(key Key) *Root {
	r.mu.Lock()
	defer r.mu.Unlock()
	if root := r.roots[key]; root != nil {
		return root
	}
	if len(r.roots) >= maxRoots {
		r.letGo()
	}
	if r.roots == nil {
		r.roots = map[Key]*Root{}
	}
	root := New(key.Directory, key.Follow)
	root.portable = r.Portable
	r.roots[key] = root
	return root
}

// Close lets go of the directories. Who still uses one opens it again.
func (r *Roots) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.letGo()
}

func (r *Roots) letGo() {
	for _, root := range r.roots {
		root.Close()
	}
	r.roots = nil
}
