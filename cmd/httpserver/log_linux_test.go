package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// On a disk that is full, requests are answered and the program ends as ever.
func TestLogOnFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	dir, _ := site(t)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := ours(t, "0", "-b127.0.0.1", "-pHTTP/1.1", "-d"+dir)
		cmd.Stderr = full
		p := launch(t, cmd)
		c := gather(t, p.addr, 50) // more than is kept
		c.clients.Wait()
		for i, n := range c.answered {
			if n != 50 {
				t.Errorf("client %d: %d answers", i, n)
			}
		}
		p.signal(t, s)
		if _, status := p.wait(t); status != 0 {
			t.Errorf("%v: status %d", s, status)
		}
	}
}

// terminal makes a pseudoterminal.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { ours.Close() })
	control := func(request uintptr, value *uint32) {
		conn, err := ours.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		conn.Control(func(fd uintptr) {
			if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value))); errno != 0 {
				err = errno
			}
		})
		if err != nil {
			t.Skip(err)
		}
	}
	var number, unlocked uint32
	control(syscall.TIOCSPTLCK, &unlocked)
	control(syscall.TIOCGPTN, &number)
	theirs, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}

// To a terminal the log goes line by line.
func TestLogOnTerminal(t *testing.T) {
	screen, tty := terminal(t)
	if !isTerminal(tty) || terminalColumns(tty) != 0 {
		t.Error("a terminal of unknown width is not known to be one")
	}
	if null, err := os.Open(os.DevNull); err != nil || isTerminal(null) {
		t.Errorf("%s is taken for a terminal, %v", os.DevNull, err)
	}
	dir, content := site(t)
	cmd := ours(t, "0", "-b127.0.0.1", "-d"+dir)
	cmd.Stderr = tty
	p := launch(t, cmd)
	screen.SetReadDeadline(time.Now().Add(deadline))
	in := bufio.NewReader(screen)
	for range 20 {
		check(t, p.addr, content)
		if line, err := in.ReadString('\n'); err != nil || !strings.HasSuffix(line, `"GET /served_filename HTTP/1.1" 200 -`+"\r\n") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	p.signal(t, os.Interrupt)
	if _, status := p.wait(t); status != 0 {
		t.Errorf("status %d", status)
	}
}
