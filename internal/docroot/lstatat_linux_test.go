//go:build !android && (httpserver_portable || !(amd64 || arm64 || riscv64))

package docroot

import (
	"slices"
	"testing"

	"example.com/httpserver/internal/dirlist"
)

// TestLstatat: other processors take another way to the same end.
func TestLstatat(t *testing.T) {
	if !hasBeneath() {
		t.Skip("this system has no way of its own")
	}
	dir := tree(t)
	read := func() []dirlist.Entry {
		r := New(dir, false)
		defer r.Close()
		entries, err := r.ReadDir("", true)
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	want := read()
	number := sysNewfstatat
	sysNewfstatat = 0
	defer func() { sysNewfstatat = number }()
	if got := read(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
