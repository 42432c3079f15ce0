//go:build unix

package script

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{me.Username, me.Uid} {
		id, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if strconv.Itoa(int(id.UID)) != me.Uid || strconv.Itoa(int(id.GID)) != me.Gid {
			t.Errorf("%s: %v, want %s, %s", name, *id, me.Uid, me.Gid)
		}
	}
	if id, err := Lookup("nobody"); err != nil || id.UID == 0 || id.GID == 0 {
		t.Errorf("nobody: %v, %v", id, err)
	}
	if id, err := Lookup("4000000000"); err != nil || id.UID != 4000000000 || id.GID != overflowID || len(id.Groups) != 0 {
		t.Errorf("a number that nobody has: %v, %v", id, err)
	}
	for _, name := range []string{"", "no such user", "-1", "4294967296", "0x0"} {
		if id, err := Lookup(name); err == nil {
			t.Errorf("%q: %v", name, *id)
		}
	}
}

func TestUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root starts programs as another user")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	b := newBench(t)
	s := b.start(&Program{
		Path: sh, Args: []string{"sh", "-c", "id -u; id -g; id -G; kill -TERM $$"}, Env: []string{"PATH=" + os.Getenv("PATH")},
		Dir: "/", User: &Identity{UID: 12345, GID: 12346, Groups: []uint32{12347, 12348}},
	})
	output, err := readAll(s)
	if got, want := strings.Fields(output), "12345 12346 12346 12347 12348"; strings.Join(got, " ") != want || err != nil {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	b.expectExit(s, -15)
}
