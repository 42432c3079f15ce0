package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"example.com/httpserver/internal/bench/child"
)

// Not in this folder: the go command takes C beside Go for cgo.
//
//go:embed programs
var programs embed.FS

// A site is what all servers serve, and the programs that a run needs.
type site struct {
	directory string // the document root, which anybody may read
	private   string // what is not served: configurations, sources, programs
	spawn     string // the program that is the peer spawn
	load      string // the program that is the loader inC
	profile   string // where profiles go, if anywhere
}

// siteAt says where all of it is below a directory.
func siteAt(top string) *site {
	private := filepath.Join(top, "private")
	return &site{
		directory: filepath.Join(top, "site"), private: private,
		spawn: filepath.Join(private, "spawn"), load: filepath.Join(private, "load"),
	}
}

func (s *site) script() string {
	return filepath.Join(s.directory, filepath.FromSlash(child.ScriptPath))
}

// makeSite makes a site in a temporary directory, with what a job needs.
func makeSite(ctx context.Context, j job) (*site, error) {
	top, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	s := siteAt(top)
	if err := s.fill(ctx, top, j); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *site) remove() error { return os.RemoveAll(filepath.Dir(s.directory)) }

func (s *site) fill(ctx context.Context, top string, j job) error {
	// A server that root has started serves, and runs scripts, as somebody else.
	if err := os.Chmod(top, 0o755); err != nil {
		return err
	}
	for _, directory := range []string{s.private, filepath.Dir(s.script())} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	for source, program := range map[string]string{"hello.c": s.script(), "spawn.c": s.spawn, "load.c": s.load} {
		if err := s.compile(ctx, source, program); err != nil {
			return err
		}
	}
	for _, name := range []string{"load.lua", "server.py"} {
		if err := s.unpack(name); err != nil {
			return err
		}
	}
	for _, r := range j.rows {
		if err := s.prepare(r); err != nil {
			return err
		}
	}
	made := time.Now()
	if err := s.buildPeers(ctx, j.peers, j.before); err != nil {
		return err
	}
	return age(ctx, made)
}

// age waits until what was made at a time is no longer new. Ours gives other
// ETags for files that have just changed, and keeps nothing of them.
func age(ctx context.Context, made time.Time) error {
	const old = 2500 * time.Millisecond
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(made.Add(old))):
		return nil
	}
}

// unpack writes one of our sources into a file.
func (s *site) unpack(name string) error {
	text, err := programs.ReadFile("programs/" + name)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.private, name), text, 0o644)
}

// prepare makes what a row asks for.
func (s *site) prepare(r *row) error {
	if r.size > 0 {
		file := filepath.Join(s.directory, filepath.FromSlash(filePath(r.size)))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, document(r.size), 0o644); err != nil {
			return err
		}
	}
	if r.entries > 0 {
		return fillDirectory(filepath.Join(s.directory, filepath.FromSlash(listPath(r.entries))), r.entries)
	}
	return nil
}

// entrySuffix ends the names of files in directories that are listed.
const entrySuffix = ".page"

// entryName is the name of a file in such a directory.
func entryName(i int) string { return fmt.Sprintf("entry-%06d%s", i, entrySuffix) }

func fillDirectory(directory string, entries int) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for i := range entries {
		if err := os.WriteFile(filepath.Join(directory, entryName(i)), nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// document is the content of a file: the same for all runs, and no part like
// another.
func document(size int) []byte {
	text := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(text)
	return text
}

// expect fills in what a row wants, where that is what there is in a file.
func (r *row) expect() *row {
	if r.size == 0 || r.want.status == 304 {
		return r
	}
	filled := *r
	text := document(r.size)
	if r.part.to > 0 {
		text = text[r.part.from:r.part.to]
	}
	filled.want.content = string(text)
	return &filled
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
	if err := s.unpack(source); err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, cc, "-O2", "-static", "-o", program, filepath.Join(s.private, source)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("compiling %s: %w\n%s", source, err, said)
	}
	return os.Chmod(program, 0o755)
}

// buildPeers makes the servers written in Go, some in another tree.
func (s *site) buildPeers(ctx context.Context, peers []*peer, before string) error {
	gotool, err := find("go")
	if err != nil {
		return err
	}
	for _, p := range peers {
		program := s.program(p.build)
		if _, err := os.Stat(program); p.build == (build{}) || err == nil {
			continue
		}
		cmd := exec.CommandContext(ctx, gotool, "build", "-tags", p.build.tags, "-o", program, p.build.pkg)
		if p.build.before {
			cmd.Dir = filepath.Join(before, "internal", "bench")
		}
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", p.build.pkg, err, said)
		}
	}
	return nil
}

// A build is a program to be made by the go command.
type build struct {
	pkg, tags string
	before    bool // in the tree that -before names
}

// program is where the program is that was built.
func (s *site) program(b build) string {
	name := filepath.Base(b.pkg) + "-go" + b.tags
	if b.before {
		name += "-before"
	}
	return filepath.Join(s.private, name)
}
