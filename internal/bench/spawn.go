package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A spawner is a program that runs the script as often as it is told and ends:
// what running it costs, and no server around it. It has as many workers as a
// row has clients.
type spawner struct {
	command func(workers, count int) (*exec.Cmd, error)
}

// startSpawner is for the one in C.
func startSpawner(_ context.Context, s *site) (player, error) {
	return spawner{func(workers, count int) (*exec.Cmd, error) {
		return exec.Command(s.spawn, s.script(), strconv.Itoa(workers), strconv.Itoa(count)), nil
	}}, nil
}

// startGoSpawner is for the one in Go: this program.
func startGoSpawner(_ context.Context, s *site) (player, error) {
	return spawner{func(workers, count int) (*exec.Cmd, error) {
		return child(config{Server: "gospawn", Script: s.script(), Workers: workers, Count: count, Profile: s.profile})
	}}, nil
}

func (s spawner) check(ctx context.Context, r *row) error {
	_, err := s.shot(ctx, r, r.clients)
	return err
}

func (s spawner) stop() error { return nil }

// shot runs the script n times, or a few times less: each worker as often as
// the others. What the program needs for itself is less than a script.
func (s spawner) shot(ctx context.Context, r *row, n int) (shot, error) {
	ctx, cancel := context.WithTimeout(ctx, shotBound)
	defer cancel()
	count := max(1, n/r.clients)
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

// goSpawn is programs/spawn.c in Go, with goroutines for workers.
func goSpawn(c config) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	failures := make([]error, c.Workers)
	var workers sync.WaitGroup
	for i := range c.Workers {
		workers.Go(func() {
			for n := 0; n < c.Count && failures[i] == nil; n++ {
				failures[i] = goSpawnOnce(c.Script, null)
			}
		})
	}
	workers.Wait()
	return errors.Join(failures...)
}

func goSpawnOnce(script string, null *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	process, err := os.StartProcess(script, []string{script}, &os.ProcAttr{
		Env:   []string{"PATH=/usr/local/bin:/usr/bin:/bin", "GATEWAY_INTERFACE=CGI/1.1"},
		Files: []*os.File{null, w, os.Stderr},
	})
	w.Close()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	state, err2 := process.Wait()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if want := "Content-Type: text/plain\n\n" + hello.content; string(text) != want || !state.Success() {
		return fmt.Errorf("the script wrote %q, and ended with %v", text, state)
	}
	return nil
}
