package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// insideFlag is the argument that makes this program the one that measures, in
// a network namespace. What follows it is an inside.
const insideFlag = "-inside"

// An inside is what that program is told.
type inside struct {
	Options options
	Top     string // where the site is
}

// congestion is the file that says which congestion control new connections of
// a network namespace have.
const congestion = "/proc/sys/net/ipv4/tcp_congestion_control"

// inNetwork measures in a network namespace of its own, whose loopback interface
// has nobody else on it and whose congestion control does not pace what it
// sends; or where it is, if there can be none or nobody wants one.
func inNetwork(ctx context.Context, o options, s *site, out io.Writer) error {
	if o.Outside {
		return benchIn(ctx, o, s, outsideNetwork("as it was told to be"), out)
	}
	cmd, err := again(insideFlag, inside{Top: filepath.Dir(s.directory), Options: o})
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	// A signal to the whole group is for this process, which tells the other.
	cmd.SysProcAttr = namespaces()
	stdin, err := cmd.StdinPipe() // its end is the other's
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return benchIn(ctx, o, s, outsideNetwork(err.Error()), out)
	}
	stop := context.AfterFunc(ctx, func() { stdin.Close() })
	defer stop()
	err = cmd.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("the run was ended: %w", ctx.Err())
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return errors.New("not all is well")
	}
	return err
}

// namespaces is for a process with a network of its own. Who is not root needs
// a user namespace for that, and is the same user in it.
func namespaces() *syscall.SysProcAttr {
	const capNetAdmin = 12
	attr := &syscall.SysProcAttr{Setpgid: true, Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		attr.AmbientCaps = []uintptr{capNetAdmin}
	}
	return attr
}

// outsideNetwork says where a run took place that has no network of its own.
func outsideNetwork(why string) string {
	return fmt.Sprintf("the machine's own loopback interface (%s), %s congestion control", why, congestionControl())
}

// congestionControl is the one that new connections have.
func congestionControl() string {
	text, err := os.ReadFile(congestion)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// insideMain is the program in its network.
func insideMain(text string) error {
	var what inside
	if err := json.Unmarshal([]byte(text), &what); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("the loopback interface: %w", err)
	}
	setUpNetwork()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	s := siteAt(what.Top)
	s.profile = what.Options.Profile
	return benchIn(ctx, what.Options, s, "a network namespace of its own, "+congestionControl()+" congestion control", os.Stdout)
}

// setUpNetwork sets what can be set in a new network namespace: some machines let
// nobody. What came of it is in the output, or void.
func setUpNetwork() {
	for file, value := range map[string]string{
		congestion: "reno",
		// A connection for each request takes many, as do idle ones.
		"/proc/sys/net/ipv4/ip_local_port_range": "10000 65000",
		// As many as there may be can connect at once.
		"/proc/sys/net/core/somaxconn": "16384",
	} {
		if err := os.WriteFile(file, []byte(value), 0); err != nil {
			fmt.Fprintln(os.Stderr, "bench: as it is:", err)
		}
	}
}

// loopbackUp is "ip link set lo up".
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // netdevice(7)
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{name: [syscall.IFNAMSIZ]byte{'l', 'o'}, flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
