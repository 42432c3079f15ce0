//go:build unix

package script

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestReapKillsFirst: the group is killed while its leader is there still, since its number
// may be somebody else's once that is reaped. Here the leader lives, so that who reaped first
// would wait for it.
func TestReapKillsFirst(t *testing.T) {
	newBench(t)
	leader := exec.Command(os.Args[0])
	leader.Env, leader.SysProcAttr = environ("daemon hangs"), &syscall.SysProcAttr{Setpgid: true}
	output, err := leader.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 100)); err != nil { // the other one is there
		t.Error(err)
	}
	p := process{pid: leader.Process.Pid}
	leader.Process.Release() // it is not for its Wait
	reaped := make(chan Exit, 1)
	go func() { reaped <- p.reap() }()
	select {
	case exit := <-reaped:
		if exit.Code != -9 {
			t.Errorf("exit %v", exit)
		}
	case <-time.After(patience):
		t.Error("the leader was waited for before it was killed")
		p.kill()
		<-reaped
	}
	eventually(t, "the group is gone", func() bool {
		syscall.Wait4(-p.pid, nil, syscall.WNOHANG, nil)
		return syscall.Kill(-p.pid, 0) == syscall.ESRCH
	})
}

func init() {
	roles["daemon hangs"] = func() { roles["daemon"](); time.Sleep(forever) }
}
