package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestRemoved: the file goes when the last one closes it, be that a script which has it
// for its input.
func TestRemoved(t *testing.T) {
	for _, alone := range []bool{true, false} {
		b, err := Read(strings.NewReader(strings.Repeat("x", 100_000)), nil)
		if err != nil {
			t.Fatal(err)
		}
		name := b.File().Name()
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
		var other syscall.Handle
		self, _ := syscall.GetCurrentProcess()
		if !alone {
			if err := syscall.DuplicateHandle(self, syscall.Handle(b.File().Fd()), self, &other, 0, false, syscall.DUPLICATE_SAME_ACCESS); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if !alone {
			f := os.NewFile(uintptr(other), "other")
			if content, err := io.ReadAll(f); len(content) != 100_000 || err != nil {
				t.Errorf("%d bytes, %v", len(content), err)
			}
			f.Close()
		}
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("alone %v: the file is still there: %v", alone, err)
		}
	}
}
