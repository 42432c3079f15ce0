package script

import (
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The costs are of a program that is named by SCRIPT_TEST_PROGRAM, a small static one for
// best, and count the CPU time of this process and of its children. Bare is what
// package os does for a program with a pipe.

func program(b *testing.B) string {
	path := os.Getenv("SCRIPT_TEST_PROGRAM")
	if path == "" {
		b.Skip("SCRIPT_TEST_PROGRAM is not set")
	}
	return path
}

// cpu reports the CPU time of each run.
func cpu(b *testing.B, run func()) {
	b.ReportAllocs()
	used := func(who int) time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	own, children := used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
	b.SetParallelism(2)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			run()
		}
	})
	own, children = used(syscall.RUSAGE_SELF)-own, used(syscall.RUSAGE_CHILDREN)-children
	b.ReportMetric(float64(own.Microseconds())/float64(b.N), "own-µs/op")
	b.ReportMetric(float64(children.Microseconds())/float64(b.N), "children-µs/op")
	b.ReportMetric(float64((own+children).Microseconds())/float64(b.N), "cpu-µs/op")
}

func BenchmarkBare(b *testing.B) {
	path := program(b)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	cpu(b, func() {
		var buf [4096]byte
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		p, err := os.StartProcess(path, []string{path}, &os.ProcAttr{Env: []string{"A=b"}, Files: []*os.File{null, w, null}})
		if err != nil {
			b.Fatal(err)
		}
		w.Close()
		for err == nil {
			_, err = r.Read(buf[:])
		}
		r.Close()
		p.Wait()
	})
}

func BenchmarkExec(b *testing.B) {
	path := program(b)
	cpu(b, func() {
		cmd := exec.Command(path)
		cmd.Env = []string{"A=b"}
		cmd.Stderr = io.Discard
		if _, err := cmd.Output(); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkScript(b *testing.B) {
	path := program(b)
	var set Set
	defer set.Close()
	cpu(b, func() {
		var buf [4096]byte
		turn, err := set.Enter(context.Background(), 64, time.Second)
		if err != nil {
			b.Fatal(err)
		}
		s, err := turn.Start(&Program{Path: path, Args: []string{path}, Env: []string{"A=b"}, Timeout: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = s.Read(buf[:])
		}
		if _, ok := s.Wait(time.Second); !ok {
			b.Fatal("not gone")
		}
		s.Close(nil, nil)
	})
}
