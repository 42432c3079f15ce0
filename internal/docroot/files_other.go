//go:build !linux || android || httpserver_portable || !(amd64 || arm64 || riscv64)

package docroot

import (
	"io/fs"
	"time"
)

// Files keeps nothing: this system has no way, or none was made for it, to tell by one
// call that a file is still the same.
type Files struct {
	Ahead time.Duration // for tests of those that keep something
}

// Close does nothing.
func (c *Files) Close() {}

// MakeRoom does nothing.
func (c *Files) MakeRoom() {}

func (c *Files) open(root *Root, _, name string) (fs.File, fs.FileInfo, error) {
	return root.Open(name)
}

func (c *Files) look(root *Root, _, name string) (fs.FileInfo, error) { return root.Stat(name) }

func (c *Files) has(*Root, string) bool { return false }

func factsOf(fs.File) *Facts { return nil }
