package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// counted are the system calls that perf counts one by one. Others are in the
// sum alone.
var countedCalls = strings.Fields(`read write readv writev pread64 preadv pwritev recvfrom recvmsg sendto sendmsg sendfile64 splice
	epoll_wait epoll_pwait epoll_pwait2 epoll_ctl poll ppoll accept accept4 close shutdown setsockopt getsockopt ioctl fcntl
	getsockname getpeername openat openat2 newstat newlstat newfstat newfstatat statx getdents64 lseek readlinkat brk mmap munmap madvise mremap
	futex nanosleep clock_nanosleep sched_yield tgkill rt_sigaction rt_sigprocmask rt_sigreturn getpid
	pipe2 dup2 vfork clone clone3 execve wait4 waitid pidfd_open pidfd_send_signal exit_group`)

// allCalls is the event that counts every system call.
const allCalls = "raw_syscalls:sys_enter"

// A counter is perf, which counts the system calls of processes, and of what
// they start, while it is told to.
type counter struct {
	cmd     *exec.Cmd
	tell    *os.File
	answers *bufio.Reader
	answer  *os.File
	file    string // where it writes what it has counted
}

// startCounter starts one that does not count yet.
func startCounter(ctx context.Context, pids []int, file string) (*counter, error) {
	perf, err := find("perf")
	if err != nil {
		return nil, err
	}
	events := []string{allCalls}
	for _, call := range countedCalls {
		events = append(events, "syscalls:sys_enter_"+call)
	}
	var names []string
	for _, pid := range pids {
		names = append(names, strconv.Itoa(pid))
	}
	control, tell, err1 := os.Pipe()
	answer, ack, err2 := os.Pipe()
	if err := cmp.Or(err1, err2); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, perf, "stat", "-x", ",", "-o", file, "--delay", "-1", "--control", "fd:3,4",
		"-e", strings.Join(events, ","), "-p", strings.Join(names, ","))
	cmd.ExtraFiles = []*os.File{control, ack}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Start()
	control.Close()
	ack.Close()
	c := &counter{cmd: cmd, tell: tell, answers: bufio.NewReader(answer), answer: answer, file: file}
	if err != nil {
		return nil, errors.Join(err, tell.Close(), answer.Close())
	}
	if err := c.say("enable"); err != nil {
		return nil, errors.Join(err, c.end(), errors.New(out.String()))
	}
	return c, nil
}

// say tells perf something and waits until it has heard it.
func (c *counter) say(word string) error {
	if _, err := io.WriteString(c.tell, word+"\n"); err != nil {
		return err
	}
	c.answer.SetReadDeadline(time.Now().Add(startPatience))
	_, err := c.answers.ReadString('\n')
	return err
}

// end has perf write what it has counted, and end.
func (c *counter) end() error {
	c.cmd.Process.Signal(os.Interrupt)
	err := c.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil // it was interrupted, and says so
	}
	return errors.Join(err, c.tell.Close(), c.answer.Close())
}

// countCalls has clients send requests once more, and counts the system calls
// that the server makes for each.
func (p *process) countCalls(ctx context.Context, r *row, e extent) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, shotBound)
	defer cancel()
	all, err := readStats()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, s := range below(p.Process.Pid, all) {
		pids = append(pids, s.pid)
	}
	file := filepath.Join(p.site.private, p.addr+".perf")
	c, err := startCounter(ctx, pids, file)
	if err != nil {
		return nil, err
	}
	seen, err := r.load(ctx, p.target, e)
	if err := errors.Join(err, c.say("disable"), c.end()); err != nil {
		return nil, err
	}
	p.asked += seen.Requests
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parsePerf(string(text), seen.Requests)
}

// parsePerf reads what "perf stat -x," writes: lines that begin with a count, a
// unit and the name of an event. It gives calls for a request, by their names,
// those not among them as "others", and all as "all".
func parsePerf(text string, requests int) (map[string]float64, error) {
	calls := make(map[string]float64)
	others := 0.0
	for line := range strings.Lines(text) {
		words := strings.Split(strings.TrimSpace(line), ",")
		if len(words) < 3 || strings.HasPrefix(line, "#") {
			continue
		}
		n, err := strconv.ParseFloat(words[0], 64)
		if err != nil {
			return nil, fmt.Errorf("perf counts %q", line)
		}
		n /= float64(requests)
		if words[2] == allCalls {
			calls["all"] = n
			others += n
		} else {
			calls[strings.TrimPrefix(words[2], "syscalls:sys_enter_")] = n
			others -= n
		}
	}
	if _, ok := calls["all"]; !ok {
		return nil, fmt.Errorf("perf did not count %s: %q", allCalls, text)
	}
	calls["others"] = others
	return calls, nil
}

// countAll counts the system calls of those that have figures.
func countAll(ctx context.Context, r *row, f field, e extent, rep *rowReport) error {
	if r.measures() != processorTime {
		return nil
	}
	for i, c := range f {
		p, ok := c.player.(*process)
		if !ok || rep.Lines[i].Void != "" {
			continue
		}
		var err error
		if rep.Lines[i].Calls, err = p.countCalls(ctx, r, e); err != nil {
			return fmt.Errorf("%s: %s: %w", r.name, c.name, err)
		}
	}
	return nil
}

// writeCalls writes a table of the system calls that were counted: each row with
// those that are made in at least every fiftieth request.
func (rep *report) writeCalls(out io.Writer) {
	fmt.Fprint(out, "\n### System calls for a request\n\n| row | peer | all | which |\n|---|---|---|---|\n")
	for _, r := range rep.Rows {
		for _, l := range r.Lines {
			if l.Calls != nil {
				fmt.Fprintf(out, "| %s | %s | %.2f | %s |\n", r.Name, l.Peer, l.Calls["all"], l.which())
			}
		}
	}
}

// which names the system calls, the most frequent first.
func (l *line) which() string {
	names := slices.SortedFunc(maps.Keys(l.Calls), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Calls[b], l.Calls[a]), cmp.Compare(a, b))
	})
	var all []string
	for _, name := range names {
		if n := l.Calls[name]; n >= 0.02 && name != "all" {
			all = append(all, fmt.Sprintf("%s %.2f", name, n))
		}
	}
	return strings.Join(all, ", ")
}
