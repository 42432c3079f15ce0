//go:build unix

package script

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What cannot be executed says why: mostly it is the first line.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	var set Set
	defer set.Close()
	for _, tc := range []struct{ name, content, want string }{
		{"no interpreter", "#!/no/such/thing\n", `no such file or directory: its first line asks for "/no/such/thing"`},
		{"blanks and arguments", "#! /no/such/thing -u\n", `no such file or directory: its first line asks for "/no/such/thing"`},
		{"DOS", "#!/bin/sh\r\necho\r\n", `no such file or directory: its first line asks for "/bin/sh\r", and has the line ends of DOS`},
		{"no first line", "echo\n", "exec format error: it is no program, and its first line does not begin with #! and name one"},
		{"nothing", "", "exec format error: it is no program, and its first line does not begin with #! and name one"},
		{"not there", "-", "no such file or directory"},
	} {
		path := filepath.Join(dir, tc.name)
		if tc.content != "-" {
			if err := os.WriteFile(path, []byte(tc.content), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		turn, err := set.Enter(context.Background(), -1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_, err = turn.Start(&Program{Path: path, Args: []string{tc.name}})
		turn.Leave()
		if err == nil || !strings.HasSuffix(err.Error(), "execute "+path+": "+tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}
