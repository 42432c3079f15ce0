//go:build linux && (amd64 || arm64) && !android && !httpserver_portable

package socket

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// children are what this test binary does where it is started for a test.
var children = map[string]func(arguments []string){
	"ask for ever":     askForEver,
	"refuse and serve": refuseAndServe,
}

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv("SOCKET_TEST_CHILD")]; ok {
		child(os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

// startChild starts one, until the test ends.
func startChild(t *testing.T, name string, arguments ...string) (stdout io.Reader) {
	t.Helper()
	child := exec.Command(os.Args[0], arguments...)
	child.Env = append(os.Environ(), "SOCKET_TEST_CHILD="+name)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		child.Process.Kill()
		child.Wait()
	})
	return out
}

// askForEver sends bytes to an address, and waits each time until they come back.
func askForEver(arguments []string) {
	for range 4 {
		go func() {
			conn, err := net.Dial("tcp", arguments[0])
			for p := make([]byte, 1); err == nil; {
				if _, err = conn.Write(p); err == nil {
					_, err = conn.Read(p)
				}
			}
			os.Exit(1)
		}()
	}
	select {}
}

// TestOthersHaveAGo: who polls, and always finds something before long, leaves its
// processor to others now and then, as to those whose timers have gone off. What is
// counted is how many connections are served meanwhile, not the time.
func TestOthersHaveAGo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l, g := kinds[1].listen(t, "tcp", "127.0.0.1:0")
	if len(g.pollers) != 1 {
		t.Fatal(len(g.pollers))
	}
	var served atomic.Int64
	startChild(t, "ask for ever", l.Addr().String())
	faults := make(chan string, 1)
	for range 4 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		e := &echo{c: conn.(*Conn), faults: faults, ended: func() {}, served: &served}
		go e.Resume()
	}
	settled(t, "connections are served", func() bool { return served.Load() > 1000 })
	var meanwhile []int64
	for range 50 {
		before := served.Load()
		time.Sleep(time.Millisecond)
		meanwhile = append(meanwhile, served.Load()-before)
	}
	slices.Sort(meanwhile)
	if median := meanwhile[len(meanwhile)/2]; median > 150 {
		t.Errorf("%d were served until a timer of a millisecond was heard: %v", median, meanwhile)
	}
	if len(faults) > 0 {
		t.Error(<-faults)
	}
}

// refuseAndServe serves with a filter that refuses epoll_pwait2 as one that does not know
// it.
func refuseAndServe([]string) {
	runtime.LockOSThread()
	const (
		loadWord, jumpEqual, give = 0x20, 0x15, 0x06
		allow, fail               = 0x7fff0000, 0x00050000
		setNoNewPrivileges        = 38
		setModeFilter, allThreads = 1, 1
	)
	program := []syscall.SockFilter{
		{Code: loadWord, K: 0}, // the number of the call
		{Code: jumpEqual, Jt: 0, Jf: 1, K: sysEpollPwait2},
		{Code: give, K: fail | uint32(syscall.EPERM)},
		{Code: give, K: allow},
	}
	filter := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	seccomp := map[string]uintptr{"amd64": 317, "arm64": 277}[runtime.GOARCH]
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0)
	if errno == 0 {
		_, _, errno = syscall.RawSyscall(seccomp, setModeFilter, allThreads, uintptr(unsafe.Pointer(&filter)))
	}
	if errno != 0 {
		fmt.Println("skip", errno)
		return
	}
	below, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	l := new(Group).Wrap(below)
	fmt.Println(l.Addr())
	serveEchoes(l, func(c *Conn) *echo { return &echo{c: c, faults: make(chan string, 1)} })
	select {}
}

// TestWithoutWaitsOfLessThanAMillisecond: systems that do not know them, or filters, are
// no reason to find nothing.
func TestWithoutWaitsOfLessThanAMillisecond(t *testing.T) {
	line, err := bufio.NewReader(startChild(t, "refuse and serve")).ReadString('\n')
	addr, skip := strings.CutPrefix(strings.TrimSpace(line), "skip ")
	if skip {
		t.Skip(addr)
	}
	if err != nil {
		t.Fatalf("the child said %q, %v", line, err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	p := make([]byte, 1)
	for range 100 {
		if _, err := conn.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(p); err != nil {
			t.Fatal(err)
		}
	}
}
