package script

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// partName tells this program which part it has as a script.
const partName = "SCRIPT_TEST_PART"

func init() {
	needsClosedOutput = func(t *testing.T) {
		if ntdll.NewProc("wine_get_version").Find() == nil {
			t.Skip("the process that Wine 8 gives a script a console with keeps the output open")
		}
	}
	part, ok := os.LookupEnv(partName)
	if !ok {
		return
	}
	switch part {
	case "hang":
	case "parent": // says who its child is, and hangs
		startChild()
	case "leaves": // says who its child is, and goes
		startChild()
		os.Exit(0)
	case "quiet": // closes its output and reads nothing
		fmt.Println("ready")
		os.Stdout.Close()
	case "crash":
		syscall.NewLazyDLL("kernel32.dll").NewProc("ExitProcess").Call(0xC0000005)
	case "code":
		os.Exit(3)
	case "args":
		fmt.Printf("%q\n", os.Args[1:])
		os.Exit(0)
	}
	time.Sleep(time.Hour)
}

// startChild starts a child that holds what this program has, and says its number.
func startChild() {
	exe, _ := os.Executable()
	child := exec.Command(exe)
	child.Env = append(os.Environ(), partName+"=hang")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	fmt.Println(child.Process.Pid)
}

// startPart starts this program as a script.
func startPart(t *testing.T, set *Set, part string, p Program) *Script {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.Path, p.Args = exe, append([]string{exe}, p.Args...)
	p.Env = []string{partName + "=" + part, "SystemRoot=" + os.Getenv("SystemRoot"), "TEMP=" + os.Getenv("TEMP")}
	return startProgram(t, set, &p)
}

func startProgram(t *testing.T, set *Set, p *Program) *Script {
	t.Helper()
	turn, err := set.Enter(context.Background(), -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := turn.Start(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openChild reads a process's number from a script, and gives a handle of the process.
func openChild(t *testing.T, s *Script) syscall.Handle {
	t.Helper()
	line, err := bufio.NewReader(s).ReadString('\n')
	if err != nil {
		t.Fatal(line, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if errors.Is(err, syscall.Errno(87)) { // ERROR_INVALID_PARAMETER: it is gone already
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// waitGone waits until a process is gone.
func waitGone(t *testing.T, h syscall.Handle) {
	t.Helper()
	if h == 0 {
		return
	}
	defer syscall.CloseHandle(h)
	if event, err := syscall.WaitForSingleObject(h, 20_000); event != syscall.WAIT_OBJECT_0 {
		t.Errorf("the child still runs: %#x, %v", event, err)
	}
}

// TestJobTimeout: what hangs is ended, and its children with it.
func TestJobTimeout(t *testing.T) {
	var set Set
	defer set.Close()
	s := startPart(t, &set, "parent", Program{Timeout: 3 * time.Second})
	child := openChild(t, s)
	if n, err := s.Read(make([]byte, 100)); err != ErrTimeout {
		t.Errorf("%d, %v", n, err)
	}
	waitGone(t, child)
	if _, ok := s.Wait(10 * time.Second); !ok {
		t.Error("the script still runs")
	}
	s.Close(nil, nil)
}

// TestJobLeft: what a script leaves behind is ended, however early it was started, and
// holds nothing up although it has the output.
func TestJobLeft(t *testing.T) {
	var set Set
	defer set.Close()
	for range 5 {
		s := startPart(t, &set, "leaves", Program{Timeout: 20 * time.Second})
		child := openChild(t, s)
		if b, err := io.ReadAll(s); err != nil {
			t.Errorf("%q, %v", b, err)
		}
		if exit, ok := s.Wait(10 * time.Second); !ok || exit.Code != 0 {
			t.Error(exit, ok)
		}
		waitGone(t, child)
		s.Close(nil, nil)
	}
}

// TestJobClose: closing the set ends all.
func TestJobClose(t *testing.T) {
	var set Set
	var children []syscall.Handle
	var scripts []*Script
	for range 4 {
		s := startPart(t, &set, "parent", Program{})
		scripts = append(scripts, s)
		children = append(children, openChild(t, s))
	}
	set.Close()
	for i, s := range scripts {
		if !s.isGone() {
			t.Error("Close has not waited for a script")
		}
		waitGone(t, children[i])
		if _, err := s.Read(make([]byte, 1)); err != ErrClosed {
			t.Error(err)
		}
		s.Close(nil, nil)
	}
}

// TestInputUnread: who feeds a script that takes nothing comes back when the script's
// owner has closed it, and when it is ended.
func TestInputUnread(t *testing.T) {
	for _, end := range []string{"Close", "Timeout", "Set.Close"} {
		t.Run(end, func(t *testing.T) {
			var set Set
			defer set.Close()
			p := Program{Input: true, Timeout: time.Minute}
			part := "quiet"
			if end == "Timeout" {
				p.Timeout, part = 2*time.Second, "hang"
			}
			s := startPart(t, &set, part, p)
			fed := make(chan error, 1)
			go func() { fed <- s.Feed(bytesForEver{}) }()
			switch end {
			case "Close":
				needsClosedOutput(t)
				if b, err := io.ReadAll(s); string(b) != "ready\n" || err != nil {
					t.Errorf("%q, %v", b, err)
				}
				s.Close(nil, nil)
				set.Close()
			case "Timeout":
				if _, err := s.Read(make([]byte, 1)); err != ErrTimeout {
					t.Error(err)
				}
			case "Set.Close":
				set.Close()
			}
			select {
			case err := <-fed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Error("Feed still waits")
			}
			s.Close(nil, nil)
		})
	}
}

type bytesForEver struct{}

func (bytesForEver) Read(p []byte) (int, error) { return len(p), nil }

// TestExit: a program that the system has ended is told from one that has failed.
func TestExit(t *testing.T) {
	var set Set
	defer set.Close()
	for part, want := range map[string]int{"crash": -0x3FFFFFFB, "code": 3, "args": 0} {
		s := startPart(t, &set, part, Program{})
		io.Copy(io.Discard, s)
		if exit, ok := s.Wait(20 * time.Second); !ok || exit.Code != want {
			t.Errorf("%s: %v, %v; want %d", part, exit, ok, want)
		}
		s.Close(nil, nil)
	}
}

// TestCommandLine: arguments come as they are.
func TestCommandLine(t *testing.T) {
	var set Set
	defer set.Close()
	args := []string{"a", "a b", `q"`, `back\`, `back \`, "", "%PATH%", "a&b"}
	s := startPart(t, &set, "args", Program{Args: args})
	b, err := io.ReadAll(s)
	if want := fmt.Sprintf("%q\n", args); string(b) != want || err != nil {
		t.Errorf("%s, %v; want %s", b, err, want)
	}
	s.Close(nil, nil)
}

// TestBatch: batch files run where their path has characters of the shell's, and without
// arguments.
func TestBatch(t *testing.T) {
	var set Set
	defer set.Close()
	for _, name := range []string{"plain.bat", "UPPER.CMD", "R&D/a.bat", "a blank/b c.bat", "a^b/(c).cmd", "100%/x.bat", "both R&D/a b.bat"} {
		path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("@echo ran\r\n@echo [%1]\r\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		program, args := Interpreted(path, false, []string{"argument"})
		s := startProgram(t, &set, &Program{Path: program, Args: args, Dir: filepath.Dir(path), Env: []string{
			"SystemRoot=" + os.Getenv("SystemRoot"), "ComSpec=" + os.Getenv("ComSpec"), "PATH=" + os.Getenv("PATH")}, Timeout: 20 * time.Second})
		b, err := io.ReadAll(s)
		if string(b) != "ran\r\n[]\r\n" || err != nil {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		s.Close(nil, nil)
	}
}

// TestNoProgram: what cannot be run is an error, not an interpreter that nobody named.
func TestNoProgram(t *testing.T) {
	var set Set
	defer set.Close()
	t.Setenv("PATH", t.TempDir())
	for _, name := range []string{"x.py", "x.txt", "x", "x.sh"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("#!/usr/bin/python3\nprint('Content-Type: text/plain')\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		turn, err := set.Enter(context.Background(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		program, args := Interpreted(path, filepath.Ext(name) == ".py", nil)
		s, err := turn.Start(&Program{Path: program, Args: args, Dir: filepath.Dir(path), Timeout: 10 * time.Second})
		if err == nil {
			b, readErr := io.ReadAll(s)
			t.Errorf("%s was run: %q, %v", name, b, readErr)
			s.Close(nil, nil)
			continue
		}
		t.Logf("%s: %v", name, err)
		if Exhausted(err) {
			t.Errorf("%s: %v is a want of room", name, err)
		}
		turn.Leave()
	}
}

// TestHandles: nothing of a script is left open.
func TestHandles(t *testing.T) {
	getProcessHandleCount := kernel32.NewProc("GetProcessHandleCount")
	count := func() (n uint32) {
		process, _ := syscall.GetCurrentProcess()
		getProcessHandleCount.Call(uintptr(process), uintptr(unsafe.Pointer(&n)))
		return n
	}
	run := func() {
		var set Set
		s := startPart(t, &set, "code", Program{Input: true, Timeout: 20 * time.Second})
		s.Feed(strings.NewReader("input"))
		io.Copy(io.Discard, s)
		s.Wait(20 * time.Second)
		s.Close(nil, nil)
		set.Close()
	}
	for range 5 {
		run()
	}
	before := count()
	if before == 0 {
		t.Skip("this system does not count handles, as Wine 8 does not")
	}
	const runs = 20
	for range runs {
		run()
	}
	// The runtime's threads come and go, and have some.
	if after := count(); after > before+runs {
		t.Errorf("%d handles, %d before", after, before)
	}
}
