package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"example.com/httpserver/internal/script"
)

// A spawner is a program that runs the script as often as it is told and ends:
// what running it costs, and no server around it. It has as many workers as a
// row has clients.
type spawner struct {
	command func(workers, count int) (*exec.Cmd, error)
}

// startSpawner is for the one in C.
func startSpawner(_ context.Context, s *site, _ *row) (player, error) {
	return spawner{func(workers, count int) (*exec.Cmd, error) {
		return exec.Command(s.spawn, s.script(), strconv.Itoa(workers), strconv.Itoa(count)), nil
	}}, nil
}

// startGoSpawner gives the function that starts one of those in Go: this program.
func startGoSpawner(name string) func(context.Context, *site, *row) (player, error) {
	return func(_ context.Context, s *site, _ *row) (player, error) {
		return spawner{func(workers, count int) (*exec.Cmd, error) {
			return again(spawnFlag, spawning{name, s.script(), workers, count})
		}}, nil
	}
}

// spawners are those written in Go: each runs the script once and gives what it
// has written.
var spawners = map[string]func(script string) (output []byte, err error){
	"gospawn": goSpawn,
	"script":  scriptSpawn,
}

func (s spawner) check(ctx context.Context, r *row) error {
	_, err := s.shot(ctx, r, extent{requests: r.clients})
	return err
}

func (s spawner) stop() error { return nil }

// shot runs the script as often as it is told, or a few times less: each worker as often as
// the others. What the program needs for itself is less than a script.
func (s spawner) shot(ctx context.Context, r *row, e extent) (shot, error) {
	ctx, cancel := context.WithTimeout(ctx, shotBound)
	defer cancel()
	count := max(1, e.requests/r.clients)
	cmd, err := s.command(r.clients, count)
	if err != nil {
		return shot{}, err
	}
	said := new(said)
	cmd.Stderr = said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return shot{}, err
	}
	// Its workers are processes too.
	stop := context.AfterFunc(ctx, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err = cmd.Wait()
	elapsed := time.Since(began)
	if !stop() {
		return shot{}, context.Cause(ctx)
	}
	if err != nil {
		return shot{}, fmt.Errorf("%w, saying %q", err, said.text())
	}
	// The system adds what a process has waited for.
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return shot{Requests: r.clients * count, Elapsed: elapsed, CPU: cpu}, nil
}

// spawnFlag is the argument that makes this program one of those. What follows
// it is a spawning.
const spawnFlag = "-spawn"

// A spawning is what such a program is told.
type spawning struct {
	Name, Script   string
	Workers, Count int // how many run it at once, and how often each
}

// spawnMain is programs/spawn.c in Go, with goroutines for workers.
func spawnMain(text string) error {
	var c spawning
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	spawn := spawners[c.Name]
	failures := make([]error, c.Workers)
	var workers sync.WaitGroup
	for i := range c.Workers {
		workers.Go(func() {
			for n := 0; n < c.Count && failures[i] == nil; n++ {
				output, err := spawn(c.Script)
				if want := "Content-Type: text/plain\n\n" + hello.content; err == nil && string(output) != want {
					err = fmt.Errorf("the script wrote %q", output)
				}
				failures[i] = err
			}
		})
	}
	workers.Wait()
	return errors.Join(failures...)
}

// environment is what scripts get that run without a server.
var environment = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "GATEWAY_INTERFACE=CGI/1.1"}

// null is the null device, once it was needed.
var null = sync.OnceValues(func() (*os.File, error) { return os.Open(os.DevNull) })

// goSpawn runs a script as programs do that make nothing of it.
func goSpawn(path string) ([]byte, error) {
	null, err := null()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	process, err := os.StartProcess(path, []string{path}, &os.ProcAttr{
		Env:   environment,
		Files: []*os.File{null, w, os.Stderr},
	})
	w.Close()
	if err != nil {
		return nil, err
	}
	output, err := io.ReadAll(r)
	state, err2 := process.Wait()
	if err2 == nil && !state.Success() {
		err2 = fmt.Errorf("the script ended with %v", state)
	}
	return output, errors.Join(err, err2)
}

// scripts is what a server of ours has.
var scripts script.Set

// scriptSpawn runs a script as ours do, with all that they take care of.
func scriptSpawn(path string) ([]byte, error) {
	turn, err := scripts.Enter(context.Background(), 64, time.Minute)
	if err != nil {
		return nil, err
	}
	defer turn.Leave()
	said := ""
	s, err := turn.Start(&script.Program{
		Path: path, Args: []string{path}, Env: environment, Dir: filepath.Dir(path),
		Timeout: time.Minute, Log: func(line string) { said += line },
	})
	if err != nil {
		return nil, err
	}
	defer s.Close(nil, nil)
	output, err := io.ReadAll(s)
	exit, ok := s.Wait(time.Minute)
	if !ok || exit.Code != 0 || said != "" {
		err = errors.Join(err, fmt.Errorf("the script ended with %v, saying %q", exit, said))
	}
	return output, err
}
