package accept

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80": "tcp4", "127.0.0.1:0": "tcp4", ":80": "tcp", "[::]:80": "tcp", "[::1]:0": "tcp", "localhost:80": "tcp", "": "tcp", "80": "tcp",
	} {
		if got := Network(addr); got != want {
			t.Errorf("Network(%q) = %q", addr, got)
		}
	}
}

type temporary bool

func (temporary) Error() string     { return "an error" }
func (t temporary) Temporary() bool { return bool(t) }

func TestIsTemporary(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, true},
		{syscall.ECONNABORTED, true},
		{temporary(true), true},
		{temporary(false), false},
		{syscall.EBADF, false},
		{net.ErrClosed, false},
		{errors.New("another"), false},
	} {
		if got := IsTemporary(tc.err); got != tc.want {
			t.Errorf("IsTemporary(%v) = %v", tc.err, got)
		}
	}
}

func TestPause(t *testing.T) {
	var p Pause
	var total time.Duration
	for i, want := range []time.Duration{10, 30, 70, 150, 310, 500, 500} {
		got := p.Next()
		if got != want*time.Millisecond {
			t.Errorf("wait %d: %v", i, got)
		}
		total += got
	}
	if p = 0; p.Next() != 10*time.Millisecond {
		t.Error("it does not begin anew")
	}
}

func TestSetDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	SetDeadline(l, time.Nanosecond)
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	SetDeadline(l, 0)
	go net.Dial("tcp", l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if SetDeadline(plain{l}, time.Nanosecond) || !SetDeadline(l, 0) {
		t.Error("it does not tell who knows deadlines")
	}
}

type plain struct{ net.Listener }

func TestIsExhausted(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, true},
		{syscall.ENFILE, true},
		{syscall.ENOBUFS, true},
		{syscall.ENOMEM, true},
		{syscall.ECONNABORTED, false},
		{syscall.EBADF, false},
		{temporary(true), false},
	} {
		if got := IsExhausted(tc.err); got != tc.want {
			t.Errorf("IsExhausted(%v) = %v", tc.err, got)
		}
	}
}
