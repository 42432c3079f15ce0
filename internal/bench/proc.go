package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// tick is the unit of times in /proc, the same on every Linux (USER_HZ).
const tick = time.Second / 100

// A stat is what /proc/PID/stat says of a process.
type stat struct {
	pid, parent int
	own         time.Duration // utime and stime: its threads', also of those that have ended
	reaped      time.Duration // cutime and cstime: of children that it has waited for, and theirs
}

// parseStat reads the text of /proc/PID/stat: the pid, the program's name in
// parentheses with whatever it has in it, and 50 fields.
func parseStat(text string) (stat, error) {
	fail := func() (stat, error) { return stat{}, fmt.Errorf("no text of /proc/PID/stat: %q", text) }
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return fail()
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 15 {
		return fail()
	}
	// From 1 as in proc(5): the state is field 3, ppid 4, utime and stime 14 and
	// 15, cutime and cstime 16 and 17.
	var numbers [6]int
	for i, word := range []string{strings.TrimSpace(text[:open]), fields[1], fields[11], fields[12], fields[13], fields[14]} {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return fail()
		}
		numbers[i] = n
	}
	return stat{
		pid: numbers[0], parent: numbers[1],
		own:    time.Duration(numbers[2]+numbers[3]) * tick,
		reaped: time.Duration(numbers[4]+numbers[5]) * tick,
	}, nil
}

// readStats reads the stat of every process there is.
func readStats() ([]stat, error) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var all []stat
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		s, err := parseStat(string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// below gives a process and all its descendants, out of all there are.
func below(pid int, all []stat) []stat {
	children := make(map[int][]stat)
	var found []stat
	for _, s := range all {
		children[s.parent] = append(children[s.parent], s)
		if s.pid == pid {
			found = append(found, s)
		}
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
		delete(children, found[i].pid) // a pid that was used twice while we read leads into no circle
	}
	return found
}

// used is the processor time of processes and the children they have reaped.
func used(processes []stat) time.Duration {
	var sum time.Duration
	for _, s := range processes {
		sum += s.own + s.reaped
	}
	return sum
}

// clock gives what a stat's own is, to the nanosecond: the clock that
// clock_getcpuclockid(3) finds for a process. Threads that have ended are in it.
func clock(pid int) (time.Duration, bool) {
	const cpuclockSched = 2
	var t syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(^pid<<3|cpuclockSched), uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano()), errno == 0
}

// sharpen replaces ticks by nanoseconds, where that is possible.
func sharpen(processes []stat) {
	for i := range processes {
		if t, ok := clock(processes[i].pid); ok {
			processes[i].own = t
		}
	}
}

// settled waits until a process has no more than standing processes in its tree,
// itself among them, and gives the time they have used. A script counts once it
// has been reaped; one that has not may be a zombie, whose time would be counted
// too, or in a state between.
func settled(ctx context.Context, pid, standing int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		all, err := readStats()
		if err != nil {
			return 0, err
		}
		tree := below(pid, all)
		if len(tree) == 0 {
			return 0, errors.New("the server has died")
		}
		if len(tree) <= standing {
			sharpen(tree)
			return used(tree), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the server has %d processes, and had %d when it started", len(tree), standing)
		case <-time.After(time.Millisecond):
		}
	}
}
