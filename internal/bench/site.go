package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Not in this folder: the go command takes C beside Go for cgo.
//
//go:embed programs
var programs embed.FS

// A site is what all servers serve, and programs for those that are none.
type site struct {
	directory string // the document root, which anybody may read
	spawn     string // the program that is the peer spawn
	private   string // what is not served: configurations, sources
	profile   string // where profiles go, if anywhere
}

// scriptPath is where the script is, in the document root and in a URL.
const scriptPath = "/cgi-bin/hello"

func (s *site) script() string { return filepath.Join(s.directory, filepath.FromSlash(scriptPath)) }

// makeSite makes a site in a temporary directory.
func makeSite(ctx context.Context) (*site, error) {
	top, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	s := &site{directory: filepath.Join(top, "site"), private: filepath.Join(top, "private")}
	s.spawn = filepath.Join(s.private, "spawn")
	if err := s.fill(ctx, top); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *site) remove() error { return os.RemoveAll(filepath.Dir(s.directory)) }

func (s *site) fill(ctx context.Context, top string) error {
	// A server that root has started runs scripts as somebody else.
	if err := os.Chmod(top, 0o755); err != nil {
		return err
	}
	for _, directory := range []string{s.private, filepath.Dir(s.script())} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	if err := s.compile(ctx, "hello.c", s.script()); err != nil {
		return err
	}
	return s.compile(ctx, "spawn.c", s.spawn)
}

// errMissing is what a program is that has to be installed.
type errMissing string

func (e errMissing) Error() string { return string(e) + " is not installed" }

// find gives the path of a program.
func find(name string) (string, error) {
	// Servers are where only root looks for programs.
	for _, directory := range []string{"", "/usr/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(directory, name)); err == nil {
			return path, nil
		}
	}
	return "", errMissing(name)
}

// compile makes a program of one of our sources. It is static, so that running
// it costs little but fork and exec.
func (s *site) compile(ctx context.Context, source, program string) error {
	cc, err := find("cc")
	if err != nil {
		return err
	}
	text, err := programs.ReadFile("programs/" + source)
	if err != nil {
		return err
	}
	file := filepath.Join(s.private, source)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, cc, "-O2", "-static", "-o", program, file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("compiling %s: %w\n%s", source, err, said)
	}
	return os.Chmod(program, 0o755)
}
